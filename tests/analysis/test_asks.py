"""Names in the text that are exactly something of a distribution: programs, libraries, files."""

from collections.abc import Mapping, Sequence

import msgspec
import pytest

from pruner.analysis.asks import ModuleNeed, Said, asked_for, stood_on
from pruner.analysis.attribution import Ownership
from pruner.analysis.evidence import reached
from pruner.analysis.installed import Site, Sites, Source
from pruner.analysis.reachability import Start, reachable
from pruner.model import (
    Ask,
    Distribution,
    Guard,
    ImportSite,
    Inventory,
    Loaded,
    OwnedFile,
    Proof,
    SourceFile,
    SourceTree,
)

SITE = "/env/lib/python3.11/site-packages"
FILES = {
    "black": ("/env/bin/black", f"{SITE}/black/__init__.py"),
    "click": (f"{SITE}/click/__init__.py",),
    "magic": (f"{SITE}/magic.libs/libmagic.so.1", "/env/lib/libspare.so"),
    "native": (f"{SITE}/libnative.cpython-311-x86_64-linux-gnu.so",),
    "certifi": (f"{SITE}/certifi/cacert.pem",),
    "top": (f"{SITE}/readme.txt", f"{SITE}/bin/hidden"),
}


def installed(**changes: object) -> Inventory:
    return Inventory(
        python="3.12.1",
        executable="/env/bin/python",
        markers={},
        site_dirs=(SITE,),
        stdlib_dirs=(),
        distributions=tuple(
            Distribution(name=key, version="1", files=tuple(OwnedFile(p, "x", 9) for p in paths))
            for key, paths in FILES.items()
        ),
        **changes,  # type: ignore[arg-type]
    )


def tree(*asks: Ask, texts: Mapping[str, int] | None = None) -> SourceTree:
    file = SourceFile(path="app/main.py", module="app.main", asks=asks, texts=dict(texts or {}))
    return SourceTree(files={file.path: file}, edges={})


def required(source: SourceTree, said: Said | None = None) -> dict[str, tuple[Proof, ...]]:
    inventory = installed()
    said = said or Said()
    return asked_for(inventory, Ownership(inventory), source, source.files, said).required


@pytest.mark.parametrize(
    ("kind", "what", "keys"),
    [
        ("script", "black", ["black"]),
        ("script", "hidden", []),
        ("script", "python", []),
        ("metadata", "Certifi[x]", ["certifi"]),
        ("metadata", "cacert.pem", []),
    ],
)
def test_what_a_call_names(kind: str, what: str, keys: list[str]) -> None:
    found = required(tree(Ask(kind=kind, what=what, line=4)))
    assert list(found) == keys
    assert all(proof.by == "app/main.py:4" for proofs in found.values() for proof in proofs)


@pytest.mark.parametrize(
    ("word", "keys"),
    [
        ("libmagic.so.1", ["magic"]),
        ("somewhere/libspare.so", ["magic"]),
        ("libnative.cpython-311-x86_64-linux-gnu.so", []),
        ("libmagic.so", []),
        ("certifi/cacert.pem", ["certifi"]),
        ("cacert.pem", []),
        ("certifi", []),
        ("readme.txt", []),
    ],
)
def test_what_a_text_names(word: str, keys: list[str]) -> None:
    assert list(required(tree(texts={word: 3}))) == keys


def test_what_a_command_and_an_environment_name() -> None:
    said = Said(
        programs={"black": "the command of api"},
        paths={"certifi/cacert.pem": "Dockerfile", "x/libspare.so": "Dockerfile"},
    )
    assert {key: rows[0].by for key, rows in required(tree(), said).items()} == {
        "black": "the command of api",
        "certifi": "Dockerfile",
        "magic": "Dockerfile",
    }


def test_what_is_coped_with_is_guarded_and_starts_nothing() -> None:
    source, inventory = tree(Ask(kind="script", what="black", line=4, guard=Guard.TRY)), installed()
    found = asked_for(inventory, Ownership(inventory), source, source.files, Said())
    assert (list(found.required), list(found.guarded), found.scripts) == ([], ["black"], ())


@pytest.mark.parametrize("guard", [Guard.MODULE, Guard.MAIN])
def test_a_script_leads_to_what_it_imports(guard: Guard) -> None:
    inventory = installed(requires={"black": ("click",)})

    def sites_of(wanted: Sequence[Source]) -> dict[str, Sites]:
        sites = {"/env/bin/black": Sites((Site(3, "click", None, guard),))}
        return {source.path: sites.get(source.path, Sites()) for source in wanted}

    start = Start(scripts=(OwnedFile("/env/bin/black", "x", 9),))
    found = reachable(inventory, Ownership(inventory), start, sites_of)
    assert list(found.reachable) == ["click"]


def test_a_program_that_is_no_script_is_no_finding() -> None:
    asked: list[str] = []

    def sites_of(wanted: Sequence[Source]) -> dict[str, Sites]:
        asked.extend(source.path for source in wanted)
        return {}

    inventory = installed()
    programs = (OwnedFile("/env/bin/black", "x", 9), OwnedFile("/env/bin/big", "x", 1 << 20))
    found = reachable(inventory, Ownership(inventory), Start(scripts=programs), sites_of)
    assert (asked[0], found.unreadable[1:]) == ("/env/bin/black", ())
    assert "/env/bin/big" not in asked


@pytest.mark.parametrize("ran", [False, True])
def test_a_program_that_did_not_run_may_ask_for_all_its_own_modules(*, ran: bool) -> None:
    asked: list[str] = []

    def sites_of(wanted: Sequence[Source]) -> dict[str, Sites]:
        asked.extend(source.module for source in wanted)
        sites = {
            "run.plugins.late": Sites((Site(3, "need", None, Guard.FUNCTION), Site(4, "spare"))),
            "lib": Sites(
                (Site(1, "run", "__main__", Guard.FUNCTION, dynamic=True, platform=True),)
            ),
        }
        return {source.path: sites.get(source.module, Sites()) for source in wanted}

    owned = {
        "lib": ["lib"],
        "run": ["run/__init__", "run/__main__", "run/plugins/late", "run/tests/test_x"],
        "need": ["need"],
        "spare": ["spare"],
    }
    inventory = msgspec.structs.replace(
        installed(),
        distributions=tuple(
            Distribution(
                name=key, version="1", files=tuple(OwnedFile(f"{SITE}/{p}.py") for p in paths)
            )
            for key, paths in owned.items()
        ),
        requires={"lib": ("run",), "run": ("need",)},
    )
    names = ["lib", "run/__init__"] if ran else ["lib"]
    loaded = tuple(Loaded(kind="module", what=name, file=f"{SITE}/{name}.py") for name in names)
    found = reachable(inventory, Ownership(inventory), Start(loaded=loaded), sites_of)
    assert list(found.reachable) == ([] if ran else ["need", "run"])
    assert "run.tests.test_x" not in asked


@pytest.mark.parametrize(
    ("ask", "keys"),
    [
        (Ask(kind="script", what="black", line=2, guard=Guard.FUNCTION), ["black"]),
        (Ask(kind="metadata", what="Black", line=2, guard=Guard.FUNCTION), ["black"]),
        (Ask(kind="metadata", what="certifi", line=2, guard=Guard.FUNCTION), []),
        (Ask(kind="script", what="black", line=2, guard=Guard.TRY), []),
        (Ask(kind="script", what="black", line=2), []),  # it ran, and that line did not
    ],
)
def test_what_installed_code_asks_for_counts_where_it_is_a_stated_need(
    ask: Ask, keys: list[str]
) -> None:
    def sites_of(wanted: Sequence[Source]) -> dict[str, Sites]:
        return {each.path: Sites(asks=(ask,) if each.module == "click" else ()) for each in wanted}

    inventory = installed(requires={"click": ("black",)})
    loaded = Loaded(kind="module", what="click", file=f"{SITE}/click/__init__.py")
    found = reachable(inventory, Ownership(inventory), Start(loaded=(loaded,)), sites_of)
    assert list(found.reachable) == keys


ZONES = ModuleNeed(module="zoneinfo", distribution="certifi")
OLD = ModuleNeed(module="distutils", distribution="black", instead=True)


@pytest.mark.parametrize(
    ("module", "guard", "keys"),
    [
        ("zoneinfo", Guard.FUNCTION, ["certifi"]),
        ("zoneinfo", Guard.TRY, ["certifi"]),
        ("zoneinfo", Guard.TYPE_CHECKING, []),
        ("distutils.version", Guard.FUNCTION, ["black"]),
        ("distutils.version", Guard.TRY, []),
        ("json", Guard.MODULE, []),
    ],
)
def test_modules_that_stand_on_a_distribution(module: str, guard: Guard, keys: list[str]) -> None:
    site = ImportSite(file="app/main.py", line=2, module=module, guard=guard)
    found, _ = stood_on((ZONES, OLD), installed(), [site], [])
    assert list(found) == keys


def test_a_module_that_others_loaded_may_need_its_distribution() -> None:
    inventory = installed(stdlib_modules=frozenset({"distutils", "zoneinfo"}))
    found = stood_on((ZONES, OLD), inventory, [], ["zoneinfo", "distutils"])
    assert tuple(map(list, found)) == ([], ["certifi"])


@pytest.mark.parametrize(
    ("word", "more"),
    [
        ("worker.py", {"app/worker.py"}),
        ("jobs/deep.py", {"jobs/deep.py", "jobs/next.py"}),
        ("twice.py", set()),
        ("worker", set()),
    ],
)
def test_a_first_party_file_that_a_text_names_is_reached(word: str, more: set[str]) -> None:
    texts = {"app/main.py": {word: 1}, "jobs/deep.py": {"next.py": 2}}
    paths = ["app/main.py", "app/worker.py", "jobs/deep.py", "jobs/next.py", "x/worker.py"]
    paths += ["x/twice.py", "y/twice.py"]
    files = {path: SourceFile(path=path, module="", texts=texts.get(path, {})) for path in paths}
    found = reached(SourceTree(files=files, edges={}), ["app/main.py"], ())
    assert found == {"app/main.py", *more}
