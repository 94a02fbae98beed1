"""What the texts of all places are made of."""

from importlib.resources import files

from pruner.model import Value


class Setting(Value, frozen=True, kw_only=True):
    """What a text has to know; every value is safe in quotes in YAML, units and crontabs."""

    version: str  # of pruner: what is installed there
    folder: str  # of pruner.toml, seen from the root of the repository; "." is the root itself
    root: str  # the same folder, absolute
    program: str  # pruner's own executable, absolute
    user: str  # who owns the folder
    repository: str  # an https URL without credentials


class File(Value, frozen=True):
    """One file: where it goes, and what it says.

    `shared`: the path is seen from the root of the repository, else from pruner.toml.
    """

    path: str
    text: str
    shared: bool = False


def filled(name: str, setting: Setting) -> str:
    """Return the template of a name, its @words@ replaced by the fields of the same name."""
    text = (files("pruner") / "places" / "templates" / name).read_text("utf-8")
    for field in Setting.__struct_fields__:
        text = text.replace(f"@{field}@", getattr(setting, field))
    return text
