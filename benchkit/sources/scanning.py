"""Parse delimited text of a known header: at full speed where well formed, record by record where not."""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchkit.dataset import as_excluded
from benchkit.errors import InputError
from benchkit.sources.splitter import Split, split_records

CHUNK_BYTES = 2**18


@dataclass(frozen=True)
class Header:
    """The names of the columns, none of them twice, and where the rows begin, on which line.

    `skipped` lines, whatever stands in them, come before the header.
    """

    names: Sequence[str]
    start: int
    line: int = 2
    separator: bytes = b","
    skipped: int = 0


@dataclass(frozen=True)
class Rows:
    """The rows of a file that have content, and what was left out.

    `frame` holds the selected columns and `line`, the line of the file on which a row begins
    (the header's is 1). `n_read` counts all rows that are not blank, `malformed` among them.
    """

    frame: pl.DataFrame
    n_read: int
    n_blank: int
    malformed: pl.DataFrame


def parse_rows(
    path: Path, source: Path | bytes, header: Header, required: Sequence[str], columns: Sequence[pl.Expr]
) -> Rows:
    """Parse what follows a header as these columns; a row whose `required` are all empty is blank.

    `path` is what errors name. A row of too few or too many fields, or with quotes out of
    place, is left out with its line. Raises `InputError` for text that cannot be parsed.
    """
    blank = pl.all_horizontal(pl.col(name) == "" for name in required).alias("(blank)")
    split = Split(gaps=[(2, header.line - 2)] if header.line > 2 else [])
    frame = _scan(source, header, [*columns, blank])
    if frame is None:
        data = source if isinstance(source, bytes) else source.read_bytes()
        split = split_records(data, header.start, len(header.names), header.separator)
        del data, source
        clean = Header(header.names, split.start, separator=header.separator)
        frame = _scan(split.clean.getvalue(), clean, [*columns, blank])
    if frame is None:
        raise InputError(path, "cannot be read as CSV; save it again as CSV in UTF-8")

    frame = frame.drop("(newlines)").with_columns(line=_lines(frame["(newlines)"], split.gaps))
    n_blank = split.blank_rows + int(frame["(blank)"].sum())
    frame = frame.filter(~pl.col("(blank)")) if n_blank else frame
    malformed = pl.DataFrame(split.malformed, schema={"line": pl.Int64, "reason": pl.String}, orient="row")
    return Rows(
        frame=frame.drop("(blank)"),
        n_read=frame.height + malformed.height,
        n_blank=n_blank,
        malformed=as_excluded(malformed.with_columns(kind=pl.lit("unreadable"))),
    )


def _scan(source: Path | bytes, header: Header, columns: Sequence[pl.Expr]) -> pl.DataFrame | None:
    """Parse a file of this header, or None where a row is not as it should be.

    polars takes some quotes that are out of place for others, and pads a short row in
    silence; it refuses a long one. So every quote is looked at first, and no row was short
    if every separator is either inside a field or between two.
    """
    with ThreadPoolExecutor(1) as meanwhile:
        counting = meanwhile.submit(_count_separators, source, header)
        parsed = _parsed(source, header, columns)
    n_separators = counting.result()
    if n_separators is None or parsed is None:
        return None
    n_inside = int(parsed["(separators)"].cast(pl.Int64).sum())
    if n_separators != n_inside + (len(header.names) - 1) * parsed.height:
        return None
    in_order = parsed if parsed["(row)"].is_sorted() else parsed.sort("(row)")
    return in_order.drop("(row)", "(separators)")


def _parsed(source: Path | bytes, header: Header, columns: Sequence[pl.Expr]) -> pl.DataFrame | None:
    """What polars makes of it, with how many separators and newlines are inside each row's fields."""
    names, separator = header.names, header.separator
    row = pl.concat_str(names)
    separators, newlines = (row.str.count_matches(sign, literal=True) for sign in (separator.decode(), "\n"))
    try:
        scan = pl.scan_csv(
            source,
            separator=separator.decode(),
            skip_lines=header.skipped,
            infer_schema=False,
            empty_string_is_null=False,
            encoding="utf8-lossy",
            glob=False,
            new_columns=names,
            row_index_name="(row)",
        )
        if scan.collect_schema().names() != ["(row)", *names]:
            return None
        return scan.select(
            "(row)", *columns, separators.alias("(separators)"), newlines.alias("(newlines)")
        ).collect()
    except pl.exceptions.PolarsError:
        return None


def _count_separators(source: Path | bytes, header: Header) -> int | None:
    """How many separators there are after the header, or None where a quote is out of place.

    Counted from a row's beginning, every other quote opens: a field, or one half of a pair
    inside a field. The others close.
    """
    before_opening, after_closing = np.zeros((2, 256), np.bool_)
    before_opening[list(header.separator + b'\n"')] = True
    after_closing[list(header.separator + b'\r\n"')] = True
    n_separators = n_quotes = 0
    buffer = bytearray(CHUNK_BYTES)
    view, codes = memoryview(buffer), np.frombuffer(buffer, np.uint8)
    buffer[0], held = ord("\n"), 1
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb", buffering=0) as file:
        file.seek(header.start)
        while size := file.readinto(view[held:]):
            end = held + size
            n_separators += int(np.count_nonzero(codes[held:end] == ord(header.separator)))
            quotes = 1 + np.flatnonzero(codes[1 : end - 1] == ord('"'))
            opening, closing = quotes[n_quotes % 2 :: 2], quotes[1 - n_quotes % 2 :: 2]
            if not (before_opening[codes[opening - 1]].all() and after_closing[codes[closing + 1]].all()):
                return None
            n_quotes += len(quotes)
            buffer[:2], held = buffer[end - 2 : end], 2
    return n_separators


def _lines(newlines: pl.Series, gaps: Sequence[tuple[int, int]]) -> pl.Series:
    """On which line of the file each row begins, given the newlines in each and the lines left out."""
    in_earlier_rows = np.cumsum(newlines.to_numpy(), dtype=np.int64) - newlines.to_numpy()
    line = 2 + np.arange(len(newlines)) + in_earlier_rows
    if not gaps:
        return pl.Series(line)
    from_line, dropped = np.array(gaps, dtype=np.int64).T
    gap = np.searchsorted(from_line, line, side="right") - 1
    return pl.Series(line + np.where(gap < 0, 0, dropped[gap]))
