"""The store of accepted locks: what is kept, what is before what, and what is passed over."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from pruner.config import Config, Image
from pruner.document import AgentReport, Document, LockFiles, ProofReport, Sizes
from pruner.errors import OutsideError, UsageError
from pruner.jobs.accepted import Accepted, Shelf, order, read_kept, read_shelf, store
from pruner.jobs.keeping import keep, recorded, replace, revise, tidy
from pruner.jobs.written import pins_of, read_set, sameness, summary
from pruner.model import Outcome, Verdict

IMAGE = Image(name="app", agents=())


def lock(
    version: str, *, passed: bool = True, seconds: float = 1, outcome: str = "200"
) -> dict[str, bytes]:
    """Return a set that pins one distribution."""
    row = Verdict(
        name="idna", version=version, verdict="keep", level="observed", size_bytes=7, why="x"
    )
    exercise = Outcome(name="GET /", outcome=outcome, ok=True)
    agent = AgentReport(
        name="agent", status="ok", modules=3, seconds=seconds, exercises=(exercise,)
    )
    document = Document(
        schema=1,
        image="app",
        runtime="local",
        policy="minimal",
        python="3.11.2",
        agents=(agent,),
        distributions=(row,),
        lock=LockFiles(requirements="r", pylock="p", pins=1),
        size_bytes=Sizes(before=9, after=7),
        proof=ProofReport(passed=passed, rounds=1),
    )
    return {
        "requirements.txt": f"# above\n\nidna=={version} \\\n    --hash=sha256:00\n".encode(),
        "pylock.toml": version.encode(),
        "verdicts.json": msgspec.json.encode(document),
    }


def silent(_line: str) -> None:
    pass


def accept(root: Path, contents: dict[str, bytes], command: str = "lock") -> None:
    replace(Config(root=root), IMAGE, lambda there: there | contents, command, silent)


def shelf(root: Path) -> Shelf:
    return read_shelf(store(Config(root=root), IMAGE))


def there(root: Path) -> dict[str, bytes]:
    return read_set(root / "locks/app")


def back(root: Path) -> Accepted | None:
    """Return what is before what lies in locks/."""
    found = shelf(root)
    return found.before(found.current(there(root)), there(root))


def put_back(root: Path, row: Accepted) -> None:
    """Do what a rollback does with the files, without a proof."""
    for name, data in read_kept(store(Config(root=root), IMAGE), row).items():
        (root / "locks/app" / name).write_bytes(data)


def test_each_lock_is_kept_with_the_one_that_it_replaced(tmp_path: Path) -> None:
    accept(tmp_path, lock("1"))
    accept(tmp_path, lock("2"))
    one, two = shelf(tmp_path).rows
    assert (one.after, two.after) == ("", one.id)
    assert (two.command, two.pins, two.size_bytes, two.proof.passed) == ("lock", 1, 7, True)
    assert order(one.id) < order(two.id)
    folder = store(Config(root=tmp_path), IMAGE)
    assert read_kept(folder, two) == there(tmp_path) == lock("2")
    assert read_kept(folder, one) == lock("1")
    assert sorted(path.name for path in folder.iterdir()) == sorted([".lock", one.id, two.id])
    assert shelf(tmp_path).current(lock("2")) == two
    assert back(tmp_path) == one


def test_the_same_lock_is_kept_once(tmp_path: Path) -> None:
    accept(tmp_path, lock("1", seconds=1))
    accept(tmp_path, lock("1", seconds=2))
    (row,) = shelf(tmp_path).rows
    assert there(tmp_path) == lock("1", seconds=2)
    assert shelf(tmp_path).current(there(tmp_path)) == row
    # What was seen to run counts: later proofs are held to it.
    accept(tmp_path, lock("1", outcome="500"))
    assert len(shelf(tmp_path).rows) == 2
    assert back(tmp_path) is None, "it is the same lock"


def test_a_rollback_keeps_every_byte_of_what_it_replaces(tmp_path: Path) -> None:
    accept(tmp_path, lock("1", seconds=1))
    accept(tmp_path, lock("1", seconds=2))
    folder = store(Config(root=tmp_path), IMAGE)
    rows = recorded(folder, shelf(tmp_path), there(tmp_path), "app", exactly=True).rows
    assert [read_kept(folder, row) for row in rows] == [lock("1"), lock("1", seconds=2)]
    assert shelf(tmp_path).rows == rows


def test_what_was_gone_back_from_is_not_before_what_comes_next(tmp_path: Path) -> None:
    for version in "123":
        accept(tmp_path, lock(version))
    one, two, three = shelf(tmp_path).rows
    assert back(tmp_path) == two
    put_back(tmp_path, two)
    assert back(tmp_path) == one
    accept(tmp_path, lock("4"))
    four = shelf(tmp_path).rows[-1]
    assert four.after == two.id
    assert back(tmp_path) == two
    put_back(tmp_path, three)
    assert back(tmp_path) == two
    put_back(tmp_path, one)
    assert back(tmp_path) is None


def test_a_lock_of_a_fresh_clone_is_kept_before_it_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "locks/app"
    folder.mkdir(parents=True)
    for name, data in lock("1").items():
        (folder / name).write_bytes(data)
    accept(tmp_path, lock("2"))
    one, two = shelf(tmp_path).rows
    assert (one.command, one.proof.passed, two.after) == ("found", True, one.id)
    assert read_kept(store(Config(root=tmp_path), IMAGE), one) == lock("1")


FLAWS: dict[str, tuple[dict[str, bytes | None], str]] = {
    "unproven": ({**lock("1", passed=False)}, "it was not proven"),
    "no verdicts": ({"verdicts.json": None}, "no verdicts.json"),
    "garbage": ({"verdicts.json": b"\x1b["}, "verdicts.json: not a document of pruner's"),
    "another pin": ({"requirements.txt": b"idna==3\n"}, "differ on idna"),
    "one more": ({"requirements.txt": b"idna==1\nsix==1\n"}, "differ on six"),
    "one less": ({"requirements.txt": b"# nothing\n"}, "has 0 pins"),
    "half of two": ({"verdicts.json": lock("2")["verdicts.json"]}, "differ on idna"),
}


@pytest.mark.parametrize("name", FLAWS)
def test_what_was_not_proven_is_kept_and_never_gone_back_to(tmp_path: Path, name: str) -> None:
    changed, flaw = FLAWS[name]
    accept(tmp_path, lock("0"))
    (good,) = shelf(tmp_path).rows
    accept(tmp_path, lock("1"))
    for file, data in changed.items():
        path = tmp_path / "locks/app" / file
        path.unlink() if data is None else path.write_bytes(data)
    bad = there(tmp_path)
    accept(tmp_path, lock("2"))
    row = shelf(tmp_path).rows[-2]
    assert (row.command, row.proof.passed) == ("found", False)
    assert flaw in row.proof.flaw
    assert row.proof.flaw.isprintable()
    assert read_kept(store(Config(root=tmp_path), IMAGE), row) == bad
    found = back(tmp_path)
    assert found is not None
    assert found.proof.passed
    assert found.id in {good.id, shelf(tmp_path).rows[1].id}


def test_another_image_is_no_lock_of_this_one() -> None:
    assert summary(lock("1"), "web").flaw == "it is another image's"


def test_pins_are_read_as_they_are_written() -> None:
    text = b"""\
# idna==9
--find-links ../wheels

Idna.X==3.10 ; python_version >= "3.8" \\
    --hash=sha256:00
torch @ https://host/torch-2.2.2%2Bcu121-cp311-none-any.whl --hash=sha256:00
\xff\xfe==nonsense
"""
    assert pins_of(text, None) == {
        "idna-x": "3.10",
        "torch": "https://host/torch-2.2.2%2Bcu121-cp311-none-any.whl",
    }


def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    accept(tmp_path, lock("1") | {"Dockerfile": b"FROM x\n"})
    folder = tmp_path / "locks/app"
    (folder / "NOTES.md").write_text("ours\n")
    (folder / ".dockerignore").symlink_to("NOTES.md")
    (folder / "build-constraints.txt").symlink_to("NOTES.md")
    accept(tmp_path, lock("2"))
    two = shelf(tmp_path).rows[-1]
    assert sorted(two.files) == sorted({*lock("2"), "Dockerfile"})
    assert (folder / "NOTES.md").read_text() == "ours\n"
    assert (folder / ".dockerignore").is_symlink()
    assert not (folder / "build-constraints.txt").is_symlink(), "an installer would heed it"


def test_a_lock_is_before_another_whatever_lies_beside_it(tmp_path: Path) -> None:
    """A Dockerfile is written after the lock, and makes a set of its own."""
    accept(tmp_path, lock("1"))
    accept(tmp_path, {"Dockerfile": b"of 1\n"}, "image")
    accept(tmp_path, lock("2"))
    accept(tmp_path, {"Dockerfile": b"of 2\n"}, "image")
    assert len(shelf(tmp_path).rows) == 4
    found = back(tmp_path)
    assert found is not None
    kept = read_kept(store(Config(root=tmp_path), IMAGE), found)
    assert kept == lock("1") | {"Dockerfile": b"of 1\n"}


def test_verdicts_are_said_anew_only_of_the_same_lock(tmp_path: Path) -> None:
    accept(tmp_path, lock("1"))
    more = lock("1", seconds=9)["verdicts.json"]
    revise(Config(root=tmp_path), IMAGE, more)
    assert there(tmp_path) == lock("1", seconds=9)
    accept(tmp_path, lock("2"))
    revise(Config(root=tmp_path), IMAGE, more)
    assert there(tmp_path) == lock("2")


# --- by name ---------------------------------------------------------------------------------


def test_the_beginning_of_an_id_will_do(tmp_path: Path) -> None:
    folder = tmp_path / "accepted"
    folder.mkdir()
    for version in "123":
        keep(folder, lock(version), "app", "lock", "")
    found = read_shelf(folder)
    first, second, third = (row.id for row in found.rows)
    for name in (first, second, third):
        assert found.find(name).id == name, "also where it is the beginning of another"
    for name, error in {
        "2": "is the beginning of 3 accepted locks",
        "": "there is no accepted lock ''",
        "x\x1b": "there is no accepted lock 'x.x1b'",
        "../../locks": "there is no accepted lock",
    }.items():
        with pytest.raises(UsageError, match=error) as caught:
            found.find(name)
        assert caught.value.message.isprintable()
        assert str(caught.value.hint).startswith("there is 2")


def test_ids_sort_by_time() -> None:
    first, later = "20261125T031502Z", "20261125T031503Z"
    names = [first, f"{first}-2", f"{first}-10", later]
    assert sorted([later, *names[2::-1]], key=order) == names


# --- what is not whole -----------------------------------------------------------------------


def note(path: Path, **changed: object) -> None:
    row = msgspec.json.decode((path / "accepted.json").read_bytes())
    (path / "accepted.json").write_bytes(msgspec.json.encode(row | changed))


def to_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def to_file(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.write_text("{}")


def file_to(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def change(path: Path) -> None:
        (path / "pylock.toml").unlink()
        make(path / "pylock.toml")

    return change


HASH = "0" * 64
DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte": (file_to(lambda it: it.write_bytes(b"9")), "pylock.toml: is not what was kept"),
    "gone": (lambda it: (it / "pylock.toml").unlink(), "pylock.toml: cannot be read: No such"),
    "a pipe": (file_to(os.mkfifo), "pylock.toml: is not a regular file"),
    "a link": (file_to(lambda it: it.symlink_to("/dev/zero")), "pylock.toml: cannot be read: "),
    "a folder": (file_to(lambda it: it.mkdir()), "pylock.toml: cannot be read: Is a dir"),
    "no note": (lambda it: (it / "accepted.json").unlink(), "accepted.json: cannot be read: "),
    "no JSON": (lambda it: (it / "accepted.json").write_bytes(b"\xff{"), "is not pruner's: "),
    "deep": (lambda it: (it / "accepted.json").write_bytes(b"[" * 100_000), "is not pruner's: "),
    "large": (lambda it: (it / "accepted.json").write_bytes(b" " * 2**21), "more than 1 MiB"),
    "a schema": (lambda it: note(it, schema=2), "is not pruner's: Invalid enum value 2"),
    "a way out": (lambda it: note(it, files={"../../x": HASH}), "names files that pruner does"),
    "its own note": (lambda it: note(it, files={"accepted.json": HASH}), "names files that"),
    "no hash": (lambda it: note(it, files={"pylock.toml": "0"}), "names files that pruner does"),
    "another id": (lambda it: note(it, id="20261125T031502Z"), "is of another set"),
    "a strange id": (lambda it: note(it, after="../x"), "is of another set"),
    "an escape": (lambda it: note(it, command="\x1b[2J"), "has text that cannot be shown"),
    "a linked set": (to_link, "is no folder of pruner's"),
    "a file": (to_file, "is no folder of pruner's"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_what_is_damaged_is_named_and_passed_over(tmp_path: Path, kind: str) -> None:
    for version in "123":
        accept(tmp_path, lock(version))
    one, two, three = shelf(tmp_path).rows
    change, error = DAMAGE[kind]
    change(store(Config(root=tmp_path), IMAGE) / two.id)
    found = shelf(tmp_path)
    assert found.rows == (one, three)
    (line,) = found.damaged.values()
    assert line.startswith(f".pruner/app/accepted/{two.id}"), line
    assert error in line
    assert line.isprintable()
    assert back(tmp_path) == one
    with pytest.raises(UsageError, match=two.id):
        found.find(two.id)
    said: list[str] = []
    replace(Config(root=tmp_path), IMAGE, lambda _: lock("4"), "lock", said.append)
    assert said == [f"warning: {line}"]
    assert shelf(tmp_path).rows[-1].after == three.id


def test_sets_that_name_each_other_end(tmp_path: Path) -> None:
    for version in "12":
        accept(tmp_path, lock(version))
    one, two = shelf(tmp_path).rows
    folder = store(Config(root=tmp_path), IMAGE)
    note(folder / one.id, after=two.id, lock=two.lock)
    assert back(tmp_path) is None


def test_a_store_that_is_no_folder(tmp_path: Path) -> None:
    path = store(Config(root=tmp_path), IMAGE)
    path.parent.mkdir(parents=True)
    path.write_text("")
    assert shelf(tmp_path).rows == ()
    with pytest.raises(OutsideError, match="cannot write"):
        accept(tmp_path, lock("1"))
    assert there(tmp_path) == {}, "what cannot be kept is not written"


# --- several at once, and killed -------------------------------------------------------------


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    def add(number: int) -> None:
        accept(tmp_path, lock(str(number)))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(24)))
    found = shelf(tmp_path)
    assert len({row.lock for row in found.rows}) == len(found.rows) == 24
    assert {row.after for row in found.rows} == {"", *(row.id for row in found.rows[:-1])}
    assert found.current(there(tmp_path)) == found.rows[-1]
    assert not found.damaged


KILLED = """\
import os, signal, sys
from pathlib import Path
sys.path[:0] = {path!r}
import test_accepted
from test_accepted import accept, lock
real, left = Path.{step}, [{count}]
def dying(self, *given):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    return real(self, *given)
Path.{step} = dying
accept(Path({root!r}), lock("2"))
"""


@pytest.mark.parametrize(
    ("step", "count"),
    [("replace", 0), ("replace", 2), ("rename", 0), ("replace", 4), ("replace", 5)],
)
def test_killed_in_the_middle(tmp_path: Path, step: str, count: int) -> None:
    """Four files are put into the store, one folder appears, three files are put into locks/."""
    accept(tmp_path, lock("1"))
    code = KILLED.format(
        path=[str(Path(__file__).parent)], step=step, count=count, root=str(tmp_path)
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGKILL
    found = shelf(tmp_path)
    assert not found.damaged
    assert read_kept(store(Config(root=tmp_path), IMAGE), found.rows[0]) == lock("1")
    if step == "rename" or count < 4:
        assert there(tmp_path) == lock("1"), "nothing is replaced before all of it is kept"
        assert len(found.rows) == 1
    accept(tmp_path, lock("3"))
    assert there(tmp_path) == lock("3")
    names = [path.name for path in store(Config(root=tmp_path), IMAGE).iterdir()]
    assert not [name for name in names if name.startswith(".new-")]
    before = back(tmp_path)
    assert before is not None
    assert before.lock in {row.lock for row in found.rows}


def test_only_what_was_begun_is_tidied(tmp_path: Path) -> None:
    (tmp_path / ".new-x").mkdir()
    (tmp_path / "20261125T031502Z").mkdir()
    tidy(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["20261125T031502Z"]


def test_sameness_is_of_any_bytes() -> None:
    assert sameness({}) != sameness({"verdicts.json": b"x"}) != sameness({"verdicts.json": b"y"})
