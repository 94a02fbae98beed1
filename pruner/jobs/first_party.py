"""The first-party sources of a project, as a job reads them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pruner.config import Config
from pruner.inventory.facts import Facts
from pruner.model import SourceTree
from pruner.sandbox.workspace import facts_file
from pruner.static.conditions import Version
from pruner.static.tree import read_tree


def first_party(config: Config, note: Callable[[str], object], python: Version = ()) -> SourceTree:
    """Return the sources that a configuration names; a file is parsed once on a machine.

    `note` is told what is wrong with the file of facts, where something is. Raises UsageError where
    a source does not exist.
    """
    with kept(note) as facts:
        return read_tree(config.root, config.source, python, without=config.locks, cache=facts)


@contextmanager
def kept(note: Callable[[str], object] = str) -> Iterator[Facts]:
    """Open what is known of files; `note` is told what is wrong with it, where something is."""
    with Facts.open(facts_file()) as facts:
        yield facts
    for line in facts.notes:
        note(f"note: {line}")
