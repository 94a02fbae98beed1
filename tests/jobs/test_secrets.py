"""Which variables of other people's files are copied into a draft."""

import pytest

from pruner.jobs.secrets import is_secret


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PGPASSWORD", "123456"),
        ("MYSQL_PWD", "x"),
        ("API_KEY", "x"),
        ("HF_TOKEN", "hf_x"),
        ("SENTRY_DSN", "https://host/1"),
        ("DATABASE_URL", "postgres://me:sesame@db/x"),
        ("HOOK", "https://host/x?token=sesame"),
        ("OPAQUE", "a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4"),
        ("PEM", "-----BEGIN PRIVATE KEY-----"),
    ],
)
def test_what_may_be_secret_is_not(name: str, value: str) -> None:
    assert is_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOKENIZERS_PARALLELISM", "false"),
        ("MAX_TOKENS", "512"),
        ("REDIS_URL", "redis://redis:6379/0"),
        ("PASSIVE", "1"),
        ("MONKEY", "see"),
        ("PYTHONPATH", "/app/src"),
        ("PASSWORD", ""),
    ],
)
def test_everything_else_is(name: str, value: str) -> None:
    assert not is_secret(name, value)
