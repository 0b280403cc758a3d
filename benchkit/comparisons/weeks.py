"""Week by week: what is within the usual, and what can be promised."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl
from scipy.special import bdtrc

from benchkit.comparisons.in_time import InTime, in_time
from benchkit.errors import BenchkitError
from benchkit.lifetables import UPTO_SECONDS
from benchkit.metrics import Metric, Target
from benchkit.periods import WEEK, parse_month
from benchkit.stats.arrays import Floats
from benchkit.stats.control import laney
from benchkit.waits import Waits

WEEKS = 104
"""The weeks of a control chart: two years at most."""
PROMISE_WEEKS = 52
PROMISED_SECONDS = (900, 3_600, 4 * 3_600, 86_400, 2 * 86_400)
MIN_CHART_WEEKS = 12
"""From fewer weeks, nothing is learnt of how weeks usually differ."""
KEPT = 0.9
"""A promise is what was kept in this part of the weeks."""
_LEVEL = 0.95
_RULES = ("", "beyond three sigma", "eight on one side")
MIN_PROMISE_WEEKS = 10

_CHART = {
    "week": pl.Date,
    "metric": pl.String,
    "estimate": pl.Float64,
    "n": pl.Int64,
    **dict.fromkeys(("centre", "lower", "upper"), pl.Float64),
    **dict.fromkeys(("rule", "definition"), pl.String),
}
_PROMISES = {
    "seconds": pl.Int64,
    "metric": pl.String,
    "share": pl.Float64,
    "assured": pl.Float64,
    "kept": pl.Int64,
    "weeks": pl.Int64,
    "target": pl.Float64,
    "target_kept": pl.Int64,
    "clock": pl.String,
}


def control_chart(waits: Waits, *, month: str, metric: str | Metric = "", weeks: int = WEEKS) -> pl.DataFrame:
    """The share of each whole week up to the end of a month, and the limits of what is usual.

    >>> from benchkit import find_waits, synthesize
    >>> waits = find_waits(synthesize(messages=20_000))
    >>> control_chart(waits, month="2026-10").select("week", "n", "rule").row(-1)
    (datetime.date(2026, 10, 19), 114, '')

    A row for each week from a Monday on, in the brand's time: `week`, `metric`, `estimate`,
    `n`, `centre`, `lower`, `upper` (Laney's p'; null below 12 weeks), `rule` (the one it
    breaks, or nothing) and `definition`. `metric` names a share; without it the share answered
    within 24 h. Weeks that reach beyond the month, begin before the data, are not over, or
    were not watched for long enough have no row. Where the definition follows another one, weeks
    that begin before its day are by that, with limits of their own.
    """
    phases = [_charted(ruled, month, metric, weeks, since, until) for ruled, since, until in _phases(waits)]
    return pl.concat(phases).tail(weeks)


def _phases(waits: Waits, until: date = date.max) -> list[tuple[Waits, date, date]]:
    """The waits by each definition that held, from which day on, and until which."""
    since = waits.definition.valid_from
    if waits.before is None or since is None:
        return [(waits, date.min, until)]
    return [*_phases(waits.before, since), (waits, since, until)]


def _charted(
    waits: Waits, month: str, metric: str | Metric, weeks: int, since: date, until: date
) -> pl.DataFrame:
    asked = in_time(waits, metric)
    week = pl.col("week")
    counted = _by_week(waits, month, asked, weeks).filter(week >= since, week < until)
    nothing = [None] * counted.height
    judged: dict[str, Sequence[object]] = {"centre": nothing, "lower": nothing, "upper": nothing}
    rules = [""] * counted.height
    if counted.height >= MIN_CHART_WEEKS:
        chart = laney(counted["within"].to_numpy(), counted["n"].to_numpy())
        judged = {name: getattr(chart, name).tolist() for name in judged}
        rules = [_RULES[rule] for rule in chart.rule]
    return counted.with_columns(
        pl.lit(asked.metric.name).alias("metric"),
        (pl.col("within") / pl.col("n")).alias("estimate"),
        *(pl.Series(name, values, pl.Float64) for name, values in judged.items()),
        pl.Series("rule", rules, pl.String),
        pl.lit(waits.definition.label).alias("definition"),
    ).select(pl.col(name).cast(dtype) for name, dtype in _CHART.items())


def promises(
    waits: Waits,
    *,
    month: str,
    target: str | None = None,
    seconds: Sequence[int] = PROMISED_SECONDS,
    weeks: int = PROMISE_WEEKS,
) -> pl.DataFrame:
    """The share that can be promised within each time: what 9 of 10 of the last weeks have kept.

    >>> from benchkit import find_waits, synthesize
    >>> waits = find_waits(synthesize(messages=20_000))
    >>> promises(waits, month="2026-10", seconds=[86_400]).select("share", "assured", "kept", "weeks").row(0)
    (0.26, 0.23, 47, 52)

    A row for each time, that of `target` among them: `seconds`, `metric`, `share` (rounded
    down to whole percent), `assured` (as much is kept in 9 of 10 weeks to come with 95%
    confidence, as far as they are like these; null below 29 weeks), `kept` of so many
    `weeks`, `target` (its share, where it is for this time), `target_kept` and the `clock`. Weeks are
    those of `control_chart`, at most the last 52. The bound is an order statistic, whatever
    the distribution of the weeks. Source: Hahn and Meeker 1991, section 5.2.
    """
    goal = None if target is None else Target.parse(target)
    waits = waits.ruled(month)
    times = sorted({*seconds, *([goal.within_seconds] if goal else [])})
    rows = []
    for time in times:
        kept = in_time(waits, hours=time / 3_600)
        counted = _by_week(waits, month, kept, weeks)
        shares = np.sort(counted["within"].to_numpy() / counted["n"].to_numpy())
        promised, assured = _kept_in_nine_of_ten(shares)
        asked = goal.share if goal and goal.within_seconds == time else None
        rows.append(
            {
                "seconds": time,
                "metric": kept.metric.name,
                "share": promised,
                "assured": assured,
                "kept": None if promised is None else int((shares >= promised).sum()),
                "weeks": shares.size,
                "target": asked,
                "target_kept": None if asked is None else int((shares >= asked).sum()),
                "clock": waits.definition.clock,
            }
        )
    return pl.DataFrame(rows, schema=_PROMISES)


def _by_week(waits: Waits, month: str, asked: InTime, weeks: int) -> pl.DataFrame:
    """Of each whole week that was watched for long enough: its waits `n`, and those `within` the time."""
    if weeks < 1:
        raise BenchkitError(f"weeks is {weeks:,}; give 1 or more")
    by_week = _from_life_tables(waits, asked)
    first_week = pl.col("week").min()
    begins_on_monday = pl.col("local").min().dt.date() == first_week
    last_day = min(parse_month(month).end.date(), waits.as_of.date())
    return (
        (_from_waits(waits, asked) if by_week is None else by_week)
        .filter(
            begins_on_monday | (pl.col("week") > first_week),
            pl.col("week") + WEEK <= last_day,
            "was_watched",
        )
        .sort("week")
        .tail(weeks)
        .select("week", "n", "within")
        .collect()
    )


def _from_waits(waits: Waits, asked: InTime) -> pl.LazyFrame:
    local = waits.local
    return (
        asked.counted(waits)
        .select(
            local.dt.truncate("1w").dt.date().alias("week"),
            local.alias("local"),
            asked.was_watched(waits).alias("was_watched"),
            asked.hit(waits).alias("within"),
        )
        .group_by("week")
        .agg(
            pl.len().cast(pl.Int64).alias("n"),
            pl.col("within").sum().cast(pl.Int64),
            pl.col("was_watched").all(),
            pl.col("local").min(),
        )
    )


def _from_life_tables(waits: Waits, asked: InTime) -> pl.LazyFrame | None:
    """The same from the life tables that were stored with the waits, where they can tell."""
    tables = waits.life_tables
    if tables is None or asked.seconds not in UPTO_SECONDS:
        return None
    outcome, is_in_time = pl.col("outcome"), pl.col("upto_seconds") <= asked.seconds
    is_hit = (outcome == asked.outcome) & is_in_time.fill_null(False)
    least_watched = max(asked.seconds, asked.least_age_seconds)
    return (
        tables.filter("needs_reply", (outcome == "replied") | (not asked.of_replied))
        .group_by("week")
        .agg(
            pl.col("waits").sum().alias("n"),
            pl.col("waits").filter(is_hit).sum().alias("within"),
            (pl.col("watched_seconds").min() >= least_watched).alias("was_watched"),
            pl.col("first").min().alias("local"),
        )
    )


def _kept_in_nine_of_ten(rising: Floats) -> tuple[float | None, float | None]:
    """The share that all but a tenth of the weeks reached, and the lower limit of that."""
    if rising.size < MIN_PROMISE_WEEKS:
        return None, None
    promised = rising[int((1 - KEPT) * rising.size + 1e-9)]
    ranks = np.arange(1, rising.size + 1)
    sure = int((bdtrc(ranks - 1, rising.size, 1 - KEPT) >= _LEVEL).sum())
    return _whole_percent(promised), _whole_percent(rising[sure - 1]) if sure else None


def _whole_percent(share: float) -> float:
    return float(np.floor(100 * share + 1e-9) / 100)
