"""Running the installed command as a person would, and looking for what it left behind."""

import functools
import gc
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec
import pytest

from pruner.document import Document
from pruner.sandbox.engine import LABEL
from pruner.sandbox.workspace import store

if TYPE_CHECKING:
    from docker import DockerClient

T = TypeVar("T")
Write = Callable[[Mapping[str, str]], Path]
"""Writes a small project into a folder of its own, text by path, and returns that folder."""

PRUNER = Path(sys.executable).with_name("pruner")
PATIENCE = 20.0
"""Seconds that an engine gets to remove what it was told to remove."""


class Done(msgspec.Struct, frozen=True):
    """A pruner that has ended; `pid` is what everything that it makes is named after."""

    pid: int
    code: int
    out: str
    err: str
    seconds: float

    @property
    def document(self) -> Document:
        """What `--json` printed."""
        return msgspec.json.decode(self.out, type=Document)

    def lines(self, start: str) -> list[str]:
        """Return the lines of stderr that begin with a word."""
        return [line for line in self.err.splitlines() if line.startswith(start)]


def environment(extra: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """Return this process's environment without colours, changed; None removes a variable."""
    changed = {**os.environ, "FORCE_COLOR": None, "PYTHONWARNINGS": None, **(extra or {})}
    return {name: value for name, value in changed.items() if value is not None}


def start(
    *argv: str, cwd: Path, env: Mapping[str, str | None] | None = None
) -> subprocess.Popen[str]:
    """Start pruner, its output in pipes."""
    return subprocess.Popen(
        [str(PRUNER), *argv],
        cwd=cwd,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def damaged_facts(cache: Path) -> dict[str, str]:
    """Damage what is kept about files in a new cache; return the environment that has it."""
    facts = cache / "facts/facts.sqlite"
    facts.parent.mkdir(parents=True)
    facts.write_bytes(b"no database" * 1000)
    return {"PRUNER_CACHE": str(cache)}


def assert_told_of_damaged_facts(done: Done) -> None:
    """One line says it, and no other."""
    (note,) = [line for line in done.err.splitlines() if "damaged" in line]
    assert note.startswith("note: facts kept about files were damaged: set aside as facts.sqlite.d")


def finish(process: subprocess.Popen[str], timeout: float = 240.0) -> Done:
    """Wait for a pruner; one that hangs is ended as a person would end it, and fails the test."""
    began = time.monotonic()
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        raise AssertionError(f"pruner was not done after {timeout:.0f} s:\n{err}") from None
    seconds = time.monotonic() - began
    return Done(pid=process.pid, code=process.returncode, out=out, err=err, seconds=seconds)


def run(
    *argv: str, cwd: Path, env: Mapping[str, str | None] | None = None, timeout: float = 240.0
) -> Done:
    """Run pruner to its end; wherever it ends, it shows no stack trace."""
    done = finish(start(*argv, cwd=cwd, env=env), timeout)
    assert "Traceback" not in done.out + done.err, done.err
    return done


def assert_error(done: Done, code: int, error: str, hint: str | None = None) -> None:
    """Check the exit code, that there is one error line that says `error`, and its hint."""
    assert done.code == code, done.err
    errors = done.lines("error:")
    assert len(errors) == 1, done.err
    assert error in errors[0], done.err
    assert done.err.splitlines()[-1] == (done.lines("hint:") or errors)[-1], done.err
    if hint is not None:
        assert hint in "".join(done.lines("hint:")), done.err


# --- what a run leaves -----------------------------------------------------------------------


@functools.cache
def no_engine() -> str:
    """Return why no Docker engine can be used, "" where one answers."""
    why = ""
    try:
        client().ping()
    except Exception as error:  # noqa: BLE001  whatever it is, the tests that need one are skipped
        why = f"no Docker engine answers: {type(error).__name__}"
    if why:  # the library leaves its socket to the collector, which would warn in the next test
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
    return why


@functools.cache
def client() -> "DockerClient":
    """Return a client of the engine."""
    import docker  # noqa: PLC0415

    return docker.from_env(timeout=60)


def processes_of(pid: int) -> list[str]:
    """Return the processes, other than pruner, that belong to the run of a pruner."""
    mark = f"sandboxes/{pid}-".encode()
    found = []
    for folder in Path("/proc").glob("[1-9]*"):
        try:
            text = (folder / "cmdline").read_bytes() + b"\0" + (folder / "environ").read_bytes()
        except OSError:
            continue
        if mark in text and int(folder.name) != pid:
            found.append(text.replace(b"\0", b" ").decode("utf-8", "replace")[:200])
    return found


def folders_of(pid: int, cache: Path | None = None) -> list[str]:
    """Return the folders of sandboxes that a pruner has made."""
    return sorted(path.name for path in ((cache or store()) / "sandboxes").glob(f"{pid}-*"))


def in_engine(pid: int) -> list[str]:
    """Return the containers, networks and images that a pruner has made."""
    if no_engine():
        return []
    wanted: dict[str, Any] = {"label": LABEL}
    engine = client()
    found = [(f"container {item.name}", item.labels) for item in _containers(engine)]
    networks = engine.networks.list(filters=wanted)
    found += [(f"network {item.name}", item.attrs.get("Labels") or {}) for item in networks]
    found += [(f"image {item.tags}", item.labels) for item in engine.images.list(filters=wanted)]
    return [what for what, labels in found if labels.get(LABEL, "").startswith(f"{pid}-")]


def _containers(engine: "DockerClient") -> list[Any]:
    """List containers; `list` itself fails where one goes while it is looked at."""
    return cast(
        "list[Any]",
        engine.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True),
    )


def leftovers(pid: int, cache: Path | None = None) -> list[str]:
    """Return all that the run of a pruner has left, wherever it may be."""
    return processes_of(pid) + folders_of(pid, cache) + in_engine(pid)


def assert_nothing_left(pid: int, cache: Path | None = None) -> None:
    """Check that a run has left nothing, at once or a moment later."""
    left = until(lambda: leftovers(pid, cache), lambda found: not found)
    assert not left, left


def until(look: Callable[[], T], enough: Callable[[T], bool], patience: float = PATIENCE) -> T:
    """Look until it is enough or patience ends; return what was seen last."""
    end = time.monotonic() + patience
    seen = look()
    while not enough(seen) and time.monotonic() < end:
        time.sleep(0.1)
        seen = look()
    return seen


# --- disks -------------------------------------------------------------------------------------


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """Mount a file system of 4 MiB."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "pruner-test", str(place)]
    if os.getuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root may mount a small disk")
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


# --- interpreters ----------------------------------------------------------------------------

VERSIONS = [f"3.{minor}" for minor in range(8, 16)]


@functools.cache
def interpreter(version: str) -> str | None:
    """Return an interpreter of a version: of PATH, of pyenv, or that scripts/pythons has made."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    made = Path(os.environ.get("PRUNER_TEST_PYTHONS", cache / "pruner-test/pythons"))
    found = [*sorted(pyenv.glob(f"versions/{version}.*/bin/python")), made / version / "bin/python"]
    for candidate in filter(None, (shutil.which(f"python{version}"), *map(str, found))):
        if not os.access(candidate, os.X_OK):
            continue
        command = [candidate, "-c", "import sys, venv; print('%d.%d' % sys.version_info[:2])"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.stdout.strip() == version:
            return candidate
    return None


# --- projects that a test makes --------------------------------------------------------------

DOCKERFILE = """\
FROM python:3.11-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
CMD ["python", "-m", "app"]
"""

CONFIG = """\
[project]
source = ["app"]

[images.app]
dockerfile = "Dockerfile"
requirements = ["requirements.txt"]
"""

AGENT = """
[[images.app.agents]]
name = "agent"
module = "app"
"""


def project(
    root: Path,
    *,
    code: str = "import idna\nprint(idna.encode('x.example'))\n",
    agent: str = "ready = { exit = 0, timeout = 30 }",
    image: str = "",
    requirements: str = "idna==3.10\n",
    dockerfile: str = DOCKERFILE,
) -> Path:
    """Write the smallest project: one image with one agent, `app/__main__.py`."""
    contents = {
        "pruner.toml": f"{CONFIG}{image}\n{AGENT}{agent}\n",
        "requirements.txt": requirements,
        "Dockerfile": dockerfile,
        "app/__init__.py": "",
        "app/__main__.py": code,
    }
    for name, text in contents.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def place_lock(root: Path) -> Callable[[], None]:
    """Place an older lock; return the check that it is byte for byte what it was."""
    names: Sequence[str] = ("requirements.txt", "pylock.toml", "verdicts.json")
    contents = {root / "locks" / "app" / name: f"the last good {name}\n" for name in names}
    for path, text in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def check() -> None:
        folder = root / "locks" / "app"
        assert sorted(folder.iterdir()) == sorted(contents)
        assert {path: path.read_text(encoding="utf-8") for path in contents} == contents

    return check
