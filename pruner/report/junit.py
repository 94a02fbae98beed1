"""The proofs as JUnit's XML, which CI shows beside other tests: one suite an image.

By the schema of Jenkins (junit-10.xsd of its xunit plugin).
"""

from collections.abc import Callable, Iterator, Sequence
from io import BytesIO

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite
from junitparser.junitparser import FinalResult

from pruner.document import AgentReport, ProofReport
from pruner.model import AgentStatus, Outcome
from pruner.report.subject import Subject
from pruner.report.text import plain

MOST_SECONDS = 10_000_000.0
BROKEN = "can no longer be imported whole"
"""How jobs/prove.py ends the line on an import name."""


def junit(subjects: Sequence[Subject]) -> bytes:
    """Return the proofs of images: one test for each agent, exercise and import name."""
    suites: list[TestSuite] = []
    for subject in subjects:
        document, build = subject.document, subject.build
        suites.append(_suite(subject, subject.image, document.proof, document.agents))
        if build is not None:
            suites.append(_suite(subject, f"{subject.image} (built)", build.proof, build.agents))
    root = JUnitXml("pruner")
    for suite in suites:
        root.append(suite)
    root.tests = sum(suite.tests for suite in suites)
    root.failures = sum(suite.failures for suite in suites)
    root.errors = sum(suite.errors for suite in suites)
    root.time = round(sum(suite.time for suite in suites), 3)
    out = BytesIO()
    root.write(out, pretty=True)
    return out.getvalue()


def _suite(
    subject: Subject, name: str, proof: ProofReport | None, agents: Sequence[AgentReport]
) -> TestSuite:
    suite = TestSuite(plain(name))
    if subject.proven_at is not None:
        suite.timestamp = plain(subject.proven_at).removesuffix("Z")
    document = subject.document
    facts = {"runtime": document.runtime, "policy": document.policy, "python": document.python}
    for key, value in facts.items():
        suite.add_property(key, plain(value))
    suite.extend(_cases(suite.name, proof, agents))
    suite.update_statistics()
    return suite


def _cases(
    suite: str, proof: ProofReport | None, agents: Sequence[AgentReport]
) -> Iterator[TestCase]:
    if proof is None:
        yield _case(suite, "the proof", Skipped("there was none"))
        return
    left = list(proof.differences)
    for agent in agents:
        yield from _agent(suite, agent, left)
    for name in proof.touched:
        line = _taken(left, f"{name} {BROKEN}".__eq__)
        yield _case(f"{suite}.imports", f"import {name}", Failure(plain(line)) if line else None)
    yield from (_case(suite, "the proof", Failure(plain(line))) for line in left)
    if not proof.passed and not proof.differences:
        yield _case(suite, "the proof", Failure("it did not pass"))


def _agent(suite: str, agent: AgentReport, left: list[str]) -> Iterator[TestCase]:
    """Yield the tests of an agent; what it did not get to is skipped."""
    where = f"{suite}.{agent.name}"
    exercises = [_exercise(where, agent, item, left) for item in agent.exercises]
    died = _taken(left, lambda line: line.startswith(f"{agent.name}: "))
    if died is None and agent.status not in {AgentStatus.OK, AgentStatus.FAILED}:
        died = f"{agent.name}: {agent.status}"
    start = _case(where, "starts", Error(plain(died)) if died else None)
    start.time = round(min(max(agent.seconds, 0.0), MOST_SECONDS), 3)
    yield start
    for case in exercises:
        if died is not None and not case.result:
            case.result = [Skipped("the agent did not run to its end")]
        yield case


def _exercise(where: str, agent: AgentReport, item: Outcome, left: list[str]) -> TestCase:
    start = f"{agent.name}: {item.name} "
    line = _taken(left, lambda line: line.startswith((f"{start}gave ", f"{start}was not run")))
    if line is None and not item.ok:
        line = f"{start}gave {item.outcome}" + (f": {item.detail}" if item.detail else "")
    return _case(where, item.name, Failure(plain(line)) if line else None)


def _taken(left: list[str], fits: Callable[[str], bool]) -> str | None:
    """Take the first line that fits out of those that are left."""
    for number, line in enumerate(left):
        if fits(line):
            return left.pop(number)
    return None


def _case(where: str, name: str, result: FinalResult | None) -> TestCase:
    case = TestCase(plain(name), classname=plain(where))
    if result is not None:
        case.result = [result]
    return case
