"""From the records of an export to turns: who did what in which conversation, and when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from benchkit.errors import BenchkitError, InputError, UnknownNameError, show
from benchkit.schema import SENDERS, TIME
from benchkit.sources.mapping.aggregates import refuse_aggregates
from benchkit.sources.mapping.blocks import CELLS, IGNORED, KINDS, WORDS, Turn
from benchkit.sources.mapping.cells import Cell, as_text, column_of
from benchkit.sources.mapping.mapping import Mapping as ExportMapping
from benchkit.sources.mapping.patterns import matches
from benchkit.sources.values import read_seconds, read_times
from benchkit.sources.values.forms import stripped

if TYPE_CHECKING:
    from benchkit.sources.raw import Raw

KIND = pl.Enum(KINDS)
PERSONS = ("customer_id", "agent_id", "sender_id")
NOBODY = [
    *("-", "--", "–", "—", "\\N", "#N/A", "nan", "NaN", "NAN", "n/a", "N/A"),
    *("null", "Null", "NULL", "none", "None", "NONE"),
]
"""How systems write that there is nobody."""

LONGEST_SECONDS = 100 * 366 * 86_400


class Told(NamedTuple):
    """What a reader is told beside the mapping."""

    brand: str = ""
    channel: str = ""
    timezone: str = ""
    keep_text: bool = False


class Moments(NamedTuple):
    """Times of a column: in UTC, whether there was a value, and why it cannot be read."""

    at: pl.Series
    is_told: pl.Series
    reason: pl.Series


def read_turns(
    mapping: ExportMapping, raws: Mapping[str, Raw], told: Told, path: Path
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Every turn that the records make, in the columns of the mapping, and notes on how times were read.

    Beside the columns stand `file` and `line`; `why`, where a turn has no time; `is_made`, where
    its message_id is still to be made; `moment`, which of the moments it is that a record has (a
    spreadsheet's row of a ticket, say); and `wording`, the text, where that tells turns apart.
    """
    notes: dict[str, int] = {}
    frames = []
    groups: dict[tuple[str, str], list[Turn]] = {}
    for turn in mapping.turns:
        groups.setdefault((turn.of, turn.each), []).append(turn)
    columns = [name for name in CELLS if any(name in mapping.cells_of(turn) for turn in mapping.turns)]
    optional = {file.name for file in mapping.files if file.optional}
    for (of, each), turns in groups.items():
        if of in optional and of not in raws:
            continue
        if each and all(turn.optional for turn in turns) and not _has(raws[of], each):
            continue
        records = _Records(mapping, raws, turns, told, path)
        is_wide = not each and sum(bool(mapping.cells_of(turn)["kind"].constant) for turn in turns) > 1
        moments = enumerate(turns, 1)
        frames += [records.make(turn, columns, moment=at, is_wide=is_wide) for at, turn in moments]
        notes = {note: notes.get(note, 0) + records.notes.get(note, 0) for note in (*notes, *records.notes)}
    if not frames:
        raise InputError(path, "holds no record that makes a turn; check what was exported")
    return pl.concat(frames), notes


class _Records:
    """The records of one kind of files, or the elements of one list in each of them."""

    def __init__(
        self,
        mapping: ExportMapping,
        raws: Mapping[str, Raw],
        turns: Sequence[Turn],
        told: Told,
        path: Path,
    ) -> None:
        self.told, self.path, self.raws, self.mapping = told, path, raws, mapping
        self.each, self.of = turns[0].each, turns[0].of
        if self.of not in raws:
            raise InputError(
                path, f"holds no file of the kind {show(self.of)}; name a folder or files that do"
            )
        self.raw = raws[self.of]
        self.where = show(self.raw.sources[0].name) if self.raw.sources else show(path)
        asked: dict[str, None] = {}
        for turn in turns:
            asked |= dict.fromkeys(self._asked(turn))
        self.frame = self._take(list(asked))
        self.notes: dict[str, int] = {}
        self.times: dict[str, Moments] = {}

    def make(self, turn: Turn, columns: Iterable[str], *, moment: int, is_wide: bool) -> pl.DataFrame:
        """The turns that one block of the mapping makes."""
        cells = self.mapping.cells_of(turn)
        frame = self.frame.with_columns(
            self._kind(cells["kind"]).alias("(kind)"), *self._moments(cells["at"], "at")
        )
        counts = [pl.col("(kind)").ne_missing(IGNORED)]
        for condition in turn.only:
            text = condition.cell.text(self.frame)
            counts += [matches(text, condition.texts)] if condition.texts else []
            counts += [~matches(text, condition.others)] if condition.others else []
        if cells["kind"].constant and not turn.only and moment > 1:
            counts.append(pl.col("(told)"))
        frame = frame.filter(counts)
        is_message = pl.col("(kind)").is_in(SENDERS)
        is_made = is_message if not self._is_there(cells.get("message_id")) else pl.lit(False)
        wording = cells["text"].text(frame, bare=True) if self._needs_wording(cells) else _nothing()
        return frame.select(
            pl.col("(file)").cast(pl.String).alias("file"),
            pl.col("(line)").cast(pl.Int64).alias("line"),
            pl.col("(kind)").cast(KIND, strict=False).alias("kind"),
            pl.col("(at)").alias("at"),
            pl.col("(why)").alias("why"),
            pl.when(pl.col("(kind)").is_null()).then(cells["kind"].text(frame)).alias("said"),
            is_made.fill_null(False).alias("is_made"),
            wording.alias("wording"),
            pl.lit(moment if is_wide and cells["kind"].constant else None, pl.Int64).alias("moment"),
            *(
                (self._text(name, cells[name]) if name in cells else _nothing()).alias(name)
                for name in columns
                if name not in ("kind", "at", "text")
            ),
            *([wording.alias("text")] if self.told.keep_text and "text" in columns else []),
        )

    def _needs_wording(self, cells: Mapping[str, Cell]) -> bool:
        made = not self._is_there(cells.get("message_id"))
        return self._is_there(cells.get("text")) and (self.told.keep_text or made)

    def _is_there(self, cell: Cell | None) -> bool:
        return cell is not None and bool(
            cell.constant or any(name in self.frame.columns for name in cell.names)
        )

    def _kind(self, cell: Cell) -> pl.Expr:
        kinds = cell.text(self.frame, strict=True).str.to_lowercase()
        if cell.values or cell.constant:
            return kinds
        return kinds.replace_strict(list(WORDS), list(WORDS), default=None, return_dtype=pl.String)

    def _text(self, name: str, cell: Cell) -> pl.Expr:
        text = cell.text(self.frame)
        if name not in PERSONS or cell.constant:
            return text
        return pl.when(~text.is_in(NOBODY)).then(text)

    def _asked(self, turn: Turn) -> list[str]:
        """The columns that a turn needs and that are there; raises for those that are not."""
        cells = self.mapping.cells_of(turn)
        if not self.told.keep_text and "message_id" in cells and self._any_of(cells["message_id"]):
            cells = {name: cell for name, cell in cells.items() if name != "text"}
        asked = []
        for cell in (*cells.values(), *(condition.cell for condition in turn.only)):
            asked += self._any_of(cell)
            self._require(cell)
        return asked

    def _any_of(self, cell: Cell) -> list[str]:
        return [name for name in cell.names if self._home(name) is not None]

    def _require(self, cell: Cell) -> None:
        if cell.optional or cell.given:
            return
        missing = [name for name in cell.names if self._home(name) is None]
        alternatives = set(cell.column) if len(cell.column) > 1 and set(cell.column) - set(missing) else set()
        has_elements = any(name.startswith(f"{self.each}[]") for name in self.raw.names)
        for name in missing:
            if name not in alternatives and (has_elements or not name.startswith(".")):
                refuse_aggregates(self.raw.names, self.path)
                raise UnknownNameError("column", name, self._choices(), where=f"in {self.where}")

    def _choices(self) -> list[str]:
        inside = f"{self.each}[]"
        names = [name.removeprefix(inside) if self.each else name for name in self.raw.names]
        others = [file.name for file in self.mapping.files if file.name != self.of and file.name in self.raws]
        return names + [f"{other}.{name}" for other in others for name in self.raws[other].names]

    def _home(self, name: str) -> str | None:
        """Of which kind of files a column is, or None where it is in no file."""
        if name.startswith("."):
            return self.of if _has(self.raw, f"{self.each}[]{name}") else None
        if _has(self.raw, name):
            return self.of
        other, _, column = name.partition(".")
        is_other = other != self.of and any(file.name == other for file in self.mapping.files)
        return other if is_other and other in self.raws and _has(self.raws[other], column) else None

    def _take(self, asked: Sequence[str]) -> pl.DataFrame:
        keys = {file.name: file.key for file in self.mapping.files}
        homes = {name: self._home(name) for name in asked}
        others = sorted({home for home in homes.values() if home is not None and home != self.of})
        own = [name for name in asked if homes[name] == self.of]
        for file in (self.of, *others) if others else ():
            if not keys[file]:
                raise BenchkitError(
                    f"the files {show(file)} have no key; say on which column they are joined"
                )
        own += [keys[self.of]] if others and keys[self.of] not in own else []
        frame = self.raw.take(own, each=self.each)
        for other in others:
            named = {name: name.partition(".")[2] for name in asked if homes[name] == other}
            key = keys[other]
            table = self.raws[other].take([*dict.fromkeys([key, *named.values()])])
            table = table.select(
                as_text(key, table.schema[key]).alias("(key)"),
                *(column_of(column).alias(name) for name, column in named.items()),
            )
            latest = table.drop_nulls("(key)").unique("(key)", keep="last", maintain_order=True)
            on = as_text(keys[self.of], frame.schema[keys[self.of]]).alias("(key)")
            frame = frame.with_columns(on).join(latest, on="(key)", how="left", maintain_order="left")
            frame = frame.drop("(key)")
        return frame

    def _moments(self, cell: Cell, what: str) -> Moments:
        """The times of a cell, each read once, by all the records there are."""
        if (key := repr(cell)) not in self.times:
            self.times[key] = self._after(cell, what) if cell.after else self._read(cell, what)
        return self.times[key]

    def _read(self, cell: Cell, what: str) -> Moments:
        values = self._values(cell)
        read = read_times(
            values, how=cell.time, timezone=cell.timezone or self.told.timezone, where=self._named(cell, what)
        )
        for note, count in read.notes.items():
            self.notes[note] = self.notes.get(note, 0) + count
        at = read.at.cast(TIME)
        nothing = pl.repeat(None, len(at), dtype=pl.String, eager=True)
        reasons = nothing if read.reasons is None else read.reasons
        is_told = at.is_not_null() | reasons.is_not_null()
        if is_told.any() and at.null_count() == len(at):
            raise InputError(
                self.path,
                f"not one of the {is_told.sum():,} values of {self._named(cell, what)} is a time; "
                "name another column, or say how they are written, as time",
            )
        return _moments(at, is_told, reasons)

    def _after(self, cell: Cell, what: str) -> Moments:
        """A time told as a duration after another one."""
        assert cell.after is not None  # noqa: S101
        start = self._moments(cell.after, what)
        values = self._values(cell)
        seconds = read_seconds(
            values, unit=cell.unit or "seconds", decimal=cell.decimal, where=self._named(cell, what)
        )
        seconds = seconds.set(seconds > LONGEST_SECONDS, None)
        at = start.at + (seconds * 1e6).round().cast(pl.Int64).cast(pl.Duration("us"))
        is_told = (stripped(values) if values.dtype == pl.String else values).is_not_null()
        no_duration = pl.select(
            pl.when(seconds.is_null()).then(pl.lit("a duration that cannot be read")).otherwise(start.reason)
        ).to_series()
        return _moments(at.cast(TIME), is_told, no_duration)

    def _values(self, cell: Cell) -> pl.Series:
        """The values of a time or duration, in their type where they are one column's as they stand."""
        there = [name for name in cell.column if name in self.frame.columns]
        plain = not (cell.pattern or cell.values or cell.otherwise)
        is_alike = len({self.frame.schema[name] for name in there}) == 1
        values = pl.coalesce(map(column_of, there)) if plain and is_alike else cell.text(self.frame)
        return self.frame.with_columns(values.alias("(values)"))["(values)"]

    def _named(self, cell: Cell, what: str) -> str:
        names = [*cell.column, *cell.join]
        columns = "columns" if len(names) > 1 else "column"
        return f"{columns} {' and '.join(map(show, names)) or what} in {self.where}"


def _moments(at: pl.Series, is_told: pl.Series, reasons: pl.Series) -> Moments:
    unread = pl.when(is_told).then(pl.coalesce(reasons, pl.lit("no time"))).otherwise(pl.lit("an empty time"))
    why = pl.select(pl.when(at.is_null()).then(unread)).to_series()
    return Moments(at.alias("(at)"), is_told.alias("(told)"), why.alias("(why)"))


def _has(raw: Raw, name: str) -> bool:
    """Whether records have a column of that name, or a nested value with something in it."""
    name = re.sub(r"\[[0-9]+\]", "[]", name)
    return any(known == name or known.startswith((f"{name}.", f"{name}[]")) for known in raw.names)


def _nothing() -> pl.Expr:
    return pl.lit(None, pl.String)
