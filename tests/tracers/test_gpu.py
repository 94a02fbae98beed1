"""Questions about a GPU, asked by every Python that is here, of modules that do as they like."""

import json
import subprocess
from pathlib import Path
from typing import Any

from traced import Home

TRACER = Path(__file__).resolve().parents[2] / "tracers" / "gpu.py"


def answers(home: Home, folder: Path, **modules: list[str]) -> dict[str, Any]:
    order = {"timeout": 2, "env": {"GPU_WORD": "here"}, "modules": list(modules.items())}
    (folder / "order.json").write_text(json.dumps(order))
    argv = [str(home.python), "-I", str(TRACER), str(folder / "order.json"), str(folder / "said")]
    done = subprocess.run(argv, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, b""), done.stderr
    found: dict[str, Any] = json.loads((folder / "said").read_text())
    assert found["version"] == 1
    return dict(found["answers"])


def test_answers_crashes_and_hangs(each: Home, tmp_path: Path) -> None:
    found = answers(
        each,
        tmp_path,
        json=["True", "7", "'a\\nb'", "['x', 1]", "json.nope", "-1", "{'a': 1}"],
        os=["os.environ['GPU_WORD']", "os.abort()", "1"],
        time=["1", "time.sleep(60)"],
        subprocess=["subprocess.Popen(['sleep', '60']).poll()"],
        missing=["1"],
        sys=["sys.exit(3)", "chr(27) + 'x' * 500", "print('noise')"],
    )
    assert found == {
        "json": [True, 7, "a", ["x", "1"], {"failed": "AttributeError: module 'json' has no "
                 "attribute 'nope'"}, "-1", "{'a': 1}"],
        "os": ["here", *[{"failed": "it was ended by signal 6"}] * 2],
        "time": [1, {"failed": "no answer in 2 s"}],
        "subprocess": ["None"],
        "missing": [{"failed": "ModuleNotFoundError: No module named 'missing'"}],
        "sys": [{"failed": "SystemExit: 3"}, "?" + "x" * 199, "None"],
    }  # fmt: skip


def test_the_model_is_one_of_onnx(home: Home, tmp_path: Path) -> None:
    # ir_version 4, a graph of one node named Identity from x to y, opset 9.
    (size, start, end) = answers(
        home, tmp_path, json=["len(MODEL)", "MODEL[:4].hex()", "MODEL[-4:].hex()"]
    )["json"]
    assert (size, start, end) == (63, "08043a37", "42021009")
