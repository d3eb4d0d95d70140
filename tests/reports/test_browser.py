"""The report in a real browser: Chromium, without a window and without a network.

Another Chromium than Playwright's own is named by QSENSE_CHROMIUM, or found by its usual names.
"""

import os
import shutil
from contextlib import contextmanager

import pytest
from test_report import SPEC, hostile_part

import qsense
from qsense.reports.page import page
from qsense.reports.page.blocks import Part, Section, Table
from qsense.reports.page.record import record_part
from qsense.runs.spec import RunSpec

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright (the extra `browser`)")
WIDTHS = (360, 900, 1400)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)


@pytest.fixture(scope="module")
def browser():
    path = os.environ.get("QSENSE_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    with sync_api.sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        except sync_api.Error as error:
            pytest.skip(f"no Chromium can be started: {str(error).splitlines()[0]} (make browser)")
        yield started
        started.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A record's page, and one in which every text is hostile."""
    folder = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qsense.reports.figures", lambda *_: {})
        record = qsense.run(RunSpec.from_dict(SPEC), folder / "records")
    for name, part in (("good", record_part(record)), ("hostile", hostile_part())):
        (folder / f"{name}.html").write_bytes(page([part]))
    return folder


@contextmanager
def opened(browser, path, width=900, **options):
    """A page, and what the browser complained about or was asked to load."""
    context = browser.new_context(viewport={"width": width, "height": 800}, **options)
    shown, said = context.new_page(), []
    shown.on("console", lambda message: said.append(message.text))
    shown.on("pageerror", lambda error: said.append(str(error)))
    shown.on("dialog", lambda dialog: (said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    shown.on("request", lambda request: said.append(request.url) if request.url != path.as_uri() else None)
    shown.goto(path.as_uri())
    yield shown, said
    context.close()


def drawn(shown, selector):
    """How many elements of a selector take room on the page."""
    return shown.evaluate(
        "s => [...document.querySelectorAll(s)].filter(e => e.getClientRects().length && e.checkVisibility()).length",
        selector,
    )


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["good", "hostile"])
def test_it_is_shown_at_every_width_without_a_complaint_and_loads_nothing(browser, files, name, width):
    with opened(browser, files / f"{name}.html", width) as (shown, said):
        assert said == []
        size = shown.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert size[0] <= size[1], "the page is wider than the window"
        assert shown.evaluate("typeof hacked") == "undefined"
        assert shown.evaluate("document.scripts.length") == 1
        assert drawn(shown, "h1, .verdict, figure svg") >= 4
        for box in shown.evaluate(
            "[...document.querySelectorAll('svg.chart.even')].map(e => e.getBoundingClientRect().width)"
        ):
            assert 200 < box <= width


@pytest.mark.parametrize("has_script", [True, False])
def test_probes_estimators_and_axes_are_switched_with_and_without_script(browser, files, has_script):
    with opened(browser, files / "good.html", java_script_enabled=has_script) as (shown, said):
        group = shown.locator(".plots").first
        for box, layer in ((".t-c0", ".c0"), (".t-e0", ".estimate"), (".t-exact", ".exact"), (".t-band", ".band")):
            one = group.locator(f"svg.chart.even {layer} *").first
            assert one.is_visible()
            group.locator(box).uncheck()
            assert not one.is_visible()
            group.locator(box).check()
            assert one.is_visible()
        even, log = group.locator("svg.even").first, group.locator("svg.log").first
        assert (even.is_visible(), log.is_visible()) == (True, False)
        group.locator(".t-log").check()
        assert (even.is_visible(), log.is_visible()) == (False, True)
        assert said == []


def test_values_are_said_at_the_pointer_and_by_the_keyboard(browser, files):
    with opened(browser, files / "good.html") as (shown, _):
        picture, tip = shown.locator("svg.chart.even").first, shown.locator("#tip")
        picture.scroll_into_view_if_needed()
        box = picture.locator(".mark use").first.bounding_box()
        shown.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        assert "95 %:" in tip.inner_text()
        assert tip.inner_text().startswith("GHZ, auto: G = ")
        shown.mouse.move(0, 0)
        assert not tip.is_visible()
        picture.focus()
        said = []
        for _ in range(3):
            shown.keyboard.press("ArrowRight")
            said.append(tip.inner_text())
        assert len(set(said)) == 3
        shown.keyboard.press("Escape")
        assert not tip.is_visible()


def test_on_paper_everything_is_open_and_nothing_is_to_be_clicked(browser, files):
    with opened(browser, files / "good.html") as (shown, said):
        folded = drawn(shown, "details tbody")
        shown.emulate_media(media="print")
        shown.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert drawn(shown, "details tbody") > folded == 0
        assert drawn(shown, "input, .t-log") == 0
        shown.evaluate("dispatchEvent(new Event('afterprint'))")
        assert drawn(shown, "details tbody") == 0
        content = shown.pdf(format="A4")
        assert content.startswith(b"%PDF-")
        assert content.count(b"/Type /Page\n") + content.count(b"/Type/Page/") >= 2 or b"/Count" in content
        assert said == []


def test_in_the_dark_letters_and_curves_are_told_from_the_ground(browser, files):
    script = """() => {
      const rgb = text => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
      const light = c => c.map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
        .reduce((sum, v, k) => sum + v * [.2126, .7152, .0722][k], 0);
      const of = (e, name) => light(rgb(getComputedStyle(e)[name]));
      const ground = of(document.body, "backgroundColor");
      const ratio = v => (Math.max(v, ground) + .05) / (Math.min(v, ground) + .05);
      const find = s => document.querySelector(s);
      return {ground, ink: ratio(of(find(".verdict"), "color")), soft: ratio(of(find(".about"), "color")),
              link: ratio(of(find("summary"), "color")), label: ratio(of(find("svg.chart text"), "fill")),
              lines: [...document.querySelectorAll(".exact polyline")].map(e => ratio(of(e, "stroke")))};
    }"""
    grounds = []
    for scheme in ("light", "dark"):
        with opened(browser, files / "good.html", color_scheme=scheme) as (shown, _):
            found = shown.evaluate(script)
        grounds.append(found["ground"])
        assert min(found[name] for name in ("ink", "soft", "link", "label")) >= 4.5
        assert min(found["lines"]) >= 3
    assert grounds[0] > 0.8 > 0.2 > grounds[1]


def test_a_click_on_a_head_sorts_a_table_by_its_numbers(browser, tmp_path):
    cells = (("a", "10 ms"), ("b", "−2 ms"), ("c", "–"), ("d", "9.5 ms"))
    table = Table("sorted", ("name", "time"), cells, is_sorted=True)
    part = Part("x", "y", "z", (Section("s", (table,)),))
    path = tmp_path / "sorted.html"
    path.write_bytes(page([part]))
    with opened(browser, path) as (shown, said):
        for times, order in ((1, "bdac"), (2, "adbc")):
            shown.reload()
            for _ in range(times):
                shown.click("th:nth-child(2) button")
            assert "".join(shown.locator("td:first-child").all_text_contents()) == order
        assert [text for text in said if not text.startswith("file:")] == []
