"""Whether a wheel on an index is the one that is installed, from servers of both kinds."""

import re
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from index import wheel
from pruner.errors import OutsideError
from pruner.lock import contents
from pruner.model import Distribution, OwnedFile


class _Parts(SimpleHTTPRequestHandler):
    """Sends parts of files, and counts what it sent."""

    sent = 0

    def do_GET(self) -> None:
        data = Path(self.translate_path(self.path)).read_bytes()
        match = re.fullmatch(r"bytes=(\d*)-(\d+)", self.headers["Range"])
        assert match is not None
        first = int(match[1]) if match[1] else len(data) - int(match[2])
        part = data[first : int(match[2]) + 1 if match[1] else None]
        type(self).sent += len(part)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{first + len(part) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Whole(SimpleHTTPRequestHandler):
    """Knows no parts."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(params=[_Parts, _Whole], ids=["parts", "whole"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    handler = partial(request.param, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _installed(file: Path) -> Distribution:
    """Return what an installer makes of a wheel."""
    with zipfile.ZipFile(file) as archive:
        record = next(name for name in archive.namelist() if name.endswith("/RECORD"))
        rows = [line.split(",") for line in archive.read(record).decode().splitlines()]
    files = [OwnedFile(f"/site/{path}", digest.removeprefix("sha256=")) for path, digest, _ in rows]
    files.append(OwnedFile(f"/site/{record.replace('RECORD', 'INSTALLER')}", "x"))
    return Distribution(name="tiny", version="1", files=tuple(files))


def test_the_wheel_that_is_installed_is_known(url: str, tmp_path: Path) -> None:
    one = wheel(tmp_path / "one", "tiny", "1", "WHO = 1\n")
    wheel(tmp_path / "two", "tiny", "1", "WHO = 2\n")
    dist = _installed(one)
    assert contents.is_installed(dist, f"{url}/one/tiny/{one.name}")
    assert not contents.is_installed(dist, f"{url}/two/tiny/{one.name}")
    assert contents.is_installed(dist, one.as_uri())


def test_of_a_large_wheel_only_the_end_is_fetched(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "CHUNK", 4096)
    file = wheel(tmp_path, "tiny", "1", "WHO = 1\n" + "# padding\n" * 50_000)
    _Parts.sent = 0
    assert contents.is_installed(_installed(file), f"{url}/tiny/{file.name}")
    assert _Parts.sent < 20_000


def test_what_is_no_wheel_is_not_the_installed_one(url: str, tmp_path: Path) -> None:
    (tmp_path / "broken.whl").write_bytes(b"PK\x03\x04 and nothing else")
    dist = _installed(wheel(tmp_path, "tiny", "1", "WHO = 1\n"))
    assert not contents.is_installed(dist, f"{url}/broken.whl")


def test_an_index_that_does_not_answer_is_outside(tmp_path: Path) -> None:
    dist = _installed(wheel(tmp_path, "tiny", "1", "WHO = 1\n"))
    with pytest.raises(OutsideError, match="cannot read"):
        contents.is_installed(dist, "http://127.0.0.1:9/tiny.whl")
