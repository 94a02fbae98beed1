"""Which line made which layer, what dpkg's database says, and what system packages cost."""

from auditing import FILE, document, facts, of, package
from pruner.audit.dpkg import packages
from pruner.audit.layers import kind, mapped
from pruner.audit.models import is_weights
from pruner.audit.reading import read_source
from pruner.audit.values import Built, Debian, Layer

TEXT = """\
FROM python:3.11-slim AS base
ARG DEBIAN_FRONTEND=noninteractive
RUN apt-get update && \\
    # a comment
    apt-get install -y gcc
FROM base
COPY . /app
WORKDIR /app
RUN ["pip", "install", "x"]
RUN <<END
true
END
CMD ["python"]
"""
OLD_BASE = ("/bin/sh -c #(nop) ADD file:1 in / ", "/bin/sh -c set -eux; apt-get install -y tzdata")
BUILDKIT = (
    "ARG DEBIAN_FRONTEND=noninteractive",
    "RUN |1 DEBIAN_FRONTEND=noninteractive /bin/sh -c apt-get update &&  apt-get install -y gcc #",
    "COPY . /app # buildkit",
    "WORKDIR /app",
    "RUN |1 DEBIAN_FRONTEND=noninteractive pip install x # buildkit",
    "RUN /bin/sh -c <<END (true...) # buildkit",
    'CMD ["python"]',
)
CLASSIC = (
    "/bin/sh -c #(nop)  ARG DEBIAN_FRONTEND=noninteractive",
    "|1 DEBIAN_FRONTEND=noninteractive /bin/sh -c apt-get update &&     apt-get install -y gcc",
    "/bin/sh -c #(nop) COPY dir:0a in /app ",
    "/bin/sh -c #(nop) WORKDIR /app",
    "pip install x",
    "/bin/sh -c true",
    '/bin/sh -c #(nop)  CMD ["python"]',
)


def lines(*history: str) -> list[int | None] | None:
    layers = [Layer(created_by=text, size_bytes=1) for text in (*OLD_BASE, *history)]
    result = mapped(read_source(TEXT, FILE, {}), layers)
    return [layer.line for layer in result] if result is not None else None


def test_layers_are_followed_back_from_the_last_one() -> None:
    expected = [None, None, None, 3, 7, 8, 9, 10, None]
    assert lines(*BUILDKIT) == expected
    assert lines(*CLASSIC) == expected


def test_what_was_made_from_other_lines_has_none() -> None:
    assert lines(*BUILDKIT[:1], BUILDKIT[1].replace("gcc", "git"), *BUILDKIT[2:]) is None
    assert lines(*BUILDKIT, "RUN /bin/sh -c true") is None
    assert lines(*BUILDKIT[3:]) is None


def test_kinds_of_history() -> None:
    assert [kind(text) for text in CLASSIC] == [
        "ARG",
        "RUN",
        "COPY",
        "WORKDIR",
        "RUN",
        "RUN",
        "CMD",
    ]
    assert [kind(text) for text in BUILDKIT] == [
        "ARG",
        "RUN",
        "COPY",
        "WORKDIR",
        "RUN",
        "RUN",
        "CMD",
    ]
    assert kind("") == "RUN"


STATUS = """\
Package: libc6
Status: install ok installed
Installed-Size: 1000

Package: gcc
Status: install ok installed
Installed-Size: 10
Provides: c-compiler
Depends: gcc-12 (>= 12), cpp:any | other-cpp
Recommends: libc6-dev
Description: a compiler
 Package: nonsense

Package: gcc-12
Status: install ok installed
Installed-Size: 200
Depends: libc6 (>= 2.36), shared

Package: cpp
Status: install ok installed
Installed-Size: 30

Package: shared
Status: install ok installed
Installed-Size: 5

Package: ffmpeg
Status: install ok installed
Installed-Size: 40
Depends: shared

Package: gone
Status: deinstall ok config-files
Installed-Size: 9

Package: odd
Status: install ok installed
Installed-Size: -7
Depends: c-compiler
"""
BASE = STATUS.partition("\n\n")[0]


def test_the_database_of_dpkg() -> None:
    read = packages(STATUS, BASE)
    assert set(read) == {"libc6", "gcc", "gcc-12", "cpp", "shared", "ffmpeg", "odd"}
    assert read["gcc"] == Debian(size_bytes=10 * 1024, needs=("cpp", "gcc-12"))
    assert read["libc6"].base
    assert read["odd"] == Debian(size_bytes=0, needs=("gcc",))
    assert packages("\0\xff nonsense\n\n: :\n") == {}


def test_a_tool_costs_what_goes_with_it() -> None:
    built = Built(
        tag="x",
        size_bytes=1,
        layers=(),
        packages=packages(STATUS, BASE),
    )
    given = facts("FROM a\nRUN apt-get install -y gcc ffmpeg\n", built=built)
    (found,) = of(given, "PRN206")
    assert found.size_bytes == (10 + 200 + 30) * 1024  # not libc6, and not what ffmpeg needs too


def test_without_an_image_the_verdicts_say_what_it_costs() -> None:
    given = facts(
        "FROM a\nRUN apt-get install -y gcc\n", document=document(packages=(package("gcc"),))
    )
    assert [row.size_bytes for row in of(given, "PRN206")] == [1000]
    unknown = facts("FROM a\nRUN apt-get install -y gcc\n")
    assert [row.size_bytes for row in of(unknown, "PRN206")] == [None]


def test_caches_are_what_the_layer_has() -> None:
    text = "FROM a\nRUN apt-get update\nRUN pip install x\nRUN uv sync\n"
    layers = (
        Layer(created_by="RUN apt-get update", size_bytes=50, line=2),
        Layer(
            created_by="RUN pip install x", size_bytes=90, line=3, caches={"pip's cache": 70_000}
        ),
        Layer(created_by="RUN uv sync", size_bytes=90, line=4, caches={"uv's cache": 70}),
    )
    given = facts(text, built=Built(tag="x", size_bytes=140, layers=layers))
    assert [(row.where, row.size_bytes) for row in of(given, "PRN210")] == [
        ("Dockerfile:3", 70_000)
    ]


def test_files_of_packages_are_no_models() -> None:
    assert is_weights("/models/x.onnx", 2_000_000)
    assert is_weights("/root/.insightface/models/buffalo_l/w600k_r50.onnx", 2_000_000)
    assert is_weights("/root/.cache/huggingface/hub/models--x/blobs/0a1b", 2_000_000)
    for path in (
        "/usr/local/lib/python3.11/site-packages/insightface/data/x.onnx",
        "/venv/lib/python3.11/site-packages/torch/x.pt",
        "/var/cache/apt/pkgcache.bin",
        "/usr/share/x/y.model",
        "/opt/miniconda3/pkgs/x.bin",
    ):
        assert not is_weights(path, 20_000_000), path
