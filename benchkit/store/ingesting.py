"""From an export to the store: read, conceal, merge, write beside, and put in place at one moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import polars as pl

from benchkit.damage import undamaged
from benchkit.dataset import EXCLUDED, Dataset
from benchkit.definitions import BENCHKIT
from benchkit.errors import BenchkitError, InputError, show
from benchkit.output import write_whole
from benchkit.schema import TIME
from benchkit.sources.secrets import refuse_uri
from benchkit.store.concealing import KEY, concealed, make_key, mark_of, read_key
from benchkit.store.manifest import Manifest, Part, Source, now, read_manifest, versions
from benchkit.store.merging import Tables, by_month, merged, together
from benchkit.store.origins import files_of, identity_of, read_again, read_before, states_of, watched_by
from benchkit.store.parts import DAMAGED, conversations_in, read_part, write_part
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
    notes: Mapping[str, int]

    def sentence(self) -> str:
        """The same in words."""
        holds = f"{self.name} holds {self.messages:,} messages, as of {self.as_of[:16].replace('T', ' ')} UTC"
        if not self.changed:
            return f"nothing new: this export was ingested before; {holds}"
        told = [f"{self.added:,} messages added", f"{self.excluded:,} rows excluded"]
        told += [f"{count:,} {note}" for note, count in self.notes.items()]
        return f"{', '.join(told)}; {holds}"


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

    for told_by_user in (format, path, attributes, on):
        refuse_uri(told_by_user)
    if bool(str(attributes)) != bool(on):
        raise BenchkitError("attributes and on go together: a table, and the column to join it on; give both")
    folder = folder_of(name, root)
    complete = "" if complete_since is None else parse_time(complete_since).isoformat()
    told = {**asked, "as_of": str(as_of or ""), "complete_since": complete, "on": on}
    told["attributes"] = " ".join(file["sha256"] for file in files_of(attributes)) if attributes else ""
    told = {key: value for key, value in told.items() if value}
    known, files, since = _known(folder, name, keep_text=keep_text, keep_ids=keep_ids), None, None
    found = states_of(path)
    if known.sources:
        files = files_of(path)
        if _holds(known, identity_of(files, format, told)):
            return _done(known, folder, changed=False)
        since = read_before(known, files, format, told)
    if since is not None:
        complete = complete or since.isoformat()
        since -= _OVERLAP
    data = read_export(format, path, as_of=as_of, since=since, keep_text=known.keep_text, **asked)
    if attributes:
        from benchkit.enriching import enrich

        data = enrich(data, attributes, on=on)
    with locked(folder, waiting=progress), ThreadPoolExecutor(1) as meanwhile:
        marking = meanwhile.submit(lambda: files or files_of(path))
        before = _known(folder, name, keep_text=keep_text, keep_ids=keep_ids)
        try:
            key = _key_of(before, folder)
            data = concealed(data, key, keep_text=before.keep_text)
            files = marking.result()
            if states_of(path) != found:
                raise InputError(path, "changed while it was read; ingest it again once its export is done")
            source_id = identity_of(files, format, told)
            if _holds(before, source_id):
                return _done(before, folder, changed=False)
            before = replace(before, key_mark=mark_of(key) if key else "")
            source = Source(
                id=source_id,
                files=files,
                format=format,
                asked=told,
                as_of=data.as_of.isoformat(),
                of=_brands_and_channels(data),
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
            for brand, zone in before.time_zones.items():
                if after.time_zones[brand] != zone:
                    now_in = after.time_zones[brand]
                    progress(f"{show(brand)} was in {zone}, and all its months are counted in {now_in} now")
        except BenchkitError as error:
            raise BenchkitError(f"{error}; {show(name)} stands as it was") from None
        sweep(folder, after.files(), dropped=before.files() - after.files())
        return _done(after, folder, changed=True, before=before)


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


def _key_of(manifest: Manifest, folder: Path) -> bytes | None:
    """The key by which ids are hashed, made where a store is begun; None where they are kept."""
    if manifest.keep_ids:
        return None
    if not manifest.parts:
        make_key(folder)
    key = read_key(folder)
    if manifest.key_mark not in ("", mark_of(key)):
        raise InputError(
            folder / KEY, "is another key than ids were hashed with; put the one back that was here"
        )
    return key


def _added(folder: Path, manifest: Manifest, data: Dataset, source: Source, complete: str) -> Manifest:
    """Write what changes beside what is there, and return the manifest that names it."""
    new, again = _tables(data, source.id), read_again(manifest, source)
    kept = [known for known in manifest.sources if known.id not in again]
    taken = {known.id: datetime.fromisoformat(known.as_of) for known in (*manifest.sources, source)}
    touched = conversations_in(folder, manifest, new, again)
    was = together([read_part(folder, part).where(touched, among=True) for part in manifest.parts])
    changed = by_month(merged(was.without(again), new, taken))
    wanted = {*changed, *by_month(was)}
    after = replace(
        _described(manifest, data),
        as_of=max(known.as_of for known in (*kept, source)),
        sources=[*kept, source],
        watched=[*manifest.watched, *watched_by(kept, source, complete)],
    ).next()
    if _is_found_otherwise(manifest, after):
        wanted |= {part.month for part in manifest.parts}
    parts = {part.month: part for part in manifest.parts}

    def write(month: str) -> Part | None:
        tables = [changed[month]()] if month in changed else []
        if month in parts:
            tables.append(read_part(folder, parts[month]).where(touched, among=False))
        return write_part(folder, month, together(tables), after)

    written = [part for part in map(write, sorted(wanted)) if part is not None]
    _write_excluded(folder, manifest, data, source.id)
    unchanged = [part for month, part in parts.items() if month not in wanted]
    return replace(after, parts=sorted([*unchanged, *written], key=lambda part: part.month))


def _is_found_otherwise(before: Manifest, after: Manifest) -> bool:
    """Whether waits and weeks of parts that are there would be others now."""
    brands = {brand for source in before.sources for brand, _ in source.of}

    def found_by(manifest: Manifest) -> tuple[object, ...]:
        zones = {brand: manifest.time_zones.get(brand) for brand in brands}
        return manifest.definition, manifest.versions.get("benchkit"), zones

    return found_by(before) != found_by(after)


def _brands_and_channels(data: Dataset) -> list[list[str]]:
    pairs = data.messages.select(pl.col("brand", "channel").cast(pl.String)).unique().sort("brand", "channel")
    return [list(pair) for pair in pairs.collect().rows()]


def _tables(data: Dataset, source_id: str) -> Tables:
    messages = data.messages.collect()
    own = pl.col("as_of") if "as_of" in messages.columns else pl.lit(None, TIME)
    taken_at = pl.min_horizontal(own, pl.lit(data.as_of, TIME)).alias("as_of")
    events = pl.DataFrame() if data.events is None else data.events.collect()
    source = pl.lit(source_id).cast(pl.Categorical).alias("source")
    if events.width:
        events = events.with_columns(source)
    return together([Tables(messages.with_columns(taken_at, source), events)])


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
    """Add the rows left out to those of the exports that the manifest has, as long as it stands."""
    place = folder / EXCLUDED_FILE
    rows = data.audit.excluded.select(pl.lit(source_id).alias("source"), *EXCLUDED)
    if place.exists():
        known = [source.id for source in manifest.sources]
        with undamaged(folder, DAMAGED):
            rows = pl.concat([pl.read_parquet(place).filter(pl.col("source").is_in(known)), rows])
    write_whole(place, lambda draft: rows.write_parquet(draft))


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
        notes=newest.notes,
    )
