"""From traced versions to a lock with hashes, by uv; no version is chosen anew."""

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import tomlkit

from pruner.model import Inventory, Value, Verdict
from pruner.requirements import Indexes
from pruner.sandbox import uv


class LockText(Value, frozen=True):
    """The two forms of one lock, without headers, and how many distributions it pins."""

    requirements: str
    pylock: str
    pins: int


def lock(
    image: str, inventory: Inventory, verdicts: Iterable[Verdict], options: Sequence[str] = ()
) -> LockText:
    """Look up the hashes of every kept distribution's traced version.

    `options` are the index lines of the image's requirement files, repeated in the lock. Without
    metadata of its own uv would build every release that has no wheel, to learn what it requires;
    nothing is to be resolved here, so it is told that they require nothing, and builds none.
    """
    known = inventory.by_key()
    rows = sorted(
        (row for row in verdicts if row.kept and known[row.name].managed),
        key=lambda row: row.name,
    )
    pins = [f"{row.name}=={row.version}" for row in rows if known[row.name].local is None]
    with tempfile.TemporaryDirectory(prefix="pruner-pins-") as name:
        folder = Path(name)
        (folder / "uv.toml").write_text(_metadata(rows), encoding="utf-8")
        (folder / "pins.txt").write_text("\n".join([*options, *pins]) + "\n", encoding="utf-8")
        requirements = _compile(folder, "requirements.txt", inventory, image)
        pylock = _compile(folder, "pylock.toml", inventory, image)
    index_lines = "".join(f"{line}\n" for line in options)
    return LockText(
        requirements=index_lines + requirements,
        pylock=_bound(pylock, inventory),
        pins=len(pins),
    )


def index_lines(indexes: Indexes) -> list[str]:
    """Return where the pins come from, as the lines of a requirement file."""
    lines = [f"--index-url {indexes.index_url}"] if indexes.index_url else []
    lines += [f"--extra-index-url {url}" for url in indexes.extra_index_urls]
    lines += [f"--find-links {place}" for place in indexes.find_links]
    return lines + (["--no-index"] if indexes.no_index else [])


def _compile(folder: Path, output: str, inventory: Inventory, image: str) -> str:
    argv = ["pip", "compile", "--no-deps", "--generate-hashes", "--no-header", "--no-annotate"]
    argv += ["--quiet", "--python-version", inventory.python, "--index-strategy"]
    # Nothing is built, so any interpreter will do where that version is not on this machine; uv
    # would try to download it first, for most of a minute where it cannot.
    argv += ["unsafe-best-match", "--no-python-downloads", "--format"]
    argv += ["pylock.toml" if output.endswith(".toml") else "requirements.txt"]
    argv += [str(folder / "pins.txt"), "--output-file", str(folder / output)]
    argv += ["--config-file", str(folder / "uv.toml")]
    uv.run(argv, what=f"images.{image}: lock", cwd=folder)
    return (folder / output).read_text(encoding="utf-8")


def _metadata(rows: Iterable[Verdict]) -> str:
    document = tomlkit.document()
    tables = tomlkit.aot()
    for row in rows:
        values = {"name": row.name, "version": row.version, "requires-dist": []}
        tables.append(tomlkit.item(values))
    document["dependency-metadata"] = tables
    return tomlkit.dumps(document)


def _bound(pylock: str, inventory: Inventory) -> str:
    """Tie a pylock to the interpreter that it was traced with (PEP 751).

    Without this a lock that is not universal silently skips distributions on another one.
    """
    document = tomlkit.parse(pylock)
    version = inventory.markers["python_version"]
    platform = inventory.markers["sys_platform"]
    machine = inventory.markers["platform_machine"]
    document["created-by"] = "pruner"
    document["requires-python"] = f"=={version}.*"
    marker = f"sys_platform == '{platform}' and platform_machine == '{machine}'"
    environments = tomlkit.array()
    environments.append(marker)
    if "environments" in document:
        document["environments"] = environments
    else:
        packages = document.pop("packages", None)
        document["environments"] = environments
        if packages is not None:
            document["packages"] = packages
    return tomlkit.dumps(document)
