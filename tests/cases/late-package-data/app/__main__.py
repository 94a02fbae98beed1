from http.server import BaseHTTPRequestHandler, HTTPServer

import sysconfig
from importlib.resources import files
from pathlib import Path

def late():
    import pkg_resources

    roots = files("certifi").joinpath("cacert.pem").read_text()
    codes = pkg_resources.resource_string("pycountry", "databases/iso639-3.json")
    place = Path(sysconfig.get_path("purelib"), "tzdata/zoneinfo/zone.tab")
    return f"{roots.count('BEGIN') > 100} {len(codes) > 100000} {place.is_file()}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = str(late() if self.path == "/late" else "ok").encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)


HTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
