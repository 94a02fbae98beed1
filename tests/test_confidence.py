"""The second run and the confidence, through the installed command, in real sandboxes."""

import os
import re
import shutil
from pathlib import Path

import msgspec
import pytest

from pruner.document import Confidence
from pruner.model import Trace
from support import DOCKERFILE, Done, assert_nothing_left, project, run

BOTH = pytest.mark.parametrize(
    "runtime", ["local", pytest.param("docker", marks=pytest.mark.engine)]
)

# 40 statements, all but those of `unused` (1) and `Handler.log_message` (1) run; the last ones only
# in a fork that leaves by os._exit, and in a child of its own.
SERVER = """\
import http.server
import os
import subprocess
import sys


def unused():
    return 1


def in_a_fork():
    return 2


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        import idna

        pid = os.fork()
        if not pid:
            in_a_fork()
            os._exit(0)
        os.waitpid(pid, 0)
        subprocess.run([sys.executable, "-m", "app.child"], check=True)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(idna.encode("x.example"))

    def log_message(self, *args):
        print(*args)


http.server.HTTPServer(("", 8000), Handler).serve_forever()
"""
AGENT = """ready = { tcp = 8000, timeout = 60 }
exercise = [{ http = "GET /", port = 8000 }]"""


def serve(root: Path, **given: str) -> Path:
    """Write a project whose agent is a server that does not handle SIGTERM."""
    place = project(root, **{"code": SERVER, "agent": AGENT, **given})
    (place / "app" / "child.py").write_text("one = 1\nif one:\n    two = 2\nelse:\n    three = 3\n")
    return place


def lock(root: Path, *options: str, runtime: str = "local", code: int = 0) -> Done:
    """Lock, and check that nothing is left."""
    done = run("lock", "--image", "app", "--runtime", runtime, "--json", *options, cwd=root)
    assert done.code == code, done.err
    assert_nothing_left(done.pid)
    return done


def sure(done: Done) -> Confidence:
    """Return the confidence of a document."""
    found = done.document.confidence
    assert found is not None
    return found


@BOTH
def test_a_server_that_is_killed(runtime: str, tmp_path: Path) -> None:
    found = sure(lock(serve(tmp_path), runtime=runtime))
    assert found.because == (
        "93 % of 27 reachable statements ran (x 0.96)",
        "1 of 1 agent does an exercise, or runs to an end",
        "0 of 1 kept distribution rests on less than an observed use",
        "a second run added nothing",
    )
    assert found.score == 0.96


@pytest.mark.parametrize("version", ["3.8", "3.13"])
def test_a_python_that_is_not_pruners(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    folders = [*map(str, root.glob(f"versions/{version}.*/bin")), os.environ["PATH"]]
    monkeypatch.setenv("PATH", os.pathsep.join(folders))
    if shutil.which(f"python{version}") is None:
        pytest.skip(f"no Python {version} here")
    done = lock(serve(tmp_path, image=f'python = "{version}"'))
    assert done.document.python.startswith(f"{version}.")
    assert sure(done).because[0] == "93 % of 27 reachable statements ran (x 0.96)"


def test_an_agent_that_does_not_end_on_sigterm(tmp_path: Path) -> None:
    code = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SERVER
    assert sure(lock(serve(tmp_path, code=code))).because[0].startswith("93 % of 29 reachable")


@pytest.mark.engine
def test_an_image_whose_user_is_nobody(tmp_path: Path) -> None:
    dockerfile = f"{DOCKERFILE}USER 65534:65534\n"
    code = f"import os\nos.umask(0o077)\n{SERVER}"
    found = sure(lock(serve(tmp_path, code=code, dockerfile=dockerfile), runtime="docker"))
    assert found.because[0] == "93 % of 29 reachable statements ran (x 0.96)"


@BOTH
def test_nothing_of_coverage_is_installed_or_proves_anything(runtime: str, tmp_path: Path) -> None:
    code = "import idna\ntry:\n    import coverage\nexcept ImportError:\n    print(idna)\n"
    place = project(tmp_path, code=code)
    document = lock(place, runtime=runtime).document
    assert "coverage" not in {row.name for row in document.distributions}
    again = place / ".pruner" / "app" / "traces" / "again" / "agent.json"
    trace = msgspec.json.decode(again.read_bytes(), type=Trace)
    assert "coverage" in {item.module for item in trace.attempts if item.failed}
    assert document.confidence is not None
    assert document.confidence.because[0] == "100 % of 5 reachable statements ran"


def test_an_image_with_its_own_coverage(tmp_path: Path) -> None:
    code = "import coverage\nassert 'site-packages' in coverage.__file__\n"
    code += "coverage.Coverage(data_file=None).get_data().measured_files()\n"
    place = project(tmp_path, code=code, requirements="coverage==7.6.1\nidna==3.10\n")
    document = lock(place).document
    levels = {row.name: row.level for row in document.distributions}
    assert (levels["coverage"], levels["idna"]) == ("observed", "unused")
    assert document.confidence is not None
    assert document.confidence.because[0] == "100 % of 3 reachable statements ran"


def test_what_only_the_second_run_uses_is_kept(tmp_path: Path) -> None:
    code = """\
        import importlib, pathlib, sys
        names = {"again": "idna", "first": "sniffio"}
        mark = [name for name in sys.modules if name == "pruner_coverage"]
        importlib.import_module(names["again" if mark else "first"])
    """
    code = "\n".join(line.strip() for line in code.splitlines())
    place = project(tmp_path, code=code, requirements="idna==3.10\nsniffio==1.3.1\n")
    document = lock(place).document
    rows = {row.name: row for row in document.distributions}
    assert [rows[name].level for name in ("idna", "sniffio")] == ["observed", "observed"]
    assert rows["idna"].proof[0].agent == "agent"
    found = document.confidence
    assert found is not None
    assert "a second run added 1 of 2 observed distributions: idna (x 0.50)" in found.because


def test_an_agent_that_does_not_bear_measuring(tmp_path: Path) -> None:
    agent = """ready = { log = "up", timeout = 60 }
exercise = [{ run = ["python", "-c", "raise SystemExit(open('/tmp/turn').read() == 'odd')"] }]"""
    code = """\
import sys, time
import idna
with open("/tmp/turn", "w") as file:
    file.write("odd" if "pruner_coverage" in sys.modules else "even")
print("up", flush=True)
time.sleep(600)
"""
    found = sure(lock(project(tmp_path, code=code, agent=agent)))
    # Without the measuring it is as it was: nothing speaks against the agent.
    assert [line for line in found.because if "another way" in line] == []
    assert found.because[0] == "100 % of 6 reachable statements ran"


def test_a_run_that_is_not_the_same_twice(tmp_path: Path) -> None:
    code = "import time\nimport idna\nprint('up', flush=True)\ntime.sleep(600)\n"
    program = "import os, sys; sys.exit(int.from_bytes(os.urandom(8), 'big') % 120)"
    agent = f"""ready = {{ log = "up", timeout = 60 }}
exercise = [
  {{ run = ["python", "-c", "{program}"], expect = {list(range(120))} }},
  {{ run = ["python", "-c", "{program}"], expect = {list(range(120))} }},
  {{ run = ["python", "-c", "{program}"], expect = {list(range(120))} }},
]"""
    done = lock(project(tmp_path, code=code, agent=agent), code=1)
    found = sure(done)
    assert found.score == 0.0
    assert found.because[-1] == "the lock is not proven (x 0.00)"
    (line,) = [line for line in found.because if "another way" in line]
    assert re.search(r"agent: .* gave exit \d+, not exit \d+", line)
    assert line.endswith("(x 0.70)")


def test_once(tmp_path: Path) -> None:
    done = lock(project(tmp_path), "--once")
    assert (done.err.count("run agent ..."), done.err.count("again")) == (2, 0)
    assert sure(done).because[0] == (
        "how much reachable first-party code ran is not known: there was no second run, which"
        " measures it (x 0.40)"
    )
    assert "the exercises were run only once (x 0.90)" in sure(done).because


def test_where_no_coverage_can_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A store of its own has no copy yet, and the place for one is taken by a file.
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "coverage").write_text("not a folder")
    monkeypatch.setenv("PRUNER_CACHE", str(cache))
    done = run(
        "lock", "--image", "app", "--runtime", "local", "--json", cwd=project(tmp_path / "p")
    )
    assert done.code == 0, done.err
    assert_nothing_left(done.pid, cache)
    found = sure(done)
    assert found.because[0].startswith("how much reachable first-party code ran is not known: ")
    assert "coverage" in found.because[0]
    assert found.because[0].endswith("(x 0.40)")
    assert "a second run added nothing" in found.because


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    code = "import idna\ntry:\n    import app.broken\nexcept SyntaxError:\n    pass\n"
    place = project(tmp_path, code=code)
    (place / "app" / "broken.py").write_text("def (:\n")
    (first, *_) = sure(lock(place)).because
    assert first.startswith("100 % of 5 reachable statements ran (not counted: app/broken.py: ")


def test_an_image_for_a_gpu_without_one(tmp_path: Path) -> None:
    found = sure(lock(project(tmp_path, image="gpu = true")))
    reason = "gpu = true, and no GPU was there: code for it did not run (x 0.80)"
    assert (reason in found.because) == (not Path("/dev/nvidiactl").exists())


def test_it_is_shown(tmp_path: Path) -> None:
    done = run("lock", "--image", "app", "--runtime", "local", cwd=project(tmp_path))
    assert "\nconfidence 1.00: 100 % of 2 reachable statements ran; 1 of 1 agent" in done.out
