"""When customers write and nobody is there, in sentences and a table; every cell is escaped here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import polars as pl

from benchkit.calendars.opening_hours import DAYS
from benchkit.catalogue import find_metrics
from benchkit.html import Cell, Html, escape, note, table
from benchkit.words import NOTHING, change, change_span, count, month_name, percent, span


class _Kind(NamedTuple):
    """What is said of hours in which nobody is there, of the others, and of those not known to be either."""

    nobody: str
    somebody: str
    unknown: str
    remark: str


_KINDS = {
    ("closed", "open"): _Kind("nobody was open", "somebody was open", "no opening hours are known", ""),
    ("usually unstaffed", "usually staffed"): _Kind(
        "nobody usually writes",
        "somebody usually writes",
        "too few replies tell when somebody usually writes",
        "Somebody usually writes in the hours of the week in which the brand's people sent replies in more "
        "than a tenth of the last 13 weeks; that few are answered within the hour outside of them, follows.",
    ),
}


def coverage(split: pl.DataFrame, difference: pl.DataFrame, gaps: pl.DataFrame, *, month: str = "") -> Html:
    """Say how many wrote while nobody was there, how that went, and in which hours of the week most did.

    The three frames are what `comparisons.coverage` gives.
    """
    rows = {row["coverage"]: row for row in split.to_dicts()}
    named = next((names for names in _KINDS if rows.keys() & set(names)), None)
    if named is None:
        said = "It is not known when somebody is there: there is no calendar, and there are too few replies."
        return Html(note(escape(said)))
    kind = _KINDS[named]
    words = dict(zip((*named, None), (kind.nobody, kind.somebody, kind.unknown), strict=True))
    total = sum(row["n"] or 0 for row in rows.values())
    metric = find_metrics(split["metric"][0])[0].label
    shown: list[list[Cell]] = [
        [
            _upper(words[name]),
            (count(row["n"]), percent(row["n"] / total) if row["n"] and total else ""),
            (percent(row["estimate"]), _limits(row)),
        ]
        for name in words
        if (row := rows.get(name)) is not None
    ]
    when = f"When the customer wrote, {month_name(month)}" if month else "When the customer wrote"
    notes = [_compared(difference.row(0, named=True), kind), kind.remark]
    least = {row["method"] for row in rows.values() if row["status"] == "withheld"}
    notes += [f"{NOTHING}: {' or '.join(sorted(least))}."] if least else []
    beneath = "".join(note(escape(line)) for line in notes if line)
    return Html(table((when, "Waits", metric), shown).html + beneath + _listed(gaps, kind))


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]


def _limits(row: Mapping[str, Any]) -> str:
    provisional = "provisional" if row["status"] == "provisional" else ""
    return "\n".join(filter(None, [span(row["lower"], row["upper"], "share"), provisional]))


def _compared(difference: Mapping[str, Any], kind: _Kind) -> str:
    estimate, lower, upper = (difference[name] for name in ("estimate", "lower", "upper"))
    if estimate is None:
        return ""
    verdict = "no evidence of a difference"
    if upper is not None and upper < 0:
        verdict = f"fewer are answered so where {kind.nobody}"
    elif lower is not None and lower > 0:
        verdict = f"more are answered so where {kind.nobody}"
    interval = change_span(lower, upper, "share")
    return f"Between the two {change(estimate, 'share')}, interval {interval}: {verdict}."


def _listed(gaps: pl.DataFrame, kind: _Kind) -> str:
    """The stretches of the week in which most customers find nobody."""
    if gaps.is_empty():
        said = (
            "In no hour of the week that has as many waits as the average one, or more, do most find nobody."
        )
        return note(escape(said))
    items = "".join(f"<li>{escape(_stretch(row, kind))}</li>" for row in gaps.to_dicts())
    head = "Where most find nobody, in the 13 weeks that end with the month:"
    return f'<p>{escape(head)}</p><ul class="changes">{items}</ul>'


def _stretch(row: Mapping[str, Any], kind: _Kind) -> str:
    hours = f"{DAYS[row['weekday'] - 1]} {row['from_hour']:02}:00–{row['until_hour']:02}:00"
    waits, unattended = row["arrivals"], row["unattended"]
    who = kind.nobody if waits == unattended else f"{kind.nobody} for {count(unattended)} of them"
    return f"{hours}: {count(waits)} waits began, {who}."
