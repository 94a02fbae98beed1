"""The rows of gpu.toml: what only a GPU uses, and how a library is asked whether it can use one."""

from enum import StrEnum

from pruner.rules.reading import Rule, rows


class GpuName(Rule, frozen=True, kw_only=True):
    """A row of gpu.toml: a distribution, or a pattern (fnmatch), that nothing but a GPU uses."""

    distribution: str
    why: str


class Answer(StrEnum):
    """What an answer says when it is compared with an earlier one."""

    YES = "yes"  # true, or a number above nothing, is what may be lost
    MEMBERS = "members"  # what an earlier list had
    DETAIL = "detail"  # nothing: it is shown


class GpuCheck(Rule, frozen=True, kw_only=True):
    """A row of gpu.toml: a question to a library, one expression of Python over its module.

    `MODEL` in it is a model of ONNX with one node. `subject` is who is asked, in a report.
    """

    module: str
    expression: str
    what: str
    subject: str
    answer: Answer


def gpu_names() -> tuple[GpuName, ...]:
    """Return what only a GPU uses."""
    return rows("gpu", GpuName, "names")


def gpu_checks() -> tuple[GpuCheck, ...]:
    """Return the questions, those of one module in their order."""
    return rows("gpu", GpuCheck, "checks")
