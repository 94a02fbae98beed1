import pytest

from pruner.errors import OutsideError, PrunerError, UsageError
from pruner.sandbox.uv import MAX_SENTENCE, BuildError, NotThereError, explained, sentence

NO_SOLUTION = """\
Using Python 3.11.7 environment at: venv
  × No solution found when resolving dependencies:
  ╰─▶ Because there is no version of six==99 and you require six==99, we can
      conclude that your requirements are unsatisfiable.
"""
NO_INDEX = """\
error: Failed to fetch: `http://127.0.0.1:9/simple/six/`
  Caused by: error sending request for url (http://127.0.0.1:9/simple/six/)
  Caused by: tcp connect error: Connection refused (os error 111)
"""
NO_BUILD = """\
error: Failed to build `whisper==1.0`
  cause: The build backend returned an error
  cause: Call to `setuptools.build_meta:__legacy__.build_wheel` failed (exit status: 1)
         ModuleNotFoundError: No module named 'pkg_resources'
"""
BAD_HASH = """\
  × Failed to download `six==1.16.0`
  ╰─▶ Hash mismatch for `six==1.16.0`
"""


@pytest.mark.parametrize(
    ("stderr", "kind", "part"),
    [
        (NO_SOLUTION, NotThereError, "no version of six==99"),
        (NO_BUILD, BuildError, "No module named 'pkg_resources'"),
        (NO_INDEX, OutsideError, "Connection refused"),
        (BAD_HASH, OutsideError, "Hash mismatch"),
        ("error: No space left on device (os error 28)", OutsideError, "No space"),
        ("error: No interpreter found for Python 2.1", UsageError, "2.1"),
        ("something new", OutsideError, "something new"),
    ],
)
def test_what_uv_says_becomes_one_line_of_the_right_kind(
    stderr: str, kind: type[PrunerError], part: str
) -> None:
    error = explained(stderr, "images.web: requirements")
    assert type(error) is kind
    assert error.message.startswith("images.web: requirements: ")
    assert part in error.message
    assert "\n" not in error.message
    assert error.hint


def test_a_failed_build_names_its_pin() -> None:
    error = explained(NO_BUILD, "images.web: requirements")
    assert isinstance(error, BuildError)
    assert error.pin == "whisper==1.0"


def test_a_long_explanation_is_cut_and_colours_are_gone() -> None:
    text = sentence("\x1b[31merror\x1b[0m: " + "word " * 500)
    assert len(text) <= MAX_SENTENCE
    assert "\x1b" not in text
