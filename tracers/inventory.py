"""Reads what is installed for this interpreter, from metadata alone, and prints it as JSON.

    {"version": 2, "python": "3.11.2", "executable": ..., "markers": {...}, "site": [...],
     "aliases": {folder as sys.path spells it: real folder}, "stdlib": [folders],
     "stdlib_modules": [names],
     "distributions": [{"path": ..., "metadata": "headers only", "record": ..., "direct_url": ...,
                        "entry_points": ..., "wheel": ...}],
     "hashes": {path: sha256 of files that several RECORDs list},
     "changed": [paths of libraries that are not as RECORD has them, by size, or by time],
     "indexes": [["index_url" | "extra_index_urls" | "find_links", URL]] of a container's own pip}

Version 2: `wheel`, `changed`. No distribution is imported. Run with `-I`. Standard library
only, Python 3.8 and newer.
"""

import base64
import configparser
import csv
import hashlib
import json
import os
import platform
import re
import site
import sys
import sysconfig
from typing import Dict, Iterator, List, Optional, Set, Tuple

VERSION = 2
INDEXES = {
    "index_url": ("PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX"),
    "extra_index_urls": ("PIP_EXTRA_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_INDEX"),
    "find_links": ("PIP_FIND_LINKS", "UV_FIND_LINKS"),
}
LONGEST = 64 << 20  # characters of one file of metadata
LIBRARY = re.compile(r".\.so(\.[0-9][0-9A-Za-z_]*)*\Z")
LATE = 2.0  # seconds after its RECORD, from which on a file counts as written by somebody else


def main() -> None:
    """Print the inventory."""
    folders = site_folders()
    found = [read(folder, name) for folder in folders for name in metadata_names(folder)]
    json.dump(
        {
            "version": VERSION,
            "python": platform.python_version(),
            "executable": sys.executable,
            "markers": markers(),
            "site": folders,
            "aliases": aliases(folders),
            "stdlib": stdlib(),
            "stdlib_modules": stdlib_modules(),
            "distributions": found,
            "hashes": hashes(found),
            "changed": sorted(path for dist in found for path in changed(dist)),
            "indexes": indexes(),
        },
        sys.stdout,
    )


def site_folders() -> List[str]:
    """Return the folders that hold distributions, in the order in which they are searched.

    A folder below one of them counts where a .pth of a distribution has put it on the path.
    """
    known = [*site.getsitepackages(), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    if site.ENABLE_USER_SITE:
        known.append(site.getusersitepackages())
    wanted = {os.path.realpath(path) for path in known}
    on_path = [path for path in sys.path if os.path.realpath(path) in wanted]
    inner = tuple(path + "/" for path in wanted)
    below = [path for path in sys.path if os.path.realpath(path).startswith(inner)]
    real = [os.path.realpath(path) for path in [*on_path, *known, *below]]
    return [path for path in dict.fromkeys(real) if os.path.isdir(path)]


def aliases(folders: List[str]) -> Dict[str, str]:
    """Return the other spellings of the site folders: a loaded file is named by one of them."""
    known = [*sys.path, *site.getsitepackages(), *sysconfig.get_paths().values()]
    pairs = [(path, os.path.realpath(path)) for path in known]
    return {path: real for path, real in pairs if path != real and real in folders}


def indexes() -> List[List[str]]:
    """Return the indexes that pip and uv are configured for, where this is a container.

    Elsewhere the configuration is that of the machine, by which nothing here was installed.
    """
    if not any(os.path.exists(path) for path in ("/.dockerenv", "/run/.containerenv")):
        return []
    found = []
    for kind, names in INDEXES.items():
        values = [os.environ.get(name, "") for name in names]
        values += [value for option, value in pip_options() if option == names[0][4:]]
        words = [word for value in values for word in value.split()]
        found += [[kind, word.rpartition("=")[2] if "=http" in word else word] for word in words]
    return found


def pip_options() -> Iterator[Tuple[str, str]]:
    """Yield the options of pip's configuration files, spelled as in its variables."""
    home = os.path.expanduser("~")
    for path in (
        "/etc/xdg/pip/pip.conf",
        "/etc/pip.conf",
        os.path.join(home, ".pip/pip.conf"),
        os.path.join(home, ".config/pip/pip.conf"),
        os.path.join(sys.prefix, "pip.conf"),
        os.environ.get("PIP_CONFIG_FILE", os.devnull),
    ):
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(text(path))
        except configparser.Error:
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                for option, value in parser.items(section):
                    yield option.upper().replace("-", "_"), value


def stdlib_modules() -> List[str]:
    """Return the top-level names of the standard library (exact from Python 3.10 on)."""
    known = getattr(sys, "stdlib_module_names", None)
    if known is not None:
        return sorted(known)
    names = {name.partition(".")[0] for path in stdlib() for name in os.listdir(path)}
    return sorted((names | set(sys.builtin_module_names)) - {"site-packages", "dist-packages"})


def stdlib() -> List[str]:
    """Return the folders of the standard library."""
    paths = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    paths |= {os.path.dirname(os.__file__), os.path.realpath(os.path.dirname(os.__file__))}
    return sorted(path for path in paths if path and os.path.isdir(path))


def metadata_names(folder: str) -> List[str]:
    """Return the metadata folders and files below a site folder."""
    return sorted(n for n in os.listdir(folder) if n.endswith((".dist-info", ".egg-info")))


def read(folder: str, name: str) -> Dict[str, str]:
    """Read one distribution: its headers, its RECORD, and where it came from."""
    path = os.path.join(folder, name)
    main_file = "METADATA" if name.endswith(".dist-info") else "PKG-INFO"
    inner = path if os.path.isfile(path) else os.path.join(path, main_file)
    return {
        "path": path,
        "metadata": text(inner).partition("\n\n")[0],
        "record": text(os.path.join(path, "RECORD")) or record_of_egg(path),
        "direct_url": text(os.path.join(path, "direct_url.json")),
        "entry_points": text(os.path.join(path, "entry_points.txt")),
        "wheel": text(os.path.join(path, "WHEEL")),
    }


def record_of_egg(path: str) -> str:
    """Return what `setup.py install` wrote instead of a RECORD, as one: without hashes."""
    folder = os.path.dirname(path)
    lines = []
    for line in text(os.path.join(path, "installed-files.txt")).splitlines():
        file = os.path.normpath(os.path.join(path, line))
        if line and os.path.isfile(file):
            lines.append('"%s",,%d' % (os.path.relpath(file, folder), os.path.getsize(file)))
    return "\n".join(lines)


def text(path: str) -> str:
    """Return a file as text, or nothing where there is none."""
    try:
        if not os.path.isfile(path):
            return ""
        with open(path, encoding="utf-8", errors="replace", newline="") as file:
            found = file.read(LONGEST + 1)
    except OSError:
        return ""
    if len(found) > LONGEST:
        sys.exit("%s is larger than any metadata (%d characters)" % (path, LONGEST))
    return found.replace("\r\n", "\n")


def rows(dist: Dict[str, str]) -> Iterator[str]:
    """Yield the absolute paths that a RECORD lists."""
    return (path for path, _ in sized(dist))


def sized(dist: Dict[str, str]) -> Iterator[Tuple[str, str]]:
    """Yield the absolute paths that a RECORD lists, and their sizes as it spells them."""
    folder = os.path.dirname(dist["path"])
    reader = csv.reader(dist["record"].split("\n"))
    while True:
        try:
            row = next(reader, None)
        except csv.Error:
            continue
        if row is None:
            return
        if row and row[0]:
            yield os.path.normpath(os.path.join(folder, row[0])), "".join(row[2:3])


def changed(dist: Dict[str, str]) -> Iterator[str]:
    """Yield the libraries that are not what an installer has left: another size, or written later.

    A Dockerfile that strips or patches them leaves RECORD as it was.
    """
    try:
        written = os.stat(os.path.join(dist["path"], "RECORD")).st_mtime
    except OSError:
        return  # no hashes either, so each is read every time
    for path, size in sized(dist):
        if not LIBRARY.search(path):
            continue
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            yield path
            continue
        if size != str(status.st_size) or status.st_mtime > written + LATE:
            yield path


def hashes(found: List[Dict[str, str]]) -> Dict[str, str]:
    """Return the sha256, as RECORD writes it, of every file that more than one RECORD lists."""
    seen: Set[str] = set()
    shared: Set[str] = set()
    for dist in found:
        paths = set(rows(dist))
        shared |= paths & seen
        seen |= paths
    return {path: digest for path in sorted(shared) for digest in [sha256(path)] if digest}


def sha256(path: str) -> Optional[str]:
    """Return the urlsafe base64 sha256 of a file, or None where it is missing."""
    try:
        if not os.path.isfile(path):
            return None
        with open(path, "rb") as file:
            digest = hashlib.sha256()
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
    except OSError:
        return None
    return base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()


def markers() -> Dict[str, str]:
    """Return the environment of PEP 508 markers."""
    info = sys.implementation.version
    full = "%d.%d.%d" % info[:3]
    if info.releaselevel != "final":
        full += info.releaselevel[0] + str(info.serial)
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": full,
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "platform_python_implementation": platform.python_implementation(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }


if __name__ == "__main__":
    main()
