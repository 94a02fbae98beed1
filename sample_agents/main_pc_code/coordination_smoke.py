"""Send a running request_coordinator a right and a wrong request over ZeroMQ."""

import json
import sys
from typing import Any

import zmq

ADDRESS = "tcp://127.0.0.1:5555"
PATIENCE_MS = 10_000


def ask(socket: "zmq.Socket[bytes]", request: dict[str, Any]) -> dict[str, Any]:
    """Return the agent's answer."""
    socket.send(json.dumps(request).encode())
    answer: dict[str, Any] = json.loads(socket.recv())
    return answer


def main() -> int:
    """Return 0 where the agent took the one and refused the other."""
    with zmq.Context() as context, context.socket(zmq.REQ) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.RCVTIMEO, PATIENCE_MS)
        socket.connect(ADDRESS)
        right = ask(socket, {"id": "smoke", "kind": "translate", "text": "Guten Tag"})
        wrong = ask(socket, {"id": "smoke", "kind": "sing", "text": ""})
    ok = right.get("id") == "smoke" and "score" in right and "errors" in wrong
    sys.stdout.write("ok\n" if ok else f"{right} {wrong}\n")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
