from http.server import BaseHTTPRequestHandler, HTTPServer

import ctypes
import sysconfig
from pathlib import Path


def late():
    folder = Path(sysconfig.get_path("purelib"), "cmeel.prefix", "lib")
    return ctypes.CDLL(str(folder / "liburdfdom_sensor.so"))


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = str(late() if self.path == "/late" else "ok").encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)


HTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
