"""Options on the line of a requirement: no installer takes them, and what was meant is plain."""

import tomllib
from pathlib import Path

import pytest

from pruner.requirements import Indexes, Misplaced, read_requirements
from pruner.requirements.misplaced import apart
from pruner.requirements.rewritten import rewritten

TEXT = """\
six
torch==2.2.2+cu121 --extra-index-url https://me:${TOKEN}@host.example/whl
foo[x]==1 \\
    -f ./wheels --hash=sha256:aa
-e ./lib
-c limits.txt
--find-links ./wheels
"""


def test_the_requirement_keeps_its_own_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "t")
    (tmp_path / "wheels").mkdir()
    (tmp_path / "limits.txt").write_text("idna<4\n")
    (tmp_path / "r.txt").write_text(TEXT)
    found = read_requirements([tmp_path / "r.txt"], tmp_path)
    assert found.misplaced == (
        Misplaced(
            file="r.txt",
            line=2,
            requirement="torch==2.2.2+cu121",
            options=("--extra-index-url https://me:${TOKEN}@host.example/whl",),
        ),
        Misplaced(
            file="r.txt",
            line=3,
            requirement="foo[x]==1 --hash=sha256:aa",
            options=("--find-links ./wheels",),
        ),
    )
    assert found.misplaced[1].corrected == "--find-links ./wheels\nfoo[x]==1 --hash=sha256:aa"
    six, torch, foo = found.requirements
    assert six.own is None
    assert torch.own == Indexes(extra_index_urls=("https://me:t@host.example/whl",))
    assert (foo.own, foo.line) == (Indexes(find_links=(f"{tmp_path}/wheels",)), 3)
    assert found.variables == ("TOKEN",)
    texts = rewritten(found)
    assert sorted(texts) == ["constraints.txt", "pyproject.toml", "requirements.txt"]
    assert texts["requirements.txt"] == f"--find-links {tmp_path}/wheels\nsix\n-e ./lib\n"
    project = tomllib.loads(texts["pyproject.toml"])
    assert project["project"]["dependencies"] == ["torch==2.2.2+cu121", "foo[x]==1"]
    sources = {name: row["index"] for name, row in project["tool"]["uv"]["sources"].items()}
    rows = {row["name"]: row for row in project["tool"]["uv"]["index"]}
    assert rows[sources["torch"]]["url"] == "https://me:t@host.example/whl"
    assert rows[sources["foo"]]["format"] == "flat"
    assert all(row["explicit"] for row in rows.values())


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("a==1 -i https://h", (("--index-url", "https://h"),)),
        (
            "a==1 --index-url=https://h --no-index",
            (("--index-url", "https://h"), ("--no-index", "")),
        ),
        ("a==1 --find-links", (("--find-links", ""),)),
        ("a==1", ()),
    ],
)
def test_options_are_taken_off(line: str, options: tuple[tuple[str, str], ...]) -> None:
    assert apart(line) == ("a==1", options)
