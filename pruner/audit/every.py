"""All checks of one image, in order: what costs most stands first."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pruner.audit.again import again
from pruner.audit.asking import unneeded, unpinned
from pruner.audit.bases import absent
from pruner.audit.caching import left
from pruner.audit.copies import copies
from pruner.audit.gpu import cuda
from pruner.audit.ignores import Comment, parted, place
from pruner.audit.models import models
from pruner.audit.running import not_followed, runs_as
from pruner.audit.secret import secrets
from pruner.audit.seen import unseen
from pruner.audit.sending import Proposal, propose, sending
from pruner.audit.tools import for_building, large_base, tools
from pruner.audit.values import Facts, ImageAudit, Sizes
from pruner.model import Finding

_ORDER = {"error": 0, "warning": 1, "note": 2}


def audited(
    facts: Facts,
    before: Sequence[Finding],
    comments: Sequence[Comment],
    configured: Mapping[str, str],
    trees: Iterable[str],
) -> ImageAudit:
    """Return what is found of one image; `before` was found while its files were read."""
    proposal = None
    if facts.source is not None and facts.context is not None:
        proposal = propose(facts.source, facts.context, trees)
    every = (*before, *_found(facts, proposal))
    stay, gone = parted(dict.fromkeys(every), comments, configured)
    source = facts.source
    return ImageAudit(
        image=facts.image,
        dockerfile=source.file if source else None,
        base=source.dockerfile.base if source else None,
        findings=tuple(sorted(stay, key=_rank)),
        ignored=gone,
        size_bytes=Sizes(
            image=facts.built.size_bytes if facts.built else None,
            context=proposal.before if proposal else None,
            context_after=proposal.after if proposal else None,
        ),
        dockerignore=proposal.lines if proposal else (),
    )


def _found(facts: Facts, proposal: Proposal | None) -> Iterator[Finding]:
    yield from absent(facts)
    yield from cuda(facts)
    yield from large_base(facts)
    yield from tools(facts)
    yield from copies(facts)
    yield from again(facts)
    yield from left(facts)
    yield from secrets(facts)
    yield from runs_as(facts)
    yield from models(facts)
    yield from not_followed(facts)
    yield from unseen(facts, frozenset(row.name for row in for_building(facts)))
    yield from unpinned(facts)
    yield from unneeded(facts)
    yield from sending(facts, proposal)


def _rank(item: Finding) -> tuple[int, int, int, str, int]:
    """Sort by bytes, then by severity, then by place; notes come last, whatever they cost."""
    note = item.severity == "note"
    file, line = place(item.where)
    return (int(note), -(item.size_bytes or 0), _ORDER[item.severity], file, line or 0)
