"""The paths that first-party texts may name."""

from pruner.static.paths import named_paths


def test_strings_of_code_are_paths_and_its_documentation_is_not() -> None:
    code = b'''
"""Reads notes/plan.md."""
from pathlib import Path

A = open("data/my words.txt")
B = Path("/srv") / "models" / f"voices/{A}.bin"
C = "sounds/*.wav", "run tools/start.py --config conf.toml"
D = "."
'''
    assert named_paths(code, "a.py") == {
        "data/my words.txt",
        "/srv",
        "models",
        "voices/",
        ".bin",
        "sounds/*.wav",
        "sounds",
        "run tools/start.py --config conf.toml",
        "tools/start.py",
        "conf.toml",
        "words.txt",
        "data/my",
    }


def test_what_cannot_be_parsed_says_nothing_and_of_a_script_every_word_counts() -> None:
    assert named_paths(b"def (:", "a.py") == frozenset()
    assert named_paths(b"\xff\x00", "a.py") == frozenset()
    found = named_paths(b"#!/bin/sh\nexec python manage.py --x=conf/a.ini < in.txt\n", "run.sh")
    assert {"manage.py", "conf/a.ini", "in.txt"} <= found
