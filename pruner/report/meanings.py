"""What every code of a finding is about, for formats that list the rules."""

from pruner.codes import CODES, Code
from pruner.drift.codes import DRIFT

_FIX = "see what the finding itself says"

_IMPORTS_ALONE = "No more than its import statements counts."
_LOCK = {
    "PRN101": ("an import that nothing provides", "warning", "It fails where it is reached."),
    "PRN102": (
        "first-party code that cannot be read",
        "warning",
        _IMPORTS_ALONE,
    ),
    "PRN103": (
        "what a lock cannot pin",
        "error",
        "It was installed from a tree or an archive that no index has.",
    ),
    "PRN104": (
        "installed code that cannot be read",
        "warning",
        _IMPORTS_ALONE,
    ),
    "PRN110": ("a host outside", "note", "An agent tried to reach it while it was traced."),
    "PRN111": (
        "a run with another version",
        "note",
        "A recorded run used a distribution in another version than today's.",
    ),
    "PRN121": ("no wheel", "note", "The pin has to be built wherever it is installed."),
    "PRN122": (
        "several indexes have it",
        "error",
        "Their contents differ, and nothing tells which of them it came from.",
    ),
    "PRN123": ("nothing builds it", "error", "The pin has no wheel, and nothing of its time fits."),
    "PRN130": (
        "another version in another image",
        "note",
        "Images that pin the same version can share a layer.",
    ),
    "PRN131": ("a lock that cannot be read", "note", "It is not compared with."),
    "PRN132": ("a pin that did not move", "note", "Versions could not be shared among images."),
    "PRN301": ("ONBUILD is not repeated", "warning", "A later stage would run it."),
    "PRN302": ("a RUN that is repeated whole", "warning", "It installs something."),
    "PRN303": ("nobody has looked at the image", "note", "Debian packages that nothing uses stay."),
    "PRN304": ("what a COPY does not bring along", "note", "Nothing names it."),
    "PRN305": ("the base image", "note", "A slim one takes the place of CUDA's, or does not."),
    "PRN306": ("a COPY of what is not there", "error", "The build fails."),
    "PRN307": ("a lock that is not proven", "warning", "Nobody has seen it run."),
    "PRN308": ("a stage that is carried over", "warning", "All that it installs comes along."),
    "PRN309": ("pins from a folder", "warning", "The build does not see it."),
    "PRN310": ("no pip that pins what builds", "warning", "The build may differ from the proof."),
}


def meaning(code: str) -> Code:
    """Return what a code is about; of one that is not known, no more than its name."""
    known = CODES.get(code) or DRIFT.get(code)
    if known is not None:
        return known
    name, severity, why = _LOCK.get(code, (code, "warning", "The finding itself says why."))
    return Code(name=name, severity=severity, why=why, fix=_FIX)
