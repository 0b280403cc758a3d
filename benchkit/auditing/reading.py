"""Checks on how the data were read and taken."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import polars as pl

from benchkit.auditing.facts import EXAMPLES, Facts, Found, part
from benchkit.periods import WEEK

_REPEATED_ID = pl.col("reason").str.starts_with("duplicate")
_TOO_LATE = pl.col("reason").is_in(["after the extract was taken", "in the future"])
_UNREADABLE = pl.col("kind") == "unreadable"

OLD_EXTRACT = timedelta(days=14)
_EXPECTED_SINCE = 20


def rows_that_could_not_be_read(facts: Facts) -> Iterator[Found]:
    """Rows that the file itself spoilt, by reason: no time, no id, a kind that nobody knows.

    Serious from 0.5% of the rows read. Readers refuse a file at 5%; what is below comes mostly in
    lumps (a broken export job, one day's encoding), so that less than that can bend one month.
    """
    return _left_out(facts, _UNREADABLE)


def rows_left_out_by_a_rule(facts: Facts) -> Iterator[Found]:
    """Rows that could be read and are no part of a conversation between a customer and a brand.

    Always a note: a rule did what it is for. How many there are is for the reader to weigh.
    """
    return _left_out(facts, ~_UNREADABLE & ~_REPEATED_ID & ~_TOO_LATE)


def ids_that_came_twice(facts: Facts) -> Iterator[Found]:
    """Rows left out because one with their id had come before.

    Serious from 1% of the rows read. A few are a page of an export fetched twice; more are two
    exports put together, of which the second may have had newer values than the first that was kept.
    """
    return _left_out(facts, _REPEATED_ID)


def messages_newer_than_the_extract(facts: Facts) -> Iterator[Found]:
    """Rows left out because they are later than `as_of`, or than today.

    Serious from 0.1% of the rows read: an extract holds nothing that came after it, so `as_of` is
    too early, or the clock that wrote these times was wrong.
    """
    return _left_out(facts, _TOO_LATE)


def an_old_extract_said_to_be_new(facts: Facts) -> Iterator[Found]:
    """`as_of` much later than the newest message: nobody watched the time between them.

    From 14 days on, where 20 messages or more would be usual in such a time by a week of messages or
    more: less may be a quiet brand. Quiet weeks at the end of real data are rarer than an `as_of` of
    today given by habit.
    """
    first, newest = facts.messages.select(
        pl.col("sent_at").min(), pl.col("sent_at").max().alias("newest")
    ).row(0)
    if newest is None or newest - first < WEEK:
        return
    silence = facts.data.as_of - newest
    usual = facts.messages.height * (silence / (newest - first))
    if silence >= OLD_EXTRACT and usual >= _EXPECTED_SINCE:
        yield Found(
            silence.days,
            None,
            f"The newest message is of {newest:%Y-%m-%d}, {silence.days:,} days before the extract is said "
            f"to have been taken; some {usual:,.0f} messages would be usual in that time.",
        )


def rows_read_in_a_way_worth_knowing(facts: Facts) -> Iterator[Found]:
    """What the reader did to rows that it kept, such as times in the hour that autumn repeats.

    Always a note, one for each kind of thing that the reader counted.
    """
    for note, values in facts.data.audit.notes.items():
        yield Found(values, None, f"{values:,} {note}.")


def events_without_a_conversation(facts: Facts) -> Iterator[Found]:
    """Events whose conversation has no message in the data.

    Serious from 5%: some are of conversations that hold only private notes; more mean that messages
    and events were exported for different times, or that their ids are written differently.
    """
    if facts.data.events is None:
        return
    conversations = facts.messages.lazy().filter("opens").select("conversation_id")
    events = facts.data.events.select("conversation_id")
    lost = events.join(conversations, on="conversation_id", how="anti")
    n_lost, n, ids = pl.collect_all(
        [lost.select(pl.len()), events.select(pl.len()), lost.unique().sort("conversation_id").head(EXAMPLES)]
    )
    count, of = n_lost.item(), n.item()
    if count:
        yield Found(
            count,
            of,
            f"{part(count, of, 'events')} belonged to conversations without a message.",
            examples=facts.examples("conversation_id", ids["conversation_id"].to_list()),
        )


def _left_out(facts: Facts, which: pl.Expr) -> Iterator[Found]:
    audit = facts.data.audit
    reasons = audit.excluded.filter(which).group_by("reason").len().sort("len", descending=True)
    for reason, rows in reasons.iter_rows():
        read = max(audit.rows_read, rows)
        yield Found(rows, read, f"Left out, {reason}: {part(rows, read, 'rows')}.")
