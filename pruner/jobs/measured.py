"""The layers of the original as `pruner build` measured them, kept for `pruner audit`."""

from collections.abc import Mapping

import msgspec

from pruner.config import Config, Image
from pruner.document import SCHEMA
from pruner.files import plain_json, regular, write
from pruner.jobs.committed import MAX_BYTES
from pruner.jobs.digests import changed
from pruner.jobs.observe import private_folder
from pruner.model import Value
from pruner.sandbox.layers import Saved

FILE = "layers.json"


class Measured(Value, frozen=True, kw_only=True):
    """What was measured, and the sha256 of what the image was built from."""

    inputs: dict[str, str]
    saved: Saved
    schema: int = SCHEMA


def keep(config: Config, image: Image, saved: Saved, inputs: Mapping[str, str]) -> None:
    """Keep what an image's layers hold, beside its other measures."""
    measured = Measured(inputs=dict(inputs), saved=saved)
    data = msgspec.json.format(plain_json(measured)) + b"\n"
    write(private_folder(config, image) / FILE, data)


def kept(config: Config, image: Image) -> tuple[Saved | None, tuple[str, ...]]:
    """Return what was kept last, and what of the files that it was built from changed since.

    None where nothing was kept, or where it cannot be read: it is measured again at any time.
    """
    try:
        data = regular(private_folder(config, image) / FILE, MAX_BYTES)
        measured = msgspec.json.decode(data, type=Measured)
    except (OSError, ValueError):
        return None, ()
    of_lines = {what: one for what, one in measured.inputs.items() if what != "sources"}
    return measured.saved, changed(config, image, of_lines)
