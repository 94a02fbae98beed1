"""`pruner init` on trees of several shapes; what it writes is read back by our own loader."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pruner.cli.init import command
from pruner.config import Config, LogReady, TcpReady, load
from pruner.errors import UsageError

PYTHON = "FROM python:3.11-slim\nCOPY . /app\nWORKDIR /app\nRUN pip install -r requirements.txt\n"


def _tree(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def _init(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, [str(root), *arguments], standalone_mode=False)


def _written(root: Path, *arguments: str) -> Config:
    result = _init(root, *arguments)
    assert result.exception is None, result.exception
    assert result.stdout == f"{root / 'pruner.toml'}\n"
    config = load(root / "pruner.toml", root)
    for name in config.images:
        config.image(name)
    return config


def _refused(root: Path, *arguments: str) -> UsageError:
    error = _init(root, *arguments).exception
    assert isinstance(error, UsageError)
    return error


def test_a_folder_an_image(tmp_path: Path) -> None:
    gpu = PYTHON.replace("python:3.11-slim", "nvidia/cuda:12.3.0-runtime-ubuntu22.04")
    root = _tree(
        tmp_path,
        {
            "docker/speech/Dockerfile": gpu.replace("requirements.txt", "docker/speech/r.txt")
            + 'EXPOSE 8000 9000\nCMD ["python3", "-u", "-m", "code.agents.tts_agent"]\n',
            "docker/speech/r.txt": "six\n",
            "docker/web/Dockerfile": "FROM python:3-slim\nCOPY code /app/code\n"
            "COPY docker/web/requirements.txt /tmp/\nRUN pip install -r /tmp/requirements.txt\n"
            "EXPOSE 80\nCMD exec uvicorn code.web:app --host 0.0.0.0 --port 8080\n",
            "docker/web/requirements.txt": "uvicorn\n",
            "code/__init__.py": "",
            "code/web.py": "raise SystemExit('never run')\n",
            "tests/test_x.py": "",
            ".venv/lib/x.py": "",
        },
    )
    config = _written(root)
    assert config.source == ("code",)
    speech, web = config.images["speech"], config.images["web"]
    assert (speech.gpu, speech.python, speech.requirements) == (
        True,
        "3.10",
        ("docker/speech/r.txt",),
    )
    agent = speech.agents[0]
    assert (agent.name, agent.module) == ("tts_agent", "code.agents.tts_agent")
    assert agent.ready == TcpReady(tcp=8000)
    assert (web.gpu, web.python) == (False, None)
    assert web.agents[0].name == "web"
    assert web.agents[0].ready == TcpReady(tcp=8080)
    assert web.agents[0].argv[:2] == ("uvicorn", "code.web:app")


def test_one_dockerfile_at_the_top(tmp_path: Path) -> None:
    root = _tree(
        tmp_path / "my app",
        {
            "Dockerfile": PYTHON + 'CMD ["python", "worker.py", "--fast"]\n',
            "requirements.txt": "six\n",
            "worker.py": "",
        },
    )
    config = _written(root)
    image = config.images["my_app"]
    assert (config.source, image.context) == ((".",), ".")
    assert image.agents[0].argv == ("python", "worker.py", "--fast")
    assert (image.agents[0].name, image.agents[0].ready) == ("worker", LogReady(log="."))


def test_contexts_of_their_own_and_names_that_meet(tmp_path: Path) -> None:
    service = {"src/app.py": "", "requirements.txt": "onnxruntime-gpu==1.19.2\n"}
    file = "FROM python:3.12\nCOPY src /src\nCOPY requirements.txt /r\nRUN pip install -r /r\n"
    files = {f"{team}/api/{name}": text for team in "ab" for name, text in service.items()}
    files |= {f"{team}/api/Dockerfile": file + 'CMD ["python", "-m", "app"]\n' for team in "ab"}
    config = _written(_tree(tmp_path, files))
    assert list(config.images) == ["api", "api_2"]
    assert config.images["api_2"].context == "b/api"
    assert config.images["api_2"].requirements == ("b/api/requirements.txt",)
    assert config.images["api"].gpu
    assert config.source == ("a/api/src", "b/api/src")


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("Dockerfile.gpu", "gpu"),
        ("speech.Dockerfile", "speech"),
        ("docker/vision.dockerfile", "vision"),
        ("docker/Dockerfile", "tree"),
        ("services/täst !/Dockerfile", "t_st"),
    ],
)
def test_names_of_images(name: str, image: str, tmp_path: Path) -> None:
    root = _tree(tmp_path / "tree", {name: "FROM python:3.11\nCMD x\n", "Dockerfile.bak": "x"})
    assert list(_written(root).images) == [image]


def test_what_cannot_be_read_is_named_and_left_out(tmp_path: Path) -> None:
    root = _tree(
        tmp_path,
        {
            "a/Dockerfile": "FROM python:3.11\nRNU x\n",
            "b/Dockerfile": "ARG BASE\nFROM $BASE\n",
            "c/Dockerfile": "FROM nginx:1\n",
            "d/Dockerfile": "FROM python:3.11\nCMD python -m d\n",
            "d/requirements.txt": "torch==2.2.2+cu121 --extra-index-url https://host.example/whl\n",
        },
    )
    (root / "e").mkdir()
    (root / "e" / "Dockerfile").write_bytes(b"\xff\xfe")
    result = _init(root)
    assert result.stderr == (
        "warning: a/Dockerfile:2: unknown instruction RNU (did you mean RUN?); left out\n"
        "warning: b/Dockerfile:2: BASE of FROM has no value "
        "(give it a default, or build_args = { BASE = … }); left out\n"
        "warning: c/Dockerfile: no Python is seen in it; left out\n"
        "warning: e/Dockerfile: is not UTF-8: byte 0xff at 0 (save the file as UTF-8); left out\n"
        "warning: d/requirements.txt:1: option on the line of a requirement: "
        "torch==2.2.2+cu121 --extra-index-url https://host.example/whl (options of an index stand "
        "on a line of their own: `--extra-index-url https://host.example/whl`)\n"
        "guess: image d, agent d: d\n"
        "guess: source .\n"
    )
    assert load(None, root).images["d"].gpu


def test_requirements_alone_make_an_image_to_fill_in(tmp_path: Path) -> None:
    root = _tree(tmp_path / "lone", {"requirements.txt": "six\n", "pkg/x.py": ""})
    image = _written(root).images["lone"]
    assert (image.dockerfile, image.requirements) == (None, ("requirements.txt",))
    assert image.agents[0].module == "FILL_IN"
    assert "write the module, or a command" in (root / "pruner.toml").read_text()


@pytest.mark.parametrize(
    ("command_line", "argv"),
    [
        ('CMD ["tini", "--", "python", "-m", "a.b"]', ("python", "-m", "a.b")),
        ("CMD python -m a.b --x", ("python", "-m", "a.b", "--x")),
        ("CMD cd /x && python -m a", ("/bin/sh", "-c", "cd /x && python -m a")),
        ('ENTRYPOINT ["python3.11"]\nCMD ["-m", "a"]', ("python", "-m", "a")),
        ('CMD [""]', ("python", "-m", "FILL_IN")),
        ("CMD it's", ("/bin/sh", "-c", "it's")),
    ],
)
def test_commands(command_line: str, argv: tuple[str, ...], tmp_path: Path) -> None:
    _tree(tmp_path, {"x/Dockerfile": f"FROM python:3.11\n{command_line}\n"})
    assert _written(tmp_path).images["x"].agents[0].argv == argv


def test_every_guess_is_marked(tmp_path: Path) -> None:
    root = _tree(tmp_path, {"x/Dockerfile": PYTHON + "EXPOSE 80\nCMD python -m a\n", "a.py": ""})
    _tree(root, {"requirements.txt": "six\n"})
    _written(root)
    text = (root / "pruner.toml").read_text()
    for start in ("source", "python", "module", "ready"):
        line = next(line for line in text.splitlines() if line.startswith(start))
        assert "# guess: " in line


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    root = _tree(tmp_path, {"x/Dockerfile": "FROM python:3.11\nCMD x\n", "pruner.toml": "mine"})
    error = _refused(root)
    assert error.message == f"{root / 'pruner.toml'}: exists already"
    assert error.hint == "--force overwrites it"
    assert (root / "pruner.toml").read_text() == "mine"
    assert list(_written(root, "--force").images) == ["x"]
    assert sorted(path.name for path in root.iterdir()) == ["pruner.toml", "x"]


def test_a_tree_with_nothing(tmp_path: Path) -> None:
    error = _refused(tmp_path)
    assert (
        error.message
        == f"{tmp_path}: no Dockerfile, no requirements.txt and no pyproject.toml here or below"
    )
    assert error.hint == "name the folder that images are built from: pruner init PATH"
    assert list(tmp_path.iterdir()) == []


def test_a_tree_with_only_bad_dockerfiles(tmp_path: Path) -> None:
    error = _refused(_tree(tmp_path, {"Dockerfile": "RUN x\n"}))
    assert error.message == (
        "no Dockerfile here can be used: Dockerfile: has no FROM "
        "(a Dockerfile starts with FROM and an image); left out"
    )


def test_where_it_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    assert _refused(tmp_path / "none").message == f"{tmp_path / 'none'}: does not exist"
    assert _refused(tmp_path, "-o", "sub").message.endswith("sub: is a folder, a file was expected")
    assert (
        _refused(tmp_path, "-o", "sub/x.toml").hint == "paths in it are relative to its own folder"
    )
    assert _refused(tmp_path, "-o", "pyproject.toml").hint == "write pruner.toml instead"


def test_links_that_go_in_circles_and_odd_names(tmp_path: Path) -> None:
    root = _tree(tmp_path, {"x/Dockerfile": "FROM python:3.11\nCMD x\n"})
    (root / "x" / "loop").symlink_to(root)
    (root / "x" / "Dockerfile.gone").symlink_to("nowhere")
    (root / "a\nb").mkdir()
    (root / "a\nb" / "Dockerfile").write_text("FROM python:3.11\n")
    assert list(_written(root).images) == ["x"]
