"""What goes wrong: one clear line, the exit code that says whose fault it is, nothing lost or left.

Every test places a last good lock first, and finds it byte for byte the same afterwards.
"""

import os
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

import pytest

from support import (
    Done,
    assert_error,
    assert_nothing_left,
    in_engine,
    leftovers,
    place_lock,
    project,
    run,
    small_disk,
)

USAGE, OUTSIDE, AGENT = 2, 3, 4
LOCK = ("lock", "--image", "app", "--json")
BOTH = pytest.mark.parametrize(
    "runtime", ["local", pytest.param("docker", marks=pytest.mark.engine)]
)
NOTHING = "tcp://127.0.0.1:9"  # the discard port, on which nothing listens

SERVER = """\
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/die":
            print("out of luck", file=sys.stderr, flush=True)
            os._exit(3)
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
"""


def fails(  # noqa: PLR0913  what a test says about a failure, by name
    root: Path,
    code: int,
    error: str,
    hint: str | None = None,
    *,
    call: tuple[str, ...] = LOCK,
    runtime: str = "local",
    env: Mapping[str, str | None] | None = None,
) -> Done:
    """Run a call that must fail, and check everything that every failure has in common."""
    unharmed = place_lock(root)
    done = run(*call, "--runtime", runtime, cwd=root, env=env)
    assert_error(done, code, error, hint)
    assert done.out == ""
    unharmed()
    cache = (env or {}).get("PRUNER_CACHE")
    assert_nothing_left(done.pid, Path(cache) if cache else None)
    return done


# --- agents that fail where nothing was pruned yet (4) ---------------------------------------


@BOTH
def test_agent_raises_at_import(tmp_path: Path, runtime: str) -> None:
    root = project(tmp_path, code="import idna, nowhere_to_be_found\n")
    error = (
        "error: agent fails in its original environment: it ended with 1:"
        " ModuleNotFoundError: No module named 'nowhere_to_be_found'"
    )
    done = fails(root, AGENT, error, runtime=runtime)
    assert (root / ".pruner/app/traces/agent.json").is_file(), "what was seen says why"
    assert error in done.err.splitlines()


def test_agent_ends_with_another_code(tmp_path: Path) -> None:
    root = project(tmp_path, code="raise SystemExit(7)\n")
    fails(root, AGENT, "agent fails in its original environment: it ended with 7")


def test_agent_is_killed(tmp_path: Path) -> None:
    root = project(tmp_path, code="import os\nos.kill(os.getpid(), 9)\n")
    fails(root, AGENT, "agent fails in its original environment: it ended with -9")


@BOTH
def test_agent_is_never_ready(tmp_path: Path, runtime: str) -> None:
    code = "import time\nprint('warming up', flush=True)\ntime.sleep(600)\n"
    root = project(tmp_path, code=code, agent="ready = { tcp = 8000, timeout = 2 }")
    error = "not ready after 2 s (port 8000: "
    done = fails(root, AGENT, error, "raise `timeout` in the agent's `ready`", runtime=runtime)
    assert "last line: warming up" in done.lines("error:")[0]


@BOTH
def test_agent_is_out_of_memory(tmp_path: Path, runtime: str) -> None:
    code = "import time\nheld = b'x' * (300 << 20)\nprint('held', flush=True)\ntime.sleep(600)\n"
    agent = 'ready = { log = "never", timeout = 20 }'
    root = project(tmp_path, code=code, agent=agent, image='memory = "64m"')
    error = "it was killed for using more memory than the image's limit"
    fails(root, AGENT, error, "raise `memory` of the image", runtime=runtime)


@BOTH
def test_agent_ends_in_the_middle_of_an_exercise(tmp_path: Path, runtime: str) -> None:
    agent = """ready = { http = "/", port = 8000, timeout = 20 }
exercise = [{ http = "GET /die" }, { http = "GET /" }]"""
    root = project(tmp_path, code=SERVER, agent=agent)
    fails(root, AGENT, "it ended with 3: out of luck", runtime=runtime)


@BOTH
def test_agent_ends_while_it_is_waited_for(tmp_path: Path, runtime: str) -> None:
    code = "import time\ntime.sleep(1)\nraise SystemExit('no use')\n"
    root = project(tmp_path, code=code, agent='ready = { http = "/", port = 8000, timeout = 20 }')
    fails(root, AGENT, "it ended with 1: no use", runtime=runtime)


def test_exercise_has_another_outcome(tmp_path: Path) -> None:
    agent = """ready = { http = "/", port = 8000, timeout = 20 }
exercise = [{ http = "GET /", expect = 201 }]"""
    root = project(tmp_path, code=SERVER, agent=agent)
    fails(root, AGENT, "GET / gave 200", "correct the exercise, or the agent")


def test_exercise_that_fails_says_what_the_page_and_the_agent_said(tmp_path: Path) -> None:
    page = (
        "<html><head><style>p { x: y }</style></head>\n<body><h1>No such table</h1></body></html>"
    )
    answer = f"self.end_headers()\n        self.wfile.write({page!r}.encode())"
    code = SERVER.replace("(200)", "(500)").replace("self.end_headers()", answer)
    agent = """ready = { tcp = 8000, timeout = 20 }
exercise = [{ http = "GET /" }]"""
    root = project(tmp_path, code=code, agent=agent)
    fails(root, AGENT, "GET / gave 500: No such table; last line: 127.0.0.1 - - [")


def test_exercise_runs_a_program_that_is_not_there(tmp_path: Path) -> None:
    agent = """ready = { http = "/", port = 8000, timeout = 20 }
exercise = [{ run = ["no-such-program"] }]"""
    root = project(tmp_path, code=SERVER, agent=agent)
    fails(root, AGENT, "gave exit 127: no-such-program: No such file or directory")


def test_last_words_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    code = "import sys\nsys.exit('\\x1b[2J\\x1b]0;owned\\x07\\u202egone\\r')\n"
    done = fails(project(tmp_path, code=code), AGENT, "it ended with 1: ")
    assert not any(char in done.err for char in "\x1b\x07\u202e\r")


# --- the call and the configuration (2) ------------------------------------------------------


def test_missing_requirements_file(tmp_path: Path) -> None:
    root = project(tmp_path)
    (root / "requirements.txt").unlink()
    fails(root, USAGE, 'images.app.requirements[0]: "requirements.txt" does not exist')


def test_requirement_that_does_not_parse(tmp_path: Path) -> None:
    root = project(tmp_path, requirements="idna = 3.10\n")
    error = "requirements.txt:1: not a requirement: idna = 3.10"
    fails(root, USAGE, error, "a pin has two equals signs: idna==3.10")


def test_pins_that_contradict_each_other(tmp_path: Path) -> None:
    root = project(tmp_path, requirements="idna==3.10\nIDNA==3.9\n")
    error = "requirements.txt:2: IDNA==3.9 contradicts idna==3.10 of requirements.txt:1"
    fails(root, USAGE, error, "keep one of the two pins")


def test_no_solution(tmp_path: Path) -> None:
    root = project(tmp_path, requirements="requests==2.32.3\nurllib3==1.20\n")
    fails(root, USAGE, "urllib3", "no release fits all of these lines")


def test_version_that_does_not_exist(tmp_path: Path) -> None:
    root = project(tmp_path, requirements="idna==99.99\n")
    fails(root, USAGE, "there is no version of idna==99.99", "no release fits")


def test_python_that_is_not_there(tmp_path: Path) -> None:
    root = project(tmp_path, image='python = "3.99"')
    fails(root, USAGE, "3.99", "install that Python, or set `python` of the image")


@pytest.mark.parametrize(
    ("call", "error", "hint"),
    [
        (("lock", "--image", "ap"), 'there is no image "ap"', "did you mean app"),
        (
            ("lock", "--image", "app", "--agent", "agnet"),
            "images.app has no agent 'agnet'",
            "it has agent",
        ),
        (("lock", "--image", "app", "--policy", "all"), "'all' is not one of", "--help"),
        (("lock", "--image", "app", "--build-arg", "x"), "'x' is not KEY=VALUE", "--help"),
        (("lock", "--image", "app", "--config", "no.toml"), "no.toml", None),
        (("lock",), "which image is to be locked?", "--all"),
        (("lokc", "--image", "app"), "there is no command 'lokc'", "--help"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_wrong_call(tmp_path: Path, call: tuple[str, ...], error: str, hint: str | None) -> None:
    fails(project(tmp_path), USAGE, error, hint, call=call)


def test_no_configuration(tmp_path: Path) -> None:
    fails(tmp_path, USAGE, "pruner.toml", "init")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("not json", "not a document of pruner's"),
        ("{}", "not a document of pruner's"),
        ('["schema"]', "not a document of pruner's"),
        (
            '{"schema": 99, "image": "app", "runtime": "local", "policy": "safe", "python": "3"}',
            "schema 99, and this pruner reads 1",
        ),
    ],
)
def test_verdicts_that_are_not_ours(tmp_path: Path, text: str, error: str) -> None:
    root = project(tmp_path)
    place_lock(root)
    path = root / "locks/app/verdicts.json"
    path.write_text(text, encoding="utf-8")
    done = run("verify", "app", "--runtime", "local", cwd=root)
    assert_error(done, USAGE, error)
    assert path.read_text(encoding="utf-8") == text
    assert_nothing_left(done.pid)


def test_verify_without_a_lock(tmp_path: Path) -> None:
    done = run("verify", "app", "--runtime", "local", cwd=project(tmp_path))
    assert_error(done, USAGE, "there is no lock yet", "`pruner lock --image app` makes one")


@pytest.mark.engine
def test_docker_without_a_dockerfile(tmp_path: Path) -> None:
    root = project(tmp_path)
    text = (root / "pruner.toml").read_text().replace('dockerfile = "Dockerfile"\n', "")
    (root / "pruner.toml").write_text(text)
    fails(root, USAGE, "images.app.dockerfile: missing", "--runtime local", runtime="docker")


# --- the world outside (3) -------------------------------------------------------------------


def test_index_that_cannot_be_reached(tmp_path: Path) -> None:
    env = {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "PRUNER_CACHE": str(tmp_path / "c")}
    env["UV_HTTP_RETRIES"] = "0"
    fails(project(tmp_path / "p"), OUTSIDE, "images.app", "check the network", env=env)


@BOTH
def test_cache_that_cannot_be_written(tmp_path: Path, runtime: str) -> None:
    (tmp_path / "file").write_text("in the way")
    env = {"PRUNER_CACHE": str(tmp_path / "file")}
    hint = "set PRUNER_CACHE"
    fails(project(tmp_path / "p"), OUTSIDE, "file", hint, runtime=runtime, env=env)


@BOTH
def test_no_space_left(tmp_path: Path, runtime: str) -> None:
    with small_disk(tmp_path / "disk") as disk:
        env = {"PRUNER_CACHE": str(disk)}
        error, hint = "o space left", "set PRUNER_CACHE"
        requirements = "numpy==1.26.4\n"
        code = "import numpy\n"
        root = project(tmp_path / "p", code=code, requirements=requirements)
        fails(root, OUTSIDE, error, hint, runtime=runtime, env=env)


def test_requirement_with_another_hash(tmp_path: Path) -> None:
    root = project(tmp_path, requirements=f"idna==3.10 --hash=sha256:{'0' * 64}\n")
    hint = "the file on the index is not the one that was pinned"
    fails(root, OUTSIDE, "idna", hint)


@BOTH
def test_lock_with_another_hash(tmp_path: Path, runtime: str) -> None:
    root = project(tmp_path)
    assert run(*LOCK, "--runtime", runtime, cwd=root).code == 0
    lock = root / "locks/app/requirements.txt"
    lines = lock.read_text().splitlines()
    changed = "\n".join(
        line.partition("sha256:")[0] + "sha256:" + "0" * 64 + (" \\" if line[-1] == "\\" else "")
        if "sha256:" in line
        else line
        for line in lines
    )
    lock.write_text(changed)
    done = run("verify", "app", "--runtime", runtime, cwd=root)
    hint = "find out why before changing a hash"
    assert_error(done, OUTSIDE, "idna", hint)
    assert lock.read_text() == changed
    assert_nothing_left(done.pid)


@pytest.mark.engine
def test_build_that_fails(tmp_path: Path) -> None:
    dockerfile = "FROM python:3.11-slim\nRUN echo bad luck && exit 9\n"
    root = project(tmp_path, dockerfile=dockerfile)
    error, hint = "Dockerfile: the build failed: ", "run `docker build` by hand"
    done = fails(root, OUTSIDE, error, hint, runtime="docker")
    assert "exit code: 9" in done.lines("error:")[0]


@pytest.mark.engine
def test_base_image_that_cannot_be_pulled(tmp_path: Path) -> None:
    root = project(tmp_path, dockerfile="FROM pruner-no-such-image:none\n")
    error, hint = "pruner-no-such-image", "the base image cannot be pulled"
    fails(root, OUTSIDE, error, hint, runtime="docker")


@pytest.mark.engine
def test_image_without_python(tmp_path: Path) -> None:
    root = project(tmp_path, dockerfile="FROM scratch\nCOPY requirements.txt /\n")
    fails(root, OUTSIDE, "python", runtime="docker")


@BOTH
def test_service_that_is_not_there(tmp_path: Path, runtime: str) -> None:
    agent = 'ready = { exit = 0, timeout = 20 }\nnetwork = "services"'
    image = """
[images.app.services.store]
image = "pruner-no-such-image:none"
local = ["no-such-server"]
ready = 7000
timeout = 3
"""
    root = project(tmp_path, agent=agent, image=image)
    fails(root, OUTSIDE, "images.app.services.store", runtime=runtime)


def test_no_engine_where_docker_was_asked_for(tmp_path: Path) -> None:
    env = {"DOCKER_HOST": NOTHING}
    error = "no Docker engine answers"
    fails(project(tmp_path), OUTSIDE, error, "--runtime local", runtime="docker", env=env)


def test_auto_takes_local_where_no_engine_answers(tmp_path: Path) -> None:
    done = run(*LOCK, cwd=project(tmp_path), env={"DOCKER_HOST": NOTHING})
    assert done.code == 0
    assert done.document.runtime == "local"
    assert "sandbox: local (no Docker engine answers" in done.err


# --- an engine that dies between two calls ---------------------------------------------------


class Cut:
    """Passes everything on to the real engine, until a request is the one that is waited for."""

    def __init__(self, request: bytes, count: int) -> None:
        self._request = request
        self._left = count
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self.happened = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Break every connection, and take no other."""
        for one in [self._listener, *self._open]:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")[7:])
                self._open += [near, far]
                for source, target, look in ((near, far, self._look), (far, near, None)):
                    threading.Thread(
                        target=self._pass_on, args=(source, target, look), daemon=True
                    ).start()

    def _pass_on(
        self, source: socket.socket, target: socket.socket, look: Callable[[bytes], None] | None
    ) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if look:
                    look(data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def _look(self, data: bytes) -> None:
        if self._request in data.partition(b"\r\n")[0]:
            self._left -= 1
            if not self._left:
                self.happened.set()
                self.close()


@pytest.mark.engine
@pytest.mark.skipif(
    not os.environ.get("DOCKER_HOST", "unix://").startswith("unix://"),
    reason="the engine is not reached by a socket of this machine",
)
@pytest.mark.parametrize(
    ("request_line", "count"),
    [
        (b"/_ping", 1),
        (b"/build", 1),
        (b"/containers/create", 1),  # to find the interpreter
        (b"/wait", 1),
        (b"/start", 3),  # the agent
        (b"/exec", 1),  # its first probe
        (b"/exec", 7),
        (b"/stop", 1),
        (b"/wait", 3),  # the lock is being installed
    ],
    ids=lambda value: value.decode().strip("/") if isinstance(value, bytes) else str(value),
)
def test_engine_dies(tmp_path: Path, request_line: bytes, count: int) -> None:
    agent = """ready = { http = "/", port = 8000, timeout = 20 }
exercise = [{ http = "GET /" }]"""
    root = project(tmp_path, code=SERVER, agent=agent)
    unharmed = place_lock(root)
    with Cut(request_line, count) as cut:
        env = {"DOCKER_HOST": cut.host}
        done = run(*LOCK, "--runtime", "docker", cwd=root, env=env)
        assert cut.happened.is_set(), done.err
    assert_error(done, OUTSIDE, "engine" if request_line != b"/build" else "build")
    unharmed()
    left = [what for what in leftovers(done.pid) if what not in in_engine(done.pid)]
    assert left == [], "what is on this machine goes at once"
    assert run("gc", cwd=root).code == 0
    assert_nothing_left(done.pid)
