import sys

import idna

if sys.platform == "win32":
    import win32api
if sys.version_info < (3, 8):
    import tomli

print(idna.encode("x.example"))
