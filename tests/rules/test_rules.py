"""The rows themselves: they load, say where they come from, and no two are about the same thing."""

import ast
import datetime as dt
from collections import Counter
from collections.abc import Callable, Hashable
from pathlib import Path

import msgspec
import pytest
import tomlkit

from pruner.config import load
from pruner.image.servers import servers
from pruner.rules import (
    CudaBuild,
    Family,
    Member,
    Rule,
    Soname,
    Startup,
    base_names,
    bases,
    build_tools,
    caches,
    consequences,
    cuda_builds,
    cuda_wheels,
    default_drivers,
    families,
    feeds,
    gpu_checks,
    gpu_names,
    junk,
    large_bases,
    module_needs,
    optional_libraries,
    rows,
    sonames,
    weights,
)

FILES: dict[str, Callable[[], tuple[Rule, ...]]] = {
    "bases": bases,
    "names": base_names,
    "build tools": build_tools,
    "caches": caches,
    "consequences": consequences,
    "cuda": cuda_builds,
    "cuda wheels": cuda_wheels,
    "drivers": default_drivers,
    "families": families,
    "feeds": feeds,
    "junk": junk,
    "large bases": large_bases,
    "gpu checks": gpu_checks,
    "gpu names": gpu_names,
    "needs": module_needs,
    "optional": optional_libraries,
    "services": servers,
    "sonames": sonames,
    "startup": lambda: rows("startup", Startup),
    "weights": weights,
}


@pytest.mark.parametrize("load_rows", FILES.values(), ids=FILES)
def test_every_row_has_a_source_and_a_date(load_rows: Callable[[], tuple[Rule, ...]]) -> None:
    found = load_rows()
    assert found
    for row in found:
        assert row.source.strip(), row
        assert row.date, row
        assert dt.date(2026, 1, 1) <= row.date <= dt.date.today(), row  # noqa: DTZ011


KEYS: dict[str, Callable[[], list[Hashable]]] = {
    "families": lambda: [row.name for row in families()],
    "members": lambda: [member.distribution for row in families() for member in row.members],
    "cuda": lambda: [(row.distribution, row.version, row.local) for row in cuda_builds()],
    "bases": lambda: [
        (name, tag) for row in bases() for name in row.repositories for tag in row.listed()
    ],
    "names": lambda: [(row.match, row.python is None) for row in base_names()],
    "sonames": lambda: [(row.soname, row.provides, row.debian) for row in sonames()],
    "consequences": lambda: [row.library for row in consequences()],
    "gpu checks": lambda: [row.what for row in gpu_checks()],
    "gpu names": lambda: [row.distribution for row in gpu_names()],
}


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
def test_no_two_rows_are_about_the_same_thing(keys: Callable[[], list[Hashable]]) -> None:
    counted = Counter(keys())
    assert len(counted) > 5
    assert [key for key, times in counted.items() if times > 1] == []


def test_our_rows_pass_every_check_of_a_users_rows(tmp_path: Path) -> None:
    image = {
        "requirements": ["r.txt"],
        "agents": [{"name": "a", "module": "a", "ready": {"exit": 0}}],
    }
    ours = {
        "families": [_table(row) for row in families()],
        "cuda": [_table(row) for row in cuda_builds()],
        "sonames": [_table(row) for row in sonames()],
        "bases": [_table(row) for row in bases()],
    }
    text = tomlkit.dumps({"images": {"x": image}, "rules": ours})
    (tmp_path / "pruner.toml").write_text(text, encoding="utf-8")
    rules = load(None, tmp_path).rules
    assert (rules.families, rules.cuda, rules.sonames) == (families(), cuda_builds(), sonames())
    assert rules.bases == bases()
    assert families(rules.families) == families()


def _table(row: Rule) -> object:
    """Return a row as it stands in a file, without what is not there."""
    table = msgspec.to_builtins(row, builtin_types=(dt.date,))
    for member in table.get("members", ()):
        if member["gpu"] is None:
            del member["gpu"]
    return table


def test_a_name_that_every_member_has_tells_nothing() -> None:
    for row in families():
        common = set.intersection(*(set(member.has) for member in row.members))
        assert common == set(), row.name
        for member in row.members:
            assert len(set(member.has)) == len(member.has), member


def test_what_matches_a_file_is_a_pattern_and_no_word_of_it() -> None:
    by_name = {row.soname: row for row in sonames()}
    cudnn = by_name["libcudnn*.so.8"]
    assert cudnn.matches("libcudnn.so.8")
    assert cudnn.matches("libcudnn_ops_infer.so.8")
    assert not cudnn.matches("libcudnn.so.9")
    assert not by_name["libcublas.so.11"].matches("libcublasLt.so.11")
    found = [row for row in consequences() if row.matches("libonnxruntime_providers_cuda.so")]
    assert [row.what for row in found] == [
        "the CUDA provider will not load; onnxruntime runs on the CPU without an error"
    ]


def test_one_library_of_cuda_may_come_from_several_distributions() -> None:
    bring = {row.provides for row in sonames() if row.matches("libcudnn.so.9")}
    assert bring == {"nvidia-cudnn-cu11", "nvidia-cudnn-cu12", "nvidia-cudnn-cu13"}
    assert {row.what for row in sonames() if row.matches("libcublasLt.so.11")} == {"CUDA 11"}


def test_the_driver_comes_from_nobody_else() -> None:
    driver = [row for row in sonames() if row.driver]
    names = {"libcuda.so.1", "libnvidia-ml.so.1", "libnvcuvid.so.1", "libnvidia-encode.so.1"}
    assert names <= {row.soname for row in driver}
    assert all(not row.provides and not row.debian for row in driver)


# --- which member is meant -------------------------------------------------------------------

FITTING = {
    "opencv-nothing-told": ("opencv", ["imread"], "opencv-python-headless"),
    "opencv-a-window": ("opencv", ["imread", "imshow"], "opencv-python"),
    "opencv-contrib": ("opencv", ["ximgproc.thinning"], "opencv-contrib-python-headless"),
    "opencv-both": ("opencv", ["waitKey", "ximgproc"], "opencv-contrib-python"),
    "opencv-aruco-is-in-all": ("opencv", ["aruco.detectMarkers"], "opencv-python-headless"),
    "speech": ("whisper", ["load_model", "load_model.transcribe"], "openai-whisper"),
    "graphite": ("whisper", ["create", "fetch"], "whisper"),
    "pyjwt": ("jwt", ["encode", "decode"], "pyjwt"),
    "jwt": ("jwt", ["JWT"], "jwt"),
    "pyserial": ("serial", ["Serial"], "pyserial"),
    "serial": ("serial", ["model"], "serial"),
    "python-slugify": ("slugify", ["slugify"], "python-slugify"),
    "awesome-slugify": ("slugify", ["UniqueSlugify"], "awesome-slugify"),
}


@pytest.mark.parametrize(("name", "used", "wanted"), FITTING.values(), ids=FITTING)
def test_the_first_member_that_has_what_is_used_fits(
    name: str, used: list[str], wanted: str
) -> None:
    (family,) = (row for row in families() if row.name == name)
    assert family.fitting(used)[0].distribution == wanted


def _family(*members: Member) -> Family:
    return Family(
        name="f", imports=("f",), kind="builds", why="w", members=members, source="s", date=None
    )


def test_none_fits_what_is_spread_over_several() -> None:
    family = _family(
        Member(distribution="a", has=("x", "both")), Member(distribution="b", has=("y.z", "both"))
    )
    assert family.telling(["x", "y", "y.z.w", "q", "xx"]) == ("x", "y.z.w")
    assert [row.distribution for row in family.fitting(["both", "q"])] == ["a", "b"]
    assert [row.distribution for row in family.fitting(["y.z"])] == ["b"]
    assert family.fitting(["x", "y.z"]) == ()


def test_with_a_gpu_its_builds_go_first() -> None:
    family = _family(
        Member(distribution="cpu", gpu=False),
        Member(distribution="any"),
        Member(distribution="gpu", gpu=True),
    )
    assert [row.distribution for row in family.fitting([], gpu=True)] == ["gpu", "cpu", "any"]
    assert [row.distribution for row in family.fitting([])] == ["cpu", "any", "gpu"]


def test_a_users_rows_stand_first() -> None:
    own = _family(Member(distribution="a"))
    assert families([own]) == (own, *families())
    torch = CudaBuild(distribution="torch", version="2.2.2", cuda="", source="s", date=None)
    assert cuda_builds([torch])[0] == torch
    assert len(cuda_builds([torch])) == len(cuda_builds())
    cudnn = Soname(soname="libcudnn*.so.9", provides="ours", source="s", date=None)
    assert [row.provides for row in sonames([cudnn]) if row.matches("libcudnn.so.9")] == ["ours"]


def test_a_question_about_a_gpu_is_an_expression_over_its_module() -> None:
    for row in gpu_checks():
        tree = ast.parse(row.expression, mode="eval")
        assert row.module in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
