import ast

import pytest

from pruner.static.texts import named, texts


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("html5lib", "html5lib"),
        ("uvicorn.workers.UvicornWorker", "uvicorn.workers.UvicornWorker"),
        ("mysql+pymysql://user@host/db", "mysql+pymysql"),
        ("postgresql://x", "postgresql"),
        ("sqlite+aiosqlite", "sqlite+aiosqlite"),
        ("two words", ""),
        ("a+b c", ""),
        ("", ""),
        ("x" * 81, ""),
        ("x" * 90 + "://", ""),
        ("3.11", ""),
    ],
)
def test_a_word_or_a_scheme_is_a_name(text: str, word: str) -> None:
    assert named(text) == word


def test_strings_are_found_wherever_they_stand_but_in_docstrings() -> None:
    source = (
        '"""doc"""\ndef f(x="late"):\n    "inner"\n    return f"redis+x://{x}", {"html5lib": 1}\n'
    )
    assert texts(ast.parse(source)) == {"html5lib": 4, "late": 2, "redis+x": 4}


def test_names_of_loggers_name_nothing() -> None:
    source = (
        'logging.getLogger("torch.hub")\n'
        'SET = {"loggers": {"uvicorn.error": {"class": "json.log.Format"}}, "a.b": "c.d:E"}\n'
    )
    assert list(texts(ast.parse(source))) == ["a.b", "c.d:E", "class", "json.log.Format", "loggers"]
