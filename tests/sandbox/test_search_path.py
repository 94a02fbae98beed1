"""Where uv is told to look for an interpreter."""

from pathlib import Path

import pytest

from pruner.sandbox.pythons import SYSTEM, search_path


def test_the_system_then_the_callers_path_then_what_is_on_no_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pyenv = [tmp_path / f"pyenv/versions/{version}/bin" for version in ("3.10.1", "3.9.18")]
    managed = [tmp_path / "uv/cpython-3.15.0-linux/bin", tmp_path / "uv/cpython-3.8.2-linux/bin"]
    for folder in (*pyenv, *managed):
        folder.mkdir(parents=True)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("PATH", f"/opt/own/bin:/usr/bin:relative::{pyenv[1]}")
    found = [*SYSTEM, "/opt/own/bin", pyenv[1], pyenv[0], *managed]
    assert search_path() == ":".join(map(str, found))


def test_nothing_but_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYENV_ROOT", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "nothing"))
    monkeypatch.delenv("PATH")
    assert search_path() == ":".join(SYSTEM)
