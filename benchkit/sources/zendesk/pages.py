"""Pages of Zendesk's API, and single objects, told apart by what is in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from benchkit.sources.zendesk.objects import (
    put_comment,
    put_log_entry,
    put_metric_event,
    put_name,
    put_ticket,
    put_update,
)
from benchkit.sources.zendesk.scalars import Object, object_of, text_of, texts_of
from benchkit.sources.zendesk.tables import Tables, Where

NO_OBJECT = "no object where a record should be"


def put_document(tables: Tables, document: Object, where: Where) -> None:
    """Take apart a page of lists, or a single object such as a ticket of a file of lines."""
    ticket_id = _ticket_of(document, where)
    kind = _kind_of(document)
    if kind:
        _LISTS[kind](tables, document, where, ticket_id)
        return
    tables.put("ends", {"at": text_of(document.get("end_time"))})
    for key, value in document.items():
        put = _LISTS.get(key) or _LISTS.get(f"{key}s")
        if put is None:
            continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                put(tables, each, where, ticket_id)
            else:
                tables.put("lost", {**where._asdict(), "kind": "unreadable", "reason": NO_OBJECT})


def _put_named(table: str, tables: Tables, of: Object, _: Where, __: str | None) -> None:
    put_name(tables, table, of)


def _put_suspended(tables: Tables, ticket: Object, where: Where, _: str | None) -> None:
    said = texts_of(ticket)
    told = {"message_id": said("id"), "conversation_id": said("ticket_id"), "sent_at": said("created_at")}
    tables.put("suspended", {**where._asdict(), **told})


def _put_deleted(tables: Tables, ticket: Object, _: Where, __: str | None) -> None:
    tables.put("deleted", {"conversation_id": text_of(ticket.get("id"))})


_LISTS: dict[str, Callable[[Tables, Object, Where, str | None], None]] = {
    "tickets": put_ticket,
    "users": partial(_put_named, "users"),
    "groups": partial(_put_named, "groups"),
    "brands": partial(_put_named, "brands"),
    "comments": put_comment,
    "audits": put_update,
    "ticket_events": put_update,
    "events": put_log_entry,
    "ticket_metric_events": put_metric_event,
    "suspended_tickets": _put_suspended,
    "deleted_tickets": _put_deleted,
}
"""What the lists of a page hold, by their keys, which stand in the singular over a single object."""


def _kind_of(document: Object) -> str | None:
    """What a document is that is no page but a single object, by what only such objects have."""
    url = document.get("url")
    signs = {
        "ticket_events": "child_events" in document,
        "tickets": "requester_id" in document or ("requester" in document and "status" in document),
        "audits": "author_id" in document and "ticket_id" in document and "events" in document,
        "users": "role" in document and "id" in document,
        "comments": "author_id" in document and ("public" in document or "body" in document),
        "ticket_metric_events": "metric" in document and "ticket_id" in document,
        "events": "reference" in document and "author" in document,
        "groups": isinstance(url, str) and "/groups/" in url,
        "brands": isinstance(url, str) and "/brands/" in url,
    }
    return next((kind for kind, is_one in signs.items() if is_one), None)


def _ticket_of(document: Object, where: Where) -> str | None:
    """Whose comments a page holds: by its own word, the addresses of its neighbours, or the file's name."""
    links = object_of(document.get("links"))
    pages = (document.get("next_page"), document.get("previous_page"), links.get("next"), links.get("prev"))
    in_address = (re.search(r"/tickets/(\d+)/", page) for page in pages if isinstance(page, str))
    found = next((match[1] for match in in_address if match), None)
    in_name = re.search(r"\d+", where.file)
    return text_of(document.get("ticket_id")) or found or (in_name[0] if in_name else None)
