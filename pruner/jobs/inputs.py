"""What a lock is made from: written into its document, and gathered anew by `pruner drift`."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pruner.analysis.attribution import Ownership
from pruner.analysis.evidence import reached
from pruner.config import Config, Image
from pruner.document import Document, Inputs
from pruner.drift.names import Names
from pruner.drift.requirements import asked, spelled
from pruner.errors import UsageError
from pruner.image.dockerfile import Dockerfile, dockerfile_of
from pruner.jobs.entered import scripts, started
from pruner.jobs.first_party import kept
from pruner.requirements import Requirements, read_leniently
from pruner.static.entry import entry_files

if TYPE_CHECKING:
    from pruner.jobs.observe import Observation

MOST_NAMES = 200
"""Import names of one distribution, and names of functions that need it."""


def inputs_of(
    config: Config,
    image: Image,
    seen: "Observation",
    ownership: Ownership,
    document: Document,
    unnamed: Mapping[str, frozenset[str]],
) -> Inputs:
    """Return what the lock of a document was made from; its pins are not written yet.

    `unnamed` are the names by which libraries would come to need what does not stay.
    """
    subject = seen.subject
    tree, traces = subject.tree, (*subject.traces, *subject.also)
    tops = ownership.tops()
    modules = {
        dist.key: tops.get(dist.key, ())[:MOST_NAMES]
        for dist in sorted(subject.inventory.distributions, key=lambda dist: dist.key)
        if dist.own is None
    }
    files = reached(tree, subject.entries, traces)
    names = Names(document, modules, tree)
    read = dockerfile_of(image, config.root)
    agents = [path for agent in image.agents for path in entry_files(tree, agent.argv)]
    more = files - reached(tree, subject.entries, ())
    return Inputs(
        modules=modules,
        absent={lack.name: lack.word for lack in sorted(names.lacking(files))},
        unnamed={
            row.name: tuple(sorted(unnamed[row.name]))[:MOST_NAMES]
            for row in document.distributions
            if not row.kept and row.name in unnamed
        },
        entries=(*subject.entries, *sorted(more)),
        scripts=scripts(tree, agents),
        started=tuple(sorted(started(config, image, read, tree))),
        requirements=spelled(asked(requirements(config, image, read)[0])),
        base=read.base if read is not None else "",
        settings=settings_of(image),
    )


def settings_of(image: Image) -> dict[str, tuple[str, ...]]:
    """Return the settings of an image that decide what its lock has."""
    return {
        "policy": (str(image.policy),),
        "target": (image.target,) if image.target else (),
        "python": (image.python,) if image.python else (),
        "gpu": ("true" if image.gpu else "false",),
        "keep": tuple(sorted(image.keep)),
        "use": tuple(sorted(image.use)),
    }


def requirements(
    config: Config, image: Image, read: Dockerfile | None
) -> tuple[Requirements, tuple[UsageError, ...]]:
    """Return what the image's requirement files ask for, and what of them cannot be read."""
    context = config.root / image.context
    installed = read.requirements if read is not None else ()
    files = [*image.requirements, *(os.path.relpath(context / p, config.root) for p in installed)]
    paths = list(dict.fromkeys((config.root / file).resolve() for file in files))
    with kept() as facts:
        return read_leniently(paths, config.root, image.extras, image.groups, facts)
