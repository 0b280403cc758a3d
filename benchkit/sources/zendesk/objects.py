"""Zendesk's objects as rows: tickets, comments, updates, entries of the conversation log, and names."""

from __future__ import annotations

from benchkit.sources.zendesk.scalars import Object, flag_of, object_of, objects_of, text_of, texts_of
from benchkit.sources.zendesk.tables import Tables, Where
from benchkit.sources.zendesk.vias import code_of, is_machine, is_merge

_COMMENTS = ("Comment", "FacebookComment")
_LIKE_COMMENTS = ("VoiceComment", "Notification", "NotificationWithCcs")
_FIELDS = ("status", "assignee_id")


def put_ticket(tables: Tables, ticket: Object, where: Where, _: str | None = None) -> None:
    """A ticket, with the comments, names and metric events that are nested in some exports."""
    said, via = texts_of(ticket), object_of(ticket.get("via"))
    source, tags = object_of(via.get("source")), ticket.get("tags")
    nested = {role: object_of(ticket.get(role)) for role in ("requester", "submitter", "assignee", "group")}
    for role, of in nested.items():
        put_name(tables, "groups" if role == "group" else "users", of)
    ids = {f"{role}_id": said(f"{role}_id") or text_of(of.get("id")) for role, of in nested.items()}
    tables.put(
        "tickets",
        {
            **where._asdict(),
            **{name: said(name) for name in ("brand_id", "priority", "created_at", "updated_at", "url")},
            **ids,
            "conversation_id": said("id"),
            "status": (said("status") or "").lower(),
            "code": code_of(text_of(via.get("channel"))),
            "rel": text_of(source.get("rel")),
            "service": text_of(object_of(source.get("from")).get("registered_integration_service_name")),
            "is_merged": isinstance(tags, list | str) and "closed_by_merge" in tags,
        },
    )
    for comment in objects_of(ticket.get("comments")):
        put_comment(tables, comment, where, said("id"))
    for metric, events in object_of(ticket.get("metric_events")).items():
        for event in objects_of(events):
            put_metric_event(tables, {"metric": metric, "ticket_id": ticket.get("id"), **event}, where)


def put_name(tables: Tables, table: str, of: Object) -> None:
    """What a user, a group or a brand is called."""
    if text_of(of.get("id")) is not None:
        tables.put(table, {name: text_of(of.get(name)) for name in ("id", "name", "role", "updated_at")})


def put_comment(
    tables: Tables,
    comment: Object,
    where: Where,
    ticket_id: str | None,
    *,
    kind: str | None = None,
    update: Object | None = None,
    number: str | None = None,
) -> None:
    """A comment, or what else speaks in an update of a ticket, which tells what the comment does not.

    The author is the comment's own: who writes on behalf of an end-user is the update's.
    """
    said, of_update = texts_of(comment), texts_of(update or {})
    via = comment.get("via") or (update or {}).get("via")
    source = object_of(object_of(via).get("source"))
    code = code_of(text_of(via.get("channel") if isinstance(via, dict) else via))
    rel, origin = text_of(source.get("rel")), object_of(source.get("from"))
    public = flag_of(comment.get("public", comment.get("comment_public")))
    ticket_id = said("ticket_id") or ticket_id
    by_merge = is_merge(code, rel)
    if by_merge:
        other = text_of(origin.get("ticket_id"))
        tables.put("merges", {"source": other, "target": ticket_id, "is_certain": False})
    tables.put(
        "messages",
        {
            "file": where.file,
            "line": where.line,
            "update": number,
            "type": kind or said("type") or "Comment",
            "conversation_id": ticket_id,
            "message_id": said("id"),
            "author_id": said("author_id") or of_update("author_id") or of_update("updater_id"),
            "title": text_of(origin.get("title")),
            "sent_at": said("created_at") or of_update("created_at"),
            "code": code,
            "recipients": _listed(comment.get("recipients")),
            "text": _text(comment, tables.keep_text and public, "body", "plain_body", "html_body"),
            "public": public,
            "by_machine": is_machine(code, rel),
            "by_merge": by_merge,
        },
    )


def put_update(tables: Tables, audit: Object, where: Where, ticket_id: str | None = None) -> None:
    """An update of a ticket, from audits (`events`) or from the export of ticket events (`child_events`)."""
    said = texts_of(audit)
    ticket_id = said("ticket_id") or ticket_id
    number = str(tables.count("updates"))
    tables.put("updates", {"conversation_id": ticket_id})
    merged = audit.get("merged_ticket_ids")
    for source in merged if isinstance(merged, list) else []:
        tables.put("merges", {"source": text_of(source), "target": ticket_id, "is_certain": True})
    for event in (*objects_of(audit.get("events")), *objects_of(audit.get("child_events"))):
        kind = text_of(event.get("event_type")) or text_of(event.get("type"))
        if kind in _COMMENTS or event.get("comment_present") is True:
            put_comment(tables, event, where, ticket_id, kind="Comment", update=audit, number=number)
        elif kind in _LIKE_COMMENTS:
            put_comment(tables, event, where, ticket_id, kind=kind, update=audit, number=number)
        elif kind == "CommentPrivacyChange":
            changed = {"message_id": text_of(event.get("comment_id")), "public": flag_of(event.get("public"))}
            tables.put("privacy", changed)
        elif kind in ("Create", "Change"):
            _put_change(tables, event, audit, ticket_id)


def _put_change(tables: Tables, event: Object, audit: Object, ticket_id: str | None) -> None:
    """A change of a field: audits name the field, the export of ticket events has it as a key."""
    said, of_audit = texts_of(event), texts_of(audit)
    named = said("field_name")
    for field in _FIELDS:
        if named == field or (named is None and field in event):
            change = {
                "conversation_id": ticket_id,
                "at": of_audit("created_at"),
                "field": field,
                "value": said("value") if named else said(field),
                "previous": said("previous_value"),
                "author_id": of_audit("author_id") or of_audit("updater_id"),
            }
            tables.put("changes", change)


def put_log_entry(tables: Tables, entry: Object, where: Where, ticket_id: str | None) -> None:
    """An entry of the conversation log: a message, or a comment, whose id is the comment's."""
    said, author, content = (
        texts_of(entry),
        texts_of(object_of(entry.get("author"))),
        object_of(entry.get("content")),
    )
    kind, reference = said("type"), said("reference") or said("id") or ""
    if kind not in ("Comment", "Messaging::ConversationMessage"):
        return
    told = object_of(entry.get("metadata")).get("public")
    public = True if told is None and kind != "Comment" else flag_of(told)
    tables.put(
        "messages",
        {
            "file": where.file,
            "line": where.line,
            "type": kind,
            "conversation_id": said("ticket_id") or ticket_id,
            "message_id": reference.rpartition(":")[2] or None,
            "author_id": author("zen:support:user_id"),
            "said": author("type"),
            "title": author("display_name"),
            "sent_at": said("created_at") or said("received_at"),
            "code": code_of(text_of(object_of(entry.get("source")).get("type"))),
            "text": _text(content, tables.keep_text and public, "text", "body"),
            "public": public,
            "by_machine": False,
            "by_merge": False,
        },
    )


def put_metric_event(tables: Tables, event: Object, _: Where, __: str | None = None) -> None:
    """A metric event, of which only the clock of the requester's wait is kept."""
    said = texts_of(event)
    if said("metric") == "requester_wait_time" and event.get("deleted") is not True:
        told = {"conversation_id": said("ticket_id"), "at": said("time"), "kind": said("type")}
        tables.put("clocks", told)


def _text(of: Object, is_wanted: bool | None, *names: str) -> str | None:
    """What it says, where that is asked for and the customer may see it."""
    return next((text for name in names if (text := text_of(of.get(name)))), None) if is_wanted else None


def _listed(recipients: object) -> str | None:
    """Ids between commas, of a list of ids or of objects that have one."""
    if not isinstance(recipients, list):
        return None
    ids = (text_of(each.get("id") if isinstance(each, dict) else each) for each in recipients)
    return f",{','.join(each for each in ids if each is not None)},"
