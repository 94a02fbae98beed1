"""Which indexes the installers of a Dockerfile ask, read from its text."""

from pathlib import Path

import pytest

from pruner.image.dockerfile import read_dockerfile

# name: (the lines after FROM, what is found)
LINES = {
    "an option": (
        "RUN pip install --extra-index-url https://a/s -r r.txt",
        [("extra_index_urls", "https://a/s")],
    ),
    "options of every form": (
        "RUN python -m pip install -i https://a/s --find-links=https://b/ --index-url=https://c x",
        [("index_url", "https://a/s"), ("find_links", "https://b/"), ("index_url", "https://c")],
    ),
    "in the environment": (
        "ENV PIP_INDEX_URL=https://a/s\nRUN pip install -r r.txt",
        [("index_url", "https://a/s")],
    ),
    "set too late": ("RUN pip install -r r.txt\nENV PIP_INDEX_URL=https://a/s", []),
    "in front of the command": (
        'RUN PIP_EXTRA_INDEX_URL="https://a/s https://b/s" pip install x',
        [("extra_index_urls", "https://a/s"), ("extra_index_urls", "https://b/s")],
    ),
    "exported": (
        "RUN export UV_INDEX=mine=https://a/s && uv pip sync r.txt",
        [("extra_index_urls", "https://a/s")],
    ),
    "an argument": (
        "ARG TOKEN=t\nRUN pip install --index-url https://u:${TOKEN}@a/s x",
        [("index_url", "https://u:t@a/s")],
    ),
    "no installation": ("RUN pip download --index-url https://a/s x", []),
    "a stage that nobody uses": ("RUN pip install -i https://a x\nFROM python:3.11\n", []),
}


@pytest.mark.parametrize(("lines", "found"), LINES.values(), ids=LINES)
def test_indexes_of_run_lines(lines: str, found: list[tuple[str, str]], tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text(f"FROM python:3.11\n{lines}\n")
    assert read_dockerfile(file).indexes == tuple(found)
