"""Whether a `try` around an import is followed by a question about it."""

import pytest

from pruner.static.sites import scan
from pruner.static.values import Scan

TRY = "try:\n    import x\nexcept ImportError:\n    x = None\n"


@pytest.mark.parametrize(
    ("text", "guard"),
    [
        (TRY + "def f():\n    return x.load()\n", "module"),
        (TRY + "f(key=x.load)\n", "module"),
        (TRY.replace("x = None", "pass") + "x.load()\n", "module"),
        (TRY.replace("import x", "from x import load as x") + "x()\n", "module"),
        ("def f():\n try:\n  import x\n except ImportError:\n  x = None\n x.load()\n", "function"),
        (TRY, "try"),
        (TRY + "if x.ready: x.load()\n", "module"),
        (TRY + "if x: x.load()\n", "try"),
        (TRY + "assert x is not None\nx.load()\n", "try"),
        (TRY + "y = x and x.load()\n", "try"),
        (TRY + "check(x)\nx.load()\n", "try"),
        (TRY + "def g(): return x\nx.load()\n", "try"),
        (TRY + "try:\n    x.load()\nexcept AttributeError:\n    pass\n", "try"),
        (TRY + "try:\n    x.load()\nexcept OSError:\n    pass\n", "module"),
        (TRY.replace("x = None", "x = fake") + "x.load()\n", "try"),
        (TRY.replace("x = None", "HAS = False") + "x.load()\n", "try"),
        (TRY.replace("import x", "import x; HAS = 1") + "x.load()\n", "try"),
        (TRY + "else:\n    HAS = True\nx.load()\n", "try"),
    ],
)
def test_a_name_that_is_used_without_a_question_is_needed(text: str, guard: str) -> None:
    result = scan(text, "a.py", "a", is_package=False, strings=True)
    assert isinstance(result, Scan)
    assert [site.guard.value for site in result.sites] == [guard]


def test_only_first_party_code_is_held_to_it() -> None:
    result = scan(TRY + "x.load()\n", "a.py", "a", is_package=False)
    assert isinstance(result, Scan)
    assert [site.guard.value for site in result.sites] == ["try"]
