"""Driving uv: where it is, and what its errors mean for a person."""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from pruner.errors import SPACE_HINT, OutsideError, PrunerError, UsageError
from pruner.sandbox.base import passed_through
from pruner.sandbox.workspace import store
from pruner.urls import without_credentials

INSTALL_TIMEOUT = 3600.0
"""Seconds for one installation: several gigabytes over a slow line."""

NETWORK_HINT = "check the network, the proxy and the index (UV_DEFAULT_INDEX, UV_INDEX)"
ALONE = dict.fromkeys(("UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"), "")
"""Variables with which uv asks no index but those of the files that it reads, and the default."""


def binary() -> Path:
    """Return the uv that came with pruner."""
    from uv import find_uv_bin  # noqa: PLC0415  it looks for the file at import

    return Path(find_uv_bin())


def cache_folder() -> Path:
    """Return the cache of wheels that pruner's sandboxes share."""
    folder = store() / "uv"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def cached_in(folder: Path | None) -> dict[str, str]:
    """Return the variable that makes uv keep its cache elsewhere, in a folder that is given."""
    return {} if folder is None else {"UV_CACHE_DIR": str(folder)}


def variables() -> dict[str, str]:
    """Return the environment that uv runs with, inside a sandbox or out of it."""
    return {
        **passed_through(os.environ),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": "/tmp",  # noqa: S108  a fresh one in every sandbox
        "LANG": "C.UTF-8",
        "UV_CACHE_DIR": str(cache_folder()),
        "UV_NO_PROGRESS": "1",
        "UV_PYTHON_PREFERENCE": "only-system" if os.environ.get("UV_OFFLINE") else "system",
    }


def run(
    argv: Sequence[str],
    *,
    what: str,
    before: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    errors: bool = False,
) -> str:
    """Run uv, return its stdout; a failure becomes one clear line about `what`.

    With `errors` it is stderr that is returned, where uv warns.
    """
    alone = [] if "--config-file" in argv else ["--no-config"]
    command = [*before, str(binary()), *argv, *alone]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=INSTALL_TIMEOUT,
            env={**variables(), **(env or {})},
            cwd=cwd,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise OutsideError(
            f"{what}: uv was not done after {INSTALL_TIMEOUT:.0f} s", hint=NETWORK_HINT
        ) from error
    if done.returncode != 0:
        raise explained(done.stderr, what)
    return done.stderr if errors else done.stdout


class BuildError(OutsideError):
    """A release without a wheel could not be built; `pin` is "name==version", where it is said."""

    pin: str | None = None


class NotThereError(UsageError):
    """No index that was asked has what was asked for."""


def explained(stderr: str, what: str) -> PrunerError:
    """Turn what uv printed into the error that it means."""
    said = sentence(stderr)
    for pattern, kind, hint in MEANINGS:
        if re.search(pattern, stderr, re.IGNORECASE):
            error = kind(f"{what}: {said}", hint=hint)
            if isinstance(error, BuildError) and (match := _FAILED.search(stderr)):
                error.pin = match[1]
            return error
    return OutsideError(f"{what}: {said}", hint="the line above is uv's own")


_FAILED = re.compile(r"failed to (?:download and )?build `([^`\s]+==[^`\s]+)`", re.IGNORECASE)

MEANINGS: tuple[tuple[str, type[PrunerError], str], ...] = (
    (r"no space left|os error 28|disk quota", OutsideError, SPACE_HINT),
    (
        r"hash mismatch|hashes? .*do not match|none of the .*hashes",
        OutsideError,
        "the file on the index is not the one that was pinned: find out why before changing a hash",
    ),
    (
        (
            r"error sending request|failed to fetch|dns error|connection refused|could not connect"
            r"|timed out|error trying to connect|client error|invalid peer certificate"
        ),
        OutsideError,
        NETWORK_HINT,
    ),
    (
        r"valid authentication credentials|401 unauthorized",
        OutsideError,
        "an index refused the user and password in its URL, or was asked without any",
    ),
    (
        r"failed to build|build backend|failed to download and build",
        BuildError,
        (
            "a release without a wheel has to be built: it may need a compiler, headers, or older"
            " build requirements"
        ),
    ),
    (
        r"no solution found|unsatisfiable|was not found in the (package registry|provided package)",
        NotThereError,
        "the requirements cannot be installed together: no release fits all of these lines",
    ),
    (
        r"no interpreter found|no download|failed to inspect python interpreter",
        UsageError,
        "install that Python, or set `python` of the image to one that is there",
    ),
    (r"waiting for lock", OutsideError, "another run installs with it: try again when it is done"),
    (r"couldn't parse|failed to parse|expected .* found", UsageError, "correct that line"),
)


def sentence(stderr: str) -> str:
    """Return uv's explanation on one line: its boxes and causes joined, noise left out."""
    parts: list[str] = []
    for line in stderr.splitlines():
        text = re.sub(r"\x1b\[[0-9;]*m", "", line).strip(BOXES)
        text = "".join(char for char in text if char.isprintable())
        noise = text.startswith(NOISE)
        if text and not noise:
            parts.append(text.removeprefix("error: ").removeprefix("Caused by: "))
    joined = without_credentials(re.sub(r"\s+", " ", "; ".join(parts)))
    if len(joined) <= MAX_SENTENCE:
        return joined
    half = MAX_SENTENCE // 2 - 2  # what failed stands first, and why last
    return f"{joined[:half]} … {joined[-half:]}"


MAX_SENTENCE = 400
NOISE = (
    "Using Python", "Using CPython", "Creating virtual environment", "Resolved", "Prepared",
    "warning:", "hint:",
)  # fmt: skip
BOXES = " \t×│╰├─▶"  # noqa: RUF001  what uv draws
