"""Everything that cannot live together in one environment, without a GPU: gigabytes and minutes."""

from pathlib import Path

import pytest

from pruner.document import Document
from pruner.model import Conflict
from support import Done, finish, project, start

pytestmark = pytest.mark.images

REQUIREMENTS = """\
torch==2.2.2
onnxruntime==1.17.1
onnxruntime-gpu==1.17.1
opencv-python==4.9.0.80
opencv-python-headless==4.9.0.80
openai-whisper==20250625
whisper==1.1.10
numpy<2
"""
CONFIG = """\
[project]
source = ["app"]

[images.vision_gpu]
requirements = ["requirements.txt"]
python = "3.11"
gpu = true
use = {use}

[[images.vision_gpu.agents]]
name = "faces"
module = "app"
ready = {{ http = "/", port = 8000, timeout = 120 }}
exercise = [{{ http = "GET /", contains = "ok" }}]
"""
CODE = '''\
"""A service whose routes load what they need when they are first asked."""

from http.server import BaseHTTPRequestHandler, HTTPServer

import torch


def look():
    import cv2

    return cv2.{see}


def think():
    import onnxruntime

    return onnxruntime.InferenceSession


def hear():
    import whisper

    return whisper.{hear}


ROUTES = {{"/look": look, "/think": think, "/hear": hear}}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        answer = ROUTES[self.path]() if self.path in ROUTES else torch.zeros(1)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"ok {{answer}}".encode())


HTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
'''
MINUTES = 900.0
CPU = '["onnxruntime==1.17.1"]'


def lock(root: Path, *, see: str = "imencode", hear: str = "load_model", use: str = "[]") -> Done:
    """Lock the environment for code that sees and hears with these functions."""
    (root / "app").mkdir(parents=True)
    (root / "app/__init__.py").touch()
    (root / "app/__main__.py").write_text(CODE.format(see=see, hear=hear))
    (root / "requirements.txt").write_text(REQUIREMENTS)
    (root / "pruner.toml").write_text(CONFIG.format(use=use))
    argv = ("lock", "--image", "vision_gpu", "--runtime", "local", "--once", "--json")
    return finish(start(*argv, cwd=root), MINUTES)


RACE = """\
FROM python:3.11-slim
WORKDIR /app
RUN pip install --no-cache-dir numpy==1.26.4
RUN pip install --no-cache-dir --no-deps {first}==4.9.0.80
RUN pip install --no-cache-dir --no-deps {last}==4.9.0.80
COPY . .
CMD ["python", "-m", "app"]
"""
LATE = """\
def look():
    import cv2

    return cv2.imencode


print("ok")
"""


def conflict(document: Document, kind: str, name: str) -> Conflict:
    (found,) = (
        row
        for row in document.conflicts
        if row.kind == kind and name in row.distributions and not row.note
    )
    return found


def test_what_no_release_fits_is_refused_with_its_choices(tmp_path: Path) -> None:
    done = lock(tmp_path)
    assert done.code == 1, done.err
    document = done.document
    assert document.lock is None
    assert not (tmp_path / "locks").exists()
    assert conflict(document, "import-name", "whisper").keep == "openai-whisper"
    assert conflict(document, "files", "opencv-python").keep == "opencv-python-headless"
    assert conflict(document, "files", "onnxruntime").keep == "onnxruntime-gpu"
    refused = conflict(document, "library", "onnxruntime-gpu")
    assert not refused.settled
    assert "libcublasLt.so.11" in {row.what for row in refused.proof}
    assert "CPU without an error" in refused.why
    lines = [choice.config for choice in refused.choices]
    assert any('"torch==2.4.1", "onnxruntime-gpu==1.19.2"' in line for line in lines), lines
    assert any("indexes = " in line and '["onnxruntime-gpu"]' in line for line in lines), lines
    assert any('"nvidia-cublas-cu11"' in line for line in lines), lines
    assert any('"onnxruntime==1.17.1"' in line for line in lines), lines


def test_the_build_without_a_gpu_settles_it(tmp_path: Path) -> None:
    done = lock(tmp_path, use=CPU)
    assert done.code == 0, done.err
    kept = {row.name for row in done.document.distributions if row.kept}
    assert {"onnxruntime", "opencv-python-headless", "openai-whisper", "torch"} <= kept
    assert not {"onnxruntime-gpu", "opencv-python", "whisper"} & kept


def test_what_code_uses_turns_both_around(tmp_path: Path) -> None:
    done = lock(tmp_path, see="imshow", hear="create", use=CPU)
    assert done.code == 0, done.err
    kept = {row.name for row in done.document.distributions if row.kept}
    assert {"whisper", "opencv-python"} <= kept
    assert not {"openai-whisper", "opencv-python-headless"} & kept


def test_a_pair_of_other_versions_settles_it(tmp_path: Path) -> None:
    done = lock(tmp_path, use='["torch==2.4.1", "onnxruntime-gpu==1.19.2"]')
    assert done.code == 0, done.err
    rows = {row.name: row for row in done.document.distributions}
    assert (rows["torch"].version, rows["onnxruntime-gpu"].version) == ("2.4.1", "1.19.2")
    assert rows["nvidia-cudnn-cu12"].version.startswith("9.1.")
    assert rows["nvidia-cudnn-cu12"].kept
    assert not [row for row in done.document.conflicts if not row.settled]


@pytest.mark.engine
@pytest.mark.parametrize("first", ["opencv-python", "opencv-python-headless"])
def test_install_order_does_not_change_the_answer(tmp_path: Path, first: str) -> None:
    """Who is installed last has the files that both own, and the other is broken."""
    (last,) = {"opencv-python", "opencv-python-headless"} - {first}
    pins = "numpy==1.26.4\nopencv-python==4.9.0.80\nopencv-python-headless==4.9.0.80\n"
    root = project(
        tmp_path, code=LATE, requirements=pins, dockerfile=RACE.format(first=first, last=last)
    )
    argv = ("lock", "--image", "app", "--runtime", "docker", "--once", "--json")
    done = finish(start(*argv, cwd=root), MINUTES)
    assert done.code == 0, done.err
    found = conflict(done.document, "files", "opencv-python")
    assert (found.keep, found.drop) == ("opencv-python-headless", ("opencv-python",))
    assert {row.by for row in found.proof if row.kind == "file"} == {last}
