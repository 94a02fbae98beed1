"""Every command says how it is called, by examples that it would take itself; and the README."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pruner.cli.main import cli


def commands(command: click.Command, ctx: click.Context) -> Iterator[click.Context]:
    """Yield a context for a command and for each below it, however deep."""
    yield ctx
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            below = command.get_command(ctx, name)
            assert below is not None, name
            yield from commands(below, click.Context(below, info_name=name, parent=ctx))


ALL = list(commands(cli, click.Context(cli, info_name="pruner")))


def examples(ctx: click.Context) -> list[list[str]]:
    """Return the words of the examples that call pruner, without what a shell does with them."""
    _, _, below = ctx.command.get_help(ctx).partition("Example:\n")
    lines = below.split("\n\n")[0].splitlines()
    called = [line.strip() for line in lines if line.strip().startswith("pruner ")]
    return [shlex.split(line.split("   ")[0].split(" > ")[0].split(" >> ")[0]) for line in called]


def parsed(words: list[str]) -> click.Context:
    """Return the context of the command that words call, its parameters checked by click."""
    ctx, rest = click.Context(cli, info_name="pruner"), words[1:]
    while isinstance(ctx.command, click.Group):
        name, command, rest = ctx.command.resolve_command(ctx, rest)
        assert command is not None, words
        ctx = command.make_context(name, rest, parent=ctx)
    return ctx


@pytest.mark.parametrize("ctx", ALL, ids=lambda ctx: ctx.command_path)
def test_a_command_has_examples_that_call_it(ctx: click.Context) -> None:
    found = examples(ctx)
    assert found, ctx.command_path
    for words in found:
        assert parsed(words).command_path.startswith(ctx.command_path), words


@pytest.mark.parametrize("ctx", ALL, ids=lambda ctx: ctx.command_path)
def test_help_fits_80_columns_and_explains_every_option(ctx: click.Context) -> None:
    shown = click.Context(ctx.command, info_name=ctx.info_name, parent=ctx.parent)
    shown.terminal_width = 80
    assert max(map(len, ctx.command.get_help(shown).splitlines())) <= 80
    options = [item for item in ctx.command.params if isinstance(item, click.Option)]
    assert [item.name for item in options if not item.help] == []


def test_the_list_of_commands_says_what_each_is() -> None:
    text = cli.get_help(ALL[0])
    for ctx in ALL[1:]:
        assert f"\n  {ctx.info_name} " in text


def test_a_command_that_only_explains_itself_imports_nothing_that_takes_long() -> None:
    names = [f"pruner.cli.{ctx.info_name}" for ctx in ALL[1:]]
    slow = {"docker", "requests", "rich", "coverage", "elftools", "tomlkit", "pruner.jobs.lock"}
    code = f"import sys, {', '.join(names)}; print(sorted({slow} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


ROOT = Path(__file__).parents[1]
LARGEST = 60_000


def test_the_pictures_of_the_readme_are_there_and_drawings_load_nothing() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", (ROOT / "README.md").read_text())
    assert {"docs/images/run.svg", "docs/images/report.png"} <= set(pictures)
    for path in (ROOT / picture for picture in pictures):
        assert path.is_file(), path
        if path.suffix == ".svg":
            text = path.read_text()
            assert len(text.encode()) < LARGEST
            links = re.findall(r"url\(([^)]*)\)|href=|(https?://[^\s\"]*)|@import|<script", text)
            inside = {("", "http://www.w3.org/2000/svg")}
            assert {row for row in links if not row[0].startswith("#")} == inside
