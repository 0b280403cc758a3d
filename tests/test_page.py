from __future__ import annotations

import re
import shutil
import subprocess

import nbformat
import pytest
import vl_convert

from benchkit.page import charts_of, draw_svg, page
from benchkit.tables import CHART_TYPE


def notebook_of(title: str, *cells: tuple[str, str]) -> nbformat.NotebookNode:
    """A notebook of Markdown, each cell with its tag."""
    made = [nbformat.v4.new_markdown_cell(f"# {title}\n\nOf {title}.")]
    made += [nbformat.v4.new_markdown_cell(text, metadata={"tags": [tag]}) for tag, text in cells]
    return nbformat.v4.new_notebook(cells=made)


def text_of(html: str) -> str:
    body = html[html.index("<body>") : html.index("<footer>")]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def test_what_holds_for_all_is_said_once_where_it_belongs() -> None:
    cells = [("opening", "Beware."), ("plain", "Figures."), ("closing", "Definitions.")]
    notebooks = {name: notebook_of(name.capitalize(), *cells) for name in ("one", "two")}
    html = page(notebooks, title="T", subtitle="S", bundle="")
    sections = "One Of One. Beware. Figures. Two Of Two. Figures. How these figures were made Definitions."
    assert text_of(html).strip() == f"T S One Two How these figures were made {sections}"


def test_the_contents_lead_to_the_sections() -> None:
    html = page(
        {"one": notebook_of("First"), "two": notebook_of("<Second>")}, title="T", subtitle="S", bundle=""
    )
    links = re.findall(r'<a href="#(\w+)">(.*?)</a>', html)
    assert links == [("one", "First"), ("two", "&lt;Second&gt;")]
    assert re.findall(r'<section id="(\w+)">', html) == ["one", "two"]


def test_one_section_needs_no_contents() -> None:
    assert "<nav" not in page({"one": notebook_of("First")}, title="T", subtitle="S", bundle="")


@pytest.mark.parametrize(
    ("language", "one", "other"), [("ko", "달토끼", "별토끼"), ("ja", "ほしくず", "ほしぞら")]
)
def test_names_in_korean_and_japanese_are_drawn(language: str, one: str, other: str) -> None:
    listed = shutil.which("fc-list") and subprocess.run(
        ["fc-list", f":lang={language}"], capture_output=True, check=True
    )
    if not listed or not listed.stdout:
        pytest.skip(f"no font for {language} is installed, so no such name was drawn")

    def drawn(name: str) -> bytes:
        chart = {
            "data": {"values": [{"name": name}]},
            "mark": "text",
            "encoding": {"text": {"field": "name"}},
        }
        return bytes(vl_convert.svg_to_png(draw_svg(chart)))

    assert drawn(one) != drawn(other)  # of missing glyphs, the boxes would be the same


def test_charts_are_found_among_the_outputs() -> None:
    output = nbformat.v4.new_output
    outputs = [output("stream", text="so far"), output("display_data", {CHART_TYPE: {"mark": "bar"}})]
    cells = [nbformat.v4.new_markdown_cell("words"), nbformat.v4.new_code_cell("", outputs=outputs)]
    assert charts_of(nbformat.v4.new_notebook(cells=cells)) == [{"mark": "bar"}]


def test_the_page_shows_charts_tables_words_and_no_code() -> None:
    output = nbformat.v4.new_output
    chart = {CHART_TYPE: {"width": 300, "mark": "bar", "title": "</script>"}, "text/plain": "<a chart>"}
    outputs = [
        output("execute_result", {"text/html": "<table></table>", "text/plain": "Html"}),
        output("display_data", chart),
        output("display_data", {"text/plain": "<plain>"}),
        output(
            "display_data",
            {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "IntSlider(value=1)"},
        ),
        output("stream", name="stderr", text="a warning"),
    ]
    cells = [
        nbformat.v4.new_markdown_cell("# Title\n\n<script>bad()</script>"),
        nbformat.v4.new_code_cell("secret = 1", outputs=outputs),
    ]
    html = page(
        {"one": nbformat.v4.new_notebook(cells=cells)}, title="<T>", subtitle="<S>", bundle="var vega;"
    )
    assert "<h1>&lt;T&gt;</h1>" in html
    assert "<p>&lt;S&gt;</p>" in html
    assert "<h2>Title</h2>" in html
    assert "&lt;script&gt;bad()" in html
    assert '<div class="output" tabindex="0"><table></table></div>' in html
    assert '<pre class="output">&lt;plain&gt;</pre>' in html
    assert '{"width":"container","mark":"bar","title":"\\u003c/script>"}' in html
    assert "&lt;a chart&gt;" in html
    assert "secret" not in html
    assert "a warning" not in html
    assert "IntSlider" not in html
