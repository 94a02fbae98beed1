"""Who the image runs as, and what of it is not followed."""

import posixpath
import re
from collections.abc import Iterator

from pruner.audit.found import found
from pruner.audit.values import Facts, Source
from pruner.image.commands import script
from pruner.image.expand import expand
from pruner.model import Finding

_ROOT = {"", "root", "0"}
_SHELLS = (".sh", ".bash")
_LISTED = re.compile(
    r"\b(apt-get|apt|apk|dnf|yum)\b[^;&|\n]*\b(install|add)\b[^;&|\n]*(\$\(|`)"
    r"|\bxargs\b[^;&|\n]*\b(apt-get|apt|apk|dnf|yum)\b"
)
_PLAIN_SHELLS = {"", "sh", "bash", "/bin/sh", "/bin/bash"}


def runs_as(facts: Facts) -> Iterator[Finding]:
    """Yield that the image runs as root, at the line that says so last."""
    source = facts.source
    if source is None:
        return
    users = source.of("USER")
    last = users[-1] if users else None
    name = expand(last.instruction.value, last.variables).partition(":")[0] if last else ""
    if name.strip() in _ROOT:
        line = last.line if last else source.dockerfile.stages[-1].line
        says = "no USER is named" if last is None else f"USER {name.strip() or 'is empty'}"
        what = f"{says}, so the image runs as root"
        if last is None and "nonroot" not in source.dockerfile.base:
            yield found("PRN213", source.where(line), what + " unless its base says otherwise")
        elif last is not None:
            yield found("PRN213", source.where(line), what)


def not_followed(facts: Facts) -> Iterator[Finding]:
    """Yield what of a Dockerfile is not read."""
    source = facts.source
    if source is None:
        return
    for step in source.of("ONBUILD"):
        what = "ONBUILD runs in images that are built on this one, and is not audited"
        yield found("PRN216", source.where(step.line), what)
    for step in source.of("RUN"):
        if step.instruction.heredocs and _other_language(step.instruction.value):
            what = "a here-document for another program than a shell is not read"
            yield found("PRN216", source.where(step.line), what)
        if _LISTED.search(script(step.instruction)):
            what = "system packages that a file or a command lists are not known"
            yield found("PRN216", source.where(step.line), what)
    yield from _entry(facts, source)


def _other_language(value: str) -> bool:
    words = [word for word in value.split() if "<<" not in word and not word.startswith("--")]
    return bool(words) and words[0] not in _PLAIN_SHELLS


def _entry(facts: Facts, source: Source) -> Iterator[Finding]:
    argv = source.dockerfile.argv
    scripts = [word for word in argv[:2] if word.endswith(_SHELLS)]
    for step in source.of("ENTRYPOINT", "CMD")[-2:]:
        for entry in scripts:
            if entry in step.instruction.value:
                name = posixpath.basename(entry)
                files = facts.context.files if facts.context else {}
                known = any(posixpath.basename(path) == name for path in files)
                what = f"{name} starts the image; what it installs or fetches is not read"
                if not known:
                    what += ", and it is not in the build context"
                yield found("PRN216", source.where(step.line), what)
