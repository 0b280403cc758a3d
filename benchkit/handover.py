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

from benchkit.dataset import About, Audit
from benchkit.definitions import Definition
from benchkit.schema import DIMENSIONS
from benchkit.sources import load
from benchkit.waits import Waits, find_waits

_PLACE = "BENCHKIT_WAITS"
_MEASURED = (
    *("brand", "industry", "channel", "agent_id", "started_at", "wait_seconds", "outcome", "is_first"),
    *("needs_reply", *DIMENSIONS),
)


def load_waits(*, twcs: str = "", messages: str = "", events: str = "", as_of: str = "") -> Waits:
    """Find the waits in a file, or else in the demo data: what each notebook begins with.

    >>> load_waits()
    Waits('demo', benchkit 1 (14c44812), as of 2026-11-08 06:00 UTC)

    It is `find_waits(load(...)).collect()`. In a notebook that `benchkit report` runs, the
    waits of the same file are there already, less the columns that no figure needs.
    """
    asked = {"twcs": twcs, "messages": messages, "events": events, "as_of": as_of}
    place = os.environ.get(_PLACE)
    if place:
        about = json.loads((Path(place) / "about.json").read_text(encoding="utf-8"))
        if about.pop("asked") == asked:
            return _read(Path(place), about)
    return find_waits(load(**asked)).collect()


def hand_over(waits: Waits, folder: Path, asked: Mapping[str, str]) -> dict[str, str]:
    """Write waits for `load_waits` to find, and return the environment that leads it to them."""
    folder.mkdir()
    kept = [name for name in _MEASURED if name in waits.frame.collect_schema()]
    waits.frame.select(kept).sink_parquet(folder / "waits.parquet")
    waits.volumes.drop("conversation_id").sink_parquet(folder / "volumes.parquet")
    waits.audit.excluded.write_parquet(folder / "excluded.parquet")
    about = {
        "asked": dict(asked),
        "as_of": waits.as_of.isoformat(),
        "about": asdict(waits.about),
        "definition": asdict(waits.definition),
        "audit": {"rows_read": waits.audit.rows_read, "blank_rows": waits.audit.blank_rows},
        "time_zones": dict(waits.time_zones),
    }
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")
    return {_PLACE: str(folder)}


def _read(folder: Path, about: Mapping[str, Any]) -> Waits:
    definition = about["definition"]
    return Waits(
        frame=pl.scan_parquet(folder / "waits.parquet"),
        volumes=pl.scan_parquet(folder / "volumes.parquet"),
        as_of=datetime.fromisoformat(about["as_of"]),
        about=About(**about["about"]),
        definition=Definition(**{**definition, "endless_channels": tuple(definition["endless_channels"])}),
        audit=Audit(**about["audit"], excluded=pl.read_parquet(folder / "excluded.parquet")),
        time_zones=about["time_zones"],
    )
