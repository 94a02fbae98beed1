"""Which values of an environment must not be copied into a file that people commit."""

import re

from pruner.urls import without_credentials

_NAME = re.compile(
    r"pass(?!ive|enger)|pwd|secret|jwt|cred|salt|dsn|apikey|(^|_)keys?(_|$)", re.IGNORECASE
)
_TOKEN = re.compile(r"token(?!iz)", re.IGNORECASE)
_PLAIN = re.compile(r"\d{1,9}|true|false|yes|no|on|off|none", re.IGNORECASE)  # MAX_TOKENS=512
_LONG = re.compile(r"[A-Za-z0-9+/_=-]{32,}")


def is_secret(name: str, value: str) -> bool:
    """Return whether a variable is named like a secret, or its value shows one."""
    if not value:
        return False
    shown = without_credentials(value) != value
    random = _LONG.fullmatch(value) and re.search(r"\d", value) and re.search(r"[A-Za-z]", value)
    token = _TOKEN.search(name) and not _PLAIN.fullmatch(value)
    return bool(_NAME.search(name) or token or shown or random or "PRIVATE KEY" in value)
