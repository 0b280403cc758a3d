"""Estimates as tables in a terminal, with what they rest on underneath."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchkit.catalogue import CATALOGUE, HEADLINE, headline
from benchkit.errors import printable
from benchkit.schema import ESTIMATES
from benchkit.waits import Waits
from benchkit.words import NOTHING, count, figure, month_name, span

MOST_COLUMNS = 6
"""With more metrics than these, groups are told one figure a line."""

_WIDE, _NARROWEST = 160, 120
_LONGEST_NAME = 36
_METRICS = {metric.name: metric for metric in CATALOGUE}


def print_estimates(estimates: pl.DataFrame, waits: Waits, *, month: str = "") -> None:
    """Print figures, and under them what they rest on, what was refused, and the definition."""
    width = max(Console().width, _NARROWEST) if sys.stdout.isatty() else _WIDE
    console = Console(file=sys.stdout, width=width, highlight=False)
    keys = [column for column in estimates.columns if column not in ESTIMATES]
    told = estimates.filter(pl.col("status") != "refused")
    side_by_side = (
        bool(keys) and told.filter(pl.col("metric") != "waits")["metric"].n_unique() <= MOST_COLUMNS
    )
    footed = told.filter(pl.col("metric") != "waits") if side_by_side else told
    methods = footed.filter(pl.col("status") != "withheld")["method"]
    notes = {
        method: f"({place})" for place, method in enumerate(methods.unique(maintain_order=True), start=1)
    }
    console.print(Text(_title(waits, month), style="bold"))
    console.print(_side_by_side(told, keys, notes) if side_by_side else _one_a_line(told, keys, notes))
    lines = ["", *(f"{mark} {method}" for method, mark in notes.items())]
    lines += _withheld(told, keys, named=not side_by_side)
    lines += _refused(estimates)
    lines.append(f"Definition: {estimates['definition'][0]}. Taken {waits.as_of:%Y-%m-%d %H:%M} UTC.")
    lines.append(f"From: {printable(waits.audit.sentence())}.")
    for line in lines:
        console.print(Text(line))


def only_headline(estimates: pl.DataFrame) -> pl.DataFrame:
    """The figures that matter most, and the refusals of those that cannot be told."""
    told = set(estimates.filter(pl.col("status") != "refused")["metric"])
    wanted = [name for name in (*HEADLINE, *headline(told)) if name != "awaiting_now"]
    return estimates.filter(pl.col("metric").is_in(wanted))


def _title(waits: Waits, month: str) -> str:
    return f"{printable(waits.about.name)}, {month_name(month) if month else 'the whole period'}"


def _side_by_side(told: pl.DataFrame, keys: list[str], notes: Mapping[str, str]) -> Table:
    """A row for each group, the largest first, and a column for each metric."""
    metrics = [name for name in told["metric"].unique(maintain_order=True) if name != "waits"]
    table = _table(keys, ["waits", "replied", *(_METRICS[name].label for name in metrics)])
    groups = told.group_by(*keys, maintain_order=True).agg(pl.all())
    size = pl.col("n").list.max()
    for row in groups.sort(
        size, *keys, descending=[True, *(False for _ in keys)], maintain_order=True
    ).iter_rows(named=True):
        figures = [
            dict(zip(ESTIMATES, values, strict=True))
            for values in zip(*(row[c] for c in ESTIMATES), strict=True)
        ]
        shown = [_in_one(entry, notes) for entry in figures if entry["metric"] != "waits"]
        _add(
            table,
            [_name(row[key]) for key in keys] + [count(max(row["n"])), count(max(row["n_replied"])), *shown],
        )
    return table


def _one_a_line(told: pl.DataFrame, keys: list[str], notes: Mapping[str, str]) -> Table:
    table = _table([*keys, "figure"], ["value", "95% interval", "waits", "replied"], ["status", "from"])
    before: list[str] = []
    for row in told.filter(pl.col("status") != "withheld").iter_rows(named=True):
        metric, group = _METRICS[row["metric"]], [_name(row[key]) for key in keys]
        shown = [""] * len(keys) if group == before else group
        before = group
        numbers = [count(row["n"]), count(row["n_replied"]), row["status"], notes[row["method"]]]
        _add(
            table,
            [*shown, metric.label, _value(row), span(row["lower"], row["upper"], metric.unit), *numbers],
        )
    return table


def _table(names: Iterable[str], numbers: Iterable[str], words: Iterable[str] = ()) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for titles, justify in ((names, "left"), (numbers, "right"), (words, "left")):
        for title in titles:
            heading = title.replace(", ", ",\n").replace(" (", "\n(").replace(" within ", "\nwithin ")
            table.add_column(heading, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    return table


def _add(table: Table, cells: Iterable[str]) -> None:
    table.add_row(*map(Text, cells))


def _in_one(row: Mapping[str, Any], notes: Mapping[str, str]) -> str:
    if row["status"] == "withheld":
        return NOTHING
    limits = span(row["lower"], row["upper"], _METRICS[row["metric"]].unit)
    return f"{_value(row)} {notes[row['method']]}" + (limits and f"\n{limits}")


def _value(row: Mapping[str, Any]) -> str:
    unit = _METRICS[row["metric"]].unit
    return "not reached" if row["estimate"] is None and unit == "seconds" else figure(row["estimate"], unit)


def _withheld(told: pl.DataFrame, keys: list[str], *, named: bool) -> list[str]:
    withheld = told.filter(status="withheld")
    if not named:
        return [f"{NOTHING} {reason}" for reason in withheld["method"].unique().sort()]
    alike = (
        withheld.group_by(*keys, "method", maintain_order=True)
        .agg(_labels())
        .group_by("method", "metric", maintain_order=True)
        .agg(pl.all())
    )
    lines = []
    for row in alike.iter_rows(named=True):
        groups = "; ".join(
            ", ".join(map(_name, group)) for group in zip(*(row[key] for key in keys), strict=True)
        )
        lines.append(f"Withheld, {row['method']}{groups and f', for {groups}'}: {'; '.join(row['metric'])}.")
    return lines


def _refused(estimates: pl.DataFrame) -> list[str]:
    refused = estimates.filter(status="refused").group_by("method", maintain_order=True)
    return [
        f"Refused: {'; '.join(metrics)}: {reason.removesuffix('.')}."
        for reason, metrics in refused.agg(_labels().unique(maintain_order=True)).iter_rows()
    ]


def _labels() -> pl.Expr:
    return pl.col("metric").replace_strict({name: metric.label for name, metric in _METRICS.items()})


def _name(value: str | None) -> str:
    name = "(none)" if value is None else printable(value)
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def print_datasets(listed: pl.DataFrame) -> None:
    """Print what is in the store, a line for each dataset."""
    console = Console(file=sys.stdout, width=_WIDE, highlight=False)
    if listed.is_empty():
        console.print(Text("There are no datasets yet; make one with benchkit ingest."))
        return
    table = Table(box=None, pad_edge=False)
    for name in ("dataset", "exports", "messages", "waits", "first message", "last", "taken", "MB"):
        table.add_column(name, justify="right" if name in ("exports", "messages", "waits", "MB") else "left")
    for name, exports, messages, waits, *times, megabytes in listed.iter_rows():
        if exports is None:
            table.add_row(Text(printable(name)), "damaged")
            continue
        days = [f"{time:%Y-%m-%d}" if time else "" for time in times]
        counts = (f"{number:,}" for number in (exports, messages, waits))
        table.add_row(Text(printable(name)), *counts, *days, f"{megabytes:,.1f}")
    console.print(table)
