import sys
from pathlib import Path

import pytest

from support import VERSIONS, interpreter
from traced import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, sys.executable)


@pytest.fixture(params=VERSIONS)
def each(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    python = interpreter(request.param)
    if python is None:
        pytest.skip(f"no Python {request.param} here")
    return Home(tmp_path, python)
