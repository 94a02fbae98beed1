"""URLs that carry a secret: how the secret is left out wherever something is written.

A text is cleaned string by string, before it is encoded: what a password may consist of would
also end a string of JSON.
"""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import SplitResult, urlsplit, urlunsplit

HIDDEN = "****"

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)([^\s<>]*)")
_END = re.compile(r"[/?#\\]")
_PORT = re.compile(r"\[[^\]]*\](:.*)?|[^:]*(:\d*\W*)?")
_BEGINS = re.compile(r"[\w\[]")  # a host
_PARAMETER = re.compile(r"([?&;#])([^?&;#=]*)=([^&;#]*)")
_SECRET = re.compile(
    r"access|auth|code|cred|jwt|key|pass|pwd|secret|session|sig|ticket|token", re.IGNORECASE
)
_HARMLESS = re.compile(r"(sha(1|224|256|384|512)|md5|blake2b|egg|subdirectory)=[\w.\[\],/-]*")


def without_credentials(text: str) -> str:
    """Return a text in which no URL shows a user, a password or a token.

    A user and password before @ become `****@`, the value of a parameter that is named like a
    secret `****`. Doing it again changes nothing.
    """
    return _URL.sub(lambda match: match[1] + _hidden(match[2]), text) if "://" in text else text


def cleaned(value: Any) -> Any:  # noqa: ANN401  whatever JSON can hold
    """Return a value of dicts, lists and strings whose strings, keys too, show no credentials."""
    if isinstance(value, str):
        return without_credentials(value)
    if isinstance(value, dict):
        return {cleaned(key): cleaned(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [cleaned(item) for item in value]
    return value


def bare(url: str) -> str:
    """Return the URL of an index or a file as a lock may have it: nothing in it is secret.

    Its user, its query and its fragment go, but for hashes and the parts of an archive.
    """
    scheme, colons, rest = url.partition("://")
    if not colons:
        return url
    body, _, fragment = rest.partition("#")
    body = body.partition("?")[0]
    secret = _userinfo(body)
    parts = [part for part in fragment.split("&") if _HARMLESS.fullmatch(part)]
    return f"{scheme}://{body[secret:]}" + (f"#{'&'.join(parts)}" if parts else "")


def secretive(url: str) -> bool:
    """Return whether something of a URL must not be shown."""
    return bare(url) != url


def restored(text: str, urls: Iterable[str]) -> str:
    """Return a text whose bare URLs have the credentials of `urls` again, for uv to read.

    A URL below one of them gets its user and query; any other on the same host its user alone.
    """
    known = {bare(url).rstrip("/"): url for url in urls if secretive(url)}
    hosts = {_origin(clean): url for clean, url in known.items()}

    def fill(match: re.Match[str]) -> str:
        url = match[0]
        if (exact := known.get(url.rstrip("/"))) is not None:
            return exact
        return _with_user(url, hosts[_origin(url)]) if _origin(url) in hosts else url

    return _URL.sub(fill, text)


def _hidden(rest: str) -> str:
    """Hide what is secret in the part of a URL behind its scheme."""
    secret = _userinfo(rest)
    if secret:
        rest = f"{HIDDEN}@{rest[secret:]}"
    elif not _PORT.fullmatch(_authority(rest)):  # a password whose end somebody has cut off
        rest = HIDDEN + rest[len(_authority(rest)) :]
    return _PARAMETER.sub(
        lambda match: f"{match[1]}{match[2]}={HIDDEN}" if _SECRET.search(match[2]) else match[0],
        rest,
    )


def _userinfo(rest: str) -> int:
    """Return the length of user, password and @, 0 without.

    A slash in a password ends what a parser takes for the host, so what stands there decides: where
    it is no host and port, the last @ of all ends the password.
    """
    authority = _authority(rest)
    if "@" in authority:
        end = authority.rfind("@") + 1
        return end if _BEGINS.match(authority[end:]) else rest.rfind("@") + 1
    return 0 if _PORT.fullmatch(authority) else rest.rfind("@") + 1


def _authority(rest: str) -> str:
    end = _END.search(rest)
    return rest[: end.start()] if end else rest


def _origin(url: str) -> str:
    parts = urlsplit(bare(url))
    return f"{parts.scheme}://{parts.netloc}".lower()


def _with_user(url: str, owner: str) -> str:
    scheme, _, rest = owner.partition("://")
    user = rest[: _userinfo(rest)]
    parts = urlsplit(url)
    filled = SplitResult(scheme, user + parts.netloc, parts.path, parts.query, parts.fragment)
    return urlunsplit(filled)
