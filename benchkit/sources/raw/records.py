"""Nested records, kept as text and parsed when something of them is taken."""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import polars as pl

from benchkit.dataset import as_excluded
from benchkit.errors import InputError
from benchkit.sources.raw.columns import OWN_NAMES
from benchkit.sources.raw.documents import BLANKS, DECODER, Places, find_in_document, find_in_lines
from benchkit.sources.raw.encodings import in_utf8
from benchkit.sources.raw.files import Content, Found, bytes_of
from benchkit.sources.raw.paths import MISSING, add_names, elements, keys_of, look_up, text_of, value_at
from benchkit.sources.raw.reading import Reading

IN_LINES = (".ndjson", ".jsonl")
_BLANKS = re.compile(rf"[{BLANKS}]*+")


@dataclass(frozen=True)
class Records:
    """The records of one file, as the places in its text where they stand.

    A number keeps all its digits, NaN is nothing, and of a key that comes twice the last
    counts. A record's line is the line on which it begins, or its number where the file has
    fewer lines than records.
    """

    file: str
    data: bytes
    spans: Sequence[tuple[int, int]]
    lines: Sequence[int]
    malformed: pl.DataFrame
    n_blank: int = 0
    notes: Mapping[str, int] = field(default_factory=dict)

    @property
    def n_read(self) -> int:
        """How many records there are, the malformed among them."""
        return len(self.spans) + self.malformed.height

    @cached_property
    def names(self) -> list[str]:
        """The dotted paths to all values, `[]` after a list."""
        names: dict[str, None] = {}
        for _, record in self.records():
            with suppress(RecursionError):
                add_names(record, names)
        return [name for name in names if _sound(name) == name and name not in OWN_NAMES]

    def records(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """The line and the content of each record."""
        for line, (start, end) in zip(self.lines, self.spans, strict=True):
            yield line, DECODER.decode(self.data[start:end].decode())

    def take(self, paths: Sequence[str], each: str = "") -> tuple[pl.DataFrame, set[str]]:
        """`(line)`, `(record)` (from 0), text at the paths that are in some record, and which these are."""
        of_elements = [(path, path[1:], keys_of(path[1:])) for path in paths if each and path.startswith(".")]
        of_records = [(path, keys_of(path)) for path in paths if not (each and path.startswith("."))]
        keys_of_each = keys_of(each)
        cells: dict[str, list[str | None]] = {path: [] for path in paths}
        known: set[str] = set()
        numbers: list[int] = []
        for number, (_, record) in enumerate(self.records()):
            if each and value_at(record, keys_of_each) is not MISSING:
                known.add(each)
            rows_of_record = list(elements(record, keys_of_each)) if each else [record]
            numbers += [number] * len(rows_of_record)
            for path, keys in of_records:
                value = look_up(record, path, keys)
                if value is not MISSING:
                    known.add(path)
                cells[path] += [text_of(value)] * len(rows_of_record)
            for path, inner, keys in of_elements:
                for element in rows_of_record:
                    value = look_up(element, inner, keys)
                    if value is not MISSING:
                        known.add(path)
                    cells[path].append(text_of(value))
        rows = pl.Series("(record)", numbers, dtype=pl.Int64)
        lines = pl.Series("(line)", self.lines, dtype=pl.Int64).gather(rows)
        return pl.DataFrame([lines, rows, *(_column(path, cells[path]) for path in paths)]), known


def read_json(found: Found, content: Content, reading: Reading) -> Records:
    """The records of a JSON document, or of a file with one on each line.

    Raises `InputError` for what is no JSON, or holds several lists of records.
    """
    content, notes = in_utf8(found, content, reading.encoding)
    data = bytes_of(content).removeprefix(codecs.BOM_UTF8)
    text = data.decode("latin-1")  # a byte for a byte: JSON's own signs are ASCII
    if _after_blanks(text, 0) == len(text):
        raise InputError(found.label, "is empty; check that the export finished")
    if _is_in_lines(found.name, text):
        return _records(found, data, find_in_lines(text, reading.records), notes)
    return _records(found, data, find_in_document(found.label, text, reading.records), notes)


def read_lines(found: Found, data: bytes) -> Records:
    """The records of JSON in lines that is known to be sound."""
    return _records(found, data, find_in_lines(data.decode("latin-1")), {})


def _is_in_lines(name: str, text: str) -> bool:
    """Whether a text holds a record on each line, by its name or by its first line."""
    if any(ending in name.lower() for ending in IN_LINES):
        return True
    begins = _after_blanks(text, 0)
    ends = text.find("\n", begins)
    if ends < 0 or text[begins] != "{" or not text.startswith("{", _after_blanks(text, ends)):
        return False
    return bool(find_in_lines(text[begins:ends]).records)


def _after_blanks(text: str, start: int) -> int:
    blanks = _BLANKS.match(text, start)
    return blanks.end() if blanks else start


def _records(found: Found, data: bytes, places: Places, notes: Mapping[str, int]) -> Records:
    begins = [start for start, _ in places.records] + [start for start, _ in places.malformed]
    line_at = _numbers(data, begins)
    malformed = pl.DataFrame(
        [(line_at[start], reason) for start, reason in places.malformed],
        schema={"line": pl.Int64, "reason": pl.String},
        orient="row",
    ).with_columns(kind=pl.lit("unreadable"), file=pl.lit(found.name))
    lines = [line_at[start] for start, _ in places.records]
    return Records(found.name, data, places.records, lines, as_excluded(malformed), places.n_blank, notes)


def _numbers(data: bytes, begins: Sequence[int]) -> dict[int, int]:
    """The line on which each record begins, or its number where lines are fewer than records."""
    places = sorted(begins)
    if data.count(b"\n") < len(places) - 1:
        return {start: number for number, start in enumerate(places, 1)}
    newlines = (data.count(b"\n", before, start) for before, start in itertools.pairwise([0, *places]))
    return {start: 1 + n for start, n in zip(places, itertools.accumulate(newlines), strict=True)}


def _column(path: str, cells: list[str | None]) -> pl.Series:
    try:
        return pl.Series(path, cells, dtype=pl.String)
    except UnicodeEncodeError:
        return pl.Series(path, [_sound(cell) for cell in cells], dtype=pl.String)


def _sound(text: str | None) -> str | None:
    """The same text without halves of characters, which JSON can spell and UTF-8 cannot."""
    return text and text.encode(errors="replace").decode()
