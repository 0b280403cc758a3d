"""Checks on clocks: times that may be in another time zone than they are said to be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import polars as pl

from benchkit.auditing.checks import CERTAIN_Z
from benchkit.auditing.facts import FROM_AGENT, Facts, Found, names_of, part
from benchkit.periods import local_time
from benchkit.stats.arrays import Floats

NIGHT = range(1, 6)
"""The local hours in which most people sleep."""

_DAYS = 14
_MESSAGES = 200
_HOURS = np.arange(24)
_EARLIER = (_HOURS[:, None] - _HOURS) % 24
"""Of each hour (row) and lag (column), the hour that is by so much earlier."""


def customers_who_write_at_night(facts: Facts) -> Iterator[Found]:
    """Channels whose customers write more from 1 to 6 in the morning than an even day would have it.

    From 5 of 24 hours' even share on, by 5 standard errors over days, of 200 messages and 14 days or
    more: those hours usually have a third of their even share. So it is where times are in another
    zone than the brand's, or the brand's own zone was never named.
    """
    even = len(NIGHT) / 24
    days = facts.arrivals.group_by("brand", "channel", "date").agg(
        pl.col("n").sum(), pl.col("n").filter(pl.col("hour").is_in(list(NIGHT))).sum().alias("night")
    )
    places = (
        days.group_by("brand", "channel")
        .agg(pl.col("night").sum(), pl.col("n").sum(), _z(pl.col("night") - even * pl.col("n")))
        .filter(pl.col("n") >= _MESSAGES, pl.col("z") >= CERTAIN_Z)
        .sort("brand", "channel")
    )
    for brand, channel, night, n, _ in places.iter_rows():
        hours = _profile(facts.arrivals.filter(brand=brand, channel=channel)).sum(axis=0)
        busiest = int(np.argmax(hours + np.roll(hours, 1) + np.roll(hours, -1)))
        zone = facts.data.time_zones.get(brand)
        where = f"in {zone}" if zone else "in UTC, as no time zone is named"
        yield Found(
            night,
            n,
            f"{part(night, n, 'messages of customers')} came from 1 to 6 am {where}, "
            f"most around {busiest}:30.",
            brand,
            channel,
        )


def channels_shifted_by_hours(facts: Facts) -> Iterator[Found]:
    """Channels whose day looks like that of the brand's largest channel, only some hours later.

    `shift` finds the lag; it must be better than none by 5 standard errors over days, explain three
    quarters of what differs, and leave a correlation of 0.8, which takes some hundred messages on
    both. Channels that are used at other times of the day differ in shape, and pass.
    """
    enough = facts.arrivals.filter(pl.col("n").sum().over("brand", "channel") >= _MESSAGES)
    for (brand,), of_brand in enough.group_by("brand", maintain_order=True):
        profiles = {
            str(channel): _profile(of_channel)
            for (channel,), of_channel in of_brand.group_by("channel", maintain_order=True)
        }
        profiles = {name: days for name, days in profiles.items() if len(days) >= _DAYS}
        largest = max(profiles, key=lambda name: profiles[name].sum(), default="")
        for channel, days in profiles.items():
            found = shift(days, profiles[largest].sum(axis=0)) if channel != largest else None
            if found and found.is_certain:
                later = "later" if found.hours > 0 else "earlier"
                n = int(days.sum())
                yield Found(
                    n,
                    int(of_brand["n"].sum()),
                    f"The day of these {n:,} messages runs {abs(found.hours)} h {later} than that of the "
                    f"brand's largest channel, {largest}; otherwise they are alike.",
                    str(brand),
                    channel,
                )


def answers_outside_opening_hours(facts: Facts) -> Iterator[Found]:
    """Brands whose agents answer mostly when they are said to be closed.

    From half of 50 answers on 14 days or more, by 5 standard errors over days. Overtime is a few in a
    hundred; most of the answers outside means other hours, or another time zone, than were given.
    """
    calendars = facts.data.calendars
    if calendars is None:
        return
    key = pl.col("sender_id" if calendars.by == "agent" else calendars.by).cast(pl.String)
    answers = facts.messages.filter(FROM_AGENT)
    is_open = calendars.is_open(answers.select(key.alias("key"))["key"], answers["sent_at"])
    date = local_time("sent_at", facts.data.time_zones).dt.date()
    places = (
        answers.with_columns((~is_open).alias("outside"))
        .filter(pl.col("outside").is_not_null())
        .group_by(*names_of("brand"), date.alias("date"))
        .agg(pl.col("outside").sum().cast(pl.Int64), pl.len().cast(pl.Int64).alias("n"))
        .group_by("brand")
        .agg(pl.col("outside").sum(), pl.col("n").sum(), _z(pl.col("outside") - 0.5 * pl.col("n")))
        .filter(pl.col("n") >= 50, pl.col("z") >= CERTAIN_Z)
        .sort("brand")
    )
    for brand, outside, n, _ in places.iter_rows():
        yield Found(outside, n, f"{part(outside, n, 'answers')} came outside the opening hours.", brand)


class Shift(NamedTuple):
    """By how many hours a day runs later than another, and how sure that is."""

    hours: int
    z: float
    correlation: float
    unshifted: float

    @property
    def is_certain(self) -> bool:
        """Whether this is a shift, and neither chance nor a day of another shape."""
        explained = 1 - self.correlation <= (1 - self.unshifted) / 4
        return self.z >= CERTAIN_Z and self.correlation >= 0.8 and explained


def shift(days: Floats, reference: Floats) -> Shift:
    """The circular lag, from -11 to 12 hours, at which messages by day and hour are likeliest.

    >>> day = np.repeat([1.0, 20.0, 60.0, 30.0], 6)
    >>> shift(np.tile(np.roll(day, 5), (30, 1)), 40 * day).hours
    5

    Of a lag, each day's log-likelihood beyond that of no lag is summed, with `reference` (24 counts,
    half an hour's worth of one added to each) as what is expected; `z` is that sum over its standard
    error from day to day, so that days that are alike within themselves do not pass for evidence.
    `correlation` is that of the summed hours with the reference at this lag, `unshifted` at none.
    """
    log_share = np.log((reference + 0.5) / (reference + 0.5).sum())
    gains = days @ (log_share[_EARLIER] - log_share[:, None])
    best = int(np.argmax(gains.sum(axis=0)))
    spread = gains[:, best].std(ddof=1) * np.sqrt(len(days))
    gain = gains[:, best].sum()
    profile = days.sum(axis=0)
    return Shift(
        hours=best if best <= 12 else best - 24,
        z=float(gain / spread) if spread > 0 else float(np.inf if gain > 0 else 0),
        correlation=_correlation(profile, np.roll(reference, best)),
        unshifted=_correlation(profile, reference),
    )


def _correlation(one: Floats, other: Floats) -> float:
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def _profile(arrivals: pl.DataFrame) -> Floats:
    """Messages by day with any, and hour of the day."""
    day = arrivals["date"].rank("dense").to_numpy().astype(np.int64) - 1
    counts = np.zeros((int(day.max(initial=-1)) + 1, 24))
    np.add.at(counts, (day, arrivals["hour"].to_numpy()), arrivals["n"].to_numpy())
    return counts


def _z(excess: pl.Expr) -> pl.Expr:
    """How far the sum over days is from nothing, in standard errors; nothing of too few days."""
    z = excess.sum() / (excess.std() * pl.len().sqrt())
    return pl.when(pl.len() >= _DAYS).then(z).alias("z")
