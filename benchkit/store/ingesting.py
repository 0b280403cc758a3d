"""From an export to the store: read, conceal, merge, write beside, and put in place at one moment."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from benchkit.dataset import EXCLUDED, Dataset
from benchkit.definitions import BENCHKIT
from benchkit.errors import BenchkitError, show
from benchkit.output import write_whole
from benchkit.sources.secrets import is_connection
from benchkit.store.concealing import concealed, make_key, read_key
from benchkit.store.manifest import Manifest, Source, now, read_manifest, versions
from benchkit.store.merging import Tables, by_month, in_order, merged, together
from benchkit.store.parts import conversations_in, read_part, write_part
from benchkit.store.places import folder_of, locked, sweep
from benchkit.times import Moment, parse_time

EXCLUDED_FILE = "excluded.parquet"
_OVERLAP = timedelta(hours=1)
"""What a database was told so long before it was last read may have come to light after that."""


class Ingested(NamedTuple):
    """What an ingest did: whether anything `changed`, and what the store holds now."""

    name: str
    folder: Path
    changed: bool
    messages: int
    added: int
    excluded: int
    as_of: str

    def sentence(self) -> str:
        """The same in words."""
        holds = f"{self.name} holds {self.messages:,} messages, as of {self.as_of[:16].replace('T', ' ')} UTC"
        if not self.changed:
            return f"nothing new: this export was ingested before; {holds}"
        return f"{self.added:,} messages added, {self.excluded:,} rows excluded; {holds}"


def ingest(
    format: str,  # noqa: A002
    path: str | Path,
    *,
    name: str,
    as_of: Moment | None = None,
    complete_since: Moment | None = None,
    keep_text: bool = False,
    keep_ids: bool = False,
    attributes: str | Path = "",
    on: str = "",
    root: str | Path = "",
    progress: Callable[[str], None] = lambda line: None,
    **asked: str,
) -> Ingested:
    """Read an export and add it to a dataset of the store, which is begun where there is none.

    >>> from tempfile import TemporaryDirectory
    >>> from benchkit.sources.messages import EXAMPLE
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "mine.csv")
    ...     _ = file.write_text(EXAMPLE, encoding="utf-8")
    ...     ingest("messages", file, name="acme", root=folder).sentence()
    '2 messages added, 0 rows excluded; acme holds 2 messages, as of 2026-03-02 09:40 UTC'

    `format`, `path`, `as_of` and what else is `asked` (`brand`, `channel`, `timezone`) are as in
    `read_export`. Of messages and conversations that the dataset holds already, those of the newer
    export stand; what it does not hold is kept. `complete_since` says that every message from then
    to `as_of` is in the export, so that conversations it does not hold were watched too.
    `attributes` is a table joined `on` a column, as `enrich` does. Text is stored only with
    `keep_text`, customers' ids as hashes unless `keep_ids`: both are settled by the first export.

    What stops it on the way leaves the dataset as it was. Raises `BenchkitError` for what cannot be
    read, or cannot be added to what is there.
    """
    from benchkit.sources.exports import read_export

    folder = folder_of(name, root)
    complete = "" if complete_since is None else parse_time(complete_since).isoformat()
    files = _files(path, attributes)
    told = {**asked, "as_of": str(as_of or ""), "complete_since": complete, "on": on}
    told = {key: value for key, value in told.items() if value}
    source_id = _identity(files, format, told)
    known = _known(folder, name, keep_text=keep_text, keep_ids=keep_ids)
    if _holds(known, source_id):
        return _done(known, folder, changed=False)
    since = _read_before(known, format, path)
    if since is not None:
        complete = complete or since.isoformat()
        since -= _OVERLAP
    data = read_export(format, path, as_of=as_of, since=since, keep_text=known.keep_text, **asked)
    if attributes:
        from benchkit.enriching import enrich

        data = enrich(data, attributes, on=on)
    with locked(folder, waiting=progress):
        before = _known(folder, name, keep_text=keep_text, keep_ids=keep_ids)
        if _holds(before, source_id):
            return _done(before, folder, changed=False)
        try:
            data = _as_kept(data, before, folder)
            source = Source(
                id=source_id,
                files=files,
                format=format,
                asked=told,
                as_of=data.as_of.isoformat(),
                ingested_at=now(),
                rows_read=data.audit.rows_read,
                rows_kept=data.messages.select(pl.len()).collect().item(),
                blank_rows=data.audit.blank_rows,
                excluded=dict(data.audit.excluded["reason"].value_counts(sort=True).iter_rows()),
                notes=dict(data.audit.notes),
                versions=versions(),
            )
            after = _added(folder, before, data, source, complete)
            after.save(folder)
        except BenchkitError as error:
            raise BenchkitError(f"{error}; {show(name)} stands as it was") from None
        sweep(folder, after.files())
        return _done(after, folder, changed=True, before=before)


def _read_before(manifest: Manifest, format: str, path: str | Path) -> datetime | None:  # noqa: A002
    """When a database that tells what changed was last read into the store."""
    from benchkit.sources.exports import INCREMENTAL

    if format not in INCREMENTAL or not is_connection(path):
        return None
    same = [source for source in manifest.sources if (source.format, source.files) == (format, _files(path))]
    return max((datetime.fromisoformat(source.as_of) for source in same), default=None)


def _known(folder: Path, name: str, *, keep_text: bool, keep_ids: bool) -> Manifest:
    """What the store holds, or how it is begun; raises `BenchkitError` where it keeps less than is asked."""
    manifest = read_manifest(folder)
    if manifest is None:
        return Manifest(name, keep_text=keep_text, keep_ids=keep_ids)
    for asked, kept, what in (
        (keep_text, manifest.keep_text, "text"),
        (keep_ids, manifest.keep_ids, "customers' ids"),
    ):
        if asked and not kept:
            raise BenchkitError(
                f"{show(name)} was begun without {what}; ingest all its exports under another name"
            )
    return manifest


def _holds(manifest: Manifest, source_id: str) -> bool:
    return any(source.id == source_id for source in manifest.sources)


def _as_kept(data: Dataset, manifest: Manifest, folder: Path) -> Dataset:
    if manifest.keep_ids:
        return concealed(data, None, keep_text=manifest.keep_text)
    if not manifest.parts:
        make_key(folder)
    return concealed(data, read_key(folder), keep_text=manifest.keep_text)


def _added(folder: Path, manifest: Manifest, data: Dataset, source: Source, complete: str) -> Manifest:
    """Write what changes beside what is there, and return the manifest that names it."""
    new = _tables(data)
    touched = conversations_in(folder, manifest, new)
    was = together([read_part(folder, part).where(touched, among=True) for part in manifest.parts])
    changed = by_month(merged(was, new))
    wanted = {*changed, *by_month(was)}
    after = replace(
        _described(manifest, data),
        as_of=max(manifest.as_of, source.as_of),
        sources=[*manifest.sources, source],
        watched=[*manifest.watched, *([{"since": complete, "as_of": source.as_of}] if complete else [])],
    ).next()
    if _is_found_otherwise(manifest, after):
        wanted |= {part.month for part in manifest.parts}
    parts = {part.month: part for part in manifest.parts}
    for month in sorted(wanted):
        tables = changed.get(month) or together([])
        if month in parts:
            tables = together([tables, read_part(folder, parts[month]).where(touched, among=False)])
            tables = replace(tables, messages=in_order(tables.messages))
        part = write_part(folder, month, tables, after)
        parts.pop(month, None)
        if part is not None:
            parts[month] = part
    _write_excluded(folder, after, data, source.id)
    return replace(after, parts=[parts[month] for month in sorted(parts)])


def _is_found_otherwise(before: Manifest, after: Manifest) -> bool:
    """Whether waits and weeks of parts that are there would be others now."""
    moved = {brand: zone for brand, zone in before.time_zones.items() if after.time_zones[brand] != zone}
    known = (before.definition, before.versions.get("benchkit"))
    return bool(moved) or known != (after.definition, after.versions["benchkit"])


def _tables(data: Dataset) -> Tables:
    messages = data.messages.collect()
    if "as_of" not in messages.columns:
        messages = messages.with_columns(pl.lit(data.as_of).alias("as_of"))
    events = pl.DataFrame() if data.events is None else data.events.collect()
    return together([Tables(messages, events)])


def _described(manifest: Manifest, data: Dataset) -> Manifest:
    """The manifest with what the newer export says of itself."""
    about = manifest.about
    licences = [name for name in (about.get("licence"), data.about.licence) if name]
    return replace(
        manifest,
        about={
            "licence": "; ".join(dict.fromkeys(licences)),
            "selection": about.get("selection") or data.about.selection,
        },
        personal=sorted({*manifest.personal, *data.personal}),
        time_zones={**manifest.time_zones, **data.time_zones},
        calendars=data.calendars.to_mapping() if data.calendars else manifest.calendars,
        definition=BENCHKIT.hash,
        versions=versions(),
    )


def _write_excluded(folder: Path, manifest: Manifest, data: Dataset, source_id: str) -> None:
    """Add the rows left out to those of earlier exports; rows of a source not in the manifest go."""
    place = folder / EXCLUDED_FILE
    rows = data.audit.excluded.select(pl.lit(source_id).alias("source"), *EXCLUDED)
    if place.exists():
        kept = [source.id for source in manifest.sources if source.id != source_id]
        rows = pl.concat([pl.read_parquet(place).filter(pl.col("source").is_in(kept)), rows])
    write_whole(place, lambda draft: rows.write_parquet(draft))


def _files(*paths: str | Path) -> list[dict[str, Any]]:
    """Name, size and hash of the files that will be read; of a database, where its URI stands."""
    from benchkit.sources.raw.files import SourceFile, find_files

    named = [path for path in paths if str(path)]
    places = [path for path in named if not is_connection(path)]
    origins = dict.fromkeys(file.origin for path in places for file in find_files(path))
    read = [SourceFile(origin, origin.stat().st_size) for origin in origins]
    files = [{"name": file.name, "bytes": file.bytes, "sha256": file.sha256} for file in read]
    return [*files, *({"name": str(path)} for path in named if is_connection(path))]


def _identity(files: list[dict[str, Any]], format: str, told: Mapping[str, str]) -> str:  # noqa: A002
    """What tells an ingest from another: what is read, of a database now, and how it is read."""
    mapping = Path(format)
    rules = hashlib.sha256(mapping.read_bytes()).hexdigest() if mapping.is_file() else format
    content = sorted(file.get("sha256") or f"{file['name']} {time.time_ns()}" for file in files)
    return hashlib.sha256(json.dumps([content, rules, dict(sorted(told.items()))]).encode()).hexdigest()[:16]


def _done(manifest: Manifest, folder: Path, *, changed: bool, before: Manifest | None = None) -> Ingested:
    def count(told: Manifest | None) -> int:
        return sum(part.rows["messages"] for part in told.parts) if told else 0

    newest = manifest.sources[-1]
    return Ingested(
        name=manifest.name,
        folder=folder,
        changed=changed,
        messages=count(manifest),
        added=count(manifest) - count(before) if changed else 0,
        excluded=sum(newest.excluded.values()) if changed else 0,
        as_of=manifest.as_of,
    )
