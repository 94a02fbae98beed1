from http.server import BaseHTTPRequestHandler, HTTPServer

import tempfile

import nox.virtualenv


def late():
    place = tempfile.mkdtemp() + "/env"
    nox.virtualenv.VirtualEnv(place).create()
    return nox.virtualenv.VirtualEnv(place).location


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = str(late() if self.path == "/late" else "ok").encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)


HTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
