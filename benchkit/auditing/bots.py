"""Checks on agents who may be bots: by when and how regularly they write, and by what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import polars as pl

from benchkit.auditing.facts import AGENT, FROM_AGENT, IS_UNSIGNED, Facts, Found, names_of, part
from benchkit.auditing.messages import IN_WHOLE_MINUTES
from benchkit.words import human_seconds

_MESSAGES = 30
_QUICK_SECONDS, _SLACK_SECONDS, _SLACK = 15, 5, 0.1
_PAUSE, _AWAKE = timedelta(hours=5), timedelta(days=7)
_AT_ONCE_MESSAGES, _AT_ONCE_SHARE = 20, 0.05
_SAME_TEXT = 0.8


def agents_as_regular_as_a_clock(facts: Facts) -> Iterator[Found]:
    """Agents whose replies all take the same time, or next to none.

    Of 30 replies or more that follow a customer's message, nine in ten come within 15 seconds, which
    nobody needs to read and write; or the tenth and the ninetieth hundredth are no further apart than
    5 seconds and a tenth of the median: people's are apart by a factor of ten and more.
    """
    delay = (pl.col("sent_at") - pl.col("sent_at").shift()).dt.total_seconds()
    follows = ~pl.col("opens") & (pl.col("sender").shift() == "customer")
    low, middle, high = (pl.col("delay").quantile(q, interpolation="linear") for q in (0.1, 0.5, 0.9))
    agents = (
        facts.messages.lazy()
        .with_columns(delay.alias("delay"), follows.alias("follows"))
        .filter(FROM_AGENT & ~IS_UNSIGNED & pl.col("follows"))
        .group_by(AGENT)
        .agg(pl.len().cast(pl.Int64).alias("n"), low.alias("low"), middle.alias("middle"), high.alias("high"))
        .filter(pl.col("n") >= _MESSAGES)
        .filter(
            (pl.col("high") <= _QUICK_SECONDS)
            | (pl.col("high") - pl.col("low") <= _SLACK_SECONDS + _SLACK * pl.col("middle"))
        )
    )
    for brand, agent, n, low_seconds, _, high_seconds in _told(agents).iter_rows():
        span = f"{human_seconds(low_seconds)} to {human_seconds(high_seconds)}"
        yield Found(
            n,
            n,
            f"Eight in ten of {n:,} replies came {span} after the message.",
            brand,
            agent_id=agent,
        )


def agents_who_never_sleep(facts: Facts) -> Iterator[Found]:
    """Agents who write for 7 days or longer without a pause of 5 hours.

    Shorter than a night and longer than a lull is 5 hours; nobody goes a week without them. It may also
    be several people under one name, which spoils figures by agent as much.
    """
    begins = ~_same_agent(1) | (pl.col("sent_at") - pl.col("sent_at").shift() >= _PAUSE).fill_null(True)
    ends, row = begins.shift(-1, fill_value=True), pl.int_range(pl.len())
    stretches = facts.by_agent.lazy().select(
        pl.col(AGENT).filter(begins),
        (row.filter(ends) - row.filter(begins) + 1).alias("n"),
        (pl.col("sent_at").filter(ends) - pl.col("sent_at").filter(begins)).alias("lasted"),
    )
    agents = (
        stretches.group_by(AGENT)
        .agg(
            pl.col("n").sum().alias("of"),
            pl.col("n").filter(pl.col("lasted") >= _AWAKE).sum(),
            pl.col("lasted").max(),
        )
        .filter(pl.col("lasted") >= _AWAKE)
    )
    for brand, agent, of, n, lasted in _told(agents).iter_rows():
        yield Found(
            n,
            of,
            f"{part(n, of, 'messages')} came without a pause of 5 h, up to {lasted.days:,} days on end.",
            brand,
            agent_id=agent,
        )


def agents_who_write_many_at_once(facts: Facts) -> Iterator[Found]:
    """Agents who write to three conversations or more within one second.

    From 20 such messages and 5% of theirs on: a bulk reply to many tickets is made so now and then, a
    robot's all the time. Agents most of whose times are whole minutes are passed over.
    """
    same_second = pl.col("sent_at").dt.truncate("1s") == pl.col("sent_at").dt.truncate("1s").shift(2)
    conversation = pl.col("conversation_id")
    others = (conversation != conversation.shift(1)) & (conversation.shift(1) != conversation.shift(2))
    third = (_same_agent(2) & same_second & others).fill_null(False)
    at_once = third | third.shift(-1, fill_value=False) | third.shift(-2, fill_value=False)
    agents = (
        facts.by_agent.lazy()
        .with_columns(at_once.alias("at_once"))
        .group_by(AGENT)
        .agg(
            pl.col("at_once").sum().cast(pl.Int64),
            pl.len().cast(pl.Int64).alias("of"),
            IN_WHOLE_MINUTES.mean().alias("in_minutes"),
        )
        .filter(pl.col("at_once") >= _AT_ONCE_MESSAGES, pl.col("at_once") >= _AT_ONCE_SHARE * pl.col("of"))
        .filter(pl.col("in_minutes") < 0.5)
    )
    for brand, agent, at_once_count, of, _ in _told(agents).iter_rows():
        yield Found(
            at_once_count,
            of,
            f"{part(at_once_count, of, 'messages')} came in the same second as two or more to others.",
            brand,
            agent_id=agent,
        )


def agents_who_always_say_the_same(facts: Facts) -> Iterator[Found]:
    """Agents four in five of whose messages are one text, mentions, links and numbers aside.

    Of 30 messages or more, where the text was kept. People use prepared answers as well, but seldom
    a single one. The text itself is shown nowhere.
    """
    if "text" not in facts.data.messages.collect_schema():
        return
    wording = pl.col("text").str.replace_all(r"https?://\S+|@\w+|[0-9]+", "").str.strip_chars()
    agents = (
        facts.data.messages.filter(FROM_AGENT & ~IS_UNSIGNED & pl.col("text").is_not_null())
        .group_by(*AGENT, wording.hash().alias("wording"))
        .agg(pl.len().cast(pl.Int64).alias("n"))
        .group_by(AGENT)
        .agg(pl.col("n").max(), pl.col("n").sum().alias("of"))
        .filter(pl.col("of") >= _MESSAGES, pl.col("n") >= _SAME_TEXT * pl.col("of"))
    )
    for brand, agent, n, of in _told(agents).iter_rows():
        yield Found(n, of, f"{part(n, of, 'messages')} had the same wording.", brand, agent_id=agent)


def _same_agent(rows: int) -> pl.Expr:
    return pl.all_horizontal(pl.col(name) == pl.col(name).shift(rows) for name in AGENT).fill_null(False)


def _told(agents: pl.LazyFrame) -> pl.DataFrame:
    return agents.with_columns(names_of("brand")).sort(AGENT).collect()
