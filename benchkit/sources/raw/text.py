"""Tables of text: which separator, which header, and then the rows."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from benchkit.errors import InputError
from benchkit.sources.delimited import CONTROLS, HEAD_BYTES, head_of
from benchkit.sources.raw.columns import Table, unique_names
from benchkit.sources.raw.encodings import in_utf8
from benchkit.sources.raw.files import Content, Found, bytes_of
from benchkit.sources.raw.reading import Reading
from benchkit.sources.scanning import Header, parse_rows
from benchkit.sources.splitter import grammar, split_header

SEPARATORS = (b",", b";", b"\t", b"|")
SAMPLE_RECORDS = 100
MOST_COLUMNS = 5_000


def read_text(found: Found, content: Content, reading: Reading) -> Table:
    """A table of text, whatever separates its fields.

    Without `separator`, it is the sign among , ; tab and | that parts the header and agrees
    best with the rows. Columns without a name are called `column 3`, and left out if empty.
    Raises `InputError` for what is no such text.
    """
    label = found.label
    content, notes = in_utf8(found, content, reading.encoding)
    head = head_of(content, HEAD_BYTES)
    if not head.removeprefix(codecs.BOM_UTF8).strip():
        raise InputError(label, "is empty; check that the export finished")
    first_line = head.partition(b"\n")[0]
    if first_line != first_line.translate(None, CONTROLS):
        raise InputError(
            label, "is binary, neither a table of text nor a kind of file that is known; export it as CSV"
        )
    content = _with_line_ends(content, head)
    head = head_of(content, HEAD_BYTES)

    skipped, separator = max(0, reading.header_row - 1), reading.separator.encode()
    told = _told_separator(head)
    if told and not skipped:
        skipped, separator = 1, separator or told
    header = _header(label, head, skipped, [separator] if separator else SEPARATORS)
    if len(header.names) > MOST_COLUMNS:
        raise InputError(
            label, f"has {len(header.names):,} columns, too many for a table of messages; check its separator"
        )
    names = unique_names(header.names)
    codes = [f"c{i}" for i in range(len(names))]
    columns = [_cell(code) for code in codes]
    coded = Header(codes, header.start, header.line, header.separator, skipped)
    rows = parse_rows(label, content, coded, codes, columns)
    kept = [code for code, name in zip(codes, header.names, strict=True) if name or rows.frame[code].count()]
    is_filled = pl.any_horizontal(pl.col(code).is_not_null() for code in codes)
    frame = rows.frame.filter(is_filled).select("line", *kept)
    frame.columns = ["(line)", *(names[codes.index(code)] for code in kept)]
    malformed = rows.malformed.with_columns(file=pl.lit(found.name))
    n_read = frame.height + malformed.height
    return Table(found.name, frame, n_read, rows.n_blank + rows.n_read - n_read, malformed, notes)


def _cell(code: str) -> pl.Expr:
    return pl.when(pl.col(code).str.contains(r"\S")).then(pl.col(code)).alias(code)


def _with_line_ends(content: Content, head: bytes) -> Content:
    """The same text with ends of lines that are newlines, also at the end of the last."""
    if b"\r" in head and b"\n" not in head:
        data = bytes_of(content).replace(b"\r", b"\n")
        return data if data.endswith(b"\n") else data + b"\n"
    if isinstance(content, bytes):
        return content if content.endswith(b"\n") else content + b"\n"
    with content.open("rb") as file:
        file.seek(-1, 2)
        ends = file.read(1) == b"\n"
    return content if ends else content.read_bytes() + b"\n"


def _told_separator(head: bytes) -> bytes:
    """The sign that a first line `sep=;` tells, as Excel writes and reads it."""
    line = head.removeprefix(codecs.BOM_UTF8).partition(b"\n")[0].strip(b'\r"')
    return line[4:] if line[:4].lower() == b"sep=" and len(line) == 5 and line[4:] in SEPARATORS else b""


def _header(label: Path, head: bytes, skipped: int, separators: Sequence[bytes]) -> Header:
    """The header under the separator that parts it and agrees best with the rows below it."""
    start = 0
    for _ in range(skipped):
        start = head.find(b"\n", start) + 1
        if not start:
            raise InputError(label, f"has no row {skipped + 1:,} for a header; check header_row in [read]")
    best, best_score = None, (-1.0, 0)
    for separator in separators:
        names, after = split_header(head[start:] if start else head, separator)
        names = [" ".join(name.replace("\ufeff", "").split()) for name in names]
        widths, ends_empty = _widths(head, start + after, separator, len(names))
        if ends_empty:
            names = [*names, ""]
        agreeing = sum(width == len(names) for width in widths) / len(widths) if widths else 1.0
        score = (agreeing, len(names)) if len(names) > 1 else (0.0, len(names))
        if names and score > best_score:
            best_score = score
            line = 1 + head.count(b"\n", 0, start + after)
            best = Header(names, start + after, line, separator, skipped)
    if best is None:
        raise InputError(
            label, "a quote in its header does not close; save it again as CSV", line=skipped + 1
        )
    return best


def _widths(head: bytes, start: int, separator: bytes, n_names: int) -> tuple[list[int], bool]:
    """The numbers of fields of the first records, and whether most have one more than names, empty."""
    records, n_ending_empty = grammar(separator), 0
    widths: list[int] = []
    while len(widths) < SAMPLE_RECORDS and start < len(head):
        record = records.any_record.match(head, start)
        if record is None or (record.end() == len(head) == HEAD_BYTES):
            break
        start = record.end()
        if record[0].strip():
            fields = records.fields(record[0])
            widths.append(len(fields))
            n_ending_empty += len(fields) == n_names + 1 and not fields[-1].strip()
    common = Counter(widths).most_common(1)
    return widths, bool(common) and common[0][0] == n_names + 1 and 2 * n_ending_empty > len(widths)
