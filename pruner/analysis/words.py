"""What strings say: a driver in the URL of a database, a parser or a backend by its name."""

from collections.abc import Iterable, Mapping

from pruner.analysis.attribution import Ownership
from pruner.model import Proof, SourceTree, Value


class Driver(Value, frozen=True):
    """What a library loads for a URL that names no driver: sqlalchemy, postgresql, psycopg2."""

    user: str  # the key of the distribution that reads the URL
    scheme: str
    module: str


class Words:
    """The words of first-party strings, of commands and of environments, and where they stand."""

    def __init__(self, tree: SourceTree, files: Iterable[str], said: Mapping[str, str]) -> None:
        self.where: dict[str, str] = {}
        for path in sorted(files):
            for word, line in tree.files[path].texts.items():
                self.where.setdefault(word, f"{path}:{line}")
        for word, place in said.items():
            self.where.setdefault(word, place)

    def drivers(
        self, defaults: Iterable[Driver], used: Iterable[str], ownership: Ownership
    ) -> tuple[dict[str, tuple[Proof, ...]], dict[str, str]]:
        """Return what URLs ask for: the proofs by distribution, and the modules with their lines.

        "postgresql+asyncpg" names its driver. Where none is named, `defaults` tell what each of the
        distributions that are `used` loads for a scheme.
        """
        known = frozenset(used)
        named = [
            (word, word.partition("+")[2].partition(".")[0], by)
            for word, by in self.where.items()
            if "+" in word
        ]
        named += [
            (row.scheme, row.module, self.where[row.scheme])
            for row in defaults
            if row.user in known and row.scheme in self.where
        ]
        proofs: dict[str, tuple[Proof, ...]] = {}
        modules: dict[str, str] = {}
        for word, module, by in named:
            for key in ownership.of_module(module):
                modules.setdefault(module, by)
                proofs.setdefault(key, (Proof(kind="url", what=f"{word}://", by=by),))
        return proofs, modules
