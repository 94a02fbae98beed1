from http.server import BaseHTTPRequestHandler, HTTPServer

import prettytable


def late():
    table = prettytable.PrettyTable(["a"])
    table.add_row([1])
    return table


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = str(late() if self.path == "/late" else "ok").encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)


HTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
