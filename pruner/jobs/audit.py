"""`pruner audit`: gather what is known of an image, and have it checked."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from pruner.audit.dpkg import packages
from pruner.audit.every import audited
from pruner.audit.found import found
from pruner.audit.ignores import Comment, comments
from pruner.audit.layers import mapped
from pruner.audit.reading import read_source
from pruner.audit.values import Audits, Built, Context, Facts, ImageAudit, Source
from pruner.clock import Clock
from pruner.config import Config, Image
from pruner.config.files import read_text
from pruner.document import SCHEMA, Document
from pruner.errors import Exit, UsageError
from pruner.jobs.committed import read_verdicts
from pruner.jobs.findings import misplaced
from pruner.jobs.measured import kept
from pruner.jobs.observe import locks_folder
from pruner.jobs.sent import read_context
from pruner.model import Finding
from pruner.requirements import Requirements, read_leniently
from pruner.sandbox import engine
from pruner.sandbox.layers import Saved, read_image
from pruner.urls import cleaned, without_credentials

_PLACE = re.compile(r"(.+?(?::\d+)?): (.*)", re.DOTALL)
_NO_FILE = re.compile(r"(\S+) ((?:does not exist|cannot be|is (?:a|no)) .*)", re.DOTALL)


def audit(config: Config, image: Image, saved: Saved | None = None) -> ImageAudit:
    """Audit one image; nothing is run, and nothing is built.

    Without `saved` the layers count that `pruner build` measured, if there are any.
    """
    said: list[Finding] = []
    source = _source(config, image, said)
    saved = saved or _measured(config, image, source, said)
    facts = Facts(
        image=image.name,
        gpu=image.gpu,
        source=source,
        context=_context(config, image, said),
        requirements=_requirements(config, image, source, said),
        document=_document(config, image, said),
        built=_built(source, saved, said) if saved else None,
        bases=config.rules.bases,
    )
    told = [*_comments(config, image, facts)]
    return _presentable(audited(facts, said, told, _configured(config, image), config.source))


def run(config: Config, images: Sequence[Image]) -> Audits:
    """Audit images one after the other."""
    return Audits(schema=SCHEMA, images=tuple(audit(config, image) for image in images))


def measured(config: Config, image: Image, tag: str, clock: Clock) -> Audits:
    """Audit one image, and measure what it costs in the image that was built from it."""
    client = engine.connect(hint="start it, or leave --built out")
    try:
        with clock.step(f"read the layers of {tag}", sandbox=True):
            saved = read_image(client, tag)
    finally:
        client.close()
    return Audits(schema=SCHEMA, images=(audit(config, image, saved),))


def _measured(
    config: Config, image: Image, source: Source | None, said: list[Finding]
) -> Saved | None:
    """Return the layers that were measured before, if they still are those of these files."""
    saved, since = kept(config, image)
    if saved is None or not since or source is None:
        return saved
    where = source.where(source.dockerfile.stages[0].line)
    what = f"the {' and the '.join(since)} changed since the image was measured"
    said.append(found("PRN230", where, what))
    return None


def _built(source: Source | None, saved: Saved, said: list[Finding]) -> Built:
    """Return an image with the lines of its layers, as far as they can be told."""
    layers = mapped(source, saved.layers) if source else None
    if source is not None and layers is None:
        where = source.where(source.dockerfile.stages[0].line)
        said.append(found("PRN230", where, f"the layers of {saved.tag} do not match these lines"))
    statuses = [status or "" for status in saved.statuses]
    based = [
        status
        for status, layer in zip(statuses, layers or (), strict=False)
        if status and layer.line is None
    ]
    whole = [status for status in statuses if status]
    return Built(
        tag=saved.tag,
        size_bytes=saved.size_bytes,
        layers=layers or (),
        packages=packages(whole[-1], based[-1] if based else "") if whole and layers else {},
    )


def code_of(audits: Audits) -> int:
    """Return 1 where anything but notes was found."""
    every = (item for image in audits.images for item in image.findings)
    return Exit.FOUND if any(item.severity != "note" for item in every) else Exit.OK


def encode(audits: Audits) -> bytes:
    """Return audits as JSON."""
    return msgspec.json.format(msgspec.json.encode(audits), indent=2) + b"\n"


def _presentable(image: ImageAudit) -> ImageAudit:
    """Return an audit in which no URL shows a secret."""
    return msgspec.convert(cleaned(msgspec.to_builtins(image)), ImageAudit)


def _source(config: Config, image: Image, said: list[Finding]) -> Source | None:
    if image.dockerfile is None:
        return None
    try:
        text = read_text(config.root / image.dockerfile, image.dockerfile)
        folder = config.root / image.context
        return read_source(text, image.dockerfile, image.build_args, folder, image.target)
    except UsageError as error:
        said.append(unread("PRN200", error, image.dockerfile))
        return None


def _context(config: Config, image: Image, said: list[Finding]) -> Context | None:
    dockerfile = config.root / image.dockerfile if image.dockerfile else None
    try:
        return read_context(config.root, config.root / image.context, dockerfile)
    except UsageError as error:
        said.append(unread("PRN200", error, ".dockerignore"))
        return None


def _requirements(
    config: Config, image: Image, source: Source | None, said: list[Finding]
) -> Requirements | None:
    files = list(image.requirements)
    for path in source.dockerfile.requirements if source else ():
        whole = config.root / image.context / path
        files.append(os.path.relpath(whole, config.root))
    paths = list(dict.fromkeys((config.root / file).resolve() for file in files))
    if not paths:
        return None
    read, errors = read_leniently(paths, config.root, image.extras, image.groups)
    said += [unread("PRN220", error, files[0]) for error in errors]
    said += misplaced(read)
    return read


def _document(config: Config, image: Image, said: list[Finding]) -> Document | None:
    path = locks_folder(config, image) / "verdicts.json"
    if not os.path.lexists(path):
        return None
    try:
        return read_verdicts(path)
    except UsageError as error:
        shown = path.relative_to(config.root).as_posix()
        what = error.message.removeprefix(f"{path}: ")
        said.append(found("PRN223", shown, what, fix=error.hint or ""))
        return None


def unread(code: str, error: UsageError, file: str) -> Finding:
    """Return what cannot be read as a finding, at the place that its message begins with."""
    message = without_credentials(error.message)
    match = _NO_FILE.fullmatch(message) or _PLACE.fullmatch(message)
    where, what = (match[1], match[2]) if match else (file, message.removeprefix(f"{file}: "))
    return found(code, where, what, fix=error.hint or "")


def _configured(config: Config, image: Image) -> dict[str, str]:
    """Return the codes that the configuration ignores, and the key of each."""
    own = dict.fromkeys(image.ignore, f"images.{image.name}.audit.ignore")
    return {**dict.fromkeys(config.ignore, "audit.ignore"), **own}


def _comments(config: Config, image: Image, facts: Facts) -> Iterator[Comment]:
    """Yield the comments in the Dockerfile and in the requirement files."""
    if facts.source is not None:
        spans = {step.line: step.instruction.last_line for step in facts.source.steps}
        yield from comments(facts.source.file, facts.source.lines, spans)
    elif image.dockerfile is not None:
        yield from _of_file(config.root, image.dockerfile)
    for file in facts.requirements.files if facts.requirements else ():
        yield from _of_file(config.root, file)


def _of_file(root: Path, file: str) -> Iterable[Comment]:
    try:
        lines = read_text(root / file, file).split("\n")
    except UsageError:
        return ()
    return tuple(comments(file, lines, {}))
