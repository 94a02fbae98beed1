"""What is printed on a terminal of 80 and of 40 columns: nothing is cut, no colour speaks alone."""

import re
from pathlib import Path

import pytest

from pruner.jobs.writing import encode
from reports import document
from support import PRUNER, project, run
from terminal import Terminal

COLOURS = re.compile(rb"\x1b\[[0-9;]*(?:3[0-7]|9[0-7])[0-9;]*m")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = project(tmp_path_factory.mktemp("narrow"))
    locks = root / "locks/app"
    locks.mkdir(parents=True)
    (locks / "verdicts.json").write_bytes(encode(document()))
    return root


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = project(tmp_path_factory.mktemp("traced"))
    done = run("trace", "app", "--runtime", "local", cwd=root)
    assert done.code == 0, done.err
    return root


def shown(*argv: str, cwd: Path, columns: int, env: dict[str, str | None] | None = None) -> str:
    with Terminal([str(PRUNER), *argv], cwd, columns=columns, rows=200, env=env) as terminal:
        terminal.finish()
        assert bool(COLOURS.search(terminal.raw)) is not bool(env and "NO_COLOR" in env)
        return terminal.text


def test_the_table_of_80_columns_becomes_rows_on_40(traced: Path) -> None:
    command = ("trace", "app", "--runtime", "local", "--kept")
    wide = shown(*command, cwd=traced, columns=80)
    assert re.search(r"^idna +3\.10 +\d+ kB +observed +loaded: idna", wide, re.MULTILINE)
    narrow = shown(*command, cwd=traced, columns=40, env={"NO_COLOR": "1"})
    below = narrow.partition("\nidna\n")[2].split("\n\n")[0]
    said = " ".join(below.split())
    assert re.match(r"version 3\.10, size \d+ kB, level observed, why loaded: idna", said), narrow
    assert "…" not in narrow


@pytest.mark.parametrize("command", [("history", "app"), ("status",)])
def test_no_figure_is_cut(command: tuple[str, ...], traced: Path) -> None:
    for columns in (40, 80):
        assert "…" not in shown(*command, cwd=traced, columns=columns)
    assert "traced" in shown("status", cwd=traced, columns=40)


def test_status_has_one_line_for_an_image_whatever_its_name(tmp_path: Path) -> None:
    root = project(tmp_path)
    name = "an-image-with-a-name-that-takes-half-the-terminal"
    config = (root / "pruner.toml").read_text()
    (root / "pruner.toml").write_text(config.replace("images.app", f"images.{name}"))
    lines = shown("status", cwd=root, columns=80).splitlines()
    assert lines[0].split()[:3] == ["image", "audited", "traced"]
    assert [line.startswith("an-image") for line in lines].count(True) == 1


def test_help_leaves_room_for_its_texts(tree: Path) -> None:
    with Terminal([str(PRUNER), "lock", "--help"], tree, columns=40, rows=200) as terminal:
        assert terminal.finish() == 0
        text = terminal.text
    assert re.search(r"--build-arg KEY=VALUE\n {10,20}A build argument,\n", text), text
