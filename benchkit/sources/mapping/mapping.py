"""Mapping: what an export's columns mean, as a TOML file that people write."""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchkit import resources
from benchkit.errors import BenchkitError, UnknownNameError, show
from benchkit.schema import DIMENSIONS, EVENT_KINDS, SENDERS
from benchkit.sources.mapping.cells import MOST_GLOBS, Cell, word_of
from benchkit.sources.raw.reading import Reading
from benchkit.times import Moment
from benchkit.toml import as_table, read_toml, write_toml

if TYPE_CHECKING:
    from benchkit.dataset import Dataset

IGNORED = "ignored"
KINDS = (*SENDERS, *EVENT_KINDS)
"""What a turn may be; a customer has spoken before a bot and an agent at one instant."""

WORDS = (*KINDS, IGNORED)
CELLS = (
    *("kind", "at", "conversation_id", "message_id", "customer_id", "agent_id", "sender_id"),
    *("brand", "channel", "industry", "in_reply_to", "permalink", *DIMENSIONS, "needs_reply", "text"),
)
"""The columns of a turn that a mapping may give."""

MOST_TURNS = 100
_LISTS, _TABLES = ("sources", "unsure"), ("read", "every")


@dataclass(frozen=True)
class Files:
    """One kind of the files of an export: its name, how they are called, and what they are joined on."""

    name: str
    like: str = "*"
    key: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Condition:
    """Which records count: those where a cell is one of some texts, and none of others.

    A * in a text stands for anything, an empty text for no value.
    """

    cell: Cell
    texts: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Turn:
    """One turn that a record makes, or one for each element of a list in it."""

    cells: abc.Mapping[str, Cell]
    of: str = ""
    each: str = ""
    optional: bool = False
    only: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Mapping:
    """How the records of an export become messages and events.

    >>> mapping = Mapping.from_mapping({
    ...     "name": "ours",
    ...     "every": {"conversation_id": "Ticket", "brand": {"given": "brand"}, "channel": "Via"},
    ...     "turns": [
    ...         {"kind": "customer", "at": "Created at"},
    ...         {"kind": "agent", "at": "First reply at", "agent_id": "Assignee"},
    ...     ],
    ... })
    >>> mapping.turns[1].cells["agent_id"].column
    ('Assignee',)

    The README shows the TOML. Of several turns of plain kinds, the first must have its time;
    an empty time of a later one means that it did not happen. A brand or channel that the
    mapping does not say is taken from what the reader is told.
    """

    name: str
    title: str = ""
    found: str = ""
    sources: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    selection: str = ""
    timezone: str = ""
    version: int = 1
    files: tuple[Files, ...] = ()
    read_as: abc.Mapping[str, Any] = field(default_factory=dict)
    every: abc.Mapping[str, Cell] = field(default_factory=dict)
    turns: tuple[Turn, ...] = ()

    @classmethod
    def load(cls, path: str | Path) -> Mapping:
        """Read a mapping from a TOML file such as `save` writes; raises `InputError` for one that is none."""
        return read_toml(path, cls.from_mapping)

    @classmethod
    def shipped(cls, name: str) -> Mapping:
        """The mapping of that name that comes with benchkit."""
        names = shipped_names()
        if name not in names:
            raise UnknownNameError("mapping", name, names)
        return cls.load(resources.shipped("mappings", f"{name}.toml"))

    @classmethod
    def from_mapping(cls, told: abc.Mapping[str, Any]) -> Mapping:
        """Make a mapping of plain values, such as TOML and JSON have.

        Raises `UnknownNameError` for a key that there is not, and `BenchkitError` for what
        cannot be meant.
        """
        keys = ["read" if item.name == "read_as" else item.name for item in fields(cls)]
        table = as_table(told, "a mapping", keys, needed=["name"])
        values = {
            key: _plain(key, value)
            for key, value in table.items()
            if key not in ("files", "read", "every", "turns")
        }
        if not values["name"].strip():
            raise BenchkitError('the name of a mapping is empty; give it one, such as name = "ours"')
        files = tuple(_files(each) for each in _tables(table.get("files", []), "files"))
        _hold_apart(files)
        every = _cells(table.get("every", {}), "every")
        blocks = _tables(table.get("turns", [{}]), "turns")
        if not 0 < len(blocks) <= MOST_TURNS:
            raise BenchkitError(f"a mapping has {len(blocks)} turns; give 1 to {MOST_TURNS}")
        turns = tuple(_turn(block, f"turns {number}", files) for number, block in enumerate(blocks, 1))
        read_as = as_table(table.get("read", {}), "read")
        Reading.of(read_as)
        mapping = cls(**values, files=files, read_as=read_as, every=every, turns=turns)
        for number, turn in enumerate(turns, 1):
            _check_turn(mapping.cells_of(turn), turn, f"turns {number}")
        return mapping

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, such as TOML and JSON have; what is not said is not there."""
        told = {item.name: getattr(self, item.name) for item in fields(self)}
        told = {name: value for name, value in told.items() if value or name in ("name", "version")}
        told |= {name: list(told[name]) for name in _LISTS if name in told}
        if self.files:
            told["files"] = [_told(each) for each in self.files]
        if self.read_as:
            told["read"] = dict(told.pop("read_as"))
        if self.every:
            told["every"] = _cells_told(self.every)
        told["turns"] = [
            _told(turn, "cells", "only")
            | ({"only": [_condition_told(each) for each in turn.only]} if turn.only else {})
            | _cells_told(turn.cells)
            for turn in self.turns
        ]
        return told

    def cells_of(self, turn: Turn) -> dict[str, Cell]:
        """The cells of a turn: its own, and of every one those that it does not say itself."""
        return {**self.every, **turn.cells}

    def save(self, path: str | Path) -> Path:
        """Write the mapping to a TOML file that `load` reads."""
        return write_toml(self.to_mapping(), path)

    def read(
        self,
        path: str | Path | abc.Sequence[str | Path],
        *,
        brand: str = "",
        channel: str = "",
        timezone: str = "",
        as_of: Moment | None = None,
        keep_text: bool = False,
        name: str = "",
    ) -> Dataset:
        """Read an export: a file, a folder, a glob, or a list of them, as a Dataset.

        `brand`, `channel` and `timezone` (of times that name none) say what is in no file;
        `as_of` when the export was taken, without it at the newest time in it. Text is kept
        only with `keep_text`. Raises `InputError` for what cannot be read, `UnknownNameError`
        for a column that is in no file, `BenchkitError` for an option that is missing or that
        the mapping has no use for.
        """
        from benchkit.sources.mapping.reading import read
        from benchkit.sources.mapping.turns import Told

        told = Told(brand.strip(), channel.strip(), timezone.strip() or self.timezone, keep_text)
        return read(self, path, told, as_of=as_of, name=name)


def shipped_names() -> list[str]:
    """The names of the mappings that come with benchkit."""
    return [
        name.removesuffix(".toml") for name in resources.shipped_names("mappings") if name.endswith(".toml")
    ]


def _plain(key: str, value: object) -> Any:
    if key == "version":
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise BenchkitError(f"version of a mapping is {show(value)}; give a whole number from 1 on")
        return value
    if key in _LISTS:
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
            raise BenchkitError(f"{key} of a mapping is {show(value)}; give a list of sentences")
        return tuple(value)
    if not isinstance(value, str):
        raise BenchkitError(f"{key} of a mapping is {show(value)}; give text")
    return value


def _tables(told: object, what: str) -> list[Any]:
    if not isinstance(told, list | tuple):
        raise BenchkitError(f"{what} of a mapping is {show(told)}; write each as [[{what}]]")
    return list(told)


def _files(told: object) -> Files:
    table = as_table(told, "files", [item.name for item in fields(Files)], needed=["name"])
    for key, value in table.items():
        if key == "optional":
            _true_or_false(value, "optional of files")
        elif not isinstance(value, str) or not value.strip():
            raise BenchkitError(f"{key} of files is {show(value)}; give text that is not empty")
    return Files(**table)


def _true_or_false(told: object, what: str) -> bool:
    if not isinstance(told, bool):
        raise BenchkitError(f"{what} is {show(told)}; it is true or false")
    return told


def _hold_apart(files: abc.Sequence[Files]) -> None:
    names = [each.name for each in files]
    for name in names:
        if names.count(name) > 1:
            raise BenchkitError(f"two kinds of files are named {show(name)}; give each its own name")
    if len(files) > MOST_TURNS:
        raise BenchkitError(f"a mapping has {len(files)} kinds of files; give at most {MOST_TURNS}")


def _turn(told: object, what: str, files: abc.Sequence[Files]) -> Turn:
    table = as_table(told, what, [*CELLS, "of", "each", "optional", "only"])
    of, each, optional, only = (table.pop(key, None) for key in ("of", "each", "optional", "only"))
    for key, value in (("of", of), ("each", each)):
        if value is not None and (not isinstance(value, str) or not value):
            raise BenchkitError(f"{key} of {what} is {show(value)}; give text")
    names = [file.name for file in files]
    if of is not None and of not in names:
        raise UnknownNameError("kind of files", of, names, where=f"for {what}")
    listed = [] if only is None else list(only) if isinstance(only, list | tuple) else [only]
    conditions = tuple(_condition(one, f"only of {what}") for one in listed)
    return Turn(
        cells=_cells(table, what),
        of=of or (names[0] if names else ""),
        each=each or "",
        optional=_true_or_false(optional or False, f"optional of {what}"),
        only=conditions,
    )


def _condition(told: object, what: str) -> Condition:
    table = as_table(told, what)
    texts = {key: _texts(table.pop(key), f"{key} of {what}") for key in ("is", "not") if key in table}
    if not texts:
        raise BenchkitError(f"{what} says neither is nor not; give one of them")
    return Condition(Cell.from_told(table, what), texts.get("is", ()), texts.get("not", ()))


def _texts(told: object, what: str) -> tuple[str, ...]:
    listed = list(told) if isinstance(told, list | tuple) else [told]
    if not 0 < len(listed) <= MOST_GLOBS:
        raise BenchkitError(f"{what} names {len(listed):,} texts; name 1 to {MOST_GLOBS}")
    return tuple(word_of(each, what) for each in listed)


def _cells(told: object, what: str) -> dict[str, Cell]:
    table = as_table(told, what, CELLS)
    return {
        name: Cell.from_told(value, f"{what} {name}", WORDS if name == "kind" else ())
        for name, value in table.items()
    }


def _check_turn(cells: abc.Mapping[str, Cell], turn: Turn, what: str) -> None:
    for name in ("kind", "at"):
        if name not in cells:
            raise BenchkitError(f"{what} does not say {name}; add it there or under every")
    kind = cells["kind"].constant
    if kind and kind not in WORDS:
        raise UnknownNameError("kind", kind, WORDS, where=f"of {what}")
    for word in cells["kind"].values.values():
        if word.lower() not in WORDS:
            raise UnknownNameError("kind", word, WORDS, where=f"of {what}")
    if "conversation_id" not in cells and not {"message_id", "in_reply_to"} <= set(cells):
        raise BenchkitError(
            f"{what} does not say conversation_id; add it, or both message_id and in_reply_to"
        )
    asked = [name for cell in (*cells.values(), *(one.cell for one in turn.only)) for name in cell.names]
    of_elements = [name for name in asked if name.startswith(".")]
    if of_elements and not turn.each:
        raise BenchkitError(
            f"{what} asks for {show(of_elements[0])} of the elements of a list; say which list, as each"
        )


def _cells_told(cells: abc.Mapping[str, Cell]) -> dict[str, Any]:
    return {name: cell.to_told(WORDS if name == "kind" else ()) for name, cell in cells.items()}


def _condition_told(condition: Condition) -> dict[str, Any]:
    cell = condition.cell.to_told()
    table = {"column": cell} if isinstance(cell, str) else cell
    texts = {"is": list(condition.texts), "not": list(condition.others)}
    return table | {key: some for key, some in texts.items() if some}


def _told(value: Files | Turn, *but: str) -> dict[str, Any]:
    told = {item.name: getattr(value, item.name) for item in fields(value) if item.name not in but}
    return {name: said for name, said in told.items() if said}
