"""Tables for other programs: whole files or none, and nothing that a spreadsheet would run."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import polars as pl
import polars.selectors as cs

from benchkit.errors import InputError

_FORMULA = r"^[=+\-@＝＋－＠\t\r\n]"


def spreadsheet_safe(frame: pl.DataFrame) -> pl.DataFrame:
    """Put an apostrophe before text that a spreadsheet would take for a formula.

    >>> spreadsheet_safe(pl.DataFrame({"brand": ["=1+1", "Acme"]}))["brand"].to_list()
    ["'=1+1", 'Acme']
    """
    text = frame.select(cs.string() | cs.categorical() | cs.enum()).columns
    return frame.with_columns(pl.col(text).cast(pl.String)).with_columns(
        pl.when(pl.col(name).str.contains(_FORMULA))
        .then(pl.concat_str(pl.lit("'"), name))
        .otherwise(name)
        .alias(name)
        for name in text
    )


def write_table(frame: pl.DataFrame, path: str | Path) -> Path:
    """Write a table as Parquet or CSV, by the ending of the name, whole or not at all."""
    writers: dict[str, Callable[[Path], object]] = {
        ".parquet": lambda place: frame.write_parquet(place),
        ".csv": lambda place: spreadsheet_safe(frame).write_csv(place),
    }
    ending = Path(path).suffix.lower()
    if ending not in writers:
        raise InputError(path, "this ending says no format; name a file that ends in .parquet or .csv")
    return write_whole(path, writers[ending])


def write_whole(path: str | Path, write: Callable[[Path], object]) -> Path:
    """Have a file written beside its place, and put there when all of it has reached the disk."""
    target = Path(path)
    if target.is_dir():
        raise InputError(path, "this is a folder; name a file in it")
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write(draft)
        with draft.open("rb+") as written:
            os.fsync(written.fileno())
        draft.replace(target)
        _sync_folder(target.parent)
    except (OSError, pl.exceptions.PolarsError) as error:
        why = getattr(error, "strerror", None) or _OF_THE_SYSTEM.sub("", str(error)) or "it takes no files"
        raise InputError(path, f"cannot be written ({why}); make room, or name another place") from None
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return target


_OF_THE_SYSTEM = re.compile(r"^.*IO error: | \(os error \d+\)$", re.DOTALL)


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # which some systems cannot
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
