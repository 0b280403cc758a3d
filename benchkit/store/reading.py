"""From the store to a Dataset: lazily, with the waits that were found when it was written."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from benchkit.calendars import Calendars
from benchkit.damage import undamaged
from benchkit.dataset import EXCLUDED, About, Audit, Dataset, Found
from benchkit.errors import BenchkitError
from benchkit.finding import volumes_of
from benchkit.schema import TIME
from benchkit.store.concealing import keyed_hash, read_key
from benchkit.store.ingesting import EXCLUDED_FILE
from benchkit.store.manifest import Manifest, read_manifest, versions
from benchkit.store.parts import DAMAGED, DERIVED
from benchkit.store.places import existing_folder, find_root, names_in
from benchkit.turns import turns_of


def open_dataset(name: str, *, root: str | Path = "") -> Dataset:
    """A dataset of the store, as `benchkit ingest` has written it; nothing is read but what is asked of it.

    >>> from tempfile import TemporaryDirectory
    >>> from benchkit.sources.messages import EXAMPLE
    >>> from benchkit.store import ingest
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "mine.csv")
    ...     _ = file.write_text(EXAMPLE, encoding="utf-8")
    ...     _ = ingest("messages", file, name="acme", root=folder)
    ...     open_dataset("acme", root=folder)
    Dataset('acme', as of 2026-03-02 09:40 UTC)

    It is looked for in `data/store`, here and in the folders above, or else under `root`. Raises
    `UnknownNameError` for a dataset that is not there, and `InputError` for one that is damaged.
    """
    folder = existing_folder(name, root)
    manifest = read_manifest(folder)
    if manifest is None:
        raise BenchkitError(f"{name} was removed while it was opened; ingest its exports anew")
    stored = _scan(folder, manifest, "messages")
    taken_at = _watched_until(manifest)
    messages = stored.drop("number", "source").with_columns(taken_at.alias("as_of"))
    return Dataset(
        messages=messages,
        as_of=manifest.taken_at,
        about=About(name, **manifest.about),
        events=_scan(folder, manifest, "events").drop("source"),
        audit=_audit(folder, manifest),
        time_zones=manifest.time_zones,
        calendars=Calendars.from_mapping(manifest.calendars) if manifest.calendars else None,
        personal=tuple(manifest.personal),
        found=_found(folder, manifest, messages, stored, taken_at),
        concealed=None if manifest.keep_ids else lambda ids: keyed_hash(read_key(folder))(ids),
    )


def datasets(*, root: str | Path = "") -> pl.DataFrame:
    """What is in the store: a row for each dataset, with its messages and when the newest export was taken.

    Of one that is damaged there is its name alone.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     datasets(root=folder).columns
    ['dataset', 'exports', 'messages', 'waits', 'first', 'last', 'as_of', 'megabytes']
    """
    place = find_root(root)
    rows: list[dict[str, Any]] = []
    for name in names_in(place):
        try:
            manifest = read_manifest(place / name)
        except BenchkitError:
            rows.append({"dataset": name})
            continue
        if manifest is None:
            continue
        size = sum(size for part in manifest.parts for size in part.bytes.values())
        rows.append(
            {
                "dataset": name,
                "exports": len(manifest.sources),
                "messages": sum(part.rows["messages"] for part in manifest.parts),
                "waits": sum(part.rows["waits"] for part in manifest.parts),
                "first": min((datetime.fromisoformat(part.first) for part in manifest.parts), default=None),
                "last": max((datetime.fromisoformat(part.last) for part in manifest.parts), default=None),
                "as_of": manifest.taken_at,
                "megabytes": size / 1e6,
            }
        )
    return pl.DataFrame(rows, schema=_LISTED)


_LISTED = {
    "dataset": pl.String(),
    "exports": pl.Int64(),
    "messages": pl.Int64(),
    "waits": pl.Int64(),
    "first": TIME,
    "last": TIME,
    "as_of": TIME,
    "megabytes": pl.Float64(),
}


def _scan(folder: Path, manifest: Manifest, table: str) -> pl.LazyFrame:
    """One table of all parts, with the columns that any of them has."""
    places = [folder / part.files[table] for part in manifest.parts]
    with undamaged(folder, DAMAGED):
        schema = pl.Schema({})
        for place, part in zip(places, manifest.parts, strict=True):
            if place.stat().st_size != part.bytes[table]:
                raise OSError(place)
            schema.update(pl.read_parquet_schema(place))
    return pl.scan_parquet(places, schema=schema, missing_columns="insert", glob=False)


def _watched_until(manifest: Manifest) -> pl.Expr:
    """Until when a conversation was watched: to its newest export, and through complete ones after it."""
    taken_at = pl.col("as_of")
    for export in sorted(manifest.watched, key=lambda told: told["as_of"]):
        since, until = (pl.lit(datetime.fromisoformat(export[name]), TIME) for name in ("since", "as_of"))
        is_of = pl.any_horizontal(
            pl.lit(False),
            *((pl.col("brand") == brand) & (pl.col("channel") == name) for brand, name in export["of"]),
        )
        is_seen = is_of & (taken_at >= since) & (taken_at < until)
        taken_at = pl.when(is_seen).then(until).otherwise(taken_at)
    return taken_at


def _audit(folder: Path, manifest: Manifest) -> Audit:
    notes: Counter[str] = Counter()
    for source in manifest.sources:
        notes.update(source.notes)
    with undamaged(folder, DAMAGED):
        excluded = pl.read_parquet(folder / EXCLUDED_FILE)
    names = {source.id: source.files[0]["name"] for source in manifest.sources if source.files}
    file = pl.coalesce("file", pl.col("source").replace_strict(names, default=None, return_dtype=pl.String))
    return Audit(
        rows_read=sum(source.rows_read for source in manifest.sources),
        blank_rows=sum(source.blank_rows for source in manifest.sources),
        excluded=excluded.filter(pl.col("source").is_in([source.id for source in manifest.sources]))
        .with_columns(file.alias("file"))
        .select(*EXCLUDED),
        notes=dict(notes),
    )


def _found(
    folder: Path, manifest: Manifest, messages: pl.LazyFrame, stored: pl.LazyFrame, taken_at: pl.Expr
) -> Found | None:
    """The waits that were found when the parts were written; None where they would be others now."""
    if manifest.versions.get("benchkit") != versions()["benchkit"]:
        return None
    waits = _scan(folder, manifest, "waits").with_columns(**DERIVED)
    if manifest.watched:
        is_open, age = pl.col("outcome") == "awaiting", taken_at - pl.col("started_at")
        waits = waits.with_columns(
            pl.when(is_open).then(age.dt.total_seconds()).otherwise("wait_seconds").alias("wait_seconds"),
            taken_at.alias("as_of"),
        )
    return Found(
        messages=messages,
        as_of=manifest.taken_at,
        definition=manifest.definition,
        time_zones=manifest.time_zones,
        waits=waits,
        volumes=volumes_of(turns_of(stored.drop("source"))),
        weeks=None if manifest.watched else _scan(folder, manifest, "weeks"),
    )
