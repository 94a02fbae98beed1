"""`pruner build`: both images are built, measured, proven, and gone afterwards."""

import os
import signal
from pathlib import Path

import msgspec
import pytest

from pruner.config import Image
from pruner.errors import OutsideError
from pruner.image.measures import BuildReport
from pruner.sandbox import engine
from pruner.sandbox.yard import Plan, opened, require_room
from support import (
    DOCKERFILE,
    Done,
    assert_error,
    assert_nothing_left,
    client,
    finish,
    no_engine,
    project,
    run,
    start,
)

pytestmark = pytest.mark.engine
MINUTES = 400.0
WEB = '''\
"""A route that uses idna, another for later, and what a look at the container tells."""

import http.server
import os


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        import idna
        if self.path == "/later":
            import six
        said = f"{idna.encode('x.example')} as {os.getuid()}"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(said.encode())


http.server.HTTPServer(("", 8000), Handler).serve_forever()
'''
READY = """\
ready = { http = "/", port = 8000, timeout = 30 }
exercise = [{ http = "GET /", port = 8000, contains = "x.example" }]
"""


def prepared(root: Path, **more: str) -> Path:
    """Make a project with its lock and its minimal Dockerfile."""
    made = project(
        root, code=WEB, agent=READY, requirements="idna==3.10\nsix==1.17.0\nrich==13.9.4\n", **more
    )
    assert run("lock", "--image", "app", "--runtime", "docker", "--once", cwd=made).code == 0
    assert run("image", "app", cwd=made).code == 0
    return made


def asked_later(root: Path) -> None:
    """Ask for the other route as well, after the lock was made."""
    config = root / "pruner.toml"
    text = config.read_text("utf-8")
    more = '{ http = "GET /later", port = 8000 }'
    config.write_text(text.replace("exercise = [", f"exercise = [{more}, "), "utf-8")


def build(root: Path, *more: str) -> Done:
    return run("build", "app", *more, cwd=root, timeout=MINUTES)


def tags() -> set[str]:
    return {tag for image in client().images.list() for tag in image.tags if "app" in tag}


def test_both_are_measured_and_the_new_one_is_proven(tmp_path: Path) -> None:
    root = prepared(tmp_path)
    before, cache = tags(), client().df()["BuildCache"]
    asked_later(root)
    done = build(root, "--json")
    assert done.code == 0, done.err
    report = msgspec.json.decode(done.out, type=BuildReport)
    assert report.proof.passed
    assert [item.outcome for agent in report.agents for item in agent.exercises] == ["200"] * 2
    assert report.rest == ()  # six was seen in no run of the lock, and in the image it was
    assert report.minimal.size_bytes < report.original.size_bytes
    assert report.minimal.compressed_bytes < report.original.compressed_bytes
    for measure in (report.original, report.minimal):
        assert 0 < measure.compressed_bytes < measure.size_bytes
        assert measure.layers > 1
        (begun,) = measure.starts
        assert begun.ready_seconds > 0
        assert begun.memory_bytes > 1_000_000
        assert measure.debian_bytes == 0
    assert report.original.cache_bytes == report.minimal.cache_bytes  # all of it is the base's
    written = msgspec.json.decode((root / ".pruner/app/build.json").read_bytes(), type=BuildReport)
    assert written == report
    assert tags() == before
    assert {row["ID"] for row in client().df()["BuildCache"]} <= {row["ID"] for row in cache}
    assert_nothing_left(done.pid)
    (image,) = msgspec.json.decode(run("audit", "app", "--json", cwd=root).out)["images"]
    assert image["size_bytes"]["image"] == report.original.size_bytes
    assert "PRN230" not in {row["code"] for row in image["findings"]}


def test_the_table_fits_and_one_that_is_kept_stays(tmp_path: Path) -> None:
    root = prepared(tmp_path)
    cache = {row["ID"] for row in client().df()["BuildCache"]}
    done = build(root, "--keep", "--cached")
    try:
        assert done.code == 0, done.err
        (line,) = [line for line in done.out.splitlines() if line.startswith("build, nothing")]
        assert line.split()[3] == "-"  # a lock had built the original
        assert {row["ID"] for row in client().df()["BuildCache"]} >= cache
        assert max(map(len, done.out.splitlines())) <= 80
        assert done.out.splitlines()[-1] == "proven"
        answer = client().containers.run(
            "pruner/app:current", ["python", "-c", "import os; print(os.getuid())"], remove=True,
            network_mode="none", read_only=True, cap_drop=["ALL"],
        )  # fmt: skip
        assert answer.strip() == b"10001"
        assert run("gc", cwd=root).code == 0
        at = client().images.get("pruner/app:current")
        assert run("rollback", "app", "--list", cwd=root).code == 0
        *_, shelf = sorted((root / ".pruner/app/accepted").glob("2*"))
        assert client().images.get(f"pruner/app:{shelf.name}").id == at.id
    finally:
        for tag in tags():
            if tag.startswith("pruner/app:"):
                client().images.remove(tag, force=True)


def test_what_the_minimal_image_lacks_fails_the_proof(tmp_path: Path) -> None:
    root = prepared(tmp_path)
    path = root / "locks/app/Dockerfile"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("COPY --from=builder", "# COPY --from=builder"), encoding="utf-8")
    done = build(root)
    assert done.code == 1, done.err
    assert "idna can no longer be imported whole" in done.out
    assert done.out.splitlines()[-1] == "NOT PROVEN"
    assert_nothing_left(done.pid)


def test_a_build_that_fails_says_its_last_lines_and_touches_nothing(tmp_path: Path) -> None:
    root = prepared(tmp_path)
    report = root / ".pruner/app/build.json"
    report.write_text("the last good one")
    path = root / "Dockerfile"
    path.write_text(f"{path.read_text()}RUN echo what went wrong && exit 7\n", encoding="utf-8")
    done = build(root)
    assert_error(done, 4, "the build failed", "run `docker build` by hand")
    assert "what went wrong" in done.err
    assert report.read_text() == "the last good one"
    assert_nothing_left(done.pid)


def test_without_a_lock_or_its_dockerfile(tmp_path: Path) -> None:
    root = project(tmp_path)
    assert_error(build(root), 2, "there is no lock yet", "pruner lock --image app")
    assert run("lock", "--image", "app", "--runtime", "local", "--once", cwd=root).code == 0
    assert_error(build(root), 2, "there is none yet", "`pruner image app` writes it")


def test_an_interrupt_in_a_build_leaves_nothing(tmp_path: Path) -> None:
    slow = DOCKERFILE.replace("COPY . .", "RUN sleep 60\nCOPY . .")
    root = project(tmp_path)
    assert run("lock", "--image", "app", "--runtime", "local", "--once", cwd=root).code == 0
    assert run("image", "app", cwd=root).code == 0
    (root / "Dockerfile").write_text(slow, encoding="utf-8")
    process = start("build", "app", cwd=root)
    assert process.stderr is not None
    assert process.stderr.readline().startswith("build the original")
    process.send_signal(signal.SIGINT)
    done = finish(process, 60)
    assert done.code == 130, done.err
    assert_nothing_left(done.pid)


def test_a_disk_that_would_not_hold_it_is_told_before_anything_is_built(tmp_path: Path) -> None:
    with opened(tmp_path) as yard:
        free = yard.room()
        assert free is not None
        require_room(yard, free // 2, "images.app: the original")
        with pytest.raises(OutsideError, match=r"images\.app: the original needs about") as caught:
            require_room(yard, 2 * free, "images.app: the original")
    assert "docker builder prune" in (caught.value.hint or "")


def test_a_disk_that_fills_up_while_it_is_built_ends_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A disk that is really full would stop whatever else runs; so what is told of it is made up.
    dockerfile = "FROM python:3.11-slim\nRUN sleep 600\n"
    (tmp_path / "Dockerfile").write_text(dockerfile, encoding="utf-8")
    left = iter([5_000_000_000, 3_000_000_000])
    monkeypatch.setattr(engine, "free_bytes", lambda _client: next(left, 900_000_000))
    image = Image(name="app", agents=(), dockerfile="Dockerfile")
    with opened(tmp_path) as yard:
        plan = Plan(image, "original", tmp_path / "Dockerfile", tmp_path, {})
        with pytest.raises(OutsideError, match=r"ended, 0\.9 GB are left") as caught:
            yard.build(plan, "pruner-app-original:full")
    assert "docker builder prune" in (caught.value.hint or "")
    assert_nothing_left(os.getpid())


def test_no_engine(tmp_path: Path) -> None:
    assert not no_engine()
    root = project(tmp_path)
    assert run("lock", "--image", "app", "--runtime", "local", "--once", cwd=root).code == 0
    assert run("image", "app", cwd=root).code == 0
    done = run("build", "app", cwd=root, env={"DOCKER_HOST": "tcp://127.0.0.1:9"})
    assert_error(done, 3, "no Docker engine answers")
