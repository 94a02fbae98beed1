from http.server import BaseHTTPRequestHandler, HTTPServer

import librmm

def late():
    return librmm.load_library()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = str(late() if self.path == "/late" else "ok").encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)


HTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
