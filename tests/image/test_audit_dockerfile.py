"""What an audit finds in a Dockerfile: for each code one that has it, and ones that nearly have."""

import pytest

from auditing import QUIET, at, audit_of, document, facts, of, package
from pruner.audit.secret import secretive

INSTALL = """\
FROM debian:12
RUN apt-get update && apt-get install -y \\
    {} \\
 && rm -rf /var/lib/apt/lists/*
"""

CASES = {
    # code, Dockerfile, lines of its findings
    "tool": ("PRN206", INSTALL.format("gcc"), ["3"]),
    "tool-of-a-version": ("PRN206", INSTALL.format("g++-12=12.2.0-14"), ["3"]),
    "tool-of-alpine": ("PRN206", "FROM alpine\nRUN apk add --no-cache build-base\n", ["2"]),
    "tool-of-fedora": (
        "PRN206",
        "FROM fedora\nRUN dnf install -y gcc-c++ && dnf clean all\n",
        ["2"],
    ),
    "tool-by-a-variable": (
        "PRN206",
        'FROM debian\nRUN TOOLS="gcc make" && apt-get install -y $TOOLS\n',
        ["2"],
    ),
    "tool-by-an-argument": (
        "PRN206",
        "FROM debian\nARG TOOLS=gcc\nRUN apt-get install -y $TOOLS\n",
        ["3"],
    ),
    "tool-in-a-here-document": (
        "PRN206",
        "FROM debian\nRUN <<END\napt-get update\napt-get install -y gcc\nEND\n",
        ["4"],
    ),
    "tool-in-the-base-stage": (
        "PRN206",
        "FROM debian AS a\nRUN apt-get install -y gcc\nFROM a\nRUN true\n",
        ["2"],
    ),
    "tool-in-a-builder": (
        "PRN206",
        "FROM debian AS a\nRUN apt-get install -y gcc\nFROM debian\nCOPY --from=a /x /x\n",
        [],
    ),
    "tool-that-goes-again": (
        "PRN206",
        "FROM debian\nRUN apt-get install -y gcc && make && apt-get purge -y --auto-remove gcc\n",
        [],
    ),
    "tool-marked-and-removed": (
        "PRN206",
        (
            "FROM debian\nRUN apt-get install -y gcc && apt-mark auto '.*' > /dev/null"
            " && apt-get purge -y --auto-remove -o APT::AutoRemove::RecommendsImportant=false\n"
        ),
        [],
    ),
    "virtual-tool": (
        "PRN206",
        "FROM alpine\nRUN apk add --no-cache --virtual .build gcc make && apk del .build\n",
        [],
    ),
    "name-that-begins-alike": ("PRN206", INSTALL.format("gccgo-base libgcc-s1 gitlab-cli"), []),
    "option-with-a-value": ("PRN206", "FROM a\nRUN apt-get install -y -t gcc curl\n", []),
    "only-told": ("PRN206", "FROM a\nRUN echo apt-get install gcc\n", []),
    "headers": ("PRN207", INSTALL.format("libsndfile1 libsndfile1-dev"), ["3"]),
    "headers-nearly": ("PRN207", INSTALL.format("libsndfile1 dev-tools"), []),
    "single-stage": ("PRN208", INSTALL.format("gcc"), ["1"]),
    "single-stage-of-wheels": ("PRN208", INSTALL.format("libgomp1"), []),
    "two-stages": ("PRN208", "FROM a AS b\nRUN apt-get install gcc\nFROM a\n", []),
    "whole-tree": ("PRN209", "FROM a\nCOPY . /app\n", ["2"]),
    "whole-tree-by-json": ("PRN209", 'FROM a\nCOPY ["./", "/app"]\n', ["2"]),
    "whole-tree-by-a-variable": ("PRN209", "FROM a\nARG SRC=.\nADD ${SRC} /app\n", ["3"]),
    "whole-tree-by-a-star": ("PRN209", "FROM a\nCOPY * /app/\n", ["2"]),
    "a-folder": ("PRN209", "FROM a\nCOPY ./src /app\n", []),
    "a-file-with-a-dot": ("PRN209", "FROM a\nCOPY .env.example /app/\n", []),
    "whole-stage": ("PRN209", "FROM a AS b\nFROM a\nCOPY --from=b . /app\n", []),
    "whole-tree-in-a-builder": (
        "PRN209",
        "FROM a AS b\nCOPY . .\nFROM a\nCOPY --from=b /x /x\n",
        [],
    ),
    "lists": ("PRN210", "FROM debian\nRUN apt-get update && apt-get install -y curl\n", ["2"]),
    "lists-removed": ("PRN210", INSTALL.format("curl"), []),
    "lists-removed-too-late": (
        "PRN210",
        "FROM debian\nRUN apt-get -qq update\nRUN rm -rf /var/lib/apt/lists/*\n",
        ["2"],
    ),
    "lists-mounted": (
        "PRN210",
        "FROM debian\nRUN --mount=type=cache,target=/var/lib/apt apt-get update\n",
        [],
    ),
    "pip": ("PRN210", "FROM a\nRUN pip install flask\n", ["2"]),
    "pip-as-a-module": ("PRN210", "FROM a\nRUN python3 -m pip install flask\n", ["2"]),
    "pip-without": ("PRN210", "FROM a\nRUN pip install --no-cache-dir flask\n", []),
    "pip-by-env": ("PRN210", "FROM a\nENV PIP_NO_CACHE_DIR=1\nRUN pip install flask\n", []),
    "pip-by-env-off": ("PRN210", "FROM a\nENV PIP_NO_CACHE_DIR=0\nRUN pip install flask\n", ["3"]),
    "pip-by-a-prefix": ("PRN210", "FROM a\nRUN PIP_NO_CACHE_DIR=1 pip install flask\n", []),
    "pip-mounted": (
        "PRN210",
        "FROM a\nRUN --mount=type=cache,target=/root/.cache pip install flask\n",
        [],
    ),
    "pip-purged": ("PRN210", "FROM a\nRUN pip install flask && pip cache purge\n", []),
    "pip-wiped": ("PRN210", "FROM a\nRUN pip install flask && rm -rf ~/.cache\n", []),
    "pip-list": ("PRN210", "FROM a\nRUN pip list\n", []),
    "pip-in-a-builder": (
        "PRN210",
        "FROM a AS b\nRUN pip install flask\nFROM a\nCOPY --from=b /x /x\n",
        [],
    ),
    "uv": ("PRN210", "FROM a\nRUN uv sync --frozen\n", ["2"]),
    "too-late": (
        "PRN211",
        "FROM a\nRUN apt-get install -y gcc\nRUN apt-get purge -y gcc\n",
        ["3"],
    ),
    "not-too-late": ("PRN211", "FROM a\nRUN apt-get install -y gcc && apt-get purge -y gcc\n", []),
    "copied-and-removed": ("PRN211", "FROM a\nCOPY . /app\nRUN rm -rf /app/.git\n", ["3"]),
    "copied-and-removed-there": (
        "PRN211",
        "FROM a\nWORKDIR /app\nCOPY x .\nRUN cd sub && rm -rf ../x\n",
        ["4"],
    ),
    "made-and-removed": ("PRN211", "FROM a\nCOPY . /app\nRUN rm -rf /tmp/x\n", []),
    "removed-before": ("PRN211", "FROM a\nRUN rm -rf /app\nCOPY . /app\n", []),
    "copied-elsewhere": (
        "PRN211",
        "FROM a AS b\nCOPY . /app\nRUN rm -rf /app/.git\nFROM a\nCOPY --from=b /app /app\n",
        [],
    ),
    "owner": ("PRN226", "FROM a\nCOPY . /app\nRUN chown -R app:app /app\n", ["3"]),
    "owner-of-the-folder": (
        "PRN226",
        "FROM a\nARG HOME=/srv\nWORKDIR ${HOME}\nCOPY . .\nRUN chmod -R a+rX .\n",
        ["5"],
    ),
    "owner-of-one": ("PRN226", "FROM a\nCOPY . /app\nRUN chown app /app\n", []),
    "owner-while-copying": ("PRN226", "FROM a\nCOPY --chown=app . /app\n", []),
    "owner-of-others": ("PRN226", "FROM a\nCOPY . /app\nRUN chown -R app /data\n", []),
    "secret": ("PRN212", "FROM a\nENV HF_TOKEN=hf_aBcDeFg\n", ["2"]),
    "secret-in-the-old-form": ("PRN212", "FROM a\nENV DB_PASSWORD hunter22\n", ["2"]),
    "secret-on-a-later-line": ("PRN212", "FROM a\nENV A=1 \\\n    API_KEY=abcdef\n", ["3"]),
    "secret-in-a-builder": ("PRN212", "FROM a AS b\nARG SECRET=abcdef\nFROM a\n", ["2"]),
    "secret-that-is-kept": ("PRN212", "FROM a\nARG TOKEN\nENV TOKEN=$TOKEN\n", ["3"]),
    "secret-that-is-asked-for": ("PRN212", "FROM a\nARG TOKEN\n", []),
    "secret-to-fill-in": ("PRN212", "FROM a\nENV API_KEY=changeme TOKEN='' SECRET=<none>\n", []),
    "secret-in-a-url": ("PRN212", "FROM a\nRUN pip install -i https://u:pw@host/simple x\n", ["2"]),
    "variables-in-a-url": ("PRN212", "FROM a\nRUN git clone https://$USER:${TOKEN}@host/x\n", []),
    "user-in-a-url": ("PRN212", "FROM a\nRUN git clone ssh://git@host/x\n", []),
    "root": ("PRN213", "FROM a\n", ["1"]),
    "root-again": ("PRN213", "FROM a\nUSER app\nUSER root\n", ["3"]),
    "root-by-number": ("PRN213", "FROM a\nUSER 0:0\n", ["2"]),
    "user": ("PRN213", "FROM a\nUSER 1000\n", []),
    "user-by-an-argument": ("PRN213", "FROM a\nARG WHO=app\nUSER ${WHO}\n", []),
    "user-of-the-base-stage": ("PRN213", "FROM a AS b\nUSER app\nFROM b\n", []),
    "user-of-another-stage": ("PRN213", "FROM a AS b\nUSER app\nFROM a\n", ["3"]),
    "nonroot": ("PRN213", "FROM gcr.io/distroless/python3:nonroot\n", []),
    "fetched": ("PRN214", "FROM a\nRUN wget -q https://h/m.onnx -O /m\n", ["2"]),
    "fetched-from-the-hub": ("PRN214", "FROM a\nRUN huggingface-cli download org/model\n", ["2"]),
    "fetched-by-python": (
        "PRN214",
        "FROM a\nRUN python -c \"from x import AutoModel; AutoModel.from_pretrained('x')\"\n",
        ["2"],
    ),
    "fetched-by-insightface": ("PRN214", "FROM a\nRUN curl -LO https://h/buffalo_l.zip\n", ["2"]),
    "fetched-no-model": ("PRN214", "FROM a\nRUN wget https://h/data.onnx.md5sums.txt\n", []),
    "fetched-by-add": ("PRN214", "FROM a\nADD https://h/m.safetensors /m\n", ["2"]),
    "wildcard": (
        "PRN215",
        "FROM a AS b\nFROM a\nCOPY --from=b /python3.*/site-packages /python3.*/site-packages\n",
        ["3"],
    ),
    "wildcard-of-a-source": ("PRN215", "FROM a\nCOPY *.txt /app/\n", []),
    "on-build": ("PRN216", "FROM a\nONBUILD RUN pip install x\n", ["2"]),
    "python-in-a-here-document": ("PRN216", "FROM a\nRUN <<END python3\nprint()\nEND\n", ["2"]),
    "shell-in-a-here-document": ("PRN216", "FROM a\nRUN <<END\ntrue\nEND\n", []),
    "entrypoint-script": ("PRN216", 'FROM a\nENTRYPOINT ["/app/start.sh"]\n', ["2"]),
    "entrypoint": ("PRN216", 'FROM a\nENTRYPOINT ["python", "-m", "x"]\n', []),
    "packages-of-a-file": ("PRN216", "FROM a\nRUN xargs apt-get install -y < list\n", ["2"]),
    "packages-of-a-command": ("PRN216", "FROM a\nRUN apt-get install $(cat list)\n", ["2"]),
    "packages-by-name": ("PRN216", "FROM a\nRUN apt-get install x && echo $(date)\n", []),
    "scripts": (
        "PRN218",
        "FROM a AS b\nFROM a\nCOPY --from=b /u/lib/python3.11/site-packages /u/lib/x\n",
        ["3"],
    ),
    "scripts-too": (
        "PRN218",
        (
            "FROM a AS b\nFROM a\nCOPY --from=b /u/lib/python3.11/site-packages /u/lib/x\n"
            "COPY --from=b /u/bin /u/bin\n"
        ),
        [],
    ),
    "no-such-base": ("PRN201", "FROM nvidia/cuda:12.3.0-runtime-debian12\n", ["1"]),
    "no-such-base-in-a-builder": (
        "PRN201",
        "FROM python:3.11-slim AS b\nFROM nvidia/cuda:12.3.0-runtime-debian12 AS c\nFROM b\n",
        ["2"],
    ),
    "a-base-of-that-kind": ("PRN201", "FROM nvidia/cuda:12.3.0-runtime-ubuntu22.04\n", []),
    "a-base-that-nobody-lists": ("PRN201", "FROM registry.example/team/base:9\n", []),
    "large-base": ("PRN225", "ARG V=3.12\nFROM python:${V}\n", ["2"]),
    "large-base-of-a-name": (
        "PRN225",
        "FROM host:5000/library/python:3.11-bookworm@sha256:0\n",
        ["1"],
    ),
    "large-base-of-cuda": ("PRN225", "FROM nvidia/cuda:12.3.0-devel-ubuntu22.04\n", ["1"]),
    "slim-base": ("PRN225", "FROM python:3.12-slim\n", []),
    "large-builder": ("PRN225", "FROM python:3.12 AS b\nFROM python:3.12-slim\n", []),
    "whole-environment": ("PRN218", "FROM a AS b\nFROM a\nCOPY --from=b /venv /venv\n", []),
}


@pytest.mark.parametrize(("code", "text", "lines"), CASES.values(), ids=CASES)
def test_dockerfile(code: str, text: str, lines: list[str]) -> None:
    assert at(facts(text), code) == lines


def test_a_good_dockerfile_is_only_without_a_lock() -> None:
    text = (
        "FROM python:3.12-slim AS build\nRUN apt-get update && apt-get install -y gcc libpq-dev\n"
        "COPY . /src\nRUN pip install --prefix=/venv /src\n"
        "FROM python:3.12-slim\nCOPY --from=build /venv /venv\nUSER app\nCMD python -m app\n"
    )
    assert [row.code for row in audit_of(facts(text)).findings] == ["PRN223"]


def test_tools_of_one_run_are_one_finding_with_their_names() -> None:
    text = "FROM a\nRUN apt-get install gcc make libpq-dev\nRUN apt-get install git\n" + QUIET
    assert [(row.where, row.what) for row in of(facts(text), "PRN206")] == [
        ("Dockerfile:2", "build tools in the image: gcc, make"),
        ("Dockerfile:3", "build tools in the image: git"),
    ]


def test_a_tool_that_an_agent_was_seen_to_run_stays() -> None:
    text = "FROM a\nRUN apt-get install -y git gcc\n"
    known = document(packages=(package("git", seen=("/usr/bin/git",)), package("gcc")))
    (found,) = of(facts(text, document=known), "PRN206")
    assert found.what == "build tools in the image: gcc"
    assert found.size_bytes == 1000


def test_no_finding_shows_a_secret() -> None:
    text = (
        "FROM a\nENV HF_TOKEN=hf_aBcDeFg PASSWORD='two words'\nARG AWS_SECRET_ACCESS_KEY=wJalr\n"
        "RUN pip install -i https://me:hunter22@host/simple x\n"
    )
    found = audit_of(facts(text)).findings
    assert len([row for row in found if row.code == "PRN212"]) == 4
    told = repr(found)
    assert not any(word in told for word in ("aBcDeFg", "two words", "wJalr", "hunter22"))


@pytest.mark.parametrize(
    "name",
    [
        "TOKENIZERS_PARALLELISM",
        "MAX_TOKENS",
        "SECRET_FILE",
        "POSTGRES_PASSWORD_FILE",
        "API_KEY_HEADER",
        "PUBLIC_KEY",
        "GPG_KEY",
        "AWS_REGION",
        "PWD",
        "KEYBOARD",
        "",
    ],
)
def test_what_is_named_nearly_like_a_secret_is_none(name: str) -> None:
    assert not secretive(name)


def test_models_of_the_context_are_counted() -> None:
    files = {
        "m/big.onnx": 5_000_000,
        "m/tiny.onnx": 100,
        "m/table.bin": 9_000_000,
        "x.pt": 2_000_000,
    }
    (found,) = of(facts("FROM a\nCOPY m /m\n", files=files), "PRN214")
    assert (found.size_bytes, found.what) == (5_000_000, "big.onnx in the image")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (package("ffmpeg"), ["3"]),
        (package("ffmpeg", seen=("/usr/bin/ffmpeg",)), []),
        (package("ffmpeg", silent=True), []),
        (package("ffmpeg", base=True), []),
        (package("another"), []),
    ],
    ids=["unseen", "seen", "silent", "base", "not-listed"],
)
def test_packages_that_nothing_used(row: object, expected: list[str]) -> None:
    known = document(packages=(row,))  # type: ignore[arg-type]
    assert at(facts(INSTALL.format("ffmpeg"), document=known), "PRN217") == expected


def test_what_a_health_check_runs_is_used() -> None:
    text = INSTALL.format("curl") + "HEALTHCHECK CMD curl -f http://localhost/ || exit 1\n"
    assert at(facts(text, document=document(packages=(package("curl"),))), "PRN217") == []


def test_build_tools_are_told_once() -> None:
    known = document(packages=(package("gcc"), package("libpq-dev", silent=True)))
    given = facts(INSTALL.format("gcc libpq-dev"), document=known)
    assert at(given, "PRN217") == []
    assert at(given, "PRN206") == at(given, "PRN207") == ["3"]
