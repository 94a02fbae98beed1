"""Requirement files with options on the wrong lines, written again as installers read them."""

from collections.abc import Iterable

import tomlkit

from pruner.requirements.values import Indexes, Requirement, Requirements

PROJECT = "pyproject.toml"
REQUIREMENTS = "requirements.txt"
CONSTRAINTS = "constraints.txt"


def rewritten(found: Requirements) -> dict[str, str]:
    """Return the texts of files that ask for the same, by name; empty ones are left out.

    What has an index of its own stands in a pyproject.toml, the one form in which a requirement can
    be tied to an index. Paths stay as written: relative to the folder that uv is started in.
    """
    tied = [item for item in found.requirements if own_source(item)]
    other = [item for item in found.requirements if not own_source(item)]
    lines = [*index_lines(found.indexes), *map(_line, other), *(item.text for item in found.direct)]
    for item in other:
        lines += index_lines(item.own) if item.own else []
    texts = {
        PROJECT: _project(tied) if tied else "",
        REQUIREMENTS: "".join(f"{line}\n" for line in dict.fromkeys(lines)),
        CONSTRAINTS: "".join(f"{item.text}\n" for item in found.constraints),
    }
    return {name: text for name, text in texts.items() if text}


def own_source(item: Requirement) -> tuple[str, bool] | None:
    """Return the index that stands on the line of a requirement, and whether it is a flat one."""
    if item.own is None:
        return None
    own = item.own
    urls = [*own.extra_index_urls, *([own.index_url] if own.index_url else [])]
    if urls:
        return urls[0], False
    return (own.find_links[0], True) if own.find_links else None


def index_lines(indexes: Indexes) -> list[str]:
    """Return where distributions come from, as the lines of a requirement file."""
    lines = [f"--index-url {indexes.index_url}"] if indexes.index_url else []
    lines += [f"--extra-index-url {url}" for url in indexes.extra_index_urls]
    lines += [f"--find-links {place}" for place in indexes.find_links]
    lines += [f"--no-binary {name}" for name in indexes.no_binary]
    lines += [f"--only-binary {name}" for name in indexes.only_binary]
    lines += ["--no-index"] if indexes.no_index else []
    return lines + (["--pre"] if indexes.pre else [])


def _line(item: Requirement) -> str:
    return " ".join([item.text, *(f"--hash={digest}" for digest in item.hashes)])


def _project(tied: Iterable[Requirement]) -> str:
    places: dict[tuple[str, bool], str] = {}
    sources: dict[str, object] = {}
    for item in tied:
        place = own_source(item)
        if place is not None:
            name = places.setdefault(place, f"line-{len(places)}")
            sources[item.name] = {"index": name}
    indexes = [
        {"name": name, "url": url, "explicit": True, **({"format": "flat"} if flat else {})}
        for (url, flat), name in places.items()
    ]
    return tomlkit.dumps(
        {
            "project": {
                "name": "pruner-requirements",
                "version": "0",
                "dependencies": [item.text for item in tied],
            },
            "tool": {"uv": {"index": indexes, "sources": sources}},
        }
    )
