"""What reading first-party sources gives, beside the nouns of `pruner.model`."""

from pruner.model import Ask, ImportSite, SourceTree, Unreadable, Value


class BlindSpot(Value, frozen=True):
    """An import whose target the text does not tell: what it loads is not guessed.

    `prefix` is what can be read of the name, as in `import_module(f"plugins.{name}")`.
    """

    file: str
    line: int
    why: str
    prefix: str = ""


class Scan(Value, frozen=True):
    """What one pass over one source file finds."""

    sites: tuple[ImportSite, ...] = ()
    blind: tuple[BlindSpot, ...] = ()
    exports: tuple[str, ...] = ()  # `__all__`, where it is a literal: what a star import loads
    texts: dict[str, int] = {}  # noqa: RUF012  words and schemes in its strings, if asked for
    asks: tuple[Ask, ...] = ()
    uses: dict[str, int] = {}  # noqa: RUF012  "cv2.imshow" -> its first line, if asked for
    names: dict[str, int] = {}  # noqa: RUF012  every name that it mentions, if asked for
    computed: frozenset[str] = frozenset()  # see `analysis.callers.Mentions`, if asked for
    script: bool = False  # asks whether `__name__` is "__main__", so its folder is an import root
    unread: Unreadable | None = None  # only the import statements were read, and why


class Survey(Value, frozen=True):
    """The first-party sources, and the imports in them that cannot be read."""

    tree: SourceTree
    blind: tuple[BlindSpot, ...] = ()
