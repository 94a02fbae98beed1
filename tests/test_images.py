"""The sample images in full: gigabytes and minutes, so only `make test-images` runs them."""

import shutil
from pathlib import Path

import pytest

from support import finish, start

SAMPLES = Path(__file__).parents[1] / "sample_agents"
BLOAT = {
    "whisper", "librosa", "datasets", "pyarrow", "pandas", "pvporcupine", "sounddevice",
    "torchvision", "transformers",
}  # fmt: skip
NEEDED = {"torch", "torchaudio", "soundfile", "pydub", "openai-whisper", "numpy"}
CUDA = {"cublas", "cudnn", "cufft", "curand", "cusolver", "cusparse", "nccl", "nvtx"}
AFTER = "  { run = ["
SPEAK_AND_LISTEN = """
import json, urllib.request as web
base = "http://127.0.0.1:8000"
wav = web.urlopen(web.Request(base + "/speak", json.dumps({"text": "hello"}).encode())).read()
answer = web.urlopen(web.Request(base + "/transcribe", wav))
print(answer.status, answer.read())
"""
GIGABYTES = 1800.0


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns(".pruner", "locks", "__pycache__")
    return Path(shutil.copytree(SAMPLES, tmp_path / "samples", ignore=ignored))


def add_late_exercise(config: Path) -> None:
    text = config.read_text()
    script = SPEAK_AND_LISTEN.replace("\n", "\\n").replace('"', '\\"')
    late = f'  {{ run = ["python", "-c", "{script}"], name = "transcribe", timeout = 120 }},\n'
    config.write_text(text.replace(AFTER, late + AFTER, 1))


@pytest.mark.images
@pytest.mark.parametrize("runtime", ["local", pytest.param("docker", marks=pytest.mark.engine)])
def test_speech_is_locked_and_the_route_that_nobody_exercised_still_answers(
    samples: Path, runtime: str
) -> None:
    argv = ("lock", "--image", "speech_gpu", "--runtime", runtime, "--json")
    done = finish(start(*argv, cwd=samples), GIGABYTES)
    assert done.code == 0, done.err
    kept = {row.name for row in done.document.distributions if row.kept}
    dropped = {row.name for row in done.document.distributions if not row.kept}
    assert dropped >= BLOAT
    assert kept >= NEEDED
    assert {f"nvidia-{name}-cu12" for name in CUDA} <= kept
    add_late_exercise(samples / "pruner.toml")
    again = finish(
        start("verify", "speech_gpu", "--runtime", runtime, "--json", cwd=samples), GIGABYTES
    )
    assert again.code == 0, again.err
    outcomes = {item.name: item.outcome for item in again.document.agents[0].exercises}
    assert outcomes["transcribe"] == "exit 0"


@pytest.mark.images
@pytest.mark.parametrize("runtime", ["local", pytest.param("docker", marks=pytest.mark.engine)])
def test_coordination_keeps_its_lazy_template_and_drops_vision_and_audio(
    samples: Path, runtime: str
) -> None:
    argv = ("lock", "--image", "coordination", "--runtime", runtime, "--json")
    done = finish(start(*argv, cwd=samples), GIGABYTES)
    assert done.code == 0, done.err
    levels = {row.name: (row.verdict, row.level) for row in done.document.distributions}
    assert levels["jinja2"] == ("keep", "required")
    assert {levels[name][0] for name in ("torchvision", "torchaudio", "accelerate")} == {"drop"}
