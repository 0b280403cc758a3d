"""Tidy estimates in, HTML tables out, for notebooks and reports; every cell is escaped here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import polars as pl

from benchkit import catalogue
from benchkit.catalogue import CATALOGUE
from benchkit.html import Cell, Html, escape, note, table
from benchkit.metrics import Count, Metric, Share
from benchkit.periods import parse_month
from benchkit.series import (
    BETWEEN,
    OPEN_TIME,
    credited_to_somebody,
    group_columns,
    group_label,
    is_dated,
)
from benchkit.words import NOTHING, change, change_span, count, figure, horizon, month_name, span

_MOST_IN_A_SENTENCE = 25
_CURVE_SECONDS = (60, 900, 3_600, 4 * 3_600, 86_400, 7 * 86_400)
CHART_TYPE = "application/vnd.vegalite.v5+json"
"""How a chart is stored in a notebook: JupyterLab draws it with the Vega it brings along."""


def headline(
    estimates: pl.DataFrame,
    *,
    expected: pl.DataFrame | None = None,
    metrics: Sequence[Metric] = CATALOGUE,
) -> Html:
    """Show the figures that matter most of all groups together, each with its interval.

    Of data selected on being answered, the figures among answered messages take the place
    of the refused ones. Of several months (`measure_months`) the last one is shown, with the
    month before beside it; and beside a share what a survey found to be `expected`.
    """
    now, before = _last_two_months(_told(estimates))
    rows: list[tuple[Cell, ...]] = []
    for metric in _chosen(now, metrics):
        value, limits = _cell_of(now[metric.name], metric.unit)
        beside = [
            _before(before.get(metric.name), metric, now[metric.name]),
            _expected(expected, metric, now[metric.name]),
        ]
        rows.append((metric.label, value, (_basis(now[metric.name]), limits), *beside))
    return table(("Figure", "Value", "Interval", "Before", "Expected"), rows, kind="headline")


def _last_two_months(told: pl.DataFrame) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """The rows of the last month and, where it was measured, of the one before, by metric."""
    rows = told.to_dicts()
    last = max((row.get("month", "") for row in rows), default="")
    now, before = {}, {}
    for row in rows:
        if row.get("month", "") == last:
            now[row["metric"]] = row
        elif parse_month(row["month"]).number == parse_month(last).number - 1:
            before[row["metric"]] = row
    return now, before


def _before(row: Mapping[str, Any] | None, metric: Metric, now: Mapping[str, Any]) -> Cell:
    is_of_today = isinstance(metric.computes, Count) and metric.computes.outcome is not None
    if row is None or row["status"] == "withheld" or is_of_today:
        return ""
    value, limits = _cell_of(row, metric.unit)
    told = f"{month_name(row['month'])}: {value}"
    if row["definition"] != now["definition"]:
        return told, f"{limits}\nby another definition, {row['definition']}: not to be compared"
    return told, limits


def _expected(expected: pl.DataFrame | None, metric: Metric, now: Mapping[str, Any]) -> str:
    """What part of customers expects an answer within the metric's time, which is calendar time."""
    computes = metric.computes
    if (
        expected is None
        or now["method"].startswith(OPEN_TIME)
        or not isinstance(computes, Share)
        or not metric.needs_unanswered
    ):
        return ""
    at_horizon = pl.col("seconds").eq_missing(computes.within_seconds)
    points = expected.filter(at_horizon).sort("year").select("share", "year").rows()
    told = ", ".join(f"{share:.0%} ({year})" for share, year in points)
    return told and f"Customers who expect it: {told}"


def by_group(*estimates: pl.DataFrame, metrics: Sequence[Metric] = CATALOGUE) -> Html:
    """Show the figures that matter most, a row for each group, those with most waits first.

    Months are in order of time. Groups with too few waits are listed with their number and
    no figure. Several frames make several tables.
    """
    return Html("".join(_by_group(frame, metrics) for frame in estimates))


def _by_group(estimates: pl.DataFrame, metrics: Sequence[Metric]) -> str:
    told = _told(estimates)
    chosen = [m for m in _chosen(set(told["metric"]), metrics) if m.name != "waits"]
    labels = {metric.name: metric.label for metric in chosen}
    units = {metric.name: metric.unit for metric in chosen}
    return _wide(told.filter(pl.col("metric").is_in(list(labels))), "metric", labels, units).html


def opening_hours(estimates: pl.DataFrame, *, metrics: Sequence[Metric] = CATALOGUE) -> Html | None:
    """Show each figure in calendar time beside its twin in opening hours; None where there are none.

    `estimates` are what `comparisons.both_clocks` gives.
    """
    now = {row["metric"]: row for row in _told(estimates).to_dicts()}
    twins = [metric for metric in metrics if metric.in_opening_hours and metric.name in now]
    if not twins:
        return None
    rows: list[tuple[Cell, ...]] = []
    for metric in metrics:
        twin = next((twin for twin in twins if twin.is_twin_of(metric)), None)
        if twin is not None and metric.name in now:
            cells = (_cell_of(now[name], metric.unit) for name in (metric.name, twin.name))
            rows.append((metric.label, *cells))
    told = now.get("reply_time_in_opening_hours")
    part = "" if told is None or told["estimate"] is None else _open_part(told)
    size = _note(
        f"Of the {count(max(row['n'] or 0 for row in now.values()))} waits whose opening hours are known"
    )
    shown = table(("Figure", "Calendar time", "Opening hours"), rows)
    return Html(shown.html + part + size)


def _open_part(row: Mapping[str, Any]) -> str:
    inside, outside = (figure(share, "share") for share in (row["estimate"], 1 - row["estimate"]))
    limits = span(row["lower"], row["upper"], "share")
    said = f"Of the time that answered customers waited, {inside} was in opening hours and {outside} outside"
    return _note(escape(f"{said} (95% interval of the part inside: {limits})" if limits else said))


def curve(estimates: pl.DataFrame, *, seconds: Sequence[int] = _CURVE_SECONDS) -> Html:
    """Show a curve's numbers at a few times, a row for each group, those with most waits first."""
    at_times = estimates.filter(pl.col("seconds").is_in(seconds))
    labels = {time: horizon(time) for time in at_times["seconds"].unique().sort()}
    return _wide(at_times, "seconds", labels, dict.fromkeys(labels, "share"))


def expectations(curve: pl.DataFrame, expected: pl.DataFrame) -> Html:
    """Show what customers expect beside what they got: `expected` points, and the curve there."""
    among = ", of those answered" if "replied_within" in curve["metric"] else ""
    points = expected.filter(pl.col("seconds").is_in(curve["seconds"].implode())).sort("seconds", "year")
    groups = _groups(curve, "seconds", points["seconds"])
    rows: list[list[Cell]] = []
    for place, point in enumerate(points.iter_rows(named=True)):
        got = [cell for group in groups for cell in _got_and_gap(group.cells[place], point["share"])]
        rows.append([f"within {point['threshold']}", (f"{point['share']:.0%}", f"{point['year']}"), *got])
    sources = "; ".join(expected["source"].unique().sort())
    whose = [[f"{group.label}: answered{among}", "Gap"] for group in groups]
    header = ("Time", "Expect an answer", *chain.from_iterable(whose))
    return Html(table(header, rows).html + _note(f"Surveys: {escape(sources)}"))


def _got_and_gap(row: Mapping[str, Any], expected: float) -> tuple[Cell, Cell]:
    """What was answered in time, and how far that is from what is expected (of which no error is known)."""
    if row["estimate"] is None:
        return _cell_of(row, "share"), NOTHING
    gap, low, high = (
        None if row[name] is None else row[name] - expected for name in ("estimate", "lower", "upper")
    )
    return _cell_of(row, "share"), (change(gap, "share"), change_span(low, high, "share"))


def _told(estimates: pl.DataFrame) -> pl.DataFrame:
    group_columns(estimates)  # refuses figures of several definitions
    return estimates.filter(pl.col("status") != "refused")


def _chosen(told: Container[str], metrics: Sequence[Metric]) -> list[Metric]:
    known = {metric.name: metric for metric in metrics}
    return [known[name] for name in catalogue.headline(told) if name in known]


class _Group(NamedTuple):
    label: str
    n: int | None
    cells: list[dict[str, Any]]


def _groups(estimates: pl.DataFrame, across: str, keys: Iterable[Any]) -> list[_Group]:
    """Each group's rows in the order of `keys`: months from the latest on, other groups the largest first."""
    columns, wanted = group_columns(estimates), list(keys)
    by_month, dated = columns == ["month"], is_dated(estimates)
    found: dict[tuple[Any, ...], dict[Any, dict[str, Any]]] = {}
    credited = credited_to_somebody(estimates)
    for row in credited.with_columns(group_label(credited).alias("group")).iter_rows(named=True):
        key = (*(row[name] for name in columns), row["definition"] if dated else "")
        found.setdefault(key, {})[row[across]] = row
    groups = []
    in_order = sorted(found.items(), key=lambda item: item[0][:-1])[::-1] if by_month else found.items()
    for (*_, definition), rows in in_order:
        cells = [rows[key] for key in wanted]
        n = max((cell["n"] for cell in cells if cell["n"] is not None), default=None)
        label = cells[0]["group"]
        label = month_name(label) if by_month else label
        groups.append(_Group(f"{label}{BETWEEN}by {definition}" if dated else label, n, cells))
    return groups if by_month else sorted(groups, key=lambda group: (-(group.n or 0), group.label))


def _wide(estimates: pl.DataFrame, across: str, labels: Mapping[Any, str], units: Mapping[Any, str]) -> Html:
    """A row for each group and a column for each value of `across`.

    Groups of which everything was withheld follow in one sentence, each with its number.
    """
    rows: list[list[Cell]] = []
    unshown: dict[str, list[str]] = {}
    reasons, bases = set(), Counter[str]()
    for label, n, cells in _groups(estimates, across, labels):
        told = list(zip(cells, units.values(), strict=True))
        withheld = [cell["method"] for cell in cells if cell["status"] == "withheld"]
        if all(cell["status"] == "withheld" or unit == "count" for cell, unit in told):
            n_told = cells[0]["n_replied"] if "answered" in withheld[0] else n
            size = "" if n_told is None else f" ({count(n_told)})"
            unshown.setdefault(withheld[0], []).append(f"<bdi>{escape(label)}</bdi>{size}")
            continue
        reasons.update(withheld)
        bases.update(_interval_basis(cell["method"]) for cell in cells if cell["lower"] is not None)
        name, _, more = label.partition(BETWEEN)
        rows.append([(name, more), count(n), *(_cell_of(cell, unit) for cell, unit in told)])
    who = next(iter(group_columns(estimates)), "who").capitalize()
    notes = [_note(f"{NOTHING}: {escape(' or '.join(sorted(reasons)))}")] if reasons else []
    most, *others = [escape(basis) for basis, _ in bases.most_common()] or [""]
    if most:
        notes.append(_note(f"95% intervals: {most}" + (f"; for some, {'; '.join(others)}" if others else "")))
    notes += [_listed(reason, groups) for reason, groups in unshown.items()]
    shown = table((who, "Waits", *labels.values()), rows).html if rows else ""
    return Html(shown + "".join(notes))


def _listed(reason: str, groups: Sequence[str]) -> str:
    """Groups without figures; of many, the list is there for whoever opens it."""
    names = ", ".join(groups)
    if len(groups) <= _MOST_IN_A_SENTENCE:
        return _note(f"No figures with {escape(reason)}: {names}")
    summary = f"No figures with {escape(reason)}: {len(groups):,} groups, listed here"
    return f'<details class="note"><summary>{summary}</summary>{names}.</details>'


def _note(text: str) -> str:
    return note(f"{text}.")


def _basis(row: Mapping[str, Any]) -> str:
    """What a headline's figure is held against, why it is withheld, or what its limits are."""
    if row["status"] == "withheld":
        return str(row["method"])
    if row["metric"] == "waits":
        return f"{count(row['n_replied'])} of them answered"
    target = [part for part in row["method"].split("; ") if part.startswith("target ")]
    narrow = ", likely too narrow" if "too narrow" in row["method"] else ""
    return ", ".join([*target, *([f"95% interval{narrow}"] if row["lower"] is not None else [])])


def _interval_basis(method: str) -> str:
    """What an interval rests on, without what the figure is or the target it is held against."""
    basis = "; ".join(part for part in method.split("; ")[1:] if not part.startswith("target "))
    return basis.removeprefix("Wilson, ")


def _cell_of(row: Mapping[str, Any], unit: str) -> tuple[str, str]:
    """A figure and its interval; or a dash, and where it is not withheld, why."""
    if row["estimate"] is None:
        return NOTHING, "" if row["status"] == "withheld" else row["method"].partition(":")[0]
    notes = [span(row["lower"], row["upper"], unit)]
    if row["status"] == "provisional":
        bounds = span(row.get("bound_lower"), row.get("bound_upper"), unit)
        notes.append(f"provisional{bounds and f', to end at {bounds}'}")
    return figure(row["estimate"], unit), "\n".join(note for note in notes if note)
