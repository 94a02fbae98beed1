"""Agents that write into the tracer's own folder: refused in one line, and nothing else is touched.

Every agent here knows where it is watched from: it asks the tracer's module for its file.
"""

from pathlib import Path

import pytest

from support import Done, assert_error, assert_nothing_left, place_lock, project, run

OUTSIDE = 3
LOCK = ("lock", "--image", "app", "--runtime", "local", "--json")
HINT = "the agent, or something beside it, has written there"
BEGIN = """\
import idna, json, os, socket, sys
out = os.path.dirname(sys.modules["pruner_tracer"].__file__) + "/out/"
name = out + "99999-00000000.events"
mine = out + next(entry for entry in os.listdir(out) if entry.startswith("%d-" % os.getpid()))
header = dict(json.loads(open(mine).readline()), pid=99999)
def write(*rows):
    with open(name, "w") as file:
        file.writelines(json.dumps(row) + "\\n" for row in (header, *rows))
def add(data):
    with open(mine, "ab") as file:
        file.write(data)
"""

REFUSED = {
    "escape": ('open(out + "\\x1b[2J\\u202e", "w").write("x")', "is no event file"),
    "link": ("os.symlink(secret, name)", "is not a regular file"),
    "folder": ("os.mkdir(name)", "is not a regular file"),
    "pipe": ("os.mkfifo(name)", "is not a regular file"),
    "version": ("header['version'] = 99; write()", "pruner-events version 99; this pruner reads"),
    "not UTF-8": ('add(b"\\xff\\n")', "is no event"),
    "deep": ('add(b"[" * 200000 + b"\\n")', "is no event"),
    "endless": ("add(b''); os.truncate(mine, 1 << 40)", "(MAX_LINE_BYTES)"),
    "a million modules": (
        'write(*(["module", f"m{i}", f"/{i}.py", None] for i in range(1000000)))',
        "(MAX_DISTINCT)",
    ),
    "a million files": (
        "[os.mknod(f'{out}{i}.1.off') for i in range(1, 30000)]",
        "more than 10000 processes (MAX_PROCESSES)",
    ),
    "deep folders": (
        "os.chdir(out); [(os.mkdir('d' * 200), os.chdir('d' * 200)) for i in range(3000)]",
        "is not a regular file",
    ),
    "closed folders": ("os.makedirs(out + 'a/b'); os.chmod(out + 'a', 0)", "is not a regular file"),
}  # fmt: skip


def ended(tmp_path: Path, code: str) -> Done:
    """Run a lock with an agent that does something, and check that nothing outside has changed."""
    outside = tmp_path / "outside"
    outside.mkdir()
    secret = outside / "secret"
    secret.write_text("TOP-SECRET\n")
    agent = f"{BEGIN}secret, folder = {str(secret)!r}, {str(outside)!r}\n{code}\n"
    root = project(tmp_path / "project", code=agent)
    unharmed = place_lock(root)
    before = seen(tmp_path)
    done = run(*LOCK, cwd=root)
    assert_nothing_left(done.pid)
    assert "TOP-SECRET" not in done.out + done.err
    after = seen(tmp_path)
    if done.code == OUTSIDE:
        unharmed()
    else:
        after = {path: text for path, text in after.items() if "locks/" not in path}
        before = {path: text for path, text in before.items() if "locks/" not in path}
    assert after == before
    return done


def seen(folder: Path) -> dict[str, bytes]:
    """Return what lies in a folder, other than what pruner keeps of its traces."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path): path.read_bytes() for path in files if ".pruner" not in path.parts}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_not_the_tracers_is_refused(tmp_path: Path, kind: str) -> None:
    code, error = REFUSED[kind]
    done = ended(tmp_path, code)
    assert_error(done, OUTSIDE, error, HINT)
    assert done.out == ""
    assert "\x1b" not in done.err


def test_claims_about_files_are_only_claims(tmp_path: Path) -> None:
    """A file that an agent claims to have loaded is compared with RECORDs, never opened."""
    rows = """\
write(
    ["module", "shadow", "/etc/shadow", "/etc/passwd:1"],
    ["module", "secret", secret, None],
    ["extension", "up", "/usr/../.." + secret, None],
    ["library", "../../etc/passwd"],
    ["open", folder, "\\x1b[2J"],
    ["spawn", "/bin/rm -rf /", None],
    ["spawn", "--help", None],
    ["connect", "a:b:c:99999999999", None],
)"""
    done = ended(tmp_path, rows)
    assert done.code == 0, done.err
    assert [item.name for item in done.document.distributions if item.kept] == ["idna"]
    assert done.document.proof is not None
    assert done.document.proof.passed
