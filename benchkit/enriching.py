"""Attributes of customers, brands or conversations, as dimensions to measure by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import polars.selectors as cs

from benchkit.dataset import Dataset
from benchkit.errors import BenchkitError, UnknownNameError, show
from benchkit.schema import BAND, CUSTOMER, DIMENSIONS, ESTIMATES, EVENTS, MESSAGES, WAITS
from benchkit.sources.plain import plain

KEYS = ("customer_id", "brand", "conversation_id")
PERSON = "person_id"
MAX_VALUES = 200
"""An attribute of more values than this tells people apart rather than groups of them."""
MAX_ROWS_ALONE = 20
"""In a table of more rows than this, most of an attribute's values must be those of several rows."""

_RESERVED = {
    *(*MESSAGES.all_columns, *EVENTS.all_columns, *WAITS.all_columns, *ESTIMATES, *BAND),
    *("agent", "month", "by", "year", "seconds", "number", "week", "corrections"),
} - {*DIMENSIONS, PERSON, "industry"}
_TYPES = {"industry": MESSAGES.all_columns["industry"]}


def enrich(data: Dataset, table: pl.DataFrame | str | Path, *, on: str) -> Dataset:
    """Join a table of attributes, such as segment, plan and country, as dimensions to measure by.

    >>> from benchkit.sources.timelines import from_timelines
    >>> plans = pl.DataFrame({"customer_id": ["customer0"], "plan": ["premium"]})
    >>> enrich(from_timelines("C0 A10", "C5"), plans, on="customer_id").messages.collect()["plan"].to_list()
    ['premium', 'premium', None]

    `table` is a frame or a file (CSV, Excel, Parquet, …) with a row for each `customer_id`, `brand` or
    `conversation_id`: the one that is named in `on`. All its other columns become text, and all
    messages of a conversation have its attributes, or those of its customer. A column `industry`, or
    one of benchkit's own dimensions, goes before what the messages say. A column `person_id` says
    which customers are one person, whatever the channel; without it customers of different channels
    are counted apart. How many the table knows nothing of stands in the audit. Ids that the store
    keeps as hashes are found all the same.

    Raises `UnknownNameError` for a column that is not there, and `BenchkitError` for a key that stands
    in two rows, for columns that mean something else here, and for attributes of single people.
    """
    if on not in KEYS:
        raise UnknownNameError("key", on, KEYS, where="to join attributes on")
    attributes = _attributes(_frame(table), on)
    if data.concealed is not None and (on == "customer_id" or on in data.personal):
        attributes = attributes.with_columns(data.concealed(attributes[on]).alias(on))
    if data.concealed is not None and PERSON in attributes.columns:
        attributes = attributes.with_columns(data.concealed(attributes[PERSON]).alias(PERSON))
    names = [name for name in attributes.columns if name != on]
    messages = data.messages.collect()
    keys = messages.select(_key(on).alias(on))
    known = keys.join(attributes, on=on, how="left", maintain_order="left")
    told = messages.with_columns(
        pl.coalesce(known[name], pl.col(name).cast(pl.String) if name in messages.columns else None)
        .cast(_TYPES.get(name, pl.String()))
        .alias(name)
        for name in names
    )
    of_data, of_table = keys[on].drop_nulls().unique(), attributes[on]
    whose = on.removesuffix("_id")
    notes = {
        f"{whose}s of whom the attributes say nothing": _missing(of_data, of_table),
        f"{whose}s with attributes who are not in the data": _missing(of_table, of_data),
    }
    counted = {note: count for note, count in notes.items() if count}
    audit = replace(data.audit, notes={**data.audit.notes, **counted})
    return replace(data, messages=told.lazy(), audit=audit)


def _frame(table: pl.DataFrame | str | Path) -> pl.DataFrame:
    if isinstance(table, pl.DataFrame):
        for name, dtype in table.schema.items():
            if dtype.is_nested():
                raise BenchkitError(f"the attribute {show(name)} holds several values at once; give one")
        return pl.DataFrame([plain(column) for column in table])
    from benchkit.sources.raw import open_raw

    raw = open_raw(table)[""]
    return raw.take(raw.names).drop("(file)", "(line)", "(record)")


def _attributes(table: pl.DataFrame, on: str) -> pl.DataFrame:
    """The table as text, held to what attributes may be."""
    if on not in table.columns:
        raise UnknownNameError("column", on, table.columns, where="in the attributes")
    names = [name for name in table.columns if name != on]
    _refuse_names(names)
    text = table.select(cs.all().cast(pl.String).str.strip_chars()).with_columns(
        pl.when(cs.all() != "").then(cs.all())
    )
    keyed = text.drop_nulls(on)
    repeated = keyed[on].is_duplicated().sum()
    if repeated:
        raise BenchkitError(
            f"{repeated:,} rows of the attributes share their {on} with another; leave one of each"
        )
    for name in names:
        values = keyed[name].n_unique()
        if name not in (PERSON, "industry") and values > MAX_VALUES:
            raise BenchkitError(
                f"the attribute {show(name)} has {values:,} values, so it tells single people apart; "
                f"leave it out, or put it into at most {MAX_VALUES} groups"
            )
        said = keyed[name].drop_nulls()
        alone = int(said.is_unique().sum())
        if name != PERSON and on != "brand" and len(said) > MAX_ROWS_ALONE and 2 * alone > len(said):
            raise BenchkitError(
                f"{alone:,} of {len(said):,} rows have a value of the attribute {show(name)} to themselves, "
                "so it tells single people apart; leave it out, or put it into groups"
            )
    return keyed


def _refuse_names(names: Sequence[str]) -> None:
    if not names:
        raise BenchkitError("the attributes have a key and nothing else; add a column such as segment")
    for name in names:
        if name == "*" or (name.startswith("^") and name.endswith("$")):
            raise BenchkitError(
                f"an attribute cannot be called {show(name)}, which stands for any; rename it"
            )
        if name in _RESERVED or name.startswith("("):
            raise BenchkitError(
                f"an attribute cannot be called {show(name)}, which means something else; rename it"
            )


def _missing(keys: pl.Series, others: pl.Series) -> int:
    """How many keys are not among others."""
    return int((~keys.is_in(others.implode())).sum())


def _key(on: str) -> pl.Expr:
    """By what a message finds its attributes."""
    return {
        "brand": pl.col("brand").cast(pl.String),
        "conversation_id": pl.col("conversation_id"),
        "customer_id": CUSTOMER,
    }[on]
