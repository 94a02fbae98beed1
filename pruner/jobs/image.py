"""`pruner image`: write the Dockerfile of a lock, and what its build context needs."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from pruner.config import Agent, Config, Image
from pruner.files import write_all
from pruner.image.bases import has_cuda
from pruner.image.minimal.base import Moved
from pruner.image.minimal.health import health
from pruner.image.minimal.ignore import dockerignore
from pruner.image.minimal.original import Original
from pruner.image.minimal.packages import builds, needed
from pruner.image.minimal.recipe import Health, Recipe
from pruner.image.minimal.starting import starting, without_shell
from pruner.image.minimal.steps import Steps, steps
from pruner.image.minimal.text import dockerfile, shared_dockerfile
from pruner.image.values import Dockerfile
from pruner.jobs.context import context_of, folder_of, ignored
from pruner.jobs.keeping import replace
from pruner.jobs.observe import locks_folder
from pruner.jobs.original import is_compiler, named_packages, programs, words
from pruner.jobs.owned import own_projects
from pruner.jobs.sharing import Known, Sharing
from pruner.lock.guard import MODULE as GUARD
from pruner.lock.header import CONSTRAINTS
from pruner.model import Finding, Value

if TYPE_CHECKING:
    from pathlib import Path

IGNORE = "Dockerfile.dockerignore"
"""BuildKit takes it for the Dockerfile beside it before the .dockerignore of the context."""
COMPILERS = ("build-essential",)
"""What builds a release without a wheel where the original names nothing to build with."""
UNPROVEN = "NOT PROVEN: the agents have not run from this lock. Do not ship what is built from it."


class Emitted(Value, frozen=True):
    """What was written for an image: paths from the root of the project, and what to look at."""

    image: str
    files: tuple[str, ...]
    shared: str | None = None  # the folder of the base that it shares with other images
    saved_bytes: int = 0  # by that, over all its images
    findings: tuple[Finding, ...] = ()


def emit(config: Config, image: Image, sharing: Sharing, say: Callable[[str], object]) -> Emitted:
    """Write the Dockerfile of an image's committed lock, and keep it with the lock.

    Raises UsageError where there is no lock, or where the original's Dockerfile cannot be read.
    """
    known = sharing.known(image.name)
    folder = locks_folder(config, image)
    found = _steps(config, image, known, say)
    recipe = _recipe(config, image, known, found, sharing)
    pins = [recipe.requirements, *([recipe.constraints] if recipe.constraints else [])]
    pins += [*recipe.guard, *([recipe.shared.requirements] if recipe.shared else [])]
    pins += [path for each in recipe.own for path in (*each.files, *each.folders)]
    hidden = ignored(config, image)
    text = dockerignore(found.copied, pins, hidden, folder_of(config, image))
    own = {"Dockerfile": dockerfile(recipe).encode(), IGNORE: text.encode()}
    replace(config, image, lambda there: {**there, **own}, "image", say)
    shared: dict[Path, str | bytes] = {}
    if recipe.shared is not None:
        place = config.root / recipe.shared.requirements
        shared[place] = sharing.requirements(image.name)
        shared[place.with_name("Dockerfile")] = shared_dockerfile(recipe.shared, recipe.base)
        shared[place.with_name(IGNORE)] = dockerignore([], [recipe.shared.requirements])
    write_all(shared)
    written = (*(folder / name for name in own), *shared)
    return Emitted(
        image=image.name,
        files=tuple(path.relative_to(config.root).as_posix() for path in written),
        shared=recipe.shared.requirements.rpartition("/")[0] if recipe.shared else None,
        saved_bytes=recipe.shared.saved_bytes if recipe.shared else 0,
        findings=(*found.findings, *_findings(image, known, recipe)),
    )


def _steps(config: Config, image: Image, known: Known, say: Callable[[str], object]) -> Steps:
    read, document = known.read, known.document
    context = context_of(config, image, document, read.value, words(read), say)
    prefix = known.venv or document.executable.rpartition("/bin/")[0] or "/usr/local"
    agent = _main_agent(image, read.value)
    return steps(
        Original(
            path=read.path,
            lines=read.lines,
            instructions=read.everything,
            read=read.value,
            given=image.build_args if image.dockerfile is not None else {},
            prefix=prefix,
            context=context,
            folder=folder_of(config, image),
            health=agent is not None and bool(health(agent.ready, "python3")),
            moved=known.moved is not None,
        )
    )


def _recipe(config: Config, image: Image, known: Known, found: Steps, sharing: Sharing) -> Recipe:
    folder = locks_folder(config, image)
    place = folder.relative_to(config.root).as_posix()
    document, value = known.document, known.read.value
    agent = _main_agent(image, value)
    shared = sharing.shared(image.name)
    built = (folder / CONSTRAINTS).is_file()
    names = [f"{GUARD}{suffix}" for suffix in (".py", ".pth", ".start")]
    in_shared = shared.replaced if shared is not None else ()
    return Recipe(
        image=image.name,
        base=known.base,
        requirements=f"{place}/requirements.txt",
        constraints=f"{place}/{CONSTRAINTS}" if built else None,
        own=own_projects(config, document),
        guard=tuple(f"{place}/{name}" for name in names if (folder / name).is_file()),
        python=known.python,
        venv=known.venv,
        shared=shared,
        builds=_builders(known, built=built),
        packages=_packages(known),
        replaced=tuple(name for name in known.replaced if name not in in_shared),
        remarks=tuple(_remarks(known)),
        unseen=not document.packages,
        gpu=(image.gpu or has_cuda(value.base)) and not has_cuda(known.base),
        before=found.before,
        steps=found.texts,
        code=found.code,
        start=tuple(starting(value, image.agents[0].argv if len(image.agents) == 1 else ())),
        user=_user(value),
        health=_health(agent, known),
        pip=known.pip,
    )


def _main_agent(image: Image, read: Dockerfile) -> Agent | None:
    """Return the agent that the image's own command starts; the only one in any case."""
    if len(image.agents) == 1:
        return image.agents[0]
    own = _words(read.argv)
    return next((agent for agent in image.agents if own and own == _words(agent.argv)), None)


def _words(argv: tuple[str, ...]) -> list[str]:
    return [word for word in without_shell(argv) if not _is_python(word)]


def _is_python(word: str) -> bool:
    return word.rpartition("/")[2].startswith("python")


def _health(agent: Agent | None, known: Known) -> Health | None:
    if agent is None:
        return None
    program = next(iter(without_shell(known.read.value.argv)), "")
    own = f"{known.venv}/bin/python" if known.venv is not None else known.python
    argv = health(agent.ready, program if _is_python(program) else own)
    return Health(argv=argv, start_seconds=round(agent.ready.timeout)) if argv else None


def _user(read: Dockerfile) -> str | None:
    user = read.user or ""
    return None if user.partition(":")[0] in {"", "root", "0"} else user


def _packages(known: Known) -> tuple[str, ...]:
    """Return the Debian packages of the last stage."""
    if known.moved is not None:
        return known.moved.packages
    last = known.read.last
    named = named_packages(last)
    if known.document.packages:
        return needed(known.document.packages, named, programs(last))
    return tuple(sorted(name for name in named if not is_compiler(name)))


def _builders(known: Known, *, built: bool) -> tuple[str, ...]:
    """Return the Debian packages of the builder: the system's Python, and what builds."""
    named = named_packages(known.read.everything)
    found: set[str] = set()
    if known.moved is None and any(name == "python3" or is_python(name) for name in named):
        found |= {name for name in named if is_python(name)} | {"python3-pip"}
    if built:
        tools = {name for name in named if builds(name) or is_compiler(name) or name == "git"}
        found |= tools or set(COMPILERS)
    return tuple(sorted(found))


def is_python(name: str) -> bool:
    """Return whether a Debian package is an interpreter, or what installs with it."""
    parts = name.split("-", 1)
    rest = parts[1] if len(parts) > 1 else ""
    return parts[0].startswith("python3") and rest in {
        "",
        "pip",
        "venv",
        "dev",
        "distutils",
        "full",
    }


def _remarks(known: Known) -> list[str]:
    found = []
    proof = known.document.proof
    if proof is None or not proof.passed:
        found.append(UNPROVEN)
    if known.moved is not None:
        found.append(
            f"The original stands on {known.read.value.base}. Nothing of its CUDA is used: the"
            " wheels bring their own, and the container runtime brings the driver."
        )
    return found


def _findings(image: Image, known: Known, recipe: Recipe) -> list[Finding]:
    path, found = known.read.path, []
    proof = known.document.proof
    if proof is None or not proof.passed:
        fix = f"`pruner lock --image {image.name}`, then this again"
        found.append(_finding("PRN307", "warning", path, "its lock is not proven", fix))
    where = f"{path}:{known.read.value.stages[-1].line}"
    if isinstance(known.moved, Moved):
        what = f"nothing uses the CUDA of {known.read.value.base}: {known.base} takes its place"
        found.append(_finding("PRN305", "note", where, what))
    elif known.stays:
        what = f"{known.read.value.base} stays: {known.stays}"
        found.append(_finding("PRN305", "note", where, what))
    if recipe.unseen and recipe.packages:
        what = "nobody has looked at the image, so Debian packages that nothing uses stay"
        fix = f"`pruner lock --image {image.name} --runtime docker`, then this again"
        found.append(_finding("PRN303", "note", path, what, fix))
    if recipe.constraints is not None and known.document.python.startswith(("3.8.", "3.9.")):
        what = "something has to be built, and no pip for this Python pins what builds it"
        found.append(_finding("PRN310", "warning", path, what, "move the image to Python 3.10"))
    folders = [row for row in known.options if row.startswith("--find-links") and "://" not in row]
    if folders:
        what = f"pins come from a folder, which a build does not see: {folders[0]}"
        found.append(_finding("PRN309", "warning", path, what, "put them on an index"))
    return found


def _finding(code: str, severity: str, where: str, what: str, fix: str = "") -> Finding:
    return Finding(code=code, severity=severity, where=where, what=what, fix=fix)
