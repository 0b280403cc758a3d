"""Histories of brands that are served by a known process, and the truth of that process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.optimize import brentq
from scipy.special import expit, ndtr

from benchkit.dataset import About, Audit
from benchkit.definitions import BENCHKIT
from benchkit.measurement import CURVE_SECONDS, HISTORY_WEEKS
from benchkit.periods import WEEK, parse_month
from benchkit.schema import OUTCOMES, TIME, WAITS
from benchkit.sources.synthetic_brands import CHANNELS, Brand
from benchkit.sources.synthetic_process import AS_OF_SECONDS, WEEKDAYS, Process, Span, converse, wait
from benchkit.sources.synthetic_queue import QueueProcess, attend
from benchkit.stats.arrays import Bools, Floats, Ints
from benchkit.waits import Waits

MONTH, MONTH_BEFORE = "2026-10", "2026-09"
HOUR, DAY = 3_600, 86_400
AWAITING, REPLIED, CLOSED = range(3)

_END = parse_month(MONTH).end.replace(tzinfo=UTC)
_SETTLING_DAYS = 14
"""Before these have passed, too few waits follow from conversations that had already begun."""
_N_DAYS = (
    _SETTLING_DAYS + (_END - parse_month(MONTH_BEFORE).end.replace(tzinfo=UTC) + HISTORY_WEEKS * WEEK).days
)
_START = _END - timedelta(days=_N_DAYS)
_LONG_RUN_DAYS = 7 * 1_305


@dataclass(frozen=True)
class Scenario:
    """How days differ, and whether replies take a time drawn for them or (`staffing`) queue for agents."""

    name: str
    reply_logit_sd: float = 0.5
    log_time_sd: float = 0.4
    day_autocorrelation: float = 0.0
    staffing: float | None = None


@dataclass(frozen=True)
class Served:
    """A brand, by what process it is served, and how much is written to it."""

    scenario: Scenario
    brand: Brand
    messages_per_day: float

    @property
    def chances(self) -> Process:
        """What makes its waits, or in a queue decides which are replied to at all."""
        days = self.scenario
        effects = (days.reply_logit_sd, days.log_time_sd, days.day_autocorrelation)
        return Process({self.brand.name: self.brand}, *effects)

    def queue(self) -> QueueProcess:
        """Its queue, where it has one."""
        if self.scenario.staffing is None:
            raise ValueError(f"there is no queue where days are {self.scenario.name}")
        return QueueProcess(self.chances, self.messages_per_day / self.brand.size, self.scenario.staffing)


class History(NamedTuple):
    """The waits of one brand that need a reply, in seconds from the first day; `outcome` is how they end."""

    started: Ints
    ended: Ints
    outcome: Ints
    is_first: Bools
    channel: Ints


class Truth(NamedTuple):
    """Shares of all waits answered by `CURVE_SECONDS`, and the median of first replies."""

    share: Floats
    median_seconds: float

    def within(self, seconds: int) -> float:
        """The share answered within one of these times."""
        return float(self.share[CURVE_SECONDS.index(seconds)])


def history(served: Served, seed: tuple[int, ...], n_days: int = _N_DAYS) -> History:
    """Have customers write to a brand up to the end of the month, and the brand answer."""
    rng = np.random.default_rng(seed)
    if served.scenario.staffing is not None:
        turns, waits, _ = attend(
            served.brand, served.queue(), first_weekday=_START.weekday(), n_days=n_days, rng=rng
        )
        channel = turns.channel[waits.turn]
    else:
        weights = WEEKDAYS[(_START.weekday() + np.arange(n_days)) % 7]
        span = Span(weights / weights.sum(), n_days * DAY + AS_OF_SECONDS)
        messages = served.messages_per_day * n_days
        begun = converse(served.brand, served.chances, span, messages=messages, rng=rng)
        waits = wait(begun, span, rng=rng)
        channel = begun.channel[waits.turn]
    kept = ~waits.needless & (waits.opened >= _SETTLING_DAYS * DAY)
    outcome = np.select([waits.replied, waits.closed], [REPLIED, CLOSED], AWAITING)
    return History(waits.opened[kept], waits.ended[kept], outcome[kept], waits.is_first[kept], channel[kept])


def waits_of(histories: Mapping[str, History], *, watched_seconds: int = AS_OF_SECONDS) -> Waits:
    """What benchkit knows of some brands when the extract is taken so long after the month's end."""
    brand = np.repeat(np.arange(len(histories)), [len(one.started) for one in histories.values()])
    all_of = History(*(np.concatenate(parts) for parts in zip(*histories.values(), strict=True)))
    as_of_second = _N_DAYS * DAY + watched_seconds
    is_over = (all_of.outcome != AWAITING) & (all_of.ended <= as_of_second)
    ended = np.where(is_over, all_of.ended, as_of_second)
    frame = pl.DataFrame(
        {
            "brand": _named(list(histories), brand, pl.Categorical()),
            "channel": _named([channel.name for channel in CHANNELS], all_of.channel, pl.Categorical()),
            "is_first": all_of.is_first,
            "started_at": _times(all_of.started),
            "outcome": _named(
                OUTCOMES, np.where(is_over, all_of.outcome, AWAITING), WAITS.columns["outcome"]
            ),
            "wait_seconds": ended - all_of.started,
        }
    ).with_columns(
        pl.lit(None, TIME).alias("assigned_at"),
        pl.lit(None, pl.String).alias("agent_id"),
        pl.lit(True).alias("needs_reply"),
    )
    return Waits(
        frame=frame.lazy(),
        volumes=pl.LazyFrame(),
        as_of=_END + timedelta(seconds=watched_seconds),
        about=About("study"),
        definition=BENCHKIT,
        audit=Audit(),
        time_zones={},
    )


def truth(served: Served, *, runs: int = 8, days_per_run: int = _LONG_RUN_DAYS) -> Truth:
    """The shares of a brand's process: by its formula, or of a queue from runs of many years."""
    if served.scenario.staffing is not None:
        return long_run(served, runs=runs, days_per_run=days_per_run)
    process, brand = served.chances, served.brand
    share = np.array([process(brand.name, seconds) for seconds in CURVE_SECONDS])
    return Truth(share, _median_of_first_replies(process, brand))


def long_run(served: Served, *, runs: int, days_per_run: int) -> Truth:
    """The shares in runs of many years."""
    counts, n, first_replies = np.zeros(len(CURVE_SECONDS)), 0, []
    for run in range(runs):
        seen = history(served, (1, run), days_per_run)
        reply_seconds = (seen.ended - seen.started)[seen.outcome == REPLIED]
        counts += np.searchsorted(np.sort(reply_seconds), CURVE_SECONDS, side="right")
        n += len(seen.started)
        first_replies.append(reply_seconds[seen.is_first[seen.outcome == REPLIED]])
    return Truth(counts / n, float(np.median(np.concatenate(first_replies))))


def _median_of_first_replies(process: Process, brand: Brand) -> float:
    """When half of the first waits that are answered at all have been: a mixture of lognormals."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    reply = expit(brand.reply_logits[:, None] + process.reply_logit_sd * nodes) @ weights / weights.sum()
    log_sds = np.hypot([channel.reply.log_sd for channel in CHANNELS], process.log_time_sd)[:, None]
    mix = (brand.channel_shares * reply)[:, None] * brand.agent_shares
    mix = mix / mix.sum()

    def beyond_half(log_seconds: float) -> float:
        return float((mix * ndtr((log_seconds - brand.reply_log_means) / log_sds)).sum()) - 0.5

    return float(np.exp(brentq(beyond_half, 0.0, 20.0)))


def _named(names: list[str] | tuple[str, ...], numbers: Ints, dtype: pl.DataType) -> pl.Series:
    return pl.Series(list(names), dtype=dtype).gather(numbers)


def _times(seconds: Ints) -> pl.Series:
    start = int(datetime.timestamp(_START))
    return pl.Series((seconds + start) * 1_000_000).cast(TIME)
