"""Which tags of base images are known to exist, which known not to, and what images bring."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pruner.rules import (
    Base,
    BaseTag,
    Contents,
    base_names,
    base_tag,
    bases,
    expanded,
    parsed,
    told,
)

FIELDS = ("python", "distribution", "glibc", "cuda", "cudnn")
OURS = sorted({(name, tag) for row in bases() for name in row.repositories for tag in row.listed()})


def test_rows_about_names_have_patterns_that_can_match() -> None:
    for row in base_names():
        pattern = re.compile(row.match)
        letters = re.sub(r"\?P<\w+>|\\[a-zA-Z]", "", row.match)
        assert letters == letters.lower(), row
        assert set(pattern.groupindex) <= set(FIELDS)
        assert pattern.groupindex or any(getattr(row, field) is not None for field in FIELDS), row


VALUES = {
    "python": r"3\.\d{1,2}",
    "distribution": r"[a-z]+ \d+(\.\d+)?",
    "glibc": r"2\.\d\d",
    "cuda": r"\d\d\.\d",
    "cudnn": r"\d",
}


@pytest.mark.parametrize("field", FIELDS)
def test_what_images_bring_is_of_the_form_that_is_promised(field: str) -> None:
    said = [getattr(row, field) for row in (*base_names(), *bases())]
    assert [value for value in said if value and not re.fullmatch(VALUES[field], value)] == []


def test_rows_about_tags_say_something_and_no_tag_is_ruled_out_that_is_listed() -> None:
    for row in bases():
        assert row.repositories
        assert row.tags or row.complete
        assert all(parsed(name).repository == name for name in row.repositories)
        assert len(list(row.listed())) == len(set(row.listed()))
        assert all(re.fullmatch(r"\w[\w.-]{0,127}", tag) for tag in row.listed()), row.tags
        rules_out = re.compile(row.complete) if row.complete else None
        for name, tag in OURS:
            if rules_out and name in row.repositories:
                assert not rules_out.fullmatch(tag), (row.complete, tag)


def test_every_listed_tag_is_found() -> None:
    assert len(OURS) > 3700
    for name, tag in OURS:
        found = base_tag(f"{name}:{tag}")
        assert (found.verdict, found.nearest) == ("listed", ()), tag
        if name.endswith("nvidia/cuda"):
            assert found.brings.cuda == tag[:4]
            assert bool(found.brings.cudnn) == ("cudnn" in tag), tag


def test_a_word_is_expanded_as_a_shell_would() -> None:
    assert list(expanded("3.{10,11}{,-slim}")) == ["3.10", "3.10-slim", "3.11", "3.11-slim"]
    assert list(expanded("latest")) == ["latest"]
    assert list(expanded("{a}")) == ["a"]


LISTED = {
    "python:3.11-slim": Contents(python="3.11", distribution="debian 13", glibc="2.41", slim=True),
    "docker.io/library/python:3.11-slim": Contents(
        python="3.11", distribution="debian 13", glibc="2.41", slim=True
    ),
    "library/python:3.12-slim-bookworm": Contents(
        python="3.12", distribution="debian 12", glibc="2.36", slim=True
    ),
    "python:3.11-alpine": Contents(python="3.11"),
    "python:3.7-slim": Contents(python="3.7", slim=True),
    "python:3.9-slim-buster@sha256:0123": Contents(
        python="3.9", distribution="debian 10", glibc="2.28", slim=True
    ),
    "python": Contents(distribution="debian 13", glibc="2.41"),
    "debian:bookworm-slim": Contents(
        python="3.11", distribution="debian 12", glibc="2.36", slim=True
    ),
    "debian:stable": Contents(distribution="debian 13", glibc="2.41"),
    "ubuntu:20.04": Contents(python="3.8", distribution="ubuntu 20.04", glibc="2.31"),
    "ubuntu:noble": Contents(python="3.12", distribution="ubuntu 24.04", glibc="2.39"),
    "nvidia/cuda:12.3.0-runtime-ubuntu22.04": Contents(
        python="3.10", distribution="ubuntu 22.04", glibc="2.35", cuda="12.3"
    ),
    "nvidia/cuda:12.3.2-cudnn9-runtime-ubuntu22.04": Contents(
        python="3.10", distribution="ubuntu 22.04", glibc="2.35", cuda="12.3", cudnn="9"
    ),
    "nvcr.io/nvidia/cuda:11.8.0-cudnn8-devel-ubuntu20.04": Contents(
        python="3.8", distribution="ubuntu 20.04", glibc="2.31", cuda="11.8", cudnn="8"
    ),
    "nvidia/cuda:12.6.3-cudnn-runtime-ubi9": Contents(
        python="3.9", distribution="ubi 9", glibc="2.34", cuda="12.6", cudnn="9"
    ),
}


@pytest.mark.parametrize(("image", "brings"), LISTED.items(), ids=LISTED)
def test_listed(image: str, brings: Contents) -> None:
    found = base_tag(image)
    assert (found.verdict, found.brings) == ("listed", brings)
    assert found.source


ABSENT = {
    "nvidia/cuda:12.3.0-runtime-debian12": "nvidia/cuda:12.3.0-runtime-ubuntu22.04",
    "nvidia/cuda:11.8.0-cudnn8-runtime-alpine": "nvidia/cuda:11.8.0-cudnn8-runtime-ubuntu22.04",
    "nvcr.io/nvidia/cuda:12.4.1-base-ubuntu24.04": "nvcr.io/nvidia/cuda:12.4.1-base-ubuntu22.04",
    "nvidia/cuda:11.6.2-devel-ubuntu22.04": "nvidia/cuda:11.6.2-devel-ubuntu20.04",
    "docker.io/python:3.11-slim-debian12": "python:3.11-slim-bookworm",
    "python:3.10-ubuntu22.04": "python:3.10-slim",
}


@pytest.mark.parametrize(("image", "nearest"), ABSENT.items(), ids=ABSENT)
def test_absent(image: str, nearest: str) -> None:
    found = base_tag(image)
    assert (found.verdict, found.brings) == ("absent", Contents())
    assert found.nearest[0] == nearest
    assert [base_tag(each).verdict for each in found.nearest] == ["listed"] * 3
    assert found.source


UNKNOWN = {
    "what-nobody-lists": ("ghcr.io/x/y:1", False),
    "a-digest-alone": ("python@sha256:0123", False),
    "no-tag-is-asked-where-a-digest-is": (
        "nvidia/cuda:12.3.0-runtime-debian12@sha256:0123",
        False,
    ),
    "another-registry": ("registry.example:5000/library/python:3.11-slim", False),
    "an-older-tag-stays": ("python:3.6-slim", True),
    "an-older-patch-release": ("python:3.12.1-slim-bookworm", True),
    "a-newer-cuda": ("nvidia/cuda:14.0.0-base-debian14", True),
    "a-newer-update": ("nvidia/cuda:12.9.2-base-debian13", True),
    "a-cudnn-that-is-not-listed": ("nvidia/cuda:12.3.0-cudnn8-runtime-ubuntu22.04", True),
    "a-distribution-of-theirs": ("nvidia/cuda:12.3.0-base-opensuse15", True),
    "an-older-cuda": ("nvidia/cuda:10.2-base-ubuntu18.04", True),
    "no-tag": ("nvidia/cuda", True),
    "nothing": ("", False),
    "a-variable": ("${BASE}", False),
    "scratch": ("scratch", False),
}


@pytest.mark.parametrize(("image", "named"), UNKNOWN.values(), ids=UNKNOWN)
def test_unknown(image: str, named: bool) -> None:  # noqa: FBT001
    found = base_tag(image)
    assert (found.verdict, found.source) == ("unknown", "")
    assert bool(found.nearest) is named
    assert [base_tag(each).verdict for each in found.nearest] == ["listed"] * len(found.nearest)


def test_what_is_unknown_still_brings_what_its_name_says() -> None:
    brings = base_tag("nvidia/cuda:12.3.0-cudnn8-runtime-ubuntu22.04").brings
    assert (brings.cuda, brings.cudnn, brings.glibc) == ("12.3", "8", "2.35")
    assert base_tag("mirror.example/team/base:1-debian11").brings.glibc == "2.31"


def test_the_closest_tag_of_another_version_is_of_the_closest_version() -> None:
    nearest = base_tag("python:3.12.1-slim-bookworm").nearest
    assert nearest[0] == "python:3.12.13-slim-bookworm"
    assert len(nearest) == 3


def test_a_users_row_may_be_complete() -> None:
    own = Base(
        repositories=("ours",), tags=("1", "2-slim"), complete=r"\d.*", source="s", date=None
    )
    assert base_tag("ours:2-slim", [own]).verdict == "listed"
    assert base_tag("ours:3", [own]) == BaseTag(
        image="ours:3", verdict="absent", nearest=("ours:1", "ours:2-slim"), source="s"
    )
    assert base_tag("ours:latest", [own]).verdict == "unknown"


REPOSITORIES = st.sampled_from(["python", "nvidia/cuda", "docker.io/library/debian", "ubuntu", "a"])


@given(st.text() | st.builds("{}:{}".format, REPOSITORIES, st.text(max_size=30)))
def test_no_name_is_an_error(image: str) -> None:
    found = base_tag(image)
    assert found.image == image
    assert found.verdict in {"listed", "absent", "unknown"}
    assert bool(found.source) == (found.verdict != "unknown")
    assert all(told(image, field) is not None for field in FIELDS)


def test_a_very_long_name_takes_no_time() -> None:
    began = time.monotonic()
    for image in (
        "python:" + "3" * 100_000,
        "nvidia/cuda:" + "12.3.0-runtime-" * 5_000,
        "/" * 50_000,
    ):
        assert base_tag(image).verdict == "unknown"
    assert time.monotonic() - began < 5
