from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec

BEST, SPARE = ("".join(reversed(name)) for name in ("etalubat", "elbatytterp"))


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        status = 200
        if self.path == "/table" and not (find_spec(SPARE) and find_spec(BEST)):
            status = 500
        self.send_response(status)
        self.end_headers()


HTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
