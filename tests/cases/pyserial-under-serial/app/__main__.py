from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/port":
            import serial

            text = serial.Serial(None).name or "a port"
        else:
            text = "ok"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{text} ok".encode())


HTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
