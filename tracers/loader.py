"""Reads what the system offers to the dynamic loader, from files alone, and prints it as JSON.

    loader.py ASKED      ASKED: a file with {"folders": [absolute folders to list as well],
                         "search": [folders of a LD_LIBRARY_PATH besides the environment's]}

    {"version": 1, "libc": "glibc" | "musl" | "", "libc_version": "2.36" | "",
     "machine": {"number": e_machine, "bits": 64, "little": true} | null,
     "libraries": {name: path of what the loader would find by it},
     "folders": {folder: [names of libraries in it]},
     "symbols": {"GLIBCXX": "3.4.30", "CXXABI": "1.3.13"} of libstdc++.so.6,
     "full": true where there was more than the bounds allow}

The loader looks in LD_LIBRARY_PATH, where the interpreter's RPATH leads, in what ldconfig wrote
to ld.so.cache (of ld.so.conf, which the loader does not read itself) and in its default folders;
musl has a list of folders. What is no ELF file for
this interpreter's own processor is not offered. Nothing is loaded, and no program is started. Run
with `-I`. Standard library only, Python 3.8 and newer.
"""

import json
import os
import re
import stat
import struct
import sys
import sysconfig
from typing import Dict, Iterable, Iterator, List, Optional, Tuple

VERSION = 1
MOST_FOLDERS = 4096
MOST_NAMES = 50000  # of libraries, all folders together
MOST_CACHE = 16 << 20  # bytes
MOST_LIBRARY = 64 << 20  # bytes of the libstdc++ that are searched
HEADER = 20  # bytes of an ELF file, up to e_machine
CACHE = "/etc/ld.so.cache"
MAGIC = b"glibc-ld.so.cache1.1"
ENTRIES, ENTRY = 48, struct.Struct("=iIIIQ")  # where they begin; flags, name, path, version, hwcap

LIBRARY = re.compile(r".\.so(\.[0-9A-Za-z_.+-]*)?\Z")
MUSL = re.compile(rb"/ld-musl-([A-Za-z0-9_.-]{1,40}?)\.so\.1")
NUMBER = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){0,3}", re.ASCII)
SYMBOL = re.compile(rb"(GLIBCXX|CXXABI)_([0-9]{1,4}(?:\.[0-9]{1,4}){0,3})\0")

Machine = Tuple[int, int, bool]


def main() -> None:
    """Print what the system offers."""
    with open(sys.argv[1], encoding="utf-8") as file:
        asked = json.load(file)
    machine = machine_of("/proc/self/exe") or machine_of(sys.executable)
    libc, version = c_library()
    system = System(machine)
    found = system.libraries(libc, asked["search"])
    folders = {folder: sorted(system.listed(folder)) for folder in asked["folders"][:MOST_FOLDERS]}
    full = system.left < 0 or len(asked["folders"]) > MOST_FOLDERS
    answer = {
        "version": VERSION,
        "libc": libc,
        "libc_version": version,
        "machine": described(machine),
        "libraries": found,
        "folders": folders,
        "symbols": symbols(found.get("libstdc++.so.6")),
        "full": full,
    }
    json.dump(answer, sys.stdout)


def described(machine: Optional[Machine]) -> Optional[Dict[str, object]]:
    """Return what is known of a machine by name."""
    if machine is None:
        return None
    number, bits, little = machine
    return {"number": number, "bits": bits, "little": little}


class System:
    """Libraries for one kind of processor, by folder; all of them within one bound."""

    def __init__(self, machine: Optional[Machine]) -> None:
        self.machine = machine
        self.left = MOST_NAMES

    def libraries(self, libc: str, search: Iterable[str]) -> Dict[str, str]:
        """Return what the loader finds: name -> path, in the order in which it looks."""
        found: Dict[str, str] = {}
        first = os.environ.get("LD_LIBRARY_PATH", "").replace(";", ":").split(":")
        for folder in [*search, *first, *own_folders()]:
            found.update((n, p) for n, p in self.listed(folder).items() if n not in found)
        if libc != "musl":
            for name, path in cached():
                if name not in found and self.fits(path):
                    found[name] = path
        for folder in musl_folders() if libc == "musl" else default_folders():
            found.update((n, p) for n, p in self.listed(folder).items() if n not in found)
        return found

    def listed(self, folder: str) -> Dict[str, str]:
        """Return the libraries in a folder: name -> path."""
        if not folder.startswith("/"):
            return {}
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            return {}
        paths = {name: os.path.join(folder, name) for name in names if LIBRARY.search(name)}
        return {name: path for name, path in paths.items() if self.fits(path)}

    def fits(self, path: str) -> bool:
        """Tell whether a file is a library for these processors."""
        self.left -= 1
        if self.left < 0 or not path.startswith("/") or not path.isprintable():
            return False
        machine = machine_of(path)
        return machine is not None and machine == self.machine


def machine_of(path: str) -> Optional[Machine]:
    """Return (e_machine, bits, little endian) of an ELF file, or None where it is none."""
    head = read(path, HEADER)
    if len(head) < HEADER or head[:4] != b"\x7fELF" or head[4] not in (1, 2):
        return None
    little = head[5] == 1
    return int.from_bytes(head[18:20], "little" if little else "big"), 32 * head[4], little


def read(path: str, size: int) -> bytes:
    """Return the beginning of a regular file; nothing where there is none."""
    try:
        # A name that leads to a pipe or a device must not hold the reader up.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return b""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        with os.fdopen(os.dup(descriptor), "rb") as file:
            return file.read(size)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def cached() -> Iterator[Tuple[str, str]]:
    """Yield (name, path) of ld.so.cache, best first; nothing where it is not what it should be."""
    data = read(CACHE, MOST_CACHE)
    start = data.find(MAGIC)  # an older table may stand before it
    if start < 0 or len(data) < start + ENTRIES:
        return
    (count,) = struct.unpack_from("=I", data, start + len(MAGIC))
    room = (len(data) - start - ENTRIES) // ENTRY.size
    for index in range(min(count, room, MOST_NAMES)):
        place = start + ENTRIES + index * ENTRY.size
        _, name, path, _, _ = ENTRY.unpack_from(data, place)
        texts = [text_at(data, start + offset) for offset in (name, path)]
        if all(texts):
            yield texts[0], texts[1]


def text_at(data: bytes, place: int) -> str:
    """Return the text at a place, or nothing where it has no end."""
    end = data.find(b"\0", place, place + 4096)
    return data[place:end].decode("utf-8", "replace") if end >= 0 else ""


def own_folders() -> List[str]:
    """Return where the interpreter's own libraries are: its RPATH or its own loader leads there.

    A library that was mapped already is there for whoever needs one of its name.
    """
    prefix = [os.path.join(sys.base_prefix, "lib"), sysconfig.get_config_var("LIBDIR") or ""]
    lines = read("/proc/self/maps", MOST_CACHE).decode("utf-8", "replace").splitlines()
    paths = [line.partition("/")[2] for line in lines if "/" in line]
    mapped = [os.path.dirname("/" + path) for path in paths if LIBRARY.search(path)]
    return [*(name for name in dict.fromkeys(mapped) if "lib-dynload" not in name), *prefix]


def default_folders() -> List[str]:
    """Return the folders that the loader looks in last."""
    arch = sysconfig.get_config_var("MULTIARCH") or ""
    several = ["/lib/%s" % arch, "/usr/lib/%s" % arch] if arch else []
    return [*several, "/lib64", "/usr/lib64", "/lib", "/usr/lib"]


def musl_folders() -> List[str]:
    """Return the folders that musl's loader looks in."""
    match = musl()
    text = read("/etc/ld-musl-%s.path" % match.decode(), 1 << 16) if match else b""
    folders = re.split(r"[:\n]", text.decode("utf-8", "replace")) if text else []
    return folders or ["/lib", "/usr/local/lib", "/usr/lib"]


def musl() -> Optional[bytes]:
    """Return the processor in the name of musl's loader, where this interpreter asks for it."""
    match = MUSL.search(read("/proc/self/exe", 1 << 16) or read(sys.executable, 1 << 16))
    return match.group(1) if match else None


def c_library() -> Tuple[str, str]:
    """Return the C library's name and version, as far as they can be told."""
    try:
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    except (ValueError, OSError):  # musl does not know the question
        name, version = "", ""
    if name == "glibc":
        match = NUMBER.match(version)
        return name, match.group() if match else ""
    return ("musl", "") if musl() else ("", "")


def symbols(path: Optional[str]) -> Dict[str, str]:
    """Return the highest version of each family of symbols that a libstdc++ names."""
    best: Dict[str, Tuple[int, ...]] = {}
    for kind, number in SYMBOL.findall(read(path, MOST_LIBRARY) if path else b""):
        parts = tuple(int(part) for part in number.split(b"."))
        best[kind.decode()] = max(parts, best.get(kind.decode(), ()))
    return {kind: ".".join(map(str, parts)) for kind, parts in sorted(best.items())}


if __name__ == "__main__":
    main()
