"""Published figures as plain tables in a terminal, with their terms, caveats and sources underneath."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchkit.comparability import comparable
from benchkit.errors import printable
from benchkit.metrics import RESPONSE_RATE_SECONDS
from benchkit.published import STATUSES, terms_of_row, value_in_words
from benchkit.terms import NOT_APPLICABLE, NOT_STATED, ON_SOCIAL_MEDIA, Terms

_WIDE, _NARROWEST = 140, 80
_LONGEST_NAME = 36
_OURS = Terms(
    metric="response_rate",
    statistic="share",
    clock="calendar",
    horizon_seconds=RESPONSE_RATE_SECONDS,
    unanswered="in",
    needs_reply="all",
    population=ON_SOCIAL_MEDIA,
    channel="social media",
    averaged_over="messages",
    year=0,
)


def print_published(*figures: pl.DataFrame) -> None:
    """Print published figures, and under them on what terms they were made, what to mind, and whose they are.

    `figures` are what `published.industry_figures` and `published.survey_figures` give. The
    caveats are those beside a figure of ours on as much of the same terms as there can be.
    """
    width = max(Console().width, _NARROWEST) if sys.stdout.isatty() else _WIDE
    console = Console(file=sys.stdout, width=width, highlight=False)
    rows = pl.concat(figures).to_dicts()
    terms, sources = (_numbered(map(told, rows)) for told in (_terms, _source))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("By", "Year", "Industry", "Figure", "Value", "Seen", "Terms", "Source"):
        table.add_column(title, justify="right" if title in ("Year", "Value") else "left")
    for row in rows:
        whose = (_name(row["publisher"]), str(row["year"]), _name(row["industry"]))
        at_hand = "" if row["value"] is None else STATUSES[row["seen"]]
        notes = f"({terms[_terms(row)]})", f"[{sources[_source(row)]}]"
        table.add_row(*map(Text, (*whose, terms_of_row(row).label, value_in_words(row), at_hand, *notes)))
    console.print(table)
    lines = [f"({number}) {said}" for said, number in terms.items()]
    lines += [f"[{number}] {said}" for said, number in sources.items()]
    for line in ["", *lines]:
        console.print(Text(line))


def _numbered(texts: Iterable[str]) -> dict[str, int]:
    """Each text once, with its number."""
    return {text: number for number, text in enumerate(dict.fromkeys(texts), start=1)}


def _terms(row: Mapping[str, Any]) -> str:
    """On what terms a figure was made, and what is to be minded beside one of ours."""
    terms = terms_of_row(row)
    is_unstated = terms.metric == "response_rate" and terms.horizon_seconds is None
    stated = {
        "within what time": NOT_STATED if is_unstated else NOT_APPLICABLE,
        "clock": terms.clock,
        "unanswered messages": terms.unanswered,
        "messages": {"only": "those in need of a reply"}.get(terms.needs_reply, terms.needs_reply),
        "averaged over": terms.averaged_over,
        "of": terms.population,
        "channel": terms.channel,
        "sample": row["sample"],
        "selection": terms.selection or "none",
    }
    listed = "; ".join(f"{name}: {value}" for name, value in stated.items() if value != NOT_APPLICABLE)
    return printable(f"{listed}. {_caveats(terms)}".rstrip())


def _caveats(theirs: Terms) -> str:
    verdict = comparable(replace(_OURS, year=theirs.year), theirs)
    if verdict.instead is not None:
        verdict = comparable(verdict.instead, theirs)
    if verdict.answer == "no":
        return f"Never beside a figure of ours: {verdict.reason}"
    return f"Mind: {' '.join(verdict.caveats)}" if verdict.caveats else ""


def _source(row: Mapping[str, Any]) -> str:
    edition = "" if row["edition"] in row["citation"] else f", {row['edition']}"
    return printable(f"{row['publisher']}{edition}: {row['citation']} ({row['seen']}).")


def _name(value: str) -> str:
    name = printable(value)
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
