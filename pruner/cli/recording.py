"""The one place where runs are put into the history, however they end."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import click

from pruner.config import Config
from pruner.errors import BUG, INTERRUPTED, Exit, PrunerError, outside
from pruner.history import History
from pruner.jobs.digests import inputs
from pruner.jobs.remember import Figures, lock_id, outcome, run_of


class Recording:
    """The images that a command was called for, and what became of each."""

    def __init__(self, config: Config, images: Sequence[str], command: str) -> None:
        self._config = config
        self._waiting = list(images)
        self._command = command
        self._began = time.monotonic()
        locking = images if command in {"lock", "drift"} else ()
        # At the beginning: what changes while agents run is not what they ran with.
        self._inputs: dict[str, dict[str, str]] = {}
        for name in locking:
            with suppress(PrunerError):  # that its files are not there is told where it is locked
                self._inputs[name] = dict(inputs(config, config.image(name)))

    def done(self, image: str, code: int, figures: Figures | None = None) -> None:
        """Record how the command ended for one of its images."""
        if image not in self._waiting:
            return
        self._waiting.remove(image)
        known = figures or Figures()
        run = run_of(
            known,
            at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            command=self._command,
            image=image,
            outcome=outcome(code),
            exit=code,
            lock=lock_id(self._config, self._config.image(image)) if known.locked else None,
            inputs=self._inputs.get(image, {}) if known.locked else {},
            seconds=round(time.monotonic() - self._began, 3),
        )
        with History.opened(self._config.root, _say) as history:
            history.record(run)

    def failed(self, code: int) -> None:
        """Record that the command ended for all images that are not done."""
        for image in tuple(self._waiting):
            self.done(image, code)


@contextmanager
def recording(config: Config, images: Sequence[str]) -> Iterator[Recording]:
    """Record the run of the command that click has called, for each of these images.

    Those that are not `done` when an error ends it are recorded with the error's exit code.
    """
    book = Recording(config, images, str(click.get_current_context().info_name))
    try:
        yield book
    except BaseException as error:
        book.failed(code_of_error(error))
        raise


def code_of_error(error: BaseException) -> int:
    """Return the exit code with which pruner ends at an error."""
    if isinstance(error, PrunerError):
        return error.code
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else BUG
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        return Exit.USAGE
    return outside(error).code if isinstance(error, OSError) else BUG


def _say(line: str) -> None:
    click.echo(line, err=True)
