"""Let a running adapter_training_agent learn, and check what it says and what it saved."""

import json
import sys
import urllib.request
from typing import Any

ADDRESS = "http://127.0.0.1:8004"
TEXT = "the quick brown fox jumps over the lazy dog"


def ask(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return the agent's answer."""
    request = urllib.request.Request(  # noqa: S310
        ADDRESS + path, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        found: dict[str, Any] = json.load(answer)
    return found


def main() -> int:
    """Return 0 where the loss went down, and the checkpoint is the better for it."""
    checkpoint = ask("/train", {"texts": [TEXT], "steps": 8})
    first, *_, last = checkpoint["losses"]
    again = ask(f"/checkpoints/{checkpoint['name']}/loss", {"text": TEXT})["loss"]
    ok = first > last > again
    sys.stdout.write("ok\n" if ok else f"{checkpoint} {again}\n")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
