import pytest

from pruner.static.sites import scan
from pruner.static.values import Scan

HEAD = "import importlib, runpy, pkgutil\nfrom importlib import import_module as im\n"

# text, what is found of it ("module" or "module:symbol"), prefixes of what is not
CASES = [
    ("importlib.import_module('a.b')", "a.b", []),
    ("im('a')", "a", []),
    ("im(name='a')", "a", []),
    ("load = importlib.import_module\nload('a')", "a", []),
    ("import importlib as il\nil.import_module('my-plugin')", "my-plugin", []),
    ("im('.x', package='p.q')", "p.q.x", []),
    ("im('..x', 'p.q')", "p.x", []),
    ("im('.x', __package__)", "pkg.x", []),
    ("im('.x', package=__name__)", "pkg.mod.x", []),
    ("im('.x')", "", [""]),
    ("im('...x', __package__)", "", [""]),
    ("__import__('a.b')", "a.b", []),
    ("import builtins\nbuiltins.__import__('a')", "a", []),
    ("__import__('a', globals(), locals(), ['b', 'c'])", "a:b a:c", []),
    ("__import__('a', fromlist=('b',), level=0)", "a:b", []),
    ("__import__('a', globals(), None, ['b'], 1)", "pkg.a:b", []),
    ("__import__('a', level=n)", "", [""]),
    ("runpy.run_module('a.b', run_name='__main__')", "a.b:__main__", []),
    ("pkgutil.resolve_name('a.b:C.d')", "a.b:C", []),
    ("pkgutil.resolve_name('a.b.C')", "a.b:C", []),
    ("pkgutil.get_data('a', 'x.txt')", "a", []),
    ("import importlib.resources\nimportlib.resources.files('a')", "a", []),
    ("importlib.util.find_spec('a')", "", []),
    ("NAME = 'a'\nim(NAME)", "a", []),
    ("NAME: str = 'a'\ndef f():\n    im(NAME)", "a", []),
    ("def f():\n    im(NAME)\nNAME = 'a'", "a", []),
    ("NAME = 'a'\nif q:\n    NAME = 'b'\nim(NAME)", "a b", []),
    ("NAME = 'a'\ndef f(NAME):\n    im(NAME)", "", [""]),
    ("def f(name='a'):\n    im(name)", "a", [""]),
    ("def f():\n    name = 'a'\n    im(name)", "a", []),
    ("def f():\n    name = 'a'\ndef g():\n    im(name)", "", [""]),
    ("BASE = 'a'\nim(f'{BASE}.b')", "a.b", []),
    ("BASE = 'a'\nim(BASE + '.' + 'b')", "a.b", []),
    ("im(f'{__package__}.b')", "pkg.b", []),
    ("im('a' if q else 'b')", "a b", []),
    ("for m in ('a', 'b'):\n    im(m)", "a b", []),
    ("ALL = ['a', 'b']\nfor m in sorted(ALL):\n    im(f'p.{m}')", "p.a p.b", []),
    ("[im(m) for m in {'a', 'b'}]", "a b", []),
    ("for k, m in (('x', 'a'), ('y', 'b')):\n    im(m)", "a b", []),
    ("MODS = {'x': 'a', 'y': 'b'}\nim(MODS[key])", "a b", []),
    ("MODS = {'x': 'a', 'y': 'b'}\nim(MODS['y'])", "b", []),
    ("MODS = {'x': 'a'}\nim(MODS.get(key, 'b'))", "a b", []),
    ("MODS = {'x': 'a', 'y': 'b'}\nfor k, m in MODS.items():\n    im(m)", "a b", []),
    ("MODS = {'x': 'a', 'y': 'b'}\nfor m in MODS.values():\n    im(m)", "a b", []),
    ("import os\nim(os.environ.get('BACKEND', 'a'))", "a", [""]),
    ("import os\nim(os.environ['BACKEND'])", "", [""]),
    ("im(name)", "", [""]),
    ("im(f'plugins.{name}')", "", ["plugins."]),
    ("BASE = 'p'\nim(BASE + '.plug_' + name)", "", ["p.plug_"]),
    ("im(f'.{name}', __package__)", "", ["pkg."]),
    ("im(f'{__name__}.{name}')", "", ["pkg.mod."]),
    ("im('not a/name')", "", []),
    ("a = b\nb = a\nim(a)", "", [""]),
    ("x = 'a'\n" + "x = x + x + x\n" * 30 + "im(x)", None, [""]),
]


@pytest.mark.parametrize(("text", "expected", "prefixes"), CASES)
def test_dynamic(text: str, expected: str | None, prefixes: list[str]) -> None:
    result = scan(HEAD + text, "pkg/mod.py", "pkg.mod", is_package=False)
    assert isinstance(result, Scan)
    sites = [site for site in result.sites if site.dynamic]
    found = [site.module + (f":{site.symbol}" if site.symbol else "") for site in sites]
    assert expected is None or found == expected.split()
    assert [spot.prefix for spot in result.blind] == prefixes


def test_a_blind_spot_says_where_and_why() -> None:
    result = scan(HEAD + "im(name)", "pkg/mod.py", "pkg.mod", is_package=False)
    assert isinstance(result, Scan)
    (spot,) = result.blind
    assert (spot.file, spot.line, spot.why) == ("pkg/mod.py", 3, "the name is not in the text")
