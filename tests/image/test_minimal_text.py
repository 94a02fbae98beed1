"""The Dockerfile and the .dockerignore that are written, from what they are to say."""

import subprocess
import sys
from pathlib import Path

import pytest

from minimal import original
from pruner.config import ExitReady, HttpReady, LogReady, TcpReady
from pruner.document import Document, SystemPackage
from pruner.image.minimal.base import Moved, slimmer
from pruner.image.minimal.health import health
from pruner.image.minimal.ignore import dockerignore
from pruner.image.minimal.packages import needed
from pruner.image.minimal.recipe import Health, Recipe, Shared
from pruner.image.minimal.sharing import Pins, groups, pin_texts
from pruner.image.minimal.starting import starting, without_shell
from pruner.image.minimal.text import dockerfile, shared_dockerfile

HADOLINT = Path(sys.executable).with_name("hadolint")
PLAIN = Recipe(image="x", base="python:3.11-slim", requirements="locks/x/requirements.txt")
SHARED = Shared(
    name="cpu",
    images=("x", "y"),
    requirements="locks/_base/cpu/requirements.txt",
    pins=3,
    size_bytes=25_000_000,
    saved_bytes=25_000_000,
    replaced=("setuptools",),
)
RECIPES = [
    PLAIN,
    Recipe(
        image="x",
        base="python:3.11-slim@sha256:00",
        requirements="locks/x/requirements.txt",
        constraints="locks/x/build-constraints.txt",
        guard=("locks/x/pruner_guard.py", "locks/x/pruner_guard.pth"),
        shared=SHARED,
        builds=("gcc", "libpq-dev"),
        packages=tuple(f"package-with-a-long-name-{n}" for n in range(9)),
        replaced=("setuptools", "wheel"),
        remarks=("Something to know.",),
        gpu=True,
        before=("FROM node:22 AS web\nRUN npm ci", "FROM node:22 AS more\nRUN npm ci"),
        steps=(
            "WORKDIR /app",
            "RUN touch /x",
            "RUN touch /z",
            "USER someone",
            "RUN touch /y",
            "COPY app ./app",
        ),
        code=("/app",),
        start=('CMD ["python"]',),
        user="someone",
        health=Health(argv=("python", "-c", "pass"), start_seconds=60),
        pip=("PIP_INDEX_URL=https://index.example/simple",),
    ),
    Recipe(
        image="x",
        base="python:3.11-slim",
        requirements="locks/x/requirements.txt",
        constraints="locks/x/build-constraints.txt",
        venv="/app/.venv",
        unseen=True,
        packages=("ffmpeg",),
        steps=("RUN touch /x", "COPY . /app"),
        code=("/app", "/"),
    ),
]


@pytest.mark.parametrize("recipe", RECIPES)
def test_hadolint_finds_nothing(recipe: Recipe, tmp_path: Path) -> None:
    texts = [dockerfile(recipe)]
    texts += [shared_dockerfile(recipe.shared, recipe.base)] if recipe.shared else []
    for text in texts:
        path = tmp_path / "Dockerfile"
        path.write_text(text)
        done = subprocess.run([HADOLINT, path], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, ""), text
        assert text == dockerfile(recipe) or recipe.shared is not None


def test_an_image_has_the_lines_of_a_shared_base_as_they_stand_there() -> None:
    shared = shared_dockerfile(SHARED, "python:3.11-slim")
    stages = shared[shared.index("FROM") :].rstrip()
    assert stages in dockerfile(RECIPES[1])
    assert "take 25 MB; that they are there once saves 25 MB." in shared


def test_the_user_at_the_end_is_not_root() -> None:
    for recipe in RECIPES:
        users = [row for row in dockerfile(recipe).splitlines() if row.startswith("USER ")]
        assert users[-1] == f"USER {recipe.user or 10001}"


def test_code_is_compiled_without_what_the_environment_holds() -> None:
    text = dockerfile(RECIPES[2])
    assert "RUN /app/.venv/bin/python -m compileall -q" in text
    assert "-x '^/app/.venv/' \\\n    /app || true" in text
    assert "|| true\n" not in dockerfile(PLAIN)


def test_the_standard_library_is_compiled_once_before_the_environment_comes() -> None:
    for recipe in RECIPES:
        text = dockerfile(recipe)
        own = text[text.index("AS shared\n" if recipe.shared else "AS runtime\n") :]
        assert text.count("get_path('stdlib')") == own.count("get_path('stdlib')") == 1
        assert own.index("get_path('stdlib')") < own.index("COPY --from=")


@pytest.mark.parametrize(
    ("ready", "asks"),
    [
        (HttpReady(http="/health?a='b'", port=80), 1),
        (TcpReady(tcp=5555), 1),
        (LogReady(log="up"), 0),
        (ExitReady(exit=0), 0),
    ],
)
def test_a_probe_that_can_be_asked_again_is_the_health_check(
    ready: HttpReady | TcpReady | LogReady | ExitReady, asks: int
) -> None:
    argv = health(ready, sys.executable)
    assert bool(argv) == asks
    if argv:
        compile(argv[-1], "health", "exec")


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["/bin/sh", "-c", "python -m app --x 'a b'"], ("python", "-m", "app", "--x", "a b")),
        (["/bin/sh", "-c", "exec python -m app"], ("python", "-m", "app")),
        (["/bin/sh", "-c", "python -m app --port $PORT"], None),
        (["/bin/sh", "-c", "cd /x && python y"], None),
        (["/bin/sh", "-c", "A=1 python y"], None),
        (["/bin/sh", "-c", ". ./env"], None),
        (["/entrypoint.sh"], None),
    ],
)
def test_a_shell_that_only_starts_something_is_left_out(
    argv: list[str], expected: tuple[str, ...] | None
) -> None:
    assert without_shell(argv) == (tuple(argv) if expected is None else expected)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("CMD python -m app", ['CMD ["python", "-m", "app"]']),
        ('ENTRYPOINT ["/e.sh"]\nCMD ["a"]', ['ENTRYPOINT ["/e.sh"]', 'CMD ["a"]']),
        ("ENTRYPOINT python x.py\nCMD a", ['ENTRYPOINT ["python", "x.py"]']),
        ('CMD ["a"]\nENTRYPOINT ["b"]', ['ENTRYPOINT ["b"]', 'CMD ["a"]']),
        ("", ['CMD ["python", "-m", "own"]']),
    ],
)
def test_how_an_image_starts(lines: str, expected: list[str]) -> None:
    read = original(f"FROM python:3.11-slim\n{lines}\n").read
    assert list(starting(read, ("python", "-m", "own"))) == expected


def test_what_is_not_copied_is_not_sent_and_what_was_hidden_stays_hidden() -> None:
    text = dockerignore(
        ["app", "deploy/.env", "app"], ["locks/x/requirements.txt"], ["*.pem", "!app/a.pem"], "back"
    )
    lines = text.splitlines()
    assert lines[1:4] == ["*", "!app", "!deploy/.env"]
    assert lines[-4:] == [
        "!deploy/.env",
        "back/*.pem",
        "!back/app/a.pem",
        "!locks/x/requirements.txt",
    ]
    assert "*" not in dockerignore(["."], []).splitlines()


def _package(name: str, *, base: bool = False, seen: str = "", needs: str = "") -> SystemPackage:
    return SystemPackage(
        name=name,
        version="1",
        size_bytes=1,
        base=base,
        seen=(seen,) if seen else (),
        needs=tuple(needs.split()),
    )


SYSTEM = (
    _package("libc6", base=True, seen="/lib/libc.so.6"),
    _package("cuda-cudart-12-3", base=True),
    _package("ffmpeg", needs="libavcodec58 libc6"),
    _package("libavcodec58", seen="/usr/lib/libavcodec.so.58", needs="libc6"),
    _package("python3.10-minimal", seen="/usr/bin/python3.10"),
    _package("gcc", needs="libc6"),
)


def test_a_package_is_needed_where_something_of_it_was_seen() -> None:
    assert needed(SYSTEM, ("ffmpeg", "gcc")) == ("libavcodec58", "python3.10-minimal")
    tools = SystemPackage(
        name="build-essential", version="1", size_bytes=1, base=False, silent=True
    )
    assert needed((*SYSTEM, tools), ("build-essential",)) == needed(SYSTEM, ())
    rows = (*SYSTEM, _package("curl", seen="/usr/bin/curl", needs="libavcodec58"))
    assert needed(rows, (), ("gcc",)) == ("curl", "python3.10-minimal")
    assert needed(rows, ("gcc",), ("gcc",)) == ("curl", "gcc", "python3.10-minimal")


CUDA = "nvidia/cuda:12.3.0-runtime-ubuntu22.04"


def _moved(
    *more: SystemPackage, named: tuple[str, ...] = ("ffmpeg",), argv: tuple[str, ...] = ("python",)
) -> Moved | str:
    rows = {row.name: row for row in (*SYSTEM, *more)}
    document = Document(
        schema=1,
        image="x",
        runtime="docker",
        policy="minimal",
        python="3.10.12",
        packages=tuple(rows.values()),
    )
    return slimmer(CUDA, document, named, (), argv)


def test_a_cuda_base_that_nothing_uses_gives_way_to_a_slim_python() -> None:
    assert _moved() == Moved("python:3.10-slim-bookworm", ("ffmpeg",))
    hack = _package(
        "python3-setuptools", seen="/usr/lib/python3/dist-packages/_distutils_hack/x.py"
    )
    drawn = _package("libx11-6", seen="/usr/lib/libX11.so.6")
    assert _moved(drawn) == Moved("python:3.10-slim-bookworm", ("ffmpeg", "libx11-6"))
    linked = SystemPackage(
        name="libnuma1", version="1", size_bytes=1, base=False, linked=("/l/libnuma.so.1",)
    )
    assert _moved(linked) == Moved("python:3.10-slim-bookworm", ("ffmpeg", "libnuma1"))
    renamed = _package("libsndfile1t64", seen="/l/libsndfile.so.1.0.37")
    assert _moved(renamed) == Moved("python:3.10-slim-bookworm", ("ffmpeg", "libsndfile1"))
    there = _package("libssl3t64", base=True, seen="/l/libssl.so.3")
    assert _moved(there) == Moved("python:3.10-slim-bookworm", ("ffmpeg",))
    assert _moved(hack) == Moved("python:3.10-slim-bookworm", ("ffmpeg",))


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (
            _moved(_package("libcublas-12-3", base=True, seen="/x.so")),
            "libcublas-12-3 of it is used",
        ),
        (_moved(_package("python3-apt", seen="/x.py")), "python3-apt is used, a distribution"),
        (_moved(argv=("/usr/bin/python3", "x")), "/usr/bin/python3 is started"),
        (_moved(named=()), "libavcodec58 is used, and another system may"),
        (_moved(_package("libicu70", base=True, seen="/i.so")), "libicu70 is used, and another"),
    ],
)
def test_a_cuda_base_stays_where_something_of_it_is_used(found: Moved | str, why: str) -> None:
    assert isinstance(found, str)
    assert found.startswith(why)


def test_a_base_without_cuda_or_that_nobody_looked_at_stays_without_a_word() -> None:
    document = Document(schema=1, image="x", runtime="local", policy="minimal", python="3.10.12")
    assert slimmer(CUDA, document, (), (), ()) == ""
    assert slimmer("python:3.10-slim", document, (), (), ()) == ""


def _pins(image: str, key: str, **texts: str) -> Pins:
    return Pins(image=image, key=(key,), texts=texts, sizes=dict.fromkeys(texts, 2_000_000))


def test_images_share_what_they_have_in_common_on_the_same_base() -> None:
    found = groups(
        [
            _pins("a", "k", torch="1", numpy="1"),
            _pins("b", "k", torch="1", numpy="1", other="1"),
            _pins("c", "k", torch="2"),
            _pins("d", "else", torch="1", numpy="1"),
        ]
    )
    assert [(group.images, group.names) for group in found] == [(("a", "b"), ("numpy", "torch"))]
    assert found[0].saved_bytes == 4_000_000


def test_only_pins_by_name_are_shared() -> None:
    text = (
        "# head\n--index-url https://i.example\na==1 \\\n    --hash=sha256:0\n"
        "b @ https://f.example/b.whl \\\n    --hash=sha256:1\nc==2\n"
    )
    assert pin_texts(text) == {"a": "a==1 \\\n    --hash=sha256:0", "c": "c==2"}
