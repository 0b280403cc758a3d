"""Files as they are found, as columns of text, of types, or as nested records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import polars as pl

from benchkit.dataset import EXCLUDED
from benchkit.errors import InputError, UnknownNameError, show
from benchkit.sources.delimited import head_of
from benchkit.sources.raw.columns import OWN_NAMES, Table
from benchkit.sources.raw.documents import SeveralListsError
from benchkit.sources.raw.files import Found, SourceFile, ending_of, find_files
from benchkit.sources.raw.reading import Reading
from benchkit.sources.raw.records import Records, read_json
from benchkit.sources.raw.text import read_text
from benchkit.sources.raw.typed import read_parquet, read_workbook

__all__ = ["Kind", "Raw", "SourceFile", "Table", "open_apart", "open_raw"]

DELIMITED = {".csv", ".tsv", ".tab", ".psv"}
JSON = {".json", ".ndjson", ".jsonl"}
_NOTHING = "holds no row or record; check that the export finished"
_A_PAGE = "is a web page or XML under another name; export CSV or Excel"
FOREIGN = {
    b"\x89png": "is a picture; name another file",
    b"%pdf": "is a PDF document, from which no table can be read; export CSV or Excel",
    **dict.fromkeys((b"<!doctype", b"<html", b"<table", b"<?xml"), _A_PAGE),
    b"\x28\xb5\x2f\xfd": "is compressed with zstd; unpack it, or compress it with gzip",
    b"\x1f\x8b": "is compressed twice; unpack it first",
}
"""How files that are none of these begin (in small letters), and what to do with them."""


Part: TypeAlias = Table | Records
"""What one file holds."""


@dataclass(frozen=True)
class Raw:
    """Rows or records of one kind, from one file or several, as they were written."""

    parts: Sequence[Part]
    sources: Sequence[SourceFile] = ()

    @cached_property
    def names(self) -> list[str]:
        """The columns, or the dotted paths of nested records, `[]` after what is a list."""
        return list(dict.fromkeys(name for part in self.parts for name in part.names))

    @property
    def n_read(self) -> int:
        """How many rows or records were read, the malformed among them, blank ones not."""
        return sum(part.n_read for part in self.parts)

    @property
    def n_blank(self) -> int:
        """How many rows hold nothing."""
        return sum(part.n_blank for part in self.parts)

    @property
    def malformed(self) -> pl.DataFrame:
        """What could not be parsed, as `EXCLUDED`, with file and line."""
        return pl.concat([pl.DataFrame(schema=EXCLUDED), *(part.malformed for part in self.parts)])

    @property
    def notes(self) -> dict[str, int]:
        """What was read in a way worth knowing, and how often."""
        notes: dict[str, int] = {}
        for part in self.parts:
            for note, count in part.notes.items():
                notes[note] = notes.get(note, 0) + count
        return notes

    def records(self) -> Iterator[tuple[str, int, dict[str, Any]]]:
        """File, line and content of each record: a number is a `Number`, text with all its digits."""
        for part in self.parts:
            for line, record in part.records():
                yield part.file, line, record

    def take(self, paths: Iterable[str], each: str = "") -> pl.DataFrame:
        """`(file)`, `(line)`, `(record)`, numbered through all files, and a column for each path.

        A row per record, or with `each`, the path to a list, a row per element of it: a path
        that begins with a dot is then of the element. `list[0].key` is of a list's first
        element, `list[].key` of all, as JSON. Columns are text, or typed where the format
        is and the files agree; null where there is nothing. Raises `UnknownNameError` for a
        path that is in no record.
        """
        wanted = [path for path in dict.fromkeys(paths) if path not in OWN_NAMES]
        frames, known, n_records = [], set(), 0
        for part in self.parts:
            frame, there = part.take(wanted, each)
            file = pl.repeat(part.file, frame.height, dtype=pl.String, eager=True)
            numbered = frame.with_columns(pl.col("(record)") + n_records)
            frames.append(numbered.insert_column(0, file.alias("(file)")))
            known |= there
            n_records += part.n_read - part.malformed.height
        rows = pl.concat(_alike(frames), how="diagonal")
        if each and each not in known:
            raise self._unknown(each, {name.partition("[]")[0]: None for name in self.names if "[]" in name})
        for path in wanted:
            if path not in known and not (each and rows.is_empty()):
                raise self._unknown(path, self._names_for(path, each))
        absent = [pl.lit(None, pl.String).alias(path) for path in wanted if path not in rows.columns]
        return rows.with_columns(absent)[[*OWN_NAMES, *wanted]]

    def _names_for(self, path: str, each: str) -> list[str]:
        if not path.startswith("."):
            return self.names
        return [name.removeprefix(f"{each}[]") for name in self.names if name.startswith(f"{each}[]")]

    def _unknown(self, path: str, choices: Iterable[str]) -> UnknownNameError:
        files = [show(part.file) for part in self.parts[:2]]
        more = f" and {len(self.parts) - 1:,} more files" if len(self.parts) > 2 else ""
        where = f"in {files[0]}{more}" if more else "in " + " and ".join(files)
        return UnknownNameError("column", path, choices, where=where)


class Kind(NamedTuple):
    """Files of much the same columns, or the list at the path `records` in them; `label` is the first."""

    records: str
    raw: Raw
    label: Path


def open_raw(
    paths: str | Path | Iterable[str | Path],
    files: Mapping[str, str] | None = None,
    read: Mapping[str, object] | None = None,
) -> dict[str, Raw]:
    """Open files as they are: CSV and the like, Excel, Parquet, JSON; plain, packed, or in a zip.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "mine.csv")
    ...     _ = file.write_text("Who;When\\n7;2.3.2026\\n", encoding="utf-8")
    ...     open_raw(file)[""].take(["When"]).rows()
    [('mine.csv', 2, 0, '2.3.2026')]

    `paths` are files, folders or globs. `files` tells several kinds of files apart: what each
    is called, by the glob that its file's name is like; without it, all are of one kind, "".
    A kind that no file is like is not in the result. `read` is a mapping's `[read]` table
    (`Reading`). Raises `InputError`, in one sentence, for what cannot be read.
    """
    reading, kinds = Reading.of(read or {}), dict(files or {"": "*"})
    found = find_files(paths)
    several = len(kinds) > 1
    by_kind: dict[str, list[Found]] = {}
    for each in found:
        likes = (kind for kind, like in kinds.items() if fnmatchcase(each.name.lower(), like.lower()))
        kind = next(likes, None if several else next(iter(kinds)))
        if kind is not None:
            by_kind.setdefault(kind, []).append(each)
    if not by_kind:
        globs = " or ".join(show(like) for like in kinds.values())
        raise InputError(found[0].label, f"is not called like {globs}, by which the mapping tells its files")
    return {kind: _open(by_kind[kind], reading) for kind in kinds if kind in by_kind}


def open_apart(paths: str | Path | Iterable[str | Path]) -> list[Kind]:
    """Open files as `open_raw` does, but those of different columns, and lists of one document, apart.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "page.json")
    ...     _ = file.write_text('{"tickets": [{"id": 1}], "users": [{"name": "A"}]}', encoding="utf-8")
    ...     [(kind.records, kind.raw.names) for kind in open_apart(file)]
    [('tickets', ['id']), ('users', ['name'])]

    Files are of one kind where they have more than half of all their columns in common.
    """
    found = find_files(paths)
    kinds: list[tuple[str, list[tuple[Found, Part]]]] = []
    for each in found:
        for records, part in _parts_of(each):
            like = (
                those
                for at, those in kinds
                if at == records and _is_alike(set(part.names), set(those[0][1].names))
            )
            if (those := next(like, None)) is not None:
                those.append((each, part))
            elif part.n_read:
                kinds.append((records, [(each, part)]))
    if not kinds:
        raise InputError(found[0].label, _NOTHING)
    return [
        Kind(
            records, Raw([part for _, part in those], _sources(each for each, _ in those)), those[0][0].label
        )
        for records, those in kinds
    ]


def _parts_of(found: Found) -> list[tuple[str, Part]]:
    try:
        return [("", _open_part(found, Reading()))]
    except SeveralListsError as error:
        return [(records, _open_part(found, Reading(records=records))) for records in error.lists]


def _is_alike(names: set[str], others: set[str]) -> bool:
    return 2 * len(names & others) > len(names | others)


def _open(found: Sequence[Found], reading: Reading) -> Raw:
    raw = Raw([_open_part(each, reading) for each in found], _sources(found))
    if not raw.n_read and reading.records:
        raise InputError(
            found[0].label,
            f"holds no record at {show(reading.records)}; check that the export finished, "
            "or name another path as records",
        )
    if not raw.n_read:
        raise InputError(found[0].label, _NOTHING)
    return raw


def _sources(found: Iterable[Found]) -> list[SourceFile]:
    origins = dict.fromkeys(each.origin for each in found)
    return [SourceFile(origin, origin.stat().st_size) for origin in origins]


def _open_part(found: Found, reading: Reading) -> Part:
    content = found.load()
    head, ending = head_of(content, 2048), ending_of(found.name)
    for beginning, problem in FOREIGN.items():
        if head.lower().startswith(beginning):
            raise InputError(found.label, problem)
    if head.startswith(b"PAR1"):
        return read_parquet(found, content)
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return read_workbook(found, content, reading)
    begins = head.translate(None, b"\0\xef\xbb\xbf\xff\xfe").lstrip()[:1]
    if ending in JSON or (ending not in DELIMITED and begins in (b"{", b"[")):
        return read_json(found, content, reading)
    return read_text(found, content, reading)


def _alike(frames: Sequence[pl.DataFrame]) -> list[pl.DataFrame]:
    """The same frames, with text wherever a column has different types."""
    types: dict[str, set[pl.DataType]] = {}
    for frame in frames:
        for name, dtype in frame.schema.items():
            types.setdefault(name, set()).add(dtype)
    mixed = {name for name, dtypes in types.items() if len(dtypes) > 1}
    return [
        pl.DataFrame([column.cast(pl.String) if column.name in mixed else column for column in frame])
        for frame in frames
    ]
