import importlib
import os
import subprocess
import time
from pathlib import Path

import numpy

DISPLAY = Path("/tmp/.X11-unix/X9")  # noqa: S108


def shown(way: str) -> str:
    """Show a picture in the way that the settings say."""
    vision = importlib.import_module("cv2")
    getattr(vision, f"{way}show")("picture", numpy.zeros((9, 9, 3), "uint8"))
    vision.waitKey(500)
    return "shown"


server = subprocess.Popen(["Xvfb", ":9", "-nolisten", "tcp", "-screen", "0", "640x480x24"])
try:
    while not DISPLAY.exists():
        time.sleep(0.1)
    os.environ["DISPLAY"] = ":9"
    print(shown(os.environ.get("WAY", "im")))
finally:
    server.terminate()
    server.wait()
