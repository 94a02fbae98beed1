from textwrap import dedent

import pytest

from pruner.model import Guard
from pruner.static.sites import import_sites, scan
from pruner.static.values import Scan

# Each row: what it is, the text, the guards of `import x…` in it, in order.
CASES = [
    ("plain", "import x", "module"),
    ("class body", "class A:\n    import x", "module"),
    ("function", "def f():\n    import x", "function"),
    ("async function", "async def f():\n    import x", "function"),
    ("method", "class A:\n    def f(self):\n        import x", "function"),
    ("class in a function", "def f():\n    class A:\n        import x", "function"),
    ("lambda", "from importlib import import_module as i\nf = lambda: i('x')", "function"),
    (
        "lambda default",
        "from importlib import import_module as i\nf = lambda a=i('x'): a",
        "module",
    ),
    ("default", "import importlib\ndef f(a=importlib.import_module('x')):\n    pass", "module"),
    ("decorator", "@__import__('x').wrap\ndef f():\n    pass", "module"),
    ("try", "try:\n    import x\nexcept ImportError:\n    x = None", "try"),
    ("not found", "try:\n    import x\nexcept ModuleNotFoundError:\n    x = None", "try"),
    ("wide", "try:\n    import x\nexcept Exception:\n    x = None", "try"),
    ("bare", "try:\n    import x\nexcept:\n    x = None", "try"),
    ("builtins", "import builtins\ntry:\n import x\nexcept builtins.ImportError:\n pass", "try"),
    ("tuple", "try:\n    import x\nexcept (OSError, ImportError):\n    x = None", "try"),
    ("group", "try:\n    import x\nexcept* ImportError:\n    x = None", "try"),
    ("another error", "try:\n    import x\nexcept OSError:\n    x = None", "module"),
    ("finally", "try:\n    import x\nfinally:\n    pass", "module"),
    ("raises", "try:\n    import x\nexcept ImportError:\n    raise", "module"),
    (
        "raises another",
        "try:\n import x\nexcept ImportError as e:\n raise OSError from e",
        "module",
    ),
    ("exits", "import sys\ntry:\n import x\nexcept ImportError:\n print()\n sys.exit(1)", "module"),
    (
        "raises, in a function",
        "def f():\n try:\n  import x\n except ImportError as e:\n  raise RuntimeError from e",
        "function",
    ),
    (
        "raises in both branches",
        "try:\n import x\nexcept ImportError:\n if a:\n  raise\n else:\n  raise OSError",
        "module",
    ),
    ("raises maybe", "try:\n import x\nexcept ImportError:\n if a:\n  raise", "try"),
    (
        "the first handler counts",
        "try:\n import x\nexcept ImportError:\n raise\nexcept Exception:\n pass",
        "module",
    ),
    ("alternative", "try:\n import x\nexcept ImportError:\n import xb as x", "try module"),
    (
        "then",
        "try:\n import x\nexcept ImportError:\n x = 0\nelse:\n import x.y, xb",
        "try try module",
    ),
    (
        "in the end",
        "try:\n import x\nexcept ImportError:\n pass\nfinally:\n import xb",
        "try module",
    ),
    ("a function in a try", "try:\n def f():\n  import x\nexcept ImportError:\n pass", "function"),
    ("a try in a function", "def f():\n try:\n  import x\n except ImportError:\n  return", "try"),
    ("suppress", "import contextlib\nwith contextlib.suppress(ImportError):\n import x", "try"),
    (
        "suppress alias",
        "from contextlib import suppress as s\nwith s(ImportError):\n import x",
        "try",
    ),
    (
        "suppress another",
        "from contextlib import suppress\nwith suppress(OSError):\n import x",
        "module",
    ),
    ("find_spec", "import importlib.util\nif importlib.util.find_spec('x'):\n import x.y", "try"),
    (
        "is not None",
        "from importlib.util import find_spec as f\nif f('x') is not None:\n import x",
        "try",
    ),
    (
        "is None",
        "from importlib.util import find_spec as f\nif f('x') is None:\n pass\nelse:\n import x",
        "try",
    ),
    ("walrus", "from importlib.util import find_spec\nif s := find_spec('x'):\n import x", "try"),
    (
        "another is found",
        "from importlib.util import find_spec\nif find_spec('q'):\n import x",
        "module",
    ),
    ("any is found", "from importlib.util import find_spec\nif find_spec(q):\n import x", "try"),
    (
        "not found here",
        "from importlib.util import find_spec\nif not find_spec('x'):\n import x",
        "module",
    ),
    (
        "a function where it was found",
        "from importlib.util import find_spec\nif find_spec('x'):\n def f():\n  import x",
        "try",
    ),
    (
        "flag",
        "from importlib.util import find_spec\nH = find_spec('x') is not None\nif H:\n import x",
        "try",
    ),
    (
        "flag of a try",
        "try:\n import x\n HAS = True\nexcept ImportError:\n HAS = False\nif HAS:\n import x.y",
        "try try",
    ),
    (
        "None of a try",
        "try:\n import x\nexcept ImportError:\n x = None\nif x is not None:\n import x.y",
        "try try",
    ),
    (
        "type checking",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n import x",
        "type-checking",
    ),
    ("module", "import typing as t\nif t.TYPE_CHECKING:\n import x", "type-checking"),
    ("alias", "from typing import TYPE_CHECKING as TC\nif TC:\n import x", "type-checking"),
    ("own flag", "TYPE_CHECKING = False\nif TYPE_CHECKING:\n import x", "type-checking"),
    (
        "else",
        "import typing\nif typing.TYPE_CHECKING:\n import x\nelse:\n import xb",
        "type-checking module",
    ),
    (
        "not",
        "import typing\nif not typing.TYPE_CHECKING:\n import x\nelse:\n import xb",
        "module type-checking",
    ),
    ("and", "import typing\nif typing.TYPE_CHECKING and q:\n import x", "type-checking"),
    ("or", "import typing\nif typing.TYPE_CHECKING or q:\n import x", "module"),
    ("False", "if False:\n import x\nelse:\n import xb", "type-checking module"),
    ("0", "if 0:\n import x", "type-checking"),
    (
        "elif",
        "if 0:\n import x\nelif q:\n import xb\nelse:\n import xc",
        "type-checking module module",
    ),
    ("True", "if True:\n import x\nelse:\n import xb", "module type-checking"),
    ("main", "if __name__ == '__main__':\n import x", "main"),
    ("main, turned", "if '__main__' == __name__:\n import x\nelse:\n import xb", "main module"),
    ("not main", "if __name__ != '__main__':\n import x\nelse:\n import xb", "module main"),
    ("a function of main", "if __name__ == '__main__':\n def f():\n  import x", "main"),
    (
        "version",
        "import sys\nif sys.version_info < (3, 11):\n import x\nelse:\n import xb",
        "module module",
    ),
    (
        "platform",
        "import sys\nif sys.platform == 'win32':\n import x\nelse:\n import xb",
        "module module",
    ),
    (
        "never beats try",
        "try:\n if False:\n  import x\nexcept ImportError:\n pass",
        "type-checking",
    ),
    (
        "try beats main",
        "try:\n if __name__ == '__main__':\n  import x\nexcept ImportError:\n pass",
        "try",
    ),
    ("match", "match a:\n case 1:\n  import x\n case _:\n  import xb", "module module"),
    ("loop", "for a in b:\n import x\nelse:\n import xb", "module module"),
    (
        "either",
        "from importlib import import_module as i\na = i('x') if b else i('xb')",
        "module module",
    ),
]


@pytest.mark.parametrize(
    ("text", "guards"), [row[1:] for row in CASES], ids=[row[0] for row in CASES]
)
def test_guard(text: str, guards: str) -> None:
    sites = import_sites(text, "a.py", "a", is_package=False)
    assert " ".join(site.guard for site in sites if site.module.startswith("x")) == guards


@pytest.mark.parametrize("guard", Guard)
def test_only_try_and_type_checking_cope(guard: Guard) -> None:
    assert guard.copes == (guard in {Guard.TRY, Guard.TYPE_CHECKING})


RELATIVE = [
    ("from . import a", "pkg.mod", False, "pkg:a"),
    ("from . import a", "pkg", True, "pkg:a"),
    ("from .a import b, c", "pkg.mod", False, "pkg.a:b pkg.a:c"),
    ("from ..a import b as c", "pkg.sub.mod", False, "pkg.a:b"),
    ("from ..a import b", "pkg.sub", True, "pkg.a:b"),
    ("from .a import *", "pkg", True, "pkg.a:*"),
    ("import a.b.c as d", "pkg", True, "a.b.c:None"),
    ("import a, b.c", "pkg", True, "a:None b.c:None"),
    ("from .. import a", "pkg.mod", False, ""),
    ("from . import a", "run", False, ""),
]


@pytest.mark.parametrize(("text", "module", "is_package", "expected"), RELATIVE)
def test_names(text: str, module: str, is_package: bool, expected: str) -> None:  # noqa: FBT001
    sites = import_sites(text, "a.py", module, is_package=is_package)
    assert " ".join(f"{site.module}:{site.symbol}" for site in sites) == expected


def test_lines_are_those_of_the_statement() -> None:
    text = dedent(
        """\
        \"\"\"Words.\"\"\"

        from a import (
            b,
            c,
        )
        """
    )
    assert [site.line for site in import_sites(text, "a.py", "a", is_package=False)] == [3, 3]


@pytest.mark.parametrize(
    ("test", "guards"),
    [
        ("sys.version_info >= (3, 11)", "module type-checking"),
        ("sys.version_info < (3, 11)", "type-checking module"),
        ("sys.version_info <= (3, 11)", "type-checking module"),
        ("sys.version_info[:2] <= (3, 11)", "module type-checking"),
        ("sys.version_info == (3, 11, 2)", "type-checking module"),
        ("sys.version_info >= (3, 11) and flag", "module module"),
        ("sys.version_info < (3, 11) and flag", "type-checking module"),
        ("sys.version_info >= (3, 11, 2, 'final')", "module module"),
        ("sys.version_info >= wanted", "module module"),
        ("sys.version_info[0] >= 3", "module module"),
        ("other.version_info >= (3, 12)", "module module"),
    ],
)
def test_a_branch_of_another_python_never_runs(test: str, guards: str) -> None:
    text = f"import sys as s\nimport sys\nif {test}:\n    import x\nelse:\n    import y\n"
    result = scan(text, "a.py", "a", is_package=False, python=(3, 11, 2))
    assert isinstance(result, Scan)
    found = [site.guard.value for site in result.sites if site.module in {"x", "y"}]
    assert found == guards.split()
    assert all(site.platform for site in result.sites if site.module == "x") == ("sys." in test)


def test_an_alternative_says_what_has_to_fail_first() -> None:
    text = (
        "try:\n import a.b as c\nexcept ImportError:\n import d\n"
        "try:\n from a import b\nexcept ImportError:\n import e\n"
        "try:\n import a\nexcept OSError:\n import f\n"
    )
    found = {
        site.module: site.instead for site in import_sites(text, "a.py", "x", is_package=False)
    }
    assert found == {"a.b": "", "d": "a.b", "a": "", "e": "", "f": ""}


@pytest.mark.parametrize(
    ("test", "gpu"),
    [
        ("torch.cuda.is_available()", True),
        ("not torch.cuda.is_available()", True),
        ("device.type == 'cuda' and flag", True),
        ("is_flash_attn_2_available()", True),
        ("os.path.exists('/dev/nvidiactl')", True),
        ("'CUDAExecutionProvider' in onnxruntime.get_available_providers()", True),
        ("torch.version.hip", True),
        ("fast", True),  # set to the answer above
        ("named", False),  # a name alone is no answer
        ("relationship", False),
        ("sys.platform == 'linux'", False),
    ],
)
def test_a_question_about_a_gpu_is_marked(test: str, *, gpu: bool) -> None:
    text = (
        "fast = torch.cuda.is_available() or slow\nnamed = 'cuda'\n"
        f"if {test}:\n    import x\n    def f():\n        import z\nelse:\n    import y\n"
    )
    found = {site.module: site for site in import_sites(text, "a.py", "a", is_package=False)}
    assert {name: site.gpu for name, site in found.items()} == dict.fromkeys("xyz", gpu)
    assert found["x"].guard is Guard.MODULE
    assert found["z"].guard is Guard.FUNCTION


@pytest.mark.parametrize(
    ("line", "gpu"),
    [
        ("if not torch.cuda.is_available(): return None", True),
        ("if not torch.cuda.is_available(): raise RuntimeError", True),
        ("assert torch.cuda.is_available()", True),
        ("if not torch.cuda.is_available(): warn()", False),
        ("if slow: return torch.cuda", False),
    ],
)
def test_what_follows_a_question_about_a_gpu_is_marked(line: str, *, gpu: bool) -> None:
    text = f"def f():\n    import x\n    {line}\n    import y\nimport z\n"
    found = {site.module: site.gpu for site in import_sites(text, "a.py", "a", is_package=False)}
    assert found == {"x": False, "y": gpu, "z": False}
