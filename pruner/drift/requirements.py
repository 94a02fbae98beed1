"""Requirements that were added, removed or changed since a lock was made."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Read
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from pruner.document import Document, Inputs
from pruner.drift.found import drifted
from pruner.model import Finding, Verdict, normalise
from pruner.requirements import Requirement, Requirements


class Asked(NamedTuple):
    """One requirement of today: "file:line", and as `Inputs.requirements` spells it."""

    key: str
    text: str
    specifier: str
    where: str
    marker: bool = False


class Code(NamedTuple):
    """What the code of today imports: a topmost name -> its first "path:line"."""

    imports: Mapping[str, str]
    modules: Mapping[str, tuple[str, ...]]  # distribution -> its topmost import names

    def uses(self, key: str) -> str:
        """Return the first line that imports a distribution, "" where none does.

        One that was never installed is known by its name alone.
        """
        names = self.modules.get(key, (key.replace("-", "_"), key.replace("-", ".")))
        tops = (name.partition(".")[0] for name in names)
        return next((self.imports[top] for top in tops if top in self.imports), "")


def asked(requirements: Requirements) -> tuple[Asked, ...]:
    """Return what requirement files ask for, archives and trees with a name included."""
    direct = (
        Asked(normalise(item.name), f"{item.name} @", "", f"{item.file}:{item.line}")
        for item in requirements.direct
        if item.name is not None
    )
    return (*map(_asked, requirements.requirements), *direct)


def _asked(item: Requirement) -> Asked:
    where = f"{item.file}:{item.line}"
    text = f"{item.key}{item.text.removeprefix(item.name)}"
    return Asked(item.key, text, item.specifier, where, marker=item.marker is not None)


def spelled(rows: Iterable[Asked]) -> tuple[str, ...]:
    """Return requirements as a lock records them."""
    return tuple(sorted({row.text for row in rows}))


def changes(
    document: Document, inputs: Inputs | None, today: Sequence[Asked], code: Code
) -> Iterator[Finding]:
    """Yield what the requirements of today ask for otherwise than those of the lock."""
    if inputs is None:
        return
    before: dict[str, set[str]] = {}
    for text in inputs.requirements:
        before.setdefault(_name(text), set()).add(text)
    rows = {row.name: row for row in document.distributions}
    moved = {row.name for row in document.aligned} | _replaced(document)
    for row in today:
        if row.text in before.get(row.key, ()):
            continue
        if row.key not in before:
            yield from _added(row, rows.get(row.key), code)
        elif row.key in rows and row.key not in moved:
            yield from _moved(row, rows[row.key])
    now = {row.key for row in today}
    for key in sorted(before.keys() - now):
        if key in rows:
            yield from _removed(rows[key], rows, now, code)


def _added(row: Asked, known: Verdict | None, code: Code) -> Iterator[Finding]:
    use = code.uses(row.key)
    used = f"{use} imports it" if use else "nothing in the code imports it"
    if known is None:
        if row.marker:
            used += ", and its marker may not hold here"
        yield drifted("PRN510", row.where, f"{row.key} is new, and the lock has it not; {used}")
    elif not known.kept:
        what = f"{row.key} is asked for now, and the lock left it out ({known.level}); {used}"
        yield drifted("PRN510", row.where, what)
    elif not _meets(known.version, row.specifier):
        yield from _moved(row, known)


def _moved(row: Asked, known: Verdict) -> Iterator[Finding]:
    if not row.marker and not _meets(known.version, row.specifier):
        has = "has" if known.kept else "was made with"
        what = f"asks for {row.key}{row.specifier}, and the lock {has} {known.version}"
        yield drifted("PRN512", row.where, what)


def _removed(
    row: Verdict, rows: Mapping[str, Verdict], now: Collection[str], code: Code
) -> Iterator[Finding]:
    if not row.kept:
        return
    by = _wanted_by(row.name, rows, now)
    use = code.uses(row.name) or next((proof.by for proof in row.proof if proof.by), "")
    where = use if use and code.uses(row.name) else row.name
    if by:
        what = f"the requirement of {row.name} was removed; it still comes along with {by}"
        yield drifted("PRN511", where, what, severity="note", fix="nothing, if that is meant")
        return
    used = f"{use} uses it" if use else row.why
    what = f"the requirement of {row.name} was removed, and it is still used ({row.level}): {used}"
    yield drifted("PRN511", where, what, size_bytes=row.size_bytes)


def _wanted_by(key: str, rows: Mapping[str, Verdict], now: Collection[str]) -> str:
    """Return which requirement of today still brings a distribution along, "" where none does."""
    for root in sorted(now):
        seen, todo = {root}, [root]
        while todo:
            row = rows.get(todo.pop())
            needs = set(row.needs if row is not None else ()) - seen
            seen |= needs
            todo += needs
        if key in seen:
            return root
    return ""


def _replaced(document: Document) -> set[str]:
    """Return what a conflict has given another version, or another build."""
    names = {_name(item.use) for item in document.conflicts if item.use}
    return names | {name for item in document.conflicts if item.use for name in item.distributions}


def _name(text: str) -> str:
    try:
        return normalise(Read(text.removesuffix(" @")).name)
    except (InvalidRequirement, RecursionError):
        return ""


def _meets(version: str, specifier: str) -> bool:
    """Return whether a version is one that is asked for; also where nobody can tell."""
    try:
        return SpecifierSet(specifier).contains(Version(version), prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return True
