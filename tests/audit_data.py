"""Data for the tests of the audit: synthetic months of a few brands, to plant defects in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import polars as pl

import benchkit as bk
from benchkit.auditing import audit
from benchkit.dataset import About
from benchkit.schema import EVENTS, MESSAGES
from benchkit.sources.synthetic_brands import Brand

ACME, BOLT = (
    Brand(name, "Airlines", share, agents=agents)
    for name, share, agents in (("Acme", 0.6, 5), ("Bolt", 0.4, 4))
)
HARMLESS = {"messages that came twice", "waits still open", "conversations without the brand"}
"""What is found in the synthetic data as they are, always as a note."""


@cache
def plain() -> bk.Dataset:
    return bk.synthesize(messages=24_000, brands=(ACME, BOLT), months=6)


def with_messages(data: bk.Dataset, messages: pl.LazyFrame, **more: Any) -> bk.Dataset:
    known = {"events": data.events, "as_of": data.as_of, "about": data.about, "audit": data.audit}
    return bk.Dataset.from_messages(messages, **{**known, **more})


def changed(*columns: pl.Expr, data: bk.Dataset | None = None, **more: Any) -> bk.Dataset:
    data = data or plain()
    return with_messages(data, data.messages.with_columns(*columns), **more)


def without(rows: pl.Expr, data: bk.Dataset | None = None) -> bk.Dataset:
    data = data or plain()
    return with_messages(data, data.messages.filter(~rows))


def count(rows: pl.Expr, data: bk.Dataset | None = None) -> int:
    return int((data or plain()).messages.filter(rows).select(pl.len()).collect().item())


def found(data: bk.Dataset, check: str) -> list[dict[str, Any]]:
    findings = audit(data)
    return findings.filter(check=check).select(pl.exclude("touches", "what_to_do")).to_dicts()


def serious(data: bk.Dataset) -> list[str]:
    return audit(data).filter(pl.col("severity") != "note")["check"].unique(maintain_order=True).to_list()


def written(*rows: tuple[Any, ...], names: tuple[str, ...], **more: Any) -> bk.Dataset:
    """Messages of Acme on x by hand; `names` are the columns given, the others are made up."""
    usual: Mapping[str, pl.Expr] = {
        "message_id": pl.int_range(pl.len()).cast(pl.String),
        "conversation_id": pl.lit("c"),
        "brand": pl.lit("Acme"),
        "channel": pl.lit("x"),
        "sender": pl.lit("customer"),
        "sender_id": pl.lit("somebody"),
    }
    frame = pl.DataFrame(rows, schema=names, orient="row").with_columns(
        expression.alias(name) for name, expression in usual.items() if name not in names
    )
    types = {name: dtype for name, dtype in MESSAGES.all_columns.items() if name in frame.columns}
    return bk.Dataset.from_messages(frame.cast(types), about=About("by hand"), **more)


def events_of(*rows: tuple[Any, ...]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(EVENTS.columns), orient="row")
