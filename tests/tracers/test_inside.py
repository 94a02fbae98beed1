"""Orders that are carried out beside the agent, here in our own process."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

INSIDE = Path(__file__).resolve().parents[2] / "tracers" / "inside.py"


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("inside", INSIDE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "DPKG", str(tmp_path / "info"))
    return module


def test_the_package_that_owns_a_program(inside: ModuleType, tmp_path: Path) -> None:
    real = tmp_path / "tool.real"
    real.touch()
    link = tmp_path / "tool"
    link.symlink_to(real)
    info = tmp_path / "info"
    info.mkdir()
    (info / "coreutils-x.list").write_text("/.\n/bin\n/bin/merged\n")
    (info / "ffmpeg-x:amd64.list").write_text("/usr/bin/split\n")
    (info / "alternative.list").write_text(f"{real}\n")
    (info / "coreutils-x.md5sums").write_text("/bin/none\n")
    paths = ["/usr/bin/merged", "/bin/merged", "/bin/split", str(link), "/bin/none"]
    assert inside.owners({"owners": paths}) == {
        "/usr/bin/merged": "coreutils-x",
        "/bin/merged": "coreutils-x",
        "/bin/split": "ffmpeg-x",
        str(link): "alternative",
    }


def test_a_system_without_dpkg_owns_nothing(inside: ModuleType) -> None:
    assert inside.owners({"owners": ["/usr/bin/env"]}) == {}


def test_a_gpu_is_there_where_its_driver_is(
    inside: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inside, "GPUS", (str(tmp_path / "dxg"), str(tmp_path / "nvidiactl")))
    assert inside.maps({})["gpu"] is False
    (tmp_path / "nvidiactl").touch()
    assert inside.maps({})["gpu"] is True


def test_a_package_without_files_shows_use_by_what_it_is_a_name_for(
    inside: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inside, "STATUS", str(tmp_path / "status"))
    folders = "/.\n/usr\n/usr/share\n/usr/share/doc\n/usr/share/doc/x\n/usr/share/doc/x/copyright\n"
    rows = {
        "libgl1": ("/usr/lib/x/libGL.so.1\n", "libx11-data"),
        "libx11-data": ("/usr/share/X11/locale\n", ""),
        "mesa": (folders, "libgl1"),
        "fonts-all": (folders, "libgl1, libx11-data"),
        "chain": (folders, "mesa"),
        "nothing": (folders, ""),
    }
    for name, (listed, _) in rows.items():
        (tmp_path / f"{name}.list").write_text(listed)
    stanzas = [f"Package: {name}\nDepends: {needs}\n" for name, (_, needs) in rows.items()]
    stanzas.append("Package: unlisted\nDepends: libgl1\n")  # nobody knows what files it has
    (tmp_path / "status").write_text("\n".join(stanzas))
    monkeypatch.setattr(inside, "DPKG", str(tmp_path))
    found = {row["name"]: row["silent"] for row in inside.packages({})["packages"]}
    said = {"libgl1": False, "libx11-data": True, "mesa": False, "fonts-all": True}
    assert found == {**said, "chain": True, "nothing": True, "unlisted": True}


def test_the_packages_of_a_system_and_what_they_need(
    inside: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = tmp_path / "status"
    monkeypatch.setattr(inside, "STATUS", str(status))
    info = tmp_path / "info"
    info.mkdir()
    (info / "ffmpeg.list").write_text("/usr/bin/ffmpeg\n")
    (info / "libav.list").write_text("/usr/lib/x/libav.so.58.1\n")
    (info / "fonts.list").write_text("/usr/share/fonts/a.ttf\n")
    status.write_text(
        "Package: ffmpeg\nStatus: install ok installed\nArchitecture: amd64\nInstalled-Size: 2\n"
        "Version: 7:5.1\nPre-Depends: libc6\nDepends: other | libav, mail-agent (>= 1), libav:any\n"
        "Description: x\n Depends: not-this\n\n"
        "Package: libav\nStatus: install ok installed\nProvides: libav-abi\n\n"
        "Package: fonts\nStatus: install ok installed\nDepends: gone\n\n"
        "Package: exim\nStatus: install ok installed\nProvides: mail-agent (= 1)\n\n"
        "Package: gone\nStatus: deinstall ok config-files\n"
    )
    rows = {row["name"]: row for row in inside.packages({})["packages"]}
    assert sorted(rows) == ["exim", "ffmpeg", "fonts", "libav"]
    assert rows["ffmpeg"] == {
        "name": "ffmpeg",
        "version": "7:5.1",
        "size": 2048,
        "needs": ["exim", "libav"],
        "silent": False,
    }
    assert (rows["fonts"]["needs"], rows["fonts"]["silent"]) == ([], True)
    assert not rows["libav"]["silent"]
