"""The files of an image are looked at when the image is used."""

import os
from pathlib import Path

import pytest

from pruner.config import load
from pruner.errors import UsageError

CONFIG = """
[project]
source = ["app"]
[images.speech_gpu]
dockerfile = "docker/Dockerfile"
requirements = ["base.txt", "../shared.txt"]
agents = [{ name = "a", module = "a", ready = { exit = 0 } }]
[images.vision]
requirements = ["base.txt"]
agents = [{ name = "a", module = "a", ready = { exit = 0 } }]
"""
RELATIVE = "paths are relative to the folder of the configuration"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "app").mkdir(parents=True)
    (root / "docker").mkdir()
    (root / "docker" / "Dockerfile").touch()
    (root / "base.txt").touch()
    (tmp_path / "shared.txt").touch()
    (root / "pruner.toml").write_text(CONFIG)
    return root


def _error(root: Path, image: str = "speech_gpu") -> tuple[str, str | None]:
    config = load(None, root)
    with pytest.raises(UsageError) as caught:
        config.image(image)
    return caught.value.message.removeprefix(f"{root / 'pruner.toml'}: "), caught.value.hint


def test_a_complete_tree_is_fine(root: Path) -> None:
    assert load(None, root).image("speech_gpu").name == "speech_gpu"


@pytest.mark.parametrize(
    ("gone", "message", "hint"),
    [
        ("app", 'project.source[0]: "app" does not exist', RELATIVE),
        (
            "docker/Dockerfile",
            'images.speech_gpu.dockerfile: "docker/Dockerfile" does not exist',
            "did you mean Dockerfile~?",
        ),
        (
            "base.txt",
            'images.speech_gpu.requirements[0]: "base.txt" does not exist',
            "did you mean base.txt~?",
        ),
        (
            "../shared.txt",
            'images.speech_gpu.requirements[1]: "../shared.txt" does not exist',
            "did you mean shared.txt~?",
        ),
    ],
)
def test_a_missing_file_is_named(root: Path, gone: str, message: str, hint: str) -> None:
    path = root / gone
    path.rmdir() if path.is_dir() else path.rename(path.with_name(path.name + "~"))
    assert _error(root) == (message, hint)


def test_a_folder_is_no_file_and_a_file_no_folder(root: Path) -> None:
    (root / "base.txt").unlink()
    (root / "base.txt").mkdir()
    message = 'images.vision.requirements[0]: "base.txt" is a folder, a file was expected'
    assert _error(root, "vision") == (message, None)
    (root / "app").rmdir()
    (root / "app").touch()
    message = 'project.source[0]: "app" is no folder, a folder was expected'
    assert _error(root) == (message, None)


def test_a_pipe_does_not_hang(root: Path) -> None:
    (root / "base.txt").unlink()
    os.mkfifo(root / "base.txt")
    message = 'images.vision.requirements[0]: "base.txt" is no regular file'
    assert _error(root, "vision") == (message, None)


def test_a_name_that_is_too_long_is_a_mistake(root: Path) -> None:
    config = (root / "pruner.toml").read_text().replace("base.txt", "b" * 300)
    (root / "pruner.toml").write_text(config)
    shown = "b" * 120
    message = f'images.vision.requirements[0]: "{shown}…" cannot be read: File name too long'
    assert _error(root, "vision") == (message, None)


def test_an_unknown_image_has_a_near_one(root: Path) -> None:
    assert _error(root, "speech") == (
        'images: there is no image "speech"',
        "did you mean speech_gpu? (speech_gpu, vision)",
    )
    assert _error(root, "zzz")[1] == "there are: speech_gpu, vision"
