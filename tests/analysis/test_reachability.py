"""Each rule of `reachability`, on tiny installed trees that are read as real ones are."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import msgspec

from pruner.analysis.attribution import Ownership
from pruner.analysis.callers import Mentioned, no_mentions
from pruner.analysis.installed import Sites, Source, sources
from pruner.analysis.reachability import Reach, Start, reachable
from pruner.model import Distribution, Inventory, Loaded, OwnedFile, Unreadable
from pruner.static.installed import Installed

Trees = Mapping[str, Mapping[str, str]]


class NoCache:
    def get(self, kind: str, version: int, keys: Iterable[str]) -> dict[str, bytes]:
        del kind, version, keys
        return {}

    def put(self, kind: str, version: int, rows: Mapping[str, bytes]) -> None: ...


class Site:
    """Installed distributions on the disk: files by name, by distribution."""

    def __init__(
        self,
        folder: Path,
        trees: Trees,
        extras: Mapping[str, Sequence[str]] = MappingProxyType({}),
        **requires: str,
    ) -> None:
        self.folder = folder
        for files in trees.values():
            for name, text in files.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        self.inventory = Inventory(
            python="3.11.2",
            executable="/python",
            markers={},
            site_dirs=(str(folder),),
            stdlib_dirs=("/usr/lib/python3.11",),
            distributions=tuple(
                Distribution(
                    name=key,
                    version="1",
                    requires=tuple(extras.get(key, ())),
                    files=tuple(OwnedFile(str(folder / name), None, 1) for name in files),
                )
                for key, files in trees.items()
            ),
            stdlib_modules=frozenset({"os", "sys", "importlib"}),
            requires={key: tuple(needs.split()) for key, needs in requires.items()},
        )
        self.batches: list[list[str]] = []

    def fetch(self, paths: Iterable[str]) -> dict[str, bytes | str]:
        return {path: Path(path).read_bytes() for path in paths}

    def reach(
        self,
        *loaded: str,
        required: Iterable[str] = (),
        named: Iterable[str] = (),
        asked: Iterable[str] = (),
        symbols: Mapping[str, frozenset[str]] = MappingProxyType({}),
        said: Iterable[str] | None = None,
        no_gpu: bool = False,
    ) -> Reach:
        rows = [Loaded(kind="module", what=name, file=str(self.folder / name)) for name in loaded]
        installed = Installed(NoCache(), self.fetch)

        def sites_of(wanted: Iterable[Source]) -> Mapping[str, Sites | Unreadable]:
            batch = list(wanted)
            self.batches.append([Path(each.path).name for each in batch])
            return installed.sites_of(batch)

        start = Start(
            loaded=tuple(rows),
            required=tuple(required),
            named=frozenset(named),
            asked=frozenset(asked),
            symbols=symbols,
            said=Mentioned(frozenset(said or ())),
            no_gpu=no_gpu,
        )
        mentions_of = no_mentions if said is None else installed.mentions_of
        return reachable(self.inventory, Ownership(self.inventory), start, sites_of, mentions_of)


def function(*lines: str) -> str:
    return "def f():\n" + "".join(f"    {line}\n" for line in lines)


def test_a_function_not_called_leads_to_what_its_distribution_requires(tmp_path: Path) -> None:
    site = Site(
        tmp_path,
        {
            "a": {"a/__init__.py": function("from a import b"), "a/b.py": "import c.d\n"},
            "c": {"c/__init__.py": "", "c/d.py": "\nimport e\n"},
            "e": {"e.py": ""},
        },
        a="c",
        c="e",
    )
    found = site.reach("a/__init__.py")
    assert found.chains == {
        "c": ("a/__init__.py:2", "a/b.py:1"),
        "e": ("a/__init__.py:2", "a/b.py:1", "c/d.py:2"),
    }
    (proof,) = found.reachable["e"]
    assert (proof.kind, proof.what, proof.by) == ("reachable", "e", "c/d.py:2")
    assert site.batches == [["__init__.py"], ["b.py"], ["__init__.py", "d.py"], ["e.py"]]
    assert found.files == 5


def test_what_ran_has_run(tmp_path: Path) -> None:
    text = "import sys\nif sys.version_info < (3, 8):\n    import b\nif sys.flags.dev_mode:\n"
    site = Site(tmp_path, {"a": {"a.py": f"{text}    import b\n"}, "b": {"b.py": ""}}, a="b")
    assert site.reach("a.py").reachable == {}
    assert set(site.reach(required=["a"]).reachable) == {"b"}


def test_an_unstated_need_of_a_function_is_optional(tmp_path: Path) -> None:
    site = Site(tmp_path, {"a": {"a.py": function("import b")}, "b": {"b.py": ""}})
    found = site.reach("a.py")
    assert found.reachable == {}
    (proof,) = found.guarded["b"]
    assert (proof.kind, proof.by) == ("optional import", "a.py:2")


def test_an_unstated_need_of_every_import_counts(tmp_path: Path) -> None:
    # As webrtcvad does: `import pkg_resources`, and no word of setuptools in its metadata.
    trees = {
        "top": {"top.py": function("import vad")},
        "vad": {"vad/__init__.py": "from vad import low\n", "vad/low.py": "import pkg\n"},
        "pkg": {"pkg.py": ""},
    }
    site = Site(tmp_path, trees, top="vad")
    assert site.reach("top.py").chains["pkg"] == (
        "top.py:2", "vad/__init__.py:1", "vad/low.py:1",
    )  # fmt: skip
    assert set(site.reach(required=["vad"]).reachable) == {"pkg"}


def test_a_part_that_only_functions_ask_for_may_be_optional(tmp_path: Path) -> None:
    # As torch.testing is: its own functions ask for it, and it imports what torch never requires.
    trees = {
        "a": {
            "a/__init__.py": function("from a.testing import check"),
            "a/testing.py": "import check\nimport stated\n",
        },
        "check": {"check.py": ""},
        "stated": {"stated.py": ""},
    }
    site = Site(tmp_path, trees, a="stated")
    found = site.reach("a/__init__.py")
    assert set(found.reachable) == {"stated"}
    assert set(found.guarded) == {"check"}


def test_a_part_that_somebody_else_relies_on_is_not_optional(tmp_path: Path) -> None:
    trees = {
        "a": {"a/__init__.py": function("import a.part"), "a/part.py": "import c\n"},
        "b": {"b.py": function("import a.part")},
        "c": {"c.py": ""},
    }
    site = Site(tmp_path, trees, b="a")
    assert set(site.reach("a/__init__.py").reachable) == set()
    assert set(site.reach("a/__init__.py", "b.py").reachable) == {"c"}


def test_a_backport_for_another_python_is_no_need(tmp_path: Path) -> None:
    text = "import sys\nif sys.version_info < (3, 9):\n    import old\n"
    site = Site(tmp_path, {"a": {"a.py": text}, "old": {"old.py": ""}})
    found = site.reach(required=["a"])
    assert found.reachable == {}
    assert [proof.kind for proof in found.guarded["old"]] == ["optional import"]


def test_imports_that_cope_are_told_and_not_followed(tmp_path: Path) -> None:
    text = function("try:", "    import b", "except ImportError:", "    b = None")
    typing = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import d\n"
    trees = {
        "a": {"a.py": text + typing},
        "b": {"b.py": function("import c")},
        "c": {"c.py": ""},
        "d": {"d.py": ""},
    }
    found = Site(tmp_path, trees, a="b d", b="c").reach("a.py")
    assert found.reachable == {}
    assert {key: proofs[0].kind for key, proofs in found.guarded.items()} == {
        "b": "import (try)",
        "d": "import (type-checking)",
    }


def test_a_question_for_a_distribution_copes(tmp_path: Path) -> None:
    text = "from u import is_b_available\nif is_b_available():\n    import b\n"
    site = Site(tmp_path, {"a": {"a.py": text}, "b": {"b.py": ""}})
    found = site.reach(required=["a"])
    assert (set(found.reachable), set(found.guarded)) == (set(), {"b"})


def test_installed_files_are_not_the_program(tmp_path: Path) -> None:
    text = "if __name__ == '__main__':\n    import b\n"
    site = Site(tmp_path, {"a": {"a.py": text}, "b": {"b.py": ""}}, a="b")
    found = site.reach(required=["a"])
    assert (found.reachable, found.guarded) == ({}, {})


def test_a_lazy_package_leads_to_its_parts_but_not_to_its_tests(tmp_path: Path) -> None:
    trees = {
        "a": {
            "a/__init__.py": "import sys\nsys.modules[__name__] = object()\n",
            "a/part.py": "import b\n",
            "a/tests/__init__.py": "import c\n",
            "a/testing_utils.py": "import c\n",
        },
        "b": {"b.py": ""},
        "c": {"c.py": ""},
    }
    found = Site(tmp_path, trees, a="b c").reach("a/__init__.py")
    assert found.chains == {"b": ("a/__init__.py:2", "a/part.py:1")}


def test_a_module_that_is_there_explains_more_than_one_that_is_not(tmp_path: Path) -> None:
    text = function("from b.private import x", "from b.public import y")
    trees = {"a": {"a.py": text}, "b": {"b/__init__.py": "", "b/public.py": ""}}
    (proof,) = Site(tmp_path, trees, a="b").reach("a.py").reachable["b"]
    assert (proof.what, proof.by) == ("b.public.y", "a.py:3")


def test_a_dynamic_import_is_followed_and_an_extension_ends_a_chain(tmp_path: Path) -> None:
    text = "import importlib\n" + function("importlib.import_module('b.fast')")
    trees = {"a": {"a.py": text}, "b": {"b/__init__.py": "", "b/fast.so": ""}}
    found = Site(tmp_path, trees, a="b").reach("a.py")
    assert found.chains == {"b": ("a.py:3",)}


def test_a_ring_of_imports_ends(tmp_path: Path) -> None:
    trees = {"a": {"a.py": function("import b")}, "b": {"b.py": "import a\nimport b\n"}}
    assert set(Site(tmp_path, trees, a="b", b="a").reach("a.py").reachable) == {"b"}


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    site = Site(tmp_path, {"a": {"a.py": "x = 1\n$\n"}})
    (unreadable,) = site.reach("a.py").unreadable
    assert (unreadable.path, unreadable.line) == ("a.py", 2)


def test_a_loaded_file_by_another_spelling_of_its_folder(tmp_path: Path) -> None:
    site = Site(tmp_path, {"a": {"a.py": function("import b")}, "b": {"b.py": ""}}, a="b")
    site.inventory = msgspec.structs.replace(site.inventory, aliases={"/lib64": str(tmp_path)})
    site.folder = Path("/lib64")
    assert set(site.reach("a.py").reachable) == {"b"}


def test_sources_are_modules_with_the_hash_that_is_on_the_disk() -> None:
    files = (
        OwnedFile("/s/a/__init__.py", "record", 3),
        OwnedFile("/s/a/b.pyc"),
        OwnedFile("/s/a-b.py"),
        OwnedFile("/bin/a.py"),
        OwnedFile("/s/c.py", None, None),
    )
    inventory = Inventory(
        python="3.11",
        executable="",
        markers={},
        site_dirs=("/s",),
        stdlib_dirs=(),
        distributions=(Distribution(name="a", version="1", files=files),),
        on_disk={"/s/a/__init__.py": "disk"},
    )
    assert sources(inventory) == {
        "/s/a/__init__.py": Source(
            path="/s/a/__init__.py", module="a", is_package=True, sha256="disk", size=3
        ),
        "/s/c.py": Source(path="/s/c.py", module="c"),
    }


def test_a_part_that_its_own_code_copes_without_is_looked_into(tmp_path: Path) -> None:
    # As bs4 does with its builder for html5lib.
    guarded = "try:\n    from . import _slow\nexcept ImportError:\n    pass\n"
    trees = {
        "soup": {"soup/__init__.py": guarded, "soup/_slow.py": "import slow\nimport six\n"},
        "slow": {"slow.py": "import six\n"},
        "six": {"six.py": ""},
    }
    site = Site(tmp_path, trees)
    found = site.reach(required=["soup"])
    assert found.reachable == {}
    assert {key: proofs[0].kind for key, proofs in found.guarded.items()} == {
        "slow": "import (try)",
        "six": "import (try)",
    }
    named = site.reach(required=["soup"], named=["slow"])
    assert named.chains == {
        "slow": ("soup/__init__.py:2", "soup/_slow.py:1"),
        "six": ("soup/__init__.py:2", "soup/_slow.py:1", "slow.py:1"),
    }
    assert named.users == {"slow": ("soup",), "six": ("slow",)}


def test_an_extra_of_what_ran_counts_where_the_image_asks_for_it(tmp_path: Path) -> None:
    trees = {
        "frames": {
            "frames.py": function("import sheets", "import unnamed", "import parts._deep"),
            "parts/_deep.py": function("import plots"),
        },
        "sheets": {"sheets.py": ""},
        "unnamed": {"unnamed.py": ""},
        "plots": {"plots.py": ""},
    }
    extras = {"frames": ['Sheets>1 ; extra == "excel"', "plots; extra == 'plot'", "@ broken"]}
    site = Site(tmp_path, trees, extras)
    assert site.reach("frames.py").reachable == {}
    found = site.reach("frames.py", asked=["sheets", "unnamed", "plots"])
    assert set(found.reachable) == {"sheets"}
    assert set(found.guarded) == {"unnamed", "plots"}


def test_an_extra_in_a_function_that_nothing_names_does_not_count(tmp_path: Path) -> None:
    trees = {
        "frames": {
            "frames/__init__.py": function("import sheets"),
            "frames/more.py": "from frames import f as g\nimport sheets\n",
        },
        "sheets": {"sheets.py": "import cells\n"},
        "cells": {"cells.py": ""},
    }
    site = Site(tmp_path, trees, {"frames": ["sheets; extra == 'excel'"]}, sheets="cells")
    unnamed = site.reach("frames/__init__.py", asked=["sheets"], said=["frames"])
    assert unnamed.reachable == {}
    assert [proof.kind for proof in unnamed.guarded["sheets"]] == ["optional import"]
    named = site.reach("frames/__init__.py", asked=["sheets"], said=["f"])
    assert named.chains["cells"] == ("frames/__init__.py:2", "sheets.py:1")
    assert named.guarded == {}
    certain = ["frames.more"]
    found = site.reach("frames/__init__.py", required=certain, asked=["sheets"], said=[])
    assert set(found.reachable) == {"sheets", "cells"}


def test_what_is_named_only_by_what_a_wish_leads_to_is_named(tmp_path: Path) -> None:
    trees = {
        "frames": {"frames.py": "def f():\n    import sheets\ndef g():\n    import plots\n"},
        "sheets": {"sheets.py": "import frames\nframes.g\n"},
        "plots": {"plots.py": ""},
    }
    extras = {"frames": ["sheets; extra == 'a'", "plots; extra == 'a'"]}
    site = Site(tmp_path, trees, extras)
    for said, keys in (("f", {"sheets", "plots"}), ("g", {"plots"}), ("h", set())):
        found = site.reach("frames.py", asked=["sheets", "plots"], said=[said])
        assert set(found.reachable) == keys


def test_what_is_asked_for_by_an_extra_counts_whoever_names_what(tmp_path: Path) -> None:
    trees = {"frames": {"frames.py": function("import sheets")}, "sheets": {"sheets.py": ""}}
    extras = {"frames": ["sheets; extra == 'excel'"]}
    for needs, keys in (("sheets", {"sheets"}), ("", set())):
        site = Site(tmp_path, trees, extras, frames=needs)
        asked = site.reach("frames.py", asked=["frames", "sheets"], said=[])
        assert set(asked.reachable) == keys


def test_what_only_type_checkers_import_is_never_asked_for(tmp_path: Path) -> None:
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import b\n"
    site = Site(tmp_path, {"a": {"a.py": text}, "b": {"b.py": ""}}, a="b")
    assert site.reach("a.py", named=["b"], asked=["b"]).reachable == {}


def test_a_stated_need_that_is_tried_at_import_counts(tmp_path: Path) -> None:
    # As requests does with charset-normalizer.
    tried = "try:\n    import stated, other\nexcept ImportError:\n    stated = None\n"
    late = function("try:", "    import later", "except ImportError:", "    later = None")
    trees = {
        "web": {"web.py": tried + late},
        "stated": {"stated.py": ""},
        "other": {"other.py": ""},
        "later": {"later.py": ""},
    }
    site = Site(tmp_path, trees, web="stated later")
    found = site.reach(required=["web"])
    assert (set(found.reachable), set(found.guarded)) == ({"stated"}, {"other", "later"})
    assert site.reach("web.py").reachable == {}


def test_an_extra_that_is_tried_at_import_counts_where_the_image_lists_it(tmp_path: Path) -> None:
    # As bs4 does with lxml.
    guarded = "try:\n    from . import _fast\nexcept ImportError:\n    pass\n"
    trees = {
        "soup": {"soup/__init__.py": guarded, "soup/_fast.py": "import fast\nimport other\n"},
        "fast": {"fast.py": ""},
        "other": {"other.py": ""},
    }
    site = Site(tmp_path, trees, {"soup": ["fast; extra == 'fast'"]})
    assert set(site.reach(required=["soup"], asked=["fast", "other"]).reachable) == {"fast"}
    assert site.reach(required=["soup"]).reachable == {}


def test_an_extra_that_is_asked_for_counts_in_the_code_of_another(tmp_path: Path) -> None:
    # As requests[socks]: urllib3 imports it, in a module that requests tries to import.
    trees = {
        "web": {"web.py": "try:\n    import pool.socks\nexcept ImportError:\n    pass\n"},
        "pool": {"pool/__init__.py": "", "pool/socks.py": "import socks\n"},
        "socks": {"socks.py": ""},
    }
    extras = {"web": ["socks; extra == 'socks'"], "pool": ["socks; extra == 'socks'"]}
    asked = Site(tmp_path, trees, extras, web="pool socks")
    assert set(asked.reach(required=["web"], asked=["web"]).reachable) == {"pool", "socks"}
    plain = Site(tmp_path, trees, extras, web="pool")
    assert set(plain.reach(required=["web"], asked=["web"]).reachable) == {"pool"}


def test_what_stays_anyway_is_followed_wherever_it_is_imported(tmp_path: Path) -> None:
    # As httpcore does with h2, which httpx asks for: the part that is needed is imported elsewhere.
    trees = {
        "web": {"web.py": function("import core", "import wire")},
        "core": {"core.py": function("import wire.frames", "import absent")},
        "wire": {"wire/__init__.py": "", "wire/frames.py": "import pack\nimport unstated\n"},
        "pack": {"pack.py": ""},
        "unstated": {"unstated.py": ""},
        "absent": {"absent.py": ""},
    }
    for first, second in (("import core", "import wire"), ("import wire", "import core")):
        trees["web"]["web.py"] = function(first, second)
        site = Site(tmp_path, trees, web="core wire", wire="pack")
        assert set(site.reach("web.py").reachable) == {"core", "wire", "pack"}


def test_a_user_may_require_an_extra_without_saying_so(tmp_path: Path) -> None:
    # As httpx does, which requires httpcore, and anyio beside it.
    trees = {
        "web": {"web.py": "import core\n"},
        "core": {
            "core/__init__.py": "try:\n    import core._loop\nexcept ImportError:\n    pass\n",
            "core/_loop.py": "import loop\nimport other\n",
        },
        "loop": {"loop.py": ""},
        "other": {"other.py": ""},
    }
    extras = {"core": ["loop; extra == 'loop'", "other; extra == 'other'"]}
    beside = Site(tmp_path, trees, extras, web="core loop")
    assert set(beside.reach(required=["web"]).reachable) == {"core", "loop"}
    assert set(Site(tmp_path, trees, extras, web="core").reach(required=["web"]).reachable) == {
        "core"
    }


def test_a_name_that_is_taken_from_a_lazy_package_needs_the_part_that_has_it(
    tmp_path: Path,
) -> None:
    # As pydantic's EmailStr needs email-validator, which its extra names and the image lists.
    table = 'NAMES = {"Mail": (__package__, ".mail"), "Post": ".post", "Gone": ".gone"}\n'
    trees = {
        "a": {
            "a/__init__.py": f"{table}def __getattr__(name):\n    return import_module(name)\n",
            "a/mail.py": function("import check"),
            "a/post.py": function("import check.post"),
        },
        "check": {"check/__init__.py": "", "check/post.py": "import deep\n"},
        "deep": {"deep.py": ""},
    }
    site = Site(tmp_path, trees, {"a": ["check; extra == 'mail'"]}, check="deep")
    assert site.reach("a/__init__.py", asked=["check"]).reachable == {}
    taken = {"a": frozenset({"Mail", "Gone"})}
    found = site.reach("a/__init__.py", asked=["check"], symbols=taken)
    assert found.chains["check"] == ("a/__init__.py:2", "a/mail.py:2")


def test_a_branch_for_a_gpu_has_not_run_where_none_was(tmp_path: Path) -> None:
    asks = "if torch.cuda.is_available():\n"
    tried = "    try:\n        import tried\n    except ImportError:\n        tried = None\n"
    late = function(
        "if is_flash_attn_2_available():",
        "    import flash_attn",
        "    try:",
        "        import coped",
        "    except ImportError:",
        "        coped = None",
        "import optional",
    )
    trees = {
        "a": {
            "a/__init__.py": f"{asks}    import fast\n    from a import _gpu\n{tried}{late}",
            "a/_gpu.py": "import deep\n",
        },
        **{
            name: {f"{name}.py": ""}
            for name in ("fast", "deep", "tried", "flash_attn", "coped", "optional")
        },
    }
    site = Site(tmp_path, trees)
    assert site.reach("a/__init__.py").reachable == {}
    found = site.reach("a/__init__.py", no_gpu=True)
    assert set(found.reachable) == {"fast", "deep", "tried", "flash-attn"}
    assert set(found.guarded) == {"coped", "optional"}
    assert found.chains["deep"] == ("a/__init__.py:3", "a/_gpu.py:1")
