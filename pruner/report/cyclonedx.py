"""What the locks have as a bill of materials, CycloneDX 1.6: https://cyclonedx.org/docs/1.6/json/.

The same subjects give the same bytes: the serial number is derived from them, and the time is that
of the proof. Without one the document has no time.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.bom_ref import BomRef
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.dependency import Dependency
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from pruner import __version__
from pruner.model import Verdict, normalise
from pruner.report.subject import Pinned, PinnedFile, Subject
from pruner.report.text import plain

_ALGORITHMS = {
    "md5": HashAlgorithm.MD5,
    "sha1": HashAlgorithm.SHA_1,
    "sha256": HashAlgorithm.SHA_256,
    "sha384": HashAlgorithm.SHA_384,
    "sha512": HashAlgorithm.SHA_512,
}
MOST_VERSION = 1024
"""Characters that the format takes."""

_DIGITS = {"md5": 32, "sha1": 40, "sha256": 64, "sha384": 96, "sha512": 128}


class _Part(NamedTuple):
    """An image, what is in it, and which of it needs which."""

    image: Component
    components: tuple[Component, ...]
    dependencies: tuple[Dependency, ...]


def cyclonedx(subjects: Sequence[Subject]) -> bytes:
    """Return the bill of materials of one image; of several, each with its own in it."""
    parts = [_part(subject) for subject in subjects]
    dependencies = [row for part in parts for row in part.dependencies]
    if len(parts) == 1:
        top, components = parts[0].image, parts[0].components
    else:
        top = Component(name="images", type=ComponentType.APPLICATION, bom_ref="images")
        components = tuple(part.image for part in parts)
        for part in parts:
            part.image.components = part.components
        dependencies.append(_dependency("images", [_ref_of(part.image) for part in parts]))
    times = sorted(filter(None, (_time(subject.proven_at) for subject in subjects)))
    said = msgspec.json.encode((__version__, tuple(subjects))).decode()
    bom = Bom(
        serial_number=uuid.uuid5(uuid.NAMESPACE_OID, said),
        metadata=BomMetaData(
            component=top,
            tools=ToolRepository(components=[_pruner()]),
            timestamp=times[-1] if times else None,
        ),
        components=components,
        dependencies=dependencies,
    )
    if not times:  # the library would say when it was called
        bom.metadata.timestamp = None  # type: ignore[assignment]
    return JsonV1Dot6(bom).output_as_string(indent=2).encode() + b"\n"


def _pruner() -> Component:
    return Component(name="pruner", version=__version__, type=ComponentType.APPLICATION)


def _part(subject: Subject) -> _Part:
    rows = {normalise(row.name): row for row in subject.document.distributions if row.kept}
    pins = {row.name: row for row in subject.pins}
    names = {name: f"{_top(subject)}/{name}@{plain(row.version)}" for name, row in rows.items()}
    needs = {
        name: [names[key] for key in sorted({normalise(it) for it in row.needs}) if key in names]
        for name, row in rows.items()
    }
    image = Component(
        name=plain(subject.image),
        type=ComponentType.CONTAINER,
        bom_ref=_top(subject),
        properties=_properties(_facts(subject)),
    )
    direct = [names[name] for name in _direct(rows) or rows]
    return _Part(
        image=image,
        components=tuple(
            _component(names[name], row, pins.get(name), pinned=bool(pins))
            for name, row in rows.items()
        ),
        dependencies=(
            _dependency(_top(subject), direct),
            *(_dependency(names[name], below) for name, below in needs.items()),
        ),
    )


def _top(subject: Subject) -> str:
    return f"image:{plain(subject.image)}"


def _direct(rows: Mapping[str, Verdict]) -> list[str]:
    """Return what the image's own code uses, and what nothing else that stays needs."""
    needed = {normalise(need) for row in rows.values() for need in row.needs}
    return [name for name, row in rows.items() if "" in row.used_by or name not in needed]


def _facts(subject: Subject) -> Iterator[tuple[str, str]]:
    document = subject.document
    yield "runtime", document.runtime
    yield "policy", document.policy
    yield "python", document.python
    if document.base is not None:
        yield "base", "@".join(filter(None, (document.base.name, document.base.digest)))
    if document.proof is not None:
        yield "proven", str(document.proof.passed).lower()
    if document.confidence is not None:
        yield "confidence", f"{document.confidence.score:.2f}"


def _component(ref: str, row: Verdict, pin: Pinned | None, *, pinned: bool) -> Component:
    """Return a distribution; the image's own project is no package of an index."""
    facts = [
        ("verdict", row.verdict),
        ("level", row.level),
        ("why", row.why),
        ("size_bytes", str(row.size_bytes)),
    ]
    if row.own is not None:
        facts.append(("own", row.own))
    elif pinned:
        facts.append(("pinned", str(pin is not None).lower()))
    files = pin.files if pin is not None else ()
    return Component(
        name=plain(row.name),
        version=plain(row.version)[:MOST_VERSION],
        type=ComponentType.LIBRARY if row.own is None else ComponentType.APPLICATION,
        bom_ref=ref,
        purl=_purl(row, pin) if row.own is None else None,
        hashes=list(_hashes(files[0])) if len(files) == 1 else (),
        external_references=list(_references(files)),
        properties=_properties(facts),
    )


def _purl(row: Verdict, pin: Pinned | None) -> PackageURL | None:
    """Return the package URL; what comes from no index says from where."""
    if not normalise(row.name):
        return None
    archive = {}
    if pin is not None and pin.index is None and pin.files:
        archive = {"download_url": pin.files[0].url}
    return PackageURL("pypi", name=normalise(row.name), version=row.version, qualifiers=archive)


def _references(files: Iterable[PinnedFile]) -> Iterator[ExternalReference]:
    """Yield where the files of a release are: any of them may be what is installed."""
    for file in files:
        if file.url:
            yield ExternalReference(
                type=ExternalReferenceType.DISTRIBUTION,
                url=XsUri(plain(file.url)),
                hashes=list(_hashes(file)),
            )


def _hashes(file: PinnedFile) -> Iterator[HashType]:
    """Yield the hashes that the format has a name for, and that can be one."""
    for name, value in sorted(file.hashes.items()):
        fits = len(value) == _DIGITS.get(name) and not set(value.lower()) - set("0123456789abcdef")
        if fits:
            yield HashType(alg=_ALGORITHMS[name], content=value.lower())


def _properties(facts: Iterable[tuple[str, str]]) -> list[Property]:
    return [Property(name=f"pruner:{name}", value=plain(value)) for name, value in facts]


def _dependency(ref: str, below: Iterable[str]) -> Dependency:
    return Dependency(BomRef(ref), [Dependency(BomRef(name)) for name in below])


def _ref_of(component: Component) -> str:
    return component.bom_ref.value or ""


def _time(at: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(at) if at else None
    except ValueError:
        return None
