"""A trace in a terminal: the first of its waits, how many were left out and why, and the figures."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchkit.catalogue import CATALOGUE
from benchkit.errors import printable
from benchkit.waits import Waits
from benchkit.words import NOTHING, count, figure, human_seconds, month_name, shortened, span

SHOWN = 20
"""So many waits, and so many reasons, are shown of those there are."""

_WIDE, _NARROWEST, _LONGEST_REASON = 160, 120, 140
_METRICS = {metric.name: metric for metric in CATALOGUE}


def print_trace(
    rows: pl.DataFrame, figures: pl.DataFrame, waits: Waits, *, month: str, asked: Mapping[str, str]
) -> None:
    """Print what `tracing.trace` and `tracing.traced_figures` say of the same question."""
    width = max(Console().width, _NARROWEST) if sys.stdout.isatty() else _WIDE
    console = Console(file=sys.stdout, width=width, highlight=False)
    period = month_name(month) if month else "the whole period"
    whose = "".join(f", {name} {value}" for name, value in asked.items())
    console.print(Text(printable(f"{waits.about.name}, {period}{whose}"), style="bold"))
    console.print(_waits(rows.head(SHOWN)))
    if rows.height > SHOWN:
        console.print(Text(f"and {rows.height - SHOWN:,} more; --out FILE writes them all"))
    for told, of_rows in (("counted", rows.filter("counted")), ("left out", rows.filter(~pl.col("counted")))):
        console.print(Text(f"\n{told}: {of_rows.height:,}"))
        for line in _reasons(of_rows):
            console.print(Text(line))
    if waits.corrections is not None:
        console.print(Text(f"\n{waits.corrections_sentence()}"))
    if figures.height:
        console.print("", _figures(figures.filter(pl.col("status") != "refused")))


def _waits(rows: pl.DataFrame) -> Table:
    table = _table("started (UTC)", "ended (UTC)", "waited", "agent", "message", "reply", "rule")
    for row in rows.iter_rows(named=True):
        times = (row[name] and f"{row[name]:%Y-%m-%d %H:%M}" for name in ("started_at", "ended_at"))
        messages = (row[f"{kind}_permalink"] or row[f"{kind}_message_id"] for kind in ("opening", "reply"))
        _add(table, (*times, human_seconds(row["wait_seconds"]), row["agent"], *messages, row["rule"]))
    return table


def _reasons(rows: pl.DataFrame) -> list[str]:
    reasons = rows.group_by("rule").len().sort("len", "rule", descending=[True, False]).rows()
    lines = [
        f"{number:>8,}  {printable(shortened(rule, width=_LONGEST_REASON))}"
        for rule, number in reasons[:SHOWN]
    ]
    return lines + [f"{len(reasons) - SHOWN:>8,}  other reasons"] * (len(reasons) > SHOWN)


def _figures(figures: pl.DataFrame) -> Table:
    """A row for each figure, and a column before and one after the corrections where there are any."""
    states = figures["corrections"].unique(maintain_order=True).to_list()
    table = _table("figure", *(f"{state} corrections" for state in states) if len(states) > 1 else ["value"])
    for metric in figures["metric"].unique(maintain_order=True):
        told = {row["corrections"]: row for row in figures.filter(metric=metric).iter_rows(named=True)}
        _add(table, (_METRICS[metric].label, *(_value(told.get(state)) for state in states)))
    return table


def _value(row: Mapping[str, Any] | None) -> str:
    if row is None or row["estimate"] is None:
        return NOTHING
    unit = _METRICS[row["metric"]].unit
    limits = span(row["lower"], row["upper"], unit)
    more = f"{count(row['n_replied'])} answered" if unit == "count" else limits
    return f"{figure(row['estimate'], unit)}" + (more and f" ({more})")


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def _add(table: Table, cells: Iterable[str | None]) -> None:
    table.add_row(*(Text(NOTHING if cell is None else printable(cell)) for cell in cells))
