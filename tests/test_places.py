"""What `pruner drift --install` writes, before validators that are not pruner's."""

import json
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from cronsim import CronSim

from pruner import __version__
from pruner.config import Config, load
from pruner.errors import OutsideError, UsageError
from pruner.jobs.places import how_to_go_on, install
from pruner.places import KINDS
from support import project, run

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Return a project in a folder of a repository, with a space in its name."""
    (tmp_path / ".git").mkdir()
    return load(None, project(tmp_path / "my project"))


def passes(*argv: object) -> str:
    """Run a checker, which has to be content; return what it says."""
    done = subprocess.run(
        [str(word) for word in argv], check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def need(program: str) -> None:
    """Skip, with the reason, where a checker of the system is missing; scripts/test installs it."""
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program} here")


def schema(name: str, path: Path) -> None:
    passes(BIN / "check-jsonschema", "--builtin-schema", f"vendor.{name}", path)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_bytes_twice_and_nothing_unfilled(config: Config, kind: str) -> None:
    first = {path: path.read_bytes() for path in install(config, kind)}
    assert first
    assert {path: path.read_bytes() for path in install(config, kind)} == first
    for text in first.values():
        assert not re.search(rb"@(version|folder|root|program|user|repository)@", text)
    assert how_to_go_on(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_what_somebody_changed_stays_unless_forced(config: Config, kind: str) -> None:
    paths = install(config, kind)
    written = {path: path.read_bytes() for path in paths}
    paths[-1].write_bytes(written[paths[-1]] + b"# mine\n")
    before = {path: path.read_bytes() for path in paths}
    with pytest.raises(UsageError, match="is not as pruner wrote it") as caught:
        install(config, kind)
    assert caught.value.code == 2
    assert "--force" in (caught.value.hint or "")
    assert {path: path.read_bytes() for path in paths} == before
    install(config, kind, force=True)
    assert {path: path.read_bytes() for path in paths} == written


def test_several_at_once_write_one_thing_and_leave_nothing_else(config: Config) -> None:
    with ThreadPoolExecutor(8) as pool:
        written = set(pool.map(lambda _: install(config, "systemd"), range(32)))
    assert written == {install(config, "systemd")}
    (paths,) = written
    assert sorted(paths[0].parent.iterdir()) == sorted(paths)


def test_of_several_files_none_is_written_where_one_was_changed(config: Config) -> None:
    service, timer = install(config, "systemd")
    service.unlink()
    timer.write_text("[Timer]\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"pruner-drift\.timer"):
        install(config, "systemd")
    assert not service.exists()


def test_a_file_of_an_older_pruner_is_replaced(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = install(config, "github")
    monkeypatch.setattr("pruner.jobs.places.__version__", "7.8.9")
    assert install(config, "github") == (path,)
    assert "pruner==7.8.9" in path.read_text(encoding="utf-8")


def test_a_link_a_folder_and_bytes_are_not_taken_for_ours(config: Config, tmp_path: Path) -> None:
    (path,) = install(config, "cron")
    copy = tmp_path / "copy"
    path.rename(copy)
    path.symlink_to(copy)
    with pytest.raises(UsageError, match="is a link"):
        install(config, "cron")
    path.unlink()
    path.mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        install(config, "cron")
    with pytest.raises(OutsideError, match="cannot write"):
        install(config, "cron", force=True)
    path.rmdir()
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is not a text"):
        install(config, "cron")
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_an_unknown_place_and_a_path_that_ends_a_quote(tmp_path: Path) -> None:
    config = load(None, project(tmp_path / "plain"))
    with pytest.raises(UsageError, match="'jenkins' is no place"):
        install(config, "jenkins")
    odd = load(None, project(tmp_path / 'a"; reboot; $(x)'))
    for kind in KINDS:
        with pytest.raises(UsageError, match="cannot be written"):
            install(odd, kind)


def test_github(config: Config) -> None:
    (path,) = install(config, "github")
    assert path == config.root.parent / ".github/workflows/pruner-drift.yml"
    schema("github-workflows", path)
    passes(
        BIN / "check-jsonschema",
        "--builtin-schema",
        "custom.github-workflows-require-timeout",
        path,
    )
    flow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert flow["permissions"] == {}
    assert flow["defaults"]["run"]["working-directory"] == "my project"
    jobs = flow["jobs"]
    assert jobs["night"]["permissions"] == {"contents": "read"}  # agents run here
    assert jobs["tell"]["permissions"] == {"issues": "write"}
    assert not any("checkout" in step.get("uses", "") for step in jobs["tell"]["steps"])
    for step in steps(jobs):
        if "uses" in step:
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step["uses"])
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False
        assert "${{" not in step.get("run", "")  # what others wrote comes in by env alone


def steps(jobs: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in jobs.values() for step in job["steps"]]


def test_shell_in_workflows_passes_shellcheck(config: Config, tmp_path: Path) -> None:
    need("shellcheck")
    (path,) = install(config, "github")
    found = steps(yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"])
    found += yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
    scripts = [step["run"] for step in found if "run" in step]
    assert len(scripts) == 9
    for script in scripts:
        (tmp_path / "step.sh").write_text(f"#!/bin/bash\nset -eo pipefail\n{script}", "utf-8")
        passes("shellcheck", tmp_path / "step.sh")


def test_gitlab(config: Config) -> None:
    (path,) = install(config, "gitlab")
    assert path == config.root.parent / ".gitlab/pruner-drift.yml"
    schema("gitlab-ci", path)
    assert f"pruner=={__version__}" in path.read_text(encoding="utf-8")


def test_systemd(config: Config, tmp_path: Path) -> None:
    need("systemd-analyze")
    paths = install(config, "systemd")
    assert passes("systemd-analyze", "verify", "--man=no", *paths) == ""
    said = passes("systemd-analyze", "security", "--offline=true", "--threshold=50", paths[0])
    assert "OK" in said
    assert passes("systemd-analyze", "calendar", "*-*-* 02:23:00")
    broken = tmp_path / "pruner-drift.service"  # the check can fail
    broken.write_text(
        paths[0].read_text(encoding="utf-8").replace(str(BIN / "pruner"), "/no/pruner"), "utf-8"
    )
    with pytest.raises(AssertionError, match="/no/pruner"):
        passes("systemd-analyze", "verify", "--man=no", broken)


def test_cron(config: Config, tmp_path: Path) -> None:
    (path,) = install(config, "cron")
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n")  # cron leaves out a last line without its end
    (line,) = [item for item in text.splitlines() if re.match(r"[\d*]", item)]
    assert "%" not in line  # cron would make it the end of a line
    expression, rest = line.split(" ", 5)[:5], line.split(" ", 5)[5]
    times = CronSim(" ".join(expression), datetime(2026, 1, 1, tzinfo=UTC))
    assert [str(next(times)) for _ in range(2)] == [
        "2026-01-01 02:23:00+00:00",
        "2026-01-02 02:23:00+00:00",
    ]
    _user, command = rest.split(" ", 1)
    quiet, told = tmp_path / "quiet", tmp_path / "told"
    stub(quiet, "echo fine")
    stub(told, 'echo "drift in $PWD"; exit 1')
    assert cron(command.replace(str(BIN / "pruner"), str(quiet))) == ""
    said = cron(command.replace(str(BIN / "pruner"), str(told)))
    assert said == f"pruner drift: exit 1\ndrift in {config.root}\n"


def cron(command: str) -> str:
    return subprocess.run(
        ["bash", "-c", command], check=True, capture_output=True, text=True, timeout=60
    ).stdout


def stub(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/bash\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def test_kubernetes(config: Config) -> None:
    (path,) = install(config, "kubernetes")
    documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    assert [item["kind"] for item in documents] == [
        "ServiceAccount",
        "PersistentVolumeClaim",
        "CronJob",
    ]
    for document in documents:
        for version in ("1.28", "1.37"):  # of the cluster
            kubernetes_validate.validate(document, version, strict=True)
    job = documents[-1]["spec"]
    assert job["concurrencyPolicy"] == "Forbid"
    pod = job["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in (*pod["initContainers"], *pod["containers"]):
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert pod["containers"][0]["workingDir"] == "/data/source/my project"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://me:hunter2@git.example.org/a/b.git", "https://git.example.org/a/b.git"),
        ("git@git.example.org:a/b.git", "https://git.example/project.git"),
        ('https://x/"\nevil: 1', "https://git.example/project.git"),
    ],
)
def test_the_repository_without_its_password(tmp_path: Path, url: str, told: str) -> None:
    need("git")
    passes("git", "init", "-q", tmp_path)
    passes("git", "-C", tmp_path, "config", "remote.origin.url", url)
    (path,) = install(load(None, project(tmp_path / "here")), "kubernetes")
    text = path.read_text(encoding="utf-8")
    assert "hunter2" not in text
    assert f'value: "{told}"' in text


def test_the_action_and_the_hook_of_this_repository() -> None:
    schema("github-actions", ROOT / "action.yml")
    passes(BIN / "pre-commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml")
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    assert action["inputs"]["version"]["default"] == __version__


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("agents/a.py", True),
        ("docker/speech_gpu/requirements.txt", True),
        ("docker/speech_gpu/Dockerfile", True),
        ("web.Dockerfile", True),
        ("locks/web/verdicts.json", True),
        ("README.md", False),
        ("Dockerfiles/notes.md", False),
    ],
)
def test_what_the_hook_runs_for(path: str, meant: bool) -> None:  # noqa: FBT001  a row of a table
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert bool(re.search(hook["files"], path)) is meant


def test_hadolint_finds_nothing_in_the_image_of_pruner() -> None:
    assert passes(BIN / "hadolint", ROOT / "Dockerfile") == ""


@pytest.mark.engine
def test_the_image_of_pruner_runs_as_any_user() -> None:
    tag = "pruner-test-own-image"
    try:
        passes_slowly("docker", "build", "-q", "-t", tag, ROOT)
        for user in ("10001", "4321:4321"):
            said = passes("docker", "run", "--rm", "--read-only", "-u", user, tag, "--version")
            assert __version__ in said
        for program in ("uv", "bwrap", "git"):
            passes("docker", "run", "--rm", "--entrypoint", program, tag, "--version")
    finally:
        subprocess.run(["docker", "rmi", "-f", tag], check=False, capture_output=True)


def passes_slowly(*argv: object) -> None:
    done = subprocess.run(
        [str(word) for word in argv], check=False, capture_output=True, text=True, timeout=550
    )
    assert done.returncode == 0, done.stderr


def test_the_command_writes_says_how_to_go_on_and_refuses_what_was_changed(tmp_path: Path) -> None:
    root = project(tmp_path)
    done = run("drift", "--install", "cron", cwd=root)
    (path,) = (Path(line) for line in done.out.splitlines())
    assert (done.code, path.is_file()) == (0, True)
    assert "copy it to /etc/cron.d" in done.err
    path.write_text(path.read_text("utf-8") + "# mine\n", encoding="utf-8")
    done = run("drift", "--install", "cron", cwd=root)
    assert (done.code, done.out) == (2, "")
    assert "is not as pruner wrote it" in done.err
    done = run("drift", "--install", "cron", "--force", "--json", cwd=root)
    assert (done.code, json.loads(done.out)) == (0, [str(path)])
    done = run("drift", "--force", cwd=root)
    assert (done.code, done.err.splitlines()[0]) == (2, "error: --force goes with --install")
