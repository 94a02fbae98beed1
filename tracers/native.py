"""Reads what shared libraries ask for, from the files alone, and prints it as JSON.

    native.py LIST        LIST: a file that holds a JSON list of absolute paths

    {"version": 3, "files": {path: {"size": bytes on disk, "soname": name or null,
     "needed": [names], "rpath": [folders of RPATH and RUNPATH, $ORIGIN and all],
     "dlopens": [names in its data that look like libraries],
     "placed": [absolute paths of those of them that stand behind the same folder everywhere],
     "versions": {needed name: [highest version of each family of symbols, "GLIBC_2.34"]},
     "machine": {"number": e_machine, "bits": 64, "little": true}}
     | {"error": "..."}}}

Version 2: `versions`, and `machine` as numbers. Version 3: `placed`.

No library is loaded. Nothing in a file is believed: every count and length has a bound, and a file
that takes too long gets an error like any other. Code for graphics processors (.nv_fatbin) is never
read. Standard library and pyelftools, which lies beside this file; Python 3.8 and newer.
"""

import json
import os
import re
import signal
import stat
import sys
import time
from typing import Any, Dict, Iterator, List, Mapping, Tuple

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # -I leaves it out

from elftools.common.utils import struct_parse
from elftools.elf.elffile import ELFFile

VERSION = 3
MOST_FILES = 100000
MOST_SEGMENTS = 256
MOST_TAGS = 4096
MOST_SECTIONS = 4096
MOST_NAMES = 512  # of one kind in one file
MOST_VERSIONS = 4096  # versions of symbols in one file
MOST_TEXT = 1 << 16  # characters that are printed of one file
MOST_STRING = 4096  # bytes
MOST_DATA = 1 << 29  # bytes of one file's data that are searched
BLOCK = 1 << 22
OVERLAP = 512  # bytes
LONGEST = 80  # bytes of a name before its `.so`, and from there on
DEEPEST = 160  # bytes of a folder before a name: with LONGEST less than half of OVERLAP
FILE_SECONDS = 15.0
ALL_SECONDS = 240.0

SECTIONS = (".rodata", ".lrodata", ".data", ".ldata")
ENDING = b".so"
BEFORE = re.compile(rb"lib[A-Za-z0-9_+.-]+\Z")
LIBRARY = re.compile(rb"lib[A-Za-z0-9_+.-]+?\.so(?:\.[0-9]{1,9}){0,4}(?![A-Za-z0-9_])")
FOLDER = re.compile(rb"(?<![A-Za-z0-9_.+%}~-])(?:/[A-Za-z0-9_.+-]+)+/\Z")

SYMBOLS = re.compile(r"(GLIBC|GLIBCXX|CXXABI)_([0-9]{1,4}(?:\.[0-9]{1,4}){0,3})\Z", re.ASCII)
RELATIVE = "GLIBC_ABI_DT_RELR"  # compressed relocations, which glibc reads from 2.36 on
WEAK = 2  # VER_FLG_WEAK: the loader only warns where it is not there

Header = Mapping[str, Any]


class HostileError(Exception):
    """A file that is not what it says, or not within the bounds."""


class SlowError(Exception):
    """A file that takes too long."""


def main(argv: List[str]) -> None:
    """Print what the files of the list ask for."""
    with open(argv[1], encoding="utf-8") as file:
        paths = json.load(file)
    signal.signal(signal.SIGALRM, too_slow)
    until = time.monotonic() + ALL_SECONDS
    found = {path: row(path, until - time.monotonic()) for path in paths[:MOST_FILES]}
    json.dump({"version": VERSION, "files": found}, sys.stdout)


def too_slow(_number: int, _frame: object) -> None:
    """End the reading of one file."""
    raise SlowError("takes too long to read")


def row(path: str, left: float) -> Dict[str, Any]:
    """Return what one file asks for, or why that cannot be told."""
    if left <= 0:
        return {"error": "no time left for it"}
    try:
        signal.setitimer(signal.ITIMER_REAL, min(left, FILE_SECONDS))
        try:
            return read(path)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except SlowError as error:
        return {"error": str(error)}
    except Exception as error:  # noqa: BLE001  a hostile file may raise anything in pyelftools
        return {"error": ("%s: %s" % (type(error).__name__, error))[:200]}


def read(path: str) -> Dict[str, Any]:
    """Return what one file asks for."""
    # A name that leads to a pipe or a device must not hold the reader up.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise HostileError("not a regular file")
        if stream.read(4) != b"\x7fELF":
            raise HostileError("not an ELF file")
        elf = ELFFile(stream)  # type: ignore[no-untyped-call]
        library = Library(elf, descriptor, status.st_size)
        asks = library.asks()
        if len(json.dumps(asks)) > MOST_TEXT:
            raise HostileError("its names are too long")
        return {"size": status.st_size, **asks}


class Library:
    """One ELF file. Its tables are walked here, within bounds; pyelftools knows their structure."""

    def __init__(self, elf: ELFFile, descriptor: int, size: int) -> None:
        self.elf = elf
        self.descriptor = descriptor
        self.size = size

    def asks(self) -> Dict[str, Any]:
        """Return its names: its own, those that it needs, and those that it may open."""
        segments = list(self.segments())
        tags = list(self.tags(segments))
        soname = self.names(tags, segments, "DT_SONAME")
        needed = self.names(tags, segments, "DT_NEEDED")
        paths = self.names(tags, segments, "DT_RPATH", "DT_RUNPATH")
        folders = [folder for path in paths for folder in path.split(":") if folder]
        known = {*soname, *needed}
        opened = {name: place for name, place in self.dlopens().items() if name not in known}
        return {
            "soname": soname[0] if soname else None,
            "needed": needed,
            "rpath": list(dict.fromkeys(folders))[:MOST_NAMES],
            "dlopens": sorted(opened),
            "placed": sorted(place + name for name, place in opened.items() if place),
            "versions": self.versions(tags, segments),
            "machine": self.machine(),
        }

    def machine(self) -> Dict[str, Any]:
        """Return which processors it is for."""
        order = "little" if self.elf.little_endian else "big"
        number = int.from_bytes(os.pread(self.descriptor, 2, 18), order)  # type: ignore[arg-type]
        return {"number": number, "bits": self.elf.elfclass, "little": order == "little"}

    def segments(self) -> Iterator[Header]:
        """Yield the program headers: what the dynamic loader goes by."""
        if self.elf["e_phnum"] > MOST_SEGMENTS:
            raise HostileError("%d segments" % self.elf["e_phnum"])
        for index in range(self.elf["e_phnum"]):
            place = self.elf["e_phoff"] + index * self.elf["e_phentsize"]
            yield self.parsed(self.elf.structs.Elf_Phdr, place)

    def tags(self, segments: List[Header]) -> Iterator[Tuple[Any, int]]:
        """Yield (tag, value) of the dynamic segment."""
        form = self.elf.structs.Elf_Dyn
        for segment in segments:
            if segment["p_type"] != "PT_DYNAMIC":
                continue
            length: int = form.sizeof()  # type: ignore[no-untyped-call]
            count = segment["p_filesz"] // length
            for index in range(min(count, MOST_TAGS)):
                tag = self.parsed(form, segment["p_offset"] + index * length)
                if tag["d_tag"] == "DT_NULL":
                    return
                yield tag["d_tag"], tag["d_val"]
            if count > MOST_TAGS:
                raise HostileError("more than %d dynamic tags" % MOST_TAGS)

    def names(self, tags: List[Tuple[Any, int]], segments: List[Header], *kinds: str) -> List[str]:
        """Return the strings that the tags of some kinds point at, each once."""
        table = next((value for kind, value in tags if kind == "DT_STRTAB"), None)
        offsets = [value for kind, value in tags if kind in kinds]
        if table is None or not offsets:
            return []
        start = self.place(table, segments)
        found = [self.string(start + offset) for offset in offsets[:MOST_NAMES]]
        return list(dict.fromkeys(name for name in found if name))

    @staticmethod
    def place(address: int, segments: List[Header]) -> int:
        """Return where in the file an address of the loaded library comes from."""
        for segment in segments:
            inside = address - segment["p_vaddr"]
            if segment["p_type"] == "PT_LOAD" and 0 <= inside < segment["p_filesz"]:
                return int(segment["p_offset"] + inside)
        raise HostileError("its names are not in the file")

    def string(self, place: int) -> str:
        """Return the string at a place of the file."""
        if not 0 <= place < self.size:
            raise HostileError("a name is not in the file")
        text, end, _ = os.pread(self.descriptor, MOST_STRING, place).partition(b"\0")
        if not end:
            raise HostileError("a name has no end")
        return text.decode("utf-8", "replace")

    def versions(self, tags: List[Tuple[Any, int]], segments: List[Header]) -> Dict[str, List[str]]:
        """Return the highest version that it needs of each family of symbols, by library."""
        found: Dict[str, Dict[str, Tuple[int, ...]]] = {}
        for file, name in self.needs(tags, segments):
            match = SYMBOLS.match("GLIBC_2.36" if name == RELATIVE else name)
            if match:
                number = tuple(int(part) for part in match.group(2).split("."))
                highest = found.setdefault(file, {})
                highest[match.group(1)] = max(number, highest.get(match.group(1), ()))
        return {
            file: ["%s_%s" % (kind, ".".join(map(str, of[kind]))) for kind in sorted(of)]
            for file, of in found.items()
        }

    def needs(
        self, tags: List[Tuple[Any, int]], segments: List[Header]
    ) -> Iterator[Tuple[str, str]]:
        """Yield (library, version of symbols) that have to be there: DT_VERNEED.

        Both tables are chains of unsigned offsets, so each goes forward; 0 ends it.
        """
        known = dict(reversed(tags))
        if "DT_VERNEED" not in known or "DT_STRTAB" not in known:
            return
        names = self.place(known["DT_STRTAB"], segments)
        place = self.place(known["DT_VERNEED"], segments)
        left = MOST_VERSIONS
        if known.get("DT_VERNEEDNUM", 0) > MOST_NAMES:
            raise HostileError("versions of more than %d libraries" % MOST_NAMES)
        for _ in range(known.get("DT_VERNEEDNUM", 0)):
            need = self.parsed(self.elf.structs.Elf_Verneed, place)
            file = self.string(names + need["vn_file"])
            inner = place + need["vn_aux"]
            for _ in range(need["vn_cnt"]):
                left -= 1
                if left < 0:
                    raise HostileError("more than %d versions of symbols" % MOST_VERSIONS)
                version = self.parsed(self.elf.structs.Elf_Vernaux, inner)
                if not version["vna_flags"] & WEAK:
                    yield file, self.string(names + version["vna_name"])
                if not version["vna_next"]:
                    break
                inner += version["vna_next"]
            if not need["vn_next"]:
                return
            place += need["vn_next"]

    def dlopens(self) -> Dict[str, str]:
        """Return the names in its data that look like those of libraries.

        With each the folder that it stands in, "" where it stands without one, or in several.
        """
        found: Dict[bytes, bytes] = {}
        left = MOST_DATA
        for place, size in self.data():
            for name, folder in self.search(place, min(size, left)):
                found[name] = folder if found.get(name, folder) == folder else b""
                if len(found) >= MOST_NAMES:
                    left = 0
                    break
            left -= min(size, left)
        return {name.decode(): folder.decode() for name, folder in found.items()}

    def data(self) -> Iterator[Tuple[int, int]]:
        """Yield (place, bytes) of the sections that hold strings. There may be none."""
        count = self.elf["e_shnum"]
        if not self.elf["e_shoff"] or not count:
            return
        if count > MOST_SECTIONS:
            raise HostileError("%d sections" % count)
        names = self.section(self.elf["e_shstrndx"])["sh_offset"]
        for index in range(count):
            header = self.section(index)
            place, size = header["sh_offset"], header["sh_size"]
            if header["sh_type"] != "SHT_PROGBITS" or not self.string(
                names + header["sh_name"]
            ).startswith(SECTIONS):
                continue
            if place + size > self.size:
                raise HostileError("truncated")
            yield place, size

    def section(self, index: int) -> Header:
        """Return the header of a section."""
        place = self.elf["e_shoff"] + index * self.elf["e_shentsize"]
        return self.parsed(self.elf.structs.Elf_Shdr, place)

    def parsed(self, form: object, place: int) -> Header:
        """Return a structure at a place of the file."""
        found: Header = struct_parse(form, self.elf.stream, place)  # type: ignore[no-untyped-call]
        return found

    def search(self, place: int, size: int) -> Iterator[Tuple[bytes, bytes]]:
        """Yield the names of libraries in a part of the file, with the folders before them.

        It is read block by block. Blocks overlap, and each looks for names in its own part: up to
        the middle of the overlap.
        """
        done = 0
        while True:
            block = os.pread(self.descriptor, min(BLOCK, size - done), place + done)
            last = len(block) < BLOCK or done + BLOCK >= size
            start = OVERLAP // 2 if done else 0
            for found in matches(block, start, len(block) - (0 if last else OVERLAP // 2)):
                yield found
            if last:
                return
            done += BLOCK - OVERLAP


def matches(block: bytes, start: int, end: int) -> Iterator[Tuple[bytes, bytes]]:
    """Yield the names of libraries whose `.so` begins between two places of a block.

    With each the absolute folder right before it: whoever opens that does not search.

    `.so` is looked for first: it is rarer than `lib`, and a search for bytes costs far less than
    one for a pattern. A name may follow other text (in a message, or behind bytes that happen to
    be letters), so it begins with the first `lib` that it can begin with.
    """
    at = block.find(ENDING, start)
    while 0 <= at < end:
        begin = BEFORE.search(block, max(0, at - LONGEST), at)
        match = LIBRARY.match(block, begin.start(), at + LONGEST) if begin else None
        if begin and match:
            folder = FOLDER.search(block[max(0, begin.start() - DEEPEST) : begin.start()])
            yield match.group(), folder.group() if folder else b""
        at = block.find(ENDING, at + len(ENDING))


if __name__ == "__main__":
    main(sys.argv)
