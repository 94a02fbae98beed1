"""What requirement files ask for, as pip would read them."""

from pathlib import Path

from pruner.requirements import Direct, Indexes, Requirement, read_requirements

BASE = """\
# core
numpy>=1.0,<2 ; python_version >= "3.8"  # a comment
-r nested/more.txt
-c limits.txt
--index-url https://index.example/simple
--extra-index-url=https://one.example/whl
--extra-index-url https://two.example/whl
--no-binary pyzmq
uvicorn[standard, cors]==0.30.0 \\
    --hash=sha256:aaaa \\
    --hash=sha256:bbbb
requests===2
-e ./local
foo @ https://host.example/foo.tar.gz
git+https://host.example/x.git@main#egg=thing
"""


def _tree(root: Path) -> Path:
    (root / "nested").mkdir()
    (root / "base.txt").write_text(BASE)
    (root / "nested" / "more.txt").write_text("six==1.16\n-r ../leaf.txt\n")
    (root / "leaf.txt").write_text("PyYAML==6.0.1\n")
    (root / "limits.txt").write_text("urllib3<2\n-r leaf.txt\n")
    return root / "base.txt"


def test_lines_come_in_order_with_their_places(tmp_path: Path) -> None:
    found = read_requirements([_tree(tmp_path)], tmp_path)
    assert found.requirements == (
        Requirement(
            name="numpy",
            specifier="<2,>=1.0",
            marker='python_version >= "3.8"',
            file="base.txt",
            line=2,
        ),
        Requirement(name="six", specifier="==1.16", file="nested/more.txt", line=1),
        Requirement(name="PyYAML", specifier="==6.0.1", file="leaf.txt", line=1),
        Requirement(
            name="uvicorn",
            specifier="==0.30.0",
            extras=("cors", "standard"),
            hashes=("sha256:aaaa", "sha256:bbbb"),
            file="base.txt",
            line=9,
        ),
        Requirement(name="requests", specifier="===2", file="base.txt", line=12),
    )
    assert found.files == ("base.txt", "nested/more.txt", "leaf.txt", "limits.txt")


def test_constraints_stay_apart_and_so_do_files_in_them(tmp_path: Path) -> None:
    found = read_requirements([_tree(tmp_path)], tmp_path)
    assert [item.text for item in found.constraints] == ["urllib3<2", "PyYAML==6.0.1"]


def test_what_is_on_no_index_is_listed_apart(tmp_path: Path) -> None:
    found = read_requirements([_tree(tmp_path)], tmp_path)
    local, foo, thing = found.direct
    assert local == Direct(
        text="-e ./local", name=None, url="./local", editable=True, file="base.txt", line=13
    )
    assert (foo.name, foo.url, foo.editable) == ("foo", "https://host.example/foo.tar.gz", False)
    assert (thing.name, thing.line) == ("thing", 15)


def test_options_of_indexes(tmp_path: Path) -> None:
    assert read_requirements([_tree(tmp_path)], tmp_path).indexes == Indexes(
        index_url="https://index.example/simple",
        extra_index_urls=("https://one.example/whl", "https://two.example/whl"),
        no_binary=("pyzmq",),
    )


def test_pins_and_names(tmp_path: Path) -> None:
    file = tmp_path / "r.txt"
    file.write_text("Nats_Py==2.6.0\na==1.*\nb>=1\nc==1,!=2\nd===x\ne[f]==1 ; os_name == 'nt'\n")
    found = read_requirements([file]).requirements
    assert [item.pin for item in found] == ["2.6.0", None, None, None, "x", "1"]
    assert found[0].key == "nats-py"
    assert found[5].text == 'e[f]==1 ; os_name == "nt"'
    assert found[0].file == str(file)


def test_the_same_pin_twice_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Foo_Bar==1.0\nfoo-bar>=0.5\n")
    (tmp_path / "b.txt").write_text("foo.bar==1.0.0\nfoo-bar==2 ; os_name == 'nt'\n")
    found = read_requirements([tmp_path / "a.txt", tmp_path / "b.txt"])
    assert len(found.requirements) == 4


def test_a_file_that_two_include_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("-r c.txt\n")
    (tmp_path / "b.txt").write_text("-r c.txt -r ./c.txt\n")
    (tmp_path / "c.txt").write_text("six\n")
    found = read_requirements([tmp_path / "a.txt", tmp_path / "b.txt"])
    assert [item.name for item in found.requirements] == ["six"]


def test_byte_order_marks_and_declared_encodings(tmp_path: Path) -> None:
    file = tmp_path / "r.txt"
    for content in (
        b"\xef\xbb\xbfsix # \xc3\xa4",
        "six # ä".encode("utf-16"),
        b"# coding: latin-1\nsix # \xe4",
        b"six\r\n",
    ):
        file.write_bytes(content)
        assert [item.name for item in read_requirements([file]).requirements] == ["six"]


def test_an_empty_file_asks_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("\n  # nothing\n")
    assert read_requirements([tmp_path / "r.txt"]).requirements == ()
