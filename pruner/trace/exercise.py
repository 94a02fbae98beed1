"""Exercises: what an agent is asked to do, from beside it."""

import msgspec

from pruner.config import Exercise
from pruner.model import Outcome
from pruner.sandbox.base import Environment, Session
from pruner.sandbox.probes import Answer, ask, probe


def exercise(environment: Environment, session: Session, task: Exercise) -> Outcome:
    """Do one exercise and say how it ended."""
    return _run(session, task) if task.run else _http(environment, session, task)


def _http(environment: Environment, session: Session, task: Exercise) -> Outcome:
    body = msgspec.json.encode(task.json).decode() if task.json is not None else task.body
    kind = {"Content-Type": "application/json"} if task.json is not None else {}
    order = {
        "http": [task.method, task.port, task.path],
        "headers": {**kind, **task.headers},
        "body": body,
        "expect": task.expect,
        "contains": task.contains,
        "timeout": task.timeout,
        "once": True,
    }
    answer = ask(session, probe(environment.python, session.tools), order, Answer)
    return Outcome(name=task.name, outcome=answer.outcome, ok=answer.ok, detail=answer.detail)


def _run(session: Session, task: Exercise) -> Outcome:
    done = session.run(task.run or (), timeout=task.timeout, traced=task.traced)
    if done.code is None:
        detail = f"not done after {task.timeout:g} s"
        return Outcome(name=task.name, outcome="timed out", ok=False, detail=detail)
    ok = done.code in task.expect
    printed = (done.stdout + done.stderr).decode("utf-8", "replace")
    if ok and task.contains is not None and task.contains not in printed:
        detail = f"{task.contains!r} is not in what it printed"
        outcome = f"exit {done.code}, text missing"
        return Outcome(name=task.name, outcome=outcome, ok=False, detail=detail)
    return Outcome(
        name=task.name, outcome=f"exit {done.code}", ok=ok, detail="" if ok else done.said
    )
