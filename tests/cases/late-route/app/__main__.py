"""A service with one route that imports what it needs when it is first asked."""

from http.server import BaseHTTPRequestHandler, HTTPServer


def late():
    import tabulate

    return tabulate.tabulate([[1, 2]])


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = (late() if self.path == "/late" else "ok").encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)


HTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
