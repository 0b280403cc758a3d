"""Whatever Parquet holds, messages and events are read from it or refused in one sentence.

Each file is read by another process: some damage ends the one that reads it inside polars, and is
beyond what a reader of millions of rows can try beforehand without reading all of them twice.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import polars as pl
import pytest
from hypothesis import strategies as st

from tests.fuzzing import fuzz
from tests.survivors import Survivors
from tests.test_raw_fuzz import DAMAGE, Damage, damaged

READING = """
import sys
from benchkit import read_messages
from benchkit.errors import BenchkitError
with open({damaged!r}, "wb") as file:
    file.write(sys.stdin.buffer.read())
try:
    data = read_messages({messages!r}, events={events!r})
    data.messages.collect()
    data.events.collect()
except BenchkitError as refused:
    assert str(refused).isprintable()
"""
AT = datetime(2026, 3, 2, tzinfo=UTC)
N_PAIRS = 50
FRAMES = {
    "messages": pl.DataFrame(
        {
            "message_id": [str(number) for number in range(2 * N_PAIRS)],
            "conversation_id": [str(number // 2) for number in range(2 * N_PAIRS)],
            "brand": pl.Series(["Acme", "Acme"] * N_PAIRS, dtype=pl.Categorical),
            "channel": ["chat", "email"] * N_PAIRS,
            "sender": ["customer", "agent"] * N_PAIRS,
            "sender_id": ["7", "Acme/Mia"] * N_PAIRS,
            "sent_at": [AT + timedelta(minutes=number) for number in range(2 * N_PAIRS)],
            "needs_reply": [True, None] * N_PAIRS,
        }
    ),
    "events": pl.DataFrame(
        {
            "conversation_id": [str(number) for number in range(N_PAIRS)],
            "at": [AT + timedelta(minutes=2 * number, seconds=5) for number in range(N_PAIRS)],
            "kind": ["assigned", "closed"] * (N_PAIRS // 2),
            "actor_id": ["Acme/Mia", None] * (N_PAIRS // 2),
        }
    ),
}


@pytest.fixture(scope="module")
def survivors() -> Iterator[Survivors]:
    reader = Survivors()
    yield reader
    reader.end()


@fuzz(
    table=st.sampled_from(list(FRAMES)),
    damage=DAMAGE,
    compression=st.sampled_from(["zstd", "snappy", "uncompressed"]),
)
def test_parquet(
    tmp_path: Path,
    survivors: Survivors,
    table: str,
    damage: Damage,
    compression: Literal["zstd", "snappy", "uncompressed"],
) -> None:
    paths = {name: str(tmp_path / f"{name}.parquet") for name in FRAMES}
    stored = {name: io.BytesIO() for name in FRAMES}
    for name, frame in FRAMES.items():
        frame.write_parquet(stored[name], compression=compression)
        Path(paths[name]).write_bytes(stored[name].getvalue())
    ends_well = survivors(
        damaged(stored[table].getvalue(), damage), READING.format(damaged=paths[table], **paths)
    )
    assert ends_well or survivors.process is None
