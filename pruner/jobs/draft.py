"""Write what was surveyed as a pruner.toml that a person can go on with."""

from collections.abc import Mapping

import tomlkit
from tomlkit.items import AoT, Table

from pruner.jobs.found import Beside, Found, Survey
from pruner.jobs.guess import UNKNOWN, Guess, agents
from pruner.jobs.secrets import is_secret

_HEAD = """\
A first draft by `pruner init`. Lines that say "guess" were read from Dockerfiles, requirement
files and compose files, not tried: check them, then run `pruner trace IMAGE`.\
"""
_READY = 'better where the agent can tell: ready = { http = "/health", port = %d }'
_LOCAL = 'for --runtime local: local = ["program", "option"]'
_EXERCISE = """\
What the agent is asked to do. What it loads then is kept, so ask for everything it is for:
exercise = [{ http = "POST /speak", port = 8000, json = { text = "hello" }, expect = 200 }]\
"""


def draft(found: Survey) -> str:
    """Return the text of a pruner.toml."""
    document = tomlkit.document()
    _comment(document, _HEAD)
    document.add(tomlkit.nl())
    project = tomlkit.table()
    project.add("source", list(found.source))
    project["source"].comment("guess: the folders with Python files that Dockerfiles copy")
    project.add("locks", "locks")
    document.add("project", project)
    images = tomlkit.table(is_super_table=True)
    for image in found.images:
        images.add(image.name, _image(image))
    document.add("images", images)
    return tomlkit.dumps(document).rstrip("\n") + "\n"


def _image(image: Found) -> Table:
    table = tomlkit.table()
    if image.path is not None:
        table.add("dockerfile", image.path)
    if image.context != ".":
        _add(table, "context", image.context, "guess: what is copied is found there")
    if image.target is not None:
        _add(table, "target", image.target, "guess: from the compose file")
    _made_from(table, image)
    rows = tomlkit.aot()
    for guess in agents(image):
        _agent(rows, guess)
    table.add("agents", rows)
    if image.beside:
        services = tomlkit.table(is_super_table=True)
        for each in image.beside:
            services.add(each.name, _service(each))
        table.add("services", services)
    return table


def _made_from(table: Table, image: Found) -> None:
    if image.requirements:
        file = image.dockerfile
        installed = file is not None and (file.requirements or file.projects)
        why = "the Dockerfile installs it" if installed else "guess: it stands nearest"
        _add(table, "requirements", list(image.requirements), why)
    if image.extras:
        _add(table, "extras", list(image.extras), "the Dockerfile asks for them")
    if image.groups:
        _add(table, "groups", list(image.groups), "the Dockerfile installs them")
    if image.python:
        _add(table, "python", image.python, f"guess: {image.python_from}")
    if image.gpu:
        _add(table, "gpu", True, f"guess: {image.gpu_from}")  # noqa: FBT003
    if image.build_args:
        _variables(table, "build_args", image.build_args, "from the compose file")


def _service(server: Beside) -> Table:
    table = tomlkit.table()
    _add(table, "image", server.image, f"guess: {server.where}")
    if server.local:
        _add(table, "local", list(server.local), "guess: the same on this machine")
    else:
        _comment(table, _LOCAL)
    if server.port is not None:
        _add(table, "ready", server.port, f"guess: {server.port_from}")
    if server.env:
        _variables(table, "env", server.env, server.where)
    return table


def _variables(table: Table, key: str, values: Mapping[str, str], why: str) -> None:
    """Write variables, and an empty place for each that may be a secret."""
    inline = tomlkit.inline_table()
    hidden = [name for name, value in values.items() if is_secret(name, value)]
    if hidden:
        _comment(table, f"not copied, since they may be secret: {', '.join(hidden)}")
    for name, value in values.items():
        inline.append(name, "" if name in hidden else value)
    _add(table, key, inline, f"guess: {why}")


def _agent(agents: AoT, guess: Guess) -> None:
    table = tomlkit.table()
    table.add("name", guess.name)
    if guess.module == UNKNOWN:
        _add(table, "module", UNKNOWN, f"{guess.command_from}: write the module, or a command")
    elif guess.module is not None:
        _add(table, "module", guess.module, f"guess: {guess.command_from}")
    else:
        _add(table, "command", list(guess.command or ()), f"guess: {guess.command_from}")
    ready = tomlkit.inline_table()
    if guess.port is not None and guess.http is not None:
        ready.append("http", guess.http)
        ready.append("port", guess.port)
        _add(table, "ready", ready, f"guess: {guess.port_from}")
    elif guess.port is not None:
        ready.append("tcp", guess.port)
        _add(table, "ready", ready, f"guess: {guess.port_from}")
        _comment(table, _READY % guess.port)
    else:
        ready.append("log", ".")
        _add(table, "ready", ready, "guess: no port is known; ready when it says anything")
    if guess.beside:
        _add(table, "network", "services", "guess: it talks to the servers below")
    if guess.env:
        _variables(table, "env", guess.env, guess.env_from)
    _comment(table, _EXERCISE)
    agents.append(table)


def _add(table: Table, key: str, value: object, why: str) -> None:
    item = tomlkit.item(value)
    item.comment("".join(char if char.isprintable() else "?" for char in why))
    table.add(key, item)


def _comment(table: Table | tomlkit.TOMLDocument, text: str) -> None:
    for line in text.splitlines():
        table.add(tomlkit.comment("".join(char if char.isprintable() else "?" for char in line)))
