"""The report's page in a real browser with no network: what is drawn, what is asked for, what is said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import altair as alt
import nbformat
import polars as pl
import pytest
from playwright.sync_api import Browser, Page

from benchkit import charts, expectation_curve, find_waits, tables
from benchkit.page import page, vega_bundle
from benchkit.report import make_report
from benchkit.sources.timelines import from_timelines

HOSTILE = [
    "</script><script>document.title='broken'</script>",
    "<img src=x onerror=\"document.title='broken'\">",
]

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")


@pytest.fixture(scope="module")
def demo_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_report(
        brand="Mumblecell", target="30% in 1h", name_peers=True, out=tmp_path_factory.mktemp("reports")
    )


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page whose brands, titles and cells try to be more than text."""
    curve = pl.concat(
        expectation_curve(find_waits(from_timelines(*[f"C0 A{10 * i + 1}" for i in range(40)], brand=brand)))
        for brand in HOSTILE
    )
    with alt.renderers.enable("default"), alt.theme.enable("default"):
        charts.enable_renderer()
        bundle = charts.answered_within_curve(curve)._repr_mimebundle_()
    output = nbformat.v4.new_output
    outputs = [
        output("execute_result", bundle),
        output("execute_result", {"text/html": tables.curve(curve).html}),
        output("execute_result", {"text/plain": HOSTILE[0]}),
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=outputs)])
    path = tmp_path_factory.mktemp("page") / "index.html"
    html = page({"hostile": notebook}, title=HOSTILE[0], subtitle=HOSTILE[1], bundle=vega_bundle())
    path.write_text(html, encoding="utf-8")
    return path


@contextmanager
def opened(browser: Browser, path: Path, *, width: int = 1280) -> Iterator[tuple[Page, list[str]]]:
    """A page opened with the network off, and everything it asked for or complained of."""
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
    tab = context.new_page()
    heard: list[str] = []
    tab.on("console", lambda message: heard.append(message.text))
    tab.on("pageerror", lambda error: heard.append(str(error)))
    tab.on("request", lambda request: heard.append(request.url) if request.url != path.as_uri() else None)
    tab.goto(path.as_uri())
    tab.wait_for_selector("figure.chart svg")
    yield tab, heard
    context.close()


CHARTS = 19


@pytest.mark.parametrize("width", [1280, 400])
def test_charts_are_drawn_as_wide_as_the_column(browser: Browser, demo_report: Path, width: int) -> None:
    with opened(browser, demo_report, width=width) as (tab, heard):
        figures = tab.locator("figure.chart")
        assert figures.count() == CHARTS
        for figure in figures.all():
            column, panels = figure.bounding_box(), figure.locator("svg .mark-group .background").all()
            plots = [box for box in (panel.bounding_box() for panel in panels) if box]
            assert abs(figure.locator("svg").bounding_box()["width"] - column["width"]) <= 1
            reach = max(box["x"] + box["width"] for box in plots) - min(box["x"] for box in plots)
            assert reach > 0.5 * column["width"]
            kinds = ":is(.mark-symbol, .mark-line, .mark-rule, .mark-rect)"
            marks = figure.locator(f"svg {kinds} :is(path, line)").all()
            drawn = [box for box in (mark.bounding_box() for mark in marks) if box]
            assert len(drawn) > 3
            left, right = min(box["x"] for box in drawn), max(box["x"] + box["width"] for box in drawn)
            top, bottom = min(box["y"] for box in drawn), max(box["y"] + box["height"] for box in drawn)
            assert right - left > 0.4 * column["width"]
            assert bottom - top > min(60, 0.4 * max(box["height"] for box in plots))
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert heard == []


def test_the_contents_lead_to_each_section(browser: Browser, demo_report: Path) -> None:
    with opened(browser, demo_report) as (tab, heard):
        for link in tab.locator("nav a").all():
            link.click()
            heading = tab.locator(f"{link.get_attribute('href')} h2")
            assert heading.inner_text() == link.inner_text()
            assert heading.bounding_box()["y"] < 900
        assert tab.locator("nav a").count() == 5
        assert heard == []


def test_every_chart_is_told_to_those_who_do_not_see_it(browser: Browser, demo_report: Path) -> None:
    with opened(browser, demo_report) as (tab, _):
        drawings = tab.locator("figure.chart [role='graphics-document']")
        labels = [drawing.get_attribute("aria-label") for drawing in drawings.all()]
        assert len(labels) == CHARTS
        assert all(re.search(r"\?.*\d", label) for label in labels)


def test_pointing_at_a_line_tells_its_numbers(browser: Browser, demo_report: Path) -> None:
    with opened(browser, demo_report) as (tab, heard):
        curve = tab.locator("figure.chart").filter(has_text="How soon is a customer answered?")
        curve.locator(
            "svg .mark-symbol path[style*='opacity: 0'], svg .mark-symbol path[opacity='0']"
        ).last.hover()
        tab.wait_for_selector("#vg-tooltip-element.visible")
        told = tab.locator("#vg-tooltip-element").inner_text()
        for words in ("Who", "Answered within", "Share", "95% interval", "Waits"):
            assert words in told
        assert heard == []


def test_names_in_other_scripts_are_drawn(browser: Browser, demo_report: Path) -> None:
    with opened(browser, demo_report) as (tab, _):
        texts = " ".join(tab.locator("figure.chart svg text").all_text_contents())
        assert "달토끼텔레콤" in texts
        assert "ほしくず" in texts


def test_printed_it_fits_the_paper(browser: Browser, demo_report: Path) -> None:
    with opened(browser, demo_report) as (tab, _):
        tab.emulate_media(media="print")
        tab.set_viewport_size({"width": 690, "height": 1000})  # A4 less its margins
        assert tab.evaluate("document.documentElement.scrollWidth") <= 690
        assert tab.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_what_is_folded_is_printed(browser: Browser, hostile_page: Path, tmp_path: Path) -> None:
    unfolded = tmp_path / "index.html"
    folded = "<details><summary>Who</summary>everybody</details></main>"
    unfolded.write_text(hostile_page.read_text(encoding="utf-8").replace("</main>", folded), encoding="utf-8")
    with opened(browser, unfolded) as (tab, _):
        assert not tab.locator("details").get_attribute("open")
        tab.pdf(prefer_css_page_size=True)
        assert tab.locator("details").get_attribute("open") is not None


def test_hostile_names_are_shown_as_text(browser: Browser, hostile_page: Path) -> None:
    with opened(browser, hostile_page) as (tab, heard):
        assert tab.title() == HOSTILE[0]
        assert tab.locator("h1").inner_text() == HOSTILE[0]
        assert tab.locator("tbody th").all_inner_texts() == sorted(HOSTILE)
        assert tab.locator("pre").inner_text() == HOSTILE[0]
        drawn = tab.locator("figure.chart svg .mark-text text").all_text_contents()
        assert {name[:5] for name in HOSTILE} <= {text[:5] for text in drawn}
        assert tab.locator("img").count() == 0
        tab.locator("figure.chart svg .mark-symbol path").last.hover()
        tab.wait_for_selector("#vg-tooltip-element.visible")
        assert any(name in tab.locator("#vg-tooltip-element").inner_text() for name in HOSTILE)
        assert tab.locator("img").count() == 0
        assert heard == []


def test_a_script_that_is_not_ours_does_not_run(browser: Browser, hostile_page: Path, tmp_path: Path) -> None:
    html = hostile_page.read_text(encoding="utf-8")
    smuggled = tmp_path / "index.html"
    smuggled.write_text(
        html.replace("</main>", "<script>document.title = 'broken'</script></main>"), encoding="utf-8"
    )
    with opened(browser, smuggled) as (tab, heard):
        assert tab.title() == HOSTILE[0]
        assert "Content Security Policy" in "".join(heard)
