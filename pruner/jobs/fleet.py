"""Compose files: which services are agents of which image, and which servers they talk to."""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from pruner.errors import UsageError
from pruner.image.compose import Build, Compose, Service, compose_files, read_compose
from pruner.image.dockerfile import Dockerfile, read_dockerfile
from pruner.image.servers import server_of
from pruner.jobs.found import Beside, Start
from pruner.jobs.wants import told
from pruner.model import Value
from pruner.requirements.mistakes import one_line

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")


class Fleet(Value, frozen=True):
    """What is built, and the services that run it, in the order of their files."""

    build: Build
    services: tuple[Service, ...]
    compose: Compose  # the whole application


def fleets(root: Path, files: Sequence[str]) -> tuple[list[Fleet], list[str]]:
    """Return what the compose files of a tree build, and what has to be said about them."""
    found: dict[tuple[object, ...], Fleet] = {}
    applications, warnings = _applications(root, files)
    for compose in applications:
        warnings += compose.warnings
        for service in compose.services.values():
            build = _build_of(service, compose.services)
            if build is None:
                continue
            if build.context.startswith("..") or not (root / build.dockerfile).is_file():
                what = (
                    f"{service.where}: {build.dockerfile} of {service.name} is not here; left out"
                )
                warnings.append(one_line(what))
                continue
            args = tuple(sorted(build.args.items()))
            key = (build.context, build.dockerfile, args, build.target)
            known = found.get(key, Fleet(build=build, services=(), compose=compose))
            found[key] = msgspec.structs.replace(known, services=(*known.services, service))
    return list(found.values()), warnings


def _applications(root: Path, files: Sequence[str]) -> tuple[list[Compose], list[str]]:
    """Return what the compose files say that are not parts of others, and which are none."""
    names: dict[str, list[str]] = {}
    for path in files:
        names.setdefault(posixpath.dirname(path), []).append(posixpath.basename(path))
    found: dict[str, Compose] = {}
    warnings: list[str] = []
    for file, override in compose_files(names):
        try:
            found[file] = read_compose(root, file, override)
        except UsageError as error:
            warnings.append(f"{told(error)}; left out")
    parts: set[str] = set()
    for file, compose in found.items():
        parts |= set() if file in parts else set(compose.included)
    return [compose for file, compose in found.items() if file not in parts], warnings


def starts_of(fleet: Fleet, file: Dockerfile) -> tuple[Start, ...]:
    """Return the services of an image as commands; those that only differ in replicas are one."""
    return tuple(
        Start(
            name=service.name,
            argv=_argv(service, file),
            where=_where(service, file),
            env=service.env,
            ports=service.ports,
            healthcheck=service.healthcheck,
            beside=any(_needed(service, fleet.compose.services)),
        )
        for service in fleet.services
    )


def beside_of(fleet: Fleet) -> tuple[Beside, ...]:
    """Return the servers that the services of an image talk to, by way of others as well."""
    services = fleet.compose.services
    found = {each.name: each for service in fleet.services for each in _needed(service, services)}
    return tuple(_beside(each) for each in found.values() if _HOST.fullmatch(each.name))


def left_out(fleet: Fleet, file: Dockerfile) -> Iterator[str]:
    """Yield what a service says and pruner.toml does not."""
    known = fleet.compose.services
    for service in fleet.services:
        for name in service.depends_on:
            other = known.get(name)
            if other is None:
                what = f"{service.name} depends on {name}, which is no service"
            elif _build_of(other, known) is not None:
                what = f"{service.name} depends on {name}, which is built here: not started with it"
            else:
                continue
            yield one_line(f"{service.where}: {what}")
        if service.workdir not in {None, file.workdir}:
            what = f"working_dir {service.workdir} of {service.name} is left out"
            yield one_line(f"{service.where}: {what}")
    for each in {
        each.name: each for item in fleet.services for each in _needed(item, known)
    }.values():
        if not _HOST.fullmatch(each.name):
            yield one_line(f"{each.where}: {each.name!r} is no name of a host; left out")
        elif each.command is not None or each.entrypoint is not None:
            yield one_line(
                f"{each.where}: the command of {each.name} is left out: its image's runs"
            )


def _build_of(service: Service, services: Mapping[str, Service]) -> Build | None:
    """Return how a service is built: itself, or another of which it names the image."""
    if service.build is not None or service.image is None:
        return service.build
    same = (each for each in services.values() if each.image == service.image and each.build)
    return next((each.build for each in same), None)


def _argv(service: Service, file: Dockerfile) -> tuple[str, ...]:
    """Return what the container runs: an entrypoint of the service takes CMD away."""
    if service.entrypoint is not None:
        return (*service.entrypoint, *(service.command or ()))
    if service.command is not None:
        entrypoint = () if file.entrypoint_shell else file.entrypoint or ()
        return (*entrypoint, *service.command)
    return file.argv


def _where(service: Service, file: Dockerfile) -> str:
    if service.entrypoint is not None or service.command is not None:
        return service.where
    kind = "ENTRYPOINT" if file.entrypoint is not None else "CMD"
    return f"{service.where}, {kind} of its Dockerfile"


def _needed(service: Service, services: Mapping[str, Service]) -> Iterator[Service]:
    """Yield the servers that a service depends on, or that its environment names as a host."""
    seen = {service.name}
    todo = [*service.depends_on, *_hosts(service, services)]
    while todo:
        name = todo.pop(0)
        other = services.get(name)
        if other is None or name in seen:
            continue
        seen.add(name)
        todo += other.depends_on
        if _build_of(other, services) is None and other.image is not None:
            yield other


def _hosts(service: Service, services: Mapping[str, Service]) -> Iterable[str]:
    for name in services:
        host = re.compile(rf"(^|//|@|,){re.escape(name)}(:\d+|/|,|$)")
        if any(host.search(value) for value in service.env.values()):
            yield name


def _beside(service: Service) -> Beside:
    known = server_of(service.image or "")
    if known is not None:
        port, port_from = known.port, f"where {service.image} listens"
    elif service.ports:
        port, port_from = service.ports[0], service.where
    else:
        port, port_from = None, ""
    return Beside(
        name=service.name,
        image=service.image or "",
        where=service.where,
        env=service.env,
        port=port,
        port_from=port_from,
        local=known.local if known is not None else (),
    )


def read_build(root: Path, build: Build) -> Dockerfile:
    """Read the Dockerfile of a build; raises UsageError."""
    return read_dockerfile(
        root / build.dockerfile,
        build.args,
        context=root / build.context,
        shown=build.dockerfile,
        target=build.target,
    )
