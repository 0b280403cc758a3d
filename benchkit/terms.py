"""The terms on which a figure was made, whoever made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import polars as pl

from benchkit.catalogue import find_metrics
from benchkit.definitions.definition import Definition
from benchkit.metrics import (
    Metric,
    Share,
    Statistic,
    Target,
    Time,
    answered_within,
    replied_within,
)
from benchkit.periods import parse_month
from benchkit.reply_times import reply_time
from benchkit.waits import Waits
from benchkit.words import horizon

NOT_STATED, NOT_APPLICABLE = "not stated", "not applicable"
ONE_BRAND = "one brand"
ON_SOCIAL_MEDIA = "brands on social media"
COMPOSED: Mapping[str, tuple[str, str]] = {
    f"{over} of {each}s": (over, each) for over in ("mean", "median") for each in ("share", "mean", "median")
}
"""Statistics over units, and of each: a median of means."""

MEASURED = {
    "response_rate": "response rate",
    "reply_time": "reply time",
    "first_reply_time": "first reply time",
    "next_reply_time": "next reply time",
}
_STATISTICS: Mapping[str, Statistic] = {
    "mean": "mean",
    "median": "median",
    "90th percentile": "p90",
    "mean of the fastest 90%": "mean of the fastest 90%",
}
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "metric": (*MEASURED, "expected_reply_time"),
    "statistic": ("share", *_STATISTICS, *COMPOSED, NOT_STATED),
    "clock": ("calendar", "opening hours", NOT_STATED, NOT_APPLICABLE),
    "unanswered": ("in", "out", NOT_STATED, NOT_APPLICABLE),
    "needs_reply": ("all", "only", NOT_STATED, NOT_APPLICABLE),
    "averaged_over": ("messages", "brands", "accounts", "people", NOT_STATED),
}
"""What published terms may be; those that are not here are in free words."""

_SPOKEN = {"p90": "90th percentile", "median of all": "median"}
_WHICH: Mapping[str, Literal["all", "first", "next"]] = {
    "reply_time": "all",
    "first_reply_time": "first",
    "next_reply_time": "next",
}
_COUNTED = {"every": "all", "first": "first", "later": "next"}


@dataclass(frozen=True, kw_only=True)
class Terms:
    """On what terms a figure was made, by whomever.

    >>> published = Terms(metric="first_reply_time", statistic="median of means", clock="calendar",
    ...     horizon_seconds=None, unanswered="out", needs_reply="all", population="companies",
    ...     channel="help-desk tickets", averaged_over="accounts", year=2026)
    >>> published.label
    'First reply time, median over accounts of their means'

    `SETTINGS` lists the words there are for most of them. `horizon_seconds` is within what time
    a message had to be answered to count (None: not stated, or none); `unanswered` whether
    messages nobody answered are `in` it or `out`; `needs_reply` whether it is of `all` messages or
    `only` of those in need of a reply; `averaged_over` what weighs the same in it, `one brand`
    where it is of a single one; `selection` in words how what it is of was selected, if it was.
    """

    metric: str
    statistic: str
    clock: str
    horizon_seconds: int | None
    unanswered: str
    needs_reply: str
    population: str
    channel: str
    averaged_over: str
    year: int
    selection: str = ""

    @property
    def measure(self) -> str:
        """What it measures, in words."""
        return MEASURED.get(self.metric, self.metric.replace("_", " "))

    @property
    def each(self) -> str:
        """The statistic, or where it is over units, that of each of them."""
        return COMPOSED.get(self.statistic, ("", self.statistic))[1]

    @property
    def label(self) -> str:
        """What it measures, within what time, and by which statistic, in words."""
        name = self.measure
        within = "" if self.horizon_seconds is None else f" within {horizon(self.horizon_seconds)}"
        of_answered = self.metric == "response_rate" and self.unanswered == "out"
        over = COMPOSED.get(self.statistic, ("", ""))[0]
        told = ", of those answered" if of_answered else "" if self.each == "share" else f", {self.statistic}"
        if over:
            of_each = "" if self.each == "share" else f" of their {self.each}s"
            told = f", {over} over {self.averaged_over}{of_each}"
        return f"{name[:1].upper()}{name[1:]}{within}{told}"


def terms_of(
    metric: str | Metric, waits: Waits, *, month: str | None = None, target: str | None = None
) -> Terms:
    """The terms on which a metric of these waits is measured.

    >>> from benchkit import find_waits, synthesize
    >>> terms_of("answered_within_24h", find_waits(synthesize(messages=5_000))).channel
    'direct message, facebook, instagram, x'

    `month` is the one that is measured, written as 2026-10; without one the year is the
    extract's. A metric without a horizon of its own has that of `target`.

    Raises `UnknownNameError` for a metric there is not.
    """
    rules = waits.definition
    chosen = _as_defined(find_metrics(metric)[0], rules)
    brands, channels = (pl.col(name).cast(pl.String).unique().implode() for name in ("brand", "channel"))
    seen = waits.frame.select(brands, channels, (~pl.col("needs_reply")).any()).collect().row(0)
    of_brands, of_channels, any_unneeded = seen
    return Terms(
        **_measure_of(chosen, rules, target),
        clock=getattr(chosen.computes, "clock", "") or rules.clock,
        unanswered="in" if chosen.needs_unanswered and not rules.only_answered else "out",
        needs_reply="only" if any_unneeded and rules.no_reply_needed == "leave out" else "all",
        population=ON_SOCIAL_MEDIA,
        channel=", ".join(sorted(filter(None, of_channels))),
        averaged_over=ONE_BRAND if len(of_brands) == 1 else "messages",
        year=parse_month(month).start.year if month else waits.as_of.year,
        selection=waits.about.selection or "",
    )


def _as_defined(metric: Metric, rules: Definition) -> Metric:
    computes = metric.computes
    if not isinstance(computes, Time) or computes.statistic != "as defined":
        return metric
    return replace(metric, computes=replace(computes, statistic=rules.statistic))


def _measure_of(metric: Metric, rules: Definition, target: str | None) -> dict[str, Any]:
    computes, name, statistic, seconds = metric.computes, metric.name, "count", None
    if isinstance(computes, Share):
        goal = None if target is None else Target.parse(target).within_seconds
        statistic, seconds = "share", computes.within_seconds or goal
        if computes.outcome == "replied":
            some = "" if rules.counted == "every" else f" of {rules.counted} messages"
            name = f"response_rate{some}"
    elif isinstance(computes, Time):
        statistic = _SPOKEN.get(computes.statistic, computes.statistic)
        which = _COUNTED[rules.counted] if computes.which == "all" else computes.which
        name = next((name for name, waits in _WHICH.items() if waits == which), metric.name)
        seconds = rules.cut_off_seconds
    return {"metric": name, "statistic": statistic, "horizon_seconds": seconds}


def metric_on(terms: Terms) -> Metric | None:
    """The metric that is measured on these terms; None where there is none.

    Over brands it is the one that each of them has.
    """
    statistic, seconds = terms.each, terms.horizon_seconds
    if terms.metric == "response_rate" and statistic == "share" and seconds:
        within = answered_within if terms.unanswered == "in" else replied_within
        return within(minutes=seconds / 60)
    if terms.metric not in _WHICH or statistic not in _STATISTICS:
        return None
    if terms.unanswered == "out":
        return reply_time(_STATISTICS[statistic], which=_WHICH[terms.metric])
    is_median_of_all = (terms.metric, terms.statistic) == ("reply_time", "median")
    return reply_time("median of all") if is_median_of_all else None
