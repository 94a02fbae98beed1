"""What pruner does inside a sandbox, beside the agent: probes, and a look at the processes.

One order as JSON in the first argument, one answer as JSON on stdout:

    {"http": ["GET", 8000, "/health"], "headers": {}, "body": null, "expect": [200],
     "contains": null, "timeout": 60, "once": false}
    {"tcp": 5555, "host": "127.0.0.1", "timeout": 60}
        -> {"ok": true, "outcome": "200", "detail": ""}
    {"maps": true}
        -> {"libraries": [...], "memory": 123456, "deaf": false, "gpu": false}
    {"layout": true}
        -> {"executable": ..., "version": ..., "site": [...], "scripts": {"dist": [paths]}}
    {"owners": [paths of programs]}
        -> {path: name of the Debian package}
    {"packages": true}
        -> {"packages": [{"name": ..., "version": ..., "size": bytes, "needs": [names],
                          "silent": false}]}

A probe tries until it succeeds or its time is over; with "once" it tries once. Standard library
only, Python 3.8 and newer.
"""

import http.client
import json
import os
import re
import socket
import sys
import time
from typing import Any, Callable, Dict, Iterator, List, Optional, Set

Order = Dict[str, Any]
Answer = Dict[str, Any]

PAUSE = 0.05
EXCERPT = 300
SIGTERM = 15
DPKG = "/var/lib/dpkg/info"
STATUS = "/var/lib/dpkg/status"  # distroless images have status.d/ instead
MOST_STATUS = 64 << 20  # bytes
SHOWN = re.compile(r"^(/usr)?(/local)?/(s?bin|games|libexec)/|\.so(\.[0-9.]+)?$")
BUILDS = ("-dev", "-dbg", "-dbgsym", "-doc")
NOTHING = re.compile(r"^/(\.|usr(/share(/(doc|lintian|bug)(/.*)?)?)?)?$")
GPUS = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")  # NVIDIA's driver, that of WSL, AMD's
FIELDS = 6  # of a line of /proc/PID/maps that names a file


def main() -> None:
    """Carry out the order and print the answer."""
    order = json.loads(sys.argv[1])
    for name, function in ORDERS.items():
        if name in order:
            json.dump(function(order), sys.stdout)
            return


def until(order: Order, attempt: Callable[[Order, float], Answer]) -> Answer:
    """Repeat an attempt until it is ok or the time is over; return the last answer."""
    end = time.monotonic() + order["timeout"]
    while True:
        answer = attempt(order, max(0.05, end - time.monotonic()))
        if answer["ok"] or order.get("once") or time.monotonic() + PAUSE > end:
            return answer
        time.sleep(PAUSE)


def answer(outcome: str, *, ok: bool = False, detail: str = "") -> Answer:
    """Build the answer of a probe."""
    return {"ok": ok, "outcome": outcome, "detail": detail}


def http_once(order: Order, left: float) -> Answer:
    """Make one request to the agent."""
    method, port, path = order["http"]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=left)
    try:
        body = order.get("body")
        payload = None if body is None else body.encode()
        connection.request(method, path, payload, order.get("headers") or {})
        response = connection.getresponse()
        data = response.read()
    except socket.timeout:
        return answer("timed out", detail="no answer in %g s" % order["timeout"])
    except (OSError, http.client.HTTPException) as error:
        return answer("no connection", detail=str(error) or type(error).__name__)
    finally:
        connection.close()
    return judged(order, response.status, data)


def judged(order: Order, status: int, data: bytes) -> Answer:
    """Compare a response with what is expected of it."""
    text = data.decode("utf-8", "replace")
    wanted = order.get("contains")
    if status not in order["expect"]:
        return answer(str(status), detail=text[:EXCERPT])
    if wanted is not None and wanted not in text:
        return answer("%d, text missing" % status, detail="no %r in %s" % (wanted, text[:EXCERPT]))
    return answer(str(status), ok=True)


def tcp_once(order: Order, left: float) -> Answer:
    """Open one connection to the agent."""
    try:
        address = (order.get("host", "127.0.0.1"), order["tcp"])
        socket.create_connection(address, timeout=left).close()
    except OSError as error:
        return answer("no connection", detail=str(error))
    return answer("connected", ok=True)


def maps(_order: Order) -> Answer:
    """Return the libraries that live processes have mapped, and the memory that they hold."""
    libraries: Set[str] = set()
    memory = 0
    for pid in beside(os.getppid()):
        libraries |= mapped(pid)
        memory += resident(pid)
    return {
        "libraries": sorted(libraries),
        "memory": memory,
        "deaf": is_deaf(),
        "gpu": any(map(os.path.exists, GPUS)),
    }


def is_deaf() -> bool:
    """Return whether process 1 has no handler for SIGTERM: the kernel then drops the signal."""
    try:
        with open("/proc/1/status") as file:
            masks = dict(line.split(":", 1) for line in file if line.startswith("SigCgt"))
    except OSError:
        return False
    return not int(masks.get("SigCgt", "0"), 16) >> (SIGTERM - 1) & 1


def beside(parent: int) -> List[int]:
    """Return the processes of this sandbox, ours and the supervisor left out.

    A command that docker starts has parent 0, and process 1 is the agent. In the local sandbox the
    parent is the supervisor; without namespaces of its own, only what is below it is the sandbox.
    """
    tree = {int(name): parent_of(name) for name in os.listdir("/proc") if name.isdigit()}
    tree.pop(os.getpid(), None)
    if parent <= 1:
        return [pid for pid in tree if pid != parent]
    found = []
    todo = [parent]
    while todo:
        owner = todo.pop()
        below = [pid for pid in tree if tree[pid] == owner]
        found += below
        todo += below
    return found


def parent_of(pid: str) -> Optional[int]:
    """Return the parent of a process, or None if it is gone."""
    try:
        with open("/proc/%s/stat" % pid) as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return None


def mapped(pid: int) -> Set[str]:
    """Return the files that a process has mapped as code."""
    try:
        with open("/proc/%s/environ" % pid, "rb") as file:
            if b"PRUNER_TRACER=off" in file.read().split(b"\0"):
                return set()
        with open("/proc/%s/maps" % pid, encoding="utf-8", errors="replace") as file:
            rows = [line.rstrip("\n").split(None, 5) for line in file]
    except OSError:
        return set()
    return {row[5] for row in rows if len(row) == FIELDS and "x" in row[1] and row[5][0] == "/"}


def resident(pid: int) -> int:
    """Return the resident memory of a process in bytes."""
    try:
        with open("/proc/%s/statm" % pid) as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


def layout(_order: Order) -> Answer:
    """Return where this interpreter has its distributions, and the scripts that they own."""
    import site  # noqa: PLC0415  a probe runs without it
    import sysconfig  # noqa: PLC0415

    folders = [
        *site.getsitepackages(),
        sysconfig.get_path("purelib"),
        sysconfig.get_path("platlib"),
    ]
    real = [path for path in dict.fromkeys(folders) if os.path.isdir(path)]
    return {
        "executable": sys.executable,
        "version": "%d.%d.%d" % sys.version_info[:3],
        "site": real,
        "scripts": sorted({script for path in real for script in scripts_below(path)}),
    }


def scripts_below(folder: str) -> List[str]:
    """Return the files in a bin folder that the RECORDs of a site-packages folder list."""
    found = []
    for name in os.listdir(folder):
        record = os.path.join(folder, name, "RECORD")
        if name.endswith(".dist-info") and os.path.isfile(record):
            with open(record, encoding="utf-8", errors="replace") as file:
                rows = [line.split(",")[0].strip('"') for line in file if "/bin/" in line[:200]]
            found += [
                os.path.normpath(os.path.join(folder, row)) for row in rows if row[:2] == ".."
            ]
    return [path for path in found if os.path.basename(os.path.dirname(path)) == "bin"]


def owners(order: Order) -> Answer:
    """Return path -> Debian package, for those paths that one owns.

    A package lists a file where it put it: below /bin or /usr/bin for the same file where these are
    merged, and at the end of the links that alternatives are.
    """
    spelled: Dict[str, List[str]] = {}
    for path in order["owners"]:
        for known in (path, os.path.realpath(path)):
            short = known[len("/usr") :] if known.startswith("/usr/") else known
            for spelling in (short, "/usr" + short):
                spelled.setdefault(spelling, []).append(path)
    names = os.listdir(DPKG) if os.path.isdir(DPKG) else []
    found: Dict[str, str] = {}
    for name in sorted(name for name in names if name.endswith(".list")):
        with open(os.path.join(DPKG, name), encoding="utf-8", errors="replace") as file:
            for line in file:
                for path in spelled.get(line.rstrip("\n"), ()):
                    found.setdefault(path, name[: -len(".list")].partition(":")[0])
    return found


def packages(_order: Order) -> Answer:
    """Return the Debian packages that are installed, by name.

    `needs` are those that it depends on, of what is installed. One is `silent` where it has neither
    a program nor a library, and is not there to build with: nobody sees it being used. Of one that
    has no files at all, a name for others, that is so where it is of one of these.
    """
    rows = [
        row for row in stanzas() if row.get("Status", "install ok installed").endswith(" installed")
    ]
    names = {row["Package"] for row in rows if "Package" in row}
    provided = {
        virtual: row["Package"]
        for row in reversed(rows)
        for virtual in firsts(row.get("Provides", ""))
        if virtual not in names and "Package" in row
    }
    found: Dict[str, Dict[str, Any]] = {}
    names_alone: List[Dict[str, Any]] = []
    for row in rows:
        if "Package" in row:
            files = files_of(row["Package"], row.get("Architecture", ""))
            wanted = firsts(row.get("Pre-Depends", "") + "," + row.get("Depends", ""))
            there = {name if name in names else provided.get(name, "") for name in wanted}
            size = row.get("Installed-Size", "")
            found[row["Package"]] = {
                "name": row["Package"],
                "version": row.get("Version", ""),
                "size": 1024 * int(size) if size.isdecimal() else 0,
                "needs": sorted(there - {"", row["Package"]}),
                "silent": silent(row["Package"], files),
            }
            named = bool(files) and all(NOTHING.match(line) for line in files)
            if named and there - {"", row["Package"]}:
                names_alone.append(found[row["Package"]])
    shown = {name: not row["silent"] for name, row in found.items()}
    for alone in names_alone:
        alone["silent"] = not all(shown[name] for name in alone["needs"])
    return {"packages": [found[name] for name in sorted(found)]}


def stanzas() -> Iterator[Dict[str, str]]:
    """Yield the fields of each package, those of one line."""
    folder = STATUS + ".d"
    paths = [STATUS]
    if os.path.isdir(folder):
        paths += [
            os.path.join(folder, name) for name in sorted(os.listdir(folder)) if "." not in name
        ]
    for path in paths:
        row: Dict[str, str] = {}
        for line in (*text_of(path).splitlines(), ""):
            name, colon, value = line.partition(":")
            if not line.strip():
                if row:
                    yield row
                row = {}
            elif colon and line[0] not in " \t":
                row[name] = value.strip()


def text_of(path: str) -> str:
    """Return the text of a file, nothing where it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(MOST_STATUS)
    except OSError:
        return ""


def firsts(field: str) -> List[str]:
    """Return the names in a list of dependencies: "a (>= 1) | b, c:any" has a and c.

    Of alternatives apt installs the first one.
    """
    groups = (group.split("|")[0].split() for group in field.split(","))
    return [words[0].partition(":")[0] for words in groups if words]


def files_of(name: str, architecture: str) -> List[str]:
    """Return the files and folders of a package."""
    lists = (name + ".list", "%s:%s.list" % (name, architecture))
    return [line for each in lists for line in text_of(os.path.join(DPKG, each)).splitlines()]


def silent(name: str, files: List[str]) -> bool:
    """Return whether nothing in a package can be seen to be used."""
    return not name.endswith(BUILDS) and not any(SHOWN.search(line) for line in files)


ORDERS: Dict[str, Callable[[Order], Answer]] = {
    "http": lambda order: until(order, http_once),
    "tcp": lambda order: until(order, tcp_once),
    "maps": maps,
    "layout": layout,
    "owners": owners,
    "packages": packages,
}

if __name__ == "__main__":
    main()
