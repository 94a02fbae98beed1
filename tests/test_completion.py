"""What a shell offers on Tab: by the protocol, and in the real shells where they are there."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pruner.config import load
from pruner.jobs.accepted import read_shelf, store
from pruner.jobs.keeping import replace
from pruner.jobs.writing import encode
from reports import document
from support import PRUNER, assert_error, environment, run
from terminal import TAB, Terminal

IMAGES = """\
[project]
source = ["app"]
"""

IMAGE = """
[images.{name}]
requirements = ["requirements.txt"]

[[images.{name}.agents]]
name = "{name}-agent"
module = "app"
ready = {{ exit = 0 }}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    images = "".join(IMAGE.format(name=name) for name in ("speech", "spare", "vision"))
    (tmp_path / "pruner.toml").write_text(IMAGES + images)
    locks = tmp_path / "locks/speech"
    locks.mkdir(parents=True)
    (locks / "verdicts.json").write_bytes(encode(document()))
    return tmp_path


def completed(line: str, cwd: Path) -> list[str]:
    """Return what is offered at the end of a line, by bash's protocol; nothing else is said."""
    words = line.split(" ")
    protocol = {
        "_PRUNER_COMPLETE": "bash_complete",
        "COMP_WORDS": "\n".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    done = run(cwd=cwd, env=protocol)
    assert done.err == ""
    return [row.partition(",")[2] for row in done.out.splitlines() if row]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("pruner comp", ["completion"]),
        ("pruner lock --im", ["--image"]),
        ("pruner lock --image sp", ["speech", "spare"]),
        ("pruner lock --image = sp", ["speech", "spare"]),
        ("pruner lock --image =", ["speech", "spare", "vision"]),
        ("pruner lock --policy ", ["safe", "minimal", "aggressive"]),
        ("pruner lock --agent ", ["spare-agent", "speech-agent", "vision-agent"]),
        ("pruner lock --image vision --agent ", ["vision-agent"]),
        ("pruner trace spare --agent ", ["spare-agent"]),
        ("pruner trace spare --agent spare-agent --agent ", []),
        ("pruner trace vision --runtime ", ["auto", "docker", "local"]),
        ("pruner audit --format s", ["sarif"]),
        ("pruner report --format c", ["cyclonedx"]),
        ("pruner report speech s", ["spare"]),
        ("pruner explain speech Own_a", ["own-app"]),
        ("pruner explain speech go", ["gone"]),
        ("pruner completion ", ["bash", "fish", "zsh"]),
    ],
)
def test_a_line_is_completed(line: str, offered: list[str], tree: Path) -> None:
    assert completed(line, tree) == offered


@pytest.mark.parametrize(
    "line",
    [f"pruner {name} " for name in ("audit", "build", "drift", "explain", "history", "image")]
    + [f"pruner {name} " for name in ("report", "rollback", "trace", "verify", "lock --image")],
)
def test_every_image_argument_is_completed(line: str, tree: Path) -> None:
    assert completed(line, tree) == ["speech", "spare", "vision"]


def test_accepted_locks_are_offered_the_newest_first(tree: Path) -> None:
    config = load(tree / "pruner.toml", tree)
    for version in ("1.0", "2.0"):
        contents = {
            "requirements.txt": f"idna=={version}\n".encode(),
            "pylock.toml": version.encode(),
            "verdicts.json": encode(document()),
        }
        replace(config, config.images["speech"], lambda _: contents, "lock", print)  # noqa: B023
    ids = [row.id for row in read_shelf(store(config, config.images["speech"])).rows]
    assert len(ids) == 3, "the one that lay there before as well"
    assert completed("pruner rollback speech --to ", tree) == ids[::-1]
    assert completed("pruner rollback --to ", tree) == ids[::-1]
    assert completed(f"pruner rollback speech --to {ids[1]}", tree) == [ids[1]]
    assert completed("pruner rollback vision --to ", tree) == []


def test_the_configuration_that_the_line_names_is_read(tree: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert completed("pruner trace ", elsewhere) == ["speech", "spare", "vision"]  # the nearest
    (elsewhere / "pruner.toml").write_text(IMAGES + IMAGE.format(name="other"))
    assert completed("pruner trace ", elsewhere) == ["other"]
    named = f"--config {tree / 'pruner.toml'}"
    assert completed(f"pruner trace {named} ", elsewhere) == ["speech", "spare", "vision"]
    assert completed(f"pruner trace --config = {tree / 'pruner.toml'} sp", elsewhere) == [
        "speech",
        "spare",
    ]


@pytest.mark.parametrize(
    "text", [None, "", "[images", "images = 3\n", "\x00", "[images.a]\nnonsense = 1\n", b"\xff\xfe"]
)
def test_without_a_configuration_that_can_be_read_nothing_is_offered(
    text: str | bytes | None, tmp_path: Path
) -> None:
    if text is not None:
        (tmp_path / "pruner.toml").write_bytes(text.encode() if isinstance(text, str) else text)
    for line in ("trace ", "lock --image ", "lock --agent ", "explain ", "explain app "):
        assert completed(f"pruner {line}", tmp_path) == []
    assert completed("pruner lock --on", tmp_path) == ["--once"]


@pytest.mark.parametrize(
    "line",
    [
        "pruner nonsense ",
        "pruner nonsense more --x ",
        "pruner explain nonsense ",
        "pruner explain vision ",  # it has no lock
        "pruner trace nonsense --agent ",
        "pruner explain speech 'unfinished",
    ],
)
def test_a_line_that_makes_no_sense_is_offered_nothing(line: str, tree: Path) -> None:
    assert completed(line, tree) == []


def test_a_protocol_that_is_broken_is_met_with_silence(tree: Path) -> None:
    for protocol in ({}, {"COMP_WORDS": "pruner ", "COMP_CWORD": "x"}):
        done = run(cwd=tree, env={"_PRUNER_COMPLETE": "bash_complete", **protocol})
        assert (done.out, done.err) == ("", "")
    done = run(cwd=tree, env={"_PRUNER_COMPLETE": "nonsense"})
    assert (done.out, done.err) == ("", "")


def test_only_plain_words_are_offered_since_a_shell_does_not_quote_them(tree: Path) -> None:
    text = (tree / "locks/speech/verdicts.json").read_text()
    for name in ("gone;id", "gone`id`", "gone id", "gone\\n", "$gone"):
        (tree / "locks/speech/verdicts.json").write_text(text.replace('"gone"', f'"{name}"'))
        assert completed("pruner explain speech ", tree) == ["web", "url_lib", "own-app"]


def test_the_script_is_clicks_own_and_an_unknown_shell_is_a_mistake(tmp_path: Path) -> None:
    for shell in ("bash", "zsh", "fish"):
        done = run("completion", shell, cwd=tmp_path)
        assert (done.code, done.err) == (0, "")
        assert f"_PRUNER_COMPLETE={shell}_complete" in done.out
    assert_error(run("completion", "csh", cwd=tmp_path), 2, "'csh' is not one of", "--help")


# --- real shells -----------------------------------------------------------------------------

PATH = {"PATH": f"{PRUNER.parent}{os.pathsep}{os.environ['PATH']}"}


def needs(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")


def test_bash_completes(tree: Path) -> None:
    needs("bash")
    script = """
        source <(pruner completion bash)
        complete -p pruner
        COMP_WORDS=(pruner lock --image = sp) COMP_CWORD=4
        _pruner_completion pruner sp =
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-euc", script],
        cwd=tree, env=environment(PATH), check=False, capture_output=True, text=True,
    )  # fmt: skip
    registered, *offered = done.stdout.splitlines()
    assert "-F _pruner_completion pruner" in registered
    assert (offered, done.stderr) == (["speech", "spare"], "")


def test_bash_completes_at_the_press_of_a_key(tree: Path) -> None:
    needs("bash")
    env = {**PATH, "PS1": "ready> ", "HISTFILE": None, "BASH_SILENCE_DEPRECATION_WARNING": "1"}
    with Terminal(["bash", "--norc", "--noprofile", "-i"], tree, env=env) as terminal:
        terminal.press("source <(pruner completion bash); PS1='go> '\n")
        terminal.until(lambda text: text.endswith("go>"))
        terminal.press(f"pruner explain vi{TAB}")
        terminal.until(lambda text: text.endswith("go> pruner explain vision"))


def test_zsh_completes_at_the_press_of_a_key(tree: Path) -> None:
    needs("zsh")
    env = {**PATH, "PS1": "ready> ", "ZDOTDIR": str(tree)}
    with Terminal(["zsh", "-f", "-i"], tree, env=env) as terminal:
        load = "autoload -U compinit; compinit -u -D; eval \"$(pruner completion zsh)\"; PS1='go> '"
        terminal.press(f"{load}\n")
        terminal.until(lambda text: text.endswith("go>"))
        terminal.press(f"pruner explain speech gon{TAB}")
        terminal.until(lambda text: text.endswith("go> pruner explain speech gone"))


def test_fish_completes(tree: Path) -> None:
    needs("fish")
    script = "pruner completion fish | source; complete -C 'pruner trace sp'"
    env = {**PATH, "HOME": str(tree), "XDG_CONFIG_HOME": None, "XDG_DATA_HOME": None}
    done = subprocess.run(
        ["fish", "--no-config", "-c", script],
        cwd=tree, env=environment(env), check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.stdout.splitlines(), done.stderr) == (["spare", "speech"], "")
