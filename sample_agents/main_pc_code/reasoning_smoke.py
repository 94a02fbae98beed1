"""Ask a running retrieval_reasoning_agent twice: the second answer is the first, from the cache."""

import json
import sys
import urllib.request
from typing import Any

ADDRESS = "http://127.0.0.1:8005/ask"
QUESTION = "Which file lists every installed file with its hash?"


def ask(question: str) -> dict[str, Any]:
    """Return the agent's answer."""
    body = json.dumps({"question": question}).encode()
    request = urllib.request.Request(
        ADDRESS, data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        found: dict[str, Any] = json.load(answer)
    return found


def main() -> int:
    """Return 0 where the right passage was found, and remembered."""
    first, second = ask(QUESTION), ask(QUESTION)
    right = first["passages"][0]["text"].startswith("RECORD")
    ok = right and second["cached"] and second["answer"] == first["answer"]
    sys.stdout.write("ok\n" if ok else f"{first} {second}\n")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
