"""Every mistake in a requirement file has file, line, text and a hint."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pruner.errors import UsageError
from pruner.requirements import read_requirements

LOOP = "take out one of these lines"
INCLUDED = "paths after -r and -c are relative to the file they stand in"
ONE = "one requirement a line, such as name==1.2.3"

# name: (text of r.txt, message, hint)
MISTAKES = {
    "option-on-the-line-of-none": (
        "six\ntorch==2.2.2+cu121 --prefer-binary\n",
        "r.txt:2: option on the line of a requirement: torch==2.2.2+cu121 --prefer-binary",
        "options of an index stand on a line of their own: `--prefer-binary`",
    ),
    "words": (
        "# one\n\nnumpy and scipy\n",
        (
            "r.txt:3: not a requirement: numpy and scipy "
            "(Expected semicolon (after name with no version specifier) or end)"
        ),
        ONE,
    ),
    "one-equals": (
        "numpy=1.26.4",
        (
            "r.txt:1: not a requirement: numpy=1.26.4 "
            "(= is not a valid operator. Did you mean == ?: "
            "Expected semicolon (after name with no version specifier) or end)"
        ),
        "a pin has two equals signs: numpy==1.26.4",
    ),
    "unknown-option": (
        "--indx-url https://host.example",
        "r.txt:1: not a requirement: --indx-url https://host.example (no such option: --indx-url)",
        ONE,
    ),
    "variable": (
        "${NAME}==1",
        (
            "r.txt:1: not a requirement: ${NAME}==1 "
            "(Expected package name at the start of dependency specifier)"
        ),
        "variables are not expanded here: write what they stand for",
    ),
    "missing": ("\n-r other.txt\n", "r.txt:2: other.txt does not exist", INCLUDED),
    "missing-constraint": ("-c c/d.txt\n", "r.txt:1: c/d.txt does not exist", INCLUDED),
    "folder": (
        "-r sub\n",
        "r.txt:1: sub is a folder, a requirement file was expected",
        "name a file",
    ),
    "pipe": (
        "-r pipe\n",
        "r.txt:1: pipe is no regular file, a requirement file was expected",
        "name a file",
    ),
    "from-the-network": (
        "-r https://host.example/r.txt",
        "r.txt:1: https://host.example/r.txt is not a local file",
        "save the file in the project and include it from there",
    ),
    "itself": ("-r r.txt\n", "r.txt:1: r.txt includes itself: r.txt -> r.txt", LOOP),
    "loop": (
        "six\n-r loop.txt\n",
        "loop.txt:1: r.txt includes itself: r.txt -> loop.txt -> r.txt",
        LOOP,
    ),
    "loop-of-constraints": (
        "-c loop.txt\n",
        "loop.txt:1: r.txt includes itself: r.txt -> loop.txt -> r.txt",
        LOOP,
    ),
    "encoding": (
        "-r latin.txt\n",
        (
            "r.txt:1: latin.txt cannot be decoded: "
            "'utf-8' codec can't decode byte 0xe4 in position 6: unexpected end of data"
        ),
        "save the file as UTF-8",
    ),
    "unknown-encoding": (
        "# coding: klingon\n",
        "r.txt cannot be decoded: unknown encoding: klingon",
        "save the file as UTF-8",
    ),
    "contradiction": (
        "nats-py==2.3.1\nsix\nNATS_py==2.6.0\n",
        "r.txt:3: NATS_py==2.6.0 contradicts nats-py==2.3.1 of r.txt:1",
        "keep one of the two pins",
    ),
    "contradiction-for-one-marker": (
        "a==1\na==2 ; os_name == 'nt'\na==3; os_name=='nt'\n",
        'r.txt:3: a==3 ; os_name == "nt" contradicts a==2 ; os_name == "nt" of r.txt:2',
        "keep one of the two pins",
    ),
}


@pytest.mark.parametrize(("text", "message", "hint"), MISTAKES.values(), ids=MISTAKES)
def test_every_mistake_is_named(text: str, message: str, hint: str | None, tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text(text)
    (tmp_path / "loop.txt").write_text("-r r.txt\n")
    (tmp_path / "latin.txt").write_bytes(b"six # \xe4")
    (tmp_path / "sub").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError) as caught:
        read_requirements([tmp_path / "r.txt"], tmp_path)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_file_that_is_asked_for_must_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_requirements([tmp_path / "r.txt"], tmp_path)
    assert (caught.value.message, caught.value.hint) == ("r.txt does not exist", None)


def _error(folder: Path) -> UsageError | None:
    try:
        read_requirements([folder / "r.txt"], folder)
    except UsageError as error:
        return error
    return None


WORDS = """\
-r -c -e --hash= --index-url \\| | ; == >= six [x] @ file:// ./a ' " # os_name r.txt ${A} .whl \
.zip git+ https:// \0"""
PARTS = st.sampled_from(WORDS.replace("|", "\n").split(" "))


@settings(max_examples=400)
@given(st.text() | st.lists(PARTS | st.text(max_size=3)).map(" ".join))
def test_any_text_gives_requirements_or_one_line(text: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "r.txt").write_bytes(text.encode("utf-8", "surrogatepass"))
        error = _error(folder)
        if error:
            assert error.message.isprintable(), error.message
            assert error.hint is None or error.hint.isprintable(), error.hint
            assert error.message.startswith("r.txt"), error.message
