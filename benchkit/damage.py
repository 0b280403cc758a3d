"""Files of ours that somebody has damaged: told in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from benchkit.errors import NO_PERMISSION, InputError


@contextmanager
def undamaged(path: Path, problem: str) -> Iterator[None]:
    """Raise `InputError` with this problem where polars or the system cannot read a file."""
    try:
        yield
    except PermissionError:
        raise InputError(path, NO_PERMISSION) from None
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        raise InputError(path, problem) from None
