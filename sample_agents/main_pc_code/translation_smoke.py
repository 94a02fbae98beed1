"""Ask a running fixed_streaming_translation for a sentence, and check that it comes in pieces."""

import json
import sys
import urllib.request

ADDRESS = "http://127.0.0.1:8002/translate"


def translate(text: str) -> list[dict[str, str]]:
    """Return the lines of the agent's answer."""
    body = json.dumps({"text": text}).encode()
    request = urllib.request.Request(
        ADDRESS, data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return [json.loads(line) for line in answer]


def main() -> int:
    """Return 0 where the pieces make up the sentence that was asked for."""
    *pieces, last = translate("Der Zug ist weg")
    whole = "".join(line["piece"] for line in pieces)
    ok = len(pieces) > 1 and whole.strip() == last["text"] == "the train has left"
    sys.stdout.write("ok\n" if ok else f"{pieces} {last}\n")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
