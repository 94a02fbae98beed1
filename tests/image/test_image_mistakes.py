"""A Dockerfile that no builder would take is a mistake with file and line."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pruner.errors import UsageError
from pruner.image.dockerfile import read_dockerfile

MISTAKES = {
    "empty": ("", "D: has no FROM", "a Dockerfile starts with FROM and an image"),
    "before-from": (
        "# c\nRUN x\nFROM y\n",
        "D:2: RUN stands before the first FROM",
        "only ARG may",
    ),
    "unknown": ("FROM x\nRNU y\n", "D:2: unknown instruction RNU", "did you mean RUN?"),
    "bare": (
        "FROM x\n\nRUN\n",
        "D:3: RUN says nothing",
        "an instruction has a word after its name",
    ),
    "words": (
        "FROM x y\n",
        "D:1: FROM takes an image, and AS with a name",
        "FROM python:3.12-slim AS builder, for example",
    ),
    "unset": (
        "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n",
        "D:2: BASE_IMAGE of FROM has no value",
        "give it a default, or build_args = { BASE_IMAGE = … }",
    ),
    "half-unset": (
        "FROM python:$TAG\n",
        "D:1: TAG of FROM has no value",
        "give it a default, or build_args = { TAG = … }",
    ),
    "here-document": (
        "FROM x\nRUN <<END\nx\n",
        "D:2: here-document END does not end",
        "it ends with a line that says END and nothing else",
    ),
}


@pytest.mark.parametrize(("text", "message", "hint"), MISTAKES.values(), ids=MISTAKES)
def test_every_mistake_is_named(text: str, message: str, hint: str | None, tmp_path: Path) -> None:
    (tmp_path / "D").write_text(text)
    with pytest.raises(UsageError) as caught:
        read_dockerfile(tmp_path / "D", shown="D")
    assert (caught.value.message, caught.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("FROM x AS one\nFROM y\nFROM one AS Two\n", "it has one, two"),
        ("FROM x\n", "FROM … AS name gives a stage its name"),
    ],
)
def test_a_stage_that_is_not_there(text: str, hint: str, tmp_path: Path) -> None:
    (tmp_path / "D").write_text(text)
    with pytest.raises(UsageError) as caught:
        read_dockerfile(tmp_path / "D", shown="D", target="0")
    assert (caught.value.message, caught.value.hint) == ("D: has no stage 0", hint)


def test_a_dockerfile_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"FROM x\xff")
    (tmp_path / "folder").mkdir()
    for name, message in {
        "bytes": "bytes: is not UTF-8: byte 0xff at 6",
        "folder": "folder: is a folder, a file was expected",
        "none": "none: does not exist",
    }.items():
        with pytest.raises(UsageError) as caught:
            read_dockerfile(tmp_path / name, shown=name)
        assert caught.value.message == message


WORDS = """
FROM ARG ENV RUN COPY CMD ENTRYPOINT EXPOSE WORKDIR USER SHELL ONBUILD ADD x AS a=b ${A} $A ${A:-b}
--from=0 --from=x --mount=type=bind,target=/ <<EOF EOF ["a"] [] pip install -r r.txt / . " ' \\ #
"""
TEXTS = st.lists(
    st.lists(st.sampled_from(WORDS.split()) | st.text(max_size=3), max_size=6).map(" ".join),
    max_size=10,
).map("\n".join)


def _error(path: Path, text: str) -> UsageError | None:
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        found = read_dockerfile(path, {"A": "a"}, shown="D")
    except UsageError as error:
        return error
    assert found.base
    assert isinstance(found.argv, tuple)
    return None


@settings(max_examples=300)
@given(st.text() | TEXTS | TEXTS.map("FROM x AS y\n".__add__))
def test_any_text_gives_a_dockerfile_or_one_line(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        error = _error(Path(folder) / "D", text)
        if error:
            assert error.message.isprintable(), error.message
            assert error.hint is None or error.hint.isprintable(), error.hint
            assert error.message.startswith("D:"), error.message
