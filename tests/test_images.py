"""The sample images in full, locked in the local sandbox, for `make test-images`: gigabytes.

In docker they are locked, built and measured by scripts/bench/images.py.
"""

import shutil
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest
import tomlkit

from support import finish, start

pytestmark = pytest.mark.images

SAMPLES = Path(__file__).parents[1] / "sample_agents"
CUDA = {"cublas", "cudnn", "cufft", "curand", "cusolver", "cusparse", "nccl", "nvtx"}
GIGABYTES = 1800.0


class Sample(NamedTuple):
    """An image, what has to stay and to go, and pins that have to be in the lock."""

    image: str
    kept: set[str]
    dropped: set[str]
    versions: tuple[str, ...] = ()


IMAGES = (
    Sample(
        image="translation_services",
        kept={"torch", "transformers", "sentencepiece", "sacrebleu", "py3langid"},
        dropped={
            "googletrans-py", "httpx", "pyarrow", "multiprocess", "nats-py", "pyzmq",
            "scikit-learn", "scipy", "pandas", "datasets", "nltk", "torchvision", "torchaudio",
        },
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
        versions=("torch==2.4.1", "onnxruntime-gpu==1.19.2", "numpy==1.26.4"),
    ),
    Sample(
        image="learning_gpu",
        kept={"torch", "peft", "transformers", "safetensors", "jinja2", "pyarrow", "nats-py"},
        dropped={"optuna", "seaborn", "matplotlib", "evaluate", "redis", "grpcio"},
    ),
    Sample(
        image="reasoning_gpu",
        kept={"torch", "faiss-cpu", "transformers", "tokenizers", "redis", "networkx"},
        dropped={"langchain", "sentence-transformers", "tiktoken", "sqlalchemy", "nats-py"},
    ),
    Sample(
        image="speech_gpu",
        kept={"torch", "torchaudio", "soundfile", "pydub", "openai-whisper", "numpy"},
        dropped={
            "whisper", "librosa", "datasets", "pyarrow", "pandas", "pvporcupine", "sounddevice",
            "torchvision", "transformers",
        },
    ),
    Sample(
        image="coordination",
        kept={"torch", "fastapi", "pyzmq", "redis", "nats-py", "jinja2"},
        dropped={"torchvision", "torchaudio", "accelerate"},
    ),
)  # fmt: skip


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns(".pruner", "locks", "__pycache__")
    return Path(shutil.copytree(SAMPLES, tmp_path / "samples", ignore=ignored))


def ask_for_the_unreached(samples: Path, image: str) -> None:
    """Add the exercise that asks for what none of the others has asked for."""
    unreached = tomllib.loads((samples / "unreached.toml").read_text(encoding="utf-8"))
    path = samples / "pruner.toml"
    document = tomlkit.parse(path.read_text(encoding="utf-8")).unwrap()
    document["images"][image]["agents"][0]["exercise"].append(unreached[image])
    path.write_text(tomlkit.dumps(document), encoding="utf-8")


@pytest.mark.parametrize("sample", IMAGES, ids=lambda sample: sample.image)
def test_an_image_is_locked_and_the_route_that_nobody_reached_still_answers(
    samples: Path, sample: Sample
) -> None:
    argv = ("lock", "--image", sample.image, "--runtime", "local", "--json")
    done = finish(start(*argv, cwd=samples), GIGABYTES)
    assert done.code == 0, done.err
    kept = {row.name: row for row in done.document.distributions if row.kept}
    assert kept.keys() >= sample.kept
    assert not kept.keys() & sample.dropped
    assert {f"nvidia-{name}-cu12" for name in CUDA} <= kept.keys()
    assert {f"{row.name}=={row.version}" for row in kept.values()} >= set(sample.versions)
    exercises = [item.outcome for item in done.document.agents[0].exercises]
    ask_for_the_unreached(samples, sample.image)
    more = ("verify", sample.image, "--runtime", "local", "--json")
    again = finish(start(*more, cwd=samples), GIGABYTES)
    assert again.code == 0, again.err
    then = again.document.agents[0].exercises
    assert [item.outcome for item in then[:-1]] == exercises
    assert then[-1].ok, then[-1]
