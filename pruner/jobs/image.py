"""`pruner image`: write the Dockerfile of a lock, and what its build context needs."""

from json import dumps
from typing import TYPE_CHECKING, NamedTuple

from pruner.config import Agent, Config, Image
from pruner.config.files import read_text
from pruner.errors import UsageError
from pruner.files import write_all
from pruner.image.bases import has_cuda
from pruner.image.dockerfile import read_dockerfile
from pruner.image.final import final_instructions
from pruner.image.instructions import Instruction, split
from pruner.image.minimal.health import health
from pruner.image.minimal.ignore import dockerignore
from pruner.image.minimal.packages import builds, needed
from pruner.image.minimal.recipe import Health, Recipe, dockerfile, shared_dockerfile
from pruner.image.minimal.steps import Original, Steps, steps
from pruner.image.shell import commands
from pruner.image.steps import Purpose, purpose, system_packages
from pruner.image.values import Dockerfile
from pruner.jobs.committed import read_verdicts
from pruner.jobs.context import context_of
from pruner.jobs.observe import locks_folder
from pruner.jobs.sharing import Sharing
from pruner.lock.header import CONSTRAINTS
from pruner.model import Document, Finding, Value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

IGNORE = "Dockerfile.dockerignore"
"""BuildKit takes it for the Dockerfile beside it before the .dockerignore of the context."""
COMPILERS = ("build-essential",)
"""What builds a release without a wheel where the original names nothing to build with."""


class Emitted(Value, frozen=True):
    """What was written for an image: paths from the root of the project, and what to look at."""

    image: str
    files: tuple[str, ...]
    shared: str | None = None  # the folder of the base that it shares with other images
    saved_bytes: int = 0  # by that, over all its images
    findings: tuple[Finding, ...] = ()


class _Read(NamedTuple):
    """An image's Dockerfile, as far as it has one."""

    path: str
    lines: tuple[str, ...]
    value: Dockerfile | None
    everything: tuple[Instruction, ...] = ()
    last: tuple[Instruction, ...] = ()


def emit(config: Config, image: Image, sharing: Sharing) -> Emitted:
    """Write the Dockerfile of an image's committed lock, all files at once."""
    folder = locks_folder(config, image)
    document = read_verdicts(folder / "verdicts.json")
    read = _read(config, image)
    recipe, found = _recipe(config, image, document, read, sharing)
    copied = [recipe.requirements, *([recipe.constraints] if recipe.constraints else [])]
    copied += [recipe.shared.requirements] if recipe.shared else []
    texts: dict[Path, str | bytes] = {
        folder / "Dockerfile": dockerfile(recipe),
        folder / IGNORE: dockerignore([*found.copied, *copied]),
    }
    if recipe.shared is not None:
        place = config.root / recipe.shared.requirements
        texts[place] = sharing.requirements(image.name)
        text = shared_dockerfile(recipe.shared, recipe.base, recipe.python, recipe.pip)
        texts[place.with_name("Dockerfile")] = text
        texts[place.with_name(IGNORE)] = dockerignore([recipe.shared.requirements])
    write_all(texts)
    group = sharing.group(image.name)
    return Emitted(
        image=image.name,
        files=tuple(path.relative_to(config.root).as_posix() for path in texts),
        shared=recipe.shared.requirements.rpartition("/")[0] if recipe.shared else None,
        saved_bytes=group.saved_bytes if group else 0,
        findings=found.findings,
    )


def _read(config: Config, image: Image) -> _Read:
    if image.dockerfile is None:
        return _Read(image.name, (), None)
    path = config.root / image.dockerfile
    text = read_text(path, image.dockerfile)
    value = read_dockerfile(path, image.build_args, shown=image.dockerfile)
    everything = split(text, image.dockerfile)
    last = final_instructions(everything, value)
    lines = tuple(line.rstrip("\r") for line in text.split("\n"))
    return _Read(image.dockerfile, lines, value, everything, last)


def _recipe(
    config: Config, image: Image, document: Document, read: _Read, sharing: Sharing
) -> tuple[Recipe, Steps]:
    folder = locks_folder(config, image)
    agent = _main_agent(image, read.value)
    python = _python(read.value, document)
    probe = health(agent.ready, python) if agent is not None else ()
    found = _steps(config, image, document, read, health_=bool(probe))
    if found.stages:
        raise UsageError(
            f"{read.path}: copies from the stage {found.stages[0]}, which is not carried over yet",
            hint="only what installs distributions may come from another stage",
        )
    named = _named(read.last)
    constraints = folder / CONSTRAINTS
    place = folder.relative_to(config.root).as_posix()
    unseen = not document.packages and read.value is not None
    recipe = Recipe(
        image=image.name,
        base=sharing.base(image.name),
        requirements=f"{place}/requirements.txt",
        constraints=f"{place}/{CONSTRAINTS}" if constraints.is_file() else None,
        python=python,
        venv=sharing.venv(image.name),
        shared=sharing.shared(image.name),
        builds=_builders(read.everything) if constraints.is_file() else (),
        packages=_packages(document, named, read),
        unseen=unseen,
        gpu=_carries_cuda(document, image, read.value),
        steps=found.texts,
        start=tuple(_start(image, read.value)),
        user=_user(read.value),
        health=Health(argv=probe, start_seconds=int(agent.ready.timeout))
        if probe and agent
        else None,
        pip=_pip_variables(read.value),
    )
    findings = found.findings
    if unseen and named:
        findings = (*findings, _unseen(image, read.path))
    return recipe, found._replace(findings=findings)


def _steps(
    config: Config, image: Image, document: Document, read: _Read, *, health_: bool
) -> Steps:
    context = context_of(config, image, document)
    if read.value is None:
        trees = context.sources or (".",)
        texts = ["WORKDIR /app", "ENV PYTHONPATH=/app"]
        texts += [f"COPY {tree} {tree}" for tree in trees]
        return Steps(tuple(texts), tuple(trees), (), ())
    original = Original(
        path=read.path,
        lines=read.lines,
        instructions=read.last,
        prefix=_prefix(document),
        context=context,
        folder="" if image.context == "." else image.context.rstrip("/"),
        health=health_,
    )
    return steps(original)


def _prefix(document: Document) -> str:
    return document.executable.rpartition("/bin/")[0] or "/usr/local"


def _main_agent(image: Image, read: Dockerfile | None) -> Agent | None:
    """Return the agent that the image's own command starts; the only one in any case."""
    if len(image.agents) == 1 or read is None:
        return image.agents[0]
    own = [word for word in read.argv if "python" not in word]
    return next(
        (
            agent
            for agent in image.agents
            if own and own == [word for word in agent.argv if "python" not in word]
        ),
        None,
    )


def _python(read: Dockerfile | None, document: Document) -> str:
    """Return how the image calls its interpreter."""
    argv = read.argv if read is not None else ()
    program = argv[0] if argv else ""
    if program.rpartition("/")[2].startswith("python"):
        return program
    return document.executable or "python3"


def _start(image: Image, read: Dockerfile | None) -> list[str]:
    """Return what the image starts, in the form that no shell stands in front of."""
    if read is None:
        return [f"CMD {dumps(list(image.agents[0].argv))}"]
    found = []
    if read.entrypoint is not None:
        found.append(f"ENTRYPOINT {dumps(list(read.entrypoint))}")
    if read.cmd is not None:
        found.append(f"CMD {dumps(list(read.cmd))}")
    return found or ([] if len(image.agents) != 1 else [f"CMD {dumps(list(image.agents[0].argv))}"])


def _user(read: Dockerfile | None) -> str | None:
    user = (read.user or "") if read is not None else ""
    return None if user.partition(":")[0] in {"", "root", "0"} else user


def _pip_variables(read: Dockerfile | None) -> tuple[str, ...]:
    """Return the variables of the original that say how pip reaches an index."""
    wanted = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_CERT")
    env: Mapping[str, str] = read.env if read is not None else {}
    return tuple(f"{name}={env[name]}" for name in wanted if env.get(name))


def _named(instructions: tuple[Instruction, ...]) -> tuple[str, ...]:
    """Return the Debian packages that instructions install by name."""
    return tuple(
        dict.fromkeys(
            name
            for item in instructions
            if item.name == "RUN"
            for command in commands(item) or ()
            for name in system_packages(command)
        )
    )


def _packages(document: Document, named: tuple[str, ...], read: _Read) -> tuple[str, ...]:
    """Return the Debian packages of the last stage."""
    programs = {
        command.program
        for item in read.last
        if item.name == "RUN"
        for command in commands(item) or ()
        if purpose(command) is Purpose.OTHER
    }
    if document.packages:
        return needed(document.packages, named, programs)
    return tuple(sorted(name for name in named if not _compiles(name)))


def _compiles(name: str) -> bool:
    """Return whether a package is a compiler or its company; -dev may bring a library along."""
    return name in {"gcc", "g++", "make", "cmake", "build-essential", "pkg-config"} or (
        name.startswith("python3") and builds(name)
    )


def _builders(instructions: tuple[Instruction, ...]) -> tuple[str, ...]:
    """Return what the original has to build with."""
    named = _named(instructions)
    found = [name for name in named if builds(name) or _compiles(name) or name == "git"]
    return tuple(sorted(found)) or COMPILERS


def _carries_cuda(document: Document, image: Image, read: Dockerfile | None) -> bool:
    wheels = any(row.kept and row.name.startswith("nvidia-c") for row in document.distributions)
    return wheels and (image.gpu or (read is not None and has_cuda(read.base)))


def _unseen(image: Image, path: str) -> Finding:
    return Finding(
        code="PRN303",
        severity="note",
        where=path,
        what="nobody has looked at the image, so Debian packages that nothing uses stay",
        fix=f"`pruner lock --image {image.name} --runtime docker`, then this again",
    )
