"""The parts of a mapping: which files there are, which records count, and which turns they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from benchkit.errors import BenchkitError, UnknownNameError, show
from benchkit.schema import DIMENSIONS, EVENT_KINDS, SENDERS
from benchkit.sources.mapping.cells import Cell, word_of
from benchkit.sources.mapping.patterns import MOST_GLOBS, check_globs
from benchkit.toml import as_table

IGNORED = "ignored"
KINDS = (*SENDERS, *EVENT_KINDS)
"""What a turn may be; a customer has spoken before a bot and an agent at one instant."""

WORDS = (*KINDS, IGNORED)
CELLS = (
    *("kind", "at", "conversation_id", "message_id", "customer_id", "agent_id", "sender_id"),
    *("brand", "channel", "industry", "in_reply_to", "permalink", *DIMENSIONS, "needs_reply", "text"),
)
"""The columns of a turn that a mapping may give."""

Cells = Mapping[str, Cell]


@dataclass(frozen=True)
class Files:
    """One kind of the files of an export: its name, how they are called, and what they are joined on."""

    name: str
    like: str = "*"
    key: str = ""
    optional: bool = False

    @classmethod
    def from_told(cls, told: object) -> Files:
        """Make it of a mapping's table."""
        table = as_table(told, "files", [item.name for item in fields(cls)], needed=["name"])
        for key, value in table.items():
            if key == "optional":
                _true_or_false(value, "optional of files")
            elif not isinstance(value, str) or not value.strip():
                raise BenchkitError(f"{key} of files is {show(value)}; give text that is not empty")
        check_globs([table.get("like", "*")], "like of files")
        return cls(**table)

    def to_told(self) -> dict[str, Any]:
        """What `from_told` makes the same of."""
        told = {item.name: getattr(self, item.name) for item in fields(self)}
        return {key: value for key, value in told.items() if value}


@dataclass(frozen=True)
class Condition:
    """Which records count: those where a cell is one of some texts, and none of others.

    A * in a text stands for anything, an empty text for no value.
    """

    cell: Cell
    texts: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @classmethod
    def from_told(cls, told: object, what: str) -> Condition:
        """Make it of a mapping's table: a cell with `is`, `not`, or both."""
        table = as_table(told, what)
        texts = {key: _texts(table.pop(key), f"{key} of {what}") for key in ("is", "not") if key in table}
        if not texts:
            raise BenchkitError(f"{what} says neither is nor not; give one of them")
        return cls(Cell.from_told(table, what), texts.get("is", ()), texts.get("not", ()))

    def to_told(self) -> dict[str, Any]:
        """What `from_told` makes the same of."""
        cell = self.cell.to_told()
        table = {"column": cell} if isinstance(cell, str) else cell
        texts = {"is": list(self.texts), "not": list(self.others)}
        return table | {key: some for key, some in texts.items() if some}


@dataclass(frozen=True)
class Turn:
    """One turn that a record makes, or one for each element of a list in it."""

    cells: Cells
    of: str = ""
    each: str = ""
    optional: bool = False
    only: tuple[Condition, ...] = ()

    @classmethod
    def from_told(cls, told: object, what: str, files: Sequence[Files]) -> Turn:
        """Make it of a mapping's table; it is of the first kind of files where it does not say of which."""
        table = as_table(told, what, [*CELLS, "of", "each", "optional", "only"])
        of, each, optional, only = (table.pop(key, None) for key in ("of", "each", "optional", "only"))
        for key, value in (("of", of), ("each", each)):
            if value is not None and (not isinstance(value, str) or not value):
                raise BenchkitError(f"{key} of {what} is {show(value)}; give text")
        names = [file.name for file in files]
        if of is not None and of not in names:
            raise UnknownNameError("kind of files", of, names, where=f"for {what}")
        listed = [] if only is None else list(only) if isinstance(only, list | tuple) else [only]
        return cls(
            cells=read_cells(table, what),
            of=of or (names[0] if names else ""),
            each=each or "",
            optional=_true_or_false(optional or False, f"optional of {what}"),
            only=tuple(Condition.from_told(one, f"only of {what}") for one in listed),
        )

    def to_told(self) -> dict[str, Any]:
        """What `from_told` makes the same of."""
        only = [condition.to_told() for condition in self.only]
        told = {"of": self.of, "each": self.each, "optional": self.optional, "only": only}
        return {key: value for key, value in told.items() if value} | tell_cells(self.cells)

    def check(self, cells: Cells, what: str) -> None:
        """Raise `BenchkitError` where its cells, and those of every turn, do not make a turn."""
        for name in ("kind", "at"):
            if name not in cells:
                raise BenchkitError(f"{what} does not say {name}; add it there or under every")
        kind = cells["kind"]
        for word in (kind.constant, kind.otherwise, *kind.values.values()):
            if word and word.lower() not in WORDS:
                raise UnknownNameError("kind", word, WORDS, where=f"of {what}")
        if "conversation_id" not in cells and not {"message_id", "in_reply_to"} <= set(cells):
            raise BenchkitError(
                f"{what} does not say conversation_id; add it, or both message_id and in_reply_to"
            )
        asked = (*cells.values(), *(condition.cell for condition in self.only))
        of_elements = [name for cell in asked for name in cell.names if name.startswith(".")]
        if of_elements and not self.each:
            raise BenchkitError(
                f"{what} asks for {show(of_elements[0])} of the elements of a list; say which list, as each"
            )


def read_cells(told: object, what: str) -> dict[str, Cell]:
    """The cells of a table by the columns that they make."""
    table = as_table(told, what, CELLS)
    return {
        name: Cell.from_told(value, f"{what} {name}", _words(name), is_time=name == "at")
        for name, value in table.items()
    }


def tell_cells(cells: Cells) -> dict[str, Any]:
    """What `read_cells` makes the same of."""
    return {name: cell.to_told(_words(name)) for name, cell in cells.items()}


def _words(name: str) -> tuple[str, ...]:
    """The words that stand for themselves, not for a column of that name."""
    return WORDS if name == "kind" else ()


def _texts(told: object, what: str) -> tuple[str, ...]:
    listed = list(told) if isinstance(told, list | tuple) else [told]
    if not 0 < len(listed) <= MOST_GLOBS:
        raise BenchkitError(f"{what} names {len(listed):,} texts; name 1 to {MOST_GLOBS}")
    texts = tuple(word_of(each, what) for each in listed)
    check_globs(texts, what)
    return texts


def _true_or_false(told: object, what: str) -> bool:
    if not isinstance(told, bool):
        raise BenchkitError(f"{what} is {show(told)}; it is true or false")
    return told
