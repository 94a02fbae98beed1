from http.server import BaseHTTPRequestHandler, HTTPServer

import subprocess
import sys
from pathlib import Path

WORKER = Path(__file__).with_name("worker.py")


def late():
    said = subprocess.check_output([sys.executable, str(WORKER)])
    argv = [sys.executable, "-c", "import tabulate; print(tabulate.tabulate([[7]]))"]
    said += subprocess.check_output(argv)
    said += subprocess.check_output([sys.executable, "-m", "app.other"])
    return said.decode().split()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = str(late() if self.path == "/late" else "ok").encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)


HTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
