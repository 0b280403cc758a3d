"""Read Chatwoot: straight from its PostgreSQL, or from what its API gives as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from benchkit.dataset import Dataset
from benchkit.errors import BenchkitError
from benchkit.sources.chatwoot.rules import dataset_of
from benchkit.sources.secrets import is_connection, refuse_uri
from benchkit.times import Moment, parse_as_of, parse_time


def read_chatwoot(
    path: str | Path | Iterable[str | Path],
    *,
    brand: str = "",
    channel: str = "",
    timezone: str = "",
    as_of: Moment | None = None,
    keep_text: bool = False,
    since: Moment | None = None,
) -> Dataset:
    """Read Chatwoot's conversations from its database, or from JSON files of its API.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "conversations.json")
    ...     _ = file.write_text(EXAMPLE, encoding="utf-8")
    ...     data = read_chatwoot(file, brand="Acme")
    >>> data.messages.select("channel", "sender", "sender_id").collect().rows()
    [('facebook', 'customer', '7'), ('facebook', 'agent', 'Acme/Mia')]
    >>> data.events.select("kind").collect().rows()
    [('closed',)]

    `path` names a database as `connection_uri` does (`env:NAME`, `uri:FILE`), and is read in one
    read-only transaction; or it is a file, a folder or a glob of JSON: conversations with all
    their messages, as the API gives them, in lists, pages or lines, and inboxes with their
    working hours. A brand is an account's name unless `brand` says another; a channel the kind
    of the inbox, `channel` where the inbox is gone; `queue` is the inbox's name. `timezone` is
    the brand's, where no working hours tell it. `as_of` is the database's own time, or the
    newest in the files. `since` reads, of a database, only conversations that changed since
    then or are not resolved, whole. No text is kept without `keep_text`, no name, address or
    number of a customer is read, and an agent's only by name.

    Incoming messages are customers'; outgoing ones of a user, or sent from the network's own
    app, are agents'; of bots, Captain, templates, automations and campaigns, or of nobody, bots'.
    Private notes never enter; deleted, undelivered and reaction messages are left out and
    stand in the audit. What happened is what Chatwoot reported, or else what its activities
    say. Working hours are those of today, for all times.

    Raises `BenchkitError` in one sentence, without anything secret of the connection. Source of
    the form: Chatwoot's own source, `db/schema.rb`, `app/models` and `app/listeners`.
    """
    said = None if as_of is None else parse_as_of(as_of)
    refuse_uri(path)
    if is_connection(path):
        from benchkit.sources.chatwoot.database import read_database

        where = str(path)
        begins = None if since is None else parse_time(since)
        tables, now = read_database(where, since=begins, keep_text=keep_text)
        n_accounts = tables.conversations["brand"].n_unique()
        if brand and n_accounts > 1:
            raise BenchkitError(
                f"{where} holds {n_accounts} accounts, each a brand by its own name; leave brand out"
            )
        data = dataset_of(tables, where, taken_at=now, brand=brand, channel=channel, timezone=timezone)
        return data if said is None or said >= now else data.known_at(said)
    if since is not None:
        raise BenchkitError("since is for a database; of files, name those that are to be read")
    from benchkit.sources.chatwoot.api import read_files

    tables, where = read_files(path, keep_text=keep_text)
    if not brand:
        raise BenchkitError("what Chatwoot's API gives does not name the brand; give brand")
    return dataset_of(tables, where, taken_at=said, brand=brand, channel=channel, timezone=timezone)


EXAMPLE = """[{"id": 42, "account_id": 1, "inbox_id": 3, "status": "resolved", "created_at": 1772442000,
  "meta": {"channel": "Channel::FacebookPage", "sender": {"id": 7}}, "messages": [
    {"id": 1, "message_type": 0, "created_at": 1772442000, "sender": {"id": 7, "type": "contact"}},
    {"id": 2, "message_type": 1, "created_at": 1772442600,
     "sender": {"id": 9, "type": "user", "name": "Mia"}},
    {"id": 3, "message_type": 2, "created_at": 1772442660,
     "content": "Conversation was marked resolved by Mia"}]}]
"""
"""A made-up conversation, as the API gives it."""
