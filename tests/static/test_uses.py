"""What installed files read off modules, and whether they do whenever they are loaded."""

import pytest

from pruner.analysis.installed import Source, Use
from pruner.static.sites import located_uses


@pytest.mark.parametrize(
    ("text", "name", "always"),
    [
        ("import cv2\nX = cv2.xfeatures2d.SURF", "cv2.xfeatures2d.SURF", True),
        ("import cv2 as cv\nclass A(cv.face.B): pass", "cv2.face.B", True),
        ("from cv2 import imshow\n", "cv2.imshow", True),
        ("import cv2\ndef f(x=cv2.A): pass", "cv2.A", True),
        ("import cv2\n@cv2.A\ndef f(): pass", "cv2.A", True),
        ("import cv2\ndef f():\n  cv2.imshow()", "cv2.imshow", False),
        ("def f():\n  import cv2\n  cv2.imshow()", "cv2.imshow", False),
        ("def f():\n  from cv2 import imshow", "cv2.imshow", False),
        ("import cv2\nF = lambda: cv2.imshow", "cv2.imshow", False),
        ("import cv2\nif hasattr(cv2, 'face'):\n  F = cv2.face", "cv2.face", False),
        ("import cv2\ntry:\n  F = cv2.face\nexcept AttributeError: pass", "cv2.face", False),
        ("import cv2\nF = X and cv2.face", "cv2.face", False),
    ],
)
def test_what_is_read_and_when(text: str, name: str, *, always: bool) -> None:
    found = [use for use in read(text) if use.name == name]
    assert {use.always for use in found} == {always}


@pytest.mark.parametrize(
    "text",
    [
        "import cv2\nif __name__ == '__main__':\n  cv2.imshow()",
        "try:\n  from cv2 import imshow\nexcept ImportError:\n  imshow = None",
        "cv2.imshow()",
        "import cv2\nother.cv2.imshow()",
        "import cv2\n'cv2.imshow'",
        "import cv2\ncv2.imshow(",
    ],
)
def test_what_is_not_read(text: str) -> None:
    assert [use for use in read(text) if use.name == "cv2.imshow"] == []


def read(text: str) -> tuple[Use, ...]:
    return located_uses(text.encode(), Source(path="/site/lib/a.py", module="lib.a"))
