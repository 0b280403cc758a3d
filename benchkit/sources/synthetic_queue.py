"""How invented brands answer with agents on shifts, customers queueing for them, and the truth of that."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.special import expit, gammaincinv, ndtr

from benchkit.errors import BenchkitError, UnknownNameError
from benchkit.resources import shipped
from benchkit.sources.synthetic_brands import BRANDS, CHANNELS, Brand, Floats
from benchkit.sources.synthetic_desk import NEVER, WORK_LOG_MEANS, WORK_LOG_SDS, Customers, Team, serve
from benchkit.sources.synthetic_process import (
    AS_OF_SECONDS,
    CLOSED,
    CLOSING,
    CUSTOMERS,
    DAY_GAMMA,
    HOURS,
    LONGEST_PAUSE_SECONDS,
    MOST_FOLLOW_UPS,
    NO_REPLY_CLOSING,
    NO_REPLY_NEEDED,
    PAUSE,
    TOPICS,
    WEEKDAYS,
    WRITES_AGAIN,
    Integers,
    Process,
    Waits,
    whole_seconds,
)
from benchkit.sources.synthetic_story import Assigned, Story, Turns, note, say

_HOUR, _DAY = 3_600, 86_400

QUEUE_BRANDS = tuple(brand for brand in BRANDS if brand.industry in ("Telecom & cable", "Airlines"))
"""Two industries of six brands: few enough for each to be written to often."""
PRIORITIES = ("normal", "urgent")
URGENT = 0.15
"""Share of conversations that are urgent, and answered before all others."""
PATIENCE_SECONDS = 4 * _DAY
"""A wait that no agent has taken up by then is left for good."""
BURST, BURST_HOURS, BURST_FACTOR = 1 / (24 * 45), 5, 4.0
"""Chance that an hour begins a burst, how long that lasts, and its factor on what is written."""

_WARM_UP_DAYS = 14


@dataclass(frozen=True)
class QueueProcess:
    """What makes the waits of `synthesize(mode="queue")`.

    >>> STORED("Mumblecell", 3_600) > STORED("Teal Pelican Airways", 3_600)
    True

    `chances` says which waits are replied to at all, but for those left for too long: in a
    queue, its `reply_logit_sd` is about whether a day's conversations are taken up, its
    `log_time_sd` about how long a reply takes the agents on that day, and its
    `day_autocorrelation` about both and about how much is written. `messages_per_day` is what
    a brand of size 1 expects, and `staffing` a factor on agents' hours, see `team`.

    No formula gives the share of waits answered within a time. It is stored for the default
    settings (`data/published/queue_truth.csv`), from a run of many years; for others, take a
    long `simulate`.
    """

    chances: Process
    messages_per_day: float
    staffing: float = 1.0

    def __post_init__(self) -> None:
        if not 0.1 <= self.staffing <= 3:
            raise BenchkitError(f"staffing is a factor on agents' hours, from 0.1 to 3, not {self.staffing}")

    def __call__(self, brand: str, seconds: float) -> float:
        """The share of waits answered within so many seconds, where it is stored."""
        if brand not in self.chances.brands:
            raise UnknownNameError("brand", brand, self.chances.brands, where="in the synthetic data")
        if not self._is_stored(brand):
            raise BenchkitError(
                "the truth of a queue is stored for its default settings alone; "
                "for others, take the share in a run of many years by synthetic_queue.simulate"
            )
        shares = _stored_shares()[brand]
        if seconds not in shares:
            raise UnknownNameError("number of seconds", seconds, shares, where="in the stored truth")
        return shares[seconds]

    def _is_stored(self, brand: str) -> bool:
        stored = STORED.chances
        return (
            self.chances.brands[brand] == stored.brands.get(brand)
            and replace(self.chances, brands=stored.brands) == stored
            and self.staffing == STORED.staffing
            and math.isclose(self.messages_per_day, STORED.messages_per_day, rel_tol=1e-9)
        )

    def conversations_per_day(self, brand: Brand) -> float:
        """How many conversations begin on an average day."""
        return self.messages_per_day * brand.size / self.chances.messages_per_conversation(brand)

    def team(self, brand: Brand) -> Team:
        """The agents that a brand has for what is to be expected."""
        replies = self.chances.replies_per_conversation(brand)
        return Team.of(
            brand, self.conversations_per_day(brand) * brand.channel_shares * replies, self.staffing
        )


class Attended(NamedTuple):
    """The waits of conversations begun in a time, by conversation, and when agents took them up."""

    turns: Turns
    waits: Waits
    assigned: Assigned


class Simulated(NamedTuple):
    """Waits that need a reply, in seconds; `outcome` numbers `schema.OUTCOMES`.

    `started` counts from the Monday on which the days begin. Waits are watched for seven days
    and six hours after their end: `wait_seconds` of one still open then is its age.
    """

    started: Integers
    wait_seconds: Integers
    outcome: Integers


def simulate(
    brand: Brand, process: QueueProcess, *, n_days: int, seed: int | tuple[int, ...] = 0
) -> Simulated:
    """Simulate the waits of one brand's queue alone, without messages: for studies of many months.

    >>> waits = simulate(QUEUE_BRANDS[0], STORED, n_days=70)
    >>> len(waits.started) == len(waits.outcome)
    True
    """
    rng = np.random.default_rng(seed)
    waits = attend(brand, process, first_weekday=0, n_days=n_days, rng=rng).waits
    as_of_second = n_days * _DAY + AS_OF_SECONDS
    is_over = waits.ended <= as_of_second
    wait_seconds = np.where(is_over, waits.ended, as_of_second) - waits.opened
    outcome = np.select([is_over & waits.replied, is_over & waits.closed], [1, 2], default=0)
    needs_reply = ~waits.needless
    return Simulated(waits.opened[needs_reply], wait_seconds[needs_reply], outcome[needs_reply])


def queue(
    brand: Brand, process: QueueProcess, first_weekday: int, n_days: int, *, rng: np.random.Generator
) -> Story:
    """The story of a brand whose customers queue for its agents, one turn per wait."""
    turns, waits, assigned = attend(brand, process, first_weekday=first_weekday, n_days=n_days, rng=rng)
    said = say(waits, brand, rng=rng)
    return Story(turns, said, note(waits, assigned, rng=rng))


def attend(
    brand: Brand, process: QueueProcess, *, first_weekday: int, n_days: int, rng: np.random.Generator
) -> Attended:
    """Have customers of so many days write and a brand's team answer.

    The queue has run for two weeks before, and goes on after: what customers write then
    takes up agents, too, and is left out here.
    """
    team, chances = process.team(brand), process.chances
    n_all_days = _WARM_UP_DAYS + n_days + math.ceil(AS_OF_SECONDS / _DAY)
    weekdays = (first_weekday - _WARM_UP_DAYS + np.arange(n_all_days)) % 7
    logit_effect, log_time_effect, written = (
        chances.carry_on(rng.normal(0, sd, n_all_days))
        for sd in (chances.reply_logit_sd, chances.log_time_sd, 1.0)
    )
    written_factor = gammaincinv(DAY_GAMMA, ndtr(written)) / DAY_GAMMA
    by_day = process.conversations_per_day(brand) * WEEKDAYS[weekdays] / WEEKDAYS.mean() * written_factor
    started = _started(by_day, rng)
    n, shape = len(started), (len(started), 1 + MOST_FOLLOW_UPS)
    channel = rng.choice(len(CHANNELS), n, p=brand.channel_shares)
    urgent = rng.random(n) < URGENT
    reply = expit(brand.reply_logits[channel] + logit_effect[started // _DAY])
    needless = rng.random(shape) < NO_REPLY_NEEDED
    wanted = ~needless & (rng.random(shape) < reply[:, None])
    closed = ~needless & ~wanted & (rng.random(shape) < CLOSED)
    pause = np.minimum(whole_seconds(PAUSE.log_seconds(rng.standard_normal(shape))), LONGEST_PAUSE_SECONDS)
    writes_again = wanted & (rng.random(shape) < WRITES_AGAIN)
    writes_again[:, -1] = False
    z = rng.standard_normal(shape)
    served = serve(
        Customers(
            started=started,
            urgent=urgent,
            wanted=wanted,
            pause_seconds=np.where(writes_again, pause, NEVER),
            work_seconds=np.exp(WORK_LOG_MEANS[channel][:, None] + WORK_LOG_SDS[channel][:, None] * z),
        ),
        team.roster(first_weekday, n_all_days),
        day_slowness=np.exp(log_time_effect - chances.log_time_sd**2 / 2),
        patience_seconds=PATIENCE_SECONDS,
        end_second=n_all_days * _DAY - 1,
    )
    start, end = _WARM_UP_DAYS * _DAY, (_WARM_UP_DAYS + n_days) * _DAY
    begun = (started >= start) & (started < end)
    there = begun[:, None] & (served.opened != NEVER) & (served.opened < end)
    replied = served.replied != NEVER
    closing = np.where(needless, NO_REPLY_CLOSING.log_seconds(z), CLOSING.log_seconds(z))
    unreplied_seconds = whole_seconds(np.where(needless | closed, closing, math.inf))
    ended = np.where(replied, served.replied, served.opened + unreplied_seconds)
    row, number = np.nonzero(there)
    customers = 1 + int(CUSTOMERS * process.conversations_per_day(brand) * n_days)
    return Attended(
        Turns(
            conversation=(np.cumsum(begun) - 1)[row],
            channel=channel[row],
            agent=np.maximum(served.agent, 0)[there],
            customer=rng.integers(0, customers, n)[row],
            topic=rng.choice(len(TOPICS), n, p=list(TOPICS.values()))[row],
            urgent=urgent[row],
        ),
        Waits(
            turn=np.arange(len(row)),
            opened=served.opened[there] - start,
            ended=ended[there] - start,
            replied=replied[there],
            closed=closed[there],
            needless=needless[there],
            is_first=number == 0,
            is_last=np.append(row[1:] != row[:-1], True)[: len(row)],
        ),
        Assigned(served.taken[there] - start, replied[there]),
    )


def _started(by_day: Floats, rng: np.random.Generator) -> Integers:
    """When conversations begin, in order: a Poisson process with hours, days and bursts of its own."""
    begins = rng.random(24 * len(by_day)) < BURST
    is_burst = np.convolve(begins, np.ones(BURST_HOURS))[: len(begins)] > 0
    mean_factor = 1 + (BURST_FACTOR - 1) * (1 - (1 - BURST) ** BURST_HOURS)
    factor = np.where(is_burst, BURST_FACTOR, 1) / mean_factor
    by_hour = np.outer(by_day, HOURS / HOURS.sum()).ravel() * factor
    hour = np.repeat(np.arange(len(by_hour)), rng.poisson(by_hour))
    return np.sort(hour * _HOUR + rng.integers(0, _HOUR, len(hour)))


@cache
def _stored_shares() -> Mapping[str, Mapping[float, float]]:
    shares: dict[str, dict[float, float]] = {}
    table = pl.read_csv(shipped("published", "queue_truth.csv"))
    for brand, seconds, share in table.select("brand", "seconds", "share").iter_rows():
        shares.setdefault(brand, {})[seconds] = share
    return shares


STORED = QueueProcess(
    Process({brand.name: brand for brand in QUEUE_BRANDS}),
    messages_per_day=300_000 / sum(brand.size for brand in QUEUE_BRANDS) / 761,
)
"""The default settings of `synthesize(mode="queue")`, 300,000 messages in 761 days."""
