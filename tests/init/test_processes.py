"""`pruner init` where one container runs several processes, or a script starts them."""

from pathlib import Path

from pruner.config import load
from trees import init, tree

COPIED = "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n"
FILES = {"requirements.txt": "honcho\n", "web.py": "", "jobs/__init__.py": ""}


def _agents(root: Path) -> dict[str, tuple[str, ...]]:
    (image,) = load(None, root).images.values()
    return {agent.name: agent.argv for agent in image.agents}


def test_a_procfile(tmp_path: Path) -> None:
    procfile = "# comment\nweb: gunicorn web:app --bind 0.0.0.0:$PORT\nrelease: python x.py\n"
    procfile += "worker: python -m jobs\n"
    root = tree(
        tmp_path, {**FILES, "Procfile": procfile, "Dockerfile": f"{COPIED}CMD honcho start\n"}
    )
    assert init(root).lines("guess: image")
    assert _agents(root) == {
        "web": ("/bin/sh", "-c", "gunicorn web:app --bind 0.0.0.0:$PORT"),
        "worker": ("python", "-m", "jobs"),
    }
    assert "# guess: Procfile:4" in (root / "pruner.toml").read_text()


def test_a_procfile_beside_a_command_is_for_somewhere_else(tmp_path: Path) -> None:
    files = {**FILES, "Procfile": "web: x\n", "Dockerfile": f"{COPIED}CMD python web.py\n"}
    init(tree(tmp_path, files))
    assert _agents(tmp_path) == {"web": ("python", "web.py")}


def test_supervisord(tmp_path: Path) -> None:
    conf = "[supervisord]\nnodaemon=true\n[program:web]\ncommand=uvicorn web:app --port 80 ; x\n"
    conf += "[program:jobs]\ncommand = python -m jobs\n"
    dockerfile = f'{COPIED}COPY conf/s.conf /etc/s.conf\nCMD ["supervisord", "-c", "/etc/s.conf"]\n'
    root = tree(tmp_path, {**FILES, "conf/s.conf": conf, "Dockerfile": dockerfile})
    init(root)
    assert _agents(root) == {
        "web": ("uvicorn", "web:app", "--port", "80"),
        "jobs": ("python", "-m", "jobs"),
    }


def test_a_script_that_starts_several(tmp_path: Path) -> None:
    script = "#!/bin/sh\nset -e\npython -m jobs &\nuvicorn web:app --port 81 & # on\nwait\n"
    dockerfile = f'{COPIED}ENTRYPOINT ["./start.sh"]\n'
    init(tree(tmp_path, {**FILES, "start.sh": script, "Dockerfile": dockerfile}))
    assert _agents(tmp_path) == {
        "jobs": ("python", "-m", "jobs"),
        "web": ("uvicorn", "web:app", "--port", "81"),
    }


def test_a_script_that_hands_on_is_part_of_the_command(tmp_path: Path) -> None:
    script = '#!/bin/sh\npython -m jobs &\npython prepare.py &\nexec "$@"\n'
    dockerfile = f'{COPIED}ENTRYPOINT ["./start.sh"]\nCMD ["python", "web.py"]\n'
    init(tree(tmp_path, {**FILES, "start.sh": script, "Dockerfile": dockerfile}))
    assert _agents(tmp_path) == {"web": ("./start.sh", "python", "web.py")}
