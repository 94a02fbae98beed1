"""Asks libraries, from inside a sandbox, whether they can use a GPU.

    gpu.py ORDER ANSWER     ORDER: a file that holds, as JSON,
    {"timeout": seconds for one module, "env": {more variables},
     "modules": [[name of a module, [expressions over it, and over MODEL]]]}

    {"version": 1, "gpu": a driver is seen, "device": "NVIDIA H100" or "",
     "answers": {name: [a bool, a number, a text, a list of texts, or {"failed": why}]}}

Every module gets a process of its own, so one that crashes or hangs takes only its own answers.
Standard library only, Python 3.8 and newer.
"""

import contextlib
import glob
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from typing import Any, Dict, List, Union

VERSION = 1
GPUS = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")  # as in inside.py
MODELS = "/proc/driver/nvidia/gpus/*/information"
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
CHARS, ITEMS, BYTES = 200, 50, 1 << 20

Answer = Union[bool, int, str, List[str], Dict[str, str]]


def field(number: int, value: Union[int, bytes]) -> bytes:
    """Return a field of a message of protobuf; numbers are below 128, and so are lengths."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    return bytes([number << 3 | 2, len(value)]) + value


def tensor(name: bytes) -> bytes:
    """Return an ONNX ValueInfoProto: one float."""
    shape = field(1, field(1, 1))
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))


def model() -> bytes:
    """Return an ONNX ModelProto: y = Identity(x), in an old version that every runtime reads."""
    node = field(1, b"x") + field(2, b"y") + field(4, b"Identity")
    graph = field(1, node) + field(2, b"g") + field(11, tensor(b"x")) + field(12, tensor(b"y"))
    return field(1, 4) + field(7, graph) + field(8, field(2, 9))


def main() -> None:
    """Ask every module, and write the answer."""
    with open(sys.argv[1], encoding="utf-8") as file:
        order = json.load(file)
    answers = {
        name: asked(index, expressions, order)
        for index, (name, expressions) in enumerate(order["modules"])
    }
    there = any(map(os.path.exists, GPUS))
    found = {"version": VERSION, "gpu": there, "device": device(), "answers": answers}
    temporary = sys.argv[2] + ".part"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(found, file)
    os.replace(temporary, sys.argv[2])


def asked(index: int, expressions: List[str], order: Dict[str, Any]) -> List[Answer]:
    """Return the answers of one module, from a process that may end as it likes."""
    with tempfile.TemporaryFile() as heard:
        child = subprocess.Popen(
            [sys.executable, "-I", __file__, sys.argv[1], str(index), str(heard.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[heard.fileno()],
            env={**os.environ, **QUIET, **order["env"]},
            start_new_session=True,
        )
        try:
            code = child.wait(order["timeout"])
            why = "it was ended by signal %d" % -code if code < 0 else "it ended with %d" % code
        except subprocess.TimeoutExpired:
            why = "no answer in %g s" % order["timeout"]
        finally:
            end(child)
        heard.seek(0)
        return read(heard.read(BYTES), len(expressions), why)


def end(child: "subprocess.Popen[bytes]") -> None:
    """End a process, and those that it has started."""
    with contextlib.suppress(OSError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def read(lines: bytes, count: int, why: str) -> List[Answer]:
    """Return the answers that were given whole; `why` stands for the others."""
    found: List[Answer] = []
    for line in lines.split(b"\n")[:-1][:count]:
        try:
            found.append(plain(json.loads(line.decode("utf-8", "replace"))))
        except ValueError:
            break
    return found + [{"failed": why}] * (count - len(found))


def one(index: int, descriptor: int) -> None:
    """Evaluate the expressions of one module, and write each answer at once."""
    with open(sys.argv[1], encoding="utf-8") as file:
        name, expressions = json.load(file)["modules"][index]
    scope: Dict[str, object] = {"MODEL": model()}
    for expression in expressions:
        try:
            importlib.import_module(name)
            scope[name.partition(".")[0]] = sys.modules[name.partition(".")[0]]
            answer = plain(eval(expression, scope))  # noqa: S307  pruner's own rows
        except BaseException as error:  # noqa: BLE001  a module may raise SystemExit as well
            answer = {"failed": text("%s: %s" % (type(error).__name__, error))}
        os.write(descriptor, json.dumps(answer).encode() + b"\n")
    os._exit(0)  # threads and handlers of what was imported are of no interest


def plain(value: object) -> Answer:
    """Return a value as one of those that an answer may be."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and 0 <= value < 1 << 31:
        return value
    if isinstance(value, (list, tuple)):
        return [text(str(each)) for each in value[:ITEMS]]
    if isinstance(value, dict) and set(value) == {"failed"}:
        return {"failed": text(str(value["failed"]))}
    return text(str(value))


def text(words: str) -> str:
    """Return what can be printed of the first line of a text."""
    line = (words.strip().splitlines() or [""])[0]
    return "".join(char if " " <= char <= "~" else "?" for char in line)[:CHARS]


def device() -> str:
    """Return what NVIDIA's driver calls the first GPU, "" where nothing says so."""
    for path in sorted(glob.glob(MODELS)):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                rows = dict(line.split(":", 1) for line in file if ":" in line)
        except OSError:
            continue
        return text(rows.get("Model", ""))
    return ""


if __name__ == "__main__":
    if len(sys.argv) > 3:  # noqa: PLR2004
        one(int(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
