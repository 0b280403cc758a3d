"""Pieces of HTML that show themselves in a notebook; every text is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape as _escape

from benchkit.words import legible

Cell = str | tuple[str, str]
_LINE = 'style="display: block; white-space: nowrap"'
"""In a notebook there is no stylesheet, and the two ends of an interval belong on one line."""


def escape(text: str) -> str:
    """Text as HTML shows it."""
    return _escape(legible(text))


@dataclass(frozen=True, repr=False)
class Html:
    """A piece of HTML that shows itself in JupyterLab and in a report."""

    html: str

    def __repr__(self) -> str:
        return f"Html of {len(self.html):,} characters"

    def _repr_html_(self) -> str:
        return self.html


def table(header: Sequence[str], rows: Iterable[Sequence[Cell]], *, kind: str = "figures") -> Html:
    """Make an HTML table of text; a cell may be a pair, whose second part is set small, line by line.

    >>> print(table(["Brand"], [["<b>"]]).html)
    <table class="figures"><thead><tr><th scope="col">Brand</th></tr></thead>
    <tbody><tr><th scope="row"><bdi>&lt;b&gt;</bdi></th></tr></tbody></table>
    """
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    body = "\n".join(
        "<tr>" + "".join(_cell(cell, i == 0) for i, cell in enumerate(row)) + "</tr>" for row in rows
    )
    return Html(f'<table class="{kind}"><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>')


def _cell(cell: Cell, is_first: bool) -> str:
    main, small = (cell, "") if isinstance(cell, str) else cell
    if is_first:
        beneath = f" <small>{escape(small)}</small>" if small else ""
        return f'<th scope="row"><bdi>{escape(main)}</bdi>{beneath}</th>'
    lines = "".join(f"<span {_LINE}>{escape(line)}</span>" for line in small.splitlines())
    return f"<td>{escape(main)} <small>{lines}</small></td>" if small else f"<td>{escape(main)}</td>"


def note(markup: str) -> str:
    """A remark beneath a table, of markup that is escaped already.

    >>> note("–: fewer than 30 waits.")
    '<p class="note">–: fewer than 30 waits.</p>'
    """
    return f'<p class="note">{markup}</p>'


def facts(pairs: Iterable[tuple[str, str]]) -> Html:
    """Make a list of names and what belongs to each.

    >>> facts([("Data", "demo")]).html
    '<div class="facts"><p><b>Data</b> <span>demo</span></p></div>'
    """
    items = "".join(f"<p><b>{escape(name)}</b> <span>{escape(text)}</span></p>" for name, text in pairs)
    return Html(f'<div class="facts">{items}</div>')
