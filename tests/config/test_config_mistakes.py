"""Every mistake is one line with file and key, and says how to go on."""

import os
from pathlib import Path

import pytest

from pruner.config import load
from pruner.errors import Exit, UsageError

AGENT = """
[[images.x.agents]]
name = "a"
"""
IMAGE = """
[images.x]
requirements = ["r.txt"]
"""
MODULE = IMAGE + AGENT + 'module = "m"\n'
READY = MODULE + "ready = { http = '/', port = 80 }\n"

AT_AGENT = "images.x.agents[0]"
METHODS = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
RELATIVE = "paths here are relative to the folder of the configuration"
NO_REGEX = "missing ), unterminated subpattern at position 0"
READY_HINT = (
    'such as ready = { http = "/health", port = 8000 }, { tcp = 5555 }, '
    "{ log = 'listening' } or { exit = 0 }"
)
NAMES = "use letters, digits, `-`, `_` and `.`, at most 100, a letter or digit first"

# name: (text of pruner.toml, message without the file, hint or None)
MISTAKES: dict[str, tuple[str, str, str | None]] = {
    "empty": ("", "images: has no images", "`pruner init` writes a first draft"),
    "unknown-table": (
        "[image.x]",
        "image: unknown key",
        "did you mean images? (audit, images, project, rules)",
    ),
    "unknown-key": (
        "[project]\nsources = ['a']",
        "project.sources: unknown key",
        "did you mean source? (indexes, locks, source)",
    ),
    "unknown-deep": (
        MODULE + "ready = { tpc = 5 }",
        f"{AT_AGENT}.ready.tpc: unknown key",
        "did you mean tcp? (exit, http, log, port, tcp, timeout)",
    ),
    "unknown-nothing-close": (
        MODULE + "ready = { zzz = 5 }",
        f"{AT_AGENT}.ready.zzz: unknown key",
        "there are: exit, http, log, port, tcp, timeout",
    ),
    "quoted-key": (
        "[project]\n'a\\nb' = 1\n",
        'project."a\\nb": unknown key',
        "there are: indexes, locks, source",
    ),
    "index-twice": (
        '[project.indexes]\n"https://a/s" = ["torch"]\n"https://b/s" = ["Torch"]\n',
        'project.indexes."https://b/s"[0]: Torch comes from "https://a/s" already',
        "keep one of the two",
    ),
    "index-of-a-pin": (
        '[project.indexes]\n"https://a/s" = ["torch==2.2.2"]\n',
        'project.indexes."https://a/s"[0]: "torch==2.2.2" is no name of a distribution',
        "only the name, such as torch; its version is what is installed",
    ),
    "index-by-an-odd-scheme": (
        '[project.indexes]\n"ssh://a/s" = ["torch"]\n',
        'project.indexes."ssh://a/s": "ssh" is not one of http, https, file',
        None,
    ),
    "index-of-no-list": (
        '[project.indexes]\n"https://a/s" = "torch"\n',
        'project.indexes."https://a/s": expected a list, got text',
        'write it in brackets: ["…"]',
    ),
    "type-int": (
        MODULE + "ready = { tcp = '5555' }",
        f"{AT_AGENT}.ready.tcp: expected an integer, got text",
        "write it without quotes",
    ),
    "type-text": (
        IMAGE + "python = 3.11",
        "images.x.python: expected text, got a number",
        "write it in quotes",
    ),
    "type-list": (
        "[project]\nsource = 'src'",
        "project.source: expected a list, got text",
        'write it in brackets: ["…"]',
    ),
    "type-table": ("images = 3", "images: expected a table, got an integer", None),
    "type-date": (
        "[project]\nlocks = 2026-01-01",
        "project.locks: expected text, got a date",
        "write it in quotes",
    ),
    "type-in-named-table": (
        IMAGE + "build_args = { A = 'a', 'b c' = 1 }",
        'images.x.build_args."b c": expected text, got an integer',
        "write it in quotes",
    ),
    "type-in-second-image": (
        READY + "[images.y]\ngpu = 'yes'",
        "images.y.gpu: expected true or false, got text",
        "write it without quotes",
    ),
    "nul": ('[project]\nsource = ["a\\u0000"]', "project.source[0]: holds a NUL character", None),
    "infinite": (
        READY + "exercise = [{ http = 'GET /', json = { a = [inf] } }]",
        f"{AT_AGENT}.exercise[0].json.a[0]: inf is no finite number",
        None,
    ),
    "policy": (
        IMAGE + "policy = 'minimum'",
        "images.x.policy: 'minimum' is not one of safe, minimal, aggressive",
        "did you mean minimal? (aggressive, minimal, safe)",
    ),
    "network": (
        READY + "network = 'ful'",
        f'{AT_AGENT}.network: "ful" is not one of none, services, full',
        "did you mean full? (full, none, services)",
    ),
    "target-of-nothing": (
        "[images.x]\nrequirements = ['r.txt']\ntarget = 'dev'",
        "images.x.target: means nothing without dockerfile",
        "remove target",
    ),
    "empty-target": (IMAGE + "target = ' '", "images.x.target: is empty", None),
    "no-agents": (
        IMAGE,
        "images.x.agents: has no agents",
        "add an [[images.NAME.agents]] table: what the image runs is what it needs",
    ),
    "same-agent": (
        READY + AGENT + "module = 'n'\nready = { exit = 0 }",
        "images.x.agents[1].name: a is already the name of agents[0]",
        "give each agent its own name",
    ),
    "agent-without-name": (
        IMAGE + "[[images.x.agents]]\nmodule = 'm'\nready = { exit = 0 }",
        f"{AT_AGENT}.name: is missing",
        None,
    ),
    "not-made-from-anything": (
        "[images.x]",
        "images.x: one of these is missing: dockerfile, requirements",
        "an image is made from a dockerfile, from requirements, or from both",
    ),
    "module-and-command": (
        READY + "command = ['python', 'run.py']",
        f"{AT_AGENT}: module and command exclude each other",
        "keep exactly one of: module, command",
    ),
    "neither-module-nor-command": (
        IMAGE + AGENT + "ready = { exit = 0 }",
        f"{AT_AGENT}: one of these is missing: module, command",
        None,
    ),
    "module-with-object": (
        IMAGE + AGENT + "module = 'app:api'\nready = { exit = 0 }",
        f'{AT_AGENT}.module: "app:api" is no module name',
        'an application object needs its server: command = ["uvicorn", "app:api"]',
    ),
    "module-file": (
        IMAGE + AGENT + "module = 'app/run.py'\nready = { exit = 0 }",
        f'{AT_AGENT}.module: "app/run.py" is no module name',
        "write it as in `python -m`, such as package.module",
    ),
    "empty-command": (
        IMAGE + AGENT + "command = []\nready = { exit = 0 }",
        f"{AT_AGENT}.command: names no program",
        'write it as ["python", "run.py"]',
    ),
    "no-ready": (
        MODULE,
        f"{AT_AGENT}.ready: is missing",
        READY_HINT,
    ),
    "empty-ready": (
        MODULE + "ready = {}",
        f"{AT_AGENT}.ready: one of these is missing: http, tcp, log, exit",
        None,
    ),
    "ready-twice": (
        MODULE + "ready = { tcp = 1, exit = 0 }",
        f"{AT_AGENT}.ready: tcp and exit exclude each other",
        "keep exactly one of: http, tcp, log, exit",
    ),
    "http-without-port": (
        MODULE + "ready = { http = '/' }",
        f"{AT_AGENT}.ready.port: is missing",
        "http needs the port that answers",
    ),
    "port-without-http": (
        MODULE + "ready = { exit = 0, port = 80 }",
        f"{AT_AGENT}.ready.port: means nothing without http",
        "remove port",
    ),
    "port-too-high": (
        MODULE + "ready = { tcp = 65536 }",
        f"{AT_AGENT}.ready.tcp: 65536 is no port",
        "ports are 1 to 65535",
    ),
    "port-zero": (
        MODULE + "ready = { http = '/', port = 0 }",
        f"{AT_AGENT}.ready.port: 0 is no port",
        "ports are 1 to 65535",
    ),
    "log-pattern": (
        MODULE + "ready = { log = '(up' }",
        f'{AT_AGENT}.ready.log: "(up" is no regular expression: {NO_REGEX}',
        "write regular expressions in single quotes, and escape ( [ * ? . with \\",
    ),
    "exit-code": (
        MODULE + "ready = { exit = 256 }",
        f"{AT_AGENT}.ready.exit: 256 is not within 0 to 255",
        None,
    ),
    "timeout-zero": (
        MODULE + "ready = { exit = 0, timeout = 0 }",
        f"{AT_AGENT}.ready.timeout: 0.0 is no usable timeout",
        "give seconds, more than 0 and at most 604800",
    ),
    "timeout-negative": (
        READY + "exercise = [{ http = 'GET /', timeout = -1.5 }]",
        f"{AT_AGENT}.exercise[0].timeout: -1.5 is no usable timeout",
        "give seconds, more than 0 and at most 604800",
    ),
    "method": (
        READY + "exercise = [{ http = 'PSOT /x' }]",
        f'{AT_AGENT}.exercise[0].http: "PSOT" is no HTTP method',
        f"did you mean POST? ({METHODS})",
    ),
    "method-small": (
        READY + "exercise = [{ http = 'get /x' }]",
        f'{AT_AGENT}.exercise[0].http: "get" is no HTTP method',
        f"did you mean GET? ({METHODS})",
    ),
    "no-method": (
        READY + "exercise = [{ http = '/x' }]",
        f'{AT_AGENT}.exercise[0].http: "/x" has no method',
        'say how to ask: "GET /x"',
    ),
    "url-path": (
        READY + "exercise = [{ http = 'GET /ä b' }]",
        f'{AT_AGENT}.exercise[0].http: "/ä b" is no path of a URL',
        "it starts with / and has no spaces; write other characters as %XX",
    ),
    "http-and-run": (
        READY + "exercise = [{ http = 'GET /', run = ['x'] }]",
        f"{AT_AGENT}.exercise[0]: http and run exclude each other",
        "keep exactly one of: http, run",
    ),
    "json-with-run": (
        READY + "exercise = [{ run = ['x'], json = {} }]",
        f"{AT_AGENT}.exercise[0].json: means nothing without http",
        "remove json",
    ),
    "json-and-body": (
        READY + "exercise = [{ http = 'GET /', json = 1, body = 'x' }]",
        f"{AT_AGENT}.exercise[0].body: json and body exclude each other",
        "keep one of them",
    ),
    "status": (
        READY + "exercise = [{ http = 'GET /', expect = [200, 20] }]",
        f"{AT_AGENT}.exercise[0].expect: 20 is not within 100 to 599",
        None,
    ),
    "nothing-expected": (
        READY + "exercise = [{ run = ['x'], expect = [] }]",
        f"{AT_AGENT}.exercise[0].expect: expects nothing",
        "list at least one, or leave it out",
    ),
    "header": (
        READY + "exercise = [{ http = 'GET /', headers = { A = \"b\\r\\nC: d\" } }]",
        f"{AT_AGENT}.exercise[0].headers.A: is no header value",
        "use printable ASCII",
    ),
    "exercise-without-port": (
        MODULE + "ready = { exit = 0 }\nexercise = [{ run = ['x'] }, { http = 'GET /' }]",
        f"{AT_AGENT}.exercise[1].port: is missing",
        "ready names no port that it could be sent to",
    ),
    "variable": (
        READY + "env = { 'A=B' = 'c' }",
        f'{AT_AGENT}.env."A=B": is no name of a variable',
        None,
    ),
    "memory": (
        IMAGE + "memory = '8 gigs'",
        'images.x.memory: "8 gigs" is no size of memory',
        "a whole number and k, m, g or t, such as 8g; at least 6m",
    ),
    "memory-none": (
        IMAGE + "memory = '0g'",
        'images.x.memory: "0g" is too small',
        "a whole number and k, m, g or t, such as 8g; at least 6m",
    ),
    "processes": (IMAGE + "processes = 0", "images.x.processes: 0 is too few", "at least 1"),
    "python": (
        IMAGE + "python = '2.7'",
        'images.x.python: "2.7" is no version of Python 3',
        'write it as "3.11" or "3.11.2"',
    ),
    "source-outside": (
        "[project]\nsource = ['a/../../b']",
        'project.source[0]: "a/../../b" lies outside the project',
        RELATIVE,
    ),
    "locks-outside": (
        "[project]\nlocks = '/srv'",
        'project.locks: "/srv" lies outside the project',
        RELATIVE,
    ),
    "service": (
        READY + "[images.x.services.redis]",
        "images.x.services.redis: one of these is missing: image, local",
        'image = "redis:7" is for docker, local = ["redis-server"] for local',
    ),
    "service-port": (
        READY + "[images.x.services.redis]\nimage = 'r'\nready = { tcp = -1 }",
        "images.x.services.redis.ready.tcp: -1 is no port",
        "ports are 1 to 65535",
    ),
}
for _name in ("..", "a/b", "a\\u0007b", ".hidden", "", "a.", "x" * 101):
    _shown = _name.replace("\\u0007", "\\x07")
    _quoted = f'"{_name}"'
    MISTAKES[f"image-name-{_name[:9]}"] = (
        READY.replace("images.x", f"images.{_quoted}"),
        f'images."{_shown}": "{_shown}" is no safe folder name'
        if len(_name) < 100
        else f'images.{_name}: "{_name}" is no safe folder name',
        NAMES,
    )


@pytest.mark.parametrize(("text", "message", "hint"), MISTAKES.values(), ids=MISTAKES)
def test_every_mistake_is_named(text: str, message: str, hint: str | None, tmp_path: Path) -> None:
    file = tmp_path / "pruner.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        load(None, tmp_path)
    assert (caught.value.message, caught.value.hint) == (f"{file}: {message}", hint)
    assert caught.value.code is Exit.USAGE


SYNTAX = {
    "no-value": ("[project]\nlocks =\n", "2:8: not TOML: Invalid value"),
    "twice": ("a = 1\na = 2\n", "2:6: not TOML: Cannot overwrite a value"),
    "end": ("a = [1,\n 2", "2:3: not TOML: Unclosed array"),
    "deep": ("a = " + "[" * 5000, " not TOML: nested too deeply"),
    "digits": ("a = " + "9" * 5000, "1:1: not TOML: Exceeds the limit (4300 digits) for integer"),
}


@pytest.mark.parametrize(("text", "message"), SYNTAX.values(), ids=SYNTAX)
def test_what_is_no_toml_has_line_and_column(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "pruner.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        load(None, tmp_path)
    assert caught.value.message.startswith(f"{file}:{message}")


def test_keys_nested_without_end_are_a_mistake_too(tmp_path: Path) -> None:
    file = tmp_path / "pruner.toml"
    file.write_text(".".join("a" * 5000) + " = 1")
    with pytest.raises(UsageError) as caught:
        load(None, tmp_path)
    assert caught.value.message == f"{file}: is nested too deeply"


def test_keys_of_a_pyproject_are_given_in_full(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.pruner.project]\nlock = 'x'\n")
    with pytest.raises(UsageError) as caught:
        load(None, tmp_path)
    assert caught.value.message == f"{file}: tool.pruner.project.lock: unknown key"


def test_files_below_the_current_folder_are_shown_as_a_person_types_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pruner.toml").write_text("x = 1")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        load(None, Path())
    assert caught.value.message == "pruner.toml: x: unknown key"


def _make(file: Path, kind: str) -> None:
    if kind == "folder":
        file.mkdir()
    elif kind == "bytes":
        file.write_bytes(b"a = '\xff'")
    elif kind == "utf-16":
        file.write_bytes("a = 1".encode("utf-16"))
    elif kind == "pipe":
        os.mkfifo(file)
    elif kind == "loop":
        file.symlink_to(file)
    elif kind == "dangling":
        file.symlink_to("nowhere")


UNREADABLE = {
    "folder": "is a folder, a file was expected",
    "bytes": "is not UTF-8: byte 0xff at 5",
    "utf-16": "is not UTF-8: byte 0xff at 0",
    "pipe": "is no regular file",
    "loop": "cannot be read: Too many levels of symbolic links",
    "dangling": "does not exist",
}


@pytest.mark.parametrize(("kind", "why"), UNREADABLE.items())
def test_a_configuration_that_cannot_be_read(kind: str, why: str, tmp_path: Path) -> None:
    file = tmp_path / "pruner.toml"
    _make(file, kind)
    with pytest.raises(UsageError) as caught:
        load(None, tmp_path)
    assert caught.value.message == f"{file}: {why}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_configuration_that_may_not_be_read(tmp_path: Path) -> None:
    file = tmp_path / "pruner.toml"
    file.touch(mode=0o000)
    with pytest.raises(UsageError) as caught:
        load(None, tmp_path)
    assert caught.value.message == f"{file}: cannot be read: Permission denied"


def test_there_may_be_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load(None, tmp_path)
    assert caught.value.message == f"{tmp_path}: no pruner.toml here or above"
    assert caught.value.hint == "`pruner init` writes a first draft"


def test_a_given_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load(Path("other.toml"), tmp_path)
    assert caught.value.message == f"{tmp_path / 'other.toml'}: does not exist"


def test_a_given_pyproject_must_have_our_table(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool]\n")
    with pytest.raises(UsageError) as caught:
        load(Path("pyproject.toml"), tmp_path)
    assert caught.value.message == f"{tmp_path / 'pyproject.toml'}: tool.pruner: is missing"
