"""What `docker save` sends, read as a stream: both layouts, compressed layers, and nonsense."""

import contextlib
import gzip
import io
import json
import tarfile
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pruner.errors import OutsideError
from pruner.sandbox.layers import Weighed, read_archive

HISTORY = [
    {"created_by": "/bin/sh -c #(nop) ADD file:1 in /"},
    {"created_by": "ENV A=1", "empty_layer": True},
    {"created_by": "RUN apt-get update"},
]
BASE = {"var/lib/dpkg/status": b"Package: libc6\n", "etc/passwd": b"root"}
LISTS = {
    "./var/lib/apt/lists/deb_Packages": b"x" * 700,
    "root/.cache/pip/http/0": b"x" * 300,
    "m/x.onnx": b"x" * 1_000_001,
}


def tar(files: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            file.addfile(info)
    return out.getvalue()


def archive(layers: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> bytes:
    names = [*layers, *(links or {})]
    manifest = [{"Config": "c.json", "RepoTags": ["x:1"], "Layers": names}]
    documents = {"c.json": {"history": HISTORY}, "manifest.json": manifest}
    described = {name: json.dumps(document).encode() for name, document in documents.items()}
    return tar({**layers, **described}, links)


def chunks(data: bytes, size: int = 1000) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize(
    "layers",
    [
        {"a1/layer.tar": tar(BASE), "b2/layer.tar": tar(LISTS)},
        {"blobs/sha256/a1": tar(BASE), "blobs/sha256/b2": gzip.compress(tar(LISTS))},
    ],
    ids=["folders", "blobs"],
)
def test_layers_are_read_in_order(layers: dict[str, bytes]) -> None:
    first, empty, last = read_archive(chunks(archive(layers)), [10, 0, 20], "x:1")
    assert (first[0].size_bytes, first[1]) == (10, "Package: libc6\n")
    assert (empty[0].created_by, empty[0].caches, empty[1]) == ("ENV A=1", {}, None)
    assert last[0].created_by == "RUN apt-get update"
    assert last[0].caches == {"lists of packages": 700, "pip's cache": 300}
    assert last[0].weights == {"/m/x.onnx": 1_000_001}


def test_layers_are_weighed_as_a_registry_has_them() -> None:
    plain, packed = tar({"x": b"x" * 9_000_000}), gzip.compress(tar(LISTS))
    data = archive({"a1/layer.tar": plain, "blobs/sha256/b2": packed})
    weighed: Weighed = {}
    first, empty, last = read_archive(chunks(data, 1 << 16), [10, 0, 20], "x:1", weighed)
    assert abs(first[0].compressed_bytes - len(gzip.compress(plain, 6))) < 1000
    assert (empty[0].compressed_bytes, last[0].compressed_bytes) == (0, len(packed))
    assert last[0].caches == {"lists of packages": 700, "pip's cache": 300}
    assert set(weighed) == {"a1/layer.tar", "blobs/sha256/b2"}
    again = read_archive(chunks(data), [10, 0, 20], "x:1", weighed)
    assert [layer for layer, _ in again] == [first[0], empty[0], last[0]]
    (unweighed, _), *_ = read_archive(chunks(data), [10, 0, 20], "x:1")
    assert unweighed.compressed_bytes == 0


def test_a_layer_that_is_there_twice_is_a_link() -> None:
    data = archive({"a1/layer.tar": tar(LISTS)}, {"b2/layer.tar": "../a1/layer.tar"})
    first, _, last = read_archive(chunks(data), [1, 0, 1], "x:1")
    assert first[0].caches == last[0].caches != {}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense" * 1000,
        archive({"a1/layer.tar": tar(BASE)})[:3000],
        tar({"manifest.json": b"[]", "c.json": b"{}"}),
        tar({"manifest.json": b'[{"Config": "c.json", "Layers": []}]'}),
        tar({"manifest.json": b"{" * 100_000}),
        tar({"manifest.json": b'[{"Config": [], "Layers": 1}]', "c.json": b"{}"}),
        archive({"a1/layer.tar": b"\x1f\x8b nonsense"}),
    ],
)
def test_nonsense_is_an_error_that_names_the_image(data: bytes) -> None:
    with pytest.raises(OutsideError, match="x:1: the engine's archive cannot be read"):
        read_archive(chunks(data), [1, 0, 1], "x:1")


def test_another_images_sizes_are_an_error() -> None:
    with pytest.raises(OutsideError, match="5 layers are told of, and 3 are there"):
        read_archive(chunks(archive({"a/layer.tar": tar(BASE)})), [1] * 5, "x:1")


@given(st.binary(max_size=2000), st.integers(0, 3000))
def test_damage_is_an_error_or_is_read(damage: bytes, start: int) -> None:
    data = bytearray(archive({"a1/layer.tar": tar(BASE), "b2/layer.tar": tar({"x": b"y"})}))
    data[start : start + len(damage)] = damage
    with contextlib.suppress(OutsideError):
        assert len(read_archive(chunks(bytes(data)), [1, 0, 1], "x:1")) == 3
