from http.server import BaseHTTPRequestHandler, HTTPServer

import subprocess
import sys

def late():
    table = subprocess.check_output(["tabulate", "-f", "plain"], input=b"1 2", text=False)
    banner = [sys.executable, "-m", "pyfiglet", "x"]
    size = len(subprocess.run(banner, check=True, stdout=subprocess.PIPE).stdout)
    number = subprocess.getoutput("ninja --version")
    return f"{table.split()} {size > 10} {number}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = str(late() if self.path == "/late" else "ok").encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)


HTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
