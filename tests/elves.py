"""Small ELF files, made here: for any machine, with what a test wants them to need."""

import struct
from collections.abc import Mapping, Sequence

X86_64, AARCH64, S390X, ARM = 62, 183, 22, 40
LOAD, DYNAMIC = 1, 2
NEEDED, STRTAB, SONAME, RUNPATH, VERNEED, VERNEEDNUM = 1, 5, 14, 29, 0x6FFFFFFE, 0x6FFFFFFF


class Elf:
    """A shared library without code: one that asks, and may be spoiled afterwards.

    `place` has where its parts begin, in bytes.
    """

    def __init__(  # noqa: PLR0913  what a library has, all of it optional
        self,
        needed: Sequence[str] = (),
        soname: str = "",
        runpath: str = "",
        versions: Mapping[str, Sequence[str]] | None = None,
        *,
        machine: int = X86_64,
        bits: int = 64,
        little: bool = True,
    ) -> None:
        self.order = "<" if little else ">"
        self.wide = bits == 64
        self._names = b"\0"
        versions = versions or {}
        tags = [(NEEDED, self._name(name)) for name in needed]
        tags += [(SONAME, self._name(soname))] if soname else []
        tags += [(RUNPATH, self._name(runpath))] if runpath else []
        chain = self._chain(versions)
        word = 8 if self.wide else 4
        head = 64 if self.wide else 52
        dynamic = head + 2 * (56 if self.wide else 32)
        count = len(tags) + 2 + (2 if versions else 0)
        asked = dynamic + count * 2 * word
        names = asked + len(chain)
        tags += [(STRTAB, names)]
        tags += [(VERNEED, asked), (VERNEEDNUM, len(versions))] if versions else []
        size = names + len(self._names)
        self.place = {"headers": head, "dynamic": dynamic, "versions": asked, "names": names}
        self.data = b"".join(
            (
                b"\x7fELF" + bytes([2 if self.wide else 1, 1 if little else 2, 1]) + bytes(9),
                self._header(machine, head),
                self._segment(LOAD, 0, size),
                self._segment(DYNAMIC, dynamic, count * 2 * word),
                *(self._pack("QQ" if self.wide else "II", *tag) for tag in [*tags, (0, 0)]),
                chain,
                self._names,
            )
        )

    def _pack(self, form: str, *values: int) -> bytes:
        return struct.pack(self.order + form, *values)

    def _name(self, name: str) -> int:
        place = len(self._names)
        self._names += name.encode() + b"\0"
        return place

    def _header(self, machine: int, head: int) -> bytes:
        form = "HHIQQQIHHHHHH" if self.wide else "HHIIIIIHHHHHH"
        segment, section = (56, 64) if self.wide else (32, 40)
        return self._pack(form, 3, machine, 1, 0, head, 0, 0, head, segment, 2, section, 0, 0)

    def _segment(self, kind: int, place: int, size: int) -> bytes:
        if self.wide:
            return self._pack("IIQQQQQQ", kind, 4, place, place, place, size, size, 8)
        return self._pack("IIIIIIII", kind, place, place, place, size, size, 4, 4)

    def _chain(self, versions: Mapping[str, Sequence[str]]) -> bytes:
        chain = b""
        for number, (file, names) in enumerate(versions.items(), 1):
            after = 16 + 16 * len(names) if number < len(versions) else 0
            chain += self._pack("HHIII", 1, len(names), self._name(file), 16, after)
            for index, name in enumerate(names, 1):
                more = 16 if index < len(names) else 0
                chain += self._pack("IHHII", 0, 0, 2, self._name(name), more)
        return chain
