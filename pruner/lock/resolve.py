"""What takes the place of distributions that cannot stay: looked for by uv among the other pins."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from pruner.errors import UsageError
from pruner.lock.places import Places
from pruner.model import Inventory, normalise
from pruner.sandbox import uv


def resolve(
    image: str,
    inventory: Inventory,
    wanted: Sequence[str],
    constraints: Sequence[Mapping[str, str]],
    places: Places,
) -> dict[str, str]:
    """Return the version (by key) of everything that the wanted requirements need.

    `constraints` are pins to keep to, by key: where no release fits the first ones, the next ones
    are tried. They are looked for in all of the `places`. Raises UsageError where there is no
    solution for any of them.
    """
    for number, pins in enumerate(constraints, 1):
        try:
            return _resolved(image, inventory, wanted, pins, places)
        except UsageError:
            if number == len(constraints):
                raise
    return {}


def _resolved(
    image: str,
    inventory: Inventory,
    wanted: Sequence[str],
    pins: Mapping[str, str],
    places: Places,
) -> dict[str, str]:
    with tempfile.TemporaryDirectory(prefix="pruner-resolve-") as name:
        folder = Path(name)
        _write(folder / "wanted.txt", [*options(places), *wanted])
        _write(folder / "pins.txt", [f"{key}=={version}" for key, version in sorted(pins.items())])
        argv = ["pip", "compile", "--no-header", "--no-annotate", "--quiet"]
        argv += ["--python-version", inventory.python, "--no-python-downloads"]
        argv += ["--index-strategy", "unsafe-best-match", "--constraint", str(folder / "pins.txt")]
        argv += [str(folder / "wanted.txt"), "--output-file", str(folder / "found.txt")]
        uv.run(argv, what=f"images.{image}.use", cwd=folder)
        return _pins((folder / "found.txt").read_text(encoding="utf-8").splitlines())


def options(places: Places) -> Iterator[str]:
    """Yield the lines that lead to every index, with the credentials that it asks for."""
    default = places.default
    if default is not None and not default.flat:
        yield f"--index-url {default.url}"
    others = [*places.extra, *places.own.values(), *places.chosen.values()]
    if default is not None and default.flat:
        others.append(default)
    for place in dict.fromkeys(others):
        yield f"--find-links {place.url}" if place.flat else f"--extra-index-url {place.url}"
    if places.no_index:
        yield "--no-index"


def _write(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _pins(lines: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        try:
            item = Requirement(line)
        except InvalidRequirement:
            continue  # an option
        for specifier in item.specifier:
            found[normalise(item.name)] = specifier.version
    return found
