"""The nouns: plain frozen values that flow from one part of pruner to the next.

Every value here can be written as JSON by msgspec without further words. Paths are strings as the
sandbox sees them; they are never opened by pruner unless a sandbox maps them to the host first.
Names of distributions are normalised (PEP 503) wherever they are compared.
"""

from collections.abc import Iterable
from enum import IntEnum, StrEnum
from itertools import takewhile

import msgspec
from packaging.utils import canonicalize_name


def normalise(name: str) -> str:
    """Return the name of a distribution as PEP 503 compares it."""
    return str(canonicalize_name(name))


class Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """Base of every value: immutable, compared by content."""


# --- what is installed -----------------------------------------------------------------------


class OwnedFile(msgspec.Struct, frozen=True, array_like=True):
    """One row of a RECORD: absolute path in the sandbox, sha256 and size where RECORD has them.

    `sha256` is the urlsafe base64 without padding that RECORD itself uses; `size` is in bytes.
    """

    path: str
    sha256: str | None = None
    size: int | None = None


class EntryPoint(msgspec.Struct, frozen=True, array_like=True):
    """What a distribution offers to whoever asks for a group: a name, and "module:attribute"."""

    group: str
    name: str
    value: str

    @property
    def module(self) -> str:
        """The dotted name of the module that is imported when it is loaded."""
        return self.value.partition(":")[0].partition("[")[0].strip()


class Distribution(Value, frozen=True):
    """An installed distribution, read from its metadata."""

    name: str
    version: str
    requires: tuple[str, ...] = ()  # Requires-Dist as written, markers and all
    files: tuple[OwnedFile, ...] = ()
    managed: bool = True  # False: no RECORD, so it belongs to the system and is never pruned
    local: str | None = None  # direct_url of a tree or archive that no index has
    archive: str | None = None  # direct_url of an archive behind http(s), which a lock can pin
    own: str | None = None  # folder of the project that it was installed from: first-party code
    offers: tuple[EntryPoint, ...] = ()
    tags: tuple[str, ...] = ()  # of its wheel: "cp311-cp311-manylinux_2_17_x86_64"

    @property
    def key(self) -> str:
        """The normalised name, by which distributions are compared."""
        return normalise(self.name)

    @property
    def size_bytes(self) -> int:
        """Bytes on disk as RECORD lists them."""
        return sum(file.size or 0 for file in self.files)


class Inventory(Value, frozen=True):
    """Everything that is installed for one interpreter of one sandbox."""

    python: str  # "3.11.2"
    executable: str
    markers: dict[str, str]  # PEP 508 environment of that interpreter
    site_dirs: tuple[str, ...]  # real paths, in the order in which they are searched
    stdlib_dirs: tuple[str, ...]
    distributions: tuple[Distribution, ...]
    aliases: dict[str, str] = {}
    stdlib_modules: frozenset[str] = frozenset()  # top-level names
    on_disk: dict[str, str] = {}
    changed: frozenset[str] = frozenset()  # libraries that are not as RECORD has them
    requires: dict[str, tuple[str, ...]] = {}
    copies: dict[str, str] = {}  # installed first-party files -> their paths in the source tree
    indexes: tuple[tuple[str, str], ...] = ()  # as Dockerfile.indexes; of pip's configuration there

    @property
    def version(self) -> tuple[int, ...]:
        """The interpreter's version as numbers, as far as they go: (3, 11, 2)."""
        parts = takewhile(str.isdecimal, self.python.split("."))
        return tuple(map(int, parts))

    def by_key(self) -> dict[str, Distribution]:
        """Return the distributions by normalised name."""
        return {dist.key: dist for dist in self.distributions}


# --- what could be loaded --------------------------------------------------------------------


class Guard(StrEnum):
    """What stands around an import, weakest reason to keep it last."""

    MODULE = "module"  # runs whenever its file is loaded
    FUNCTION = "function"  # runs when the function is called
    MAIN = "main"  # under `if __name__ == "__main__"`
    TRY = "try"  # its absence is handled: except ImportError, suppress(ImportError), find_spec
    TYPE_CHECKING = "type-checking"  # never runs

    @property
    def copes(self) -> bool:
        """Whether the code around the import copes with its absence."""
        return self in {Guard.TRY, Guard.TYPE_CHECKING}


class ImportSite(Value, frozen=True):
    """One import in one source file: `from module import symbol`, or `import module`."""

    file: str
    line: int
    module: str  # absolute dotted name; relative imports are resolved
    symbol: str | None = None  # of a from-import: an attribute or a submodule
    guard: Guard = Guard.MODULE
    dynamic: bool = False  # import_module("x"), __import__("x"), run_module("x")
    platform: bool = False  # under a question about the system or the version of Python
    deferred: bool = False  # in the body of a function
    instead: str = ""  # the module of which the import has to fail first: `import tomllib`
    gpu: bool = False  # under a question about a GPU


class Ask(Value, frozen=True):
    """What code asks for by a call that is no import, at one line."""

    kind: str  # "metadata" of a distribution, "script": a program that is started; in analysis
    # "import" and "file" as well
    what: str  # a name of a distribution, as written, or of a program, without its folder;
    # "" is a distribution of which only a run tells the name
    line: int
    guard: Guard = Guard.MODULE


class SourceFile(Value, frozen=True):
    """A first-party file, its module name, and the imports in it."""

    path: str  # relative to the project, with /
    module: str
    sites: tuple[ImportSite, ...] = ()
    texts: dict[str, int] = {}  # single words and schemes of URLs among its strings, their lines
    asks: tuple[Ask, ...] = ()
    uses: dict[str, int] = {}  # what it reads off modules, "cv2.imshow", and the first line of each
    script: bool = False  # asks whether it is "__main__"
    names: dict[str, int] = {}  # every name that it mentions, and the first line of each
    computed: frozenset[str] = frozenset()  # see `analysis.callers.Mentions`


class Unreadable(Value, frozen=True):
    """A first-party file that could not be parsed, and why."""

    path: str
    line: int
    why: str


class SourceTree(Value, frozen=True):
    """The first-party files, and which of them import which."""

    files: dict[str, SourceFile]  # by path
    edges: dict[str, tuple[str, ...]]  # path -> paths that it imports
    unreadable: tuple[Unreadable, ...] = ()
    settings: dict[str, str] = {}

    def reached_from(self, roots: Iterable[str]) -> frozenset[str]:
        """Return the paths that the given paths lead to, themselves included."""
        seen: set[str] = set()
        todo = [root for root in roots if root in self.files]
        while todo:
            path = todo.pop()
            if path not in seen:
                seen.add(path)
                todo.extend(self.edges.get(path, ()))
        return frozenset(seen)


# --- what was loaded -------------------------------------------------------------------------


class Loaded(Value, frozen=True):
    """One file that a process loaded or read, and the line that asked for it, if that is known."""

    kind: str  # "module" | "extension" | "library"; where it was only read, "data" | "metadata"
    what: str  # dotted module name, or the file's name
    file: str
    by: str | None = None  # "path:line" of the importing statement


class Attempt(Value, frozen=True):
    """A name that was looked up, whether or not anything was found.

    Of a module; in `Trace.lookups` the normalised name of a distribution, and never `failed`.
    """

    module: str
    by: str | None = None
    failed: bool = False  # looked up, and not in sys.modules at the last look


class Program(Value, frozen=True):
    """A program that was started, and the Debian package that owns it, where one does."""

    what: str  # absolute path; a bare name where PATH did not lead to it
    by: str | None = None
    package: str | None = None


class Host(Value, frozen=True):
    """A host that was looked up (no port), or that a connection was tried to."""

    name: str  # a name or an address, without brackets
    port: int | None = None
    by: str | None = None


class Outcome(Value, frozen=True):
    """How one exercise ended: "200", "exit 0", "timed out", "connection refused"."""

    name: str
    outcome: str
    ok: bool
    detail: str = ""  # the first line that explains a failure


class AgentStatus(StrEnum):
    """How the run of one agent ended."""

    OK = "ok"
    EXITED = "exited"  # before it was ready, or in the middle of an exercise
    NOT_READY = "not-ready"
    MEMORY = "out-of-memory"
    FAILED = "exercise-failed"


class Trace(Value, frozen=True):
    """One run of one agent: what it loaded, and how its exercises went."""

    agent: str
    status: AgentStatus
    seconds: float  # from start until ready
    loaded: tuple[Loaded, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    exercises: tuple[Outcome, ...] = ()
    processes: int = 0
    torn: tuple[str, ...] = ()  # event files whose last line was cut off
    detail: str = ""  # what the agent said last, when it failed
    memory_bytes: int | None = None
    opened: tuple[Loaded, ...] = ()  # files of distributions that were read
    programs: tuple[Program, ...] = ()
    hosts: tuple[Host, ...] = ()
    lookups: tuple[Attempt, ...] = ()  # distributions whose metadata was asked for by name
    dropped: int = 0  # events that could not be used: see trace/events.py
    gpu: bool = False  # the driver of one was there, or its library was mapped

    @property
    def modules(self) -> int:
        """How many modules were loaded."""
        return sum(1 for item in self.loaded if item.kind != "library")


# --- what follows from it --------------------------------------------------------------------


class Level(IntEnum):
    """Strongest evidence for a distribution; a higher value is stronger."""

    UNUSED = 0
    DECLARED = 1
    GUARDED = 2
    REACHABLE = 3
    LINKED = 4
    REQUIRED = 5
    OBSERVED = 6

    @property
    def word(self) -> str:
        """The level as reports and verdicts.json spell it."""
        return self.name.lower()


class Policy(StrEnum):
    """Which levels are kept."""

    SAFE = "safe"
    MINIMAL = "minimal"
    AGGRESSIVE = "aggressive"


class Proof(Value, frozen=True):
    """One reason for a verdict."""

    kind: (
        str  # "module", "extension", "library", "data", "metadata", "script", "import", "linked", …
    )
    what: str
    by: str | None = None
    agent: str | None = None


class Verdict(Value, frozen=True):
    """What becomes of one distribution, and why. It cannot be built without a reason."""

    name: str
    version: str
    verdict: str  # "keep" | "drop"
    level: str
    size_bytes: int
    why: str
    proof: tuple[Proof, ...] = ()
    needs: tuple[str, ...] = ()  # what it declares, of what is installed
    chain: tuple[str, ...] = ()  # the lines that lead to it, "path:line", the entrypoint's first
    used_by: tuple[str, ...] = ()  # distributions whose code loads or reaches it; "" is the image's
    own: str | None = None  # the folder that it is installed from: first-party, and in no lock

    def __post_init__(self) -> None:
        """Refuse a verdict that gives no reason."""
        if not self.why:
            message = f"verdict on {self.name} has no reason"
            raise ValueError(message)

    @property
    def kept(self) -> bool:
        """Whether the distribution stays."""
        return self.verdict == "keep"


class Choice(Value, frozen=True):
    """One way to settle a conflict that evidence does not: what it means, and how it is said."""

    what: str
    config: str  # the line of pruner.toml, or the requirement line, that says it


class Conflict(Value, frozen=True):
    """Distributions that cannot live together, or one that cannot live here, and what was settled.

    Kinds: "files" (several own one file), "import-name" (several offer one), "builds" (of one
    project), "cuda" (several stacks), "library" (one that nothing here has), "platform" (built for
    a newer system), "metadata" (what one declares of another does not hold).
    """

    kind: str
    distributions: tuple[str, ...]  # by key, sorted
    why: str
    settled: bool  # False: `choices` are what a person has to choose from
    keep: str | None = None
    drop: tuple[str, ...] = ()
    use: str | None = None  # what takes their place: "opencv-python-headless==4.9.0.80"
    proof: tuple[Proof, ...] = ()
    choices: tuple[Choice, ...] = ()
    note: bool = False  # for the record: nothing that ran is touched; reports count it, no more


class Finding(Value, frozen=True):
    """Something that a person should look at."""

    code: str
    severity: str  # "error" | "warning" | "note"
    where: str
    what: str
    fix: str = ""
    size_bytes: int | None = None  # what it costs; None: not known
