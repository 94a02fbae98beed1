"""What each format says of an ordinary image, and of one that is wrong."""

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import cmarkgfm
import jsonschema
import msgspec
import pytest
from cmarkgfm.cmark import Options
from prometheus_client.parser import text_string_to_metric_families

from pruner.document import Document, ProofReport
from pruner.errors import UsageError
from pruner.files import write
from pruner.report.changes import changes
from pruner.report.formats import FORMATS, render
from pruner.report.meanings import meaning
from pruner.report.pinned import read_pins
from pruner.report.subject import Subject
from reports import DIGEST, build, document, finding, hostile, subject, verdict
from support import project, run

ROOT = Path(__file__).parents[2]


# --- CycloneDX -------------------------------------------------------------------------------


def test_a_bill_of_materials_has_what_the_lock_has() -> None:
    bom = json.loads(render("cyclonedx", [subject()]))
    parts = {row["name"]: row for row in bom["components"]}
    assert set(parts) == {"web", "url_lib", "own-app"}
    web, other, own = parts["web"], parts["url_lib"], parts["own-app"]
    url = "https://files.example/web-1.0-py3-none-any.whl"
    assert web["purl"].startswith("pkg:pypi/web@1.0?download_url=")
    assert web["hashes"] == [{"alg": "SHA-256", "content": DIGEST}]
    assert [it["url"] for it in web["externalReferences"]] == [url]
    assert other["purl"] == "pkg:pypi/url-lib@2.0"
    assert "hashes" not in other  # there are two files, and either may be installed
    assert [it["hashes"][0]["content"] for it in other["externalReferences"]] == [DIGEST, DIGEST]
    assert "purl" not in own
    facts = {it["name"]: it["value"] for it in web["properties"]}
    assert facts["pruner:level"] == "observed"
    assert facts["pruner:verdict"] == "keep"
    graph = {row["ref"]: row.get("dependsOn", []) for row in bom["dependencies"]}
    assert graph["image:app"] == ["image:app/own-app@1.0", "image:app/web@1.0"]
    assert graph["image:app/web@1.0"] == ["image:app/url-lib@2.0"]
    assert bom["metadata"]["timestamp"] == "2026-11-24T10:02:03+00:00"
    assert bom["metadata"]["component"]["type"] == "container"


def test_without_a_proof_there_is_no_time_and_another_lock_has_another_number() -> None:
    one = json.loads(render("cyclonedx", [subject(proven_at=None)]))
    assert "timestamp" not in one["metadata"]
    other = json.loads(render("cyclonedx", [subject(proven_at=None, pins=())]))
    assert one["serialNumber"] != other["serialNumber"]


def test_several_images_have_a_bill_each() -> None:
    bom = json.loads(render("cyclonedx", [subject(), subject("b")]))
    assert [row["name"] for row in bom["components"]] == ["app", "b"]
    assert [len(row["components"]) for row in bom["components"]] == [3, 3]


# --- JUnit -----------------------------------------------------------------------------------


def outcomes(found: Subject) -> dict[str, str]:
    """Return each test of the first suite, and how it ended: "" where it passed."""
    root = ET.fromstring(render("junit", [found]))  # noqa: S314  our own
    suite = next(iter(root))
    ended = {
        f"{case.get('classname')}/{case.get('name')}": "".join(it.tag for it in case)
        for case in suite.iter("testcase")
    }
    wrong = [word for word in ended.values() if word]
    assert suite.get("tests") == str(len(ended))
    assert suite.get("failures") == str(wrong.count("failure"))
    return ended


def with_proof(*differences: str) -> Subject:
    proof = ProofReport(passed=False, rounds=1, differences=differences, touched=("url", "web"))
    return subject(document=document(proof=proof))


def test_a_proof_is_a_suite() -> None:
    assert outcomes(subject()) == {
        "app.agent/starts": "",
        "app.agent/GET /": "",
        "app.agent/run x": "",
        "app.imports/import url": "",
        "app.imports/import web": "",
    }


@pytest.mark.parametrize(
    ("line", "test", "ended"),
    [
        ("agent: GET / gave 500, not 200", "app.agent/GET /", "failure"),
        ("agent: run x was not run", "app.agent/run x", "failure"),
        ("url can no longer be imported whole", "app.imports/import url", "failure"),
        ("torch.cuda: False, not True", "app/the proof", "failure"),
    ],
)
def test_what_differs_fails_its_own_test_alone(line: str, test: str, ended: str) -> None:
    assert {name: word for name, word in outcomes(with_proof(line)).items() if word} == {
        test: ended
    }


def test_what_an_agent_that_died_did_not_get_to_is_skipped() -> None:
    found = outcomes(with_proof("agent: exited with 1"))
    assert found["app.agent/starts"] == "error"
    assert found["app.agent/GET /"] == found["app.agent/run x"] == "skipped"
    assert found["app.imports/import web"] == ""


def test_no_proof_passes_nothing() -> None:
    assert outcomes(subject(document=document(proof=None))) == {"app/the proof": "skipped"}
    proof = ProofReport(passed=False, rounds=1)
    assert outcomes(subject(document=document(proof=proof)))["app/the proof"] == "failure"


def test_a_built_image_is_a_suite_of_its_own() -> None:
    root = ET.fromstring(render("junit", [subject(build=build())]))  # noqa: S314  our own
    assert [suite.get("name") for suite in root] == ["app", "app (built)"]


# --- Prometheus ------------------------------------------------------------------------------


def metrics(found: Subject) -> dict[tuple[str, str], float]:
    families = text_string_to_metric_families(render("prometheus", [found]).decode())
    return {
        (
            item.name,
            ",".join(f"{key}={item.labels[key]}" for key in sorted(item.labels)),
        ): item.value
        for family in families
        for item in family.samples
    }


def test_metrics_have_what_is_known_and_no_more() -> None:
    found = metrics(subject(build=build(), budget_bytes=5_000_000))
    assert found["pruner_distributions_bytes", "image=app,of=kept"] == 2500
    assert found["pruner_image_bytes", "image=app,variant=minimal"] == 3_000_000
    assert found["pruner_budget_bytes", "image=app"] == 5_000_000
    assert found["pruner_confidence_ratio", "image=app"] == 0.875
    assert found["pruner_proof_passed", "image=app"] == 1
    assert found["pruner_last_proof_timestamp_seconds", "image=app"] == 1_795_514_523
    assert found["pruner_findings", "code=PRN101,image=app,severity=warning"] == 1
    assert found["pruner_distributions", "image=app,level=observed,verdict=keep"] == 3
    bare = {name for name, _ in metrics(subject(proven_at=None))}
    assert not bare & {"pruner_budget_bytes", "pruner_image_bytes"}
    assert "pruner_last_proof_timestamp_seconds" not in bare


def test_the_collector_never_sees_half_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads *.prom; what is being written has another name, and gets that one whole."""
    seen: list[list[Path]] = []
    replaced = Path.replace

    def watched(self: Path, target: Path) -> Path:
        seen.append(list(tmp_path.glob("*.prom")))
        return replaced(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    write(tmp_path / f"pruner{FORMATS['prometheus'].suffix}", render("prometheus", [subject()]))
    assert seen == [[]]
    assert [path.name for path in tmp_path.glob("*.prom")] == ["pruner.prom"]


# --- SARIF -----------------------------------------------------------------------------------


def test_every_finding_is_at_a_file_of_the_project() -> None:
    more = (
        finding("PRN103", "error", "some-dist"),
        finding("PRN104", "warning", "/usr/lib/python3/x.py:1"),
        finding("PRN104", "warning", "installed files"),
        finding("PRN599", "fatal", "pruner.toml"),
    )
    (ran,) = json.loads(render("sarif", [subject(findings=more)]))["runs"]
    places = [
        (
            row["ruleId"],
            row["level"],
            row["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        )
        for row in ran["results"]
    ]
    lock = "locks/app/requirements.txt"
    assert places == [
        ("PRN103", "error", lock),
        ("PRN101", "warning", "app/x.py"),
        ("PRN104", "warning", lock),
        ("PRN104", "warning", lock),
        ("PRN599", "warning", "pruner.toml"),
        ("PRN110", "note", lock),
    ]
    assert any("some-dist: imports y" in row["message"]["text"] for row in ran["results"])


def test_every_code_that_is_documented_has_a_meaning() -> None:
    documented = re.findall(r"^\| (PRN\d+) \|", (ROOT / "docs/design.md").read_text(), re.MULTILINE)
    assert len(documented) > 20
    assert [code for code in documented if meaning(code).name == code] == []


# --- the comment on a pull request -----------------------------------------------------------


class Tags(HTMLParser):
    """What a host would make of a comment: its elements, and its text outside of code."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self._code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self._code += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"

    def handle_data(self, data: str) -> None:
        self.text += "" if self._code else data


def drawn(comment: bytes) -> Tags:
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_GITHUB_PRE_LANG
    html = cmarkgfm.github_flavored_markdown_to_html(comment.decode(), options)
    tags = Tags()
    tags.feed(html)
    tags.close()
    return tags


def test_nothing_that_others_wrote_means_anything() -> None:
    tags = drawn(render("markdown", [hostile()]))
    ours = {"h3", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "strong", "code"}
    assert tags.tags <= ours | {"details", "summary"}
    assert tags.attributes <= {"align"}
    assert not re.search(r"@\w|#\d|:\w+:|https?://|www\.", tags.text)
    assert "alert(1)" in tags.text  # it is said, and does nothing


def test_a_comment_fits_whatever_there_is_to_say() -> None:
    many = [hostile(image=f"image{number}", rows=200) for number in range(60)]
    comment = render("markdown", many)
    assert len(comment) < 65_536
    assert comment.count(b"<details>") == comment.count(b"</details>")
    assert "has all of it" in comment.decode().splitlines()[-1]
    one = render("markdown", [hostile(rows=5000)])
    assert 50_000 < len(one) < 65_536
    assert re.search(rb"^and \d+ more$", one, re.MULTILINE)


def test_what_matters_stands_first() -> None:
    proof = ProofReport(passed=False, rounds=1, differences=("agent: GET / gave 500, not 200",))
    bad = subject(document=document(proof=proof), budget_bytes=1000)
    lines = render("markdown", [bad]).decode().splitlines()
    assert lines[0] == "<!-- pruner -->"
    assert lines[1] == "### pruner: 1 image of 1 to look at"
    assert "❌ **not proven**" in lines[5]
    assert "2 MB → 2 kB (100 % less)" in lines[5]
    assert lines[9] == "- ❌ 2 kB, 2 kB over the budget of 1 kB"
    assert lines[10] == "- ❌ agent: GET / gave 500, not 200"
    assert lines[11].startswith("- ⚠️ `PRN101` app/x.py:3: imports y")


def test_nothing_found_is_said_in_one_line() -> None:
    fine = subject(document=document(findings=(), proof=ProofReport(passed=True, rounds=1)))
    text = render("markdown", [fine, subject("b", document=fine.document)]).decode()
    assert "### pruner: 2 images, nothing to look at" in text
    assert "\n- " not in text


def test_changes_are_told_by_their_bytes() -> None:
    def of(*rows: object) -> Document:
        return document(distributions=rows)

    before = of(verdict("a"), verdict("b", size_bytes=5000), verdict("c", "1"), verdict("d"))
    after = of(
        verdict("b", verdict="drop", level="unused", why="nothing needs it"),
        verdict("c", "2", size_bytes=4000),
        verdict("d", level="guarded", why="a try"),
        verdict("e", size_bytes=2000),
    )
    told = [
        (row.kind, row.name, row.before, row.after, row.bytes) for row in changes(before, after)
    ]
    assert told == [
        ("removed", "b", "1.0", "", -5000),
        ("moved", "c", "1", "2", 3000),
        ("added", "e", "", "1.0", 2000),
        ("removed", "a", "1.0", "", -1000),
        ("weaker", "d", "observed", "guarded", 0),
    ]
    text = render("markdown", [subject(document=after, previous=before)]).decode()
    assert "- 5 changes to the lock, 1 kB less than before:" in text
    assert "  - leaves out `b` `1.0` (−5 kB): nothing needs it" in text


# --- the lock's own file, and a real one -----------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", "lock-version = 1", "=", 'lock-version = "1.0"\ncreated-by = "x"\npackages = [1]']
)
def test_what_is_no_lock_is_named(text: str) -> None:
    with pytest.raises(UsageError, match=r"^locks/app/pylock\.toml: not a lock: "):
        read_pins("locks/app/pylock.toml", text)


def test_a_real_lock_is_what_the_schemas_say_and_every_format_takes_it(tmp_path: Path) -> None:
    root = project(tmp_path, requirements="idna==3.10\nsix==1.17.0\n")
    done = run("lock", "--image", "app", "--runtime", "local", "--once", "--json", cwd=root)
    assert done.code == 0, done.err
    schema = json.loads((ROOT / "docs/schema/verdicts.json").read_text())
    written = (root / "locks/app/verdicts.json").read_bytes()
    for text in (done.out, written):
        jsonschema.validate(json.loads(text), schema)
    every = run("lock", "--all", "--runtime", "local", "--once", "--json", cwd=root)
    images = json.loads((ROOT / "docs/schema/images.json").read_text())
    jsonschema.validate(json.loads(every.out), images)
    audit = json.loads((ROOT / "docs/schema/audit.json").read_text())
    jsonschema.validate(json.loads(run("audit", "--json", cwd=root).out), audit)
    found = read_pins("locks/app/pylock.toml", (root / "locks/app/pylock.toml").read_text())
    real = Subject(image="app", document=msgspec.json.decode(written, type=Document), pins=found)
    (pin,) = json.loads(render("cyclonedx", [real]))["components"]
    assert pin["purl"] == "pkg:pypi/idna@3.10"
    assert {it["hashes"][0]["alg"] for it in pin["externalReferences"]} == {"SHA-256"}
    for name in FORMATS:
        assert render(name, [real]) == render(name, [real])
