"""Mapping: what an export's columns mean, as a TOML file that people write."""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchkit import resources
from benchkit.errors import BenchkitError, UnknownNameError, show
from benchkit.sources.mapping.blocks import Cells, Files, Turn, read_cells, tell_cells
from benchkit.sources.mapping.cells import Cell
from benchkit.sources.mapping.questions import refuse_questions
from benchkit.sources.raw.reading import Reading
from benchkit.times import Moment
from benchkit.toml import as_table, read_toml, write_toml

if TYPE_CHECKING:
    from benchkit.dataset import Dataset

MOST_BLOCKS = 100
_LISTS, _BLOCKS = ("sources", "unsure"), ("files", "read", "every", "turns")


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

    data/README.md shows the TOML. Of several turns of plain kinds, the first must have its time;
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
    every: Cells = field(default_factory=dict)
    turns: tuple[Turn, ...] = ()

    @classmethod
    def load(cls, path: str | Path) -> Mapping:
        """Read a mapping from a TOML file such as `save` writes.

        Raises `InputError` for one that is none, and for a draft with questions (# ?) still open.
        """

        def make(told: dict[str, Any]) -> Mapping:
            mapping = cls.from_mapping(told)
            refuse_questions(Path(path).read_text(encoding="utf-8-sig"))
            return mapping

        return read_toml(path, make)

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
        values = {key: _plain(key, value) for key, value in table.items() if key not in _BLOCKS}
        if not values["name"].strip():
            raise BenchkitError('the name of a mapping is empty; give it one, such as name = "ours"')
        files = tuple(map(Files.from_told, _tables(table, "files", [])))
        _hold_apart(files)
        blocks = _tables(table, "turns", [{}])
        if not 0 < len(blocks) <= MOST_BLOCKS:
            raise BenchkitError(f"a mapping has {len(blocks)} turns; give 1 to {MOST_BLOCKS}")
        turns = [Turn.from_told(block, f"turns {number}", files) for number, block in enumerate(blocks, 1)]
        mapping = cls(
            **values,
            files=files,
            read_as=_reading(table.get("read", {})),
            every=read_cells(table.get("every", {}), "every"),
            turns=tuple(turns),
        )
        mapping._check()
        return mapping

    def _check(self) -> None:
        says = [name for turn in self.turns for name in self.cells_of(turn)]
        for number, turn in enumerate(self.turns, 1):
            cells = self.cells_of(turn)
            turn.check(cells, f"turns {number}")
            if "conversation_id" in says and "conversation_id" not in cells:
                raise BenchkitError(
                    f"turns {number} does not say conversation_id, and other turns do; add it"
                )

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, such as TOML and JSON have; what is not said is not there."""
        told = {item.name: getattr(self, item.name) for item in fields(self)}
        told = {name: value for name, value in told.items() if value or name in ("name", "version")}
        told |= {name: list(told[name]) for name in _LISTS if name in told}
        told["turns"] = [turn.to_told() for turn in self.turns]
        if self.files:
            told["files"] = [each.to_told() for each in self.files]
        if self.every:
            told["every"] = tell_cells(self.every)
        if self.read_as:
            told["read"] = dict(told.pop("read_as"))
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


def _tables(table: abc.Mapping[str, Any], key: str, default: list[Any]) -> list[Any]:
    told = table.get(key, default)
    if not isinstance(told, list | tuple):
        raise BenchkitError(f"{key} of a mapping is {show(told)}; write each as [[{key}]]")
    return list(told)


def _reading(told: object) -> dict[str, Any]:
    table = as_table(told, "read")
    Reading.of(table)
    return table


def _hold_apart(files: abc.Sequence[Files]) -> None:
    names = [each.name for each in files]
    for name in names:
        if names.count(name) > 1:
            raise BenchkitError(f"two kinds of files are named {show(name)}; give each its own name")
    if len(files) > MOST_BLOCKS:
        raise BenchkitError(f"a mapping has {len(files)} kinds of files; give at most {MOST_BLOCKS}")
