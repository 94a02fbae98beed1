"""`pruner report` through the installed command, on a real lock of a tiny project."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import jsonschema
import msgspec
import pytest

from pruner.report.formats import FORMATS
from support import assert_error, finish, run, start

CASE = Path(__file__).parent / "cases" / "late-route"
SCHEMAS = Path(__file__).parents[1] / "docs" / "schema"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "case"
    shutil.copytree(CASE, folder)
    done = finish(start("lock", "--image", "app", "--runtime", "local", "--json", cwd=folder))
    assert done.code == 0, done.err
    return folder


def data(page: str) -> dict[str, object]:
    """Return what the page shows, of the image."""
    block = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert block is not None
    image = msgspec.json.decode(block[1])["images"][0]
    assert isinstance(image, dict)
    return image


def test_the_page_has_the_chain_that_explain_says(locked: Path) -> None:
    done = run("report", cwd=locked)
    assert done.code == 0, done.err
    assert done.out.startswith("<!doctype html>")
    rows = {row["name"]: row for row in msgspec.convert(data(done.out)["distributions"], list)}
    said = msgspec.json.decode(run("explain", "app", "tabulate", "--json", cwd=locked).out)
    assert rows["tabulate"]["chain"] == said["verdict"]["chain"]
    assert rows["tabulate"]["with_it"] == said["with_it"]


def test_out_writes_one_file_and_says_nothing_on_stdout(locked: Path) -> None:
    done = run("report", "app", "--out", "out/report.html", cwd=locked)
    assert done.code == 0, done.err
    assert done.out == ""
    assert "out/report.html: " in done.err
    assert "1 of 1 images have a lock" in done.err
    assert [path.name for path in (locked / "out").iterdir()] == ["report.html"]


def test_json_holds_to_its_published_schema(locked: Path) -> None:
    found = msgspec.json.decode(run("report", "--json", cwd=locked).out)
    jsonschema.validate(found, msgspec.json.decode((SCHEMAS / "report.json").read_bytes()))
    (image,) = found["images"]
    assert image["image"] == "app"
    assert {row["name"] for row in image["pins"]} >= {"tabulate"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", image["proven_at"])


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_every_format_tells_of_the_image_and_is_the_same_twice(locked: Path, form: str) -> None:
    done = run("report", "--format", form, cwd=locked)
    assert done.code == 0, done.err
    assert "app" in done.out
    assert run("report", "--format", form, cwd=locked).out == done.out


def test_formats_for_tools_leave_out_what_has_no_lock_and_say_so(tmp_path: Path) -> None:
    shutil.copytree(CASE, tmp_path / "case")
    done = run("report", "--format", "prometheus", cwd=tmp_path / "case")
    assert (done.code, done.err) == (0, "app: left out, there is no lock yet\n")


def test_a_pylock_that_is_none_is_one_line(locked: Path, tmp_path: Path) -> None:
    folder = tmp_path / "case"
    shutil.copytree(locked, folder)
    (folder / "locks/app/pylock.toml").write_text("[x")
    assert_error(run("report", "--format", "cyclonedx", cwd=folder), 2, "not a lock")


def test_an_image_without_a_lock_is_in_the_page(tmp_path: Path) -> None:
    shutil.copytree(CASE, tmp_path / "case")
    done = run("report", cwd=tmp_path / "case")
    assert done.code == 0, done.err
    assert data(done.out)["missing"] == "there is no lock yet"


def test_damaged_files_are_told_of_in_the_page(locked: Path, tmp_path: Path) -> None:
    folder = tmp_path / "case"
    shutil.copytree(locked, folder)
    (folder / "locks/app/verdicts.json").write_text("{}")
    (folder / ".pruner/app").mkdir(parents=True, exist_ok=True)
    (folder / ".pruner/app/build.json").write_text('{"image": 7}')
    done = run("report", cwd=folder)
    assert done.code == 0, done.err
    image = data(done.out)
    assert "not a document of pruner's" in str(image["missing"])
    assert "build.json cannot be read" in str(image["unbuilt"])


def test_wrong_calls_say_what_to_do(locked: Path) -> None:
    assert_error(run("report", "nothing", cwd=locked), 2, "nothing")
    assert_error(run("report", "--json", "--format", "html", cwd=locked), 2, "exclude each other")
    assert_error(run("report", "--out", "locks", cwd=locked), 2, "is a folder", "locks/report.html")
    assert_error(run("report", "--out", "pruner.toml/x.html", cwd=locked), 3, "")


def test_what_is_no_file_is_not_replaced_and_a_link_stays_one(locked: Path) -> None:
    pipe, link = locked / "pipe", locked / "latest.html"
    os.mkfifo(pipe)
    assert_error(run("report", "--out", "pipe", cwd=locked), 2, "is not a regular file", "stdout")
    assert pipe.is_fifo()
    pipe.unlink()
    link.symlink_to("first.html")
    assert run("report", "--out", "latest.html", cwd=locked).code == 0
    assert link.is_symlink()
    assert (locked / "first.html").read_text().startswith("<!doctype html>")


def test_secrets_in_urls_are_not_in_the_page(locked: Path, tmp_path: Path) -> None:
    folder = tmp_path / "case"
    shutil.copytree(locked, folder)
    file = folder / "locks/app/verdicts.json"
    document = msgspec.json.decode(file.read_bytes())
    document["distributions"][0]["why"] = "from https://me:hunter2@index.example/simple"
    file.write_bytes(msgspec.json.encode(document))
    assert "hunter2" not in run("report", cwd=folder).out


# --- the lock before -------------------------------------------------------------------------


def git(folder: Path, *argv: str) -> None:
    who = ("-c", "user.name=x", "-c", "user.email=x@example")
    subprocess.run(["git", *who, *argv], cwd=folder, check=True)


@pytest.fixture
def branch(locked: Path, tmp_path: Path) -> Path:
    """Return a project below the root of a repository, whose lock has changed since its commit."""
    folder = tmp_path / "services/case"
    shutil.copytree(locked, folder)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "--", "services/case/locks")
    git(tmp_path, "commit", "-qm", "locks")
    file = folder / "locks/app/verdicts.json"
    document = msgspec.json.decode(file.read_bytes())
    (row,) = (row for row in document["distributions"] if row["name"] == "tabulate")
    row["version"] = "99.0"
    file.write_bytes(msgspec.json.encode(document))
    return folder


def comment(folder: Path, before: str) -> str:
    done = run("report", "--format", "markdown", "--previous", before, cwd=folder)
    assert (done.code, done.err) == (0, "")
    return done.out


def test_the_lock_before_is_that_of_a_revision_or_of_another_checkout(
    branch: Path, locked: Path
) -> None:
    assert "change" not in run("report", "--format", "markdown", cwd=branch).out
    for before in ("HEAD", str(locked)):
        text = comment(branch, before)
        assert "- 1 change to the lock:" in text
        assert "- moves `tabulate` from " in text
        assert "to `99.0`" in text
    assert "to the lock" not in comment(branch, str(branch))
    found = msgspec.json.decode(run("report", "--json", "--previous", "HEAD", cwd=branch).out)
    jsonschema.validate(found, msgspec.json.decode((SCHEMAS / "report.json").read_bytes()))
    assert found["images"][0]["previous"]["image"] == "app"


def test_an_image_that_is_new_has_no_lock_before(branch: Path, tmp_path: Path) -> None:
    (branch / "locks").rename(branch / "pins")
    config = branch / "pruner.toml"
    config.write_text(config.read_text().replace("[project]\n", '[project]\nlocks = "pins"\n'))
    assert "to the lock" not in comment(branch, "HEAD")
    assert "to the lock" not in comment(branch, str(tmp_path))


def test_a_lock_before_that_cannot_be_read_is_one_line(branch: Path) -> None:
    verdicts = branch / "locks/app/verdicts.json"
    good = verdicts.read_bytes()
    verdicts.write_text("{}")
    git(branch, "commit", "-qam", "damaged")
    verdicts.write_bytes(good)
    markdown = ("report", "--format", "markdown", "--previous")
    what = ":locks/app/verdicts.json: not a document of pruner's"
    assert_error(run(*markdown, "HEAD", cwd=branch), 2, what)
    what = "--previous origin/main: is neither a folder nor a revision"
    assert_error(run(*markdown, "origin/main", cwd=branch), 2, what, "`git fetch origin main`")
    assert_error(run(*markdown, "--help", cwd=branch), 2, "neither a folder nor a revision")
    assert_error(run("report", "--previous", "HEAD", cwd=branch), 2, "nothing to --format html")
    env = {"PATH": str(branch)}
    assert_error(run(*markdown, "HEAD", cwd=branch, env=env), 3, "git cannot be run", "checkout")


# --- the last night --------------------------------------------------------------------------


def test_the_page_has_what_the_last_night_found(locked: Path, tmp_path: Path) -> None:
    assert data(run("report", cwd=locked).out)["night"] is None
    folder = tmp_path / "case"
    shutil.copytree(locked, folder)
    with (folder / "requirements.txt").open("a") as file:
        file.write("six==1.17.0\n")
    drift = run("drift", "--runtime", "local", "--json", cwd=folder)
    assert drift.code == 1, drift.err
    (image,) = msgspec.json.decode(drift.out)["images"]
    night = data(run("report", cwd=folder).out)["night"]
    assert isinstance(night, dict)
    assert [row["what"] for row in night["findings"]] == [row["what"] for row in image["findings"]]
    assert "six is new" in night["findings"][0]["what"]
    assert (night["skipped"], night["updated"]) == ("", False)
    (folder / ".pruner/app/drift-told.json").write_text('{"schema": 1}')
    assert data(run("report", cwd=folder).out)["night"] is None
