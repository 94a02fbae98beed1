import pytest

from pruner.static.entry import child_imports, entry_files
from pruner.static.tree import read_tree
from support import Write

FILES = dict.fromkeys(
    [
        *("run.py", "app/__init__.py", "app/main.py", "app/celery.py", "app/__main__.py"),
        *("app/sub/__init__.py", "app/sub/mod.py", "space/tool.py", "tools/one.py", "worker.py"),
    ],
    "",
)
MAIN = ("app/__init__.py", "app/main.py")
MOD = ("app/__init__.py", "app/sub/__init__.py", "app/sub/mod.py")
PKG = ("app/__init__.py", "app/__main__.py")

CASES = [
    ("python -m app.main", MAIN),
    ("python -m app", PKG),
    ("python3.11 -u -O -m app.sub.mod --port 80", MOD),
    ("/usr/bin/python3 -uOm app.main", MAIN),
    ("python -W ignore -X dev -mapp.main", MAIN),
    ("python -Wignore --check-hash-based-pycs never -m app.main", MAIN),
    ("python -m space.tool", ("space/tool.py",)),
    ("python -m sub.mod", MOD),
    ("python -m http.server", ()),
    ("python run.py", ("run.py",)),
    ("python3 -u ./run.py", ("run.py",)),
    ("python -u /srv/code/run.py -m app.main", ("run.py",)),
    ("python /app/main.py", ("app/main.py",)),
    ("python one.py", ("tools/one.py",)),
    ("python app", ("app/__main__.py",)),
    ("./run.py", ("run.py",)),
    ("python", ()),
    ("python -", ()),
    ("python -m", ()),
    ("python -V", ()),
    ("python -m uvicorn app.main:app --port 80", MAIN),
    ("uvicorn app.main:app", MAIN),
    ("/venv/bin/uvicorn --factory app.main:create", MAIN),
    ("gunicorn -k uvicorn.workers.UvicornWorker app.main:create_app()", MAIN),
    ("hypercorn app", ("app/__init__.py",)),
    ("celery -A app worker -l info", ("app/__init__.py", "app/celery.py")),
    ("celery --app=app.main worker", MAIN),
    ("python -m celery -A app worker", ("app/__init__.py", "app/celery.py")),
    ("flask --app app.main:create run", MAIN),
    ("arq app.main.WorkerSettings", MAIN),
    ("streamlit run app/main.py", ("app/main.py",)),
    ("torchrun --nproc_per_node 2 run.py", ("run.py",)),
    ("coverage run -m app", PKG),
    ("timeout 60 python -u -m app", PKG),
    ("env PYTHONPATH=/x python -m app.main", MAIN),
    ("tini -- python -m app.main", MAIN),
    ("redis-server --port 6379", ()),
]


@pytest.mark.parametrize(("command", "files"), CASES)
def test_command(write: Write, command: str, files: tuple[str, ...]) -> None:
    assert entry_files(read_tree(write(FILES), ["."]), command.split()) == files


LINES = [
    (["sh", "-c", "exec python -m app.main"], MAIN),
    (["/bin/bash", "-lc", "cd /app && A=1 python -u run.py > log 2>&1"], ("run.py",)),
    (["sh", "-c", "python run.py; python -m app.main &"], (*MAIN, "run.py")),
    (["sh", "-c", "(bash -c 'python run.py')"], ("run.py",)),
    (["sh", "-c", "python 'run.py"], ()),
    (["sh", "-c"], ()),
    (["sh", "start.sh"], ()),
    (["python", "-c", "import app.main"], MAIN),
    (["python", "-c", "from app.sub import mod; mod.run()"], MOD),
    (["python", "-c", "import runpy; runpy.run_module('app')"], PKG),
    (["python", "-c", "import ="], ()),
    ([], ()),
    ([""], ()),
]


@pytest.mark.parametrize(("argv", "files"), LINES)
def test_line(write: Write, argv: list[str], files: tuple[str, ...]) -> None:
    assert entry_files(read_tree(write(FILES), ["."]), argv) == files


def test_a_source_folder_that_is_no_package(write: Write) -> None:
    tree = read_tree(write({"src/app/__init__.py": "", "src/app/main.py": ""}), ["src"])
    for name in ("app.main", "src.app.main"):
        assert "src/app/main.py" in entry_files(tree, ["python", "-m", name])


@pytest.mark.parametrize(
    ("argv", "names"),
    [
        (["python", "-m", "http_check"], ("http_check", "http_check.__main__")),
        (["sh", "-c", "python -c 'from a import b' && python -m c"], ("a.b", "c", "c.__main__")),
        (["python", "-c", "try:\n    import a\nexcept ImportError: pass"], ()),
        (["python", "check.py"], ()),
        ([], ()),
    ],
)
def test_what_a_command_has_python_import(argv: list[str], names: tuple[str, ...]) -> None:
    assert child_imports(argv) == names
