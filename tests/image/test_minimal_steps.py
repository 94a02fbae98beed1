"""What of a last stage stands in the new Dockerfile, and what of the stages before it."""

import pytest

from minimal import context, done, original, texts
from pruner.image.minimal.steps import steps


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("RUN apt-get update && apt-get install -y gcc && rm -rf /var/lib/apt/lists/*", []),
        ("RUN pip install --no-cache-dir -r requirements.txt", []),
        ("RUN DEBIAN_FRONTEND=noninteractive apt-get -y install gcc", []),
        ('RUN ["python", "-m", "pip", "install", "x"]', []),
        ("RUN curl -LsSf https://astral.sh/uv/install.sh | sh && uv sync --frozen", []),
        ("RUN python -m venv /opt/venv && /opt/venv/bin/pip install x", []),
        ("RUN mkdir -p /data", ["RUN mkdir -p /data"]),
        ("RUN set -e; pip install x; mkdir /d", ["RUN set -e \\\n && mkdir /d"]),
        (
            "RUN apt-get update \\\n && apt-get install -y curl \\\n && curl -o /m https://a.example",
            ["RUN curl -o /m https://a.example"],
        ),
        ("RUN <<EOF\nset -e\npip install x\n# why\nmkdir /a\nEOF", ["RUN set -e \\\n && mkdir /a"]),
        ("RUN <<EOF\npip install x\nEOF", []),
        ("RUN for f in a b; do touch /$f; done", ["RUN for f in a b; do touch /$f; done"]),
        ("ONBUILD RUN echo x", []),
        ("MAINTAINER someone", []),
        ("LABEL a=b", ["LABEL a=b"]),
        ("# hadolint ignore=DL3059\nRUN touch /x", ["# hadolint ignore=DL3059\nRUN touch /x"]),
        ("USER 1\nRUN touch /tmp/x\nUSER 2", ["USER 1", "RUN touch /tmp/x"]),
        ("ARG A=1\nARG B=2\nENV C=$B", ["ARG B=2", "ENV C=$B"]),
        ("HEALTHCHECK CMD true", ["HEALTHCHECK CMD true"]),
    ],
)
def test_what_stands_in_the_place_of_an_instruction(line: str, expected: list[str]) -> None:
    assert texts(line) == expected


def test_what_cannot_be_taken_apart_and_installs_is_named() -> None:
    found = done("RUN if true; then pip install x; fi\nRUN if true; then echo x; fi")
    assert len(found.texts) == 2
    assert [(row.code, row.where) for row in found.findings] == [("PRN302", "Dockerfile:2")]


def test_our_healthcheck_takes_the_place_of_its_own() -> None:
    assert texts("HEALTHCHECK CMD curl -f http://localhost", health=True) == []


def test_arguments_have_the_values_of_the_configuration_and_of_the_head() -> None:
    text = 'ARG BASE=python:3.11-slim\nARG V=7\nFROM $BASE\nARG V\nARG W=1\nARG X="a b"\n'
    text += "RUN echo $V $W $X\n"
    found = steps(original(text, given={"W": "two words", "BASE": "python:3.12-slim"}))
    assert found.texts[:-1] == ("ARG V=7", 'ARG W="two words"', 'ARG X="a b"')


def test_onbuild_of_a_parent_stage_is_a_warning() -> None:
    text = "FROM python:3.11-slim AS a\nONBUILD RUN touch /x\nFROM a\nONBUILD RUN touch /y\n"
    found = steps(original(text)).findings
    assert [(row.severity, row.where) for row in found] == [
        ("warning", "Dockerfile:2"),
        ("note", "Dockerfile:4"),
    ]


def test_on_another_base_commands_for_the_system_s_python_are_left_out() -> None:
    line = "RUN ln -s /usr/bin/python3 /usr/bin/python && mkdir /a"
    assert texts(line, moved=True) == ["RUN mkdir /a"]


FRONTEND = """\
ARG NODE=node:22
FROM ${NODE} AS builder
WORKDIR /web
COPY frontend ./
RUN --mount=type=bind,source=data,target=/data npm run build
FROM builder
RUN touch /unused
FROM debian:12 AS tools
COPY --from=builder /web/dist /dist
RUN --mount=type=bind,from=builder,source=/web,target=/web cp /web/x /x
FROM python:3.11-slim
COPY --from=builder --chown=1:1 /web/dist /srv/static
COPY --from=tools /x /x
COPY --from=tools /dist /srv/old
COPY --from=nginx:1 /etc/nginx /etc/nginx
COPY . /srv
"""


def test_stages_that_make_something_are_carried_over_under_names_of_their_own() -> None:
    found = steps(original(FRONTEND, given={"NODE": "node:20"}))
    first, second = found.before
    assert first == (
        "FROM node:20 AS original-builder\nWORKDIR /web\nCOPY frontend ./\n"
        "RUN --mount=type=bind,source=data,target=/data npm run build"
    )
    assert second == (
        "FROM debian:12 AS tools\nCOPY --from=original-builder /web/dist /dist\n"
        "RUN --mount=type=bind,from=original-builder,source=/web,target=/web cp /web/x /x"
    )
    assert found.texts == (
        "COPY --from=original-builder --chown=1:1 /web/dist /srv/static",
        "COPY --from=tools /x /x",
        "COPY --from=tools /dist /srv/old",
        "COPY --from=nginx:1 /etc/nginx /etc/nginx",
        "COPY app /srv/app",
    )
    assert set(found.copied) == {"app", "data", "frontend"}


def test_paths_of_carried_stages_are_those_of_the_project() -> None:
    found = steps(original(FRONTEND, folder="backend"))
    assert "COPY backend/frontend ./" in found.before[0]
    assert "--mount=type=bind,target=/data,source=backend/data" in found.before[0]
    assert set(found.copied) == {"backend/app", "backend/data", "backend/frontend"}


def test_a_stage_without_a_name_is_carried_over_too() -> None:
    text = "FROM golang:1 AS Go\nRUN go build\nFROM go\nRUN go test\nFROM python:3.11-slim\n"
    found = steps(original(f"{text}COPY --from=1 /out /out\n"))
    assert [text.splitlines()[0] for text in found.before] == [
        "FROM golang:1 AS go",
        "FROM go AS original-1",
    ]
    assert found.texts == ("COPY --from=original-1 /out /out",)


INSTALLING = """\
FROM python:3.11-slim AS build
COPY --from=ghcr.io/astral-sh/uv:latest /uv /uvx /bin/
WORKDIR /srv
COPY requirements.txt .
RUN python -m venv /srv/.venv && /srv/.venv/bin/pip install -r requirements.txt
COPY . .
FROM python:3.11-slim
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("COPY --from=build /srv/.venv /srv/.venv", []),
        ("COPY --from=build /srv/.venv/lib /srv/.venv/lib", []),
        ("COPY --from=build /srv /srv", ["COPY app /srv/app"]),
        ("COPY --from=build --chown=1 /srv/app /x/app/", ["COPY --chown=1 app /x/app/"]),
        ("COPY --from=build /srv/run.py /x/", ["COPY run.py /x/"]),
        ("COPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/uv", []),
    ],
)
def test_a_stage_that_only_installs_and_copies_is_seen_through(
    line: str, expected: list[str]
) -> None:
    found = steps(original(f"{INSTALLING}{line}\n", prefix="/srv/.venv"))
    assert found.before == ()
    assert list(found.texts) == expected


def test_an_installer_that_the_image_starts_with_stays() -> None:
    line = "COPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/uv"
    assert texts(f'{line}\nCMD ["uv", "run", "x"]') == [line]


def test_what_a_stage_makes_beside_the_environment_is_missed_aloud() -> None:
    made = INSTALLING.replace("COPY . .\n", "COPY . .\nRUN python manage.py collectstatic\n")
    found = steps(original(f"{made}COPY --from=build /srv /srv\n", prefix="/srv/.venv"))
    assert [(row.code, row.severity, row.where) for row in found.findings] == [
        ("PRN308", "warning", "Dockerfile:9")
    ]
    found = steps(original(f"{made}COPY --from=build /srv/static /srv/static\n"))
    assert found.texts == ("COPY --from=build /srv/static /srv/static",)
    assert found.before[0].startswith("FROM python:3.11-slim AS build\n")


def test_a_program_of_a_stage_without_distributions_is_no_part_of_the_environment() -> None:
    text = "FROM debian:12 AS make\nRUN make ffmpeg\nFROM python:3.11-slim\n"
    line = "COPY --from=make /out/ffmpeg /usr/local/bin/"
    assert steps(original(f"{text}{line}\n")).texts == (line,)


def test_a_context_that_nobody_listed_is_believed() -> None:
    where = context("app/a.py", "vendor/x")
    assert texts("COPY vendor/deep/y /y", where) == []
