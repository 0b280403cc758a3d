"""What tells exports apart, and what one says of others: read before, read again, watched meanwhile."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from benchkit.errors import BenchkitError
from benchkit.sources.secrets import connection_uri, is_connection, masked
from benchkit.store.manifest import Manifest, Source


def files_of(path: str | Path) -> list[dict[str, Any]]:
    """Name, size and hash of the files that will be read; of a database what tells it, and nothing secret."""
    from benchkit.sources.raw.files import SourceFile

    if is_connection(path):
        address = masked(connection_uri(path))
        return [{"name": path, "database": hashlib.sha256(address.encode()).hexdigest()[:16]}]
    read = [SourceFile(origin, origin.stat().st_size) for origin in _origins_of(path)]
    return [{"name": file.name, "bytes": file.bytes, "sha256": file.sha256} for file in read]


def states_of(path: str | Path) -> dict[Path, tuple[int, int]]:
    """How large files are and when they were written last, which tells whether they change while read."""
    told = {} if is_connection(path) else {origin: origin.stat() for origin in _origins_of(path)}
    return {origin: (state.st_size, state.st_mtime_ns) for origin, state in told.items()}


def _origins_of(path: str | Path) -> list[Path]:
    from benchkit.sources.raw.files import find_files

    return list(dict.fromkeys(file.origin for file in find_files(path)))


def identity_of(files: list[dict[str, Any]], format: str, told: Mapping[str, str]) -> str:  # noqa: A002
    """What tells an ingest from another: what is read, of a database now, and how it is read."""
    mapping = Path(format)
    rules = hashlib.sha256(mapping.read_bytes()).hexdigest() if mapping.is_file() else format
    content = sorted(file.get("sha256") or f"{file['name']} {time.time_ns()}" for file in files)
    return hashlib.sha256(json.dumps([content, rules, dict(sorted(told.items()))]).encode()).hexdigest()[:16]


def read_before(
    manifest: Manifest,
    files: list[dict[str, Any]],
    format: str,  # noqa: A002
    told: Mapping[str, str],
) -> datetime | None:
    """When a database that tells what changed was last read into the store in the same way."""
    from benchkit.sources.exports import INCREMENTAL

    if format not in INCREMENTAL or "database" not in files[0]:
        return None
    same = [source for source in _alike(manifest, format, told) if source.files == files]
    return max((datetime.fromisoformat(source.as_of) for source in same), default=None)


def _alike(manifest: Manifest, format: str, told: Mapping[str, str]) -> list[Source]:  # noqa: A002
    """The exports of the same format that were read in the same way."""

    def how(asked: Mapping[str, str]) -> dict[str, str]:
        return {key: value for key, value in asked.items() if key not in ("as_of", "complete_since")}

    return [
        source for source in manifest.sources if (source.format, how(source.asked)) == (format, how(told))
    ]


def read_again(manifest: Manifest, source: Source) -> list[str]:
    """The sources that were the same files, read in another way: what was read of them then goes."""

    def content(files: list[dict[str, Any]]) -> list[str]:
        return sorted(str(file.get("sha256")) for file in files)

    is_file = all("sha256" in file for file in source.files)
    return [
        known.id for known in manifest.sources if is_file and content(known.files) == content(source.files)
    ]


def watched_by(kept: list[Source], source: Source, complete: str) -> list[dict[str, Any]]:
    """The span of which an export holds every message, of what it and those like it are about."""
    if not complete:
        return []
    if complete > source.as_of:
        raise BenchkitError(
            f"complete_since {complete} is later than the export was taken, which was {source.as_of}; "
            "name when its first message could have been sent"
        )
    alike = _alike(Manifest("", sources=kept), source.format, source.asked)
    of = {tuple(pair) for known in (*alike, source) for pair in known.of}
    return [{"since": complete, "as_of": source.as_of, "of": [list(pair) for pair in sorted(of)]}]
