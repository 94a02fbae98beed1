"""Whose an import name is, by what a lock records."""

from pruner.document import Document
from pruner.drift.names import Names
from pruner.model import Conflict, Guard, ImportSite, SourceFile, SourceTree, Verdict

MODULES = {
    "google-cloud-storage": ("google.cloud.storage",),
    "google-cloud-bigquery": ("google.cloud.bigquery",),
    "opencv-python": ("cv2",),
    "scikit-learn": ("sklearn",),
}


def document(*conflicts: Conflict, python: str = "3.11.2") -> Document:
    rows = [("google-cloud-storage", "keep"), ("google-cloud-bigquery", "drop")]
    rows += [("opencv-python", "drop"), ("scikit-learn", "drop")]
    return Document(
        schema=1,
        image="web",
        runtime="local",
        policy="minimal",
        python=python,
        conflicts=conflicts,
        distributions=tuple(
            Verdict(name=name, version="1", verdict=what, level="unused", size_bytes=1, why="x")
            for name, what in rows
        ),
    )


def site(module: str, symbol: str | None = None, **more: object) -> ImportSite:
    return ImportSite(file="web/app.py", line=1, module=module, symbol=symbol, **more)  # type: ignore[arg-type]


def lacking(*sites: ImportSite, known: Document | None = None) -> dict[str, str]:
    files = {
        "web/app.py": SourceFile(path="web/app.py", module="web.app", sites=sites),
        "web/beside.py": SourceFile(path="web/beside.py", module="web.beside"),
    }
    tree = SourceTree(files=files, edges={})
    names = Names(known or document(), MODULES, tree)
    return {lack.name: lack.word for lack in names.lacking(frozenset(files))}


def test_parts_of_a_namespace() -> None:
    assert lacking(site("google.cloud", "storage")) == {}
    assert lacking(site("google.cloud.storage.client")) == {}
    assert lacking(site("google.cloud", "bigquery")) == {"google.cloud.bigquery": "needed"}
    assert lacking(site("google")) == {}
    assert lacking(site("sklearn.svm")) == {"sklearn": "needed"}


def test_what_is_nobody_s() -> None:
    assert lacking(site("pandas.io"), site("json"), site("web.more"), site("beside")) == {
        "pandas": "needed"
    }


def test_what_copes() -> None:
    assert lacking(site("pandas", guard=Guard.TRY)) == {"pandas": "coped"}
    assert lacking(site("pandas", guard=Guard.TYPE_CHECKING)) == {}
    assert lacking(site("winreg2", platform=True)) == {"winreg2": "coped"}
    assert lacking(site("pandas", guard=Guard.TRY), site("pandas")) == {"pandas": "needed"}
    assert lacking(site("tomli", guard=Guard.TRY, instead="tomllib")) == {}


def test_a_conflict_that_was_settled_has_an_answer() -> None:
    settled = Conflict(
        kind="builds",
        distributions=("opencv-python",),
        why="x",
        settled=True,
        use="opencv-python-headless",
    )
    assert lacking(site("cv2")) == {"cv2": "needed"}
    assert lacking(site("cv2"), known=document(settled)) == {}


def test_the_standard_library_is_that_of_the_image() -> None:
    old, new = document(python="3.10.1"), document(python="3.13.0")
    assert lacking(site("tomllib"), known=old) == {"tomllib": "needed"}
    assert lacking(site("tomllib"), known=new) == {}
    assert lacking(site("cgi"), known=old) == {}
    assert lacking(site("cgi"), known=new) == {"cgi": "needed"}
    assert lacking(site("cgi"), known=document(python="")) == {}
