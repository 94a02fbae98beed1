"""The locks before: as a revision of git has them, or another checkout."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from pruner.config import Config, Image
from pruner.document import Document
from pruner.errors import OutsideError, UsageError
from pruner.jobs.committed import parse_verdicts, read_verdicts
from pruner.jobs.written import VERDICTS

PATIENCE = 60
"""Seconds for one call of git."""

Previous = Callable[[Image], Document | None]
"""Returns the lock before of an image; None where there was none. Raises UsageError."""


def previous(config: Config, before: str) -> Previous:
    """Return what reads the locks before.

    `before` is the folder of pruner.toml in another checkout, where there is such a folder; else a
    revision of git. Raises UsageError where it is neither, OutsideError without git.
    """
    folder = Path(before)
    if folder.is_dir():
        return lambda image: _of_folder(folder / config.locks / image.name / VERDICTS)
    commit = _commit(config, before)
    return lambda image: _of_commit(config, commit, f"{config.locks}/{image.name}/{VERDICTS}")


def _of_folder(path: Path) -> Document | None:
    return read_verdicts(path) if path.exists() else None


def _commit(config: Config, revision: str) -> str:
    wanted = ("--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    done = _git(config, "rev-parse", *wanted)
    if done.returncode != 0:
        raise UsageError(
            f"--previous {revision}: is neither a folder nor a revision that git has here",
            hint=f"`git fetch origin {revision.removeprefix('origin/')}`, where it is a branch",
        )
    return done.stdout.decode().strip()


def _of_commit(config: Config, commit: str, path: str) -> Document | None:
    there = _git(config, "ls-tree", commit, "--", path)
    if not there.stdout:
        return None
    # The bytes as they are: neither a filter nor a driver of the repository is run over them.
    read = _git(config, "cat-file", "blob", f"{commit}:./{path}")
    shown = Path(f"{commit[:12]}:{path}")
    if read.returncode != 0:
        hint = "`git fsck` says whether the repository is whole"
        raise UsageError(f"{shown}: cannot be read: {_said(read)}", hint=hint)
    return parse_verdicts(shown, read.stdout)


def _git(config: Config, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    command = ["git", "-C", str(config.root), *arguments]
    try:
        return subprocess.run(command, check=False, capture_output=True, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as error:
        why = "cannot be run" if isinstance(error, OSError) else f"took more than {PATIENCE} s"
        hint = "give the folder of another checkout to --previous"
        raise OutsideError(f"git {why}", hint=hint) from error


def _said(done: "subprocess.CompletedProcess[bytes]") -> str:
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"git ended with {done.returncode}"
