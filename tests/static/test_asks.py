"""What code asks for by a call that is no import: programs, metadata, what a child imports."""

import ast

import pytest

from pruner.model import Guard
from pruner.static.commands import programs
from pruner.static.sites import scan
from pruner.static.texts import texts
from pruner.static.values import Scan

HEAD = """\
import os, shutil, subprocess, sys, asyncio
from importlib import metadata
from importlib.metadata import version
from subprocess import run
"""


def read(text: str) -> Scan:
    found = scan(HEAD + text, "app/main.py", "app.main", is_package=False)
    assert isinstance(found, Scan)
    return found


def asked(text: str, kind: str = "script") -> list[str]:
    return [ask.what for ask in read(text).asks if ask.kind == kind]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("run(['black', path])", ["black"]),
        ("subprocess.Popen(args=('black', '-q'))", ["black"]),
        ("subprocess.check_output('black -q', shell=True)", ["black"]),
        ("CMD = ['black', '-q']\nrun(CMD + files)", ["black"]),
        ("CMD = 'black'\nrun([CMD, *files])", ["black"]),
        ("run(['/usr/local/bin/black'])", ["black"]),
        ("run(['env', 'A=1', 'black'])", ["env", "black"]),
        ("run(['sh', '-c', 'cd x && exec black .'])", ["cd", "exec", "black"]),
        ("run(['black' if new else 'yapf'])", ["black", "yapf"]),
        ("os.system(f'black -q {path}')", ["black"]),
        ("os.system(f'black{version} -q')", []),
        ("os.execvp('black', ['black', '-q'])", ["black"]),
        ("os.execlp('black', 'black', '-q')", ["black"]),
        ("shutil.which('black')", ["black"]),
        ("async def f():\n    await asyncio.create_subprocess_exec('black', path)", ["black"]),
        ("run([name, 'black'])", []),
        ("run(argv)", []),
        ("run()", []),
        ("other.run(['black'])", []),
    ],
)
def test_programs(text: str, wanted: list[str]) -> None:
    assert asked(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("version('black')", ["black"]),
        ("metadata.distribution(distribution_name='black')", ["black"]),
        ("for name in ('black', 'yapf'):\n    version(name)", ["black", "yapf"]),
        ("import pkg_resources\npkg_resources.require('black[jupyter]')", ["black[jupyter]"]),
        ("version(name)", [""]),  # only a run tells which
        ("version('')", [""]),
    ],
)
def test_metadata(text: str, wanted: list[str]) -> None:
    assert asked(text, "metadata") == wanted


@pytest.mark.parametrize(
    ("caught", "guard"),
    [
        ("metadata.PackageNotFoundError", Guard.TRY),
        ("ImportError", Guard.TRY),
        ("KeyError", Guard.MODULE),
    ],
)
def test_metadata_whose_absence_is_coped_with(caught: str, guard: Guard) -> None:
    found = read(f"try:\n    version('black')\n    import yapf\nexcept {caught}:\n    pass")
    assert [ask.guard for ask in found.asks] == [guard]
    copes = caught == "ImportError"  # the import beside it is another question
    assert (found.sites[-1].guard is Guard.TRY) is copes


@pytest.mark.parametrize(
    ("text", "sites"),
    [
        ("run([sys.executable, '-m', 'black'])", [("black", "__main__")]),
        ("run(['python3', '-mblack', path])", [("black", "__main__")]),
        ("ours([sys.executable, '-m', 'black', path])", [("black", "__main__")]),
        ("CMD = (sys.executable, '-m', 'black')\nours(CMD)", [("black", "__main__")]),
        ("ours(['python', '-m', 'black'])", []),
        ("run([sys.executable, '-m', name])", []),
        ("run(['python', '-c', 'from black import x\\nimport y'])", [("black", "x"), ("y", None)]),
        ("run([sys.executable, '-c', 'import (('])", []),
        ("run([sys.executable, 'x.py'])", []),
    ],
)  # fmt: skip
def test_what_a_child_imports(text: str, sites: list[tuple[str, str | None]]) -> None:
    found = [site for site in read(text).sites if site.dynamic]
    assert [(site.module, site.symbol) for site in found] == sites
    assert all(site.platform for site in found)  # another interpreter may be meant: no finding


@pytest.mark.parametrize(
    ("argv", "wanted"),
    [
        (["dumb-init", "--", "python", "-m", "app"], ["dumb-init", "python"]),
        (["/usr/bin/gunicorn", "app:app"], ["gunicorn"]),
        (["sh", "-c", "exec dumb-init celery -A x"], ["exec", "dumb-init", "celery"]),
        (["A=1", "black"], ["black"]),
        (["sh"], []),
        (["sh", "-c", "'"], []),
        ([], []),
    ],
)
def test_programs_of_a_command(argv: list[str], wanted: list[str]) -> None:
    assert list(programs(argv)) == wanted


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("os.path.join(folder, 'certifi', 'cacert.pem')", ["certifi/cacert.pem"]),
        ("folder / 'certifi' / 'cacert.pem'", ["certifi/cacert.pem"]),
        ("open(f'{folder}/x', 'rb')", []),
        ("Path(folder, 'certifi/cacert.pem')", ["certifi/cacert.pem"]),
        ("folder / name / 'cacert.pem'", []),
        ("folder / 'certifi' / name", []),
    ],
)
def test_texts_that_are_a_path_together(text: str, paths: list[str]) -> None:
    assert [word for word in texts(ast.parse(text)) if "/" in word] == paths
