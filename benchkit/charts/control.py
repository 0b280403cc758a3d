"""A share week by week, and which weeks are out of the usual."""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Iterator
from datetime import date, timedelta

import altair as alt
import polars as pl

from benchkit.charts.style import (
    DAY,
    HOUR,
    INK,
    MINUTE,
    PALETTE,
    QUIET,
    labels,
    layers,
    notes,
    require,
    share_axis,
    values,
)
from benchkit.errors import BenchkitError
from benchkit.words import horizon, percent, span

_COLUMNS = ("week", "metric", "estimate", "n", "centre", "lower", "upper", "rule", "definition")
_BEYOND, _RUN = "beyond three sigma", "eight on one side"
_LOOKS = {
    "": ("usual", PALETTE[0], "circle", 22),
    _RUN: ("8+ on one side", PALETTE[3], "square", 50),
    _BEYOND: ("outside the band", PALETTE[1], "diamond", 110),
}
_SAID = {
    (_BEYOND, False): "Below the band",
    (_BEYOND, True): "Above the band",
    (_RUN, False): "8+ in a row below average",
    (_RUN, True): "8+ in a row above average",
}
_READING = "the band is how far weeks usually differ; a marked week is out of the usual, and worth asking why"
_ENOUGH_WEEKS = 20
_MOST_TICKS = 14
_MOST_SPANS = 3
_UNIT_SECONDS = {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY}
_TOOLTIP = [
    alt.Tooltip("from:N", title="Week from"),
    alt.Tooltip("figure:N", title="Share"),
    alt.Tooltip("usual:N", title="Usual"),
    alt.Tooltip("look:N", title="It is"),
    alt.Tooltip("n:Q", title="Waits", format=","),
    alt.Tooltip("definition:N", title="Definition"),
]


def control_chart(weekly: pl.DataFrame, *, width: int = 720, height: int = 260) -> alt.LayerChart:
    """Draw a share week by week, the band in which it usually lies, and the weeks out of the usual.

    >>> from datetime import date
    >>> weekly = pl.DataFrame({"week": [date(2026, 10, 5), date(2026, 10, 12)], "estimate": [0.4, 0.1],
    ...                        "metric": "answered_within_24h", "n": 90, "centre": 0.35, "lower": 0.2,
    ...                        "upper": 0.5, "rule": ["", "beyond three sigma"], "definition": "benchkit 1"})
    >>> control_chart(weekly).description
    'Is any week out of the usual? Below the band: 12 to 18 Oct 2026. In the last of 2 weeks, \
from 12 Oct 2026, 10.0% answered within 24 h; on average 35.0%.'

    `weekly` is what `comparisons.weeks.control_chart` gives: a row for each `week`, its Monday.
    A point stands in the middle of its week. Line and band break where weeks are missing, and
    where waits were found by another definition from there on. The axis need not begin at 0.

    Raises `UnknownNameError` for a column that is not there, and `BenchkitError` for more than
    one row of a week.
    """
    require(weekly, _COLUMNS, where="in these weeks")
    if weekly["week"].is_duplicated().any():
        raise BenchkitError("these weeks are of several groups or metrics; keep the rows of one of them")
    rows = _rows(weekly)
    metric = next(iter(rows["metric"]), "answered")
    said = _said(metric)
    bottom, top = _ends(rows)
    y, y_lower, y_centre = (
        share_axis(field, title=f"Share {said}", bottom=bottom, top=top)
        for field in ("estimate", "lower", "centre")
    )
    x, x_middle = _week_axes(rows)
    looks = [look for rule, look in _LOOKS.items() if rule in rows["rule"]]
    legend = alt.Legend(title=None, symbolOpacity=1) if len(looks) > 1 else None
    colours, shapes = (
        alt.Scale(domain=[look[0] for look in looks], range=[look[i] for look in looks]) for i in (1, 2)
    )
    steps = alt.Chart(values(_steps(rows))).encode(x=x, detail="stretch:N")
    weeks = alt.Chart(values(rows.drop("week"))).encode(x=x_middle, y=y)
    changes = alt.Chart(values(rows.filter("is_other_definition").select("day"))).encode(x=x)
    return layers(
        steps.mark_area(interpolate="step-after", color=PALETTE[0], opacity=0.13, aria=False).encode(
            y=y_lower, y2="upper:Q"
        ),
        steps.mark_line(
            interpolate="step-after", color=QUIET, strokeWidth=1, strokeDash=[5, 3], aria=False
        ).encode(y=y_centre),
        changes.mark_rule(color=INK, aria=False),
        weeks.mark_line(color=PALETTE[0], strokeWidth=1, opacity=0.6, aria=False).encode(detail="stretch:N"),
        weeks.mark_point(filled=True, opacity=1).encode(
            color=alt.Color("look:N", scale=colours, legend=legend),
            shape=alt.Shape("look:N", scale=shapes, legend=legend),
            size=alt.Size("size:Q", scale=None),
            order="size:Q",
            tooltip=_TOOLTIP,
        ),
        *_average(rows, y_centre),
        question="Is any week out of the usual?",
        notes=_notes(rows, metric),
        alt_text=_in_words(rows, said),
        width=width,
        height=height,
    )


def _rows(weekly: pl.DataFrame) -> pl.DataFrame:
    """What is drawn of each week, in numbers and in words; within a `stretch` no week is missing."""
    weeks = weekly.with_columns(pl.col("centre", "lower", "upper").fill_nan(None)).sort("week")
    is_next = pl.col("week") - pl.col("week").shift() == timedelta(weeks=1)
    is_other = pl.col("definition") != pl.col("definition").shift()
    day = pl.col("week").to_physical()
    records = weeks.select("week", "estimate", "lower", "upper").rows()
    looks = {rule: look[0] for rule, look in _LOOKS.items()}
    sizes = {rule: look[-1] for rule, look in _LOOKS.items()}
    return weeks.select(
        "week",
        "metric",
        day.alias("day"),
        (day + 3.5).alias("middle"),
        pl.col("estimate", "centre", "lower", "upper").round(4),
        "n",
        "rule",
        "definition",
        is_other.fill_null(False).alias("is_other_definition"),
        (is_other | ~is_next).fill_null(False).cum_sum().alias("stretch"),
        pl.col("rule").replace_strict(looks, return_dtype=pl.String).alias("look"),
        pl.col("rule").replace_strict(sizes, return_dtype=pl.Int64).alias("size"),
        pl.Series("from", [_spoken(week) for week, *_ in records], pl.String),
        pl.Series("figure", [percent(estimate) for _, estimate, *_ in records], pl.String),
        pl.Series("usual", [span(lower, upper, "share") for *_, lower, upper in records], pl.String),
    )


def _steps(rows: pl.DataFrame) -> pl.DataFrame:
    """Centre and limits from each Monday on, and once more where a stretch ends."""
    steps = rows.select("stretch", "day", "centre", "lower", "upper")
    ends = steps.group_by("stretch", maintain_order=True).last().with_columns(pl.col("day") + 7)
    return pl.concat([steps, ends]).sort("stretch", "day")


def _ends(rows: pl.DataFrame) -> tuple[float, float]:
    """The full 5% below and above all that is drawn."""
    shares = [share for name in ("estimate", "lower", "upper") for share in rows[name].drop_nulls()]
    top = max(math.ceil(20 * max(shares, default=1.0)), 1)
    bottom = min(math.floor(20 * min(shares, default=0.0)), top - 1)
    return bottom / 20, top / 20


def _week_axes(rows: pl.DataFrame) -> tuple[alt.X, alt.X]:
    """Places in days, which no time zone moves: where weeks begin, and their middle."""
    first, last = rows["week"].min(), rows["week"].max()
    words = _ticks(first, last) if isinstance(first, date) and isinstance(last, date) else {}
    listed = ", ".join(f"'{day}': '{label}'" for day, label in words.items())
    ends = [min(rows["day"], default=0), max(rows["day"], default=0) + 7]
    begin, middle = (
        alt.X(
            f"{field}:Q",
            title="Week",
            scale=alt.Scale(domain=ends, nice=False, zero=False),
            axis=alt.Axis(
                values=list(words),
                labelExpr=f"split(({{{listed}}})[datum.value], ' ')",
                labelOverlap="greedy",
                labelSeparation=4,
                labelFlush=False,
                grid=False,
            ),
        )
        for field in ("day", "middle")
    )
    return begin, middle


def _ticks(first: date, last: date) -> dict[int, str]:
    """What is written below which day: of few weeks each Monday, else months, else quarters."""
    every = pl.date_range(first, last, "1w", eager=True)
    written = "%-d %b"
    if every.len() > _MOST_TICKS:
        written = "%b %Y"
        months = pl.date_range(first.replace(day=1), last, "1mo", eager=True)
        quarters = months.filter(months.dt.month() % 3 == 1)
        every = months if months.len() <= _MOST_TICKS else quarters
        every = every.filter(every >= first)
    return dict(zip(every.to_physical().to_list(), every.dt.strftime(written).to_list(), strict=True))


def _average(rows: pl.DataFrame, y: alt.Y) -> Iterator[alt.Chart]:
    """The last centre, written beside its line."""
    last = rows.tail(1).filter(pl.col("centre").is_not_null())
    written = [f"average\n{percent(centre)}" for centre in last["centre"]]
    beside = last.select(
        "centre", label=pl.Series(written, dtype=pl.String), colour=pl.lit(QUIET), to_left=False
    )
    yield from labels(beside, x=alt.value("width"), y=y, text="label", dx=6, dy=-7)


def _notes(rows: pl.DataFrame, metric: str) -> list[str]:
    """Whose messages are drawn, how to read it, and what is out of the usual."""
    has_limits = bool(rows["lower"].is_not_null().any())
    is_short = has_limits and rows.height < _ENOUGH_WEEKS
    return [
        *notes(
            rows.with_columns(pl.lit("final").alias("status")),
            month="",
            among_answered=metric.startswith("replied"),
            key=_READING if has_limits else "",
            nothing="Nothing to draw: there is no whole week",
        ),
        *(_verdict(rows) if rows.height else []),
        f"Of only {rows.height} weeks, the band may still move" if is_short else "",
        "Upright line: another definition from there on" if rows["is_other_definition"].any() else "",
    ]


def _verdict(rows: pl.DataFrame) -> list[str]:
    if rows["lower"].is_null().all():
        return ["Too few weeks to tell what is usual"]
    return [*_out_of_the_usual(rows)] or ["No week is out of the usual"]


def _out_of_the_usual(rows: pl.DataFrame) -> Iterator[str]:
    """Which rule is broken on which side, and when: the latest weeks first, those in a row as one."""
    is_above = (pl.col("estimate") > pl.col("centre")).alias("is_above")
    in_a_row = pl.struct("rule", is_above).rle_id().alias("in_a_row")
    broken = (
        rows.group_by(in_a_row, "rule", is_above)
        .agg(pl.col("week").min().alias("first"), pl.col("week").max().alias("last"))
        .sort("first", descending=True)
    )
    for (rule, above), said in _SAID.items():
        ends = broken.filter(rule=rule, is_above=above).select("first", "last").rows()
        spans = [_span(first, last) for first, last in ends]
        before = len(spans) - _MOST_SPANS
        more = f" and {before:,} times before" if before > 0 else ""
        if spans:
            yield f"{said}: {', '.join(spans[:_MOST_SPANS])}{more}"


def _in_words(rows: pl.DataFrame, said: str) -> str:
    """What is out of the usual, and the last week beside the average."""
    if not rows.height:
        return "Nothing to draw."
    last = rows.row(-1, named=True)
    average = "" if last["centre"] is None else f"; on average {percent(last['centre'])}"
    of_weeks = f"last of {rows.height:,} weeks, " if rows.height > 1 else "week "
    of_last = f"{last['figure']} {said}{average}"
    return f"{'; '.join(_verdict(rows))}. In the {of_weeks}from {last['from']}, {of_last}."


def _said(metric: str) -> str:
    """What a share is of: `answered within 24 h`."""
    found = re.fullmatch(r"(answered|replied)_within_(\d+)([smhd])", metric)
    if found is None:
        return metric
    within = f"within {horizon(int(found[2]) * _UNIT_SECONDS[found[3]])}"
    return f"answered {within}" if found[1] == "answered" else f"of the answered, {within}"


def _span(first: date, last: date) -> str:
    """From a week's Monday to the same or a later week's Sunday, in as few words as are clear."""
    end = last + timedelta(days=6)
    begin = _spoken(first)
    if first.year == end.year:
        begin = str(first.day) if first.month == end.month else begin.removesuffix(f" {first.year}")
    return f"{begin} to {_spoken(end)}"


def _spoken(day: date) -> str:
    return f"{day.day} {calendar.month_abbr[day.month]} {day.year}"
