"""Whatever stands in the file: a Config, or one line that says what is wrong."""

import string
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from pruner.config import Config, load
from pruner.errors import UsageError

# The words of the format, so that what is drawn gets past the first check now and then.
TEXT = """
project source locks images agents services x name module command ready http port tcp log
exit timeout network env cwd exercise run json body headers expect contains traced policy
dockerfile context target requirements build_args gpu keep python memory processes local image
rules families cuda sonames imports kind why members since source date distribution has version
cudnn soname provides what driver debian
"""
WORDS = TEXT.split()
NAMES = st.sampled_from(WORDS) | st.text(max_size=5)
LEAVES = (
    st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.booleans()
    | st.text(max_size=8)
    | st.sampled_from(["GET /", "POST /x", "8g", "3.11", "safe", "none", "a.b", "."])
    | st.datetimes()
    | st.dates()
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
AGENTS = st.lists(st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=5), max_size=2)
IMAGES = st.fixed_dictionaries(
    {"requirements": st.lists(st.text(max_size=4), max_size=2), "agents": AGENTS | VALUES}
)
FILES = st.dictionaries(NAMES, VALUES, max_size=3) | st.fixed_dictionaries(
    {"images": st.dictionaries(NAMES, IMAGES, min_size=1, max_size=2)}
)


def _attempt(call: Callable[[], object]) -> UsageError | None:
    try:
        call()
    except UsageError as error:
        return error
    return None


def _loads(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pruner.toml"
        file.write_bytes(content)
        error = _attempt(lambda: _uses(load(None, Path(folder))))
        if error:
            assert error.message.isprintable(), error.message
            assert error.hint is None or error.hint.isprintable(), error.hint
            assert error.message.startswith(f"{file}:"), error.message


def _uses(config: Config) -> None:
    for name, image in config.images.items():
        assert image.memory_bytes > 0
        assert all(agent.argv for agent in image.agents)
        config.image(name)


@settings(max_examples=400)
@given(FILES)
def test_any_nested_value(data: dict[str, Any]) -> None:
    _loads(tomlkit.dumps(data).encode("utf-8", "surrogatepass"))


@settings(max_examples=200)
@given(st.text(alphabet=string.printable) | st.text())
def test_any_text(text: str) -> None:
    _loads(text.encode("utf-8", "surrogatepass"))


@settings(max_examples=100)
@given(st.binary())
def test_any_bytes(content: bytes) -> None:
    _loads(content)


PLACES = ["image", "agent", "ready", "exercise", "service", "family", "member", "cuda", "soname"]


@settings(max_examples=400)
@given(NAMES, VALUES, st.sampled_from(PLACES))
def test_one_odd_value_in_a_sound_file(key: str, value: object, where: str) -> None:
    ready: dict[str, object] = {"tcp": 80}
    exercise: dict[str, object] = {"http": "GET /"}
    agent: dict[str, object] = {"name": "a", "module": "a", "ready": ready, "exercise": [exercise]}
    service: dict[str, object] = {"image": "redis:7"}
    image: dict[str, object] = {
        "requirements": ["r"],
        "agents": [agent],
        "services": {"s": service},
    }
    member: dict[str, object] = {"distribution": "a"}
    family: dict[str, object] = {"name": "a", "imports": ["a"], "kind": "names", "why": "a"}
    family["members"] = [member, {"distribution": "b"}]
    cuda: dict[str, object] = {"distribution": "a", "version": "1", "cuda": "12.1"}
    soname: dict[str, object] = {"soname": "a.so", "provides": "a"}
    rules = {"families": [family], "cuda": [cuda], "sonames": [soname]}
    tables = {
        "image": image,
        "agent": agent,
        "ready": ready,
        "exercise": exercise,
        "service": service,
        "family": family,
        "member": member,
        "cuda": cuda,
        "soname": soname,
    }
    assert list(tables) == PLACES
    tables[where][key] = value
    _loads(tomlkit.dumps({"images": {"x": image}, "rules": rules}).encode("utf-8", "surrogatepass"))
