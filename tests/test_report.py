"""`pruner report` through the installed command, on a real lock of a tiny project."""

import os
import re
import shutil
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
