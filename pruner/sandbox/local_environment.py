"""One virtual environment of the local sandbox, in which agents and commands run."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pruner.config import Agent, Image, Service
from pruner.errors import OutsideError
from pruner.sandbox.base import SYSTEM_PATH, Completed, Measure, Session, last_line
from pruner.sandbox.bubblewrap import walls
from pruner.sandbox.entering import entry
from pruner.sandbox.local_session import LocalSession
from pruner.sandbox.measuring import lay_out, writable
from pruner.sandbox.probes import NOT_READY, Answer, ask, probe
from pruner.sandbox.supervised import Supervised
from pruner.sandbox.workspace import Workspace

NOBODY = 65534

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


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

    def _start_service(self, session: LocalSession, name: str, service: Service) -> None:
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
            what = f"{where}: {service.local[0]} is not there on port {service.ready}: {said}"
            raise OutsideError(what, hint=NOT_READY)
