"""All levels at once, and the way to each: on tiny installed trees without a sandbox."""

from collections.abc import Mapping, Sequence

import pytest

from pruner.analysis.attribution import Ownership
from pruner.analysis.installed import Site, Sites, Source, Use, Used
from pruner.analysis.linkage import Linkage
from pruner.analysis.verdicts import Evidence
from pruner.analysis.weigh import Reading, Subject, weigh
from pruner.analysis.words import Driver
from pruner.model import (
    AgentStatus,
    Distribution,
    Guard,
    ImportSite,
    Inventory,
    Level,
    Loaded,
    OwnedFile,
    Policy,
    SourceFile,
    SourceTree,
    Trace,
)

SITE = "/env/site-packages"
MAIN = "/app/app/main.py"


def installed(files: Mapping[str, Sequence[str]], **requires: str) -> Inventory:
    return Inventory(
        python="3.11.2",
        executable="python",
        markers={},
        site_dirs=(SITE,),
        stdlib_dirs=("/usr/lib/python3.11",),
        distributions=tuple(
            Distribution(
                name=key,
                version="1",
                files=tuple(OwnedFile(f"{SITE}/{name}", None, 1) for name in names),
            )
            for key, names in files.items()
        ),
        requires={key: tuple(needs.split()) for key, needs in requires.items()},
    )


def first_party(*sites: ImportSite, texts: Mapping[str, int] | None = None) -> SourceTree:
    files = {
        "app/main.py": SourceFile(
            path="app/main.py",
            module="app.main",
            sites=(ImportSite(file="app/main.py", line=2, module="app.late"),),
        ),
        "app/late.py": SourceFile(
            path="app/late.py", module="app.late", sites=sites, texts=dict(texts or {})
        ),
    }
    return SourceTree(files=files, edges={"app/main.py": ("app/late.py",)})


def trace(*loaded: Loaded) -> Trace:
    return Trace(agent="api", status=AgentStatus.OK, seconds=1, loaded=loaded)


def module(file: str, by: str | None) -> Loaded:
    name = file.rpartition("/")[2].removesuffix(".py")
    return Loaded(kind="module", what=name, file=file, by=by)


def weighed(
    subject: Subject,
    sites: Mapping[str, Sequence[Site]] | None = None,
    linkage: Mapping[str, Linkage] | None = None,
    policy: Policy = Policy.MINIMAL,
    drivers: tuple[Driver, ...] = (),
) -> Evidence:
    def sites_of(wanted: Sequence[Source]) -> dict[str, Sites]:
        known = sites or {}
        return {
            each.path: Sites(tuple(known.get(each.path.removeprefix(f"{SITE}/"), ())))
            for each in wanted
        }

    reading = Reading(sites_of=sites_of, linkage=linkage or {}, drivers=drivers)
    return weigh(subject, Ownership(subject.inventory), reading, policy).evidence


def test_the_way_to_what_was_observed_is_the_way_the_trace_saw() -> None:
    loaded = trace(
        module(MAIN, None),
        module(f"{SITE}/web.py", f"{MAIN}:1"),
        module(f"{SITE}/wire.py", f"{SITE}/web.py:7"),
    )
    subject = Subject(
        inventory=installed({"web": ["web.py"], "wire": ["wire.py"]}),
        traces=(loaded,),
        tree=first_party(),
        entries=("app/main.py",),
    )
    found = weighed(subject)
    assert found.chains == {"web": ("app/main.py:1",), "wire": ("app/main.py:1", "web.py:7")}
    assert found.users == {"web": ("",), "wire": ("web",)}


def test_the_way_to_what_did_not_run_goes_on_in_the_text() -> None:
    subject = Subject(
        inventory=installed({"speech": ["speech.py"], "tokens": ["tokens.py"]}, speech="tokens"),
        traces=(trace(module(MAIN, None)),),
        tree=first_party(
            ImportSite(file="app/late.py", line=9, module="speech", guard=Guard.FUNCTION)
        ),
        entries=("app/main.py",),
    )
    found = weighed(subject, {"speech.py": [Site(3, "tokens", None, Guard.FUNCTION)]})
    assert found.level("speech") is Level.REQUIRED
    assert found.level("tokens") is Level.REACHABLE
    assert found.chains == {
        "speech": ("app/main.py:2", "app/late.py:9"),
        "tokens": ("app/main.py:2", "app/late.py:9", "speech.py:3"),
    }
    assert found.users == {"speech": ("",), "tokens": ("speech",)}


@pytest.mark.parametrize(
    ("texts", "level"),
    [
        ({"postgresql+asyncpg": 4}, Level.REQUIRED),
        ({"postgresql": 4}, Level.UNUSED),
        ({"asyncpg": 4}, Level.UNUSED),
        ({}, Level.UNUSED),
    ],
)
def test_a_driver_in_a_url_is_required(texts: dict[str, int], level: Level) -> None:
    subject = Subject(
        inventory=installed({"asyncpg": ["asyncpg/__init__.py"]}),
        traces=(),
        tree=first_party(texts=texts),
        entries=("app/main.py",),
    )
    found = weighed(subject)
    assert found.level("asyncpg") is level
    if level is Level.REQUIRED:
        (proof,) = found.proofs[level]["asyncpg"]
        assert (proof.kind, proof.what, proof.by) == (
            "url",
            "postgresql+asyncpg://",
            "app/late.py:4",
        )


def test_a_url_without_a_driver_means_the_one_that_its_reader_loads() -> None:
    files = {"sqlalchemy": ["sqlalchemy/__init__.py"], "psycopg2-binary": ["psycopg2/__init__.py"]}
    subject = Subject(
        inventory=installed(files),
        traces=(trace(module(f"{SITE}/sqlalchemy/__init__.py", f"{MAIN}:1")),),
        tree=first_party(),
        entries=("app/main.py",),
        said={"postgresql": "the environment of api"},
    )
    row = Driver(user="sqlalchemy", scheme="postgresql", module="psycopg2")
    assert weighed(subject, drivers=(row,)).level("psycopg2-binary") is Level.REQUIRED
    unread = Subject(
        inventory=installed(files), traces=(), tree=subject.tree, entries=(), said=subject.said
    )
    assert weighed(unread, drivers=(row,)).level("psycopg2-binary") is Level.UNUSED


def test_aggressive_asks_nothing_of_libraries_that_it_leaves_out() -> None:
    files = {"run": ["run.py"], "deep": ["deep.py", "libdeep.so"], "cuda": ["libcuda_x.so.1"]}
    subject = Subject(
        inventory=installed(files, run="deep"),
        traces=(trace(module(f"{SITE}/run.py", f"{MAIN}:1")),),
        tree=first_party(),
        entries=("app/main.py",),
    )
    sites = {"run.py": [Site(3, "deep", None, Guard.FUNCTION)]}
    links = {f"{SITE}/libdeep.so": Linkage(needed=("libcuda_x.so.1",))}
    minimal = weighed(subject, sites, links)
    assert (minimal.level("deep"), minimal.level("cuda")) == (Level.REACHABLE, Level.LINKED)
    assert minimal.proofs[Level.LINKED]["cuda"][0].by == "libdeep.so"
    assert minimal.users["cuda"] == ("deep",)
    aggressive = weighed(subject, sites, links, Policy.AGGRESSIVE)
    assert aggressive.level("cuda") is Level.UNUSED


def test_what_is_wanted_brings_what_it_reaches() -> None:
    subject = Subject(
        inventory=installed({"loop": ["loop.py"], "low": ["low.py"]}),
        traces=(),
        tree=first_party(),
        entries=(),
        wanted={"loop": "kept by the configuration"},
    )
    found = weighed(subject, {"loop.py": [Site(1, "low")]})
    assert found.level("low") is Level.REACHABLE


def test_what_installed_files_use_of_rivals() -> None:
    files = {"lib": ["lib/ran.py", "lib/later.py", "lib/tried.py", "lib/none.py"], "cv": ["cv2.py"]}
    later = Site(line=3, module="lib.later", guard=Guard.FUNCTION, deferred=True)
    tried = Site(line=4, module="lib.tried", guard=Guard.TRY, deferred=True)
    vision = Site(line=1, module="cv2")
    sites = {
        "lib/ran.py": (vision, later, tried),
        "lib/later.py": (vision,),
        "lib/tried.py": (vision,),
        "lib/none.py": (vision,),
    }
    uses = (Use("cv2.face", 5, always=True), Use("cv2.plot", 9), Use("os.path", 2, always=True))

    def sites_of(wanted: Sequence[Source]) -> dict[str, Sites]:
        return {
            each.path: Sites(sites.get(each.path.removeprefix(f"{SITE}/"), ())) for each in wanted
        }

    reading = Reading(
        sites_of=sites_of,
        linkage={},
        uses_of=lambda wanted: {each.path: uses for each in wanted},
        about=frozenset({"cv2"}),
    )
    subject = Subject(
        inventory=installed(files, lib="cv"),
        traces=(trace(module(MAIN, None), module(f"{SITE}/lib/ran.py", f"{MAIN}:1")),),
        tree=first_party(),
        entries=("app/main.py",),
    )
    found = weigh(subject, Ownership(subject.inventory), reading, Policy.MINIMAL).used
    assert found == (
        Used(name="cv2.face", by="lib/later.py:5", owners=("lib",), runs=False),
        Used(name="cv2.plot", by="lib/later.py:9", owners=("lib",), runs=False),
        Used(name="cv2.face", by="lib/ran.py:5", owners=("lib",), runs=True),
        Used(name="cv2.plot", by="lib/ran.py:9", owners=("lib",), runs=False),
    )
    quiet = reading._replace(about=frozenset())
    assert weigh(subject, Ownership(subject.inventory), quiet, Policy.MINIMAL).used == ()
