"""Delimited files as rows of text: at full speed where well formed, record by record where not."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from benchkit.dataset import EXCLUDED
from benchkit.errors import InputError, UnknownNameError, show
from benchkit.sources.splitter import Split, split_header, split_records

UNREADABLE_SHARE = 0.05
"""The largest share of a file's rows that may be left out because they cannot be read."""

HEAD_BYTES = 2**20
CHUNK_BYTES = 2**18

FOREIGN = {
    b"PK\x03\x04": "a zip archive or an Excel workbook, not CSV; unpack it, or export the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook, not CSV; export the sheet as CSV",
    b"PAR1": "Parquet, not CSV; read it with read_messages if it holds messages",
    b"\xff\xfe": "UTF-16 text; save it as CSV in UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as CSV in UTF-8",
    b"BZh": "compressed with bzip2; unpack it, or compress it with gzip",
    b"\xfd7zXZ": "compressed with xz; unpack it, or compress it with gzip",
    b"\x28\xb5\x2f\xfd": "compressed with zstd; unpack it, or compress it with gzip",
}
"""How files that are not CSV begin, and what to do with them."""

SEPARATORS = {b";": "semicolons", b"\t": "tabs", b"|": "bars"}
CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\v\f\r")
CONTROLS_SHARE = 0.02
"""Above which share of control characters a file is no text; text has next to none."""


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


def read_rows(
    path: str | Path, required: Sequence[str], select: Callable[[Sequence[str]], Sequence[pl.Expr]]
) -> Rows:
    """Read a comma-separated file, plain or gzip, as what `select` makes of its columns of text.

    `select` is given the columns' names; a row whose `required` columns are all empty is
    blank. A row of too few or too many fields, or with quotes out of place, is left out with
    its line. Raises `InputError` for what is no such file, and `UnknownNameError` for a
    column that is not there.
    """
    path = find_file(path)
    source = _unpack(path)
    head = _head(source)
    _refuse_what_is_not_text(path, source, head)
    names, start = split_header(head)
    _require(path, head, names, required)
    names = [name if name not in names[:i] else f"again {i}" for i, name in enumerate(names)]

    blank = pl.all_horizontal(pl.col(name) == "" for name in required)
    columns = [*select(names), blank.alias("(blank)")]
    n_header_lines = max(1, head.count(b"\n", 0, start))
    n_header_commas = head.count(b",", 0, start)
    split = Split(gaps=[(2, n_header_lines - 1)] if n_header_lines > 1 else [])
    frame = _scan(source, names, columns, n_header_commas)
    if frame is None:
        data = source if isinstance(source, bytes) else source.read_bytes()
        split = split_records(data, start, len(names))
        del data, source
        frame = _scan(split.clean.getvalue(), names, columns, len(names) - 1)
    if frame is None:
        raise InputError(path, "cannot be read as CSV; save it again as CSV in UTF-8")

    frame = frame.drop("(newlines)").with_columns(line=_lines(frame["(newlines)"], split.gaps))
    n_blank = split.blank_rows + int(frame["(blank)"].sum())
    frame = frame.filter(~pl.col("(blank)")) if n_blank else frame
    malformed = pl.DataFrame(split.malformed, schema=["line", "reason"], orient="row")
    n_read = frame.height + malformed.height
    if not n_read:
        raise InputError(path, "has a header and no rows; check that the export finished")
    return Rows(
        frame=frame.drop("(blank)"),
        n_read=n_read,
        n_blank=n_blank,
        malformed=malformed.select("line", pl.lit("unreadable").alias("kind"), "reason").cast(EXCLUDED),
    )


def find_file(path: str | Path) -> Path:
    """The path of a file that is there and may be read; raises `InputError` otherwise."""
    path = Path(path)
    try:
        found = path.expanduser()
        if found.is_dir():
            raise InputError(path, "is a folder; name a file in it")
        if not found.is_file():
            raise InputError(path, "there is no such file; check its name and folder")
        with found.open("rb"):
            return found
    except PermissionError:
        raise InputError(path, "may not be read; ask its owner for permission") from None
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(path, "cannot be opened; check its name and folder") from None


def name_of(path: str | Path) -> str:
    """What a file is called, without its endings.

    >>> name_of("raw/twcs.csv.gz")
    'twcs'
    """
    return Path(Path(path).name.removesuffix(".gz")).stem


def set_aside(
    frame: pl.DataFrame, kind: str, reasons: Mapping[str, pl.Expr]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the rows that no reason applies to from those left out, each for its first reason."""
    reason = pl.coalesce(pl.when(test).then(pl.lit(sentence)) for sentence, test in reasons.items())
    left_out = pl.any_horizontal(*reasons.values())
    excluded = (
        frame.lazy()
        .filter(left_out)
        .select("line", pl.lit(kind).alias("kind"), reason.alias("reason"))
        .collect()
    )
    return (frame.filter(~left_out) if excluded.height else frame), excluded


def untimely_rows(column: str, taken_at: datetime | None) -> dict[str, pl.Expr]:
    """Which rows are later than the extract that holds them, for `set_aside`."""
    now = datetime.now(UTC)
    return {
        "in the future": pl.col(column) > now,
        "after the extract was taken": pl.col(column) > (taken_at or now),
    }


def refuse_timeless(path: str | Path, times: pl.Series, column: str, example: str) -> None:
    """Raise `InputError` where rows have times and not one of them can be read."""
    if len(times) and times.null_count() == len(times):
        raise InputError(
            path, f"not one of its {len(times):,} values of {column} is a time; write them like {example}"
        )


def refuse_unreadable(path: str | Path, unreadable: pl.DataFrame, n_read: int) -> None:
    """Raise `InputError` where more rows are unreadable than may silently be left out."""
    if unreadable.height <= UNREADABLE_SHARE * n_read:
        return
    reasons = unreadable.group_by("reason").len().sort("len", "reason", descending=[True, False])
    reason = reasons.item(0, "reason")
    lines = unreadable["line"].sort().head(3).to_list()
    listed = ", ".join(f"{line:,}" for line in lines) + (", …" if unreadable.height > len(lines) else "")
    raise InputError(
        path,
        f"{unreadable.height:,} of {n_read:,} rows cannot be read, most often for {reason} "
        f"(line {listed}); up to {UNREADABLE_SHARE:.0%} are left out, so mend the file or export it again",
    )


def _unpack(path: Path) -> Path | bytes:
    with path.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            return path
    try:
        with gzip.open(path) as file:
            return file.read()
    except (EOFError, OSError, zlib.error):
        raise InputError(path, "its gzip compression is cut short or damaged; fetch the file again") from None


def _head(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source[:HEAD_BYTES]
    with source.open("rb") as file:
        return file.read(HEAD_BYTES)


def _refuse_what_is_not_text(path: Path, source: Path | bytes, head: bytes) -> None:
    for beginning, problem in FOREIGN.items():
        if head.startswith(beginning):
            raise InputError(path, "is " + problem)
    if not head.removeprefix(b"\xef\xbb\xbf").strip():
        raise InputError(path, "is empty; check that the export finished")
    if len(head) - len(head.translate(None, CONTROLS)) > CONTROLS_SHARE * len(head):
        raise InputError(path, "is binary, not CSV; export it as CSV in UTF-8")
    if b"\r" in head and not _count(source, b"\n"):
        raise InputError(
            path, "ends its lines with bare carriage returns; save it with Unix or Windows line ends"
        )


def _require(path: Path, head: bytes, names: Sequence[str], required: Sequence[str]) -> None:
    if not names:
        raise InputError(path, "a quote in its header does not close; save it again as CSV", line=1)
    missing = [name for name in required if name not in names]
    if missing:
        first_line = head.splitlines()[0]
        for separator, called in SEPARATORS.items():
            if len(names) == 1 and first_line.count(separator) >= len(required) - 1 > 0:
                raise InputError(path, f"its columns are separated by {called}; save it separated by commas")
        raise UnknownNameError(
            "column", missing[0], [name for name in names if name], where=f"in {show(path)}"
        )
    twice = [name for name in required if names.count(name) > 1]
    if twice:
        raise InputError(path, f"has two columns named {show(twice[0])}; leave one out")


def _scan(
    source: Path | bytes, names: Sequence[str], columns: Sequence[pl.Expr], n_header_commas: int
) -> pl.DataFrame | None:
    """Parse a file as polars does; None where it refuses, or where a row had too few fields.

    polars pads a short row in silence and refuses a long one, so no row was short if every
    comma is either inside a field or between two.
    """
    commas, newlines = (
        pl.sum_horizontal(pl.col(name).str.count_matches(sign, literal=True) for name in names)
        for sign in (",", "\n")
    )
    try:
        scan = pl.scan_csv(
            source,
            infer_schema=False,
            empty_string_is_null=False,
            encoding="utf8-lossy",
            glob=False,
            new_columns=names,
            row_index_name="(row)",
        )
        if scan.collect_schema().names() != ["(row)", *names]:
            return None
        frame = scan.select(
            "(row)", *columns, commas.alias("(commas)"), newlines.alias("(newlines)")
        ).collect()
    except pl.exceptions.PolarsError:
        return None
    between = (len(names) - 1) * frame.height
    if _count(source, b",") != n_header_commas + between + int(frame["(commas)"].cast(pl.Int64).sum()):
        return None
    in_order = frame if frame["(row)"].is_sorted() else frame.sort("(row)")
    return in_order.drop("(row)", "(commas)")


def _count(source: Path | bytes, sign: bytes) -> int:
    """How often a byte occurs in a file."""
    code = ord(sign)
    if isinstance(source, bytes):
        whole = np.frombuffer(source, np.uint8)
        return sum(
            int(np.count_nonzero(whole[start : start + CHUNK_BYTES] == code))
            for start in range(0, len(whole), CHUNK_BYTES)
        )
    count, buffer = 0, bytearray(CHUNK_BYTES)
    chunk = np.frombuffer(buffer, np.uint8)
    with source.open("rb", buffering=0) as file:
        while size := file.readinto(buffer):
            count += int(np.count_nonzero(chunk[:size] == code))
    return count


def _lines(newlines: pl.Series, gaps: Sequence[tuple[int, int]]) -> pl.Series:
    """On which line of the file each row begins, given the newlines in each and the lines left out."""
    in_earlier_rows = np.cumsum(newlines.to_numpy(), dtype=np.int64) - newlines.to_numpy()
    line = 2 + np.arange(len(newlines)) + in_earlier_rows
    if not gaps:
        return pl.Series(line)
    from_line, dropped = np.array(gaps, dtype=np.int64).T
    gap = np.searchsorted(from_line, line, side="right") - 1
    return pl.Series(line + np.where(gap < 0, 0, dropped[gap]))
