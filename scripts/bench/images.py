#!/usr/bin/env python3
"""Every sample image from nothing: locked, written, built as it was and as it is to be, measured.

    scripts/bench/images.py [IMAGE …] [--out FOLDER]

One image is there at a time. The copy is a tree as people have it, with its history and a virtual
environment: that is what a build without .dockerignore sends. Each command runs in it;
afterwards a route that no exercise reaches is asked for in the minimal image (`unreached.toml`).
All installs go through an index on this host whose answers pip may keep, as the public index's are:
an image that people build has pip's cache, and where a mirror forbids to keep anything it had not.
Prints one table; with --out, what every command printed as JSON is kept. Exits 1 where an image is
not proven, or a route does not answer.
"""

import argparse
import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import tomlkit

from pruner.sandbox.yard import opened

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_agents"
PRUNER = Path(sys.executable).with_name("pruner")
UV = Path(sys.executable).with_name("uv")
INDEX_BYTES = 20_000_000_000
INDEX_PORT = 3141
"""Where it is free: uv keeps what it unpacks by the address that it came from, 7 GB for all six."""
SIOCGIFADDR = 0x8915
"""Asks the kernel for the address of an interface: see netdevice(7)."""
LEFT_ALONE = shutil.ignore_patterns(".pruner", "locks", "__pycache__")


class Row(NamedTuple):
    """What became of one image."""

    image: str
    locked: dict[str, Any]
    built: dict[str, Any]


class FailedError(Exception):
    """A command of pruner's that ended with something other than 0 or 1."""


def main() -> int:
    """Measure the images that were named, all of them where none was."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("images", nargs="*", metavar="IMAGE")
    parser.add_argument("--out", type=Path, help="Keep what the commands print, as JSON.")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the index ends as well
    with (SAMPLES / "pruner.toml").open("rb") as file:
        known = list(tomllib.load(file)["images"])
    rows: list[Row] = []
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="pruner-images-") as folder, index() as address:
        tree = Path(shutil.copytree(SAMPLES, Path(folder) / "samples", ignore=LEFT_ALONE))
        live_in(tree)
        install_from(tree, address)
        for image in given.images or known:
            try:
                rows.append(measured(tree, image))
            except FailedError as error:
                failed.append(f"{image}: {error}")
                continue
            if given.out is not None:
                keep(rows[-1], given.out)
    print(table(rows))
    for line in failed:
        print(line)
    right = all(row.built["proof"]["passed"] for row in rows)
    return 0 if right and not failed else 1


@contextmanager
def index() -> Iterator[str]:
    """Serve an index to containers, kept in a folder for the next time; yield its address."""
    host = gateway()
    port = free_port(host)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pruner" / "index"
    cache.mkdir(parents=True, exist_ok=True)
    env = {
        **os.environ,
        "PROXPI_CACHE_DIR": str(cache),
        "PROXPI_CACHE_SIZE": str(INDEX_BYTES),
        # Else it sends those who wait for a large file to where it comes from.
        "PROXPI_DOWNLOAD_TIMEOUT": "900",
        "PROXPI_READ_TIMEOUT": "300",
    }
    argv = [UV, "tool", "run", "--from", "gunicorn==23.0.0", "--with", "proxpi==1.3.1", "gunicorn"]
    argv += ["--threads", "8", "--timeout", "1200", "--bind", f"{host}:{port}", "proxpi.server:app"]
    with tempfile.TemporaryFile() as log, subprocess.Popen(argv, env=env, stderr=log) as server:
        try:
            wait_for(host, port)
            yield f"http://{host}:{port}/index/"
        finally:
            server.terminate()


def gateway() -> str:
    """Return the address by which containers reach this host."""
    # The engine tells the name of its bridge; its address it tells only after its second start.
    name = '{{index .Options "com.docker.network.bridge.name"}}'
    asked = ["docker", "network", "inspect", "bridge", "--format", name]
    bridge = subprocess.check_output(asked, text=True).strip()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        told = fcntl.ioctl(any_socket, SIOCGIFADDR, struct.pack("256s", bridge.encode()))
    return socket.inet_ntoa(told[20:24])


def free_port(host: str) -> int:
    """Return the same port each time, another where something else has that."""
    for wanted in (INDEX_PORT, 0):
        with suppress(OSError), socket.create_server((host, wanted)) as server:
            port: int = server.getsockname()[1]
            return port
    raise SystemExit(f"no port is free on {host}")


def wait_for(host: str, port: int) -> None:
    """Wait until something accepts connections."""
    for _ in range(60):
        with suppress(OSError), socket.create_connection((host, port), timeout=1):
            return
        time.sleep(1)
    raise SystemExit("the index does not start")


def install_from(tree: Path, address: str) -> None:
    """Have every image of a tree install from an index."""
    path = tree / "pruner.toml"
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    for table in document["images"].values():  # type: ignore[union-attr]
        given = dict(table.get("build_args", {}))
        given |= {"PIP_INDEX_URL": address, "PIP_TRUSTED_HOST": urlsplit(address).hostname}
        table["build_args"] = given
    path.write_text(tomlkit.dumps(document), encoding="utf-8")


def live_in(tree: Path) -> None:
    """Give a tree what working in it leaves: its history, and a virtual environment."""
    who = ["-c", "user.name=sample", "-c", "user.email=sample@example.org"]
    for command in (
        ["git", "init", "-q"],
        ["git", "add", "-A"],
        ["git", *who, "commit", "-q", "-m", "As it is"],
        [sys.executable, "-m", "venv", ".venv"],
    ):
        subprocess.run(command, cwd=tree, check=True)


def measured(tree: Path, image: str) -> Row:
    """Lock an image, write its Dockerfile, and build both, the unreached route with the rest."""
    config = (tree / "pruner.toml").read_bytes()
    with cache_as_it_was():
        locked = pruner(tree, "lock", "--image", image, "--runtime", "docker", "--json")
        pruner(tree, "image", image)
        try:
            add_unreached(tree, image)
            built = pruner(tree, "build", image, "--cached", "--json")
        finally:
            (tree / "pruner.toml").write_bytes(config)
    return Row(image, locked, built)


@contextmanager
def cache_as_it_was() -> Iterator[None]:
    """Remove what came into the engine's build cache: the layers of an original, 11 GB each time.

    A lock leaves them for what builds it next: here that is the build of the original.
    """
    with opened(SAMPLES) as yard:
        before = yard.cached()
        try:
            yield
        finally:
            yard.forget(before)


def pruner(tree: Path, *argv: str) -> dict[str, Any]:
    """Run pruner and return what it printed as JSON, {} where it was not asked to."""
    print(f"$ pruner {' '.join(argv)}", file=sys.stderr, flush=True)
    done = subprocess.run([PRUNER, *argv], cwd=tree, stdout=subprocess.PIPE, check=False)
    if done.returncode not in {0, 1} or not done.stdout:
        raise FailedError(f"`pruner {' '.join(argv)}` ended with {done.returncode}")
    if "--json" not in argv:
        return {}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def add_unreached(tree: Path, image: str) -> None:
    """Add to an agent's exercises one that asks for what none of them has asked for."""
    with (SAMPLES / "unreached.toml").open("rb") as file:
        exercise = tomllib.load(file)[image]
    path = tree / "pruner.toml"
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    document["images"][image]["agents"][0]["exercise"].append(exercise)  # type: ignore[index, union-attr]
    path.write_text(tomlkit.dumps(document), encoding="utf-8")


def keep(row: Row, folder: Path) -> None:
    """Write what was printed of an image."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("locked", "built"):
        text = json.dumps(getattr(row, name), indent=2)
        (folder / f"{row.image}.{name}.json").write_text(f"{text}\n", encoding="utf-8")


HEAD = (
    "image", "original", "minimal", "less", "registry", "less", "apt", "caches", "context",
    "these three", "exercises", "unreached", "ready", "rest",
)  # fmt: skip
AROUND = ("debian_bytes", "cache_bytes", "context_bytes")
"""What an image has around its distributions, and what a build sends."""


def table(rows: list[Row]) -> str:
    """Return the table as Markdown, which the documentation takes as it is."""
    lines = [HEAD, ("---",) * len(HEAD), *(tuple(cells(row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cells(row: Row) -> list[str]:
    """Return the cells of one image."""
    before, after = row.built["original"], row.built["minimal"]
    then = [item for agent in row.built["agents"] for item in agent["exercises"]]
    first = [item for agent in row.locked["agents"] for item in agent["exercises"]]
    *again, unreached = then
    beyond = after["size_bytes"] - (row.built.get("base_bytes") or 0)
    rest = sum(item["size_bytes"] for item in row.built.get("rest", ()))
    return [
        row.image,
        gigabytes(before["size_bytes"]),
        gigabytes(after["size_bytes"]),
        less(before["size_bytes"], after["size_bytes"]),
        f"{gigabytes(before['compressed_bytes'])} -> {gigabytes(after['compressed_bytes'])}",
        less(before["compressed_bytes"], after["compressed_bytes"]),
        *(less(before[what] or 0, after[what] or 0) for what in AROUND),
        less(*(sum(measure[what] or 0 for what in AROUND) for measure in (before, after))),
        f"{passed(first)} -> {passed(again)}",
        f"{unreached['name']}: {unreached['outcome']}",
        f"{ready(before)} -> {ready(after)}",
        f"{100 * rest / max(1, beyond):.1f} %",
    ]


def passed(exercises: list[dict[str, Any]]) -> str:
    """Return how many exercises passed."""
    return f"{sum(item['ok'] for item in exercises)} of {len(exercises)}"


def ready(measure: dict[str, Any]) -> str:
    """Return the seconds until the agents are ready."""
    return ", ".join(f"{start['ready_seconds']:.1f} s" for start in measure["starts"]) or "-"


def gigabytes(count: int) -> str:
    """Return bytes in units of 10^9."""
    return f"{count / 1e9:.2f} GB"


def less(before: int, after: int) -> str:
    """Return how much smaller something became."""
    return f"{100 * (1 - after / before):.0f} %" if before else "-"


if __name__ == "__main__":
    sys.exit(main())
