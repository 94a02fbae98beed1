"""Write what was surveyed as a pruner.toml that a person can go on with."""

import tomlkit
from tomlkit.items import AoT, Table

from pruner.jobs.guess import UNKNOWN, Guess, agent
from pruner.jobs.survey import Found, Survey

_HEAD = """\
A first draft by `pruner init`. Lines that say "guess" were read from Dockerfiles and
requirement files, not tried: check them, then run `pruner trace IMAGE`.\
"""
_READY = 'better where the agent can tell: ready = { http = "/health", port = %d }'
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
    return tomlkit.dumps(document)


def _image(image: Found) -> Table:
    table = tomlkit.table()
    if image.path is not None:
        table.add("dockerfile", image.path)
    if image.context != ".":
        _add(table, "context", image.context, "guess: what is copied is found there")
    if image.requirements:
        installed = image.dockerfile is not None and image.dockerfile.requirements
        why = "the Dockerfile installs it" if installed else "guess: it stands nearest"
        _add(table, "requirements", list(image.requirements), why)
    if image.dockerfile is not None and image.dockerfile.python_version:
        why = f"guess: {image.dockerfile.base} brings it"
        _add(table, "python", image.dockerfile.python_version, why)
    if image.gpu:
        _add(table, "gpu", True, "guess: from names in the base image or the requirements")  # noqa: FBT003
    agents = tomlkit.aot()
    _agent(agents, agent(image))
    table.add("agents", agents)
    return table


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
    if guess.port is not None:
        ready.append("tcp", guess.port)
        _add(table, "ready", ready, f"guess: {guess.port_from}")
        _comment(table, _READY % guess.port)
    else:
        ready.append("log", ".")
        _add(table, "ready", ready, "guess: no port is known; ready when it says anything")
    _comment(table, _EXERCISE)
    agents.append(table)


def _add(table: Table, key: str, value: object, why: str) -> None:
    item = tomlkit.item(value)
    item.comment("".join(char if char.isprintable() else "?" for char in why))
    table.add(key, item)


def _comment(table: Table | tomlkit.TOMLDocument, text: str) -> None:
    for line in text.splitlines():
        table.add(tomlkit.comment(line))
