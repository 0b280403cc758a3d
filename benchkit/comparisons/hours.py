"""The hours of the week: when customers write, how soon each hour is answered, and who is there then."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl

from benchkit.comparisons.duty import CELL, CELLS, is_open, is_staffed, replies, usual_hours, window
from benchkit.comparisons.in_time import in_time
from benchkit.measurement import MIN_WAITS, measure
from benchkit.peers import too_few_brands
from benchkit.periods import no_such_month, parse_month
from benchkit.stats.shares import difference
from benchkit.waits import Waits

MIN_WAITS_OF_AN_HOUR = 10
MOST_GAPS = 5
_HOURS = {
    **dict.fromkeys((*CELL, "arrivals"), pl.Int64),
    "metric": pl.String,
    **dict.fromkeys(("estimate", "reply_seconds_median"), pl.Float64),
    **dict.fromkeys(("n", "n_replied", "replies"), pl.Int64),
    "open": pl.Float64,
    "weeks": pl.Int64,
    "definition": pl.String,
}
_GAPS = dict.fromkeys(("weekday", "from_hour", "until_hour", "arrivals", "unattended"), pl.Int64)
_OPEN = {False: "closed", True: "open"}
_STAFFED = {False: "usually unstaffed", True: "usually staffed"}


class Coverage(NamedTuple):
    """Whether somebody was there when customers wrote, as `coverage` says."""

    split: pl.DataFrame
    change: pl.DataFrame
    gaps: pl.DataFrame


def hours_of_week(waits: Waits, *, month: str, min_waits: int = MIN_WAITS_OF_AN_HOUR) -> pl.DataFrame:
    """When customers write and how soon they are answered, for each hour of the week in the brand's time.

    >>> from benchkit import find_waits
    >>> from benchkit.sources.timelines import from_timelines
    >>> waits = find_waits(from_timelines("C0 A10", "C5 A90", hours="09:00-17:00"))
    >>> hours_of_week(waits, month="2026-03", min_waits=1).select("arrivals", "estimate", "open").row(0)
    (2, 0.5, 0.0)

    A row for each of the 168 hours, from Monday's first: `weekday` (1 to 7), `hour` (0 to 23),
    `arrivals` (waits that count and began then), `estimate` (what share of `n` of them was
    answered within the hour; `metric` says whether of all or of the answered),
    `reply_seconds_median` of the `n_replied` that were answered, `replies` (messages that
    people sent then), and `open` (what part of the hour is open in the usual week, brands weighted
    by their waits; null where no hours are known; where they are the agents', it is that of the
    agent who is there longest). A month has each hour only four or five times, so rows
    are of the 13 weeks that end with it, of which `weeks` have waits. A figure of fewer than
    `min_waits` is null, and so is all of an hour that would tell of too few peers. Waits that were
    not watched for long enough are in `arrivals` alone.

    Raises `BenchkitError` for a month that cannot be read.
    """
    waits = waits.ruled(month).by_calendar()
    asked, began = in_time(waits, hours=1), window(waits, month)
    is_answered = pl.col("is_answered")
    was_watched = asked.was_watched(waits)
    is_asked = was_watched & is_answered if asked.of_replied else was_watched
    told = began.group_by(CELL).agg(
        pl.len().alias("arrivals"),
        is_asked.sum().alias("n"),
        (is_asked & asked.hit(waits)).sum().alias("within"),
        is_answered.sum().alias("n_replied"),
        waits.clocked().lasted.filter(is_answered).median().alias("reply_seconds_median"),
    )
    least = max(min_waits, 1)
    hours = (
        CELLS.join(told, on=CELL, how="left", maintain_order="left")
        .join(replies(waits, month).group_by(CELL).len("replies"), on=CELL, how="left", maintain_order="left")
        .with_columns(
            pl.col("arrivals", "n", "n_replied", "replies").fill_null(0),
            pl.Series("open", usual_hours(waits, began, month), pl.Float64),
            pl.lit(asked.metric.name).alias("metric"),
            pl.lit(began["week"].n_unique()).alias("weeks"),
            pl.lit(waits.definition.label).alias("definition"),
        )
        .with_columns(
            pl.when(pl.col("n") >= least).then(pl.col("within") / pl.col("n")).alias("estimate"),
            pl.when(pl.col("n_replied") >= least).then("reply_seconds_median"),
        )
    )
    figures = ("arrivals", "estimate", "reply_seconds_median", "n", "n_replied", "replies")
    return (
        hours.with_columns(pl.when(_may_be_told(waits, began)).then(pl.col(figures)))
        .select(pl.col(name).cast(dtype) for name, dtype in _HOURS.items())
        .sort(CELL)
    )


def coverage(waits: Waits, *, month: str, min_waits: int = MIN_WAITS) -> Coverage:
    """How many wrote while nobody was there, how many of those were answered within the hour, and when.

    >>> from benchkit import find_waits
    >>> from benchkit.sources.timelines import from_timelines
    >>> waits = find_waits(from_timelines("C0 A10", "C600 A610", "C5 A90", hours="09:00-17:00"))
    >>> coverage(waits, month="2026-03", min_waits=1).split.select("coverage", "estimate", "n").rows()
    [('closed', 0.5, 2), ('open', 1.0, 1)]

    `split` is what `measure` gives of the month by `coverage`: `open` or `closed` when the
    customer wrote (closed on holidays, too). Where there are no calendars it is `usually staffed` or
    `usually unstaffed`: staffed is an hour of the week in which the brand's people sent replies in
    more than a tenth of the 13 weeks that end with the month; of brands with fewer than 504
    replies in all of them it is not known, and null. As replies within the hour are what makes an
    hour staffed, it follows that few are answered so outside them. `change` has the share of
    those who found nobody less that of the others, with its interval (from both, as if they were
    independent, Zou and Donner 2008: where weeks are bad for both, too wide). `gaps` has stretches
    of one day, those with most customers first and at most five: `weekday`, `from_hour`,
    `until_hour`, `arrivals` in the 13 weeks, and how many of them found nobody (`unattended`). Their
    hours are those with no fewer customers than the average hour, of whom half or more found nobody.

    Raises `BenchkitError` for a month without waits.
    """
    waits = waits.ruled(month).by_calendar()
    began, months = window(waits, month), waits.months()
    if parse_month(month).label not in months:
        raise no_such_month(month, months, waits.about.name)
    has_calendars = waits.calendars is not None
    names = _OPEN if has_calendars else _STAFFED
    attended = is_open(waits, began) if has_calendars else is_staffed(waits, began, month)
    began = began.with_columns(attended.alias("attended"))
    called = pl.col("attended").replace_strict(names, return_dtype=pl.String).alias("queue")
    split = measure(  # by a dimension that waits may carry
        replace(waits, frame=began.with_columns(called).lazy()),
        month=month,
        by="queue",
        metrics=in_time(waits, hours=1).metric,
        min_waits=min_waits,
    ).rename({"queue": "coverage"})
    limits = dict.fromkeys(names.values(), (None, None, None))
    limits |= {row[0]: row[1:] for row in split.select("coverage", "estimate", "lower", "upper").rows()}
    unattended, others = (np.array([limits[name]], dtype=float).T for name in names.values())
    change = pl.DataFrame(difference(*unattended, *others)._asdict())
    return Coverage(split, change.with_columns(pl.all().fill_nan(None)), _gaps(waits, began))


def _gaps(waits: Waits, began: pl.DataFrame) -> pl.DataFrame:
    """The stretches of a day in which as many write as in the average hour, or more, and most find nobody."""
    is_busy = pl.col("arrivals") >= max(began.height / CELLS.height, 1)
    is_gap = is_busy & (2 * pl.col("unattended") >= pl.col("arrivals")) & _may_be_told(waits, began)
    counted = began.group_by(CELL).agg(
        pl.len().alias("arrivals"), (~pl.col("attended")).sum().alias("unattended")
    )
    return (
        CELLS.join(counted, on=CELL, how="left", maintain_order="left")
        .with_columns(is_gap.fill_null(False).alias("is_gap"))
        .with_columns((~pl.col("is_gap")).cum_sum().over("weekday").alias("stretch"))
        .filter("is_gap")
        .group_by("weekday", "stretch")
        .agg(
            pl.col("hour").min().alias("from_hour"),
            (pl.col("hour").max() + 1).alias("until_hour"),
            pl.col("arrivals", "unattended").sum(),
        )
        .sort("unattended", "weekday", "from_hour", descending=[True, False, False])
        .head(MOST_GAPS)
        .select(pl.col(name).cast(dtype) for name, dtype in _GAPS.items())
    )


def _may_be_told(waits: Waits, began: pl.DataFrame) -> pl.Series:
    """Of each of `CELLS`, whether its figures tell of enough peers, where that is asked for."""
    return pl.Series(~too_few_brands(began, CELLS, CELL, waits.peers))
