"""Of a draft: which columns say who wrote, and which of its guesses are not near certain."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from benchkit.sources.mapping.draft_words import is_yes_and_no, likeness
from benchkit.sources.values.columns import Column
from benchkit.sources.values.forms import stripped

WRITERS = ("agent_id", "sender_id")
_OF_BOTH_SHARE = 0.05
_GENERIC = 4
"""The place of names such as "id" and "number" among those of conversations' ids."""


def apart(columns: Mapping[str, Column]) -> tuple[dict[str, Column], dict[str, Column]]:
    """The columns of the elements of a list, if rows are such, and those of the records."""
    elements = {name: column for name, column in columns.items() if name.startswith(".")}
    return elements, {name: column for name, column in columns.items() if name not in elements}


def best(
    columns: Mapping[str, Column], role: str, taken: Mapping[str, str], fits: Callable[[Column], bool]
) -> dict[str, str]:
    """The column that is likeliest to have a role, if any is, as `{role: name}`; the least nested first."""
    likely = [
        (found, name.count("."), name)
        for name, column in columns.items()
        if name not in taken.values() and fits(column) and (found := likeness(name, role)) is not None
    ]
    return {role: min(likely, key=lambda one: one[:2])[2]} if likely else {}


def is_name(column: Column) -> bool:
    """Whether a column's values may name somebody or something."""
    return column.holds in ("ids", "numbers", "words", "text")


def is_of_person(name: str) -> bool:
    """Whether a column is called as one that names persons."""
    return any(likeness(name, role) is not None for role in ("agent_id", "customer_id", "sender_id"))


def persons(columns: Mapping[str, Column], roles: Mapping[str, str], *, is_wide: bool) -> dict[str, str]:
    """The columns that name agents and customers.

    Of elements of a record, their own say who wrote them, and the record's say who its customer is.
    """
    elements, records = apart(columns)
    found: dict[str, str] = {}
    for role in WRITERS:
        found |= best(elements or columns, role, {**roles, **found}, is_name)
    if elements and not found:
        found = best(records, "agent_id", roles, is_name)
    taken = {**roles, **found}
    found |= best(records, "customer_id", taken, is_name) or best(elements, "customer_id", taken, is_name)
    if ("agent_id" in found or is_wide) and (sender := found.pop("sender_id", "")):
        found.setdefault("customer_id", sender)
    if (
        elements
        and "customer_id" not in found
        and (of_record := best(records, "sender_id", {**roles, **found}, is_name))
    ):
        found["customer_id"] = of_record["sender_id"]
    return found


def doubts_of(
    frame: pl.DataFrame,
    columns: Mapping[str, Column],
    roles: Mapping[str, str],
    kinds: Mapping[str, str],
    *,
    is_wide: bool,
) -> dict[str, str]:
    """Questions about who wrote, in which direction and in which conversation, by role."""
    elements, records = apart(columns)
    in_record = records if elements else {}
    doubts: dict[str, str] = {}
    if name := roles.get("conversation_id"):
        doubts |= _of_conversation(frame, columns[name], in_record, is_wide=is_wide)
    if name := roles.get("kind"):
        doubts |= _of_kind(columns[name], in_record)
    customer = roles.get("customer_id", "")
    if customer and likeness(customer, "customer_id") is None and (is_wide or customer in in_record):
        doubts["customer_id"] = "is this the customer?"
    for role in () if is_wide else WRITERS:
        if name := roles.get(role):
            doubt = _of_writer(frame, name, customer, roles.get("kind", ""), kinds)
            if name in in_record:
                doubt = "of the record: did that agent write all of its replies?"
            doubts |= {role: doubt} if doubt else {}
    return doubts


def _of_conversation(
    frame: pl.DataFrame, ids: Column, in_record: Mapping[str, Column], *, is_wide: bool
) -> dict[str, str]:
    place = likeness(ids.name, "conversation_id")
    doubt = ""
    if in_record and ids.name in in_record:
        n_records = frame["(record)"].n_unique()
        is_again = 2 * frame[ids.name].n_unique() <= n_records and place == _GENERIC
        doubt = "several records have the same: is this a conversation's id?" if is_again else ""
    elif ids.is_unique and not is_wide:
        doubt = "hardly a value is there twice: is this a conversation's id, or a message's?"
    elif (place == _GENERIC and not is_wide) or in_record:
        doubt = "is this a conversation's id, or a message's?"
    return {"conversation_id": doubt} if doubt else {}


def _of_kind(column: Column, in_record: Mapping[str, Column]) -> dict[str, str]:
    direction, activity = likeness(column.name, "kind"), likeness(column.name, "activity")
    is_named = direction is not None or (activity is not None and activity <= 2)
    if column.name in in_record:
        return {"kind": "of the record: does it say who wrote each of its messages?"}
    if is_yes_and_no(column.words) and direction != 1:
        return {"kind": "does it say who wrote, and which of its words is the customer?"}
    return {} if is_named else {"kind": "by its words only: does it say who wrote?"}


def _of_writer(frame: pl.DataFrame, writer: str, customer: str, kind: str, kinds: Mapping[str, str]) -> str:
    """What speaks against it that a column names who wrote the messages of agents."""
    if not kind:
        return "does it name who wrote each message?"
    said = stripped(frame[kind].cast(pl.String))
    of_agents, of_customers = (
        frame.filter(said.is_in([word for word, meant in kinds.items() if meant == who]))
        for who in ("agent", "customer")
    )
    agents = stripped(of_agents[writer].cast(pl.String)).drop_nulls()
    is_agents = likeness(writer, "sender_id") is None
    names = [name for name in (customer, "" if is_agents else writer) if name]
    customers = {who for name in names for who in stripped(of_customers[name].cast(pl.String)).drop_nulls()}
    n_of_both = int(agents.is_in(list(customers)).sum())
    if n_of_both > _OF_BOTH_SHARE * len(agents):
        return f"{n_of_both:,} of {len(agents):,} replies name a customer here: who wrote them?"
    there = stripped(of_customers[writer].cast(pl.String)).count()
    if is_agents and there > of_customers.height / 2:
        return "customers' messages name one too: who wrote the replies, or whose the conversation is?"
    return ""
