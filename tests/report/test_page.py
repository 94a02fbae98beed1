"""The report in a real Chromium: what is seen, clicked, typed and asked for; hostile names too."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Dialog,
    Error,
    Page,
    Request,
    expect,
    sync_playwright,
)

from pages import one, scaled, verdict
from pruner.document import Document
from pruner.model import Choice, Conflict, Finding, Proof
from pruner.report.html import page
from pruner.report.html.page import harmless
from pruner.report.html.values import Night, Point, Report

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    "<!--<script>alert(2)",
    '"onmouseover="alert(3)',
    "javascript:alert(4)",
    "\u2028alert(5)\u2029",
    "${alert(6)}",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium: scripts/test installs it where it can")
    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


class Seen:
    """A page that was opened, and everything that it said, asked for and popped up."""

    def __init__(
        self, browser: Browser, file: Path, *, width: int = 1280, scheme: str = "light"
    ) -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        self.page: Page = self.context.new_page()
        self.trouble: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", self._failed)
        self.page.on("dialog", self._popped)
        self.page.on("request", self._asked)
        self.asked: list[str] = []
        self.page.goto(file.as_uri())

    def _said(self, message: ConsoleMessage) -> None:
        self.trouble.append(message.text)

    def _failed(self, error: Error) -> None:
        self.trouble.append(str(error))

    def _popped(self, box: Dialog) -> None:
        self.trouble.append(box.message)
        box.dismiss()

    def _asked(self, asked: Request) -> None:
        self.asked.append(asked.url)

    def check(self) -> None:
        """Nothing was said, and nothing but the file itself was asked for."""
        assert self.trouble == []
        assert len(self.asked) == 1, self.asked
        self.context.close()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(page(scaled()), encoding="utf-8")
    return file


def written(folder: Path, report: Report) -> Path:
    file = folder / "report.html"
    file.write_text(page(report), encoding="utf-8")
    return file


def hostile(word: str) -> Report:
    def change(document: Document) -> Document:
        proof = Proof(kind=word, what=word, by=word, agent=word)
        return msgspec.structs.replace(
            document,
            conflicts=(
                Conflict(
                    kind=word, distributions=(word,), why=word, settled=False, proof=(proof,),
                    choices=(Choice(what=word, config=word),),
                ),
            ),
            findings=(Finding(code=word, severity=word, where=word, what=word, fix=word),),
        )  # fmt: skip

    report = one((verdict(word, text=word), verdict("idna", "unused")), change)
    finding = Finding(code=word, severity=word, where=word, what=word, fix=word)
    night = Night(at=word, findings=(finding,), skipped=word)
    first = msgspec.structs.replace(report.images[0], image=word, night=night)
    images = (first, *report.images)
    return msgspec.structs.replace(report, images=images)


# --- the text of it ---------------------------------------------------------------------------


def test_six_images_are_under_two_megabytes(large: Path) -> None:
    assert large.stat().st_size < 2_000_000


def test_the_policy_allows_one_script_and_one_style_by_hash_and_nothing_else(large: Path) -> None:
    text = large.read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "unsafe" not in policy[1]
    assert "http" not in policy[1]
    assert text.count("<script") == 2
    assert not re.search(
        r"\s(src|href|on\w+)=", text.split("<body>")[1].split("<script")[0][20:500]
    )


@pytest.mark.parametrize("word", HOSTILE)
def test_json_in_the_page_has_nothing_that_html_could_read(word: str) -> None:
    data = json.dumps([word, "&amp;"], ensure_ascii=False)
    text = harmless(data.encode())
    assert not set(text) & set("<>&\u2028\u2029")
    assert json.loads(text) == [word, "&amp;"]


def test_no_script_of_ours_makes_markup_from_text() -> None:
    for file in (Path(page.__code__.co_filename).parent).glob("*.js"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", text)


# --- in a browser -----------------------------------------------------------------------------


@pytest.mark.parametrize("word", HOSTILE)
def test_what_a_trace_named_is_text_and_never_runs(
    browser: Browser, tmp_path: Path, word: str
) -> None:
    seen = Seen(browser, written(tmp_path, hostile(word)))
    assert seen.page.locator("#images a").first.inner_text().strip() == word.strip("\u2028\u2029")
    seen.page.locator(".tile").first.click()
    expect(seen.page.locator("dialog[open]")).to_have_count(1)
    assert word.strip() in (seen.page.locator("dialog").text_content() or "")
    assert seen.page.locator("img, iframe, object, body script:not([type]) ~ script").count() == 0
    seen.check()


def test_the_policy_stops_what_gets_past_everything_else(browser: Browser, large: Path) -> None:
    seen = Seen(browser, large)
    stopped = seen.page.evaluate(
        "() => { try { document.body.innerHTML = '<b>x</b>'; return false; }"
        " catch (error) { return error instanceof TypeError; } }"
    )
    assert stopped is True
    seen.context.close()


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_reads_and_passes_axe(
    browser: Browser, large: Path, width: int, scheme: str
) -> None:
    seen = Seen(browser, large, width=width, scheme=scheme)
    wide = seen.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    assert_accessible(browser, large, width, scheme)
    seen.check()


def assert_accessible(browser: Browser, file: Path, width: int, scheme: str) -> None:
    """Run axe-core beside the page; only there the page's policy is off, so that axe can run."""
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        bypass_csp=True,
    )
    tab = context.new_page()
    tab.goto(file.as_uri())
    for opened in (False, True):
        if opened:
            tab.locator(".tile").first.click()
            expect(tab.locator("dialog[open]")).to_have_count(1)
        found = Axe().run(tab)
        told = [
            (rule["id"], node["target"], node["failureSummary"])
            for rule in found.response["violations"]
            for node in rule["nodes"][:3]
        ]
        assert told == []
    context.close()


def test_a_click_shows_the_chain_that_explain_prints(browser: Browser, large: Path) -> None:
    seen = Seen(browser, large)
    seen.page.locator('.tile[data-name="torch"]').click()
    expect(seen.page.locator("#detail-title")).to_have_text("torch 1.2.3")
    lines = seen.page.locator('[data-part="chain"] li').all_inner_texts()
    assert lines == ["agents/speech.py:14", "whisper/__init__.py:8", "torch.py:3"]
    seen.page.locator('dialog [data-open="numpy"]').first.click()
    expect(seen.page.locator("#detail-title")).to_have_text("numpy 1.2.3")
    seen.page.keyboard.press("Escape")
    expect(seen.page.locator("dialog[open]")).to_have_count(0)
    assert seen.page.evaluate("document.activeElement.dataset.name") == "torch"
    seen.check()


def test_the_treemap_is_one_stop_for_the_keyboard_and_arrows_move_in_it(
    browser: Browser, large: Path
) -> None:
    seen = Seen(browser, large)
    assert seen.page.locator('.tile[tabindex="0"]').count() == 1
    seen.page.locator('.tile[tabindex="0"]').focus()
    name = "document.activeElement.dataset.name"
    first = seen.page.evaluate(name)
    seen.page.keyboard.press("ArrowRight")
    second = seen.page.evaluate(name)
    assert second != first
    seen.page.keyboard.press("ArrowLeft")
    assert seen.page.evaluate(name) == first
    seen.page.keyboard.press("ArrowRight")
    seen.page.keyboard.press("Enter")
    expect(seen.page.locator("#detail-title")).to_contain_text(second)
    seen.check()


def test_every_rectangle_can_be_reached_by_arrows(browser: Browser, large: Path) -> None:
    seen = Seen(browser, large)
    reached = seen.page.evaluate(
        """() => {
          const tiles = [...document.querySelectorAll(".tile")];
          const seen = new Set(), queue = [tiles[0]];
          while (queue.length) {
            const tile = queue.pop();
            if (seen.has(tile)) continue;
            seen.add(tile);
            for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]) {
              tile.focus();
              tile.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
              queue.push(document.activeElement);
            }
          }
          return [seen.size, tiles.length];
        }"""
    )
    assert reached[0] == reached[1] > 10
    seen.check()


def test_areas_are_as_the_bytes_are(browser: Browser, large: Path) -> None:
    seen = Seen(browser, large)
    torch = seen.page.locator('.tile[data-name="torch"]').bounding_box()
    cudnn = seen.page.locator('.tile[data-name="nvidia-cudnn-cu12"]').bounding_box()
    assert torch is not None
    assert cudnn is not None
    ratio = torch["width"] * torch["height"] / (cudnn["width"] * cudnn["height"])
    assert ratio == pytest.approx(2, rel=0.05)
    seen.check()


def test_the_treemap_can_show_what_was_dropped_alone(browser: Browser, large: Path) -> None:
    seen = Seen(browser, large)
    seen.page.get_by_role("button", name="Dropped", exact=True).click()
    verdicts = seen.page.locator(".tile").evaluate_all("all => all.map((t) => t.dataset.verdict)")
    assert set(verdicts) == {"drop"}
    seen.check()


def test_the_table_filters_and_sorts(browser: Browser, large: Path) -> None:
    seen = Seen(browser, large)
    rows = seen.page.locator("#distributions tbody tr")
    assert rows.count() == 112
    seen.page.get_by_label("Verdict").select_option("drop")
    assert 0 < rows.count() < 112
    seen.page.get_by_label("Verdict").select_option("")
    seen.page.locator("#filter").fill("nvidia-")
    assert rows.count() == 6
    seen.page.locator("#distributions").get_by_role("button", name="Distribution").click()
    names = rows.locator("th button").all_inner_texts()
    assert names == sorted(names)
    head = seen.page.locator("#distributions th[aria-sort]")
    assert head.get_attribute("aria-sort") == "ascending"
    seen.page.locator("#filter").fill("no such thing")
    assert "No distribution is like that" in rows.inner_text()
    seen.check()


def test_another_image_is_one_click_away_and_has_an_address(browser: Browser, large: Path) -> None:
    seen = Seen(browser, large)
    seen.page.locator("#images").get_by_role("link", name="vision_gpu").click()
    expect(seen.page.locator("#image-title")).to_have_text("vision_gpu")
    assert "POST /detect: 200, now 500" in seen.page.locator("#image").inner_text()
    assert seen.page.url.endswith("#image=vision_gpu")
    seen.page.goto(large.as_uri() + "#image=coordination&distribution=triton")
    expect(seen.page.locator("#detail-title")).to_contain_text("triton")
    seen.context.close()


def test_conflicts_findings_native_libraries_and_trend_are_there(
    browser: Browser, large: Path
) -> None:
    seen = Seen(browser, large)
    first = seen.page.locator("#conflicts article").first
    assert "open" in first.inner_text()
    first.locator("summary").click()
    assert "libcublasLt.so.11" in first.inner_text()
    assert "PRN120" in seen.page.locator("#findings tbody tr").first.inner_text()
    assert "libsndfile.so.1" in seen.page.locator("#natives").inner_text()
    assert seen.page.locator("#trend circle").count() == 30
    seen.check()


def test_what_the_last_night_found_is_there(browser: Browser, large: Path) -> None:
    seen = Seen(browser, large)
    assert (
        "2026-11-25 03:00:00 UTC. The agents were run." in seen.page.locator("#drift").inner_text()
    )
    rows = seen.page.locator("#drift tbody tr").all_inner_texts()
    assert [row.split()[0] for row in rows] == ["PRN570", "PRN512", "PRN575"]
    assert "✗ error" in rows[0]
    assert "agents/speech.py:88" in rows[0]
    counted = seen.page.locator("#overview tbody tr").first.locator("td").last.inner_text()
    found = seen.page.locator("#findings tbody tr, #drift tbody tr").all_inner_texts()
    assert int(counted) == len([row for row in found if "note" not in row]) > 1
    seen.page.locator("#images").get_by_role("link", name="vision_gpu").click()
    expect(seen.page.locator("#image-title")).to_have_text("vision_gpu")
    assert "The agents were not run: nothing that" in seen.page.locator("#drift").inner_text()
    assert "Nothing found." in seen.page.locator("#drift").inner_text()
    seen.page.locator("#images").get_by_role("link", name="coordination").click()
    expect(seen.page.locator("#image-title")).to_have_text("coordination")
    assert seen.page.locator("#drift").count() == 0
    seen.check()


def test_without_history_and_without_a_lock_it_says_so(browser: Browser, tmp_path: Path) -> None:
    report = one((verdict("idna"),))
    bare = msgspec.structs.replace(
        report.images[0], image="bare", document=None, missing="there is no lock yet"
    )
    report = msgspec.structs.replace(report, images=(*report.images, bare))
    seen = Seen(browser, written(tmp_path, report))
    assert "no history" in seen.page.locator("#trend").inner_text()
    seen.page.locator("#images").get_by_role("link", name="bare").click()
    expect(seen.page.locator("#image-title")).to_have_text("bare")
    assert "there is no lock yet" in seen.page.locator("#image").inner_text()
    seen.check()


def test_distributions_and_built_images_are_not_on_one_line(
    browser: Browser, tmp_path: Path
) -> None:
    locked = Point(at="2026-11-01T03:00:00Z", command="lock", outcome="ok", size_after=7)
    built = Point(at="2026-11-02T03:00:00Z", command="build", outcome="ok", minimal_bytes=9_000)
    report = one((verdict("idna"),))
    image = msgspec.structs.replace(report.images[0], trend=(locked, built))
    seen = Seen(browser, written(tmp_path, msgspec.structs.replace(report, images=(image,))))
    assert seen.page.locator("#trend circle").count() == 1
    assert "9 kB" not in seen.page.locator("#trend").inner_text()
    seen.check()
