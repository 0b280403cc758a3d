"""Synthetic data whose truth is known: invented brands, and customers who wait for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from numbers import Integral

import numpy as np
import polars as pl

from benchkit.dataset import About, Dataset
from benchkit.errors import BenchkitError, UnknownNameError, show
from benchkit.schema import DIMENSIONS, EVENT_KINDS, EVENTS, MESSAGES, SENDERS, TIME
from benchkit.sources.synthetic_brands import BRANDS, CHANNELS, Brand
from benchkit.sources.synthetic_process import (
    AS_OF_SECONDS,
    TOPICS,
    WEEKDAYS,
    Integers,
    Process,
    Span,
)
from benchkit.sources.synthetic_queue import PRIORITIES, QUEUE_BRANDS, QueueProcess, queue
from benchkit.sources.synthetic_story import Happenings, Turns, mix

END = datetime(2026, 11, 1, tzinfo=UTC)
"""The end of the last month."""
AS_OF = END + timedelta(seconds=AS_OF_SECONDS)
"""When every wait of the last month has been watched for a week."""

MODES = ("mixture", "queue")
"""Whether a reply takes a time drawn for it, or waits for an agent to be free."""

_KIND_BITS, _SECOND_BITS = 3, 31


def synthesize(
    *,
    seed: int = 0,
    messages: int = 300_000,
    brands: Sequence[Brand] | None = None,
    months: int = 25,
    reply_logit_sd: float = 0.5,
    log_time_sd: float = 0.4,
    day_autocorrelation: float = 0.0,
    mode: str = "mixture",
    staffing: float = 1.0,
) -> Dataset:
    """Make up customers, brands and waits by a process whose truth is known.

    >>> data = synthesize(messages=10_000)
    >>> data
    Dataset('demo', as of 2026-11-08 06:00 UTC)
    >>> round(data.truth("Mumblecell", 3_600), 3)
    0.392

    `months` calendar months up to the end of October 2026, every wait of which was watched
    for seven days. `messages` is how many to expect, to within 2% from 100,000 up. `brands`
    says who serves how (`synthetic_brands.Brand`); what happens at a brand depends on the
    seed, on its own row, and on how much is written to it. `reply_logit_sd` and `log_time_sd`
    say how much good and bad days differ in service; with both at 0, all waits are
    independent. `day_autocorrelation` is that of a day's service with the next day's.
    `data.truth(brand, seconds)` is the process's share, see `synthetic_process.Process`,
    which also has the chances that are the same for all brands.

    A customer opens a conversation at a time drawn from the hour of the week and from a
    gamma factor of the brand's day. The wait is marked as needing no reply, replied to,
    closed without a reply, or left, by chances that depend on brand, channel and day; a
    reply takes a lognormal time that depends on channel, agent, brand and day. After a reply
    the customer may write again and wait again; a wait that would begin after the last month
    is left out. Messages have a topic, on which nothing depends.

    With `mode="queue"`, the waits to be replied to queue for agents on shifts, the urgent
    before the others (column `priority`), and some are left for being too old; events tell
    who took which up and when. `brands` are then twelve of two industries where not given,
    their teams follow from how much is written, and `staffing` is a factor on their hours.
    Waits in a queue depend on each other even where all days are alike. What is known of
    their truth is in `synthetic_queue.QueueProcess`.

    The same arguments make the same rows, to the byte. Raises `BenchkitError` for arguments
    that make no sense.
    """
    _check_whole("seed", seed, least=0, most=2**63 - 1)
    _check_whole("messages", messages, least=1, most=10**8)
    _check_whole("months", months, least=1, most=600)
    if mode not in MODES:
        raise UnknownNameError("mode", mode, MODES, where="of synthetic data")
    usual = QUEUE_BRANDS if mode == "queue" else BRANDS
    brands = usual if brands is None else tuple(brands)
    named = {brand.name: brand for brand in brands}
    if not named or len(named) < len(brands):
        raise BenchkitError("synthetic data need at least one brand, and each a name of its own")
    chances = Process(named, reply_logit_sd, log_time_sd, day_autocorrelation)
    start, span = _span(months)
    messages_per_size = messages / sum(brand.size for brand in brands)
    process: Process | QueueProcess = chances
    if mode == "queue":
        process = QueueProcess(chances, messages_per_size / len(span.day_shares), staffing)
    elif staffing != 1:
        raise BenchkitError("staffing is about the agents of a queue; give mode='queue' with it")
    stories = []
    for brand in brands:
        rng = np.random.default_rng([seed, *brand.name.encode()])
        if isinstance(process, QueueProcess):
            stories.append(queue(brand, process, start.weekday(), len(span.day_shares), rng=rng))
        else:
            stories.append(mix(brand, process, span, messages=messages_per_size * brand.size, rng=rng))
    if isinstance(process, QueueProcess):
        brands = [process.team(brand).brand for brand in brands]
    turns, said, noted = zip(*stories, strict=True)
    columns = _turn_columns(brands, turns)
    first_of_brand = np.cumsum([0, *(len(of_brand.channel) for of_brand in turns[:-1])])
    data = Dataset.from_messages(
        _messages(columns, _in_order(said, first_of_brand, span), start),
        events=_events(columns, _in_order(noted, first_of_brand, span), start),
        as_of=AS_OF,
        about=About("demo", licence="synthetic, free to use"),
    )
    return replace(data, process=process)


def _check_whole(name: str, value: object, *, least: int, most: int) -> None:
    if not isinstance(value, Integral) or not least <= int(value) <= most:
        raise BenchkitError(f"{name} must be a whole number from {least:,} to {most:,}, not {show(value)}")


def _span(months: int) -> tuple[datetime, Span]:
    """When the months up to END begin, and how much is written on each of their days."""
    year, month = divmod(END.year * 12 + END.month - 1 - months, 12)
    start = datetime(year, month + 1, 1, tzinfo=UTC)
    weights = WEEKDAYS[(start.weekday() + np.arange((END - start).days)) % 7]
    return start, Span(weights / weights.sum(), int((AS_OF - start).total_seconds()))


def _in_order(happenings: Sequence[Happenings], first_of_brand: Integers, span: Span) -> Happenings:
    """What was seen, for all brands, by turn, time and kind: sorted as packed integers."""
    keys = []
    for happened, first in zip(happenings, first_of_brand, strict=True):
        seen = happened.at <= span.as_of_second
        turn, at, kind = (column[seen] for column in happened)
        keys.append(((turn + first) << _SECOND_BITS | at) << _KIND_BITS | kind)
    packed = np.sort(np.concatenate(keys))
    return Happenings(
        turn=packed >> (_SECOND_BITS + _KIND_BITS),
        at=packed >> _KIND_BITS & ((1 << _SECOND_BITS) - 1),
        kind=packed & ((1 << _KIND_BITS) - 1),
    )


def _turn_columns(brands: Sequence[Brand], turns: Sequence[Turns]) -> pl.DataFrame:
    """A row per turn: its names in place of numbers."""
    brand = np.repeat(np.arange(len(brands)), [len(of_brand.channel) for of_brand in turns])
    agents = [brand.agent_ids for brand in brands]

    def numbers(column: str) -> Integers:
        return np.concatenate([getattr(of_brand, column) for of_brand in turns])

    def counted_on(column: str) -> Integers:
        counts = [int(getattr(of_brand, column).max(initial=-1)) + 1 for of_brand in turns]
        return np.cumsum([0, *counts])[brand] + numbers(column)

    columns = {
        "conversation_id": _ids("c", counted_on("conversation")),
        "brand": _named([brand.name for brand in brands], brand, pl.Categorical()),
        "industry": _named([brand.industry for brand in brands], brand, pl.Categorical()),
        "channel": _named([channel.name for channel in CHANNELS], numbers("channel"), pl.Categorical()),
        "topic": _named(TOPICS, numbers("topic"), pl.String()),
        "customer": _ids("u", counted_on("customer")),
        "bot": _named([f"{brand.name}/bot" for brand in brands], brand, pl.String()),
        "agent": _named(
            chain.from_iterable(agents),
            np.cumsum([0, *map(len, agents)])[brand] + numbers("agent"),
            pl.String(),
        ),
    }
    if all(of_brand.urgent is not None for of_brand in turns):
        columns["priority"] = _named(PRIORITIES, numbers("urgent"), pl.String())
    return pl.DataFrame(columns)


def _messages(turns: pl.DataFrame, said: Happenings, start: datetime) -> pl.DataFrame:
    sender = pl.col("sender")
    sender_id = pl.when(sender == "customer").then("customer").when(sender == "bot").then("bot")
    return (
        turns[said.turn]
        .with_columns(
            _ids("m", np.arange(len(said.at))).alias("message_id"),
            _named(SENDERS, said.kind, MESSAGES.columns["sender"]).alias("sender"),
            _times(said.at, start).alias("sent_at"),
        )
        .with_columns(sender_id.otherwise("agent").alias("sender_id"))
        .select(*MESSAGES.columns, "industry", *(name for name in DIMENSIONS if name in turns.columns))
    )


def _events(turns: pl.DataFrame, noted: Happenings, start: datetime) -> pl.DataFrame:
    return (
        turns.select("conversation_id", "agent")[noted.turn]
        .with_columns(
            _times(noted.at, start).alias("at"),
            _named(EVENT_KINDS, noted.kind, EVENTS.columns["kind"]).alias("kind"),
        )
        .with_columns(pl.when(pl.col("kind") == "assigned").then("agent").alias("actor_id"))
        .select(*EVENTS.columns, "actor_id")
    )


def _named(names: Iterable[str], numbers: Integers, dtype: pl.DataType) -> pl.Series:
    return pl.Series(list(names), dtype=dtype).gather(numbers)


def _ids(prefix: str, numbers: Integers) -> pl.Series:
    """Nine digits after a letter: they sort as the numbers do, and polars holds them in place."""
    return prefix + pl.Series(numbers).cast(pl.String).str.zfill(9)


def _times(seconds: Integers, start: datetime) -> pl.Series:
    return pl.Series((seconds + int(start.timestamp())) * 1_000_000).cast(TIME)
