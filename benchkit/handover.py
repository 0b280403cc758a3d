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

from benchkit.auditing import audit
from benchkit.calendars import Calendars
from benchkit.corrections import corrected
from benchkit.dataset import About, Audit, Dataset
from benchkit.definitions import find_definition
from benchkit.definitions.definition import Definition
from benchkit.finding import find_waits
from benchkit.hours import COLUMNS
from benchkit.schema import dimensions_in
from benchkit.sources import load
from benchkit.waits import Waits

_PLACE = "BENCHKIT_WAITS"
_CORRECTIONS, _FINDINGS, _BEFORE = "corrections.parquet", "findings.parquet", "before"
_SOURCES = ("dataset", "twcs", "messages", "events", "as_of", "calendar")
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
    place = _handed_over(**sources, definition=definition, corrections=corrections)
    if place is not None:
        return _read(place, _about(place))
    return waits_of(load(**sources), definition=definition, corrections=corrections)


def waits_of(data: Dataset, *, definition: str = "", corrections: str = "") -> Waits:
    """The waits in data, by the definition and after the corrections named, held in memory."""
    waits = find_waits(data, definition=find_definition(definition)).collect()
    return corrected(waits, corrections).collect() if corrections else waits


def load_findings(**sources: str) -> pl.DataFrame:
    """Say what is wrong with a dataset or a file, named as in `load`, or else with the demo data.

    >>> load_findings()["severity"].unique().to_list()
    ['note']

    It is `audit(load(...))`, done already in a notebook that `benchkit report` runs.
    """
    place = _handed_over(**{**dict.fromkeys(_SOURCES, ""), **sources})
    if place is not None and (place / _FINDINGS).exists():
        return pl.read_parquet(place / _FINDINGS)
    return audit(load(**sources))


def hand_over(
    waits: Waits, folder: Path, asked: Mapping[str, str], *, findings: pl.DataFrame | None = None
) -> dict[str, str]:
    """Write waits for `load_waits`, and findings for `load_findings`, and return what leads there.

    That is the environment. Of findings the ids of messages and conversations stay behind.
    """
    folder.mkdir()
    if findings is not None:
        findings.with_columns(pl.col("examples").list.head(0)).write_parquet(folder / _FINDINGS)
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


def _handed_over(**asked: str) -> Path | None:
    """Where that lies which was asked for, if it was handed over, and for the same sources."""
    place = os.environ.get(_PLACE)
    if not place:
        return None
    told = _about(Path(place))["asked"]
    return Path(place) if all(told.get(name, "") == value for name, value in asked.items()) else None


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
