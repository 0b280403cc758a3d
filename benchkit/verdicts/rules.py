"""The same messages by several definitions, in sentences and tables; every cell is escaped here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import polars as pl

from benchkit.catalogue import find_metrics
from benchkit.definitions.words import called, in_short, statistic_of
from benchkit.html import Cell, Html, escape, note, table
from benchkit.metrics import Metric, Share
from benchkit.reply_times import REPLY_TIME_AS_DEFINED
from benchkit.series import group_label
from benchkit.words import NOTHING, change, count, figure, horizon, human_seconds, span

_APPROXIMATE = "Approximate: some rules of that definition are second-hand or remembered."
_MOST_CLOSE = 5
_LEAST_SECONDS = 0.5
"""A step of a bridge that moves less, moves nothing."""


class Reconciled(Protocol):
    """What `comparisons.reconcile` finds, as far as it is told here."""

    @property
    def value(self) -> float: ...  # noqa: D102
    @property
    def shown_to_seconds(self) -> float: ...  # noqa: D102
    @property
    def tried(self) -> int: ...  # noqa: D102
    @property
    def frame(self) -> pl.DataFrame: ...  # noqa: D102


def definitions(compared: pl.DataFrame) -> Html:
    """Say how long the reply time is by each definition, and how far apart that leaves them.

    >>> compared = pl.DataFrame({"rules": ["benchkit", "sprout"], "metric": "reply_seconds_as_defined",
    ...     "estimate": [1800.0, 5400.0], "lower": None, "upper": None, "n_replied": 40, "status": "final",
    ...     "method": "", "definition": ["benchkit 1 (70146235)", "sprout 1 (approximate, cb88abd7)"]})
    >>> "from 30 min (benchkit) to 1 h 30 min (sprout), 3.0 times as long" in definitions(compared).html
    True

    `compared` is what `comparisons.compare_definitions` gives. Of one group the table has a row for
    each definition and all its figures, of several a row for each group and its reply times.
    """
    named = compared.with_columns(
        group_label(compared.drop("rules", "definition"), together="").alias("group")
    )
    times = named.filter(metric=REPLY_TIME_AS_DEFINED)
    by_group = times.partition_by("group", maintain_order=True)
    if not by_group:
        return Html(note("There are no reply times to compare."))
    widest = max(by_group, key=_ratio)
    told = [times for times in by_group if times["estimate"].is_not_null().any()]
    if len(by_group) > 1:
        shown, whose = _by_group(told), f"The furthest apart, {widest['group'][0]}"
    else:
        shown, whose = _by_definition(named), "The same messages"
    notes = [f"{whose}: {_apart(widest)}."] if _ratio(widest) else []
    notes += [_APPROXIMATE] if any(called(label)[1] for label in times["definition"]) else []
    notes += (
        [f"Without a figure: {len(by_group) - len(told):,} more."] if 1 < len(by_group) > len(told) else []
    )
    missing = named.filter(pl.col("estimate").is_null())["method"].str.split(";").list.first().unique().sort()
    notes += [f"{NOTHING}: {' or '.join(missing)}."] if missing.len() else []
    return Html(shown.html + "".join(note(escape(line)) for line in notes))


def _ratio(times: pl.DataFrame) -> float:
    """How many times the shortest time fits in the longest; 0 where that says nothing."""
    told = times["estimate"].drop_nulls().to_list()
    return max(told) / min(told) if len(told) > 1 and min(told) > 0 else 0.0


def _apart(times: pl.DataFrame) -> str:
    told = times.filter(pl.col("estimate").is_not_null()).sort("estimate", maintain_order=True)
    ends = [told.filter(pl.col("estimate") == told["estimate"][place]) for place in (0, -1)]
    least, most = (f"{human_seconds(end['estimate'][0])} ({', '.join(end['rules'])})" for end in ends)
    return f"from {least} to {most}, {_ratio(times):.1f} times as long"


def _by_group(by_group: Sequence[pl.DataFrame]) -> Html:
    rules = list(dict.fromkeys(name for times in by_group for name in times["rules"]))
    labels = dict(row for times in by_group for row in times.select("rules", "definition").rows())
    header = [f"{name}{' (approximate)' * called(labels[name])[1]}" for name in rules]
    rows: list[Sequence[Cell]] = []
    for times in by_group:
        of = {row["rules"]: row for row in times.to_dicts()}
        rows.append([times["group"][0], *(_cell(of.get(name), "seconds") for name in rules)])
    return table(["Reply time", *header], rows)


def _by_definition(named: pl.DataFrame) -> Html:
    columns: dict[str, str] = {}
    rows: list[Sequence[Cell]] = []
    for (name,), figures in named.group_by("rules", maintain_order=True):
        cells: dict[str, Cell] = {}
        for row in figures.to_dicts():
            metric = find_metrics(row["metric"])[0]
            column, of = _column(metric)
            columns[column] = metric.unit
            cells[column] = _cell(row, metric.unit, of or statistic_of(row["method"]))
        approximate = "approximate" if called(figures["definition"][0])[1] else ""
        rows.append([(str(name), approximate), *(cells.get(column, NOTHING) for column in columns)])
    return table(["Definition", *columns], rows)


def _column(metric: Metric) -> tuple[str, str]:
    """Under which heading a figure stands, shares of all and of the answered alike, and of which it is."""
    computes = metric.computes
    if not isinstance(computes, Share) or computes.within_seconds is None:
        return metric.label.partition(",")[0], ""
    clock = f" {computes.clock and 'in opening hours'}".rstrip()
    within = f"Within {horizon(computes.within_seconds)}{clock}"
    return within, "of the answered" if computes.of_replied else "of all"


def _cell(row: Mapping[str, Any] | None, unit: str, of: str = "") -> Cell:
    if row is None or row["estimate"] is None:
        return NOTHING
    limits = span(row["lower"], row["upper"], unit)
    provisional = "provisional" if row["status"] == "provisional" else ""
    return figure(row["estimate"], unit), "\n".join(filter(None, [limits, of, provisional]))


def bridge(steps: pl.DataFrame) -> Html:
    """Say by how much each rule moves the reply time on the way from one definition to another.

    `steps` is what `comparisons.bridge` gives.
    """
    rows = steps.to_dicts()
    if not rows:
        return Html(note("There is no figure to begin with."))
    name, is_approximate = called(rows[0]["definition"])
    begin = (name, "approximate" if is_approximate else "")
    shown: list[Sequence[Cell]] = [(begin, NOTHING, figure(rows[0]["estimate"], "seconds"), _size(rows[0]))]
    unmoved = []
    for row in rows[1:]:
        moved = row["change_seconds"]
        if moved is not None and abs(moved) < _LEAST_SECONDS:
            unmoved.append(in_short(row["rule"]))
            continue
        switched = (in_short(row["rule"]), f"{row['before']} → {row['after']}")
        shown.append((switched, change(moved, "seconds"), figure(row["estimate"], "seconds"), _size(row)))
    notes = [f"No difference here: {', '.join(unmoved)}."] if unmoved else []
    notes.append(
        "Rules are switched one at a time, in this order; in another order each would move more or less."
    )
    notes += [_APPROXIMATE] if is_approximate else []
    header = ("Rule", "Moves it by", "Reply time", "Answered waits")
    return Html(table(header, shown).html + "".join(note(escape(line)) for line in notes))


def _size(row: Mapping[str, Any]) -> str:
    return count(row["n_replied"])


def reconciled(found: Reconciled) -> Html:
    """Say which rules give the figure that a screen shows, the closest first.

    `found` is what `comparisons.reconcile` gives.
    """
    value, exact = human_seconds(found.value), found.frame.filter("matches")
    unit = human_seconds(found.shown_to_seconds)
    told = exact if exact.height else found.frame.head(_MOST_CLOSE)
    if exact.height:
        several = f"{exact.height:,} figures are" if exact.height > 1 else "one figure is"
        said = f"{value}: {several} shown so, to within half of {unit}; of equal ones the simplest is told."
        meaning = "a match explains the figure, and proves nothing."
    else:
        said = f"{value}: none of these rules gives it; the closest come first."
        meaning = "what the screen counts may be other messages, or follow rules that are not tried here."
    items = "".join(f"<li>{_match(row, found.value)}</li>" for row in told.to_dicts())
    remark = note(escape(f"{found.tried:,} definitions tried; {meaning}"))
    return Html(f'<p>{escape(said)}</p><ol class="rules">{items}</ol>{remark}')


def _match(row: Mapping[str, Any], value: float) -> str:
    off = row["estimate"] - value
    distance = f", {human_seconds(abs(off))} {'more' if off > 0 else 'less'}" if not row["matches"] else ""
    whose = f" The rules of {row['presets']} give it, too." if row["presets"] else ""
    rules = f"{distance}: {row['rules']}{whose}"
    return f"<b>{escape(human_seconds(row['estimate']))}</b>{escape(rules)}"
