"""Subjects of reports that a test makes: an ordinary one, and one whose every text is hostile."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from pruner.document import (
    SCHEMA,
    AgentReport,
    BaseImage,
    Confidence,
    Document,
    LockFiles,
    ProofReport,
    Restored,
    Sizes,
)
from pruner.image.measures import BuildReport, Measure, Start
from pruner.model import Conflict, Finding, Outcome, Verdict
from pruner.report.subject import Pinned, PinnedFile, Subject

DIGEST = "ab" * 32
HOSTILE = (
    "</details><script>alert(1)</script>|`x`\n# @everyone #12 https://evil.example www.evil.example"
    " :smile: [a](javascript:x) ![b](http://e/x.png) <img src=x onerror=1> \\| \"'"
    "&amp; \x00\x1b[31m"
    "\u202e]]>\r"
)


def verdict(name: str, version: str = "1.0", **more: object) -> Verdict:
    given: dict[str, Any] = {
        "verdict": "keep",
        "level": "observed",
        "size_bytes": 1000,
        "why": f"loaded: {name}",
    }
    return msgspec.convert({"name": name, "version": version, **given, **more}, Verdict)


def finding(code: str = "PRN101", severity: str = "warning", where: str = "app/x.py:3") -> Finding:
    return Finding(code=code, severity=severity, where=where, what="imports y", fix="add y")


def document(**more: object) -> Document:
    rows = (
        verdict("web", needs=("url-lib", "gone"), used_by=("",)),
        verdict("url_lib", "2.0", needs=("web",), used_by=("web",), size_bytes=500),
        verdict("own-app", own=".", needs=("web",), used_by=("",)),
        verdict(
            "gone", verdict="drop", level="unused", size_bytes=2_000_000, why="nothing needs it"
        ),
    )
    exercises = (Outcome("GET /", "200", ok=True), Outcome("run x", "exit 0", ok=True))
    given: dict[str, Any] = {
        "agents": (AgentReport("agent", "ok", 12, 1.25, exercises),),
        "distributions": rows,
        "findings": (finding(), finding("PRN110", "note", "agent")),
        "lock": LockFiles("locks/app/requirements.txt", "locks/app/pylock.toml", 2),
        "size_bytes": Sizes(2_002_500, 2500),
        "proof": ProofReport(
            passed=True, rounds=1, restored=(Restored("web", "put back"),), touched=("url", "web")
        ),
        "confidence": Confidence(0.875, ("all of it",)),
        "base": BaseImage("python:3.11-slim", f"sha256:{DIGEST}"),
    }
    named: dict[str, Any] = {"image": "app", "runtime": "local", "policy": "minimal"}
    named["python"] = "3.11.2"
    return Document(schema=SCHEMA, **{**named, **given, **more})


def build(**more: object) -> BuildReport:
    def measure(count: int) -> Measure:
        starts = (Start("agent", 0.5, 10_000_000),)
        return Measure(count, count // 3, 5, 1000, 60.5, 1.5, starts=starts)

    given: dict[str, Any] = {
        "proof": ProofReport(passed=True, rounds=1),
        "agents": document().agents,
        **more,
    }
    return BuildReport(
        image="app", base_bytes=None, original=measure(9_000_000), minimal=measure(3_000_000),
        **given,
    )  # fmt: skip


def pins() -> tuple[Pinned, ...]:
    url = "https://files.example/web-1.0-py3-none-any.whl"
    return (
        Pinned(
            name="url-lib",
            version="2.0",
            index="https://index.example/simple",
            files=(
                PinnedFile("https://files.example/a.whl", {"sha256": DIGEST}, 10),
                PinnedFile("https://files.example/a.tar.gz", {"sha256": DIGEST, "x": "y"}, 10),
            ),
        ),
        Pinned(name="web", version="1.0", files=(PinnedFile(url, {"sha256": DIGEST}),)),
    )


def subject(image: str = "app", **more: object) -> Subject:
    given: dict[str, Any] = {"document": document(), "pins": pins()}
    given["proven_at"] = "2026-11-24T10:02:03Z"
    return Subject(image=image, **{**given, **more})


def hostile(text: str = HOSTILE, rows: int = 3, image: str = "app") -> Subject:
    """Return a subject all of whose texts are the same one."""
    row = verdict(text, text, level=text, why=text or "?", needs=(text,), used_by=(text,))
    bad = (
        *(msgspec.structs.replace(row, name=f"{text}{number}") for number in range(rows)),
        *(
            msgspec.structs.replace(row, name=f"{text}-{number}", verdict="drop")
            for number in range(rows)
        ),
    )
    item = Finding(code=text, severity=text, where=text, what=text, fix=text, size_bytes=10**400)
    outcome = Outcome(text, text, ok=False, detail=text)
    whole = document(
        runtime=text, policy=text, python=text, distributions=bad,
        agents=(AgentReport(text, text, 1, 1e300, (outcome, outcome)),),
        findings=tuple(
            msgspec.structs.replace(item, what=f"{text}{number}") for number in range(rows)
        ),
        conflicts=(Conflict(kind=text, distributions=(text,), why=text, settled=False),),
        proof=ProofReport(
            passed=False, rounds=1, restored=(Restored(text, text),), touched=(text,),
            differences=(text, f"{text}: {text} gave {text}", f"{text}: {text}"),
        ),
        size_bytes=Sizes(10**400, -(10**400)),
        base=BaseImage(text, text),
        lock=LockFiles(text, text, 10**30),
    )  # fmt: skip
    file = PinnedFile(text, {"sha256": text, "md5": DIGEST, text: text}, 10**400)
    return Subject(
        image=image, document=whole, previous=document(), build=build(proof=whole.proof),
        pins=(Pinned(name=text, files=(file,)),), findings=(finding(text, text, text),),
        proven_at=text, budget_bytes=1,
    )  # fmt: skip


TEXTS = st.text(max_size=20) | st.sampled_from([HOSTILE, "", "a|b", "``", "@a", "www.x.y", "]]>"])
