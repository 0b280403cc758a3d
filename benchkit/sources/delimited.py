"""Comma-separated files as rows of text, what is no such file refused, and what readers share."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from benchkit.dataset import as_excluded
from benchkit.errors import NO_PERMISSION, InputError, UnknownNameError, show
from benchkit.schema import EVENTS, MESSAGES
from benchkit.sources.scanning import Header, Rows, parse_rows
from benchkit.sources.splitter import split_header

UNREADABLE_SHARE = 0.05
"""The largest share of a file's rows that may be left out because they cannot be read."""

HEAD_BYTES = 2**20

FOREIGN = {
    b"PK\x03\x04": "a zip archive or an Excel workbook, not CSV; unpack it, or export the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook, not CSV; export the sheet as CSV",
    b"\x89PNG": "a picture, not CSV; name another file",
    b"PAR1": "Parquet, not CSV; read it with read_messages if it holds messages",
    b"\xff\xfe": "UTF-16 text; save it as CSV in UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as CSV in UTF-8",
    b"BZh": "compressed with bzip2; unpack it, or compress it with gzip",
    b"\xfd7zXZ": "compressed with xz; unpack it, or compress it with gzip",
    b"\x28\xb5\x2f\xfd": "compressed with zstd; unpack it, or compress it with gzip",
}
"""How files that are not CSV begin, and what to do with them."""

_JSON = re.compile(rb'\[\s*\{|\{\s*"')
_CANONICAL = {*MESSAGES.all_columns, *EVENTS.all_columns}
SEPARATORS = {b";": "semicolons", b"\t": "tabs", b"|": "bars"}
CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\v\f\r")


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
    head = head_of(source, HEAD_BYTES)
    _refuse_what_is_not_text(path, head)
    names, start = split_header(head)
    _require(path, head, names, required)
    names = [name if name not in names[:i] else f"again {i}" for i, name in enumerate(names)]

    header = Header(names, start, line=1 + head.count(b"\n", 0, start))
    rows = parse_rows(path, source, header, required, select(names))
    if not rows.n_read:
        raise InputError(path, "has a header and no rows; check that the export finished")
    return rows


def head_of(content: Path | bytes, n_bytes: int) -> bytes:
    """The first bytes of a file's content."""
    if isinstance(content, bytes):
        return content[:n_bytes]
    with content.open("rb") as file:
        return file.read(n_bytes)


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
    except InputError:
        raise
    except PermissionError:
        raise InputError(path, NO_PERMISSION) from None
    except (OSError, RuntimeError, ValueError):
        raise InputError(path, "cannot be opened; check its name and folder") from None


def name_of(path: str | Path) -> str:
    """What a file is called, without its endings.

    >>> name_of("raw/twcs.csv.gz")
    'twcs'
    """
    return Path(Path(path).name.removesuffix(".gz")).stem


def set_aside(
    frame: pl.DataFrame,
    kind: str,
    reasons: Mapping[str, pl.Expr] | pl.Expr,
    told: Mapping[str, str | pl.Expr] | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the rows that no reason applies to from those left out, each for its first reason.

    What is left out tells its row: the columns of messages or events, or those that `told` names.
    """
    columns = told or {name: name for name in frame.columns if name in _CANONICAL}
    row = pl.struct(
        (pl.col(value) if isinstance(value, str) else value).alias(name) for name, value in columns.items()
    )
    if not isinstance(reasons, pl.Expr):
        reasons = pl.coalesce(pl.when(test).then(pl.lit(sentence)) for sentence, test in reasons.items())
    why = frame.select(reasons.alias("reason")).to_series()
    left_out = why.is_not_null()
    if not left_out.any():
        return frame, as_excluded(pl.DataFrame())
    excluded = frame.filter(left_out).select(
        *(["file", "line"] if "file" in frame.columns else ["line"]),
        pl.lit(kind).alias("kind"),
        why.filter(left_out),
        row.struct.json_encode().alias("row") if columns else pl.lit(None, pl.String).alias("row"),
    )
    return frame.filter(~left_out), as_excluded(excluded)


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
    lines = unreadable["line"].unique().sort().to_list()
    listed = ", ".join(f"{line:,}" for line in lines[:3]) + (", …" if len(lines) > 3 else "")
    raise InputError(
        path,
        f"{unreadable.height:,} of {n_read:,} rows cannot be read, most often for {reason} "
        f"(line {listed}); up to {UNREADABLE_SHARE:.0%} are left out, so mend the file or export it again",
    )


def _unpack(path: Path) -> Path | bytes:
    """The file, or its text where it is compressed, or where its last line does not end.

    In such a last line, polars overlooks a field too many and a quote that does not close.
    """
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
        ends = file.seek(0, 2) == 0 or (file.seek(-1, 2), file.read(1))[1] == b"\n"
    if ends and not compressed:
        return path
    try:
        with gzip.open(path) if compressed else path.open("rb") as file:
            text = file.read()
    except (EOFError, OSError, zlib.error):
        raise InputError(path, "its gzip compression is cut short or damaged; fetch the file again") from None
    return text if text.endswith(b"\n") else text + b"\n"


def _refuse_what_is_not_text(path: Path, head: bytes) -> None:
    for beginning, problem in FOREIGN.items():
        if head.startswith(beginning):
            raise InputError(path, "is " + problem)
    content = head.removeprefix(b"\xef\xbb\xbf").strip()
    if not content:
        raise InputError(path, "is empty; check that the export finished")
    if _JSON.match(content):
        raise InputError(path, "is JSON, not CSV; name the format that wrote it, or read it with a mapping")
    first_line = head.partition(b"\n")[0]
    if first_line != first_line.translate(None, CONTROLS):
        raise InputError(path, "is binary, not CSV; export it as CSV in UTF-8")
    text = head.removesuffix(b"\n").removesuffix(b"\r")
    if b"\r" in text and b"\n" not in text:
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
