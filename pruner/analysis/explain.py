"""Why a distribution is kept or left out, and what that costs: read from a document alone."""

from collections.abc import Iterable, Mapping

from pruner.analysis.attribution import closure
from pruner.document import Document
from pruner.model import Policy, Value, Verdict

IMAGE = ""
"""The image's own code, among the users of a distribution."""


class Explanation(Value, frozen=True, kw_only=True):
    """What there is to say about one distribution. Sizes are bytes as RECORD lists them."""

    verdict: Verdict
    wanted_by: tuple[str, ...]  # kept distributions that declare it
    pulls_in: tuple[Verdict, ...]  # what it declares and is not kept without it, all the way down
    with_it: int  # the kept distributions' size with it and all it pulls in
    without_it: int  # and without it and what stays for nothing else
    only_for_it: tuple[str, ...]  # what stays for nothing else
    missing: tuple[str, ...]  # why it is not kept: one line each; nothing where it is


def explain(document: Document, key: str) -> Explanation | None:
    """Return the explanation, or None where nothing of that name was installed."""
    rows = {row.name: row for row in document.distributions}
    if key not in rows:
        return None
    kept = {row.name for row in rows.values() if row.kept}
    below = closure({row.name: row.needs for row in rows.values()}, [key]).keys()
    pulled = (below & rows.keys()) - kept - {key}
    rest = kept & _staying(key, rows, kept, safe=document.policy == Policy.SAFE)
    return Explanation(
        verdict=rows[key],
        wanted_by=tuple(sorted(name for name in kept if key in rows[name].needs)),
        pulls_in=tuple(rows[name] for name in sorted(pulled)),
        with_it=_size(rows, kept | pulled | {key}),
        without_it=_size(rows, rest),
        only_for_it=tuple(sorted(kept - rest - {key})),
        missing=() if rows[key].kept else _missing(rows[key], document.policy),
    )


def _staying(key: str, rows: Mapping[str, Verdict], kept: set[str], *, safe: bool) -> set[str]:
    """Return what would stay if one distribution went: what the image's code still leads to.

    A kept distribution of which no user is known stays: nothing says that it is there for this one.
    """
    uses: dict[str, list[str]] = {}
    for name in kept - {key}:
        row = rows[name]
        declarers = [other for other in kept if safe and name in rows[other].needs]
        for user in {*row.used_by, *declarers} or {IMAGE}:
            uses.setdefault(user, []).append(name)
        if row.proof and row.proof[0].kind == "keep":
            uses.setdefault(IMAGE, []).append(name)
    uses.pop(key, None)
    return set(closure({user: tuple(names) for user, names in uses.items()}, [IMAGE]))


def _missing(row: Verdict, policy: str) -> tuple[str, ...]:
    """Return what would have kept a distribution that was left out."""
    lines = [
        "no agent loaded or read a file of it",
        "no first-party code that is reached imports it, or names it in a URL",
        "no library that stays is linked to it",
    ]
    speaker = row.proof[0].by if row.proof else None  # a file that a person wrote may have none
    if policy != Policy.AGGRESSIVE or row.level != "reachable":
        by = f": {speaker} copes with its absence" if row.level == "guarded" and speaker else ""
        lines.append(f"no import that counts leads to it from what was loaded{by}")
    else:
        lines.append(
            f"what leads to it ({speaker or 'unknown'}) did not run, and policy aggressive"
        )
    return tuple(lines)


def _size(rows: Mapping[str, Verdict], names: Iterable[str]) -> int:
    return sum(rows[name].size_bytes for name in names)
