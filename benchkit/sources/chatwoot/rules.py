"""From Chatwoot's tables to a Dataset: who spoke, to whom, when, and what was left out."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from benchkit.dataset import About, Audit, Dataset
from benchkit.errors import InputError
from benchkit.schema import DIMENSIONS, MESSAGES, SENDERS
from benchkit.sources.chatwoot.happenings import events_of
from benchkit.sources.chatwoot.hours import calendars_of
from benchkit.sources.chatwoot.tables import (
    ACTIVITY,
    INCOMING,
    OUTGOING,
    TEMPLATE,
    Tables,
    channel_of,
)
from benchkit.sources.delimited import UNREADABLE_SHARE, set_aside
from benchkit.sources.twcs import UNSIGNED
from benchkit.times import check_zone, newest_time

FIRST_YEAR = 2000
"""A time before it is no time: an epoch of 0 stands for none."""

NO_SENDER = "messages without a sender, read as a bot's, as Chatwoot itself counts them"
OTHER_CONTACT = "messages of another contact than their conversation's, read as of that customer"

_TYPE, _SENT_AT, _ID = pl.col("message_type"), pl.col("sent_at"), pl.col("sender_id")
_IS_SPOKEN = (_TYPE != ACTIVITY) & ~pl.col("private")
_IS_BY_PERSON = ((pl.col("sender_type") == "user") | pl.col("is_echo")) & ~pl.col("is_automatic")
_TOLD = {
    "message_id": "message_id",
    "conversation_id": "known_as",
    "sender_id": "sender_id",
    "sent_at": "sent_at",
}
_UNREADABLE = {
    "an id that is empty": pl.col("message_id").is_null(),
    "a conversation_id that is empty": pl.col("conversation").is_null(),
    "a created_at that is no time": _SENT_AT.is_null(),
    "a message_type that is none of 0 to 3": ~_TYPE.is_between(INCOMING, TEMPLATE).fill_null(False),
}
_RULES = {
    "duplicate message_id": ~pl.col("message_id").is_first_distinct(),
    "of a conversation that is not there": pl.col("conversation_id").is_null(),
    "deleted": _IS_SPOKEN & pl.col("is_deleted"),
    "a reaction, which is no message": _IS_SPOKEN & pl.col("is_reaction"),
    "not delivered": _IS_SPOKEN & (_TYPE != INCOMING) & pl.col("is_failed"),
}


def dataset_of(
    tables: Tables, where: str, *, taken_at: datetime | None, brand: str, channel: str, timezone: str
) -> Dataset:
    """The Dataset that the tables make; `taken_at` is the newest time in them where it is None.

    `brand` stands in for the account's name, `channel` for that of an inbox that is gone.
    Raises `InputError` where more rows cannot be read than may silently be left out.
    """
    conversations = _conversations(tables, brand=brand, channel=channel)
    n_read = tables.messages.height + tables.malformed.height
    rows = _plain(tables.messages).join(conversations, on="conversation", how="left", maintain_order="left")
    rows = rows.with_columns(pl.coalesce("conversation_id", "conversation").alias("known_as"))
    rows, unreadable = set_aside(rows, "unreadable", _UNREADABLE, _TOLD)
    unreadable = pl.concat([tables.malformed, unreadable])
    _refuse_unreadable(unreadable, n_read, where)
    times = pl.concat([rows["sent_at"], conversations["last_activity_at"]])
    taken_at = taken_at or newest_time(times) or datetime.now(UTC)
    rows, left_out = set_aside(rows, "rule", _RULES | {_TOO_LATE: taken_at < _SENT_AT}, _TOLD)

    names = _names(tables.agents)
    events, notes = events_of(tables._replace(messages=rows, conversations=conversations), names)
    messages = _spoken(rows, names)
    if messages.is_empty():
        raise InputError(where, "holds no message that a customer or the brand wrote; check what it is of")
    present = conversations.join(messages, on="conversation", how="semi")
    calendars, of_hours = calendars_of(tables.hours, present)
    notes = {**tables.notes, **_notes(messages), **notes, **of_hours}
    zones = dict.fromkeys(present["brand"].unique(), check_zone(timezone)) if timezone else None
    return Dataset.from_messages(
        _canonical(messages),
        events=events.join(present, on="conversation").select(
            "conversation_id", "at", "kind", _brands_own(pl.col("actor_id")).alias("actor_id")
        ),
        as_of=taken_at,
        about=About("chatwoot"),
        audit=Audit(n_read, tables.n_blank, pl.concat([unreadable, left_out]), notes),
        time_zones=zones,
        calendars=calendars,
    )


_TOO_LATE = "after the extract was taken"


def _conversations(tables: Tables, *, brand: str, channel: str) -> pl.DataFrame:
    account = pl.format("account {}", pl.col("conversation_id").str.extract(r"^(\d+)/"))
    return tables.conversations.unique("conversation", keep="first", maintain_order=True).with_columns(
        (pl.lit(brand) if brand else pl.coalesce("brand", account, pl.lit("chatwoot"))).alias("brand"),
        channel_of(pl.col("channel_type"), pl.col("kind")).fill_null(channel or "unknown").alias("channel"),
        pl.col("topic").str.replace_all(r"\s*,\s*", ", "),
    )


def _plain(messages: pl.DataFrame) -> pl.DataFrame:
    """What is true or not is one of both, who sent is one plain word, and a time is one."""
    flags = [name for name, dtype in messages.schema.items() if dtype == pl.Boolean]
    return messages.with_columns(
        pl.col(flags).fill_null(False),
        pl.col("sender_type").str.replace_all(r"[^A-Za-z]", "").str.to_lowercase(),
        pl.when(_SENT_AT.dt.year() >= FIRST_YEAR).then(_SENT_AT).alias("sent_at"),
    )


def _refuse_unreadable(unreadable: pl.DataFrame, n_read: int, where: str) -> None:
    if unreadable.height <= UNREADABLE_SHARE * n_read:
        return
    reasons = unreadable.group_by("reason").len().sort("len", "reason", descending=[True, False])
    raise InputError(
        where,
        f"{unreadable.height:,} of {n_read:,} messages cannot be read, most often for {reasons.item(0, 0)}; "
        f"up to {UNREADABLE_SHARE:.0%} are left out, so mend them or export them again",
    )


def _names(agents: pl.DataFrame) -> pl.DataFrame:
    """What each agent is `shown` as: the name, with the id where several have it or there is none."""
    known = agents.filter(pl.col("agent").is_not_null()).unique("agent", keep="any")
    name = pl.col("name").str.strip_chars()
    given = known.with_columns(pl.when(name != "").then(name).alias("name"))
    same = given.select(pl.col("name").is_duplicated()).to_series()
    numbered = pl.format("{} ({})", "name", "agent")
    shown = pl.when(pl.lit(same)).then(numbered).otherwise("name")
    return given.with_columns(shown.fill_null(pl.format("user {}", "agent")).alias("shown"))


def _spoken(rows: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """What customers, agents and bots wrote, with their `sender`, `speaker` and `customer`."""
    is_customers, is_agents = _TYPE == INCOMING, (_TYPE == OUTGOING) & _IS_BY_PERSON
    senders = pl.when(is_customers).then(pl.lit("customer")).when(is_agents).then(pl.lit("agent"))
    by_contact = pl.when(is_customers & (pl.col("sender_type") == "contact")).then(_ID)
    first_contact = by_contact.sort_by("sent_at", "line").drop_nulls().first().over("conversation")
    spoken = rows.filter(_IS_SPOKEN).with_columns(
        senders.otherwise(pl.lit("bot")).cast(pl.Enum(SENDERS)).alias("sender"),
        pl.coalesce("contact_id", first_contact).alias("customer"),
        (by_contact != pl.col("contact_id")).fill_null(False).alias("is_of_other"),
    )
    named = spoken.join(
        names.select("agent", "shown"),
        left_on="sender_id",
        right_on="agent",
        how="left",
        maintain_order="left",
    )
    agents_name = pl.coalesce(pl.col("shown"), pl.format("user {}", "sender_id"), pl.lit(UNSIGNED))
    automatic = pl.when("is_automatic").then(pl.lit("automation"))
    template = pl.when(_TYPE == TEMPLATE).then(pl.lit("template"))
    bots_name = pl.coalesce(
        automatic, template, pl.format("{} {}", "sender_type", "sender_id"), pl.lit("bot")
    )
    return named.with_columns(
        pl.when(pl.col("sender") == "customer")
        .then("customer")
        .when(pl.col("sender") == "agent")
        .then(_brands_own(agents_name))
        .otherwise(_brands_own(bots_name))
        .alias("speaker")
    )


def _brands_own(name: pl.Expr) -> pl.Expr:
    """Agents' and bots' ids as those of other sources: brand and name, such as Acme/Mia."""
    return pl.concat_str("brand", pl.lit("/"), name)


def _notes(messages: pl.DataFrame) -> dict[str, int]:
    is_bots = (pl.col("sender") == "bot") & (_TYPE == OUTGOING) & ~pl.col("is_automatic")
    counts = messages.select(
        (is_bots & pl.col("sender_type").is_null()).sum().alias(NO_SENDER),
        pl.col("is_of_other").sum().alias(OTHER_CONTACT),
    )
    return {note: count for note, count in counts.row(0, named=True).items() if count}


def _canonical(messages: pl.DataFrame) -> pl.DataFrame:
    told = messages.with_columns(pl.col("speaker").alias("sender_id"))
    optional = [name for name in (*DIMENSIONS, "text") if name in told.columns]
    present = [name for name in optional if told[name].null_count() < told.height]
    return told.select(
        pl.col(name).cast(MESSAGES.all_columns[name]) for name in (*MESSAGES.columns, *present)
    )
