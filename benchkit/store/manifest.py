"""The manifest: what a store holds, where each part of it lies, and what it was made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from benchkit.dataset import About
from benchkit.errors import BenchkitError, InputError
from benchkit.output import write_whole
from benchkit.store.places import COPY, MANIFEST

FORMAT = 1
_ANEW = "move this dataset's folder away, and ingest its exports anew"
TABLES = ("messages", "events", "waits", "weeks")


@dataclass(frozen=True)
class Source:
    """An export that was ingested: its files, how it was read, of what brands and channels, what it held."""

    id: str
    files: list[dict[str, Any]]
    format: str
    asked: dict[str, str]
    as_of: str
    of: list[list[str]]
    ingested_at: str
    rows_read: int
    rows_kept: int
    blank_rows: int
    excluded: dict[str, int]
    notes: dict[str, int]
    versions: dict[str, str]


@dataclass(frozen=True)
class Part:
    """The conversations that began in a month: a file for each table, and which time they span."""

    month: str
    files: dict[str, str]
    rows: dict[str, int]
    bytes: dict[str, int]
    first: str
    last: str


@dataclass(frozen=True)
class Manifest:
    """All that is to be known of a store; it holds what this names and nothing else.

    `watched` are the exports that held every message of a span: `since`, `as_of`, and `of` which
    brands and channels.
    """

    name: str
    generation: int = 0
    keep_text: bool = False
    keep_ids: bool = False
    key_mark: str = ""
    as_of: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    personal: list[str] = field(default_factory=lambda: ["sender_id"])
    time_zones: dict[str, str] = field(default_factory=dict)
    calendars: dict[str, Any] | None = None
    definition: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    watched: list[dict[str, Any]] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)

    @property
    def taken_at(self) -> datetime:
        """When the newest of the exports was taken."""
        return datetime.fromisoformat(self.as_of)

    def files(self) -> set[str]:
        """The files that hold the rows."""
        return {place for part in self.parts for place in part.files.values()}

    def next(self, **changes: Any) -> Manifest:
        """The manifest that follows this one."""
        return replace(self, generation=self.generation + 1, **changes)

    def save(self, folder: Path) -> None:
        """Put it in the place of the one before: at that moment, and whole, the store changes."""
        told = {"format": FORMAT, **asdict(self)}
        text = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
        write_whole(folder / MANIFEST, lambda place: place.write_text(text, encoding="utf-8"))
        with suppress(BenchkitError, OSError):  # the store has changed all the same
            write_whole(folder / COPY, lambda place: place.write_text(text, encoding="utf-8"))


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a store, or None where nothing was ingested yet; raises `InputError`."""
    place = folder / MANIFEST
    try:
        told = json.loads(place.read_text(encoding="utf-8"))
        if told.pop("format") != FORMAT:
            raise InputError(place, f"is of another version of benchkit; {_ANEW}")
        return _manifest(told)
    except FileNotFoundError:
        if (folder / COPY).exists():
            raise InputError(place, f"is missing; copy {COPY}, which is beside it, to its place") from None
        return None
    except BenchkitError:
        raise
    except OSError as error:
        raise InputError(place, f"cannot be read ({error.strerror})") from None
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise InputError(place, f"is damaged; {_ANEW}") from None


def _manifest(told: Mapping[str, Any]) -> Manifest:
    sources = [Source(**source) for source in told["sources"]]
    parts = [Part(**part) for part in told["parts"]]
    manifest = Manifest(**{**told, "sources": sources, "parts": parts})
    for place in manifest.files():
        if Path(place).is_absolute() or ".." in Path(place).parts:
            raise ValueError(place)
    times = [manifest.as_of, *(export[key] for export in manifest.watched for key in ("since", "as_of"))]
    if any(datetime.fromisoformat(time).tzinfo is None for time in times):
        raise ValueError(times)
    for zone in manifest.time_zones.values():
        ZoneInfo(zone)
    About("", **manifest.about)
    if not all(isinstance(name, str) for name in manifest.personal):
        raise TypeError(manifest.personal)
    return manifest


def versions() -> dict[str, str]:
    """Which benchkit and polars wrote what is written now."""
    import polars

    from benchkit import __version__

    return {"benchkit": __version__, "polars": polars.__version__}


def now() -> str:
    """The time, as a manifest says it."""
    return datetime.now(UTC).isoformat(timespec="seconds")
