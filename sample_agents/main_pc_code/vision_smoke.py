"""Send a running face_recognition_agent a bright face that moves, and check that it is followed."""

import base64
import json
import struct
import sys
import urllib.request
import zlib
from typing import Any

ADDRESS = "http://127.0.0.1:8003/frames"
SIDE = 128
FACE = 48


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a part of a PNG file."""
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def picture(left: int, top: int) -> bytes:
    """Return a PNG file: a white square on black."""
    dark, light = bytes(SIDE), bytearray(SIDE)
    light[left : left + FACE] = b"\xff" * FACE
    rows = [bytes(light) if top <= row < top + FACE else dark for row in range(SIDE)]
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(*part) for part in ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    )


def look(frames: list[bytes]) -> list[list[dict[str, Any]]]:
    """Return the faces that the agent finds in each frame."""
    body = json.dumps({"frames": [base64.b64encode(frame).decode() for frame in frames]}).encode()
    request = urllib.request.Request(
        ADDRESS, data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        found: list[list[dict[str, Any]]] = json.load(answer)["frames"]
    return found


def main() -> int:
    """Return 0 where one face was found in every frame, and it is the same one."""
    found = look([picture(24 + 8 * step, 40) for step in range(5)])
    tracks = [face["track"] for faces in found for face in faces]
    ok = len(tracks) == len(found) and len(set(tracks)) == 1 and found[-1][0]["known"]
    sys.stdout.write("ok\n" if ok else f"{found}\n")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
