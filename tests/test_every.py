"""`pruner lock --all` and `--align`, through the installed command, on small real distributions."""

import os
import pty
import re
import signal
import subprocess
import termios
from collections.abc import Mapping
from pathlib import Path
from struct import pack
from typing import Any

import msgspec
import pytest

from pruner.document import Document, Documents
from pruner.history import History
from pruner.model import Verdict
from support import (
    DOCKERFILE,
    PRUNER,
    Done,
    assert_error,
    assert_nothing_left,
    environment,
    finish,
    run,
    start,
)

IDNA = "import idna\nprint(idna.encode('x.example'))\n"
LEGACY = "from packaging.version import LegacyVersion\nprint(LegacyVersion('x'))\n"
ALL = ("lock", "--all", "--once", "--runtime", "local")

AGENT = """
[images.{name}]
requirements = ["{name}.txt"]
{more}
[[images.{name}.agents]]
name = "{name}"
module = "app.{name}"
ready = {{ exit = 0, timeout = 30 }}
"""


def images(
    root: Path, given: Mapping[str, tuple[str, str]], more: Mapping[str, str] | None = None
) -> Path:
    """Write a project: for each image the text of its requirements and of its agent's module."""
    (root / "app").mkdir()
    (root / "app/__init__.py").touch()
    config = '[project]\nsource = ["app"]\n'
    for name, (requirements, code) in given.items():
        (root / f"{name}.txt").write_text(requirements)
        (root / f"app/{name}.py").write_text(code)
        config += AGENT.format(name=name, more=(more or {}).get(name, ""))
    (root / "pruner.toml").write_text(config)
    return root


def decoded(done: Done) -> Documents:
    return msgspec.json.decode(done.out, type=Documents)


def committed(root: Path, name: str) -> Document:
    return msgspec.json.decode((root / f"locks/{name}/verdicts.json").read_bytes(), type=Document)


def rows(document: Document) -> dict[str, Verdict]:
    return {row.name: row for row in document.distributions}


def said(document: Document, code: str) -> dict[str, str]:
    return {item.where: item.what for item in document.findings if item.code == code}


def plain(done: Done) -> Any:  # noqa: ANN401  whatever JSON holds
    return msgspec.json.decode(done.out)


# --- one image beside what was committed of the others ---------------------------------------


def test_pins_that_differ_are_a_finding_also_where_there_is_no_lock_yet(tmp_path: Path) -> None:
    given = {"web": ("idna==3.10\n", IDNA), "worker": ("idna==3.4\n", IDNA)}
    root = images(tmp_path, given)
    first = run("lock", "--image", "web", *ALL[2:], "--json", cwd=root)
    assert first.code == 0, first.err
    what = said(first.document, "PRN130")["idna"]
    assert what.startswith("is pinned as 3.10 in web, 3.4 in worker; "), what
    assert what.endswith("its size in worker is unknown"), what
    second = run("lock", "--image", "worker", *ALL[2:], "--json", cwd=root)
    assert second.code == 0, second.err
    what = said(second.document, "PRN130")["idna"]
    size = rows(second.document)["idna"].size_bytes // 1000
    assert what.startswith("is pinned as 3.10 in web, 3.4 in worker; "), what
    assert re.search(rf"sharing one version would save {size}\d? kB|{size + 1} kB", what), what
    assert [item.fix for item in second.document.findings] == ["`pruner lock --all --align`"]
    assert committed(root, "worker") == second.document


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"{", "not a document of pruner's"),
        (b"\xff\xfe", "not a document of pruner's"),
        (b"[" * 100_000, "not a document of pruner's"),
        (None, "not a document of pruner's: not a regular file"),
        (
            b'{"schema":9,"image":"web","runtime":"local","policy":"safe","python":"3"}',
            "schema 9, and this pruner reads 1",
        ),
    ],
)
def test_what_is_committed_of_another_image_never_ends_this_one(
    tmp_path: Path, text: bytes | None, why: str
) -> None:
    given = {"web": ("idna==3.10\n", IDNA), "worker": ("idna==3.4\n", IDNA)}
    root = images(tmp_path, given)
    path = root / "locks/worker/verdicts.json"
    path.parent.mkdir(parents=True)
    if text is None:
        os.mkfifo(path)
    else:
        path.write_bytes(text)
    done = run("lock", "--image", "web", *ALL[2:], "--json", cwd=root, timeout=60)
    assert done.code == 0, done.err
    note = said(done.document, "PRN131")["images.worker"]
    assert note.startswith(f"is not compared with: locks/worker/verdicts.json: {why}"), note
    assert str(root) not in done.out
    assert said(done.document, "PRN130") == {}


def test_requirements_of_another_image_that_cannot_be_read(tmp_path: Path) -> None:
    given = {"web": ("idna==3.10\n", IDNA), "worker": ("idna=3.4\n", IDNA)}
    done = run("lock", "--image", "web", *ALL[2:], "--json", cwd=images(tmp_path, given))
    assert done.code == 0, done.err
    assert "worker.txt:1" in said(done.document, "PRN131")["images.worker"]


# --- every image -----------------------------------------------------------------------------


def test_one_that_fails_stops_no_other(tmp_path: Path) -> None:
    given = {
        "broken": ("idna==3.10\n", "raise SystemExit(7)\n"),
        "nowhere": ("idna==0.0.99\n", IDNA),
        "web": ("idna==3.10\ntabulate==0.9.0\n", IDNA),
    }
    root = images(tmp_path, given)
    done = run(*ALL, "--json", cwd=root)
    assert done.code == 4, done.err
    found = plain(done)
    assert list(found) == ["schema", "images", "errors"]
    assert found["schema"] == 1
    assert [item["image"] for item in found["images"]] == ["web"]
    assert [(item["image"], item["code"]) for item in found["errors"]] == [
        ("broken", 4), ("nowhere", 2),
    ]  # fmt: skip
    assert all(set(item) == {"image", "code", "error", "hint"} for item in found["errors"])
    errors = done.lines("error:")
    assert errors[0].startswith("error: broken: broken fails in its original environment"), errors
    assert errors[1].startswith("error: nowhere: images.nowhere: requirements"), errors
    assert decoded(done).images == (committed(root, "web"),)
    assert not (root / "locks/broken").exists()
    assert_nothing_left(done.pid)


def test_a_mistake_that_is_found_late(tmp_path: Path) -> None:
    given = {"gone": ("idna==3.10\n", IDNA), "web": ("idna==3.10\ntabulate==0.9.0\n", IDNA)}
    root = images(tmp_path, given)
    (root / "gone.txt").unlink()
    done = run(*ALL, cwd=root)
    assert done.code == 2, done.err
    assert "error: gone: pruner.toml: images.gone.requirements" in done.err
    assert_table(done.out, {"web": " -> 1 ", "gone": "exit 2"})
    assert max(map(len, table(done.out))) <= 80
    assert (root / "locks/web/requirements.txt").is_file()


def table(text: str) -> list[str]:
    lines = text.splitlines()
    return lines[next(at for at, line in enumerate(lines) if line.startswith("images (")) :]


def assert_table(text: str, wanted: Mapping[str, str]) -> None:
    found = table(text)
    for name, part in wanted.items():
        assert any(line.startswith(name) and part in line for line in found), found


def test_text_fits_a_terminal_of_80_columns(tmp_path: Path) -> None:
    given = {
        "web": ("idna==3.10\n", IDNA),
        "an-image-whose-name-is-longer-than-anybody-needs": ("idna==3.4\n", IDNA),
    }
    given = {name.replace("-", "_"): value for name, value in given.items()}
    root = images(tmp_path, given)
    code, text = on_a_terminal(root, *ALL)
    assert code == 0, text
    clean = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)
    shown = clean[clean.index("── web") :]
    assert max(map(len, shown.splitlines())) <= 80, shown
    assert "images (2)" in shown
    assert "proven" in shown


def on_a_terminal(root: Path, *argv: str) -> tuple[int, str]:
    """Run pruner on a terminal of 80 columns; return its code and all that it printed there."""
    import fcntl  # noqa: PLC0415

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        [str(PRUNER), *argv], cwd=root, env=environment({"TERM": "xterm", "COLUMNS": None}),
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    text = b""
    try:
        while chunk := os.read(ours, 65536):
            text += chunk
    except OSError:  # how Linux says that nobody holds the other end any more
        pass
    os.close(ours)
    return process.wait(60), text.decode()


@pytest.mark.parametrize(
    ("call", "error", "hint"),
    [
        (("--image", "web", "--all"), "--image and --all exclude each other", "one of them"),
        ((), "which image is to be locked?", "--all for every image"),
        (("--align",), "--align needs --all", "`pruner lock --all --align`"),
        (("--image", "web", "--align"), "--align needs --all", "`pruner lock --all --align`"),
        (("--all", "--agent", "web"), "--agent and --all exclude each other", "--image NAME"),
        (("--all", "--build-arg", "x"), "'x' is not KEY=VALUE", None),
    ],
)
def test_calls_that_mean_nothing(
    tmp_path: Path, call: tuple[str, ...], error: str, hint: str | None
) -> None:
    root = images(tmp_path, {"web": ("idna==3.10\n", IDNA)})
    done = run("lock", *call, cwd=root)
    assert_error(done, 2, error, hint)
    assert done.out == ""


def test_interrupted_in_the_second_image(tmp_path: Path) -> None:
    slow = "import time\nprint('up', flush=True)\ntime.sleep(600)\n"
    given = {"web": ("idna==3.10\n", IDNA), "slow": ("idna==3.4\n", slow)}
    root = images(tmp_path, given)
    config = root / "pruner.toml"
    config.write_text(config.read_text().replace("timeout = 30", "timeout = 500"))
    process = start(*ALL, "--json", cwd=root)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("run slow ..."):
            break
    process.send_signal(signal.SIGINT)
    done = finish(process, timeout=40)
    assert done.code == 130, done.err
    assert done.out == ""
    assert "error: interrupted" in done.err
    assert (root / "locks/web/verdicts.json").is_file(), "what was proven before stays"
    assert not (root / "locks/slow").exists()
    assert_nothing_left(done.pid)
    assert {row.image: (row.outcome, row.exit) for row in History(root).runs()} == {
        "web": ("ok", 0),
        "slow": ("failed", 130),
    }


def test_one_that_is_not_proven_ends_in_1_and_is_not_aligned(tmp_path: Path) -> None:
    """Nobody sees a look at a folder, so what it finds is left out, and nothing puts it back."""
    looks = "import os, idna\nassert os.path.exists(os.path.dirname(idna.__path__[0]) + '/pip')\n"
    given = {"web": ("idna==3.10\n", IDNA), "worker": ("idna==3.4\n", looks)}
    root = images(tmp_path, given)
    done = run(*ALL, "--align", cwd=root)
    assert done.code == 1, done.err
    assert done.lines("worker: ")[-1] == "worker: NOT PROVEN"
    assert done.lines("align ") == []
    assert_table(done.out, {"web": " proven ", "worker": " NOT PROVEN "})
    assert not (root / "locks/worker").exists()
    assert (root / ".pruner/worker/unproven/verdicts.json").is_file()


# --- aligned ---------------------------------------------------------------------------------


def test_aligned_where_it_is_proven_and_kept_where_it_is_not(tmp_path: Path) -> None:
    """Of three images one follows in part, as its agent breaks, and one may not at all."""
    both = "import idna\n" + LEGACY
    given = {
        "web": ("idna==3.10\npackaging==24.2\n", IDNA + "import packaging.version\n"),
        "worker": ("idna==3.4\npackaging==21.3\n", both),
        "old": ("idna==2.10\nrequests==2.25.1\n", "import requests\n"),
    }
    root = images(tmp_path, given)
    done = run(*ALL, "--align", "--json", cwd=root)
    assert done.code == 0, done.err
    documents = {item.image: item for item in decoded(done).images}
    assert documents == {name: committed(root, name) for name in given}

    worker = documents["worker"]
    assert [(row.name, row.before, row.version, row.images) for row in worker.aligned] == [
        ("idna", "3.4", "3.10", ("web",))
    ]
    assert rows(worker)["idna"].version == "3.10"
    assert rows(worker)["idna"].why.startswith("aligned with web, from 3.4; loaded: idna")
    assert rows(worker)["packaging"].version == "21.3"
    assert re.match(
        r"stays 21\.3 and does not become 24\.2 as in web: the proof fails: worker: .*"
        r"cannot import name 'LegacyVersion'",
        said(worker, "PRN132")["packaging"],
    )
    for name in ("verdicts.json", "requirements.txt"):
        assert "sandboxes" not in (root / "locks/worker" / name).read_text(), (
            "paths of this machine"
        )
    lock = (root / "locks/worker/requirements.txt").read_text()
    assert "idna==3.10 " in lock
    assert "#   idna==3.10: aligned with web, from 3.4" in lock
    assert "packaging==21.3 " in lock

    old = documents["old"]
    assert old.aligned == ()
    assert rows(old)["idna"].version == "2.10"
    assert said(old, "PRN132") == {
        "idna": "stays 2.10 and does not become 3.10 as in web:"
        " requests 2.25.1 asks for idna<3,>=2.5"
    }
    assert set(said(documents["web"], "PRN130")) == {"idna", "packaging"}
    assert "3.10 in web and worker, 2.10 in old" in said(documents["web"], "PRN130")["idna"]
    assert done.err.count("run worker again") == 0
    assert_nothing_left(done.pid)
    for name in given:
        assert run("verify", name, "--runtime", "local", cwd=root).code == 0


def test_agents_run_once_in_the_original_and_nothing_moves_unasked(tmp_path: Path) -> None:
    given = {"web": ("idna==3.10\n", IDNA), "worker": ("idna==3.4\n", IDNA)}
    root = images(tmp_path, given)
    plain_run = run(*ALL, "--json", cwd=root)
    assert plain_run.code == 0, plain_run.err
    assert [rows(item)["idna"].version for item in decoded(plain_run).images] == ["3.10", "3.4"]
    assert all("PRN130" in {f.code for f in item.findings} for item in decoded(plain_run).images)
    done = run(*ALL, "--align", cwd=root)
    assert done.code == 0, done.err
    assert "idna 3.10: aligned with web, from 3.4" in done.out
    assert "PRN130" not in done.out
    assert done.err.count("install the original ...") == 2
    assert done.err.count("run worker ...") == 3, "as it is, from its lock, from the aligned one"
    assert rows(committed(root, "worker"))["idna"].version == "3.10"
    assert committed(root, "web").findings == ()


def test_what_a_person_asked_for_stays(tmp_path: Path) -> None:
    given = {
        "web": ("idna==3.10\n", IDNA),
        "ranged": ("idna<3.5\n", IDNA),
        "chosen": ("idna==3.10\n", IDNA),
    }
    root = images(tmp_path, given, more={"chosen": 'use = ["idna==3.7"]'})
    done = run(*ALL, "--align", "--json", cwd=root)
    assert done.code == 0, done.err
    documents = {item.image: item for item in decoded(done).images}
    assert rows(documents["ranged"])["idna"].version == "3.4"
    assert said(documents["ranged"], "PRN132")["idna"].endswith("ranged.txt:1 asks for idna<3.5")
    assert rows(documents["chosen"])["idna"].version == "3.7"
    assert said(documents["chosen"], "PRN132")["idna"].endswith(
        "the configuration asks for idna==3.7"
    )


def test_what_hangs_together_moves_together_and_to_versions_that_an_image_has(
    tmp_path: Path,
) -> None:
    """The older requests forbids the newer idna, and the newer one needs something new."""
    given = {
        "web": ("requests==2.31.0\nidna==3.7\ncharset-normalizer==3.3.1\n", "import requests\n"),
        "old": ("requests==2.25.1\nidna==2.10\n", "import requests\n"),
    }
    root = images(tmp_path, given)
    done = run(*ALL, "--align", "--json", cwd=root)
    assert done.code == 0, done.err
    old = committed(root, "old")
    moved = {row.name: (row.before, row.version, row.images) for row in old.aligned}
    assert moved["requests"] == ("2.25.1", "2.31.0", ("web",))
    assert moved["idna"] == ("2.10", "3.7", ("web",))
    assert moved["charset-normalizer"] == ("", "3.3.1", ())
    assert rows(old)["charset-normalizer"].size_bytes > 0
    assert said(old, "PRN132") == {}
    assert said(old, "PRN130") == {}
    assert old.conflicts == ()
    assert run("verify", "old", "--runtime", "local", cwd=root).code == 0


@pytest.mark.engine
def test_in_containers(tmp_path: Path) -> None:
    given = {"web": ("idna==3.10\n", IDNA), "worker": ("idna==3.4\n", IDNA)}
    more = {name: f'dockerfile = "{name}.Dockerfile"' for name in given}
    root = images(tmp_path, given, more)
    for name in given:
        text = DOCKERFILE.replace("requirements.txt", f"{name}.txt")
        (root / f"{name}.Dockerfile").write_text(text)
    done = run("lock", "--all", "--align", "--once", "--runtime", "docker", "--json", cwd=root)
    assert done.code == 0, done.err
    assert rows(committed(root, "worker"))["idna"].version == "3.10"
    assert {item.runtime for item in decoded(done).images} == {"docker"}
    assert_nothing_left(done.pid)
