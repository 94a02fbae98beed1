"""scripts/nightly-drift, with a command in the place of pruner."""

import fcntl
import subprocess
from pathlib import Path

from support import environment

SCRIPT = Path(__file__).parent.parent / "scripts/nightly-drift"


def night(folder: Path, command: str, *argv: str, kept: str = "2") -> tuple[int, str, str]:
    pruner = folder / "pruner"
    pruner.write_text(f"#!/bin/bash\n{command}\n", encoding="utf-8")
    pruner.chmod(0o755)
    changed = {
        "PRUNER": str(pruner),
        "PRUNER_NIGHTS": str(folder / "nights"),
        "PRUNER_NIGHTS_KEPT": kept,
    }
    done = subprocess.run(
        [str(SCRIPT), *argv],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(changed),
    )
    return done.returncode, done.stdout, done.stderr


def reports(folder: Path, kind: str = "md") -> list[str]:
    found = sorted((folder / "nights").glob(f"*.{kind}"))
    return [path.read_text(encoding="utf-8") for path in found]


def test_it_hands_on_the_report_the_options_and_the_exit_code(tmp_path: Path) -> None:
    code, out, err = night(tmp_path, 'echo "$@"; echo words >&2; exit 1', "--static")
    assert code == 1
    assert out == "drift --all --format markdown --static\n"
    assert err == "words\nexit 1\n"
    assert reports(tmp_path) == [out]
    assert reports(tmp_path, "log") == [err]


def test_a_night_without_findings_says_nothing_beside_its_report(tmp_path: Path) -> None:
    assert night(tmp_path, "echo nothing; echo words >&2") == (0, "nothing\n", "")


def test_the_last_reports_are_kept_and_what_was_killed_goes(tmp_path: Path) -> None:
    nights = tmp_path / "nights"
    nights.mkdir()
    for day in range(1, 5):
        (nights / f"2020-01-0{day}T000000Z-1.md").write_text(f"{day}\n", encoding="utf-8")
    (nights / "2020-01-09T000000Z-1.md.part").touch()
    (nights / "notes.md").write_text("mine\n", encoding="utf-8")
    assert night(tmp_path, "echo now")[0] == 0
    assert reports(tmp_path) == ["4\n", "now\n", "mine\n"]
    assert not list(nights.glob("*.part"))


def test_one_at_a_time(tmp_path: Path) -> None:
    (tmp_path / "nights").mkdir()
    with (tmp_path / "nights/lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, out, err = night(tmp_path, "echo ran")
    assert (code, out) == (75, "")
    assert "still runs" in err
    assert night(tmp_path, "echo ran")[:2] == (0, "ran\n")


def test_nonsense_is_refused(tmp_path: Path) -> None:
    code, out, err = night(tmp_path, "echo ran", kept="many")
    assert (code, out) == (2, "")
    assert "PRUNER_NIGHTS_KEPT=many" in err
