"""Where a store's files are, and how they get there: whole, one writer at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchkit.errors import BenchkitError, UnknownNameError, show
from benchkit.folders import folder_name

ROOT = Path("data/store")
MANIFEST = "manifest.json"
COPY = "manifest.copy.json"
LOCK_SECONDS = 600
"""How long a second ingest waits for the first."""

_FORGOTTEN_SECONDS = 86_400


def find_root(root: str | Path = "") -> Path:
    """The folder of all stores: the one named, or `data/store` here or in a folder above that has one."""
    if root:
        return Path(root)
    here = Path.cwd()
    return next((place / ROOT for place in (here, *here.parents) if (place / ROOT).is_dir()), here / ROOT)


def folder_of(name: str, root: str | Path = "") -> Path:
    """The folder of a dataset, whose name must be one that a folder may have.

    >>> folder_of("acme", "stores").name
    'acme'
    """
    if not name or folder_name(name) != name or name.casefold() != name:
        raise BenchkitError(
            f"{show(name)} cannot be a dataset's name; use small letters, digits, - and _, such as acme"
        )
    return find_root(root) / name


def existing_folder(name: str, root: str | Path = "") -> Path:
    """The folder of a dataset that was ingested; raises `UnknownNameError` for one that is not there."""
    folder = folder_of(name, root)
    if not any((folder / name).is_file() for name in (MANIFEST, COPY)):
        known = names_in(folder.parent)
        where = f"in {show(folder.parent)}"
        if not known:
            raise BenchkitError(f"no dataset {show(name)} {where}; make one with benchkit ingest")
        raise UnknownNameError("dataset", name, known, where=where)
    return folder


def names_in(root: Path) -> list[str]:
    """The datasets in a folder of stores."""
    return sorted(place.parent.name for place in root.glob(f"*/{MANIFEST}"))


@contextmanager
def locked(
    folder: Path, *, seconds: float = LOCK_SECONDS, waiting: Callable[[str], None] = lambda line: None
) -> Iterator[None]:
    """Be the only one who writes to a folder; wait for whoever does, and say so."""
    from filelock import FileLock, Timeout

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.parent / f".{folder.name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waiting(f"another ingest is writing to {show(folder.name)}; waiting for it")
            lock.acquire(timeout=seconds)
    except Timeout:
        raise BenchkitError(
            f"another ingest has been writing to {show(folder.name)} for {seconds:,.0f} s; try again later"
        ) from None
    except OSError as error:
        raise BenchkitError(
            f"cannot write to {show(folder)} ({error.strerror}); name another folder"
        ) from error
    try:
        yield
    finally:
        lock.release()


def sweep(folder: Path, kept: Collection[str], *, dropped: Collection[str]) -> None:
    """Remove what no manifest has named for a day: who opened the dataset before may still be reading it."""
    for name in dropped:
        with suppress(OSError):
            os.utime(folder / name)
    unfinished = (place for place in folder.iterdir() if place.name.startswith("."))
    for place in (*folder.glob("parts/*/*"), *unfinished):
        with suppress(OSError):
            is_old = time.time() - place.stat().st_mtime > _FORGOTTEN_SECONDS
            if is_old and place.relative_to(folder).as_posix() not in kept:
                place.unlink()
