"""What may stand in the file, table by table, and the checks of every value in it.

Values here are as a person wrote them; `pruner.config.values` holds what the rest of pruner reads.
"""

from typing import Any

from pruner.codes import CODES
from pruner.config import checks
from pruner.config.mistakes import Key, Mistake
from pruner.config.rule_tables import RulesTable
from pruner.config.table import Table
from pruner.config.values import is_project
from pruner.model import Policy


class ReadyTable(Table, frozen=True, kw_only=True):
    """When an agent is up: exactly one of http with port, tcp, log, exit."""

    http: str | None = None
    port: int | None = None
    tcp: int | None = None
    log: str | None = None
    exit: int | None = None
    timeout: float = 60

    def __post_init__(self) -> None:
        """Check every value."""
        kind = checks.one_of(
            {"http": self.http, "tcp": self.tcp, "log": self.log, "exit": self.exit}
        )
        if self.http is None:
            checks.only_with("http", {"port": self.port})
        else:
            checks.url_path(self.http, "http")
            if self.port is None:
                raise Mistake("is missing", "port", hint="http needs the port that answers")
        checks.port(self.port, "port")
        checks.port(self.tcp, "tcp")
        if self.log is not None:
            checks.pattern(self.log)
        if kind == "exit" and not 0 <= (self.exit or 0) <= 255:  # noqa: PLR2004  a byte
            raise Mistake(f"{self.exit} is not within 0 to 255", "exit")
        checks.timeout(self.timeout, "timeout")


class ExerciseTable(Table, frozen=True, kw_only=True):
    """One thing that an agent is asked to do: exactly one of http, run."""

    http: str | None = None
    run: tuple[str, ...] | None = None
    name: str | None = None
    port: int | None = None
    json: Any = None
    body: str | None = None
    headers: dict[str, str] | None = None
    expect: int | tuple[int, ...] | None = None
    contains: str | None = None
    timeout: float = 30
    traced: bool = False

    def __post_init__(self) -> None:
        """Check every value."""
        if checks.one_of({"http": self.http, "run": self.run}) == "http":
            checks.request(self.http or "")
            checks.codes(self.expect, 100, 599)
        else:
            checks.argv(self.run, "run")
            checks.codes(self.expect, 0, 255)
            names = ("port", "json", "body", "headers", "contains")
            checks.only_with("http", {name: getattr(self, name) for name in names})
        if self.json is not None and self.body is not None:
            raise Mistake("json and body exclude each other", "body", hint="keep one of them")
        checks.text(self.name, "name")
        checks.port(self.port, "port")
        checks.headers(self.headers or {})
        checks.timeout(self.timeout, "timeout")


class AgentTable(Table, frozen=True, kw_only=True):
    """One process of an image: exactly one of module, command."""

    name: str
    module: str | None = None
    command: tuple[str, ...] | None = None
    ready: ReadyTable
    network: str = "none"
    exercise: tuple[ExerciseTable, ...] = ()
    env: dict[str, str] = {}  # noqa: RUF012
    cwd: str | None = None

    def __post_init__(self) -> None:
        """Check every value, and that every request has a port to go to."""
        checks.name(self.name, "name")
        checks.one_of({"module": self.module, "command": self.command})
        checks.module(self.module)
        checks.argv(self.command, "command")
        checks.choice(self.network, checks.NETWORKS, "network")
        checks.variables(self.env, "env")
        checks.text(self.cwd, "cwd")
        for index, exercise in enumerate(self.exercise):
            if exercise.http is not None and exercise.port is None and self.port is None:
                hint = "ready names no port that it could be sent to"
                raise Mistake("is missing", "exercise", index, "port", hint=hint)

    @property
    def port(self) -> int | None:
        """The port at which the agent says that it is ready."""
        return self.ready.port or self.ready.tcp


class PortTable(Table, frozen=True, kw_only=True):
    """`ready = { tcp = 6379 }` of a service, spelled as an agent's."""

    tcp: int

    def __post_init__(self) -> None:
        """Check the port."""
        checks.port(self.tcp, "tcp")


class ServiceTable(Table, frozen=True, kw_only=True):
    """A real server beside the agents, for docker, for local or for both."""

    image: str | None = None
    local: tuple[str, ...] | None = None
    env: dict[str, str] = {}  # noqa: RUF012
    ready: int | PortTable | None = None
    timeout: float = 60

    def __post_init__(self) -> None:
        """Check every value."""
        if self.image is None and self.local is None:
            hint = 'image = "redis:7" is for docker, local = ["redis-server"] for local'
            raise Mistake("one of these is missing: image, local", hint=hint)
        checks.text(self.image, "image")
        checks.argv(self.local, "local")
        checks.variables(self.env, "env")
        checks.port(self.port, "ready")
        checks.timeout(self.timeout, "timeout")

    @property
    def port(self) -> int | None:
        """The port that accepts connections once the service is up."""
        return self.ready.tcp if isinstance(self.ready, PortTable) else self.ready


class AuditTable(Table, frozen=True, kw_only=True):
    """What `pruner audit` does not tell."""

    ignore: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that the codes exist."""
        for index, code in enumerate(self.ignore):
            checks.choice(code, CODES, "ignore", index, noun="a code of an audit's findings")


class ImageTable(Table, frozen=True, kw_only=True):
    """One image: what it is built from, and the agents that run in it."""

    dockerfile: str | None = None
    context: str = "."
    target: str | None = None
    requirements: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    build_args: dict[str, str] = {}  # noqa: RUF012
    gpu: bool = False
    policy: Policy | None = None
    keep: tuple[str, ...] = ()
    use: tuple[str, ...] = ()
    python: str | None = None
    agents: tuple[AgentTable, ...] = ()
    services: dict[str, ServiceTable] = {}  # noqa: RUF012
    memory: str = "8g"
    processes: int = 512
    budget: str | int | None = None
    indexes: dict[str, tuple[str, ...]] = {}  # noqa: RUF012
    audit: AuditTable = AuditTable()

    def __post_init__(self) -> None:
        """Check every value, and the agents against each other."""
        if self.dockerfile is None and not self.requirements:
            hint = "an image is made from a dockerfile, from requirements, or from both"
            raise Mistake("one of these is missing: dockerfile, requirements", hint=hint)
        for key, path in self.paths():
            checks.text(path, *key)
        checks.text(self.target, "target")
        if self.dockerfile is None:
            checks.only_with("dockerfile", {"target": self.target})
        for index, name in enumerate(self.keep):
            checks.name(name, "keep", index)
        for index, line in enumerate(self.use):
            checks.requirement(line, "use", index)
        for name in self.services:
            checks.name(name, "services", name)
        self._check_project()
        checks.variables(self.build_args, "build_args")
        checks.indexes(self.indexes)
        checks.python(self.python)
        checks.memory(self.memory)
        if self.budget is not None:
            checks.budget(self.budget)
        if self.processes < 1:
            raise Mistake(f"{self.processes} is too few", "processes", hint="at least 1")
        self._check_agents()

    def paths(self) -> list[tuple[Key, str]]:
        """Return every path that the image names, with its key."""
        found: list[tuple[Key, str]] = [(("context",), self.context)]
        if self.dockerfile is not None:
            found.append((("dockerfile",), self.dockerfile))
        found += [(("requirements", n), path) for n, path in enumerate(self.requirements)]
        return found

    def _check_project(self) -> None:
        for key in ("extras", "groups"):
            names = getattr(self, key)
            for index, name in enumerate(names):
                checks.name(name, key, index)
            if names and not any(is_project(path) for path in self.requirements):
                hint = 'they are a project\'s: requirements = ["pyproject.toml"]'
                raise Mistake("no pyproject.toml is among requirements", key, hint=hint)

    def _check_agents(self) -> None:
        if not self.agents:
            hint = "add an [[images.NAME.agents]] table: what the image runs is what it needs"
            raise Mistake("has no agents", "agents", hint=hint)
        seen: dict[str, int] = {}
        for index, agent in enumerate(self.agents):
            first = seen.setdefault(agent.name, index)
            if first != index:
                what = f"{agent.name} is already the name of agents[{first}]"
                raise Mistake(what, "agents", index, "name", hint="give each agent its own name")


class ProjectTable(Table, frozen=True, kw_only=True):
    """What all images share."""

    source: tuple[str, ...] = (".",)
    locks: str = "locks"
    indexes: dict[str, tuple[str, ...]] = {}  # noqa: RUF012

    def __post_init__(self) -> None:
        """Check that the project keeps to itself."""
        for index, path in enumerate(self.source):
            checks.inside(path, "source", index)
        checks.inside(self.locks, "locks")
        checks.indexes(self.indexes)


class Whole(Table, frozen=True, kw_only=True):
    """The whole file."""

    project: ProjectTable = ProjectTable()
    images: dict[str, ImageTable] = {}  # noqa: RUF012
    rules: RulesTable = RulesTable()
    audit: AuditTable = AuditTable()

    def __post_init__(self) -> None:
        """Check that there is an image, and that every name can be a folder."""
        if not self.images:
            raise Mistake("has no images", "images", hint="`pruner init` writes a first draft")
        for name in self.images:
            checks.name(name, "images", name)
