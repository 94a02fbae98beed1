"""What was read, run and reached, from hand-made traces; real interpreters are in tests/tracers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pruner.analysis.attribution import Ownership
from pruner.analysis.usage import MOST_PROOFS, phoned, sweeps, used_data
from pruner.model import (
    AgentStatus,
    Distribution,
    Host,
    Inventory,
    Loaded,
    OwnedFile,
    Program,
    Proof,
    Trace,
)

SITE = "/venv/lib/python3.11/site-packages"
APP = "/app/run.py"
ANY = "0.0.0.0"  # noqa: S104
METADATA = ("METADATA", "RECORD", "INSTALLER", "entry_points.txt", "top_level.txt")


def dist(name: str, *files: str) -> Distribution:
    paths = [f"{SITE}/{name}-1.0.dist-info/{file}" for file in METADATA]
    paths += [file if file[0] == "/" else f"{SITE}/{file}" for file in files]
    return Distribution(name=name, version="1.0", files=tuple(map(OwnedFile, paths)))


def ownership(*distributions: Distribution) -> Ownership:
    inventory = Inventory(
        python="3.11.7",
        executable="/venv/bin/python",
        markers={},
        site_dirs=(SITE,),
        stdlib_dirs=(),
        distributions=distributions,
    )
    return Ownership(inventory)


def trace(*opened: Loaded, **more: Any) -> Trace:  # noqa: ANN401
    return Trace(agent="agent", status=AgentStatus.OK, seconds=1, opened=opened, **more)


def read(name: str, file: str = "METADATA", by: str | None = f"{APP}:1") -> Loaded:
    path = f"{SITE}/{name}-1.0.dist-info/{file}"
    return Loaded(kind="metadata", what=file, file=path, by=by)


NAMES = [f"dist{number:02}" for number in range(20)]
TWENTY = [dist(name, f"{name}/__init__.py") for name in NAMES]


def used(*opened: Loaded, installed: int = len(TWENTY)) -> list[str]:
    return sorted(used_data([trace(*opened)], ownership(*TWENTY), installed))


# --- data ------------------------------------------------------------------------------------


def test_package_data_is_evidence() -> None:
    path = f"{SITE}/tzdata/zoneinfo/Europe/Paris"
    opened = Loaded(kind="data", what="Paris", file=path, by=f"{APP}:3")
    zones = dist("tzdata", "tzdata/zoneinfo/Europe/Paris")
    assert used_data([trace(opened)], ownership(zones), 1) == {
        "tzdata": (
            Proof(kind="data", what="tzdata/zoneinfo/Europe/Paris", by=f"{APP}:3", agent="agent"),
        )
    }


def test_a_file_that_nobody_installed_is_none() -> None:
    cache = Loaded(kind="data", what="c.bin", file=f"{SITE}/dist00/cache/c.bin")
    missing = read("dist01", "PKG-INFO")
    assert used(cache, missing) == []


def test_any_number_of_data_files_is_no_sweep() -> None:
    everyone = [
        Loaded(kind="data", what="model.bin", file=f"{SITE}/{name}/__init__.py", by=f"{APP}:1")
        for name in NAMES
    ]
    assert used(*everyone) == NAMES


def test_what_others_ask_for_comes_first_and_the_rest_is_cut() -> None:
    paths = [f"pack/{number}.json" for number in range(MOST_PROOFS + 3)]
    own = [
        Loaded(kind="data", what="x", file=f"{SITE}/{path}", by=f"{SITE}/pack/__init__.py:1")
        for path in paths
    ]
    other = Loaded(kind="data", what="x", file=f"{SITE}/{paths[-1]}", by=f"{APP}:9")
    found = used_data(
        [trace(*own, other)], ownership(dist("pack", "pack/__init__.py", *paths)), installed=1
    )
    assert len(found["pack"]) == MOST_PROOFS
    assert found["pack"][0].by == f"{APP}:9"


# --- metadata --------------------------------------------------------------------------------


def test_a_sweep_reads_one_file_of_some_and_another_of_the_rest() -> None:
    mixed = [read(name, "top_level.txt" if at % 2 else "RECORD") for at, name in enumerate(NAMES)]
    assert used(*mixed) == []
    assert used(*mixed, read("dist03", by=f"{APP}:2")) == ["dist03"]


def test_reading_all_entry_points_does_not_make_one_version_a_sweep() -> None:
    everyone = [read(name, "entry_points.txt") for name in NAMES]
    assert used(*everyone, read("dist03")) == ["dist03"]


def test_a_version_that_is_asked_for() -> None:
    found = used_data([trace(read("dist07"))], ownership(*TWENTY), len(TWENTY))
    what = "dist07-1.0.dist-info/METADATA"
    proof = Proof(kind="metadata", what=what, by=f"{APP}:1", agent="agent")
    assert found == {"dist07": (proof,)}


@pytest.mark.parametrize("file", ["RECORD", "INSTALLER", "top_level.txt"])
def test_one_distributions_other_metadata(file: str) -> None:
    assert used(read("dist07", file)) == ["dist07"]


def test_a_library_that_reads_its_own_version() -> None:
    assert used(read("dist07", by=f"{SITE}/dist07/__init__.py:3")) == ["dist07"]


def test_what_pkg_resources_requires_with_what_that_needs() -> None:
    assert used(*(read(name) for name in NAMES[:3])) == NAMES[:3]


def test_entry_points_are_never_evidence() -> None:
    assert used(read("dist07", "entry_points.txt")) == []
    assert used(*(read(name, "entry_points.txt") for name in NAMES)) == []


@pytest.mark.parametrize("file", ["METADATA", "RECORD", "top_level.txt"])
def test_a_sweep_is_no_evidence(file: str) -> None:
    assert used(*(read(name, file) for name in NAMES)) == []


def test_a_sweep_hides_no_other_line() -> None:
    everyone = [read(name) for name in NAMES]
    assert used(*everyone, read("dist07", by=f"{APP}:2")) == ["dist07"]
    assert used(*everyone, read("dist08", "RECORD")) == []


def test_where_nobody_is_known_to_ask_it_is_one_line() -> None:
    assert used(*(read(name, by=None) for name in NAMES)) == []
    assert used(read("dist07", by=None)) == ["dist07"]


def test_many_lines_are_no_sweep() -> None:
    assert used(*(read(name, by=f"{APP}:{at}") for at, name in enumerate(NAMES))) == NAMES


def test_agents_are_judged_one_by_one() -> None:
    halves = [trace(*(read(name) for name in part)) for part in (NAMES[:8], NAMES[8:16])]
    assert sorted(used_data(halves, ownership(*TWENTY), len(TWENTY))) == NAMES[:16]


@pytest.mark.parametrize(
    ("touched", "installed", "swept"),
    [
        (10, 20, False),
        (11, 20, True),
        (8, 10, False),
        (9, 10, True),
        (5, 6, False),
        (6, 6, True),
        (4, 4, True),
        (3, 3, False),
        (1, 1, False),
    ],
)
def test_how_many_are_a_sweep(touched: int, installed: int, swept: bool) -> None:  # noqa: FBT001
    found = sweeps([read(name) for name in NAMES[:touched]], installed)
    assert found == ({(f"{APP}:1", "METADATA")} if swept else set())


def test_an_egg_info_is_metadata_too() -> None:
    eggs = [
        Loaded(kind="metadata", what="PKG-INFO", file=f"{SITE}/{name}.egg-info/PKG-INFO")
        for name in NAMES
    ]
    assert sweeps(eggs, len(NAMES)) == {(None, "PKG-INFO")}


# --- scripts ---------------------------------------------------------------------------------


def test_a_console_script_that_is_run() -> None:
    tool = dist("tool", "/venv/bin/tool")
    programs = (
        Program(what="/venv/bin/tool", by=f"{APP}:4"),
        Program(what="/usr/bin/ffmpeg", package="ffmpeg"),
        Program(what="missing"),
    )
    assert used_data([trace(programs=programs)], ownership(tool), 1) == {
        "tool": (Proof(kind="script", what="tool", by=f"{APP}:4", agent="agent"),)
    }


# --- hosts -----------------------------------------------------------------------------------


def hosts(*rows: Host, services: tuple[str, ...] = ()) -> list[str]:
    return [host for host, _, _ in phoned([trace(hosts=rows)], services)]


def test_a_host_with_its_port_line_and_agent() -> None:
    rows = (
        Host(name="93.184.216.34", port=443, by=f"{APP}:5"),
        Host(name="example.org", by=f"{APP}:5"),
    )
    assert phoned([trace(hosts=rows)]) == (("example.org:443", f"{APP}:5", "agent"),)


def test_addresses_without_a_name() -> None:
    rows = (Host(name="93.184.216.34", port=80), Host(name="2606:2800::1", port=443))
    assert hosts(*rows) == ["93.184.216.34:80", "[2606:2800::1]:443"]


def test_one_line_that_reaches_several_hosts() -> None:
    rows = (
        Host(name="93.184.216.34", port=443, by="/s/urllib3.py:7"),
        Host(name="a.example", by="/s/urllib3.py:7"),
        Host(name="b.example", by="/s/urllib3.py:7"),
    )
    assert hosts(*rows) == ["a.example", "b.example"]


@pytest.mark.parametrize(
    "name",
    ["localhost", "LocalHost.", "db.localhost", "", "127.0.0.1", "127.8.8.8", "::1", ANY, "::"],
)
def test_this_host_is_left_out(name: str) -> None:
    assert hosts(Host(name=name, port=80), Host(name=name)) == []


def test_a_line_that_reaches_this_host_and_another() -> None:
    rows = (Host(name="localhost", by="x:1"), Host(name="93.184.216.34", port=80, by="x:1"))
    assert hosts(*rows) == ["93.184.216.34:80"]


def test_services_are_left_out() -> None:
    rows = (
        Host(name="redis"),
        Host(name="172.18.0.3", port=6379, by=f"{APP}:5"),
        Host(name="example.org"),
    )
    assert hosts(*rows, services=("redis",)) == ["example.org"]
    assert hosts(*rows) == ["172.18.0.3:6379", "example.org", "redis"]


def test_an_address_that_was_only_parsed_is_nobody() -> None:
    assert hosts(Host(name="10.0.0.9")) == []


@given(st.lists(st.builds(Host, name=st.text(max_size=20), port=st.none() | st.integers(0, 99999))))
def test_any_hosts_come_out_sorted(rows: list[Host]) -> None:
    found = hosts(*rows)
    assert found == sorted(set(found))
