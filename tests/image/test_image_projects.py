"""From which folder of the build context a project stems that a stage has installed."""

from pathlib import Path

import pytest

from pruner.image.dockerfile import read_dockerfile

STAGES = """\
FROM python:3.12 AS build
WORKDIR /src
COPY services/web ./web
COPY libs /libs
RUN --mount=type=bind,source=tool,target=/tool pip install --prefix /out ./web[a] /tool
FROM python:3.12-slim
COPY --from=build /out /usr/local
COPY --from=build /src/web /app
RUN pip install --no-deps -e /app && pip install flask ./made.whl --target /x
"""


@pytest.fixture
def context(tmp_path: Path) -> Path:
    for name in ("services/web/pyproject.toml", "libs/one/setup.py", "tool/setup.cfg"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    (tmp_path / "Dockerfile").write_text(STAGES)
    return tmp_path


@pytest.mark.parametrize(
    ("folder", "tree"),
    [
        ("/src/web", "services/web"),
        ("/app", "services/web"),
        ("/libs/one", "libs/one"),
        ("/tool", "tool"),
        ("/libs", None),
        ("/elsewhere", None),
    ],
)
def test_the_tree_of_a_folder(folder: str, tree: str | None, context: Path) -> None:
    file = read_dockerfile(context / "Dockerfile", context=context)
    assert file.tree_of(folder, context) == tree


def test_the_projects_that_stages_install(context: Path) -> None:
    file = read_dockerfile(context / "Dockerfile", context=context)
    assert [(item.folder, item.path, item.extras, item.alone) for item in file.projects] == [
        ("/src/web", "services/web/pyproject.toml", ("a",), False),
        ("/tool", "tool/setup.cfg", (), False),
        ("/app", "services/web/pyproject.toml", (), True),
    ]
