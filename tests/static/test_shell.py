"""Shell scripts of a project: found by their names, read word by word, never run."""

from pathlib import Path

import pytest

from pruner.static.shell import MOST_BYTES, with_shell_scripts
from pruner.static.tree import read_tree
from support import Write

SCRIPT = """\
#!/bin/sh
# black is not started here
if ! test -e x; then A=1 yapf \\
    --quiet; fi
python -m app.ready && python -c "import humanize"
sh ./app/next.sh; exec dumb-init "$@"
echo "an open quote
"""


def project(write: Write, **more: str) -> Path:
    return write(
        {
            "app/__init__.py": "",
            "app/ready.py": "",
            "app/start.sh": SCRIPT,
            "app/node_modules/x.sh": "black",
            "entry.sh": "exec black",
            **more,
        }
    )


def test_a_script_is_read(write: Write) -> None:
    root = project(write)
    tree, named = with_shell_scripts(read_tree(root, ["app"]), root, ["app"], [])
    assert named == ()
    assert sorted(path for path in tree.files if path.endswith(".sh")) == ["app/start.sh"]
    file = tree.files["app/start.sh"]
    asked = {(ask.what, ask.line) for ask in file.asks}
    assert {("test", 3), ("yapf", 3), ("python", 5), ("dumb-init", 6)} <= asked
    assert "black" not in {ask.what for ask in file.asks}
    assert {site.module for site in file.sites} == {"app", "app.ready", "humanize"}
    assert "app/next.sh" in file.texts
    assert "app/ready.py" in tree.edges["app/start.sh"]


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["/srv/app/entry.sh"], ("entry.sh",)),
        (["sh", "-c", "./app/start.sh && exec x"], ("app/start.sh",)),
        (["sh", "../entry.sh"], ()),
        (["other.sh"], ()),
        (["entry.py"], ()),
    ],
)
def test_a_command_names_a_script(write: Write, argv: list[str], named: tuple[str, ...]) -> None:
    root = project(write)
    tree, found = with_shell_scripts(read_tree(root, ["app"]), root, ["app"], [argv])
    assert found == named
    assert set(named) <= set(tree.files)


def test_what_is_no_script_is_passed_over(write: Write) -> None:
    root = project(write)
    (root / "app" / "big.sh").write_text("x\n" * MOST_BYTES)
    (root / "app" / "raw.sh").write_bytes(b"\xff\x00yapf\n'")
    (root / "app" / "gone.sh").symlink_to("nowhere")
    (root / "app" / "folder.sh").mkdir()
    tree, _ = with_shell_scripts(read_tree(root, ["app"]), root, ["app"], [])
    assert {path for path in tree.files if path.endswith(".sh")} == {"app/start.sh", "app/raw.sh"}
