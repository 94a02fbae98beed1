"""What comes back from beside an agent, which could have printed it itself."""

import msgspec
import pytest

from pruner.errors import OutsideError
from pruner.sandbox.base import Completed
from pruner.sandbox.probes import Answer, Layout, Look, checked

GOOD = b'{"ok":true,"outcome":"200","detail":""}'


def done(stdout: bytes, code: int | None = 0, stderr: bytes = b"") -> Completed:
    return Completed(argv=("python",), code=code, stdout=stdout, stderr=stderr)


def test_an_answer() -> None:
    assert checked(done(GOOD), Answer) == Answer(ok=True, outcome="200")


@pytest.mark.parametrize(
    "bad",
    [
        b"", b"{}", b"null", GOOD + GOOD, b"\xff", b"[" * 100_000, b'{"ok":' * 100_000,
        GOOD.replace(b"200", b"\\u001b[2J"), GOOD.replace(b"200", b"200\\n"),
        GOOD.replace(b"200", b"\\ud800"), GOOD.replace(b"200", b"2" * 201),
        GOOD.replace(b'l":"', b'l":"' + b"x" * 100_001), GOOD.replace(b"true", b"NaN"),
        GOOD.replace(b"outcome", b"\x1b[2J"), GOOD.replace(b'"ok"', b'"\\u202e":1,"ok"'),
    ],
)  # fmt: skip
def test_what_is_no_answer(bad: bytes) -> None:
    with pytest.raises(OutsideError, match="gave no valid answer") as caught:
        checked(done(bad), Answer)
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("memory", [-1, 2**60, 10**400, 1.5, "1"])
def test_memory_that_nothing_has(memory: object) -> None:
    number = str(memory) if isinstance(memory, int) else msgspec.json.encode(memory).decode()
    with pytest.raises(OutsideError, match="gave no valid answer"):
        checked(done(b'{"libraries":[],"deaf":false,"memory":%s}' % number.encode()), Look)


def test_libraries_without_end() -> None:
    look = {"libraries": ["/a"] * 100_001, "deaf": False, "memory": 1}
    with pytest.raises(OutsideError, match="gave no valid answer"):
        checked(done(msgspec.json.encode(look)), Look)


def test_a_probe_that_failed() -> None:
    with pytest.raises(OutsideError, match=r"failed \(exit 1\): \[2Jno module named x"):
        checked(done(GOOD, code=1, stderr=b"Traceback\n\x1b[2Jno module named x\n"), Layout)
    with pytest.raises(OutsideError, match="ran out of time"):
        checked(done(GOOD, code=None), Layout)
