"""The parts of a store: the conversations that began in a month, with their waits and weekly life tables."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from pathlib import Path

import polars as pl

from benchkit.damage import undamaged
from benchkit.dataset import About, Dataset
from benchkit.finding import find_waits
from benchkit.lifetables import weekly_life_tables
from benchkit.output import write_whole
from benchkit.schema import EVENTS, MESSAGES, check
from benchkit.store.manifest import TABLES, Manifest, Part
from benchkit.store.merging import CONVERSATION, Tables

DERIVED = {"opening_message_id": pl.col("wait_id"), "business_seconds": pl.lit(None, pl.Int64)}
"""What the waits by benchkit's own definition need not say, and how it is known all the same."""

DAMAGED = "a file of this dataset is missing or damaged; move its folder away, and ingest its exports anew"

_FIRST_NUMBER = 2**32
"""So many conversations a part may have, and their numbers still differ from those of other parts."""


def read_part(folder: Path, part: Part) -> Tables:
    """The messages and events of a part."""
    with undamaged(folder, DAMAGED):
        messages, events = (pl.read_parquet(folder / part.files[name]) for name in ("messages", "events"))
    return Tables(messages.drop("number"), events)


def conversations_in(
    folder: Path, manifest: Manifest, new: Tables, superseded: Collection[str] = ()
) -> pl.Series:
    """The conversations that a newer export is about: by name, by a message it holds, or by its source."""
    if not manifest.parts:
        return pl.Series(CONVERSATION, [], pl.String)
    known = pl.concat([new.messages[CONVERSATION], new.events[CONVERSATION]]).unique()
    ids = new.messages["message_id"]
    found = [known]
    with undamaged(folder, DAMAGED):
        for part in manifest.parts:
            is_of = pl.col("source").is_in(list(superseded))
            rows = pl.scan_parquet(folder / part.files["messages"])
            events = pl.scan_parquet(folder / part.files["events"]).filter(is_of)
            about = [rows.filter(pl.col("message_id").is_in(ids.implode()) | is_of), events]
            found += [each.select(pl.col(CONVERSATION).unique()).collect().to_series() for each in about]
    return pl.concat(found).unique()


def write_part(folder: Path, month: str, tables: Tables, manifest: Manifest) -> Part | None:
    """Write the rows of a part, in order, and what is found in them; None where there are none.

    The messages of a conversation stand together already, in order of time.
    """
    messages = tables.messages.sort(CONVERSATION, maintain_order=True)
    events = tables.events.sort(CONVERSATION, "at", "kind")
    if messages.is_empty() and events.is_empty():
        return None
    check(messages.lazy(), MESSAGES)
    check(events.lazy(), EVENTS)
    found = find_waits(
        Dataset(
            messages=messages.lazy().drop("source"),
            events=events.lazy().drop("source") if events.height else None,
            as_of=manifest.taken_at,
            about=About(manifest.name),
            time_zones=manifest.time_zones,
        )
    )
    waits, numbers = pl.collect_all([found.frame, found.volumes.select("number")])
    year, of_year = map(int, month.split("-"))
    first_number = (12 * year + of_year) * _FIRST_NUMBER
    frames = {
        "messages": messages.with_columns(numbers["number"].cast(pl.Int64) + first_number),
        "events": events,
        "waits": waits.sort("started_at", maintain_order=True).drop(DERIVED),
        "weeks": weekly_life_tables(waits.lazy(), manifest.time_zones, manifest.taken_at).collect(),
    }
    files = {name: f"parts/{month}/{name}-{manifest.generation}.parquet" for name in TABLES}
    for name, frame in frames.items():
        is_in_order_of_time = name == "waits"
        write = partial(frame.write_parquet, compression="lz4", statistics=is_in_order_of_time)
        write_whole(folder / files[name], write)
    sizes = {name: (folder / place).stat().st_size for name, place in files.items()}
    times = pl.concat([messages["sent_at"], events["at"]])
    return Part(
        month=month,
        files=files,
        rows={name: frame.height for name, frame in frames.items()},
        bytes=sizes,
        first=str(times.min()),
        last=str(times.max()),
    )
