"""`pruner build`."""

from functools import partial
from pathlib import Path

import click
import msgspec

from pruner.cli.common import drawn, emit, say_times
from pruner.cli.completing import images
from pruner.clock import Clock
from pruner.errors import Exit


@click.command("build")
@click.argument("name", shell_complete=images)
@click.option("--keep", is_flag=True, help="Leave the minimal image in the engine, where proven.")
@click.option("--cached", is_flag=True, help="Take the original from the build cache, if there.")
@click.option("--config", type=click.Path(path_type=Path), help="The pruner.toml to use.")
@click.option("--json", "as_json", is_flag=True, help="Print what was measured as JSON.")
def command(name: str, *, keep: bool, cached: bool, config: Path | None, as_json: bool) -> int:
    """Build an image as it was and as its lock has it, prove the new one, measure both.

    Needs a Docker engine, and the Dockerfile that `pruner image` wrote. One image is there at a
    time; both are removed afterwards, and what they left in the build cache. `--cached` saves the
    minutes of the original's build where a lock has just built it; how long that takes is not told
    then. Exits 1 where the agents fare differently in the minimal image.

    \b
    Example:
      pruner build speech_gpu
      pruner build speech_gpu --keep
    """
    from pruner.cli.recording import recording
    from pruner.config import load
    from pruner.files import plain_json
    from pruner.jobs import build
    from pruner.jobs.lock import Job
    from pruner.jobs.remember import of_build
    from pruner.report.builds import show_build
    from pruner.report.watching import watching
    from pruner.sandbox.yard import opened

    read = load(config, Path.cwd())
    image = read.image(name)
    job = Job(config=read, image=image, agents=image.agents, policy=image.policy)
    with recording(read, [name]) as book:
        with watching() as watcher:
            clock = Clock(watcher)
            with opened(read.root) as yard:
                report = build.run(job, yard, clock, keep=keep, cached=cached)
        code = Exit.OK if report.proof.passed else Exit.FOUND
        book.done(name, code, of_build(report))
    emit(
        msgspec.json.format(plain_json(report), indent=2) + b"\n"
        if as_json
        else drawn(partial(show_build, report))
    )
    say_times(clock)
    return code
