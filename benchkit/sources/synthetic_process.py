"""How invented customers write and invented brands answer, and the truth that this makes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit, ndtr

from benchkit.errors import BenchkitError, UnknownNameError
from benchkit.sources.synthetic_brands import CHANNELS, Brand, Delay, Floats

Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_HOUR, _DAY = 3_600, 86_400
AS_OF_SECONDS = 7 * _DAY + 6 * _HOUR
"""How long after its end the last month is watched."""

HOURS = np.repeat([0.3, 0.2, 1.0, 1.6, 1.4, 1.3, 1.7, 0.8], 3)
"""How much is written in each hour of a day, UTC, compared with other hours."""
WEEKDAYS = np.array([1.2, 1.1, 1.05, 1.0, 1.0, 0.8, 0.85])
"""How much is written on each day of a week from Monday, compared with other days."""
DAY_GAMMA = 8.0
"""Shape of the gamma factor, of mean 1, on what is written to a brand on a day."""
CUSTOMERS = 0.8
"""A brand's customers, for each conversation expected."""
TOPICS = {"delivery": 0.3, "billing": 0.25, "how to": 0.2, "complaint": 0.15, "praise": 0.1}
"""What conversations are about; nothing depends on it."""

NUDGES = (0.15, 0.08)
"""Shares of waits in which the customer adds a message, and yet another, within six hours."""
NO_REPLY_NEEDED = 0.04
"""Share of waits that someone marks as needing no reply, whatever the brand and the day."""
NO_REPLY_CLOSING = Delay(1 * _HOUR, 8 * _HOUR)
CLOSED = 0.2
"""Share of the waits never answered that are closed without a reply."""
CLOSING = Delay(48 * _HOUR, 120 * _HOUR)
WRITES_AGAIN = 0.35
"""Share of replies after which the customer writes again, and waits again."""
PAUSE = Delay(0.5 * _HOUR, 6 * _HOUR)
LONGEST_PAUSE_SECONDS = 3 * _DAY
MOST_FOLLOW_UPS = 3

_NODES, _NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
_LOG_FOREVER = 25.0


@dataclass(frozen=True)
class Process:
    """What makes the waits of `synthesize`, and the share of them that it answers within a time.

    >>> process = Process({"Mine": Brand("Mine", "Airlines", 0.25)})
    >>> round(process("Mine", 86_400), 3)
    0.241

    Each day of a brand has two effects, normal and independent of each other and of how much
    is written: one on the logit of the reply probability (`reply_logit_sd`), one on the log
    of the reply time (`log_time_sd`). All waits of a conversation have those of the day on
    which it began. Each effect is a first-order autoregression: `day_autocorrelation` of it
    stays from one day to the next, and what is new keeps its spread, so that the share is the
    same whatever stays.

    The share is of all waits that need a reply, first and later ones. There is a later one
    only after a reply, and good days have more of those: on a day when a channel's reply
    probability is p, a conversation has `sum_k (c p)^k` such waits on average. The share is
    therefore the mean of waits times p over the mean of waits, by Gauss-Hermite quadrature
    over the day's effect on the logit, times the lognormal mixture over agents, whose log
    variances the day's other effect raises by `log_time_sd` squared; both means are summed
    over channels. Follow-ups that would begin after the last month are not in the data, which
    moves the share in a month on its own by less than 0.001, and in 25 by nothing to be seen.
    """

    brands: Mapping[str, Brand]
    reply_logit_sd: float = 0.5
    log_time_sd: float = 0.4
    day_autocorrelation: float = 0.0

    def __post_init__(self) -> None:
        for name, sd in (("reply_logit_sd", self.reply_logit_sd), ("log_time_sd", self.log_time_sd)):
            if not 0 <= sd <= 5:
                raise BenchkitError(f"{name} is a standard deviation; it must be from 0 to 5, not {sd}")
        if not 0 <= self.day_autocorrelation < 1:
            raise BenchkitError(
                "day_autocorrelation says how much of a day's effect stays for the next; "
                f"it must be from 0 to less than 1, not {self.day_autocorrelation}"
            )

    def __call__(self, brand: str, seconds: float) -> float:
        """The share of waits answered within so many seconds (`math.inf`: ever)."""
        if brand not in self.brands:
            raise UnknownNameError("brand", brand, self.brands, where="in the synthetic data")
        if seconds < 1:
            return 0.0
        served = self.brands[brand]
        log_limit = np.log(np.floor(seconds))  # replies fall on whole seconds, rounded up
        log_sds = np.hypot([channel.reply.log_sd for channel in CHANNELS], self.log_time_sd)
        in_time = ndtr((log_limit - served.reply_log_means) / log_sds[:, None])
        waits, replies = self._per_conversation(served)
        replies_in_time = replies * (served.agent_shares * in_time).sum(axis=1)
        return float((served.channel_shares @ replies_in_time) / (served.channel_shares @ waits))

    def replies_per_conversation(self, brand: Brand) -> Floats:
        """By channel, how many replies a conversation has on average."""
        return (1 - NO_REPLY_NEEDED) * self._per_conversation(brand)[1]

    def messages_per_conversation(self, brand: Brand) -> float:
        """How many messages a conversation has on average, openings, answers and all."""
        waits, _ = self._per_conversation(brand)
        by_channel = waits * (1 + sum(NUDGES)) + self.replies_per_conversation(brand)
        return float(brand.channel_shares @ by_channel + brand.bot_share)

    def carry_on(self, effects: Floats) -> Floats:
        """Independent effects of days, made to last into the days that follow."""
        lasting = self.day_autocorrelation
        new = math.sqrt(1 - lasting**2)
        return np.array(list(accumulate(effects.tolist(), lambda past, fresh: lasting * past + new * fresh)))

    def _per_conversation(self, brand: Brand) -> tuple[Floats, Floats]:
        """By channel: waits in a conversation, and replies if all of them needed one."""
        reply = expit(brand.reply_logits[:, None] + self.reply_logit_sd * _NODES)
        again = (1 - NO_REPLY_NEEDED) * WRITES_AGAIN * reply
        waits = (again[..., None] ** np.arange(1 + MOST_FOLLOW_UPS)).sum(axis=-1)
        weights = _NODE_WEIGHTS / _NODE_WEIGHTS.sum()
        return waits @ weights, (waits * reply) @ weights


class Span(NamedTuple):
    """The time that data cover, in seconds from its start, and each day's part of what is written."""

    day_shares: Floats
    as_of_second: int

    @property
    def end_second(self) -> int:
        """When the last month ends."""
        return len(self.day_shares) * _DAY


class Conversations(NamedTuple):
    """A row per conversation: when it began, and numbers of its channel, agent, customer and topic."""

    started: Integers
    channel: Integers
    agent: Integers
    customer: Integers
    topic: Integers
    reply_probability: Floats
    reply_log_mean: Floats


class Waits(NamedTuple):
    """A row per wait, in seconds from the start; of replied, closed and needless at most one holds."""

    turn: Integers
    opened: Integers
    ended: Integers
    replied: Bools
    closed: Bools
    needless: Bools
    is_first: Bools
    is_last: Bools


def converse(
    brand: Brand, process: Process, span: Span, *, messages: float, rng: np.random.Generator
) -> Conversations:
    """Begin conversations with a brand, so many that about as many messages come of them."""
    expected = messages / process.messages_per_conversation(brand)
    n_days = len(span.day_shares)
    written = rng.poisson(expected * span.day_shares * rng.gamma(DAY_GAMMA, 1 / DAY_GAMMA, n_days))
    logit_effect = process.carry_on(rng.normal(0, process.reply_logit_sd, n_days))
    log_time_effect = process.carry_on(rng.normal(0, process.log_time_sd, n_days))
    day = np.repeat(np.arange(n_days), written)
    n = len(day)
    hour = rng.choice(len(HOURS), n, p=HOURS / HOURS.sum())
    channel = rng.choice(len(CHANNELS), n, p=brand.channel_shares)
    agent = np.zeros(n, np.int64)
    for number, shares in enumerate(brand.agent_shares):
        there = channel == number
        agent[there] = rng.choice(brand.agents, np.count_nonzero(there), p=shares)
    return Conversations(
        started=day * _DAY + hour * _HOUR + rng.integers(0, _HOUR, n),
        channel=channel,
        agent=agent,
        customer=rng.integers(0, 1 + int(CUSTOMERS * expected), n),
        topic=rng.choice(len(TOPICS), n, p=list(TOPICS.values())),
        reply_probability=expit(brand.reply_logits[channel] + logit_effect[day]),
        reply_log_mean=brand.reply_log_means[channel, agent] + log_time_effect[day],
    )


def wait(conversations: Conversations, span: Span, *, rng: np.random.Generator) -> Waits:
    """Draw how the first waits end, then the waits that follow a reply, round by round."""
    reply_log_sd = np.array([channel.reply.log_sd for channel in CHANNELS])[conversations.channel]
    conversation, opened = np.arange(len(conversations.started)), conversations.started
    rounds = []
    for number in range(1 + MOST_FOLLOW_UPS):
        n = len(conversation)
        needless = rng.random(n) < NO_REPLY_NEEDED
        replied = ~needless & (rng.random(n) < conversations.reply_probability[conversation])
        closed = ~needless & ~replied & (rng.random(n) < CLOSED)
        z = rng.standard_normal(n)
        reply_log_seconds = conversations.reply_log_mean[conversation] + reply_log_sd[conversation] * z
        log_seconds = np.select(
            [replied, closed, needless],
            [reply_log_seconds, CLOSING.log_seconds(z), NO_REPLY_CLOSING.log_seconds(z)],
            default=_LOG_FOREVER,
        )
        ended = opened + whole_seconds(log_seconds)
        pause = whole_seconds(PAUSE.log_seconds(rng.standard_normal(n)))
        opened_again = ended + np.minimum(pause, LONGEST_PAUSE_SECONDS)
        writes_again = replied & (rng.random(n) < WRITES_AGAIN) & (opened_again < span.end_second)
        goes_on = writes_again & (number < MOST_FOLLOW_UPS)
        is_first = np.full(n, number == 0)
        rounds.append(Waits(conversation, opened, ended, replied, closed, needless, is_first, ~goes_on))
        conversation, opened = conversation[goes_on], opened_again[goes_on]
    return Waits(*(np.concatenate(columns) for columns in zip(*rounds, strict=True)))


def whole_seconds(log_seconds: Floats) -> Integers:
    """Seconds from their logs, rounded up; what is infinite ends long after all data."""
    return np.ceil(np.exp(np.minimum(log_seconds, _LOG_FOREVER))).astype(np.int64)
