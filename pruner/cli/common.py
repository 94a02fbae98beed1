"""What several commands share: options, the opening of a job, and the printing of a document."""

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from pruner.cli.completing import agents
from pruner.cli.printing import drawn, emit
from pruner.clock import Clock
from pruner.document import Document
from pruner.errors import Exit
from pruner.model import Policy

if TYPE_CHECKING:
    from pruner.config import Config, Image
    from pruner.jobs.lock import Job
    from pruner.sandbox.base import Sandbox

__all__ = [
    "Options",
    "carry_out",
    "code_of",
    "drawn",
    "emit",
    "opened",
    "options",
    "order",
    "say_times",
]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The options that every command on an image has."""

    config: Path | None
    runtime: str
    policy: str | None
    agents: tuple[str, ...]
    build_args: tuple[str, ...]
    as_json: bool
    everything: bool


def options(function: Callable[..., int]) -> Callable[..., int]:
    """Add the options that every command on an image has; they arrive as one `Options`."""

    @click.option("--config", type=click.Path(path_type=Path), help="The pruner.toml to use.")
    @click.option(
        "--runtime",
        type=click.Choice(["auto", "docker", "local"]),
        default="auto",
        show_default=True,
        help="Where agents run; auto takes docker where an engine answers.",
    )
    @click.option(
        "--policy",
        type=click.Choice([policy.value for policy in Policy]),
        help="Which levels of evidence are kept; the image's own by default.",
    )
    @click.option(
        "--agent", "agents", multiple=True, shell_complete=agents,
        help="Only this agent; may be repeated.",
    )  # fmt: skip
    @click.option(
        "--build-arg", "build_args", multiple=True, metavar="KEY=VALUE",
        help="A build argument, before the image's own; may be repeated.",
    )  # fmt: skip
    @click.option("--json", "as_json", is_flag=True, help="Print the document as JSON.")
    @click.option("--kept", "everything", is_flag=True, help="List what is kept as well.")
    @functools.wraps(function)
    def wrapped(**given: Any) -> int:  # noqa: ANN401  click's values, by our own names
        names = Options.__struct_fields__
        chosen = Options(**{name: given.pop(name) for name in names})
        return function(options=chosen, **given)

    return wrapped


def carry_out(
    image: str, chosen: Options, job: "Callable[[Job, Sandbox, Clock], Document]"
) -> Document:
    """Open the configuration and a sandbox, do the job with its progress shown, print it."""
    from pruner.cli.recording import recording
    from pruner.config import load
    from pruner.jobs.remember import of_document
    from pruner.jobs.writing import encode, presentable
    from pruner.report.text import show
    from pruner.report.watching import watching

    config = load(chosen.config, Path.cwd())
    asked = order(config, image, chosen)
    with recording(config, [image]) as book:
        with watching() as watcher:
            clock = Clock(watcher)
            with opened(chosen.runtime, config.root, clock) as sandbox:
                document = presentable(job(asked, sandbox, clock))
        book.done(image, code_of(document), of_document(document))
    emit(
        encode(document)
        if chosen.as_json
        else drawn(partial(show, document, everything=chosen.everything))
    )
    say_times(clock)
    return document


def order(config: "Config", image: str, chosen: Options) -> "Job":
    """Return the job on an image; raise UsageError where the configuration does not allow it."""
    from pruner.jobs.lock import Job, select

    what = _with_build_args(config.image(image), chosen.build_args)
    policy = Policy(chosen.policy) if chosen.policy else what.policy
    return Job(config=config, image=what, agents=select(what, chosen.agents), policy=policy)


@contextmanager
def opened(runtime: str, root: Path, clock: Clock) -> "Iterator[Sandbox]":
    """Open a sandbox, saying which and why, and remove all of it afterwards."""
    from pruner.sandbox.choose import choose

    with ExitStack() as stack:
        sandbox, choice = stack.enter_context(choose(runtime, root))
        clock.note(f"sandbox: {choice.runtime} ({choice.why})")
        if choice.warning:
            clock.note(f"warning: {choice.warning}")
        yield sandbox
        with clock.step("remove the sandboxes", sandbox=True):
            stack.close()


def _with_build_args(image: "Image", given: tuple[str, ...]) -> "Image":
    pairs = dict(argument.partition("=")[::2] for argument in given)
    bad = [argument for argument in given if "=" not in argument]
    if bad:
        raise click.BadParameter(f"{bad[0]!r} is not KEY=VALUE", param_hint="--build-arg")
    return msgspec.structs.replace(image, build_args={**image.build_args, **pairs})


def say_times(clock: Clock) -> None:
    """Say on stderr where the time went; on a terminal each step has said it already."""
    from pruner.report.text import times

    click.echo(times(clock.timings, steps=not sys.stderr.isatty()), err=True)


def code_of(document: Document) -> int:
    """Return 0 for a document that found nothing, 1 for one that did."""
    proof = document.proof
    unproven = proof is not None and not proof.passed
    errors = any(item.severity == "error" for item in document.findings)
    open_ = any(not item.settled for item in document.conflicts)
    return Exit.FOUND if unproven or errors or open_ else Exit.OK
