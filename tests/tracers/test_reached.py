"""Programs that are run, and hosts that are tried."""

import shutil

from traced import Home


def test_programs_by_their_paths(each: Home) -> None:
    tool = each.python.parent / "tool"
    tool.write_text("#!/bin/sh\nexit 0\n")
    tool.chmod(0o755)
    each.run(
        """\
        import os, pathlib, subprocess, sys
        here = os.path.dirname(sys.executable)
        path = here + os.pathsep + os.environ["PATH"]
        subprocess.run(["tool"], env={"PATH": path})
        subprocess.run([pathlib.Path("/bin/true")])
        subprocess.run("cat </dev/null | true", shell=True)
        os.system("ls >/dev/null")
        subprocess.run("./tool", cwd=here)
        try:
            subprocess.run(["ffmpeg-that-is-missing"])
        except OSError:
            pass
        if os.fork() == 0:
            os.execlp("head", "head", "/dev/null")
        os.wait()
        """,
    )
    found = {item.what: item.by for item in each.events().spawned}
    where = {name: shutil.which(name) for name in ("cat", "ls", "head")}
    lines = {str(tool): 4, "/bin/true": 5, "/bin/sh": 6, where["cat"]: 6, where["ls"]: 7}
    lines |= {"ffmpeg-that-is-missing": 10, where["head"]: 14}
    assert found == {name: f"{each.work}/program.py:{line}" for name, line in lines.items()}


def test_a_console_script_and_what_it_loads(each: Home) -> None:
    each.module("tool.__init__")
    each.module("tool.cli", "def main():\n    import tool.deep\n")
    each.module("tool.deep")
    script = each.python.parent / "tool"
    script.write_text(f"#!{each.python}\nfrom tool.cli import main\nmain()\n")
    script.chmod(0o755)
    each.run(
        """\
        import os, subprocess, sys
        subprocess.run([os.path.dirname(sys.executable) + "/tool"], check=True)
        """
    )
    assert each.knows("tool.cli", "tool.deep")
    assert [(item.what, item.by) for item in each.events().spawned] == [
        (str(script), f"{each.work}/program.py:2")
    ]


def test_hosts_that_are_tried(each: Home) -> None:
    each.run(
        """\
        import http.client, socket
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            port = server.getsockname()[1]
        print(port)
        for host in ("localhost", "name.invalid"):
            try:
                http.client.HTTPConnection(host, port, timeout=5).request("GET", "/")
            except OSError:
                pass
        try:
            socket.socket(socket.AF_INET6).connect(("::1", 9))
        except OSError:
            pass
        try:
            socket.socket(socket.AF_UNIX).connect("/nowhere")
        except OSError:
            pass
        try:
            socket.gethostbyname(socket.gethostname())
        except OSError:
            pass
        """,
        *(["-W", "ignore"]),
    )
    script = f"{each.work}/program.py"
    found = each.events()
    assert {item.what: item.by for item in found.resolved} == {
        "localhost": f"{script}:8",
        "name.invalid": f"{script}:8",
    }
    connected = {item.what.rpartition(":")[0]: item.by for item in found.connections}
    assert connected.pop("127.0.0.1") == f"{script}:8"
    assert connected == {"[::1]": connected["[::1]"]}


def test_what_an_agent_claims_in_audit_events_harms_nobody(home: Home) -> None:
    home.run(
        """\
        import sys
        for event in ("open", "socket.connect", "socket.getaddrinfo", "os.system", "os.exec"):
            for args in ((), (None,), (object(), 7), ("/x-packages/y", None, "z"), (1, ("h", -1))):
                sys.audit(event, *args)
        sys.audit("socket.connect", None, ("h", 1 << 5000))
        """
    )
    assert home.events().torn == ()
