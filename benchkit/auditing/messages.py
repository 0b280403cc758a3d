"""Checks on single messages: counted by brand, each by one named expression."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl

from benchkit.auditing.facts import FROM_AGENT, FROM_CUSTOMER, IS_UNSIGNED, Facts, Found, names_of, part
from benchkit.periods import WEEK, local_time
from benchkit.schema import same_as_before
from benchkit.words import percent

_SECONDS = pl.col("sent_at").dt.epoch("s")
IN_WHOLE_MINUTES, IN_WHOLE_HOURS = _SECONDS % 60 == 0, _SECONDS % 3_600 == 0
_COARSE_SHARE, _COARSE_MESSAGES = 0.2, 50

_ID = "conversation_id"
_TWIN = ("conversation_id", "sender", "sender_id", "sent_at")


def messages_that_came_twice(facts: Facts) -> Iterable[Found]:
    """Messages of one sender in one conversation at the very same instant, under different ids.

    Serious from 0.5%. Some senders do post two parts of an answer within a second; an export that
    joins a message to each of its tags or attachments doubles far more.
    """
    messages = facts.messages
    at_one_instant = same_as_before("sent_at") & ~pl.col("opens") & same_as_before("sender")
    candidates = messages.with_row_index("row").filter(at_one_instant | at_one_instant.shift(-1))
    twins = candidates.filter(~pl.struct(_TWIN).is_first_distinct())["row"]
    is_twin = pl.int_range(pl.len(), dtype=pl.UInt32).is_in(twins.implode())
    did = "had the sender, the conversation and the time of another"
    return facts.by_brand(messages, is_twin, what="messages", did=did)


def replies_before_their_message(facts: Facts) -> Iterable[Found]:
    """Messages older than the one that they say they reply to.

    Serious from 0.1%: this cannot happen, so that two clocks or two time zones were at work; where
    these show as negative times, others of the same clock are wrong by as much and do not show.
    """
    if facts.replies is None:
        return ()
    known = facts.replies.filter(pl.col("parent_at").is_not_null())
    is_older = pl.col("sent_at") < pl.col("parent_at")
    return facts.by_brand(known, is_older, what="replies", did="came before their message")


def replies_without_a_parent(facts: Facts) -> Iterable[Found]:
    """Messages that reply to one which is not in the data.

    Serious from 5%: the first days of an extract answer what came before, and people delete posts;
    more mean that a kind of message (comments, another channel) was not exported.
    """
    if facts.replies is None:
        return ()
    did = "went to a message that is not in the data"
    return facts.by_brand(facts.replies, pl.col("parent_at").is_null(), what="replies", did=did)


def conversations_the_brand_began(facts: Facts) -> Iterable[Found]:
    """Conversations whose first message is not a customer's.

    Serious from 50%: outreach, and answers to posts older than the extract, are usual and fair; where
    it is most conversations, customers' own messages are missing from the export.
    """
    opening, did = facts.messages.filter("opens"), "began with a message of the brand"
    return facts.by_brand(opening, ~FROM_CUSTOMER, what="conversations", did=did, example=_ID)


def agents_without_names(facts: Facts) -> Iterable[Found]:
    """Agents' messages that nobody signed, or that only the brand's shared account did.

    Serious from 20%: figures by agent are then of those who sign, who need not work like the others.
    """
    answers = facts.messages.filter(FROM_AGENT)
    return facts.by_brand(answers, IS_UNSIGNED, what="messages of agents", did="named no agent")


def times_in_whole_hours(facts: Facts) -> Iterator[Found]:
    """Times cut to the hour or the day, which a spreadsheet's format does.

    From 20% of a brand's 50 messages or more: by chance one in 3,600 falls on a whole hour, and of
    scheduled posts seldom more than a few in a hundred.
    """
    for found in facts.by_brand(facts.messages, IN_WHOLE_HOURS, what="times", did="fell on a whole hour"):
        if found.of and found.of >= _COARSE_MESSAGES and found.n >= _COARSE_SHARE * found.of:
            yield found


def conversations_without_the_brand(facts: Facts) -> Iterable[Found]:
    """Conversations in which the brand never wrote, agents nor bots.

    Always a note: not every message needs an answer. It is beside `months_without_the_brand`, which
    tells the months that stand out.
    """
    what, did = "conversations", "had no message of the brand"
    return facts.by_brand(facts.conversations, ~pl.col("has_brand"), what=what, did=did, example=_ID)


def months_without_the_brand(facts: Facts) -> Iterator[Found]:
    """Months in which far more conversations than usual have no message of the brand.

    From 25 points above the median of the brand's months, and 5 standard errors, of months with 50
    conversations or more: service seldom gets worse by that much and better again; what was exported does.
    The standard error is of the conversations alone, so that the points are what guards from bad weeks.
    What began in the last 7 days is left out, since its answer may be still to come.
    """
    month = local_time("sent_at", facts.data.time_zones).dt.truncate("1mo")
    months = (
        facts.conversations.filter(pl.col("sent_at") <= facts.data.as_of - WEEK)
        .group_by("brand", month.alias("month"))
        .agg((~pl.col("has_brand")).sum().cast(pl.Int64).alias("count"), pl.len().cast(pl.Int64).alias("of"))
        .filter(pl.col("of") >= 50)
        .with_columns(*names_of("brand"), (pl.col("count") / pl.col("of")).alias("share"))
        .with_columns(
            pl.col("share").median().over("brand").alias("usual"), pl.len().over("brand").alias("months")
        )
        .sort("brand", "month")
    )
    usual, excess = pl.col("usual"), pl.col("share") - pl.col("usual")
    error = (usual * (1 - usual) / pl.col("of")).sqrt()
    outlying = months.filter(pl.col("months") >= 3, excess >= 0.25, excess >= 5 * error)
    for brand, start, count, of, _, median, _ in outlying.iter_rows():
        yield Found(
            count,
            of,
            f"{part(count, of, 'conversations')} of {start:%B %Y} had no message of the brand; "
            f"{percent(median)} is usual.",
            brand,
        )
