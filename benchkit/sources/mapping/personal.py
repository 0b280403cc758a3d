"""Which columns of messages a mapping makes, among others, of a customer's id."""

from __future__ import annotations

import re

from benchkit.sources.mapping.blocks import Cells, Turn
from benchkit.sources.mapping.mapping import Mapping
from benchkit.sources.mapping.turns import PERSONS

_MAY_BE = ("conversation_id", "message_id", "in_reply_to", "permalink")


def personal_columns(mapping: Mapping) -> tuple[str, ...]:
    """The columns that hold customers' ids, or ids that are made of them.

    >>> every = {"kind": "Who", "at": "Sent", "customer_id": "User", "in_reply_to": "To"}
    >>> made = {"join": ["User", "Sent"]}
    >>> personal_columns(Mapping.from_mapping({"name": "x", "every": {**every, "message_id": made}}))
    ('sender_id', 'conversation_id', 'message_id', 'in_reply_to')
    """
    persons = {name for column in PERSONS for name in _asked(mapping, column)}
    every = [mapping.cells_of(turn) for turn in mapping.turns]
    said = {name for cells in every for name in cells}
    made = {name for name in _MAY_BE if persons & _asked(mapping, name)}
    if "conversation_id" in made and any(_may_be_made(cells) for cells in every):
        made.add("message_id")
    if "message_id" in made:
        made |= {"in_reply_to"} & said
        made |= {"conversation_id"} - said
    return ("sender_id", *(name for name in _MAY_BE if name in made))


def _may_be_made(cells: Cells) -> bool:
    return "message_id" not in cells or cells["message_id"].optional


def _asked(mapping: Mapping, column: str) -> set[tuple[str, str]]:
    """Of what a column is made: kinds of files and their columns, or the paths in their records."""
    return {
        _home(mapping, turn, name)
        for turn in mapping.turns
        for cell in [mapping.cells_of(turn).get(column)]
        if cell is not None
        for name in cell.names
    }


def _home(mapping: Mapping, turn: Turn, name: str) -> tuple[str, str]:
    other, _, rest = name.partition(".")
    if not other:
        of, name = turn.of, f"{turn.each}[]{name}"
    elif any(file.name == other for file in mapping.files):
        of, name = other, rest
    else:
        of = turn.of
    return of, re.sub(r"\[[0-9]+\]", "[]", name)
