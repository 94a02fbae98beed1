"""Name what pruner left out of this image, when something looks for it in vain.

`pruner lock` writes this module with its table beside the lock. In site-packages, together with
`pruner_guard.pth`, it does nothing until the environment says PRUNER_GUARD=1. It then adds one
finder at the end of sys.meta_path, which is asked only for what nobody else has found, gives the
error that an import ends in a clearer text, and appends a line to the file $PRUNER_GUARD_LOG. It
never makes anything fail that would not have failed without it, and is silent where it cannot
write. Standard library only, Python 3.8 and newer.
"""

import os
import sys

TYPE_CHECKING = False  # what type checkers take for true, without typing
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

# Filled in by `pruner lock`: distribution -> version, why, and the import names that went with it.
IMAGE = ""
LEFT_OUT: "Dict[str, Tuple[str, str, Tuple[str, ...]]]" = {}

SWITCH, PLACE = "PRUNER_GUARD", "PRUNER_GUARD_LOG"
DEFAULT_PLACE = "/tmp/pruner-missed.jsonl"  # noqa: S108  opened without following a link
# Version 1: time, image, kind "import" | "metadata", module (or distribution), left_out, by, pid.
FORMAT, VERSION = "pruner-missed", 1
MOST_LINES = 1000  # of one process
MOST_BYTES = 1 << 20  # of the file
MOST_TEXT = 4200  # PATH_MAX, and a line number
MOST_NAMED = 3  # distributions in one message

_BOOTSTRAP = "<frozen importlib._bootstrap>"
_BETWEEN = ("_find_and_load_unlocked", "_find_and_load", "_gcd_import", "_call_with_frames_removed")
_LIB = os.path.dirname(os.__file__)
_MACHINERY = ("<frozen ", _LIB + "/importlib/", _LIB + "/runpy.py", _LIB + "/pkgutil.py")


def start() -> None:
    """Stand at the end of sys.meta_path, where that is switched on."""
    on = os.environ.get(SWITCH, "0") not in ("", "0")
    if on and not any(isinstance(finder, Guard) for finder in sys.meta_path):
        sys.meta_path.append(Guard())


class Guard:
    """The last finder. It finds nothing, and says what there would have been to find."""

    def __init__(self) -> None:
        self.modules: "Dict[str, List[str]]" = {}
        for name, (_, _, modules) in LEFT_OUT.items():
            for module in modules:
                self.modules.setdefault(module, []).append(name)
        self.seen: "Set[Tuple[str, Optional[str]]]" = set()

    def find_spec(self, name: str, path: "Any" = None, target: "Any" = None) -> "Any":  # noqa: ANN401
        """Answer None to whoever only asks; raise where an import is going to fail."""
        names = self.modules.get(name)
        kind = _error_of(sys._getframe(1)) if names else None  # noqa: SLF001
        if not names or kind is None:
            return None
        for finder in sys.meta_path[_index(self) + 1 :]:  # those that were added after this one
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find else None
            if spec is not None:
                return spec
        self.record("import", name, names)
        package, _, last = name.rpartition(".")
        if kind is ImportError:  # as `from package import last` ends
            text = "cannot import name %r from %r (%s)" % (last, package, _advice(names))
            raise ImportError(text, name=package)
        raise ModuleNotFoundError("No module named %r (%s)" % (name, _advice(names)), name=name)

    def find_distributions(self, context: "Any" = None) -> "Iterator[Any]":  # noqa: ANN401
        """Find none; a lookup by name, which raises then, is recorded."""
        name = getattr(context, "name", None)
        if isinstance(name, str) and _is_by_name(sys._getframe(1)):  # noqa: SLF001
            import re  # noqa: PLC0415  loaded by whoever asks

            key = re.sub("[-_.]+", "-", name).lower()
            if key in LEFT_OUT:
                self.record("metadata", key, [key])
        return iter(())

    def record(self, kind: str, what: str, names: "List[str]") -> None:
        """Append a line, the first time that this line of code misses it; a fork repeats none."""
        try:
            by = _by(sys._getframe(2))  # noqa: SLF001
            if (what, by) not in self.seen and len(self.seen) < MOST_LINES:
                self.seen.add((what, by))
                _append(kind, what, names, by)
        except Exception:  # noqa: BLE001, S110  whatever it is, the program goes on
            pass


def _error_of(frame: "FrameType") -> "Optional[type]":
    """Return how the lookup that this frame belongs to ends where nothing is found, None for well.

    An import statement and import_module() end in a ModuleNotFoundError. A module that
    `from package import name` looks for ends in an ImportError, but not if `__import__` does that
    in a call, or for a `*`. Of the lookups by find_spec(), only `python -m` fails.
    """
    asker = frame.f_back
    if asker is None or frame.f_code.co_filename != _BOOTSTRAP:
        return None
    if _function(asker) == "find_spec":
        return ModuleNotFoundError if _function(asker.f_back) == "_get_module_details" else None
    if _function(asker) != "_find_and_load_unlocked":
        return None
    above: "Optional[FrameType]" = asker
    while above is not None and _function(above) in _BETWEEN:
        above = above.f_back
    if above is None or _function(above) != "_handle_fromlist":
        return ModuleNotFoundError
    import opcode  # noqa: PLC0415

    statement = above.f_back
    if statement is None or statement.f_lasti < 0:
        return None
    operation = statement.f_code.co_code[statement.f_lasti]
    return ImportError if operation == opcode.opmap["IMPORT_NAME"] else None


def _is_by_name(frame: "Optional[FrameType]") -> bool:
    """Return whether this asks for one distribution, as version() does, and not for a list."""
    while frame is not None and _is_machinery(frame.f_code.co_filename):
        if frame.f_code.co_name == "from_name":
            return True
        frame = frame.f_back
    return False


def _is_machinery(file: str) -> bool:
    return file.startswith(_MACHINERY) or "/importlib_metadata/" in file


def _function(frame: "Optional[FrameType]") -> str:
    return frame.f_code.co_name if frame is not None else ""


def _index(finder: Guard) -> int:
    """Return where a finder stands; at the end, if somebody has just replaced the list."""
    found = [index for index, item in enumerate(sys.meta_path) if item is finder]
    return found[0] if found else len(sys.meta_path)


def _advice(names: "List[str]") -> str:
    gone = "; ".join("%s %s: %s" % (name, *LEFT_OUT[name][:2]) for name in names[:MOST_NAMED])
    more = ", and %d more" % (len(names) - MOST_NAMED) if len(names) > MOST_NAMED else ""
    which = '"%s"' % names[0] if len(names) == 1 else "its name"
    keep = "To keep it, add %s to keep of images.%s in pruner.toml" % (which, IMAGE)
    return "pruner left out %s%s. %s and run `pruner lock --image %s`" % (gone, more, keep, IMAGE)


def _by(frame: "Optional[FrameType]") -> "Optional[str]":
    """Return "file:line" of the nearest frame that is not the import system's own."""
    while frame is not None:
        file = frame.f_code.co_filename
        if not _is_machinery(file):
            text = "%s:%d" % (file, frame.f_lineno or 0)
            return "".join(char if char.isprintable() else "?" for char in text[:MOST_TEXT])
        frame = frame.f_back
    return None


def _append(kind: str, what: str, names: "List[str]", by: "Optional[str]") -> None:
    import json  # noqa: PLC0415
    import stat  # noqa: PLC0415
    import time  # noqa: PLC0415

    line = json.dumps(
        {
            "format": FORMAT,
            "version": VERSION,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "image": IMAGE,
            "kind": kind,
            "module": what,
            "left_out": {name: LEFT_OUT[name][0] for name in names},
            "by": by,
            "pid": os.getpid(),
        }
    )
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(os.environ.get(PLACE) or DEFAULT_PLACE, flags, 0o644)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and status.st_size < MOST_BYTES:
            os.write(descriptor, line.encode("ascii") + b"\n")
    finally:
        os.close(descriptor)
