"""What a build sends, and what a .dockerignore would save of it."""

from auditing import audit_of, facts, of
from pruner.audit.values import Context, Facts
from pruner.image.ignoring import Ignoring, patterns_of

WHOLE = "FROM a\nCOPY . /app\n"
FILES = {
    ".git/objects/pack": 100_000,
    "app/__init__.py": 10,
    "app/__pycache__/x.pyc": 2_000,
    "tests/data.bin": 30_000,
    "app/tests/more.bin": 4_000,
    "README.md": 50,
}


def test_junk_is_named_with_its_bytes_and_the_lines_that_save_them() -> None:
    (found,) = of(facts(WHOLE, files=FILES), "PRN240", trees=("app",))
    assert (found.where, found.size_bytes) == ("Dockerfile:2", 132_000)
    assert found.what == (
        "no .dockerignore: 132 kB of 136 kB that nothing runs"
        " (history 100 kB, tests 30 kB, caches 2 kB)"
    )
    assert found.fix == ".dockerignore: **/.git **/__pycache__ tests"


def test_the_lines_save_what_was_said() -> None:
    audit = audit_of(facts(WHOLE, files=FILES), trees=("app",))
    left = {path: count for path, count in FILES.items() if not _out(audit.dockerignore, path)}
    assert sum(left.values()) == audit.size_bytes.context_after
    assert set(left) == {"app/__init__.py", "app/tests/more.bin", "README.md"}


def test_where_all_is_source_tests_are_junk() -> None:
    audit = audit_of(facts(WHOLE, files=FILES), trees=(".",))
    assert audit.size_bytes.context_after == 60


def test_what_a_line_names_is_needed() -> None:
    text = "FROM a\nCOPY tests/data.bin /d\nCOPY app /app\n"
    audit = audit_of(facts(text, files=FILES))
    assert audit.size_bytes.context == 36_010
    assert audit.dockerignore == ("**/__pycache__",)


def test_a_builder_fetches_only_what_lines_name() -> None:
    given = facts("FROM a\nCOPY README.md /\n", files=FILES)
    assert of(given, "PRN240") == []
    assert audit_of(given).size_bytes.context == 50


def test_a_whole_tree_without_junk_is_a_note() -> None:
    given = facts(WHOLE, files={"app/x.py": 10})
    assert of(given, "PRN240") == []
    assert [row.severity for row in of(given, "PRN243")] == ["note"]


def test_sources_that_are_not_there() -> None:
    text = "FROM a\nCOPY app nothing /x/\nCOPY docs /docs\nCOPY *.md https://host/x /x/\n"
    base = facts(text, files=FILES)
    context = Context(files=FILES, ignored=frozenset({"docs"}), ignore_file=".dockerignore")
    given = Facts(image="web", source=base.source, context=context)
    assert [(row.where, row.what) for row in of(given, "PRN241")] == [
        ("Dockerfile:2", "nothing: not in the build context"),
        ("Dockerfile:3", "docs: .dockerignore leaves out all of it"),
    ]


def _out(patterns: tuple[str, ...], path: str) -> bool:
    """Return whether patterns leave out a file, folder by folder from the top."""
    ignoring = Ignoring(patterns)
    out, above = False, ignoring.nothing
    parts = path.split("/")
    for end in range(1, len(parts) + 1):
        out, above = ignoring.match("/".join(parts[:end]), above)
    return out


# What moby's own tests of its matcher say (moby/patternmatcher, patternmatcher_test.go), and what
# the reference of Docker says of exceptions.
MATCHES = [
    ("**", "file", True),
    ("**/", "dir/file", True),
    ("**/**", "dir/file2", True),
    ("dir/**", "dir/dir2/file", True),
    ("**/dir", "a/b/dir", True),
    ("**/file", "dir/dir/file", True),
    ("a[b-d]e", "abe", True),
    ("abc.def", "abcZdef", False),
    ("abc?def", "abcZdef", True),
    ("*.md", "docs/x.md", False),
    ("**/*.md", "x.md", True),
    ("docs", "docs/a/b.txt", True),
    ("/docs/", "docs/a", True),
    ("./docs", "docs/a", True),
    ("docs\n!docs/keep.md", "docs/keep.md", False),
    ("*\n!app", "app/x.py", False),
    ("*\n!app", "tests/x.py", True),
    ("*\n!**/*.py", "app/x.py", False),
    ("!docs/keep.md\ndocs", "docs/keep.md", True),
    ("# docs\n\n", "docs", False),
    ("Docs", "docs", False),
    ("a[^b]c", "abc", False),
    ("a[^b]c", "axc", True),
    ("a[!b]c", "axc", False),
    (r"a\*c", "a*c", True),
    (r"a\*c", "abc", False),
    (r"\!x", "!x", True),
    ("**file", "dir/my-file", True),
    ("a**/b", "a/x/b", True),
    ("a.(b)+", "a.(b)+", True),
    (".", "a", False),
    ("a/../b", "b", True),
    ("[z-a]", "z", False),
    ("a[", "a[", False),
    ("docs\n!docs\ndocs/x", "docs/x", True),
]


def test_patterns_are_read_as_a_builder_reads_them() -> None:
    for text, path, expected in MATCHES:
        assert _out(patterns_of(text), path) is expected, (text, path)
