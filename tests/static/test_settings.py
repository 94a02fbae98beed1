"""What settings files name, and which files are settings."""

import pytest

from pruner.static.settings import is_settings, settings_words
from pruner.static.tree import read_tree
from support import Write


def test_urls_and_dotted_names_are_found_with_their_first_lines() -> None:
    found = settings_words(
        {
            "b.yaml": b"db: mysql+pymysql://db/x\nlog:\n  class: a.b.Format\n  a.c:\n    - one\n",
            "a.env": b"DB_URL=redis://queue\nAGAIN='mysql+pymysql://y'\n\xff",
            "c.json": b'{"app": "pkg.mod:make", "n": 1.5, "v": "1.2.3", "t": "two words.x"}',
        }
    )
    assert found == {
        "redis": "a.env:1",
        "mysql+pymysql": "a.env:2",
        "a.b.Format": "b.yaml:3",
        "pkg.mod:make": "c.json:1",
        "words.x": "c.json:1",
    }


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("settings.yaml", True),
        (".env", True),
        ("alembic.ini", True),
        ("docker-compose.yml", True),
        ("pruner.toml", False),
        ("pyproject.toml", False),
        ("poetry.lock.toml", False),
        ("package-lock.json", False),
        ("notes.txt", False),
    ],
)
def test_files_that_only_tools_read_are_no_settings(name: str, *, is_one: bool) -> None:
    assert is_settings(name) is is_one


def test_settings_of_the_sources_and_of_the_project_itself_are_read(write: Write) -> None:
    files = {
        "app/main.py": "",
        "app/deep/s.toml": "x = 'a://'\n",
        "top.ini": "y = b://\n",
        "other/s.toml": "z = 'c://'\n",
        "app/big.json": '"d://"' + " " * 300_000,
    }
    tree = read_tree(write(files), ["app"])
    assert tree.settings == {"a": "app/deep/s.toml:1", "b": "top.ini:1"}
    assert list(tree.files) == ["app/main.py"]
