"""The share that a comparison is about: of which waits, and within what time."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from benchkit.catalogue import find_metrics
from benchkit.errors import BenchkitError, show
from benchkit.margins import WEEK_SECONDS
from benchkit.metrics import Metric, Share, answered_within, replied_within
from benchkit.study import NOT_BY_AGENT
from benchkit.waits import Waits


class InTime(NamedTuple):
    """A share of waits that ended in `outcome` within so many seconds, of the answered ones or of all."""

    metric: Metric
    seconds: int
    of_replied: bool
    outcome: str

    @property
    def least_age_seconds(self) -> int:
        """How much calendar time must have passed since a wait began, to know whether it is of the share."""
        return WEEK_SECONDS if self.of_replied else 0

    def was_watched(self, waits: Waits) -> pl.Expr:
        """Whether a wait was watched for long enough to know that it ended in time, or not."""
        is_old_enough = waits.clocked("calendar").watched >= self.least_age_seconds
        return (waits.clocked().watched >= self.seconds) & is_old_enough

    def counted(self, waits: Waits) -> pl.LazyFrame:
        """The waits the share is of."""
        is_asked = ((pl.col("outcome") == "replied") & ~waits.is_late) | (not self.of_replied)
        return waits.frame.filter(waits.is_counted, is_asked)

    def hit(self, waits: Waits) -> pl.Expr:
        """Whether a wait is among the share."""
        lasted = waits.clocked().lasted
        return (pl.col("outcome") == self.outcome) & (lasted <= self.seconds) & ~waits.is_late


def in_time(waits: Waits, metric: str | Metric = "", *, hours: float = 24, by_agent: bool = False) -> InTime:
    """The share of a metric, or without one that answered within some hours.

    It is among answered waits where the others are not known, or belong to nobody.
    """
    among_answered = by_agent or waits.only_answered is not None
    if metric:
        chosen = find_metrics(metric)[0]
    else:
        chosen = (replied_within if among_answered else answered_within)(hours=hours)
    computes = chosen.computes
    if not isinstance(computes, Share) or computes.within_seconds is None:
        raise BenchkitError(
            f"{show(chosen.name)} is no share within a time; name one such as answered_within_24h"
        )
    if chosen.in_opening_hours and waits.definition.clock == "calendar":
        raise BenchkitError(
            f"{chosen.name} is in opening hours, and the definition {show(waits.definition.name)} is not; "
            "name its twin in calendar time, or measure by a definition whose clock is opening hours"
        )
    if among_answered and chosen.needs_unanswered:
        raise BenchkitError(waits.only_answered or NOT_BY_AGENT)
    return InTime(chosen, computes.within_seconds, computes.of_replied, computes.outcome)
