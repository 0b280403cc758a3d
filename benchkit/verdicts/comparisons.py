"""What comparisons say, in sentences and tables; every cell is escaped here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from benchkit.catalogue import find_metrics
from benchkit.html import Cell, Html, escape, note, table
from benchkit.metrics import Metric
from benchkit.series import BETWEEN, credited_to_somebody, group_columns, group_label
from benchkit.words import (
    NOTHING,
    change,
    change_span,
    count,
    figure,
    horizon,
    month_name,
    percent,
    span,
)

_SURE = 0.05
_WORDS = {"share": ("fell", "rose"), "seconds": ("shorter", "longer")}


def changes(compared: pl.DataFrame) -> Html:
    """Say of each figure whether there is evidence that it changed, and what of it is mix and what service.

    >>> compared = pl.DataFrame({"metric": "answered_within_1h", "before": "2026-09", "estimate": [-0.012],
    ...     "lower": -0.04, "upper": 0.016, "mix": 0.001, "rate": -0.013, "status": "final", "method": ""})
    >>> "no evidence of a change" in changes(compared).html
    True

    `compared` is what `comparisons.changes` gives.
    """
    months = compared["before"].unique().sort(descending=True).to_list()
    if not months:
        said = "There are no figures of the month before, nor of the same month a year before."
        return Html(note(said))
    rows: list[Sequence[Cell]] = []
    for (name,), of_metric in compared.group_by("metric", maintain_order=True):
        metric = find_metrics(str(name))[0]
        found = {row["before"]: row for row in of_metric.to_dicts()}
        cells = [_change(found[month], metric) if month in found else NOTHING for month in months]
        rows.append((metric.label, *cells))
    header = ("Figure", *(f"Since {month_name(month)}" for month in months))
    return Html(table(header, rows).html + _on_mix(compared))


def _change(row: Mapping[str, Any], metric: Metric) -> Cell:
    lower, upper, said = row["lower"], row["upper"], change(row["estimate"], metric.unit)
    verdict = "no evidence of a change"
    if lower is not None and lower > 0:
        verdict = _WORDS[metric.unit][1]
    elif upper is not None and upper < 0:
        verdict = _WORDS[metric.unit][0]
    lines = [f"{said}, interval {change_span(lower, upper, metric.unit)}"]
    if row["mix"] is not None:
        mix, rate = (change(row[part], metric.unit).removesuffix(" points") for part in ("mix", "rate"))
        lines.append(f"mix {mix}, service {rate}")
    if row["status"] == "provisional":
        lines.append("provisional")
    return verdict, "\n".join(lines)


def _on_mix(compared: pl.DataFrame) -> str:
    cells = {method.partition("; mix of ")[2] for method in compared["method"]} - {""}
    if not cells:
        return ""
    return note(
        "Mix: the change, had only the mix of messages changed, by "
        f"{escape(' or '.join(sorted(cells)))}; service: had only the share answered in each of these "
        "changed. They sum to the change; service is as uncertain as it is."
    )


def promises(kept: pl.DataFrame) -> Html:
    """Say what could be promised: the share within each time that 9 of 10 weeks have kept.

    `kept` is what `comparisons.promises` gives.
    """
    told = [row for row in kept.to_dicts() if row["share"] is not None]
    if not told:
        return Html(note("Too few whole weeks to say what could be promised."))
    rows: list[Sequence[Cell]] = [
        (
            f"within {horizon(row['seconds'])}",
            f"{row['share']:.0%}",
            f"{row['kept']} of {row['weeks']}",
            NOTHING if row["assured"] is None else f"{row['assured']:.0%}",
        )
        for row in told
    ]
    header = ("Answered", "Kept in nine of ten weeks", "Weeks kept", "With 95% confidence")
    aimed = [row for row in told if row["target"] is not None]
    notes = [_contract((aimed or [row for row in told if row["seconds"] == 86_400] or told)[0])]
    notes += [
        f"The target, {row['target']:.0%} within {horizon(row['seconds'])}, was kept in "
        f"{row['target_kept']} of {row['weeks']} weeks."
        for row in aimed
    ]
    notes.append(
        "Kept in nine of ten weeks: the largest whole percent that as many of these weeks reached. With 95% "
        "confidence: the share that nine of ten weeks reach in the long run, as far as they go on like these."
    )
    return Html(table(header, rows).html + "".join(note(escape(line)) for line in notes))


def _contract(row: Mapping[str, Any]) -> str:
    if row["assured"] is None:
        return "Too few weeks for a contract: it takes 29 to be sure of nine in ten."
    within = horizon(row["seconds"]) + (" of opening hours" if row["clock"] == "opening hours" else "")
    if row["assured"] == 0:
        return f"Nothing can be promised within {within}."
    among = " of those we answer" if row["metric"].startswith("replied") else ""
    return (
        f"In words for a contract: “Over the long run, in at least nine weeks of ten, at least "
        f"{row['assured']:.0%} of the customers who wait for a reply{among} get one from a person within "
        f"{within}.”"
    )


def expected_time(met: pl.DataFrame) -> Html:
    """Say how many were answered within the time they expect, by each survey.

    `met` is what `comparisons.expected_time` gives.
    """
    items = []
    for row in met.with_columns(group_label(met.drop("year"), together="").alias("group")).to_dicts():
        who = f"{row['group']}, " if row["group"] else ""
        if row["estimate"] is None:
            said = row["method"]
        else:
            low, high = percent(row["bound_lower"]), percent(row["bound_upper"])
            said = (
                f"between {low} and {high} of customers were answered within the time they expect; literal "
                f"reading {high}, by interpolation {percent(row['estimate'])}"
            )
            limits = span(row["lower"], row["upper"], "share")
            said += f"; 95% interval {limits}" if limits else ""
            said += ", provisional" if row["status"] == "provisional" else ""
        told = f"{who}by the survey of {row['year']}: {said}"
        items.append(f"<li>{escape(told)}.</li>")
    return Html(f'<ul class="changes">{"".join(items)}</ul>')


def side_by_side(units: pl.DataFrame, *, own: str = "") -> Html:
    """Show brands or agents with what chance, case mix and small numbers leave of their figures.

    `units` is what `comparisons.compare` gives. Those with most waits come first: it is no
    ranking. Of the reader's `own` unit, only those it is compared with are shown.
    """
    columns = group_columns(units)
    if own and len(columns) > 1:
        unit, within = (pl.col(name).cast(pl.String) for name in columns[:2])
        units = units.filter(within.eq_missing(within.filter(unit == own).first()))
    units = credited_to_somebody(units)
    shown = units.filter(pl.col("target").is_not_null()).with_columns(group_label(units).alias("group"))
    by_agent = "agent" in columns
    size = "n_replied" if by_agent else "n"
    rows = [_unit(row, by_agent) for row in shown.sort(size, "group", descending=[True, False]).to_dicts()]
    if not rows:
        return Html(note("There are too few with enough waits to compare."))
    adjusted = "Against the same work" if by_agent else "On the same mix"
    header = (columns[0].capitalize(), "Waits", "Share", adjusted, "Drawn to the rest", "Place", "Stands")
    metric = find_metrics(str(shown["metric"][0]))[0].label
    cells = shown["adjusted_for"][0]
    notes = [
        f"Share: {metric[:1].lower()}{metric[1:]}",
        f"{adjusted}: replies in time over those that all together would have had, by {cells}"
        if by_agent
        else f"{adjusted}: the share, had all the same mix by {cells}",
        "Drawn to the rest: the share one would bet on, few waits counting for less",
        f"Stands: with {'what is adjusted' if by_agent else 'the share as it is'}, against all together, "
        "allowing for how many are looked at at once",
        "Place: between which places the true shares lie, all of them at once with 95% confidence",
    ]
    if shown["adjusted"].is_null().any():
        lone = "had their work to themselves" if by_agent else "have waits in too little of the mix"
        notes.append(f"{NOTHING}: of those who {lone}, nothing can be said on that")
    left_out = units.height - len(rows)
    notes += [f"Not compared, with too few waits: {left_out:,}"] if left_out else []
    return Html(table(header, rows).html + "".join(note(f"{escape(line)}.") for line in notes))


def _unit(row: Mapping[str, Any], by_agent: bool) -> Sequence[Cell]:
    name, _, more = row["group"].partition(BETWEEN)
    adjusted: Cell = NOTHING
    if row["adjusted"] is not None and by_agent:
        adjusted = (f"{row['ratio']:.2f}×", f"{row['ratio_lower']:.2f}–{row['ratio_upper']:.2f}")
    elif row["adjusted"] is not None:
        adjusted = (percent(row["adjusted"]), _limits(row, "adjusted"))
    place: Cell = NOTHING
    if row["rank_lower"] is not None:
        lower, upper = row["rank_lower"], row["rank_upper"]
        best = f"could be among the first {row['top']}" if row["could_be_top"] else ""
        place = (f"{lower}–{upper}" if lower < upper else f"{lower}", f"of {row['ranked']}\n{best}".rstrip())
    return (
        (name, more),
        count(row["n_replied" if by_agent else "n"]),
        (percent(row["estimate"]), _limits(row)),
        adjusted,
        NOTHING if row["shrunk"] is None else (percent(row["shrunk"]), _limits(row, "shrunk")),
        place,
        _stand(row),
    )


def _limits(row: Mapping[str, Any], name: str = "") -> str:
    prefix = name and f"{name}_"
    return span(row[f"{prefix}lower"], row[f"{prefix}upper"], "share")


def _stand(row: Mapping[str, Any]) -> Cell:
    """Where a unit stands, in words: beyond chance, and beyond what units differ anyway."""
    if row["p_adjusted"] is None:
        return NOTHING, "nobody else had that work"
    if row["p_adjusted"] >= _SURE:
        return NOTHING, "chance can explain it"
    side = "above" if row["chance_z"] > 0 else "below"
    if not row["outside"]:
        return side, "more than chance, less than they differ"
    return f"{'far ' if abs(row['outside']) > 1 else ''}{side}", "more than they differ anyway"


def corrected(figures: pl.DataFrame) -> Html | None:
    """Show the figures that corrections by hand have changed, before and after; None where there are none.

    `figures` is what `comparisons.before_and_after` gives.
    """
    after = figures.filter(corrections="after")
    keys = [name for name in group_columns(figures) if name != "corrections"]
    told = ("estimate", "n", "n_replied")
    both = (
        figures.filter(corrections="before")
        .join(after, on=[*keys, "metric"], how="full", coalesce=True, nulls_equal=True, suffix="_after")
        .filter(pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_after")) for name in told))
        .filter(pl.col("status").fill_null("final") != "refused")
        .sort(*keys, "metric", nulls_last=True)
    )
    if after.is_empty():
        return None
    if both.is_empty():
        return Html(note("The corrections change none of these figures."))
    label = group_label(both.select(*keys, "metric"))
    rows: list[Sequence[Cell]] = []
    for row in both.with_columns(label.alias("group")).to_dicts():
        metric = find_metrics(row["metric"])[0]
        cells = [
            (figure(row[f"estimate{suffix}"], metric.unit), f"of {count(row[f'n{suffix}'])} waits")
            for suffix in ("", "_after")
        ]
        rows.append(((row["group"], metric.label), *cells))
    return table((" and ".join(keys).capitalize() or "Figure", "Before", "After"), rows)
