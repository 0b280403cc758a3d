"""Estimates as tables in a terminal, with what they rest on underneath."""

from __future__ import annotations

import sys

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchkit.catalogue import CATALOGUE
from benchkit.errors import printable
from benchkit.schema import ESTIMATES
from benchkit.waits import Waits
from benchkit.words import count, figure, month_name, span

_WIDE = 160
_METRICS = {metric.name: metric for metric in CATALOGUE}


def print_estimates(estimates: pl.DataFrame, waits: Waits, *, month: str = "") -> None:
    """Print a table of figures, and under it what was withheld or refused, and the definition."""
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else _WIDE, highlight=False)
    keys = [column for column in estimates.columns if column not in ESTIMATES]
    period = month_name(month) if month else "the whole period"
    console.print(Text(f"{printable(waits.about.name)}, {period}", style="bold"))

    given = estimates.filter(~pl.col("status").is_in(["withheld", "refused"]))
    methods = given["method"].unique(maintain_order=True).to_list()
    notes = {method: f"({number})" for number, method in enumerate(methods, start=1)}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for key in keys:
        table.add_column(key)
    for title in ("figure", "value", "95 % interval", "waits", "replied", "status", "from"):
        table.add_column(
            title, justify="right" if title in ("value", "95 % interval", "waits", "replied") else "left"
        )
    last: tuple[str, ...] = ()
    for row in given.iter_rows(named=True):
        metric = _METRICS[row["metric"]]
        group = tuple(_name(row[key]) for key in keys)
        shown = group if group != last else ("",) * len(keys)
        last = group
        value = "not reached" if row["estimate"] is None else figure(row["estimate"], metric.unit)
        cells = (
            *shown,
            metric.label,
            value,
            span(row["lower"], row["upper"], metric.unit),
            count(row["n"]),
            count(row["n_replied"]),
            row["status"],
            notes[row["method"]],
        )
        table.add_row(*map(Text, cells))
    console.print(table)
    for text in _beneath(estimates, waits, keys, notes):
        console.print(Text(text))


def _beneath(estimates: pl.DataFrame, waits: Waits, keys: list[str], notes: dict[str, str]) -> list[str]:
    lines = ["", *(f"{mark} {method}" for method, mark in notes.items())]
    for (reason,), rows in estimates.filter(pl.col("status") == "refused").group_by(
        "method", maintain_order=True
    ):
        labels = [_METRICS[name].label for name in rows["metric"].unique(maintain_order=True)]
        lines.append(f"Refused: {'; '.join(labels)}: {reason}.")
    withheld = estimates.filter(pl.col("status") == "withheld")
    for (reason,), rows in withheld.group_by("method", maintain_order=True):
        groups = (
            rows.group_by(keys, maintain_order=True).agg(pl.col("n").max())
            if keys
            else rows.select("n").max()
        )
        named = [
            f"{', '.join(_name(row[key]) for key in keys)} ({row['n']:,})"
            for row in groups.iter_rows(named=True)
        ]
        lines.append(f"Withheld, {reason} (all waits in brackets): {'; '.join(named) if keys else ''}")
    lines += [
        f"Definition: {estimates['definition'][0]}. Taken {waits.as_of:%Y-%m-%d %H:%M} UTC.",
        f"From: {printable(waits.audit.sentence())}.",
    ]
    return lines


def _name(value: str | None) -> str:
    return "(none)" if value is None else printable(value)
