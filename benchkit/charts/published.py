"""Published figures beside one's own, where they may stand so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import altair as alt
import polars as pl

from benchkit.charts.dots import row_axis
from benchkit.charts.rows import across
from benchkit.charts.style import PALETTE, labels, layers, notes, require, tooltip, values
from benchkit.errors import UnknownNameError
from benchkit.published import STATUSES
from benchkit.words import figure, shortened, span

_COLUMNS = (
    *("publisher", "year", "industry", "value", "unit", "seen", "our_industry", "answer", "caveats", "marks"),
    *("ours", "estimate", "lower", "upper", "n", "status"),
)
_QUESTIONS = {
    "share": "How many are answered, beside what was published?",
    "seconds": "How long until a reply, beside what was published?",
}
_TITLES = {"share": "Share answered", "seconds": "Time to a reply"}
_READING = (
    "dot and line: {whose}, with a 95% interval; diamond: published, hollow where caveats apply, by the "
    "letters that the text under the chart spells out"
)
_NOTHING = "Nothing to draw: nothing that was published may stand beside these figures"
_ROW_HEIGHT, _MOST_OF_A_NAME = 38, 20
_TOOLTIP = [
    alt.Tooltip("industry:N", title="Published of"),
    alt.Tooltip("figure:N", title="Figure"),
    alt.Tooltip("source:N", title="By"),
    alt.Tooltip("seen:N", title="Status"),
    alt.Tooltip("told:N", title="Caveats"),
]


def beside_published(
    beside: pl.DataFrame,
    *,
    unit: Literal["share", "seconds"] = "share",
    month: str = "",
    own: str = "",
    width: int = 720,
) -> alt.LayerChart:
    """Draw what was published of how industries answer beside the figures of ours that mean the same.

    >>> row = {"publisher": "Acme Index", "year": 2026, "industry": "Airlines", "value": 0.2,
    ...        "unit": "share", "seen": "seen on the publisher's page", "our_industry": "Airlines",
    ...        "answer": "yes", "caveats": [[]], "marks": [[]], "ours": "Response rate within 7 d",
    ...        "estimate": 0.3, "lower": 0.2, "upper": 0.4, "n": 80, "status": "final"}
    >>> beside_published(pl.DataFrame(row)).description
    'How many are answered, beside what was published? Airlines: 30.0%, published 20.0% (Acme Index 2026).'

    `beside` is what `comparisons.beside_published` gives, of the brand `own` or of all together.
    Drawn are the figures in one `unit` that may stand beside ours: solid diamonds where they mean
    the same, hollow ones where caveats are to be made, which the tooltip and
    `verdicts.published` spell out. What may not stand beside ours is not drawn.

    Raises `UnknownNameError` for a column or a unit that is not there.
    """
    require(beside, _COLUMNS, where="in these figures")
    if unit not in _QUESTIONS:
        raise UnknownNameError("unit", unit, _QUESTIONS)
    pairs = _pairs(beside, unit)
    groups = pairs["group"].to_list()
    reading = _READING.format(whose=shortened(own, width=_MOST_OF_A_NAME) if own else "ours")
    placed, x = across(_both(pairs, unit), unit, title=_TITLES[unit])
    return layers(
        *_marks(placed, x, row_axis(groups, own=False)),
        question=_QUESTIONS[unit],
        notes=notes(pairs, month=month, among_answered=unit == "seconds", key=reading, nothing=_NOTHING),
        alt_text=_in_words(pairs, unit),
        width=width,
        height=_ROW_HEIGHT * max(len(groups), 1),
    )


def _pairs(beside: pl.DataFrame, unit: str) -> pl.DataFrame:
    """The figures to draw, each in a row of its own under the name of whom it is of."""
    is_drawn = (pl.col("answer") != "no") & (pl.col("unit") == unit)
    has_both = pl.col("value").is_not_null() & pl.col("estimate").is_not_null()
    drawn = beside.filter(is_drawn & has_both).sort(
        "our_industry", "year", descending=[False, True], nulls_last=False, maintain_order=True
    )
    whose = [name or "All together" for name in drawn["our_industry"]]
    names: list[str] = []
    for name, year in zip(whose, drawn["year"], strict=True):
        label = shortened(name, width=_MOST_OF_A_NAME)
        if whose.count(name) > 1:
            label = f"{shortened(name, width=_MOST_OF_A_NAME - 6)}, {year}"
        names.append(_unlike(label, names))
    return drawn.with_columns(pl.Series("group", names, pl.String), pl.col("status").cast(pl.String))


def _unlike(label: str, names: Sequence[str]) -> str:
    """A label that is not among those there are."""
    number = 2
    told = label
    while told in names:
        told, number = f"{shortened(label, width=_MOST_OF_A_NAME - 4)} ({number})", number + 1
    return told


def _both(pairs: pl.DataFrame, unit: str) -> pl.DataFrame:
    """A row for each figure of ours and each published one, in numbers and in words."""
    limits = pairs.select("lower", "upper").rows()
    ours = pairs.select(
        "group",
        pl.lit("ours").alias("kind"),
        pl.col("ours").alias("what"),
        pl.col("estimate", "lower", "upper").round_sig_figs(4),
        pl.Series("figure", [figure(value, unit) for value in pairs["estimate"]], pl.String),
        pl.Series("interval", [span(lower, upper, unit) for lower, upper in limits], pl.String),
        "n",
        "status",
    )
    short = pl.col("seen").replace_strict(STATUSES, default="")
    year = pl.col("year").cast(pl.String)
    letters, sentences = (
        pl.col(name).cast(pl.List(pl.String)).list.join(mark)
        for name, mark in (("marks", ", "), ("caveats", " "))
    )
    by_whom = pl.when(short == "").then(year).otherwise(pl.concat_str(year, pl.lit(", "), short))
    theirs = pairs.select(
        "group",
        pl.col("answer").alias("kind"),
        pl.col("value").alias("estimate"),
        pl.lit(None, pl.Float64).alias("lower"),
        pl.lit(None, pl.Float64).alias("upper"),
        "industry",
        pl.Series("figure", [figure(value, unit) for value in pairs["value"]], pl.String),
        pl.concat_str("publisher", pl.lit(" "), "year").alias("source"),
        "seen",
        sentences.alias("told"),
        by_whom.alias("short"),
        pl.when(letters == "")
        .then(by_whom)
        .otherwise(pl.concat_str(by_whom, pl.lit(": "), letters))
        .alias("text"),
        pl.lit(PALETTE[1]).alias("colour"),
    )
    return pl.concat([ours, theirs], how="diagonal")


def _marks(placed: pl.DataFrame, x: Mapping[str, alt.X], y: alt.Y) -> Iterator[alt.Chart]:
    """Our dots with their intervals, and what was published as diamonds: solid, or hollow with caveats."""
    ours, solid, hollow = (
        alt.Chart(values(placed.filter(kind=kind))).encode(y=y) for kind in ("ours", "yes", "with caveats")
    )
    yield ours.mark_rule(strokeWidth=2, color=PALETTE[0], aria=False).encode(x=x["low"], x2="high:Q")
    yield ours.mark_point(filled=True, size=80, opacity=1, color=PALETTE[0]).encode(
        x=x["at"], tooltip=tooltip()
    )
    for marks, fill in ((solid, PALETTE[1]), (hollow, "white")):
        yield marks.mark_point(
            shape="diamond", size=110, opacity=1, filled=True, fill=fill, stroke=PALETTE[1], strokeWidth=2
        ).encode(x=x["at"], tooltip=_TOOLTIP)
    theirs = placed.filter(pl.col("kind") != "ours")
    yield from labels(theirs, x=x["at"], y=y, text="text", short="short", dx=0, dy=-13)


def _in_words(pairs: pl.DataFrame, unit: str) -> str:
    """Both figures of each row, for those who do not see the picture."""
    told = []
    for row in pairs.iter_rows(named=True):
        caveats = ", with caveats" if row["answer"] == "with caveats" else ""
        source = f"{row['publisher']} {row['year']}{caveats}"
        both = figure(row["estimate"], unit), figure(row["value"], unit)
        told.append(f"{row['group']}: {both[0]}, published {both[1]} ({source})")
    return f"{'; '.join(told) or 'Nothing to draw'}."
