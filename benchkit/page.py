"""Executed notebooks in, one HTML page out: self-contained, nothing fetched from anywhere."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from itertools import takewhile
from pathlib import Path
from typing import Any

import nbformat
import vl_convert
from jinja2 import Environment, FileSystemLoader
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from benchkit import __version__
from benchkit.tables import CHART_TYPE

_SVG_PADDING = 32
_WIDGET_TYPE = "application/vnd.jupyter.widget-view+json"
_TEMPLATES = Path(__file__).parent / "templates" / "report"


class _Renderer(IPythonRenderer):
    """Notebooks' headings one level down, for the page has a title of its own; no raw HTML."""

    def heading(self, text: str, level: int, **attributes: Any) -> str:
        return str(super().heading(text, min(level + 1, 6), **attributes))


@dataclass(frozen=True)
class Section:
    """A part of the page: its cells, and its title in the list of contents."""

    id: str
    title: str
    cells: Sequence[nbformat.NotebookNode]


def page(notebooks: Mapping[str, nbformat.NotebookNode], *, title: str, subtitle: str, bundle: str) -> str:
    """Set executed notebooks, by name, as one page that draws its charts with no network.

    Of the notebooks the page shows Markdown, charts, tables and text, never code. Each is a
    section, called what its first heading says. Cells tagged `opening` or `closing` say what
    holds for all notebooks: of those the first notebook's are shown, closing ones at the end.
    Cells tagged `lab` are for those who have the notebook open, and not shown. Markdown tagged
    `if-any` is shown where one of the cells below it, up to the next Markdown, has something to show.
    `bundle` is the JavaScript that draws (`vega_bundle()`). The page's policy lets the
    browser run that and `draw.js`, by their hashes, and nothing else, and connect to nowhere.
    """
    draw = _part("draw.js")
    scripts = " ".join(f"'sha256-{_sha256(script)}'" for script in (bundle, draw))
    policy = f"default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:; "
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True)
    environment.filters.update(as_html=_markdown_as_html, as_json=_chart_as_json)
    return environment.get_template("index.html.j2").render(
        title=title,
        subtitle=subtitle,
        sections=_sections(notebooks),
        chart_type=CHART_TYPE,
        widget_type=_WIDGET_TYPE,
        version=__version__,
        css=_part("page.css"),
        bundle=bundle,
        draw=draw,
        policy=policy + "base-uri 'none'; form-action 'none'",
    )


def charts_of(notebook: nbformat.NotebookNode) -> list[dict[str, Any]]:
    """The charts an executed notebook shows, as Vega-Lite specifications."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    return [output.data[CHART_TYPE] for output in outputs if CHART_TYPE in output.get("data", ())]


def draw_svg(chart: Mapping[str, Any]) -> str:
    """Draw a chart as SVG, with room for whoever reads it in a wider font than it was measured in."""
    return str(vl_convert.vegalite_to_svg({**chart, "padding": _SVG_PADDING}))


def _sections(notebooks: Mapping[str, nbformat.NotebookNode]) -> list[Section]:
    sections, closing = [], []
    for place, (name, notebook) in enumerate(notebooks.items()):
        elsewhere = ["lab", "closing", *(["opening"] if place else [])]
        shown = [
            cell
            for number, cell in enumerate(notebook.cells)
            if not _is_tagged(cell, *elsewhere) and not _announces_nothing(notebook.cells[number:])
        ]
        heading = next((c.source for c in shown if c.cell_type == "markdown"), name)
        sections.append(Section(name, heading.splitlines()[0].lstrip("# "), shown))
        closing += [cell for cell in notebook.cells if not place and _is_tagged(cell, "closing")]
    if closing:
        title = "How these figures were made"
        first = nbformat.v4.new_markdown_cell(f"# {title}")  # type: ignore[no-untyped-call]
        sections.append(Section("closing", title, [first, *closing]))
    return sections


def _announces_nothing(cells: Sequence[nbformat.NotebookNode]) -> bool:
    first, *others = cells
    below = takewhile(lambda cell: cell.cell_type == "code", others)
    return _is_tagged(first, "if-any") and not any(cell.outputs for cell in below)


def _is_tagged(cell: nbformat.NotebookNode, *tags: str) -> bool:
    return any(tag in tags for tag in cell.metadata.get("tags", ()))


def vega_bundle() -> str:
    """The JavaScript that draws charts: Vega, Vega-Lite and Vega-Embed in one piece.

    Bundling takes seconds, so the user's cache folder keeps it, where there is one.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "benchkit"
    kept = cache / f"vega-{version('vl-convert-python')}.js"
    with suppress(OSError):
        return kept.read_text(encoding="utf-8")
    bundle = vl_convert.javascript_bundle(None)  # type: ignore[arg-type]
    with suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_suffix(f".{os.getpid()}")
        fresh.write_text(bundle, encoding="utf-8")
        fresh.replace(kept)
    return bundle


def _part(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _sha256(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _markdown_as_html(source: str) -> str:
    return str(MarkdownWithMath(renderer=_Renderer(escape=True, exclude_anchor_links=True)).render(source))


def _chart_as_json(spec: Mapping[str, Any]) -> str:
    """A specification as wide as its column, as JSON that cannot end the script it stands in."""
    stretched = {**spec, "width": "container"} if "width" in spec else spec
    return json.dumps(stretched, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
