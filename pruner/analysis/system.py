"""What an environment offers to native libraries besides its distributions."""

from pruner.model import Value

_WORDS = {
    3: "i386",
    8: "mips",
    20: "ppc",
    21: "ppc64",
    22: "s390x",
    40: "arm",
    62: "x86_64",
    183: "aarch64",
    243: "riscv64",
    258: "loongarch64",
}
"""Processors by the e_machine of ELF, as tags of wheels and `uname` spell them."""


class Machine(Value, frozen=True):
    """The processors that a library is for, as its ELF header has them."""

    number: int  # e_machine
    bits: int
    little: bool = True

    @property
    def word(self) -> str:
        """The name of the processors that people know."""
        word = _WORDS.get(self.number, f"machine {self.number}")
        return "ppc64le" if word == "ppc64" and self.little else word


class System(Value, frozen=True):
    """What the dynamic loader finds outside of distributions, and the C library.

    In a container that is the image's; in the local sandbox it is the host's.
    """

    libc: str = ""  # "glibc" | "musl" | "", where it cannot be told
    version: str = ""  # of glibc: "2.36"
    machine: Machine | None = None
    libraries: dict[str, str] = {}  # noqa: RUF012  names that the loader finds -> path
    # Folders that RPATHs lead to -> the libraries in them.
    folders: dict[str, frozenset[str]] = {}  # noqa: RUF012
    # The highest versions that libstdc++ has: GLIBCXX -> "3.4.30".
    symbols: dict[str, str] = {}  # noqa: RUF012

    full: bool = False  # there was more than could be read

    @property
    def known(self) -> bool:
        """Whether enough was read to say that something is not there."""
        names = ("libc.so.6",) if self.libc == "glibc" else ("libc.musl-", "ld-musl-")
        return (
            not self.full
            and bool(self.libc)
            and any(name.startswith(names) for name in self.libraries)
        )
