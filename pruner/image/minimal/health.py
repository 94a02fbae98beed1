"""The HEALTHCHECK of an agent: its ready probe, asked by the image's own interpreter."""

from pruner.config import HttpReady, Ready, TcpReady

_HTTP = (
    "import http.client as h; c = h.HTTPConnection('127.0.0.1', {port}, timeout=5); "
    "c.request('GET', {path!r}); raise SystemExit(c.getresponse().status >= 500)"
)
_TCP = "import socket; socket.create_connection(('127.0.0.1', {port}), 5)"


def health(ready: Ready, python: str) -> tuple[str, ...]:
    """Return the command that asks once; empty where the probe cannot be asked again.

    No curl is needed for it. A line of a log, and an end, are seen once.
    """
    if isinstance(ready, HttpReady):
        return (python, "-I", "-S", "-c", _HTTP.format(port=ready.port, path=ready.http))
    if isinstance(ready, TcpReady):
        return (python, "-I", "-S", "-c", _TCP.format(port=ready.tcp))
    return ()
