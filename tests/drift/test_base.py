"""A base image that moved."""

from types import SimpleNamespace
from typing import Any

from pruner.document import BaseImage, Document, Inputs
from pruner.drift.settings import Base, base, moved_base
from pruner.sandbox.bases import digest_of_tag

OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def document(digest: str | None = OLD) -> Document:
    return Document(
        schema=1,
        image="web",
        runtime="docker",
        policy="minimal",
        python="3.11.2",
        base=BaseImage(name="python:3.11-slim", digest=digest),
    )


def test_a_tag_that_moved() -> None:
    (finding,) = moved_base(document(), NEW, "python:3.11-slim", "Dockerfile")
    assert (finding.code, finding.severity, finding.where) == ("PRN530", "warning", "Dockerfile")
    assert finding.what == (
        "the tag python:3.11-slim moved: it was sha256:aaaaaaaaaaaa and is sha256:bbbbbbbbbbbb"
    )
    assert list(moved_base(document(), OLD, "python:3.11-slim", "Dockerfile")) == []
    assert list(moved_base(document(), None, "python:3.11-slim", "Dockerfile")) == []
    assert list(moved_base(document(None), NEW, "python:3.11-slim", "Dockerfile")) == []


def test_a_digest_in_the_dockerfile() -> None:
    inputs = Inputs(base=f"python@{NEW}")
    (finding,) = base(document(), inputs, Base(f"python@{NEW}", "Dockerfile:1"))
    assert finding.code == "PRN530"
    assert list(base(document(NEW), inputs, Base(f"python@{NEW}", "Dockerfile:1"))) == []


def test_a_registry_that_answers_and_one_that_does_not() -> None:
    from docker.errors import APIError  # noqa: PLC0415

    def refuse(_: str) -> Any:  # noqa: ANN401
        raise APIError("no")

    answers: Any = SimpleNamespace(
        images=SimpleNamespace(get_registry_data=lambda _: SimpleNamespace(id=NEW))
    )
    silent: Any = SimpleNamespace(images=SimpleNamespace(get_registry_data=refuse))
    assert digest_of_tag(answers, "python:3.11-slim") == NEW
    assert digest_of_tag(silent, "python:3.11-slim") is None
