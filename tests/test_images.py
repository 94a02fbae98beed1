"""The sample images in full: gigabytes and minutes, so only `make test-images` runs them."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from support import finish, start

SAMPLES = Path(__file__).parents[1] / "sample_agents"
BLOAT = {
    "whisper", "librosa", "datasets", "pyarrow", "pandas", "pvporcupine", "sounddevice",
    "torchvision", "transformers",
}  # fmt: skip
NEEDED = {"torch", "torchaudio", "soundfile", "pydub", "openai-whisper", "numpy"}
CUDA = {"cublas", "cudnn", "cufft", "curand", "cusolver", "cusparse", "nccl", "nvtx"}
BEFORE = "  { run = ["
SPEAK_AND_LISTEN = """
import json, urllib.request as web
base = "http://127.0.0.1:8000"
wav = web.urlopen(web.Request(base + "/speak", json.dumps({"text": "hello"}).encode())).read()
answer = web.urlopen(web.Request(base + "/transcribe", wav))
print(answer.status, answer.read())
"""
GIGABYTES = 1800.0
pytestmark = [pytest.mark.images, pytest.mark.timeout(2 * GIGABYTES)]
RUNTIMES = pytest.mark.parametrize(
    "runtime", ["local", pytest.param("docker", marks=pytest.mark.engine)]
)


class Sample(NamedTuple):
    """An image, what has to stay and to go, and a route that no exercise reaches."""

    image: str
    kept: set[str]
    dropped: set[str]
    late: str
    versions: tuple[str, ...] = ()


SAMPLES_WITH_CUDA = (
    Sample(
        image="translation_services",
        kept={"torch", "transformers", "sentencepiece", "sacrebleu", "py3langid"},
        dropped={"googletrans-py", "httpx", "pyarrow", "multiprocess", "nats-py", "pyzmq"},
        late='{ http = "POST /detect", port = 8002, json = { text = "Das ist" }, expect = 200 }',
    ),
    Sample(
        image="vision_gpu",
        kept={
            "insightface",
            "filterpy",
            "scipy",
            "scikit-image",
            "matplotlib",
            "onnx",
            "albumentations",
            "opencv-python-headless",
            "onnxruntime-gpu",
            "torch",
            "imageio",
        },
        dropped={
            "opencv-python",
            "onnxruntime",
            "scikit-learn",
            "torchvision",
            "cython",
            "easydict",
            "prettytable",
        },
        late='{ http = "GET /replay", port = 8003, expect = 200 }',
        versions=("torch==2.4.1", "onnxruntime-gpu==1.19.2", "numpy==1.26.4"),
    ),
    Sample(
        image="learning_gpu",
        kept={"torch", "peft", "transformers", "safetensors", "jinja2", "pyarrow", "nats-py"},
        dropped={"optuna", "seaborn", "matplotlib", "evaluate", "redis", "grpcio"},
        late='{ http = "GET /losses.parquet", port = 8004, expect = 200 }',
    ),
    Sample(
        image="reasoning_gpu",
        kept={"torch", "faiss-cpu", "transformers", "tokenizers", "redis", "networkx"},
        dropped={"langchain", "sentence-transformers", "tiktoken", "sqlalchemy", "nats-py"},
        late='{ http = "GET /path/0/4", port = 8005, expect = 200 }',
    ),
)


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns(".pruner", "locks", "__pycache__")
    return Path(shutil.copytree(SAMPLES, tmp_path / "samples", ignore=ignored))


def speak_and_listen() -> str:
    script = SPEAK_AND_LISTEN.replace("\n", "\\n").replace('"', '\\"')
    return f'{{ run = ["python", "-c", "{script}"], name = "transcribe", timeout = 120 }}'


def add_late_exercise(config: Path, image: str, late: str) -> None:
    before, start_of, table = config.read_text().partition(f"[images.{image}]\n")
    table = table.replace(BEFORE, f"  {late},\n{BEFORE}", 1)
    config.write_text(before + start_of + table)


@RUNTIMES
@pytest.mark.parametrize("sample", SAMPLES_WITH_CUDA, ids=lambda sample: sample.image)
def test_an_image_is_locked_and_its_late_route_still_answers(
    samples: Path, sample: Sample, runtime: str
) -> None:
    argv = ("lock", "--image", sample.image, "--runtime", runtime, "--json")
    done = finish(start(*argv, cwd=samples), GIGABYTES)
    assert done.code == 0, done.err
    kept = {row.name: row for row in done.document.distributions if row.kept}
    assert kept.keys() >= sample.kept
    assert not kept.keys() & sample.dropped
    assert {f"nvidia-{name}-cu12" for name in CUDA} <= kept.keys()
    assert {f"{row.name}=={row.version}" for row in kept.values()} >= set(sample.versions)
    exercises = [item.outcome for item in done.document.agents[0].exercises]
    add_late_exercise(samples / "pruner.toml", sample.image, sample.late)
    again = finish(
        start("verify", sample.image, "--runtime", runtime, "--json", cwd=samples), GIGABYTES
    )
    assert again.code == 0, again.err
    outcomes = [item.outcome for item in again.document.agents[0].exercises]
    assert outcomes == [*exercises[:-1], "200", exercises[-1]]


@RUNTIMES
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
    add_late_exercise(samples / "pruner.toml", "speech_gpu", speak_and_listen())
    again = finish(
        start("verify", "speech_gpu", "--runtime", runtime, "--json", cwd=samples), GIGABYTES
    )
    assert again.code == 0, again.err
    outcomes = {item.name: item.outcome for item in again.document.agents[0].exercises}
    assert outcomes["transcribe"] == "exit 0"


@RUNTIMES
def test_coordination_keeps_its_lazy_template_and_drops_vision_and_audio(
    samples: Path, runtime: str
) -> None:
    argv = ("lock", "--image", "coordination", "--runtime", runtime, "--json")
    done = finish(start(*argv, cwd=samples), GIGABYTES)
    assert done.code == 0, done.err
    levels = {row.name: (row.verdict, row.level) for row in done.document.distributions}
    assert levels["jinja2"] == ("keep", "required")
    assert {levels[name][0] for name in ("torchvision", "torchaudio", "accelerate")} == {"drop"}
