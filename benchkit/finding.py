"""From messages to waits: when each began, and how it ended."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from benchkit.dataset import Dataset
from benchkit.definitions import BENCHKIT
from benchkit.definitions.definition import Definition
from benchkit.hours import with_opening_hours
from benchkit.schema import SENDERS, WAITS, watched_until
from benchkit.turns import AT, CLOSINGS, KIND, KINDS, MARKS, NUMBER, carried, numbered_turns, told
from benchkit.waits import Waits, Weekly

_NOBODY = ""
"""To whom a conversation goes when it is assigned to nobody that is known, whoever had it before."""


def find_waits(data: Dataset, *, definition: Definition = BENCHKIT) -> Waits:
    """Find every time a customer waited for the brand, and how it ended.

    >>> from benchkit.sources.timelines import from_timelines
    >>> data = from_timelines("C0 C2 A10 C30")  # minutes: customer, customer, agent, customer
    >>> find_waits(data).frame.select("is_first", "outcome", "messages_in_wait").collect().rows()
    [(True, 'replied', 2), (False, 'awaiting', 1)]

    Lazy: nothing is read until the waits are collected or measured. By benchkit's own
    `definition`, a wait opens at a customer's message when nothing of theirs is waiting, ends
    with the first message from a person at the brand or with the conversation's closing, and
    is otherwise awaiting, its age at `as_of` then being its `wait_seconds` (censored, not missing).
    """
    known, weeks = data.found_by(definition.hash), None
    if known is None:
        turns = numbered_turns(data, definition)
        waits, volumes = _waits(turns, data.as_of, definition), volumes_of(turns)
    else:
        waits, volumes = known.waits, known.volumes
        weeks = known.weeks if known.time_zones == data.time_zones else None
    frame = with_opening_hours(waits, data.calendars, definition, data.as_of)
    has_permalinks = "permalink" in data.messages.collect_schema()
    return Waits(
        frame=frame,
        volumes=volumes,
        as_of=data.as_of,
        about=data.about,
        definition=definition,
        audit=data.audit,
        time_zones=data.time_zones,
        calendars=data.calendars,
        permalinks=data.messages.select("message_id", "permalink") if has_permalinks else None,
        before=find_waits(data, definition=definition.before) if definition.before else None,
        weekly=None if weeks is None else Weekly(frame, definition, weeks),
    )


def _waits(turns: pl.LazyFrame, as_of: datetime, definition: Definition) -> pl.LazyFrame:
    """Of each run of a customer's messages, the first one and what came after the last."""
    is_bot = (KIND == "bot") & (definition.bots != "answer")
    is_assignment = KIND == "assigned"
    marked = turns.with_columns(
        pl.when(is_bot).then("at").backward_fill().alias("next_bot_at"),
        pl.when(is_bot).then("number").backward_fill().alias("next_bot_in"),
        pl.when(is_assignment).then("at").forward_fill().alias("assigned_at"),
        pl.when(is_assignment).then("number").forward_fill().alias("assigned_in"),
        *_marks(definition),
    )
    speakers = _speakers(marked, definition)

    from_customer = KIND == "customer"
    needing = from_customer & pl.col("needs_reply")
    same_conversation = NUMBER.eq_missing(NUMBER.shift())
    of_the_last = ("at", "message_id") if definition.clock_starts == "last unanswered" else ()
    runs = speakers.with_columns(
        (~same_conversation).alias("is_first"),
        pl.int_range(pl.len(), 0, -1).alias("turns_left"),
        needing.cast(pl.Int64).cum_sum(reverse=True).alias("needing_left"),
        *(pl.col(name).shift().alias(f"previous_{name}") for name in of_the_last),
        *(pl.col(name).last().alias(f"final_{name}") for name in of_the_last),
    ).filter(~same_conversation | (from_customer != from_customer.shift()))

    is_over = NUMBER.eq_missing(_following("number"))
    taken_at = watched_until(turns, as_of)
    was_closed = _following("kind").is_in(CLOSINGS)
    was_cleared = is_over & _following("kind").is_in(_clearing(definition))
    ended_at = pl.when(is_over).then(_following("at"))
    started_at = _started_at(definition, is_over)
    bot_answered_at = pl.when(
        (pl.col("next_bot_in") == NUMBER) & (pl.col("next_bot_at") <= ended_at.fill_null(taken_at))
    ).then("next_bot_at")
    needs_reply = pl.col("needing_left") > _following("needing_left").fill_null(0)
    told_not_to = is_over & (_following("kind") == "closed_no_reply_needed")
    reply = is_over & ~was_closed
    outcome = pl.when(~is_over).then(pl.lit("awaiting")).when(was_closed).then(pl.lit("closed"))
    opening_message = _last_of_run("message_id") if of_the_last else pl.col("message_id")
    found = runs.select(
        pl.col("message_id").alias("wait_id"),
        "conversation_id",
        "customer_id",
        "brand",
        "industry",
        "channel",
        "is_first",
        started_at.alias("started_at"),
        ended_at.alias("ended_at"),
        outcome.otherwise(pl.lit("replied")).cast(WAITS.columns["outcome"]).alias("outcome"),
        opening_message.alias("opening_message_id"),
        pl.when(reply).then(_following("message_id")).alias("reply_message_id"),
        (ended_at.fill_null(taken_at) - started_at).dt.total_seconds().alias("wait_seconds"),
        pl.lit(None, pl.Int64).alias("business_seconds"),
        (bot_answered_at - started_at).dt.total_seconds().clip(0).alias("bot_seconds"),
        pl.when(is_over & (_following("assigned_in") == NUMBER))
        .then(_following("assigned_at"))
        .alias("assigned_at"),
        pl.when(reply).then(_credited(definition)).alias("agent_id"),
        (pl.col("turns_left") - _following("turns_left").fill_null(0)).alias("messages_in_wait"),
        (needs_reply & ~told_not_to.fill_null(False)).alias("needs_reply"),
        *carried(turns),
        *told(turns, "as_of"),
        *(["number"] if definition.credit == "everyone involved" else []),
        (from_customer & ~was_cleared.fill_null(False)).alias("opens"),
    )
    waits = found.filter(pl.col("opens") & pl.col("started_at").is_not_null()).drop("opens")
    if definition.credit != "everyone involved":
        return waits
    involved = (
        turns.filter(KIND == "agent").group_by("number").agg(pl.col("sender_id").unique().alias("involved"))
    )
    return waits.join(involved, on="number", how="left", maintain_order="left").drop("number")


def _following(column: str) -> pl.Expr:
    """Of the run after this one, which the brand's reply or a closing begins, or another conversation."""
    return pl.col(column).shift(-1)


def _marks(definition: Definition) -> list[pl.Expr]:
    """What had happened in the conversation by each turn, and by its end, as far as the rules ask for it."""

    def latest(*kinds: str, column: pl.Expr = AT) -> pl.Expr:
        return pl.when(KIND.is_in(kinds)).then(column).forward_fill().over("number")

    marks = {
        "taken_on_at": (latest("assigned"), ("assigned",)),
        "handed_off_at": (latest("handed_off", "reopened"), ("handed off",)),
        "bot_spoke_at": (latest("bot"), ("handed off",)),
        "created_at": (AT.first().over("number"), ("conversation created", "handed off")),
        "assignee": (
            latest("assigned", column=pl.col("sender_id").fill_null(_NOBODY)).replace(_NOBODY, None),
            ("assignee", "replier of the first, assignee of later"),
        ),
    }
    wanted = {definition.clock_starts, definition.credit}
    return [
        expression
        for name, (mark, rules) in marks.items()
        if wanted.intersection(rules)
        for expression in (mark.alias(name), mark.last().over("number").alias(f"final_{name}"))
    ]


def _speakers(turns: pl.LazyFrame, definition: Definition) -> pl.LazyFrame:
    """The turns that open or end waits; an agent's first one as a customer's, where it opens a wait."""
    is_silent = KIND.is_in(MARKS)
    if definition.bots != "answer":
        is_silent |= KIND == "bot"
    if definition.closing in ("ignore", "clear the wait"):
        is_silent |= KIND == "closed"
    turns = turns.with_columns(pl.when(KIND == "customer").then("sender_id").alias("customer_id"))
    if definition.agent_opens == "until the second message":
        is_first_to_speak = ~is_silent & ((~is_silent).cast(pl.Int64).cum_sum().over("number") == 1)
        opening = pl.when(is_first_to_speak & (KIND == "agent")).then(pl.lit("customer", pl.Enum(KINDS)))
        turns = turns.with_columns(opening.otherwise("kind").alias("kind"))
    if _clearing(definition):
        was_answered = (KIND == "agent").cum_max().over("number")
        is_silent &= ~KIND.is_in(_clearing(definition)) | ~was_answered
    return turns.filter(~is_silent)


def _clearing(definition: Definition) -> list[str]:
    """What clears a wait once the conversation was answered."""
    rules = {"bot": definition.bots, "closed": definition.closing}
    return [kind for kind, rule in rules.items() if rule == "clear the wait"]


def _last_of_run(column: str) -> pl.Expr:
    return _following(f"previous_{column}").fill_null(pl.col(f"final_{column}"))


def _started_at(definition: Definition, is_over: pl.Expr) -> pl.Expr:
    """When the clock starts: nothing for a wait that has no such time."""

    def by_the_end(column: str) -> pl.Expr:
        return pl.when(is_over).then(_following(column)).otherwise(f"final_{column}")

    if definition.clock_starts == "last unanswered":
        return _last_of_run("at")
    if definition.clock_starts == "assigned":
        taken_on_at = by_the_end("taken_on_at")
        return pl.when(taken_on_at.is_not_null()).then(pl.max_horizontal("at", taken_on_at))
    if definition.clock_starts == "conversation created":
        return pl.when("is_first").then("created_at").otherwise("at")
    if definition.clock_starts == "handed off":
        handed_off_at = by_the_end("handed_off_at")
        if definition.bots != "answer":
            handed_off_at = pl.coalesce(handed_off_at, by_the_end("bot_spoke_at"))
        return pl.when("is_first").then(pl.coalesce(handed_off_at, "created_at")).otherwise("at")
    return AT


def _credited(definition: Definition) -> pl.Expr:
    if definition.credit == "assignee":
        return _following("assignee")
    if definition.credit == "replier of the first, assignee of later":
        return pl.when("is_first").then(_following("sender_id")).otherwise(_following("assignee"))
    return _following("sender_id")


def volumes_of(turns: pl.LazyFrame) -> pl.LazyFrame:
    """One row per message, without its text: who wrote, in which conversation, when."""
    return turns.filter(KIND.is_in(SENDERS)).select(
        "brand",
        "industry",
        "channel",
        "kind",
        "number",
        "conversation_id",
        "message_id",
        pl.when(KIND == "customer").then("sender_id").alias("customer_id"),
        pl.when(KIND == "agent").then("sender_id").alias("agent_id"),
        AT.alias("sent_at"),
        *carried(turns),
        *told(turns, "person_id"),
    )
