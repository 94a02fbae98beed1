"""Writing a lock: all of its files, where it is committed, or aside where it is not proven."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from pruner.clock import Clock
from pruner.config import Config, Image
from pruner.document import Document, LockFiles
from pruner.drift.pins import PINNED, digest, digests
from pruner.files import plain_json, write_all
from pruner.jobs.building import Building
from pruner.jobs.keeping import replace
from pruner.jobs.observe import locks_folder, private_folder
from pruner.jobs.written import REQUIREMENTS, VERDICTS
from pruner.lock.guard import guard_files
from pruner.lock.header import CONSTRAINTS, header, provenance
from pruner.lock.moving import beside
from pruner.lock.pins import LockText
from pruner.model import Inventory


class Made(NamedTuple):
    """A lock that is to be written."""

    document: Document
    text: LockText
    built: Building
    inventory: Inventory


def write_lock(config: Config, image: Image, made: Made, clock: Clock) -> Document:
    """Write a proven lock where it is committed, and keep it; any other one aside."""
    document, text = made.document, made.text
    proven = document.proof is not None and document.proof.passed
    folder = locks_folder(config, image)
    if not proven:
        folder = private_folder(config, image) / "unproven"
    shown = _relative(folder, config.root)
    files = LockFiles(
        requirements=f"{shown}/{REQUIREMENTS}", pylock=f"{shown}/pylock.toml", pins=text.pins
    )
    document = presentable(msgspec.structs.replace(document, lock=files))
    texts = _texts(config.root, made, document, folder)
    document = _with_pins(document, texts)
    new = {VERDICTS: encode(document), **texts}
    gone = () if CONSTRAINTS in new else (CONSTRAINTS,)

    def changed(there: dict[str, bytes]) -> dict[str, bytes]:
        return {name: data for name, data in there.items() if name not in gone} | new

    if proven:
        command = "align" if document.aligned else "lock"
        replace(config, image, changed, command, clock.note)
    else:
        write_all(
            {folder / name: data for name, data in new.items()},
            without=[folder / name for name in gone],
        )
    return document


def _texts(root: Path, made: Made, document: Document, folder: Path) -> dict[str, bytes]:
    """Return the files of a lock by name, for the folder that they are written to."""
    text, constraints = made.text, made.built.constraints
    above = header(document, provenance(text, root), built=bool(constraints))
    texts = {
        REQUIREMENTS: f"{above}\n{beside(text.requirements, folder, root)}",
        "pylock.toml": f"{above}\n{beside(text.pylock, folder, root)}",
        **guard_files(document, made.inventory),
    }
    if constraints:
        texts[CONSTRAINTS] = f"{above}\n{constraints}"
    return {name: it.encode() for name, it in texts.items()}


def _with_pins(document: Document, texts: Mapping[str, bytes]) -> Document:
    """Return the document with what tells whether somebody changes a pin by hand."""
    if document.inputs is None:
        return document
    pinned = {name: texts[name] for name in PINNED if name in texts}
    files = {name: digest(data) for name, data in pinned.items()}
    inputs = msgspec.structs.replace(document.inputs, pins=digests(pinned), files=files)
    return msgspec.structs.replace(document, inputs=inputs)


def presentable(document: Document) -> Document:
    """Return the document without the credentials of URLs, which agents print as well."""
    return msgspec.json.decode(plain_json(document), type=Document)


def encode(document: Document) -> bytes:
    """Return the document as JSON for people and for diffs; times differ from run to run."""
    return msgspec.json.format(plain_json(document), indent=2) + b"\n"


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
