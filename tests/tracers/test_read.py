"""Data and metadata that are read, and distributions that are asked for."""

import pytest

from traced import SILENT, Home


def files(home: Home) -> set[tuple[str, str, str | None]]:
    """Return (kind, path below site-packages, line of the program that asked) of what was read."""
    script = f"{home.work}/program.py:"
    return {
        (item.kind, item.file[len(f"{home.site}/") :], (item.by or "").replace(script, "") or None)
        for item in home.events().opened_files
    }


def distribution(home: Home, name: str, *, more: tuple[str, ...] = ()) -> None:
    """Install a distribution that is metadata and nothing else."""
    folder = home.site / f"{name}-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (folder / "RECORD").write_text(f"{folder.name}/METADATA,,\n{name}.py,,\n")
    for file in more:
        (folder / file).write_text("")


def test_package_data_that_is_read(each: Home) -> None:
    each.module("pack.__init__", "import os; HERE = os.path.dirname(__file__)")
    for name in ("a", "b", "c", "d", "e"):
        (each.site / "pack" / f"{name}.txt").write_text("data")
    (each.work / "own.txt").write_text("own")
    each.run(
        """\
        import io, os, pathlib, pkgutil, pack
        open(pack.HERE + "/a.txt").close()
        pathlib.Path(pack.HERE, "b.txt").read_text()
        pkgutil.get_data("pack", "c.txt")
        os.close(os.open(pathlib.Path(pack.HERE, "d.txt"), os.O_RDONLY))
        open("own.txt").close()
        open(pack.HERE + "/__init__.py").close()
        open(pack.HERE + "/made.txt", "w").close()
        open(pack.HERE + "/made.txt", "a").close()
        open(pack.HERE + "/made.txt", "r+").close()
        open(pack.HERE + "/a.txt").close()
        """
    )
    assert files(each) == {
        ("data", "pack/a.txt", "2"),
        ("data", "pack/b.txt", "3"),
        ("data", "pack/c.txt", "4"),
        ("data", "pack/d.txt", "5"),
    }


def test_files_that_a_distribution_installs_below_the_prefix(home: Home) -> None:
    shared = home.python.parents[1] / "share" / "thing"
    shared.mkdir(parents=True)
    (shared / "thing.cfg").touch()
    home.run(
        f"""\
        import configparser
        configparser.ConfigParser().read({str(shared / "thing.cfg")!r})
        """
    )
    (opened,) = home.events().opened_files
    assert (opened.kind, opened.file) == ("data", f"{shared}/thing.cfg")
    assert opened.by == f"{home.work}/program.py:2"


def test_resources_and_time_zones(home: Home) -> None:
    home.module("tzdata.__init__")
    home.module("tzdata.zoneinfo.__init__")
    zone = home.site / "tzdata" / "zoneinfo" / "Nowhere"
    zone.write_bytes(b"TZif" + bytes(40))
    home.run(
        """\
        import importlib.resources, zoneinfo
        zoneinfo.reset_tzpath([])
        try:
            zoneinfo.ZoneInfo("Nowhere")
        except Exception:
            pass
        """
    )
    assert files(home) == {("data", "tzdata/zoneinfo/Nowhere", "4")}


def test_metadata_that_is_read(each: Home) -> None:
    for name in ("alpha", "beta", "gamma"):
        distribution(each, name, more=("entry_points.txt", "INSTALLER"))
    each.module("alpha", "from importlib.metadata import version\nversion(__name__)\n")
    each.run(
        """\
        from importlib import metadata
        metadata.version("beta")
        metadata.version("beta")
        metadata.distribution("gamma").read_text("INSTALLER")
        import alpha
        metadata.entry_points()
        """
    )
    points = {
        ("metadata", f"{name}-1.0.dist-info/entry_points.txt", "6")
        for name in ("alpha", "beta", "gamma")
    }
    found = files(each)
    assert points <= found
    rest = {row for row in found - points if row[2] != "6"}
    rest.discard(("metadata", "gamma-1.0.dist-info/METADATA", "4"))  # Python 3.15 reads it at once
    assert rest == {
        ("metadata", "beta-1.0.dist-info/METADATA", "2"),
        ("metadata", "beta-1.0.dist-info/METADATA", "3"),
        ("metadata", "gamma-1.0.dist-info/INSTALLER", "4"),
        ("metadata", "alpha-1.0.dist-info/METADATA", f"{each.site}/alpha.py:2"),
    }


def lookups(home: Home) -> set[tuple[str, str]]:
    """Return (name, line of the program that asked) of the distributions that were asked for."""
    script = f"{home.work}/program.py:"
    return {(item.what, (item.by or "").replace(script, "")) for item in home.events().lookups}


def test_distributions_that_are_asked_for_by_name(each: Home) -> None:
    distribution(each, "alpha", more=("entry_points.txt",))
    each.module("alpha", "from importlib import metadata\nmetadata.version(__name__)\n")
    each.run(
        """\
        from importlib import metadata
        assert metadata.version("alpha") == "1.0"
        for _ in range(3):
            try:
                metadata.version("Not.there")
            except metadata.PackageNotFoundError:
                pass
        assert [dist.metadata["Name"] for dist in metadata.distributions()] == ["alpha"]
        metadata.entry_points()
        import alpha
        metadata.distribution("alpha")
        """
    )
    assert lookups(each) == {
        ("alpha", "2"),
        ("Not.there", "5"),
        ("alpha", f"{each.site}/alpha.py:2"),
        ("alpha", "11"),
    }


def test_whatever_is_asked_of_our_finder(home: Home) -> None:
    home.run(
        """\
        import sys

        class Context:
            @property
            def name(self):
                raise RuntimeError

        class Odd:
            name = object()

        ours = sys.meta_path[0]
        assert type(ours).__module__ == "pruner_tracer"
        for context in (None, Context(), Odd(), object()):
            assert next(ours.find_distributions(context), None) is None
        assert list(ours.find_distributions()) == []
        """
    )
    assert home.events().lookups == ()


def test_a_sweep_is_asked_for_by_one_line(home: Home) -> None:
    names = [f"dist{number}" for number in range(10)]
    for name in names:
        distribution(home, name)
    home.run(
        """\
        from importlib.metadata import packages_distributions
        packages_distributions()
        """
    )
    for file in ("METADATA", "top_level.txt", "RECORD"):
        rows = {("metadata", f"{name}-1.0.dist-info/{file}", "2") for name in names}
        assert rows <= files(home)


def test_pkg_resources(each: Home) -> None:
    bundled = "import ensurepip, glob; print(*glob.glob(ensurepip.__path__[0] + '/_b*/set*.whl'))"
    wheel = each.run(bundled, env=SILENT).strip()
    if not wheel:
        pytest.skip("no setuptools in this interpreter's ensurepip")
    for path in each.out.iterdir():
        path.unlink()
    distribution(each, "wanted")
    distribution(each, "other", more=("entry_points.txt",))
    each.run(
        f"""\
        import sys; sys.path.append({wheel!r})
        import pkg_resources
        pkg_resources.require("wanted")
        list(pkg_resources.iter_entry_points("console_scripts"))
        """,
        *(["-W", "ignore"]),
    )
    assert ("metadata", "wanted-1.0.dist-info/METADATA", "3") in files(each)
    assert ("metadata", "other-1.0.dist-info/entry_points.txt", "4") in files(each)
    assert not [row for row in files(each) if row[1].startswith("other") and row[2] == "3"]
