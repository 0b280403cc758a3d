"""Waits found once, and handed over to the notebooks that measure them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from benchkit.calendars import Calendars
from benchkit.corrections import corrected
from benchkit.dataset import About, Audit
from benchkit.definitions import find_definition
from benchkit.definitions.definition import Definition
from benchkit.finding import find_waits
from benchkit.hours import COLUMNS
from benchkit.schema import dimensions_in
from benchkit.sources import load
from benchkit.waits import Waits

_PLACE = "BENCHKIT_WAITS"
_CORRECTIONS, _BEFORE = "corrections.parquet", "before"
_MEASURED = (
    *("brand", "industry", "channel", "agent_id", "started_at", "wait_seconds", "outcome", "is_first"),
    *("needs_reply", "assigned_at", "credited_by_hand", "ended_at", "involved", "as_of", *COLUMNS),
)


def load_waits(
    *,
    dataset: str = "",
    twcs: str = "",
    messages: str = "",
    events: str = "",
    as_of: str = "",
    calendar: str = "",
    definition: str = "",
    corrections: str = "",
) -> Waits:
    """Find the waits in a dataset or a file, or else in the demo data: what each notebook begins with.

    >>> load_waits()
    Waits('demo', benchkit 1 (70146235), as of 2026-11-08 06:00 UTC)

    It is `find_waits(load(...), definition=...).collect()`, the `definition` named as one that
    ships or as a file, with the file of `corrections` applied where one is named
    (`corrections.corrected`). In a notebook that `benchkit report` runs, the waits of
    the same files are there already, less the columns that no figure needs.
    """
    sources = {"dataset": dataset, "twcs": twcs, "messages": messages, "events": events}
    sources |= {"as_of": as_of, "calendar": calendar}
    place = os.environ.get(_PLACE)
    if place:
        about = _about(Path(place))
        asked = {**sources, "definition": definition, "corrections": corrections}
        if {**dict.fromkeys(asked, ""), **about.pop("asked")} == asked:
            return _read(Path(place), about)
    waits = find_waits(load(**sources), definition=find_definition(definition)).collect()
    return corrected(waits, corrections).collect() if corrections else waits


def hand_over(waits: Waits, folder: Path, asked: Mapping[str, str]) -> dict[str, str]:
    """Write waits for `load_waits` to find, and return the environment that leads it to them."""
    folder.mkdir()
    if waits.before is not None:
        hand_over(waits.before, folder / _BEFORE, asked)
    columns = waits.frame.collect_schema()
    kept = [*(name for name in _MEASURED if name in columns), *dimensions_in(columns)]
    waits.frame.select(kept).sink_parquet(folder / "waits.parquet")
    waits.volumes.drop("conversation_id", "message_id").sink_parquet(folder / "volumes.parquet")
    if waits.corrections is not None:
        before = [name for name in kept if name != "credited_by_hand"]
        waits.corrections.select("action", *before).write_parquet(folder / _CORRECTIONS)
    waits.audit.excluded.write_parquet(folder / "excluded.parquet")
    about = {
        "asked": dict(asked),
        "as_of": waits.as_of.isoformat(),
        "about": asdict(waits.about),
        "definition": waits.definition.to_mapping(),
        "audit": {name: getattr(waits.audit, name) for name in ("rows_read", "blank_rows", "notes")},
        "time_zones": dict(waits.time_zones),
        "calendars": waits.calendars and waits.calendars.to_mapping(),
    }
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")
    return {_PLACE: str(folder)}


def _about(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    return told


def _read(folder: Path, about: Mapping[str, Any]) -> Waits:
    corrections, before = folder / _CORRECTIONS, folder / _BEFORE
    return Waits(
        frame=pl.scan_parquet(folder / "waits.parquet"),
        volumes=pl.scan_parquet(folder / "volumes.parquet"),
        as_of=datetime.fromisoformat(about["as_of"]),
        about=About(**about["about"]),
        definition=Definition.from_mapping(about["definition"]),
        audit=Audit(**about["audit"], excluded=pl.read_parquet(folder / "excluded.parquet")),
        time_zones=about["time_zones"],
        calendars=about["calendars"] and Calendars.from_mapping(about["calendars"]),
        corrections=pl.read_parquet(corrections) if corrections.exists() else None,
        before=_read(before, _about(before)) if before.exists() else None,
    )
