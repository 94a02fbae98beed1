"""The local sandbox: a throwaway virtual environment, behind bubblewrap where it works."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from pruner.config import Agent, Image, Service
from pruner.errors import OutsideError, UsageError
from pruner.files import copy_tree
from pruner.image.dockerfile import dockerfile_of
from pruner.requirements import of_image
from pruner.sandbox import uv
from pruner.sandbox.base import (
    Base,
    Completed,
    Environment,
    Exit,
    LockFiles,
    Measure,
    Session,
    last_line,
)
from pruner.sandbox.bubblewrap import executable as bubblewrap
from pruner.sandbox.bubblewrap import walls
from pruner.sandbox.building import (
    Built,
    Source,
)
from pruner.sandbox.installing import Rebuilding, index_variables, written
from pruner.sandbox.measuring import lay_out, writable
from pruner.sandbox.probes import Answer, ask, probe
from pruner.sandbox.projects import arguments, own_projects
from pruner.sandbox.pythons import search_path
from pruner.sandbox.supervised import Supervised, head, tail
from pruner.sandbox.workspace import Workspace, facts_file, store

GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL."""

NOBODY = 65534

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Servers live in sbin."""

UNBUILT = shutil.ignore_patterns(".git", ".pruner", ".venv", "__pycache__", "node_modules")
"""What no build of a requirement needs, and is large."""

AT_ONCE = 0.2
"""Seconds in which a service that cannot start has ended."""


class LocalSandbox:
    """Virtual environments that uv makes from requirements or from a lock."""

    name = "local"

    def __init__(self, root: Path, workspace: Workspace) -> None:
        self._root = root
        self._workspace = workspace
        self._rebuilding = Rebuilding(self._environment, workspace)

    @property
    def isolated(self) -> bool:
        """Whether agents run behind bubblewrap; without it they are plain processes."""
        return bubblewrap() is not None

    @contextmanager
    def original(self, image: Image) -> Iterator[Environment]:
        """Install the image's requirements, as pip would resolve them today.

        Options on the lines of requirements are taken for what was meant: uv gets files in which
        they stand where they belong.
        """
        argv = arguments(image, self._root, self._workspace.folder("requirements"))
        # pip takes the best match of all indexes; the original is to be what pip would install.
        argv += ["--index-strategy", "unsafe-best-match"]
        own = own_projects(image, self._root)
        with ExitStack() as stack:
            yield self._rebuilding.installed(image, argv, stack, own)

    def base(self, image: Image) -> Base | None:
        """Return None: the system is the host's, and no image is looked at."""
        del image
        return None

    def build(
        self, image: Image, source: Source, constraints: str, before: datetime | None
    ) -> Built:
        """Install the release into an environment of its own, from an empty cache."""
        return self._rebuilding.build(image, source, constraints, before)

    def _inside(self, key: str, folder: str) -> str:
        """Return a folder that a lock names, where it is one of this project."""
        if not (self._root / folder).resolve().is_relative_to(self._root):
            raise UsageError(f"{key}: its folder {folder!a} lies outside the project")
        return folder

    @contextmanager
    def locked(self, image: Image, lock: LockFiles) -> Iterator[Environment]:
        """Install the lock, and nothing that it does not name."""
        argv = ["--no-deps", "--require-hashes"]
        argv += written(lock, self._workspace.folder("lock"))
        own = tuple(self._inside(key, folder) for key, folder in sorted(lock.own.items()))
        with self._environment(image, argv, seed=False, own=own) as environment:
            yield environment

    @contextmanager
    def _environment(
        self,
        image: Image,
        requirements: Sequence[str],
        *,
        seed: bool,
        cache: Path | None = None,
        own: Sequence[str] = (),
    ) -> Iterator[Environment]:
        folder = self._workspace.folder("env") / "venv"
        version = image.python or self._guessed(image)
        choice = ["--python", version] if version else []
        seeded = ["--seed"] if seed else []
        uv.run(
            ["venv", *choice, *seeded, str(folder)],
            what=f"images.{image.name}: an environment of Python {version or '3'}",
            env={"PATH": search_path()},
        )
        argv = ["pip", "install", "--python", str(folder / "bin" / "python"), *requirements]
        inside = walls(
            [self._root, *interpreter_folders(folder), uv.binary().parent],
            [store()],
            network=True,
            instead={**self._copied(image, own), **_hidden()},
        )
        try:
            what = f"images.{image.name}: requirements"
            env = self._asked(image) if seed else {**uv.ALONE, **uv.cached_in(cache)}
            uv.run(argv, what=what, before=inside, env=env, cwd=self._root)
            if own:
                argv = ["pip", "install", "--python", str(folder / "bin" / "python"), "--no-deps"]
                argv += [str(self._root / place) for place in own]
                what = f"images.{image.name}: {', '.join(own)}"
                uv.run(argv, what=what, before=inside, env=self._asked(image), cwd=self._root)
            variables = self._variables(image)
            yield LocalEnvironment(image, self._root, folder, self._workspace, variables)
        finally:
            self._workspace.discard(folder)

    def _asked(self, image: Image) -> dict[str, str]:
        """Return what uv is told beside the image's requirement files.

        That are the variables that their options ask for, and the indexes of the Dockerfile.
        """
        found = of_image(image, self._root)
        asked = {name: os.environ[name] for name in found.variables}
        read = dockerfile_of(image, self._root)
        named = index_variables(read.indexes, found.indexes) if read is not None else {}
        return {**asked, **named}

    def _copied(self, image: Image, own: Sequence[str]) -> dict[Path, Path]:
        """Return a copy of the project where something is built from it: builds write there."""
        built = own or image.projects or of_image(image, self._root).direct
        if bubblewrap() is None or not built:
            return {}
        copy = self._workspace.folder("source") / "project"
        copy_tree(self._root, copy, symlinks=True, ignore=UNBUILT)
        return {self._root: copy}

    def _guessed(self, image: Image) -> str | None:
        read = dockerfile_of(image, self._root)
        return read.python_version if read is not None else None

    def _variables(self, image: Image) -> dict[str, str]:
        """Return the Dockerfile's ENV, its WORKDIR replaced by the project's folder."""
        read = dockerfile_of(image, self._root)
        if read is None:
            return {}
        here = str(self._root)
        workdir = read.workdir or "/"
        return {
            name: value.replace(workdir, here) if workdir != "/" else value
            for name, value in read.env.items()
            if name not in {"PATH", "HOME", "VIRTUAL_ENV"}
        }


def _hidden() -> dict[Path, None]:
    """Return the folder of the store that no installation may write to, where there is one."""
    folder = facts_file().parent
    return {folder: None} if folder.is_dir() else {}


def interpreter_folders(venv: Path) -> list[Path]:
    """Return the folders outside a virtual environment that its interpreter needs."""
    real = (venv / "bin" / "python").resolve()
    prefix = real.parent.parent
    linked = Path(os.readlink(venv / "bin" / "python")).parent.parent  # noqa: PTH115  one step only
    return [
        folder
        for folder in dict.fromkeys([prefix, linked])
        if not folder.is_relative_to("/usr") or folder.is_relative_to("/usr/local")
        if folder not in {Path("/"), Path("/usr")}
    ]


class LocalEnvironment:
    """One virtual environment."""

    def __init__(
        self,
        image: Image,
        root: Path,
        folder: Path,
        workspace: Workspace,
        variables: Mapping[str, str],
    ) -> None:
        self._image = image
        self._root = root
        self._folder = folder
        self._workspace = workspace
        self._tools = workspace.tools()
        self._env = {
            "PATH": f"{folder}/bin:{SYSTEM_PATH}",
            "VIRTUAL_ENV": str(folder),
            "HOME": "/tmp",  # noqa: S108  a fresh one in every sandbox
            "LANG": "C.UTF-8",
            **variables,
        }

    @property
    def python(self) -> str:
        """The interpreter of the virtual environment."""
        return str(self._folder / "bin" / "python")

    @property
    def tools(self) -> str:
        """The tracers' folder."""
        return str(self._tools)

    @property
    def desk(self) -> Path:
        """The tracers' folder on the host."""
        return self._tools

    def run(self, argv: Sequence[str], *, timeout: float, gpu: bool = False) -> Completed:
        """Run one command behind the walls of this environment, which never keep a GPU out."""
        del gpu
        with self._supervised(self._tools, network=False) as supervised:
            return supervised.run(argv, self._env, self._root, timeout)

    @contextmanager
    def start(self, agent: Agent, measure: Measure | None = None) -> Iterator[Session]:
        """Start the agent's services, then the agent."""
        tools = self._workspace.tools()
        if measure is not None:
            lay_out(measure, tools, str(tools))
        with ExitStack() as stack:
            stack.callback(self._remove_entries)
            self._write_entries(tools, measured=measure is not None)
            network = agent.network == "full"
            supervised = stack.enter_context(self._supervised(tools, network=network))
            session = LocalSession(supervised, tools, {**self._env, **agent.env}, self._cwd(agent))
            if agent.network != "none":
                for name, service in self._image.services.items():
                    self._start_service(session, name, service)
            session.begin(agent.argv)
            yield session

    def _cwd(self, agent: Agent) -> Path:
        return self._root / agent.cwd if agent.cwd else self._root

    def _supervised(self, tools: Path, *, network: bool) -> Supervised:
        folder = self._workspace.folder("io")
        readable = [self._root, self._folder, tools, *interpreter_folders(self._folder)]
        inside = walls(
            readable,
            [*writable(tools), folder],
            network=network,
            gpu=self._image.gpu,
            user=NOBODY,
            instead=self._hosts(),
        )
        limits = [str(self._image.memory_bytes), str(self._image.processes)]
        command = [*inside, self.python, "-I", "-S", f"{tools}/supervisor.py", *limits]
        return Supervised(command, folder)

    def _hosts(self) -> dict[Path, Path | None]:
        """Write an /etc/hosts in which services are found by their names, as they are in docker."""
        names = [name for name in self._image.services if _HOST.fullmatch(name)]
        if not names:
            return {}
        file = self._workspace.folder("hosts") / "hosts"
        ours = "".join(f"127.0.0.1\t{name}\n" for name in ("localhost", *names))
        file.write_text(f"{ours}::1\tlocalhost\n", encoding="ascii")
        return {Path("/etc/hosts"): file}

    def _entries(self) -> list[Path]:
        folders = sorted((self._folder / "lib").glob("python*/site-packages"))
        return [folder / f"00_pruner.{kind}" for folder in folders for kind in ("pth", "start")]

    def _write_entries(self, tools: Path, *, measured: bool) -> None:
        for path in self._entries():
            text = entry(path.suffix, str(tools), measured=measured)
            path.write_text(text, encoding="utf-8")

    def _remove_entries(self) -> None:
        for path in self._entries():
            path.unlink(missing_ok=True)

    def _start_service(self, session: "LocalSession", name: str, service: Service) -> None:
        where = f"images.{self._image.name}.services.{name}"
        if not service.local:
            raise OutsideError(
                f"{where}: has no command for the local sandbox",
                hint=f'give {where}.local = ["program", "…"], or use --runtime docker',
            )
        key = session.serve(service.local, service.env)
        if session.gone(key):
            raise OutsideError(
                f"{where}: {last_line(session.said(key)) or 'it ended at once'}",
                hint=f"install {service.local[0]} on this machine, or use --runtime docker",
            )
        if service.ready is None:
            return
        order = {"tcp": service.ready, "timeout": service.timeout}
        answer = ask(session, probe(self.python, session.tools), order, Answer)
        if not answer.ok:
            said = last_line(session.said(key)) or answer.detail
            raise OutsideError(
                f"{where}: {service.local[0]} is not there on port {service.ready}: {said}"
            )


def entry(kind: str, tools: str, *, measured: bool) -> str:
    """Return the file that lets the tracer in: `.pth`, and `.start` from Python 3.15 on.

    What measures starts first, so that the tracer does not see what it loads.
    """
    names = ["pruner_coverage", "pruner_tracer"] if measured else ["pruner_tracer"]
    if kind == ".start":
        return "".join(f"{name}:start\n" for name in names)
    calls = "; ".join(f"import {name}; {name}.start()" for name in names)
    return f"{tools}\n{calls}\n"


class LocalSession:
    """One agent, its services and what is run beside it, under one supervisor."""

    def __init__(
        self, supervised: Supervised, tools: Path, env: Mapping[str, str], cwd: Path
    ) -> None:
        self._supervised = supervised
        self._tools = tools
        self._env = dict(env)
        self._cwd = cwd
        self._key = 0

    @property
    def events(self) -> Path:
        """The tracer's output folder."""
        return self._tools / "out"

    @property
    def lines(self) -> Path:
        """The folder with the lines that were run."""
        return self._tools / "lines"

    @property
    def tools(self) -> str:
        """The tracers' folder."""
        return str(self._tools)

    def begin(self, argv: Sequence[str]) -> None:
        """Start the agent itself."""
        self._key = self._supervised.start(argv, self._env, self._cwd)

    def serve(self, argv: Sequence[str], env: Mapping[str, str]) -> int:
        """Start a service, in a folder that it may write to."""
        variables = {**self._env, "PRUNER_TRACER": "off", **env}
        return self._supervised.start(argv, variables, Path("/tmp"))  # noqa: S108  the sandbox's own

    def gone(self, key: int) -> bool:
        """Return whether a service has ended as soon as it was started."""
        return self._supervised.wait(key, AT_ONCE) is not None

    def said(self, key: int) -> str:
        """Return what a command printed, errors last."""
        return tail(self._supervised.output(key)) + tail(self._supervised.errors(key))

    def run(self, argv: Sequence[str], *, timeout: float, traced: bool = False) -> Completed:
        """Run a command beside the agent."""
        env = self._env if traced else {**self._env, "PRUNER_TRACER": "off"}
        return self._supervised.run(argv, env, self._cwd, timeout)

    def ended(self) -> Exit | None:
        """Return how the agent ended, or None."""
        return self._supervised.ended(self._key)

    def log(self) -> str:
        """Return what the agent printed."""
        return self.said(self._key)

    def stop(self, *, politely: bool) -> Exit:
        """End the agent, which is never process 1 here and so hears SIGTERM."""
        del politely
        return self._supervised.stop(self._key, GRACE)


__all__ = ["LocalEnvironment", "LocalSandbox", "LocalSession", "head"]
