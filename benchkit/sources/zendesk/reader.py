"""Read Zendesk's tickets, users and comments, as its API gives them, as a Dataset."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import polars as pl

from benchkit.dataset import About, Audit, Dataset
from benchkit.errors import BenchkitError, InputError
from benchkit.schema import MESSAGES, TIME
from benchkit.sources.delimited import (
    name_of,
    refuse_timeless,
    refuse_unreadable,
    set_aside,
    untimely_rows,
)
from benchkit.sources.raw import open_raw
from benchkit.sources.zendesk.changes import events_of
from benchkit.sources.zendesk.messages import messages_of
from benchkit.sources.zendesk.pages import put_document
from benchkit.sources.zendesk.people import people_of
from benchkit.sources.zendesk.tables import Tables, Where
from benchkit.sources.zendesk.tickets import left_out, merged_into, tickets_of
from benchkit.sources.zendesk.vias import MESSAGING
from benchkit.times import Moment, iso_time, newest_time, parse_as_of

_TICKETS = "/api/v2/incremental/tickets/cursor"
_EVENTS = "/api/v2/incremental/ticket_events?include=comment_events"
EXAMPLE = """{"tickets": [{"id": 1, "requester_id": 7, "brand_id": 5, "status": "solved",
  "via": {"channel": "twitter", "source": {"rel": "direct_message"}}, "created_at": "2026-03-02T09:00:00Z"}],
 "users": [{"id": 7, "role": "end-user", "name": "A. Customer"}, {"id": 8, "role": "agent", "name": "Mia"}],
 "brands": [{"id": 5, "name": "Acme"}],
 "audits": [
  {"id": 11, "ticket_id": 1, "author_id": 7, "created_at": "2026-03-02T09:00:00Z", "events":
   [{"id": 12, "type": "Comment", "author_id": 7, "public": true, "body": "Where is my order?"}]},
  {"id": 13, "ticket_id": 1, "author_id": 8, "created_at": "2026-03-02T09:40:00Z", "events":
   [{"id": 14, "type": "Comment", "author_id": 8, "public": true, "body": "On its way."},
    {"id": 15, "type": "Change", "field_name": "status", "value": "solved", "previous_value": "open"}]}]}
"""
"""A made-up page of one ticket."""

_MORE = ("priority", "queue", "permalink")
_AGAIN = "tickets that came again, of which the newest was taken"
_UNTOLD = "tickets from chat or messaging without a message, which only the conversation log has"


def read_zendesk(
    path: str | Path | Iterable[str | Path],
    *,
    brand: str = "",
    channel: str = "",
    timezone: str = "",
    as_of: Moment | None = None,
    keep_text: bool = False,
) -> Dataset:
    """Read what Zendesk's API gives, as files, as a Dataset of public messages.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "acme.json")
    ...     _ = file.write_text(EXAMPLE, encoding="utf-8")
    ...     data = read_zendesk(file)
    >>> data.messages.select("channel", "sender", "sender_id").collect().rows()
    [('direct message', 'customer', '7'), ('direct message', 'agent', 'Acme/Mia')]

    `path` is a file, a folder, a glob, a zip or several: pages of the API as they came, in any
    number and order, or one object per line. Needed are tickets, users and one of: the
    incremental export of ticket events with `include=comment_events`, audits, comments. The
    conversation log is needed for chat and messaging, whose messages are no comments; groups,
    brands, metric events, suspended and deleted tickets are read where they are there.
    Comments that do not name their ticket are those of the ticket in the page's own addresses
    or in the file's name (`35436.json`).

    A ticket is a conversation, its requester the customer, whoever else writes as an end-user.
    What triggers, automations, answer bots and Zendesk itself wrote are a bot's messages;
    notifications are where they go to the requester and deliver no agent's comment. Private
    notes, side conversations, calls and satisfaction ratings are no messages. Tickets that
    were merged count in the one that stayed where anything names it, and are left out where
    only their tag tells. `brand` and `channel` hold where a ticket names none. `as_of` is when
    the extract was taken; without it, the newest time in the files, a page's `end_time`
    included. The text is kept only with `keep_text`. What was left out stands in `audit`.

    Of metric events only the clock of the requester's wait is read, for closings and reopenings
    of tickets without updates; agreed service levels say nothing of messages. Zendesk's
    documentation is silent on the history inside chat events of audits, on the direction of a
    merge comment's source and on what an integration that writes with an agent's account looks
    like: the first is not read, for the second the tag `closed_by_merge` decides, and the third is
    taken for the agent.

    Raises `InputError` for files that hold no such tickets, and `BenchkitError` for a
    `timezone`, since Zendesk's times name theirs. Source: Zendesk's developer documentation
    (tickets, ticket audits and their events, comments, conversation log, incremental exports,
    metric events, via objects and via types) and help centre (first reply time, merging,
    removing agents).
    """
    if timezone:
        raise BenchkitError("Zendesk's times name their time zone; leave timezone out")
    said = None if as_of is None else parse_as_of(as_of)
    paths = [path] if isinstance(path, str | Path) else list(path)
    tables = Tables(keep_text=keep_text)
    with _uncollected():
        raw = open_raw(paths, read={"records": "."})[""]
        for file, line, record in raw.records():
            put_document(tables, record, Where(file, line))
    tickets = tickets_of(tables, brand=brand, channel=channel)
    _refuse_halves(paths[0], tables, tickets)

    people, into = people_of(tables), merged_into(tables, tickets)
    messages = messages_of(tables, tickets, people, into, keep_text=keep_text)
    elsewhere = pl.col("conversation_id").is_in(list(into)).fill_null(False)
    own_tickets = tickets.filter(~elsewhere)
    open_tickets = own_tickets.filter(pl.col("reason").is_null())
    happened = events_of(tables, open_tickets, people)
    taken_at = said or _taken_at(tables, messages.frame["sent_at"], happened["at"], tickets["updated_at"])
    kept, untimely = set_aside(messages.frame, "rule", untimely_rows("sent_at", taken_at), messages.told)
    excluded = [raw.malformed, tables.left_out(), messages.excluded, untimely, left_out(own_tickets)]
    n_read = raw.malformed.height + tables.count("lost", "suspended")
    audit = Audit(
        rows_read=n_read + tickets.height + messages.n_read,
        blank_rows=raw.n_blank,
        excluded=pl.concat(excluded),
        notes={**raw.notes, **messages.notes, **_notes(tables, tickets, open_tickets, kept)},
    )
    refuse_unreadable(paths[0], audit.excluded.filter(pl.col("kind") == "unreadable"), audit.rows_read)
    if taken_at is None or kept.is_empty():
        raise InputError(paths[0], "holds no message between a customer and a brand; check what was exported")
    columns = MESSAGES.all_columns
    told = [*MESSAGES.columns, *_MORE, *(["text"] if keep_text else [])]
    there = kept.select("conversation_id").unique()
    return Dataset.from_messages(
        kept.select(pl.col(name).cast(columns[name]) for name in told),
        as_of=taken_at,
        about=About(_called(paths[0])),
        events=happened.filter(pl.col("at") <= taken_at).join(there, on="conversation_id", how="semi"),
        audit=audit,
    )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let Python not look for circles, of which parsed JSON has none: that takes longer than parsing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _refuse_halves(path: str | Path, tables: Tables, tickets: pl.DataFrame) -> None:
    missing = {
        "tickets": f"holds no tickets of Zendesk; fetch {_TICKETS} into files",
        "users": "holds no users of Zendesk, so nobody's role is known; fetch /api/v2/users too",
        "messages": f"holds no comments of Zendesk; fetch {_EVENTS} too",
    }
    for name, problem in missing.items():
        if not tables.count(name):
            raise InputError(path, problem)
    if tickets["brand"].null_count() == tickets.height:
        raise InputError(path, "names no brand; fetch /api/v2/brands too, or say which one it is with brand")
    times = tables.frame("messages").select(iso_time(pl.col("sent_at"))).to_series()
    refuse_timeless(path, times, "created_at", "2026-03-02T09:00:00Z")


def _taken_at(tables: Tables, *times: pl.Series) -> datetime | None:
    """The newest time that anything tells: that of a row, of a ticket's last change, or where a page ends."""
    seconds = tables.frame("ends")["at"].cast(pl.Int64, strict=False)
    ends = pl.select(pl.from_epoch(pl.lit(seconds.filter(seconds.is_between(0, 2**33))))).to_series()
    return newest_time(pl.concat([each.cast(TIME) for each in (*times, ends.dt.replace_time_zone("UTC"))]))


def _notes(
    tables: Tables, tickets: pl.DataFrame, open_tickets: pl.DataFrame, messages: pl.DataFrame
) -> dict[str, int]:
    silent = open_tickets.filter(pl.col("channel").is_in(MESSAGING)).join(
        messages, on="conversation_id", how="anti"
    )
    counts = {_AGAIN: tables.count("tickets") - tickets.height, _UNTOLD: silent.height}
    return {note: count for note, count in counts.items() if count}


def _called(path: str | Path) -> str:
    """What an export is called: its file or folder, or the folder of a glob."""
    place = Path(path)
    return name_of(place.parent if any(sign in place.name for sign in "*?[") else place) or "zendesk"
