"""The walls of the local sandbox: bubblewrap's arguments, and whether it works here."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/var/lib/dpkg/info")
"""What every program needs, and which package it is of; a symbolic link stays one (merged /usr)."""

CONFIGURATION = (
    "alternatives", "fonts", "group", "hosts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d",
    "localtime", "mime.types", "nsswitch.conf", "os-release", "passwd", "pki", "protocols",
    "resolv.conf", "services", "ssl", "timezone",
)  # fmt: skip
"""What of /etc is seen: nothing that is a secret."""

GPU = ("/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools")


@cache
def executable() -> str | None:
    """Return bubblewrap's path, or None where it is missing or may not make namespaces."""
    path = shutil.which("bwrap")
    if path is None:
        return None
    trial = [path, *_namespaces(network=False), "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    try:
        done = subprocess.run(trial, capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return path if done.returncode == 0 else None


def walls(
    readable: Sequence[Path],
    writable: Sequence[Path],
    *,
    network: bool,
    gpu: bool = False,
    user: int | None = None,
    instead: Mapping[Path, Path | None] | None = None,
) -> list[str]:
    """Return the command line in front of a command that is to run inside.

    Its root is empty but for the system's programs, `readable` and `writable` at the paths that
    they have outside, and a fresh /tmp, /proc and /dev. All capabilities are dropped, and the
    command dies with pruner. `instead` has paths at which something else, which may be
    written to, is seen, or an empty folder where it is None. Without bubblewrap the list is empty.
    """
    path = executable()
    if path is None:
        return []
    argv = [path, *_namespaces(network=network), *_system()]
    argv += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/dev/shm"]  # noqa: S108
    for folder in readable:
        argv += ["--ro-bind", str(folder), str(folder)]
    for folder in writable:
        argv += ["--bind", str(folder), str(folder)]
    for folder, copy in (instead or {}).items():
        argv += ["--bind", str(copy), str(folder)] if copy else ["--tmpfs", str(folder)]
    if gpu:
        for device in GPU:
            argv += ["--dev-bind-try", device, device]
    if user is not None:
        argv += ["--uid", str(user), "--gid", str(user)]
    return argv


def _namespaces(*, network: bool) -> list[str]:
    share = ["--share-net"] if network else []
    return [
        *("--unshare-all", *share, "--unshare-user", "--die-with-parent", "--new-session"),
        *("--cap-drop", "ALL"),
    ]


def _system() -> list[str]:
    argv: list[str] = []
    for name in SYSTEM:
        path = Path(name)
        if path.is_symlink():
            argv += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            argv += ["--ro-bind", name, name]
    for name in CONFIGURATION:
        argv += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return argv
