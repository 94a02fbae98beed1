"""What a Dockerfile says, in every form that Docker takes."""

from pathlib import Path

import pytest

from pruner.image.dockerfile import Dockerfile, read_dockerfile


def _read(folder: Path, text: str, **build_args: str) -> Dockerfile:
    (folder / "Dockerfile").write_text(text)
    return read_dockerfile(folder / "Dockerfile", build_args)


def test_stages_and_arguments_before_the_first(tmp_path: Path) -> None:
    text = """\
ARG BASE=python:3.10
ARG TAG
FROM --platform=$BUILDPLATFORM ${BASE}-${TAG:-bookworm} AS Builder
FROM builder as middle
FROM "$BASE"
FROM middle
"""
    found = _read(tmp_path, text)
    assert [(s.name, s.base, s.parent, s.line) for s in found.stages] == [
        ("Builder", "python:3.10-bookworm", None, 3),
        ("middle", "builder", 0, 4),
        (None, "python:3.10", None, 5),
        (None, "middle", 1, 6),
    ]
    assert (found.base, found.python_version) == ("python:3.10-bookworm", "3.10")
    assert _read(tmp_path, text, BASE="python:3.12", TAG="slim").base == "python:3.12-slim"


def test_a_target_is_the_last_stage(tmp_path: Path) -> None:
    text = """\
FROM python:3.10 AS builder
COPY requirements.txt /
RUN pip install -r /requirements.txt
FROM python:3.11 AS serve
COPY --from=builder /usr /usr
CMD ["serve"]
FROM serve AS dev
RUN pip install -r /dev.txt
CMD ["dev"]
FROM python:3.12 AS Serve
CMD ["again"]
"""
    (tmp_path / "Dockerfile").write_text(text)
    dev, again = (
        read_dockerfile(tmp_path / "Dockerfile", target=name) for name in ("DEV", "serve")
    )
    assert (len(dev.stages), dev.argv, dev.base) == (3, ("dev",), "python:3.11")
    assert (again.argv, again.base) == (("again",), "python:3.12")
    builder = read_dockerfile(tmp_path / "Dockerfile", target="builder")
    assert ([stage.name for stage in builder.stages], builder.argv) == (["builder"], ())
    assert [copy.sources for copy in builder.copies] == [("requirements.txt",)]


@pytest.mark.parametrize(
    ("lines", "argv"),
    [
        ('CMD ["python", "-m", "x"]', ("python", "-m", "x")),
        ("CMD python -m x && y", ("/bin/sh", "-c", "python -m x && y")),
        ("CMD ['python']", ("/bin/sh", "-c", "['python']")),
        ('ENTRYPOINT ["a"]\nCMD ["b"]', ("a", "b")),
        ('CMD ["b"]\nENTRYPOINT ["a"]', ("a", "b")),
        ('ENTRYPOINT a\nCMD ["b"]', ("/bin/sh", "-c", "a")),
        ('SHELL ["/bin/bash", "-c"]\nCMD a', ("/bin/bash", "-c", "a")),
        ('CMD ["old"]\nCMD ["new"]', ("new",)),
        ('CMD ["a"]\nFROM one\nENTRYPOINT ["b"]', ("b",)),
        ('ENTRYPOINT ["a"]\nCMD ["b"]\nFROM one\nCMD ["c"]', ("a", "c")),
        ('CMD ["a"]\nFROM python:3.11', ()),
        ('CMD ["a"]\nONBUILD CMD ["b"]', ("a",)),
        ("cmd a \\\n  # a comment\n\n  --b \\\n  'c'", ("/bin/sh", "-c", "a   --b   'c'")),
        ('CMD [ \\\n "a", \\\n "b" ] \\', ("a", "b")),
    ],
)
def test_what_a_container_runs(lines: str, argv: tuple[str, ...], tmp_path: Path) -> None:
    assert _read(tmp_path, f"FROM python:3.11 AS one\n{lines}\n").argv == argv


def test_settings_of_the_last_stage(tmp_path: Path) -> None:
    text = """\
ARG VERSION=1
FROM python:3.11 AS one
ARG VERSION
ARG UNKNOWN
ENV A=1 SAME=$A
ENV B="two words" C='$A' D=${A}-$VERSION-${UNKNOWN:-none}-${A:+set}
ENV OLD style $A
WORKDIR /srv
FROM one
ENV E=$B\\ x
WORKDIR app
USER $A:$A
EXPOSE 8000 9000-9001/tcp 53/udp $A 70000
"""
    found = _read(tmp_path, text)
    assert found.env == {
        "A": "1",
        "SAME": "",
        "B": "two words",
        "C": "$A",
        "D": "1-1-none-set",
        "OLD": "style 1",
        "E": "two words x",
    }
    assert (found.workdir, found.user) == ("/srv/app", "1:1")
    assert found.expose[:4] == (8000, 9000, 9001, 1)


def test_here_documents_are_no_instructions(tmp_path: Path) -> None:
    text = """\
FROM python:3.11
COPY <<EOF <<-"TWO" /etc/
FROM fake
EOF
\tCMD ["fake"]
\tTWO
COPY r.txt /tmp/r.txt
RUN <<EOF
pip install -r /tmp/r.txt
EOF
RUN echo $((1<<2)) "a <<EOF b"
CMD ["real"]
"""
    found = _read(tmp_path, text)
    assert (len(found.stages), found.cmd, found.requirements) == (1, ("real",), ("r.txt",))


def test_another_character_may_continue_lines(tmp_path: Path) -> None:
    text = "# syntax=docker/dockerfile:1\n# escape=`\nFROM python:3.11\nCMD a `\n  b\n"
    assert _read(tmp_path, text).argv == ("/bin/sh", "-c", "a   b")


INSTALLS = {
    "file-to-file": ("COPY a/r.txt /tmp/x.txt\nRUN pip install -r /tmp/x.txt", ["a/r.txt"]),
    "file-to-folder": ("COPY a/r.txt b.txt /tmp/\nRUN pip install -r/tmp/r.txt", ["a/r.txt"]),
    "workdir": ("WORKDIR /app\nCOPY r.txt .\nRUN pip3 install --requirement=r.txt", ["r.txt"]),
    "whole-tree": ("COPY . /app\nWORKDIR /app\nRUN pip install -r d/r.txt", ["d/r.txt"]),
    "tree": (
        "COPY req /r/\nRUN python3 -m pip install -r /r/x.txt -r /r/y",
        ["req/x.txt", "req/y"],
    ),
    "glob": ("COPY d/req*.txt /r/\nRUN pip install -r /r/req-gpu.txt", ["d/req-gpu.txt"]),
    "json": ('COPY ["r.txt", "/r/"]\nRUN ["pip", "install", "-r", "/r/r.txt"]', ["r.txt"]),
    "cd": ("COPY . /app\nRUN set -e; cd /app && pip install -r r.txt && true", ["r.txt"]),
    "uv": ("COPY . /app\nRUN uv pip sync --system /app/lock.txt", ["lock.txt"]),
    "uv-install": ("COPY . /app\nRUN uv pip install -r /app/r.txt", ["r.txt"]),
    "variable": ("ARG R=r.txt\nCOPY $R /a/\nRUN pip install -r /a/${R}", ["r.txt"]),
    "mount": (
        "RUN --mount=type=bind,source=r.txt,target=/t/r.txt pip install -r /t/r.txt",
        ["r.txt"],
    ),
    "nothing": ("COPY . /app\nRUN pip download -r /app/r.txt && pip install six", []),
    "not-a-folder": ("COPY . /app\nCOPY a.txt /app/\nRUN pip install -r /app/b.txt", ["b.txt"]),
    "outside": ("COPY a.txt /app/\nRUN pip install -r /tmp/b.txt", []),
    "twice": ("COPY . /a\nRUN pip install -r /a/r\nRUN pip install -r /a/r", ["r"]),
    "unbalanced": ("COPY . /a\nRUN echo \"it's && pip install -r /a/r.txt", ["r.txt"]),
}


@pytest.mark.parametrize(("lines", "files"), INSTALLS.values(), ids=INSTALLS)
def test_requirement_files_that_are_installed(lines: str, files: list[str], tmp_path: Path) -> None:
    assert _read(tmp_path, f"FROM python:3.11\n{lines}\n").requirements == tuple(files)


def test_only_stages_that_reach_the_last_one_count(tmp_path: Path) -> None:
    text = """\
FROM python:3.11 AS files
COPY docker/r.txt /in/
FROM python:3.11 AS builder
COPY --from=files /in/r.txt /tmp/
RUN pip install -r /tmp/r.txt
FROM builder AS test
COPY dev.txt /tmp/
RUN pip install -r /tmp/dev.txt
FROM python:3.11
COPY --from=builder /usr/local /usr/local
COPY --from=nginx:1 /etc/nginx /etc/nginx
COPY app /app
"""
    found = _read(tmp_path, text)
    assert found.requirements == ("docker/r.txt",)
    assert [copy.sources for copy in found.copies] == [("docker/r.txt",), ("app",)]


def test_with_a_context_only_files_that_are_there_count(tmp_path: Path) -> None:
    (tmp_path / "r.v2").mkdir()
    (tmp_path / "r.txt").touch()
    text = (
        "FROM python:3.11\nCOPY . /a\nCOPY r.txt /a/\nRUN pip install -r /a/r.txt -r /a/gone.txt\n"
    )
    (tmp_path / "Dockerfile").write_text(text)
    found = read_dockerfile(tmp_path / "Dockerfile", context=tmp_path)
    assert found.requirements == ("r.txt",)
