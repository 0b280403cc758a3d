"""Chatwoot's tables, from the JSON that its API gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import polars as pl

from benchkit.errors import InputError
from benchkit.sources.chatwoot import tables as t
from benchkit.sources.raw.documents import ITSELF
from benchkit.sources.raw.files import Found, find_files
from benchkit.sources.raw.reading import Reading
from benchkit.sources.raw.records import Records, read_json
from benchkit.times import iso_time

PAGES = ("data.payload", "payload")
"""Where the records stand in a page of conversations, and in one of messages or inboxes."""

LATE_SECONDS = 60
"""A conversation whose first message here comes later than this after it began lacks its beginning."""

NOT_WHOLE = "conversations without their first messages, which the API gives page by page"

_MESSAGE_TYPES = {"incoming": "0", "outgoing": "1", "activity": "2", "template": "3"}
_MESSAGE = {
    "message_id": ("id",),
    "of": ("conversation_id",),
    "message_type": ("message_type",),
    "private": ("private",),
    "sent_at": ("created_at",),
    "sender_type": ("sender.type", "sender_type"),
    "sender_id": ("sender.id", "sender_id"),
    "name": ("sender.name",),
    "rule": ("content_attributes.automation_rule_id", "additional_attributes.campaign_id"),
    "echo": ("content_attributes.external_echo",),
    "deleted": ("content_attributes.deleted",),
    "reaction": ("content_attributes.is_reaction",),
    "status": ("status",),
    "became": ("content_attributes.activity.status",),
    "content": ("content",),
}
_CONVERSATION = {
    "conversation": ("id",),
    "account": ("account_id",),
    "inbox": ("inbox_id",),
    "channel_type": ("meta.channel",),
    "kind": ("additional_attributes.type",),
    "contact_id": ("meta.sender.id",),
    "status": ("status",),
    "last_activity_at": ("last_activity_at", "timestamp"),
    "began_at": ("created_at",),
    "priority": ("priority",),
    "topic": ("labels",),
    "agent": ("meta.assignee.id",),
    "name": ("meta.assignee.name",),
}
_INBOX = {
    "inbox": ("id",),
    "queue": ("name",),
    "timezone": ("timezone",),
    "has_hours": ("working_hours_enabled",),
}
_DAY = {name: (name,) for name in list(t.HOURS)[2:]}


def read_files(paths: str | Path | Iterable[str | Path], *, keep_text: bool) -> tuple[t.Tables, str]:
    """The tables that the files hold, and what to call them.

    Raises `InputError` for files that hold no messages of Chatwoot, or for most conversations
    only the last ones.
    """
    found = find_files(paths)
    parts = [_records(each) for each in found]
    nested = _rows(parts, _is_of_conversations, {"conversation": ("id",)}, _MESSAGE, "messages")
    alone = _rows(parts, _is_of_messages, _MESSAGE).with_columns(pl.col("of").alias("conversation"))
    messages = pl.concat([alone, nested.join(alone, on="message_id", how="anti")], how="diagonal")
    conversations = _rows(parts, _is_of_conversations, _CONVERSATION)
    where = str(found[0].label)
    if messages.is_empty() or conversations.is_empty():
        missing = "messages" if messages.is_empty() else "conversations"
        raise InputError(where, f"holds no {missing} as Chatwoot's API gives them; name the files that do")
    if conversations["account"].n_unique() > 1:
        raise InputError(where, "holds conversations of several accounts; read each account by itself")
    messages = messages.with_columns(_time("sent_at"))
    conversations = conversations.with_columns(_time("began_at"), _time("last_activity_at"))
    notes = _not_whole(messages, conversations, where)
    agents = pl.concat([conversations, messages.filter(_is_person())], how="diagonal")
    inboxes = _rows(parts, _is_of_inboxes, _INBOX)
    return (
        t.Tables(
            messages=_messages(messages, keep_text=keep_text),
            conversations=_conversations(conversations, inboxes),
            agents=t.fitted(agents.with_columns(pl.coalesce("agent", "sender_id").alias("agent")), t.AGENT),
            hours=_hours(_rows(parts, _is_of_inboxes, _INBOX, _DAY, "working_hours")),
            malformed=pl.concat(part.malformed for part in parts),
            n_blank=sum(part.n_blank for part in parts),
            notes=notes,
        ),
        where,
    )


def _records(found: Found) -> Records:
    """The records of a file, whatever of the API's answers it holds: a page, a list, or one by itself."""
    content = found.load()
    try:
        records = read_json(found, content, Reading())
    except InputError:
        return read_json(found, content, Reading(records=ITSELF))
    for page in PAGES:
        if any(name.startswith(f"{page}[].") for name in records.names):
            return read_json(found, content, Reading(records=page))
    if _is_of_messages(records):
        whole = read_json(found, content, Reading(records=ITSELF))
        return whole if _is_of_conversations(whole) else records
    return records


def _is_of_conversations(records: Records) -> bool:
    names = records.names
    return any(name.startswith("messages[].") for name in names) or "meta.channel" in names


def _is_of_messages(records: Records) -> bool:
    return "message_type" in records.names


def _is_of_inboxes(records: Records) -> bool:
    return "channel_type" in records.names and not _is_of_messages(records)


def _rows(
    parts: Sequence[Records],
    is_wanted: Callable[[Records], bool],
    of_record: Mapping[str, Sequence[str]],
    of_element: Mapping[str, Sequence[str]] | None = None,
    each: str = "",
) -> pl.DataFrame:
    """Text of each record, or of each element of its list, by `file`, `line` and name."""
    paths = dict(of_record) | {name: [f".{p}" for p in some] for name, some in (of_element or {}).items()}
    wanted = list(dict.fromkeys(path for some in paths.values() for path in some))
    frames = [pl.DataFrame(schema={"file": pl.String, "line": pl.Int64, **dict.fromkeys(paths, pl.String)})]
    for part in filter(is_wanted, parts):
        frame, known = part.take(wanted, each)
        cells = {name: [pl.col(path) for path in some if path in known] for name, some in paths.items()}
        frames.append(
            frame.select(
                pl.lit(part.file).alias("file"),
                pl.col("(line)").alias("line"),
                *(
                    pl.coalesce(found or [pl.lit(None, pl.String)]).alias(name)
                    for name, found in cells.items()
                ),
            )
        )
    return pl.concat(frames)


def _messages(rows: pl.DataFrame, *, keep_text: bool) -> pl.DataFrame:
    kind = pl.col("message_type").str.to_lowercase().replace(_MESSAGE_TYPES).cast(pl.Int64, strict=False)
    is_activity = kind == t.ACTIVITY
    told = rows.with_columns(
        kind.alias("message_type"),
        _is_true("private"),
        pl.col("rule").is_not_null().alias("is_automatic"),
        *(_is_true(name).alias(f"is_{name}") for name in ("echo", "deleted", "reaction")),
        pl.col("status").is_in(["failed", str(t.FAILED)]).alias("is_failed"),
        pl.when(is_activity).then("became").alias("became"),
        pl.when(is_activity).then("content").alias("activity"),
        pl.when(~is_activity).then("content").alias("text"),
    )
    return t.fitted(told, t.MESSAGE, *(["text"] if keep_text else []))


def _conversations(rows: pl.DataFrame, inboxes: pl.DataFrame) -> pl.DataFrame:
    account = pl.concat_str(pl.col("account"), pl.lit("/")).fill_null("")
    numbers = {str(number): word for number, word in enumerate(t.STATUSES)}
    urgency = {str(number): word for number, word in enumerate(t.PRIORITIES)}
    named = inboxes.select("inbox", "queue").unique("inbox", keep="any")
    told = rows.join(named, on="inbox", how="left", maintain_order="left").with_columns(
        (account + pl.col("conversation")).alias("conversation_id"),
        pl.col("status").replace(numbers),
        pl.col("priority").replace(urgency),
        pl.col("topic").str.replace_all(r'[\[\]"]', "").alias("topic"),
    )
    return t.fitted(told, t.CONVERSATION)


def _hours(rows: pl.DataFrame) -> pl.DataFrame:
    days = rows.filter(pl.col("has_hours") == "true")
    numbers = [name for name, dtype in t.HOURS.items() if dtype == pl.Int64]
    flags = [name for name, dtype in t.HOURS.items() if dtype == pl.Boolean]
    told = days.with_columns(pl.col(numbers).cast(pl.Int64, strict=False), *map(_is_true, flags))
    return t.fitted(told.unique(("inbox", "day_of_week"), keep="first", maintain_order=True), t.HOURS)


def _not_whole(messages: pl.DataFrame, conversations: pl.DataFrame, where: str) -> dict[str, int]:
    """How many conversations begin before their first message here, which none does that is whole."""
    first = messages.group_by("conversation").agg(pl.col("sent_at").min().alias("first"))
    there = conversations.unique("conversation").join(first, on="conversation")
    is_late = pl.col("first") - pl.col("began_at") > pl.duration(seconds=LATE_SECONDS)
    n_late = there.select(is_late.sum()).item()
    if 2 * n_late > there.height:
        raise InputError(
            where,
            "holds the last messages of most conversations only, as the API's list of them does; fetch each "
            "conversation's messages, too",
        )
    return {NOT_WHOLE: n_late} if n_late else {}


def _is_person() -> pl.Expr:
    return pl.col("sender_type").str.to_lowercase() == "user"


def _is_true(name: str) -> pl.Expr:
    return (~pl.col(name).str.to_lowercase().is_in(["false", "0"])).fill_null(False).alias(name)


def _time(name: str) -> pl.Expr:
    """Seconds since 1970 or, as webhooks have it, an ISO time; a second of 0 stands for none."""
    text = pl.col(name)
    seconds = pl.when(text.str.contains(r"^\d{1,10}(?:\.\d{1,9})?$")).then(text).cast(pl.Float64)
    at = (seconds * 1e6).round().cast(pl.Int64).cast(pl.Datetime("us", "UTC"))
    return pl.when(seconds > 0).then(at).when(seconds.is_null()).then(iso_time(text)).alias(name)
