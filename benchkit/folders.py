"""Folders of results: named safely, and there whole or not at all."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchkit.errors import BenchkitError, show

_FORGOTTEN_SECONDS = 86_400


def folder_name(name: str) -> str:
    """A name as a folder's, safe on every system; a name that is changed for it gets a hash.

    >>> folder_name("AppleSupport"), folder_name("한국 전력"), folder_name("../../etc")
    ('AppleSupport', '한국-전력-6e74cc', 'etc-74ccf3')
    """
    safe = re.sub(r"\W+", "-", unicodedata.normalize("NFC", name)).strip("-_")[:60]
    is_reserved = re.fullmatch(r"all|con|prn|aux|nul|(com|lpt)\d", safe, re.IGNORECASE)
    if safe == name and not is_reserved:
        return safe
    return f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:6]}".lstrip("-")


class IncompleteError(BenchkitError):
    """A result that could not be completed, although what there is of it is worth keeping."""

    exit_code = 1


@contextmanager
def replaced_when_complete(place: Path, *, kept: str) -> Iterator[Path]:
    """Give a folder to fill, and move it to `place` when it is complete.

    What stops it on the way leaves what was at `place` as it was. At an `IncompleteError`
    the part called `kept` is moved beside `place`, and the error says where.
    """
    failed = place.with_name(f"{place.name}-failed")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _sweep(place)
        work = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    except OSError as error:
        raise BenchkitError(
            f"cannot write to {show(place.parent, limit=400)}: {error.strerror}; name another folder"
        ) from error
    draft, previous = work / "draft", work / "previous"
    try:
        (draft / kept).mkdir(parents=True)
        yield draft
        if place.exists():
            place.rename(previous)
        draft.rename(place)
        shutil.rmtree(failed, ignore_errors=True)
    except IncompleteError as error:
        shutil.rmtree(failed, ignore_errors=True)
        (draft / kept).rename(failed)
        raise type(error)(f"{error}\nas far as it got: {show(failed, limit=400)}") from error
    except OSError as error:
        raise BenchkitError(
            f"could not write {show(place, limit=400)}: {error.strerror}; the last one stands"
        ) from error
    finally:
        if previous.exists() and not place.exists():
            previous.rename(place)
        shutil.rmtree(work, ignore_errors=True)


def _sweep(place: Path) -> None:
    """Remove what runs that were killed have left here, a day and more ago."""
    for left in place.parent.glob(f".{place.name}-*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _FORGOTTEN_SECONDS:
                shutil.rmtree(left)
