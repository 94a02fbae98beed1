from pruner.analysis.attribution import Ownership
from pruner.analysis.programs import with_programs
from pruner.analysis.runs import Past, Use, changed_since, modules_of, what_runs_added
from pruner.document import AgentReport, ProgramReport, RunReport
from pruner.model import AgentStatus, Distribution, Inventory, Loaded, OwnedFile, Program, Trace

SITE = "/v/lib/python3.11/site-packages"
NAMES = ("numpy", "pandas", "pytz", "six")
INVENTORY = Inventory(
    python="3.11.7",
    executable="/v/bin/python",
    markers={},
    site_dirs=(SITE,),
    stdlib_dirs=(),
    distributions=tuple(
        Distribution(
            name=name,
            version="2",
            files=(
                OwnedFile(f"{SITE}/{name}/__init__.py"),
                OwnedFile(f"{SITE}/{name}/more.py"),
                OwnedFile(f"/v/bin/{name}"),
            ),
        )
        for name in NAMES
    ),
)
OWNERSHIP = Ownership(INVENTORY)
USE = Use(INVENTORY, OWNERSHIP)


def past(*modules: str, pins: dict[str, str] | None = None) -> Past:
    """Return a run that loaded modules, "numpy" or "numpy.more", and one library."""
    loaded = [
        Loaded(kind="module", what=name, file=f"{SITE}/{name.replace('.', '/')}{end}.py")
        for name in modules
        for end in ["" if "." in name else "/__init__"]
    ]
    loaded.append(Loaded(kind="library", what="libc.so.6", file="/lib/libc.so.6"))
    trace = Trace(agent="agent", status=AgentStatus.OK, seconds=1, loaded=tuple(loaded))
    return Past(when="2026-11-24T10:02:03Z", trace=trace, pins=pins or {})


def test_each_run_tells_what_the_ones_before_it_had_not() -> None:
    runs = (
        past("numpy"),
        past("numpy", "numpy.more", "six", "pandas"),
        past("numpy", "six"),
        past("pytz"),
    )
    when = "2026-11-24T10:02:03Z"
    assert what_runs_added(runs, USE) == (
        RunReport(when=when, modules=1, added_modules=1, added_distributions=("numpy",)),
        RunReport(when=when, modules=4, added_modules=3, added_distributions=("pandas", "six")),
        RunReport(when=when, modules=2, added_modules=0),
        RunReport(when=when, modules=1, added_modules=1, added_distributions=("pytz",)),
    )
    assert modules_of(runs) == 5


def test_modules_of_a_start_of_python_are_no_use() -> None:
    use = Use(INVENTORY, OWNERSHIP, frozenset({"six"}))
    (report,) = what_runs_added([past("six", "numpy")], use)
    assert report.added_distributions == ("numpy",)


def test_a_version_that_has_changed_is_said_once_for_what_was_used() -> None:
    old = dict.fromkeys(NAMES, "1") | {"pytz": "2", "gone": "1"}
    runs = (past("numpy", "pytz", pins=old), past("numpy", pins=old), past("six", pins={}))
    (finding,) = changed_since(runs, INVENTORY, USE, "app")
    assert finding.code == "PRN111"
    assert finding.severity == "note"
    assert finding.where == "numpy"
    assert finding.what == "was traced with numpy 1, now 2"
    assert finding.fix == "`pruner trace app` begins a new record"


def test_programs_are_those_outside_the_environment() -> None:
    programs = (
        Program(what="/usr/bin/ffmpeg", package="ffmpeg"),
        Program(what="/usr/bin/ffmpeg", by="x.py:2", package="ffmpeg"),
        Program(what="/v/bin/python"),
        Program(what="/v/bin/python3.11"),
        Program(what="/v/bin/numpy"),
        Program(what="/usr/bin/python3", package="python3-minimal"),
        Program(what="sox"),
    )
    trace = Trace(agent="agent", status=AgentStatus.OK, seconds=1, programs=programs)
    rows = [AgentReport(name=name, status="ok", modules=1, seconds=1) for name in ("agent", "b")]
    agent, other = with_programs(rows, [trace], INVENTORY, OWNERSHIP)
    assert agent.programs == (
        ProgramReport(what="/usr/bin/ffmpeg", package="ffmpeg"),
        ProgramReport(what="/usr/bin/python3", package="python3-minimal"),
        ProgramReport(what="sox"),
    )
    assert other.programs == ()
