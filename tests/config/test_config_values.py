"""A configuration that uses everything, and what comes of it."""

from pathlib import Path

import pytest

from pruner.config import (
    DEFAULT_POLICY,
    Config,
    ExitReady,
    HttpReady,
    LogReady,
    Service,
    TcpReady,
    load,
)
from pruner.errors import UsageError
from pruner.model import Policy

FULL = """
[project]
source = ["app", "common"]
locks = "out/locks"

[images.speech_gpu]
dockerfile = "docker/Dockerfile"
target = "serve"
requirements = ["requirements.txt"]
build_args = { BASE_IMAGE = "python:3.11-slim" }
gpu = true
policy = "aggressive"
keep = ["uvloop"]
python = "3.11"
memory = "512m"
processes = 64

[[images.speech_gpu.agents]]
name = "tts"
module = "app.agents.tts"
ready = { http = "/health", port = 8000 }
network = "services"
env = { LEVEL = "debug" }
cwd = "/app"
exercise = [
  { http = "POST /speak", json = { text = "hello", when = 2026-11-01 }, expect = [200, 201] },
  { http = "GET /voices?all=1", port = 8001, headers = { Accept = "*/*" }, contains = "en" },
  { run = ["python", "-m", "app.smoke", "a b"], traced = true, timeout = 5 },
]

[[images.speech_gpu.agents]]
name = "worker"
command = ["python", "run.py"]
ready = { exit = 0, timeout = 1.5 }

[[images.speech_gpu.agents]]
name = "queue"
module = "q"
ready = { tcp = 5555 }
exercise = [{ http = "PUT /x", body = "y", name = "put" }]

[[images.speech_gpu.agents]]
name = "talker"
module = "t"
ready = { log = '^up in \\d+ ms' }

[images.speech_gpu.services.redis]
image = "redis:7"
local = ["redis-server", "--port", "6379"]
ready = { tcp = 6379 }
"""


@pytest.fixture
def full(tmp_path: Path) -> Config:
    (tmp_path / "pruner.toml").write_text(FULL)
    return load(None, tmp_path)


def test_everything_of_the_image_is_there(full: Config, tmp_path: Path) -> None:
    image = full.images["speech_gpu"]
    assert (full.root, full.source, full.locks) == (tmp_path, ("app", "common"), "out/locks")
    assert (image.name, image.dockerfile, image.context) == ("speech_gpu", "docker/Dockerfile", ".")
    assert image.target == "serve"
    assert image.build_args == {"BASE_IMAGE": "python:3.11-slim"}
    assert (image.gpu, image.policy, image.keep) == (True, Policy.AGGRESSIVE, ("uvloop",))
    assert (image.python, image.memory_bytes, image.processes) == ("3.11", 512 * 1024**2, 64)
    assert image.services["redis"] == Service(
        image="redis:7", local=("redis-server", "--port", "6379"), ready=6379
    )


def test_each_agent_has_its_command_and_its_readiness(full: Config) -> None:
    tts, worker, queue, talker = full.images["speech_gpu"].agents
    assert tts.argv == ("python", "-m", "app.agents.tts")
    assert worker.argv == ("python", "run.py")
    assert tts.ready == HttpReady(http="/health", port=8000, timeout=60)
    assert worker.ready == ExitReady(exit=0, timeout=1.5)
    assert queue.ready == TcpReady(tcp=5555)
    assert talker.ready == LogReady(log=r"^up in \d+ ms")
    assert (tts.network, worker.network) == ("services", "none")
    assert (tts.env, tts.cwd) == ({"LEVEL": "debug"}, "/app")


def test_exercises_get_names_ports_and_expectations(full: Config) -> None:
    speak, voices, smoke = full.images["speech_gpu"].agents[0].exercise
    assert (speak.name, speak.method, speak.path) == ("POST /speak", "POST", "/speak")
    assert (speak.port, speak.expect) == (8000, (200, 201))
    assert speak.json == {"text": "hello", "when": "2026-11-01"}
    assert (voices.port, voices.expect, voices.path) == (8001, (200,), "/voices?all=1")
    assert (voices.headers, voices.contains) == ({"Accept": "*/*"}, "en")
    assert (smoke.name, smoke.port, smoke.expect) == ("python -m app.smoke 'a b'", None, (0,))
    assert (smoke.run, smoke.traced, smoke.timeout) == (
        ("python", "-m", "app.smoke", "a b"),
        True,
        5,
    )
    put = full.images["speech_gpu"].agents[2].exercise[0]
    assert (put.name, put.port, put.body) == ("put", 5555, "y")


SMALL = """
[images.a]
requirements = ["r.txt"]
agents = [{ name = "a", module = "a", ready = { exit = 0 } }]
"""


def test_what_is_left_out_has_a_default(tmp_path: Path) -> None:
    (tmp_path / "pruner.toml").write_text(SMALL)
    config = load(None, tmp_path)
    image = config.images["a"]
    assert (config.source, config.locks) == ((".",), "locks")
    assert (image.policy, image.memory, image.processes) == (DEFAULT_POLICY, "8g", 512)


def test_the_nearest_configuration_wins(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "pruner.toml").write_text(SMALL)
    (tmp_path / "a" / "pyproject.toml").write_text(SMALL.replace("[images", "[tool.pruner.images"))
    (deep / "pyproject.toml").write_text("[tool.other]\nabout = 'pruner'\n")
    assert load(None, deep).root == tmp_path / "a"
    (tmp_path / "a" / "pruner.toml").write_text(SMALL.replace("images.a", "images.nearer"))
    assert list(load(None, deep).images) == ["nearer"]


def test_a_pyproject_that_is_none_of_ours_may_be_broken(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "pruner.toml").write_text(SMALL)
    (tmp_path / "sub" / "pyproject.toml").write_text("= nothing")
    assert load(None, tmp_path / "sub").root == tmp_path


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "pruner.toml").write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    assert list(load(Path("pruner.toml"), tmp_path).images) == ["a"]


def test_an_image_needs_its_files_only_when_it_is_used(full: Config, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        full.image("speech_gpu")
    for folder in ("app", "common", "docker"):
        (tmp_path / folder).mkdir()
    (tmp_path / "docker" / "Dockerfile").touch()
    (tmp_path / "requirements.txt").touch()
    assert full.image("speech_gpu") is full.images["speech_gpu"]
