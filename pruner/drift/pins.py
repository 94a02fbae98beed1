"""What was changed by hand in the files of a lock."""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec
from packaging.utils import canonicalize_version

from pruner.document import Document, Inputs
from pruner.drift.found import drifted
from pruner.model import Finding, normalise

REQUIREMENTS = "requirements.txt"
PYLOCK = "pylock.toml"
CONSTRAINTS = "build-constraints.txt"
PINNED = (REQUIREMENTS, PYLOCK, CONSTRAINTS)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VERSION = re.compile(r"^[A-Za-z0-9._-]+(?:\[[^\]]*\])?\s*===?\s*([^\s;\\]+)")


class Pin(NamedTuple):
    """What a file says of one distribution: "" is all that it says besides."""

    line: int
    version: str  # "" where it names a file instead
    text: str

    @property
    def digest(self) -> str:
        """What tells whether it was changed."""
        return digest(self.text.encode())


Pins = Mapping[str, Pin]


def digest(data: bytes) -> str:
    """Return what tells whether a text was changed."""
    return hashlib.sha256(data).hexdigest()[:16]


def read_pins(name: str, data: bytes) -> dict[str, Pin]:
    """Return what a file of a lock pins; ValueError where it is none."""
    text = data.decode("utf-8", "replace")
    return _of_pylock(text) if name == PYLOCK else _of_requirements(text)


def digests(files: Mapping[str, bytes]) -> dict[str, dict[str, str]]:
    """Return the digests of what the files of a lock say, as `Inputs.pins` has them."""
    return {
        name: {key: pin.digest for key, pin in read_pins(name, data).items()}
        for name, data in files.items()
    }


def _of_requirements(text: str) -> dict[str, Pin]:
    found: dict[str, Pin] = {}
    key = ""
    for number, line in enumerate(text.splitlines(), 1):
        plain = line.strip().rstrip("\\").rstrip()
        if not plain or plain.startswith("#"):
            continue
        if not line[:1].isspace():
            match = _NAME.match(plain)
            key = normalise(match[0]) if match else ""
        version = _VERSION.match(plain)
        known = found.get(key, Pin(number, version[1] if version and key else "", ""))
        found[key] = known._replace(text=f"{known.text}{plain}\n")
    return found


def _of_pylock(text: str) -> dict[str, Pin]:
    whole = tomllib.loads(text)
    lines = [at for at, line in enumerate(text.splitlines(), 1) if line.strip() == "[[packages]]"]
    rows = whole.pop("packages", [])
    if not isinstance(rows, list):
        message = "packages is no array of tables"
        raise TypeError(message)
    found = {"": Pin(1, "", _plain(whole))}
    for index, row in enumerate(rows):
        if isinstance(row, dict) and isinstance(row.get("name"), str):
            line = lines[index] if index < len(lines) else 1
            version = row.get("version")
            key = normalise(row["name"])
            found[key] = Pin(line, version if isinstance(version, str) else "", _plain(row))
    return found


def _plain(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


# --- what differs ----------------------------------------------------------------------------


def changed(
    document: Document, inputs: Inputs | None, files: Mapping[str, Pins], folder: str
) -> Iterator[Finding]:
    """Yield what the files of a lock say otherwise than pruner wrote them."""
    rows = {row.name: row for row in document.distributions}
    proven = {key: row.version for key, row in rows.items() if row.kept and row.own is None}
    for name, pins in files.items():
        written = inputs.pins.get(name) if inputs is not None else None
        where = f"{folder}/{name}"
        for key, pin in pins.items():
            finding = _changed(key, pin, proven, written, where)
            if finding is not None:
                yield finding
        for key in sorted((written if written is not None else {}).keys() - pins.keys()):
            what = (
                f"the pin of {key} {proven.get(key, '')}" if key else "what stood beside the pins"
            )
            yield drifted("PRN520", where, f"{what.rstrip()} was taken out by hand")


def _changed(
    key: str, pin: Pin, proven: Mapping[str, str], written: Mapping[str, str] | None, where: str
) -> Finding | None:
    at = f"{where}:{pin.line}"
    if not key:
        if written is None or written.get("") == pin.digest:
            return None
        return drifted("PRN520", at, "something beside the pins was changed by hand")
    if written is not None and written.get(key) == pin.digest:
        return None
    if pin.version and key in proven and not _equal(proven[key], pin.version):
        what = f"{key} was changed by hand to {pin.version}; proven was {proven[key]}"
        return drifted("PRN520", at, what)
    if written is None:
        return None
    if key not in written:
        return drifted("PRN520", at, f"the pin of {key} {pin.version} was added by hand")
    return drifted("PRN521", at, f"a hash of {key} {pin.version} is not the one that was proven")


def _equal(one: str, other: str) -> bool:
    return str(canonicalize_version(one)) == str(canonicalize_version(other))
