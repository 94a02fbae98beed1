"""What a person sees while agents run, in a terminal; and what a log gets."""

import re
from pathlib import Path

import pytest

from pruner.sandbox.base import LockFiles
from support import PRUNER, assert_nothing_left, project, run
from terminal import CTRL_C, Terminal

SERVER = """\
import http.server
import time

time.sleep(2)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(2 if self.path == "/slow" else 0)
        self.send_response(200)
        self.end_headers()


http.server.HTTPServer(("127.0.0.1", 8000), Handler).serve_forever()
"""
AGENT = """\
ready = { http = "/health", port = 8000, timeout = 30 }
exercise = [{ http = "GET /quick" }, { http = "GET /slow", timeout = 20 }]
"""
TRACE = [str(PRUNER), "trace", "app", "--runtime", "local"]
SPINNER = re.compile(r"^[⠀-⣿] ", re.MULTILINE)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return project(tmp_path, code=SERVER, agent=AGENT, requirements="")


def shown(text: str) -> str:
    """Return the line that lives, without its spinner; there is one at most."""
    found = [line for line in text.splitlines() if SPINNER.match(line)]
    assert len(found) <= 1, text
    return found[0][2:] if found else ""


def test_a_terminal_shows_what_the_sandbox_at_work_waits_for(tree: Path) -> None:
    with Terminal(TRACE, tree) as terminal:
        waits = r"run agent: waiting for http /health on port 8000, [1-9] s of 30 s"
        terminal.until(lambda text: bool(re.fullmatch(waits, shown(text))))
        asks = r"run agent: exercise 2 of 2: GET /slow, [0-9] s of 20 s"
        terminal.until(lambda text: bool(re.fullmatch(asks, shown(text))))
        assert terminal.finish() == 0
        assert not SPINNER.search(terminal.text)
        assert not terminal.screen.cursor.hidden
        assert re.search(r"^  run agent: \d+\.\d s$", terminal.text, re.MULTILINE)
        assert "agent: ok, ready in" in terminal.text


def test_what_is_too_long_is_cut_before_the_time(tree: Path) -> None:
    with Terminal(TRACE, tree, columns=40) as terminal:
        waits = r"run agent: waiting for h\S* *\S*…, \d s of 30 s"
        terminal.until(lambda text: bool(re.fullmatch(waits, shown(text))))
        assert len(shown(terminal.text)) <= 38


def test_ctrl_c_leaves_a_tidy_terminal(tree: Path) -> None:
    with Terminal(TRACE, tree) as terminal:
        terminal.until(lambda text: "waiting for http" in shown(text))
        terminal.press(CTRL_C)
        assert terminal.finish() == 130
        assert not SPINNER.search(terminal.text)
        assert not terminal.screen.cursor.hidden
        assert terminal.lines[-1] == "error: interrupted; the sandboxes are removed"
        assert_nothing_left(terminal.process.pid)


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines(tree: Path, term: str) -> None:
    with Terminal(TRACE, tree, env={"TERM": term}) as terminal:
        assert terminal.finish() == 0
        assert b"\x1b" not in terminal.raw
        assert "run agent ..." in terminal.lines


def test_a_log_gets_a_line_when_a_step_begins_and_one_when_it_ends(tree: Path) -> None:
    done = run(*TRACE[1:], cwd=tree)
    assert done.code == 0, done.err
    lines = done.lines("run agent")
    assert lines[0] == "run agent ..."
    assert re.fullmatch(r"run agent: \d+\.\d s", lines[1])
    assert "waiting" not in done.err
    assert "\x1b" not in done.err


def test_the_pins_of_a_lock_are_counted_for_whoever_waits() -> None:
    hashed = (
        "# made by pruner\n--index-url https://x/\na==1 \\\n    --hash=sha256:ab\nb @ file:///w\n"
    )
    assert LockFiles(requirements=hashed).pins == 2
