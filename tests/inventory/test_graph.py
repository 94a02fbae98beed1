import pytest

from pruner.inventory.graph import neutral, with_graph
from pruner.model import Distribution, Inventory

LINUX = {
    "python_version": "3.9",
    "python_full_version": "3.9.18",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
    "os_name": "posix",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "implementation_version": "3.9.18",
    "platform_release": "",
    "platform_version": "",
}


def inventory(*dists: Distribution) -> Inventory:
    return Inventory(
        python="3.9.18",
        executable="python",
        markers=LINUX,
        site_dirs=(),
        stdlib_dirs=(),
        distributions=dists,
    )


def dist(name: str, *requires: str) -> Distribution:
    return Distribution(name=name, version="1.0", requires=requires)


def test_markers_are_those_of_the_sandbox_s_interpreter() -> None:
    lines = ['new ; python_version >= "3.10"', 'old ; python_version < "3.10"', "always>1"]
    assert list(neutral(lines, LINUX)) == ["old", "always>1"]


def test_an_extra_stays_one_and_its_other_conditions_are_evaluated() -> None:
    lines = ['a ; extra == "x" and python_version < "3.10"', 'b ; extra == "x" and os_name == "nt"']
    assert list(neutral(lines, LINUX)) == ['a ; extra == "x"']


def test_lines_that_nobody_reads_any_more_are_passed_over() -> None:
    assert list(neutral(["foo (>1.0", "bar"], LINUX)) == ["bar"]


def test_the_graph_has_installed_distributions_only_and_wanted_extras() -> None:
    found = with_graph(
        inventory(
            dist("web", "http>=1", "gone"),
            dist("http", 'socks ; extra == "socks"', 'speed ; extra == "speed"'),
            dist("socks"),
            dist("speed"),
        ),
        ["web", "http[socks]"],
    )
    assert found.requires == {"web": ("http",), "http": ("socks",), "socks": (), "speed": ()}


def test_a_distribution_that_asks_for_another_s_extra_gets_it() -> None:
    found = with_graph(
        inventory(dist("a", "b[fast]"), dist("b", 'c ; extra == "fast"'), dist("c")), ["a"]
    )
    assert found.requires["b"] == ("c",)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('b; python_version ~= "3"', ["b"]),
        ('b; extras == "a"', ["b"]),
        ("b; " + "(" * 5000 + 'os_name == "posix"' + ")" * 5000, []),
        ("b @ http://[::1", ["b"]),
        ("../../b", []),
    ],
)
def test_a_requirement_that_no_tool_can_evaluate(line: str, expected: list[str]) -> None:
    assert list(neutral([line], {"python_version": "3.11", "os_name": "posix"})) == expected
