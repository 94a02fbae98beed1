"""Pins and their indexes, through the installed command, on real indexes that the tests make."""

import ipaddress
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from index import guarded, served, source, wheel
from pruner.sandbox import uv
from support import Done, assert_error, assert_nothing_left, client, project, run

CODE = "import idna, tinyspecial\nprint(tinyspecial.WHO, idna.__version__)\n"

WHAT = "name='tinyspecial', version='1.0', py_modules=['tinyspecial']"


def _lock(root: Path, *more: str, **env: str) -> Done:
    done = run("lock", "--image", "app", "--once", "--runtime", "local", *more, cwd=root, env=env)
    assert_nothing_left(done.pid)
    return done


def _requirements(root: Path) -> str:
    return (root / "locks/app/requirements.txt").read_text(encoding="utf-8")


def _package(root: Path, name: str) -> dict[str, Any]:
    document = tomllib.loads((root / "locks/app/pylock.toml").read_text(encoding="utf-8"))
    (package,) = [row for row in document["packages"] if row["name"] == name]
    return dict(package)


def _installs(root: Path, folder: Path, netrc: str = "") -> None:
    """Check that both installers take the lock, in both forms, and that the result runs."""
    lock = root / "locks/app/requirements.txt"
    pylock = str(lock.with_name("pylock.toml"))
    (folder / "netrc").write_text(netrc, encoding="utf-8")
    env = {**os.environ, "NETRC": str(folder / "netrc")}
    for name, argv in {
        "uv": [str(uv.binary()), "pip", "sync", "--no-config", "--require-hashes", str(lock)],
        "uv-pylock": [str(uv.binary()), "pip", "sync", "--no-config", "--preview", pylock],
        "pip": ["pip", "install", "--no-deps", "--require-hashes", "-r", str(lock)],
    }.items():
        venv = folder / name
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        python = str(venv / "bin" / "python")
        if name.startswith("uv"):
            argv[3:3] = ["--python", python]
        else:
            argv[:1] = [python, "-m", "pip", "-q", "--isolated"]
        done = subprocess.run(
            argv, check=False, cwd=folder, capture_output=True, text=True, env=env
        )
        assert done.returncode == 0, done.stderr
        subprocess.run([python, "-c", "import idna, tinyspecial"], check=True)


def test_an_option_on_the_line_is_a_finding_and_taken_for_what_is_meant(tmp_path: Path) -> None:
    wheel(tmp_path / "index", "tinyspecial", "1.0+cu121", "WHO = 'tinyspecial'\n")
    with served(tmp_path / "index") as url:
        line = f"tinyspecial==1.0+cu121 --extra-index-url {url}"
        root = project(tmp_path / "p", code=CODE, requirements=f"idna==3.10\n{line}\n")
        done = _lock(root, "--json")
        assert done.code == 1, done.err
        (finding,) = done.document.findings
        assert (finding.code, finding.severity) == ("PRN120", "error")
        assert finding.where == "requirements.txt:2"
        assert finding.fix == f"--extra-index-url {url}\ntinyspecial==1.0+cu121"
        assert f"PRN120 requirements.txt:2: `--extra-index-url {url}`" in done.err
        text = _requirements(root)
        assert f"# From {url} alone: tinyspecial.\n" in text
        assert (
            f"tinyspecial @ {url}/tinyspecial/tinyspecial-1.0%2Bcu121-py3-none-any.whl \\\n" in text
        )
        assert "--extra-index-url" not in text
        assert _package(root, "tinyspecial")["index"] == url
        assert _package(root, "idna")["index"] != url
        _installs(root, tmp_path)
        assert run("verify", "app", "--runtime", "local", cwd=root).code == 0


def test_the_wheel_that_is_installed_tells_its_index(tmp_path: Path) -> None:
    """Both have the version. By the order of the indexes alone the wrong one would be pinned."""
    wheel(tmp_path / "one", "tinyspecial", "1.0", "WHO = 'one'\n")
    wheel(tmp_path / "two", "tinyspecial", "1.0", "WHO = 'two'\n")
    wheel(tmp_path / "one", "idna", "3.9", "WHO = 'confused'\n")
    wheel(tmp_path / "two", "idna", "3.10", "__version__ = 'confused'\n")
    with served(tmp_path / "one") as one, served(tmp_path / "two") as two:
        for first, second in ((one, two), (two, one)):
            lines = f"--extra-index-url {first}\n--extra-index-url {second}\n"
            root = project(
                tmp_path / "p", code=CODE, requirements=f"{lines}idna==3.10\ntinyspecial==1.0\n"
            )
            done = _lock(root, "--json")
            assert done.code == 0, done.err
            pinned = _requirements(root).partition("tinyspecial @ ")[2]
            assert pinned.startswith(first), "uv installs from the first of them"
            assert _package(root, "tinyspecial")["index"] == first


def test_nothing_tells_the_index_and_a_person_does(tmp_path: Path) -> None:
    """It was built, and both indexes have a source: what a build makes is like neither."""
    for name in ("one", "two"):
        setup = f"from setuptools import setup\nsetup({WHAT})\n"
        files = {"setup.py": setup, "tinyspecial.py": f"WHO = '{name}'\n"}
        source(tmp_path / name, "tinyspecial", "1.0", files)
    with served(tmp_path / "one") as one, served(tmp_path / "two") as two:
        lines = f"--extra-index-url {one}\n--extra-index-url {two}\nidna==3.10\ntinyspecial==1.0\n"
        root = project(tmp_path / "p", code=CODE, requirements=lines)
        done = _lock(root, "--json")
        errors = [item for item in done.document.findings if item.severity == "error"]
        assert (done.code, [item.code for item in errors]) == (1, ["PRN122"]), done.err
        assert errors[0].where == "tinyspecial==1.0"
        assert errors[0].fix.endswith(f'"{one}" = ["tinyspecial"]\n"{two}" = ["tinyspecial"]')
        chosen = f'[images.app.indexes]\n"{two}" = ["tinyspecial"]\n'
        config = root / "pruner.toml"
        config.write_text(config.read_text(encoding="utf-8") + chosen, encoding="utf-8")
        assert _lock(root).code == 0
        assert f"tinyspecial @ {two}/tinyspecial/tinyspecial-1.0.tar.gz" in _requirements(root)


def test_a_folder_of_wheels_is_found_from_where_the_lock_lies(tmp_path: Path) -> None:
    root = project(
        tmp_path / "p",
        code=CODE,
        requirements="--find-links ./wheels\nidna==3.10\ntinyspecial==1.0\n",
    )
    wheel(root, "tinyspecial", "1.0", "WHO = 'folder'\n").parent.rename(root / "wheels")
    done = _lock(root)
    assert done.code == 0, done.err
    text = _requirements(root)
    assert "--find-links ../../wheels\n" in text
    assert str(tmp_path) not in text
    (file,) = _package(root, "tinyspecial")["wheels"]
    assert file["path"] == "../../wheels/tinyspecial-1.0-py3-none-any.whl"
    _installs(root, tmp_path)
    assert run("verify", "app", "--runtime", "local", cwd=root).code == 0


def test_an_index_that_does_not_have_it_is_a_mistake_in_the_configuration(tmp_path: Path) -> None:
    with served(tmp_path / "index") as url:
        chosen = f'[images.app.indexes]\n"{url}" = ["idna"]\n'
        root = project(tmp_path / "p", code="import idna\n", image=chosen)
        assert_error(
            _lock(root),
            2,
            f'images.app.indexes."{url}": has no idna 3.10',
            "name the index that it was installed from",
        )


SECRET = "s3cr3t-QZXJ"  # noqa: S105  of the index that the test makes

LEAKING = """\
import os
import idna, tinyspecial
where = f"postgresql://me:{os.environ['PASS']}@db/x?token={os.environ['PASS']}"
print(where)
raise SystemExit(where)
"""


def _assert_secret(*folders: Path) -> None:
    """Check that no file has the secret, but for those in which the test wrote it."""
    for folder in folders:
        for file in folder.rglob("*"):
            if file.is_file() and file.name != "pruner.toml":
                assert SECRET.encode() not in file.read_bytes(), file


@pytest.mark.parametrize("wrong", [False, True], ids=["right", "wrong"])
def test_a_password_is_used_and_written_nowhere(tmp_path: Path, *, wrong: bool) -> None:
    wheel(tmp_path / "index", "tinyspecial", "1.0", "WHO = 'special'\n")
    cache = tmp_path / "cache"
    env = {"TOKEN": SECRET, "PRUNER_CACHE": str(cache)}
    with guarded(tmp_path / "index", f"me:{'other' if wrong else SECRET}") as url:
        login = url.replace("://", "://me:${TOKEN}@")
        root = project(
            tmp_path / "p",
            code=LEAKING,
            agent=f'ready = {{ exit = 1 }}\nenv = {{ PASS = "{SECRET}" }}',
            requirements=f"--extra-index-url {login}\nidna==3.10\ntinyspecial==1.0\n",
        )
        done = _lock(root, "--json", **env)
        assert (done.code != 0) == wrong, done.err
        assert SECRET not in done.out + done.err
        _assert_secret(root, cache)
        if wrong:
            return
        assert "Credentials were left out" in _requirements(root)
        assert f"tinyspecial @ {url}/tinyspecial/" in _requirements(root)
        _installs(root, tmp_path, f"machine 127.0.0.1 login me password {SECRET}\n")
        for command in (["verify"], ["trace"], ["trace", "--append"]):
            done = run(*command, "app", "--runtime", "local", cwd=root, env=env)
            assert done.code == 0, done.err
            assert SECRET not in done.out + done.err
        config = root / "pruner.toml"
        config.write_text(config.read_text(encoding="utf-8").replace("exit = 1", "exit = 0"))
        done = _lock(root, **env)
        assert_error(done, 4, "postgresql://****@db/x?token=****")
        assert SECRET not in done.out + done.err
        _assert_secret(root, cache)


@pytest.mark.parametrize("text", ["idna==3.10 --index-url {}", "--indx-url {}", "-r {}/r.txt"])
def test_a_mistake_in_a_line_does_not_show_its_password(tmp_path: Path, text: str) -> None:
    line = text.format(f"http://me:{SECRET}@127.0.0.1:9/simple")
    done = _lock(project(tmp_path / "p", code="import idna\n", requirements=f"{line}\n"))
    assert done.code != 0
    assert SECRET not in done.out + done.err
    assert "http://****@127.0.0.1:9/simple" in done.err


IMAGE = """\
FROM python:3.11-slim
ENV PIP_EXTRA_INDEX_URL={url} PIP_TRUSTED_HOST={host}
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
CMD ["python", "-m", "app"]
"""


@pytest.mark.engine
@pytest.mark.parametrize("hidden", [False, True], ids=["dockerfile", "pip.conf"])
def test_an_index_that_the_image_names(tmp_path: Path, *, hidden: bool) -> None:
    """Host and containers both reach the bridge."""
    wheel(tmp_path / "index", "tinyspecial", "1.0+cu121", "WHO = 'special'\n")
    network = client().networks.get("bridge").attrs["IPAM"]["Config"][0]["Subnet"]
    bridge = str(next(ipaddress.ip_network(network).hosts()))
    with served(tmp_path / "index", bridge) as url:
        text = IMAGE.format(url=url, host=bridge)
        if hidden:
            conf = f"[global]\\nextra-index-url = {url}\\ntrusted-host = {bridge}\\n"
            text = re.sub("ENV .*", lambda _: f"RUN printf '{conf}' > /etc/pip.conf", text)
        lines = "idna==3.10\ntinyspecial==1.0+cu121\n"
        root = project(tmp_path / "p", code=CODE, requirements=lines, dockerfile=text)
        done = run("lock", "--image", "app", "--once", "--runtime", "docker", cwd=root)
        assert_nothing_left(done.pid)
        assert done.code == 0, done.err
        assert f"# From {url} alone: tinyspecial.\n" in _requirements(root)
        assert f"tinyspecial @ {url}/tinyspecial/" in _requirements(root)
