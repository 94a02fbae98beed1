"""Two runs of the same project write the same verdicts, but for the seconds that they took."""

from pathlib import Path
from typing import Any

import msgspec
import tomlkit

from support import project, run

AGENT = """\
ready = { http = "/", port = 8000, timeout = 30 }
exercise = [{ http = "GET /", port = 8000 }]
"""
CODE = """\
async def app(scope, receive, send):
    import idna

    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": idna.encode("x.example")})
"""


def _verdicts(root: Path) -> dict[str, Any]:
    done = run("lock", "--image", "app", "--runtime", "local", cwd=root)
    assert done.code == 0, done.err
    found: dict[str, Any] = msgspec.json.decode((root / "locks/app/verdicts.json").read_bytes())
    for agent in found["agents"]:
        assert agent.pop("seconds") > 0
    return found


def test_a_console_script_has_the_same_name_in_every_run(tmp_path: Path) -> None:
    root = project(tmp_path, code=CODE, agent=AGENT, requirements="idna==3.10\nuvicorn\nsix\n")
    path = root / "pruner.toml"
    config = tomlkit.parse(path.read_text(encoding="utf-8")).unwrap()
    (agent,) = config["images"]["app"]["agents"]
    del agent["module"]
    agent["command"] = ["uvicorn", "app.__main__:app", "--port", "8000"]
    path.write_text(tomlkit.dumps(config), encoding="utf-8")
    first, second = _verdicts(root), _verdicts(root)
    assert first == second
    rows = {row["name"]: row for row in first["distributions"]}
    assert rows["click"]["chain"][0].startswith("bin/uvicorn:")
