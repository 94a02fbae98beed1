import pytest

from pruner.analysis.attribution import Ownership, closure, module_of
from pruner.model import Distribution, Inventory, OwnedFile

SITE = "/env/lib/python3.11/site-packages"


def dist(name: str, *files: tuple[str, str]) -> Distribution:
    owned = tuple(OwnedFile(f"{SITE}/{path}", digest, 1) for path, digest in files)
    return Distribution(name=name, version="1", files=owned)


def inventory(*dists: Distribution, on_disk: dict[str, str] | None = None) -> Inventory:
    return Inventory(
        python="3.11.2",
        executable="/env/bin/python",
        markers={},
        site_dirs=(SITE,),
        stdlib_dirs=("/usr/lib/python3.11",),
        distributions=dists,
        aliases={"/env/lib64/python3.11/site-packages": SITE},
        stdlib_modules=frozenset({"json", "os"}),
        on_disk={f"{SITE}/{path}": digest for path, digest in (on_disk or {}).items()},
    )


WHISPERS = (
    dist("whisper", ("whisper.py", "a")),
    dist("openai-whisper", ("whisper/__init__.py", "b"), ("whisper/audio.py", "c")),
)


def test_a_package_wins_over_a_module_of_the_same_name() -> None:
    ownership = Ownership(inventory(*WHISPERS))
    assert ownership.of_module("whisper") == ("openai-whisper",)
    assert ownership.of_module("whisper.audio") == ("openai-whisper",)


def test_the_file_that_was_loaded_decides_and_not_the_name() -> None:
    ownership = Ownership(inventory(*WHISPERS))
    assert ownership.of_file(f"{SITE}/whisper.py") == ("whisper",)
    assert ownership.of_file(f"{SITE}/whisper/audio.py") == ("openai-whisper",)
    assert ownership.of_file("/app/whisper.py") == ()


def test_a_script_is_named_without_the_environment_that_it_lies_in() -> None:
    files = tuple(OwnedFile(path) for path in ("/env/bin/serve", "/env/etc/serve", "/bin/serve"))
    ownership = Ownership(inventory(Distribution(name="web", version="1", files=files)))
    assert ownership.script("/env/bin/serve") == "bin/serve"
    for other in ("/env/bin/other", "/env/etc/serve", "/bin/serve", "serve"):
        assert ownership.script(other) is None


def test_of_two_owners_the_hash_on_the_disk_decides() -> None:
    both = (
        dist("opencv-python", ("cv2/cv2.abi3.so", "gui"), ("cv2/__init__.py", "same")),
        dist("opencv-python-headless", ("cv2/cv2.abi3.so", "head"), ("cv2/__init__.py", "same")),
    )
    disk = {"cv2/cv2.abi3.so": "head", "cv2/__init__.py": "same"}
    ownership = Ownership(inventory(*both, on_disk=disk))
    assert ownership.of_file(f"{SITE}/cv2/cv2.abi3.so") == ("opencv-python-headless",)
    # The identical file too: its other owner has lost a file, so it is not the one that is there.
    assert ownership.of_file(f"{SITE}/cv2/__init__.py") == ("opencv-python-headless",)


def test_a_file_that_is_the_same_in_two_whole_distributions_belongs_to_both() -> None:
    both = (
        dist("a", ("google/__init__.py", "ns"), ("google/a.py", "1")),
        dist("b", ("google/__init__.py", "ns"), ("google/b.py", "2")),
    )
    ownership = Ownership(inventory(*both, on_disk={"google/__init__.py": "ns"}))
    assert ownership.of_file(f"{SITE}/google/__init__.py") == ("a", "b")


def test_an_import_needs_the_owners_of_the_packages_above_it() -> None:
    parts = (
        dist("core", ("app/__init__.py", "1")),
        dist("plugin", ("app/plugin/__init__.py", "2")),
    )
    ownership = Ownership(inventory(*parts))
    assert ownership.of_module("app.plugin.Thing") == ("core", "plugin")


def test_a_namespace_without_a_file_has_no_owner_but_what_lies_in_it_has() -> None:
    ownership = Ownership(inventory(dist("google-auth", ("google/auth/__init__.py", "1"))))
    assert ownership.of_module("google") == ()
    assert ownership.of_module("google.auth") == ("google-auth",)


def test_the_standard_library_is_nobody_s() -> None:
    ownership = Ownership(inventory(dist("json", ("json/__init__.py", "1"))))
    assert ownership.of_module("json") == ()
    assert ownership.is_known("json")


def test_other_spellings_of_a_folder_are_the_same_folder() -> None:
    ownership = Ownership(inventory(*WHISPERS))
    other = "/env/lib64/python3.11/site-packages/whisper/audio.py"
    assert ownership.of_file(other) == ("openai-whisper",)
    assert ownership.below_site(other) == "whisper/audio.py"
    assert ownership.below_site("/app/main.py") == "/app/main.py"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a.py", "a"),
        ("a/__init__.py", "a"),
        ("a/b.py", "a.b"),
        ("a/_c.cpython-311-x86_64-linux-gnu.so", "a._c"),
        ("a/_c.abi3.so", "a._c"),
        ("a/_c.so", "a._c"),
        ("a.libs/libgfortran-040039e1.so.5.0.0", ""),
        ("a-1.0.dist-info/METADATA", ""),
        ("a/data-file.py", ""),
        ("a/readme.txt", ""),
        ("a/__pycache__/b.cpython-311.pyc", ""),
    ],
)
def test_a_path_gives_its_module(path: str, name: str) -> None:
    assert module_of(path)[0] == name


def test_closure_says_who_asked_and_ends_in_cycles() -> None:
    graph = {"a": ("b",), "b": ("c", "a"), "d": ("e",)}
    assert closure(graph, ["a"]) == {"a": None, "b": "a", "c": "b"}
