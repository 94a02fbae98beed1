"""Containers that print more than anyone wants to hold."""

import gc
import warnings

import pytest

from pruner.errors import OutsideError
from pruner.sandbox import containers
from support import client

LIMIT = 100_000


@pytest.mark.engine
@pytest.mark.parametrize(("length", "fits"), [(LIMIT, True), (LIMIT + 1, False)])
def test_output_is_bounded(monkeypatch: pytest.MonkeyPatch, length: int, *, fits: bool) -> None:
    monkeypatch.setattr(containers, "OUTPUT_LIMIT", LIMIT)
    argv = ["python3", "-c", f"print('x' * {length}, end='')"]
    options = containers.walls([], 1 << 28, 64)
    with containers.started(client(), "python:3.11-slim", argv, options) as container:
        if fits:
            done = containers.run_to_end(container, argv, 60)
            assert (done.code, done.stdout) == (0, b"x" * length)
        else:
            with pytest.raises(OutsideError, match="printed more than 100000 bytes"):
                containers.run_to_end(container, argv, 60)
    with warnings.catch_warnings():  # the library leaves a stream that was cut short open
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
