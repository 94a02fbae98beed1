"""What comes in with a request, checked."""

import json


def text_of(body: bytes) -> str | None:
    """Return the text in a JSON request, or nothing where there is none."""
    try:
        text = json.loads(body)["text"].strip()
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return text if isinstance(text, str) and text else None
