"""The document: what `--json` prints and verdicts.json holds, part by part.

Its parts are values as those of `pruner.model` are.
"""

from pruner.model import Conflict, Finding, Outcome, Value, Verdict


class ProgramReport(Value, frozen=True):
    """A program outside the distributions that an agent started, and its Debian package."""

    what: str  # absolute path; a bare name where there is no such program
    package: str | None = None


class RunReport(Value, frozen=True):
    """One run of an agent's record, and what the runs before it had not used."""

    when: str  # UTC, "2026-11-24T10:02:03Z"
    modules: int
    added_modules: int
    added_distributions: tuple[str, ...] = ()


class AgentReport(Value, frozen=True):
    """One agent in the document; where there are `runs`, `modules` counts those of all of them."""

    name: str
    status: str
    modules: int
    seconds: float
    exercises: tuple[Outcome, ...] = ()
    programs: tuple[ProgramReport, ...] = ()
    runs: tuple[RunReport, ...] = ()


class SystemPackage(Value, frozen=True):
    """A Debian package of the image, and what of it agents were seen to use."""

    name: str
    version: str
    size_bytes: int  # as dpkg has it: Installed-Size
    base: bool  # the base image brings it
    seen: tuple[str, ...] = ()  # files that a trace mapped, opened or ran, at most five
    silent: bool = False  # nothing in it could be seen: neither a program nor a library, not -dev
    needs: tuple[str, ...] = ()  # installed packages that it depends on
    linked: tuple[str, ...] = ()  # files that a library which stays asks for, at most five


class BaseImage(Value, frozen=True):
    """The image that the Dockerfile's last stage stands on, and its digest where it has one."""

    name: str
    digest: str | None = None  # "sha256:…"


class LockFiles(Value, frozen=True):
    """The lock that was written: paths relative to the project, and the number of pins."""

    requirements: str
    pylock: str
    pins: int


class Sizes(Value, frozen=True):
    """Bytes of the installed distributions, before and after."""

    before: int
    after: int


class Restored(Value, frozen=True):
    """A distribution that the proof put back."""

    name: str
    why: str


class ProofReport(Value, frozen=True):
    """Whether the lock was proven, in how many rounds, and what had to be put back."""

    passed: bool
    rounds: int
    restored: tuple[Restored, ...] = ()
    differences: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()  # import names that were imported by themselves


class Confidence(Value, frozen=True):
    """How much the verdicts can be relied on, from 0 to 1, and what that rests on.

    An order, not a probability: docs/confidence.md has the formula and its limits.
    """

    score: float
    because: tuple[str, ...]  # one reason a factor, with its figure


class GpuCheck(Value, frozen=True):
    """What a library said of a GPU in the original, and in the environment of the lock."""

    what: str
    before: str
    after: str = ""  # "" where it was not asked


class GpuReport(Value, frozen=True):
    """Whether the GPU that an image asks for was there, and which libraries could use it."""

    asked: bool
    there: bool
    device: str = ""  # as its driver calls it; "" where nothing says so
    checks: tuple[GpuCheck, ...] = ()


class Aligned(Value, frozen=True):
    """A pin that was moved to the version of other images; without `images` it moved along."""

    name: str
    before: str  # the traced version; "" where it was not installed
    version: str
    images: tuple[str, ...] = ()


class Inputs(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What a lock was made from, as far as `pruner drift` tells by it that it no longer fits."""

    modules: dict[str, tuple[str, ...]] = {}  # distribution -> its topmost import names
    absent: dict[str, str] = {}  # import that nothing in the lock answers -> "needed" | "coped"
    unnamed: dict[str, tuple[str, ...]] = {}  # left out -> functions of libraries that need it
    entries: tuple[str, ...] = ()  # first-party files that lead to all that are reached
    scripts: tuple[str, ...] = ()  # those beside them that can be started
    started: tuple[str, ...] = ()  # those that the Dockerfile or a compose file starts
    requirements: tuple[str, ...] = ()  # as written, normalised
    base: str = ""  # of the Dockerfile, its arguments put in
    settings: dict[str, tuple[str, ...]] = {}  # policy, target, python, gpu, keep, use
    pins: dict[str, dict[str, str]] = {}  # file of the lock -> pin -> digest of what it says
    files: dict[str, str] = {}  # file of the lock -> digest of all of it


class Timing(Value, frozen=True):
    """Where the time went: seconds of one step, and whose work it was."""

    step: str
    seconds: float
    sandbox: bool  # True: installing, starting, exercising; False: pruner's own work


# Schema 1 of verdicts.json: the document of design.md.
SCHEMA = 1


class Document(Value, frozen=True, kw_only=True, omit_defaults=True):
    """What `--json` prints and verdicts.json holds. Commands leave out the parts they lack."""

    schema: int
    image: str
    runtime: str
    policy: str
    python: str
    agents: tuple[AgentReport, ...] = ()
    distributions: tuple[Verdict, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    findings: tuple[Finding, ...] = ()
    lock: LockFiles | None = None
    size_bytes: Sizes | None = None
    proof: ProofReport | None = None
    confidence: Confidence | None = None
    aligned: tuple[Aligned, ...] = ()
    executable: str = ""  # the interpreter of the image, an absolute path
    base: BaseImage | None = None
    packages: tuple[SystemPackage, ...] = ()  # only where the image itself was looked at
    gpu: GpuReport | None = None
    inputs: Inputs | None = None  # only in a lock that was written


class Failure(Value, frozen=True):
    """An image that could not be locked, and the exit code that it would have ended with."""

    image: str
    code: int
    error: str
    hint: str | None = None


class Documents(Value, frozen=True):
    """What `lock --all --json` prints."""

    schema: int
    images: tuple[Document, ...]
    errors: tuple[Failure, ...]
