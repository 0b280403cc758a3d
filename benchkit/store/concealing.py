"""What a store keeps of people: no text, and keyed hashes in place of customers' ids, unless asked to."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from benchkit.dataset import Dataset
from benchkit.errors import InputError
from benchkit.output import write_whole
from benchkit.schema import EVENTS, MESSAGES

KEY = "key"
_KEY_BYTES = 32
_PERSONAL_ALWAYS = ("sender_id", "person_id")
_CANONICAL = {*MESSAGES.all_columns, *EVENTS.all_columns}

Hashing = Callable[[pl.Series], pl.Series]


def read_key(folder: Path) -> bytes:
    """The key of a store; raises `InputError` where there is none, or one that is damaged."""
    place = folder / KEY
    try:
        key = bytes.fromhex(place.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise InputError(place, "is no key; without the one it had, nothing can be added to this store")
    return key


def make_key(folder: Path) -> None:
    """Give a store that is begun a key of its own, for its owner's eyes only."""

    def write(place: Path) -> None:
        place.touch(mode=0o600)
        place.write_text(secrets.token_hex(_KEY_BYTES), encoding="ascii")

    write_whole(folder / KEY, write)


def keyed_hash(key: bytes) -> Hashing:
    """How ids are replaced: by 96 bits of BLAKE2b with the store's key, equal where they are equal.

    >>> keyed_hash(bytes(32))(pl.Series(["7", None, "7"])).to_list()
    ['febf5751bd038ed0957756cb', None, 'febf5751bd038ed0957756cb']
    """

    def hashed(ids: pl.Series) -> pl.Series:
        known = ids.drop_nulls().unique()
        hashes = [_hash(name, key) for name in known.to_list()]
        return ids.replace_strict(known, pl.Series(hashes, dtype=pl.String), default=None)

    return hashed


def _hash(name: str, key: bytes) -> str:
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), key=key, digest_size=12).hexdigest()


def concealed(data: Dataset, key: bytes | None, *, keep_text: bool) -> Dataset:
    """The dataset as it is stored: without text unless it is kept, and by hashes where there is a key."""
    messages, events = data.messages.collect(), None if data.events is None else data.events.collect()
    if not keep_text and "text" in messages.columns:
        messages = messages.drop("text")
    excluded = data.audit.excluded
    personal = {name for name in (*_PERSONAL_ALWAYS, *data.personal) if name in messages.columns}
    if key is not None:
        hashed, is_customers = keyed_hash(key), pl.col("sender") == "customer"
        if events is not None:
            customers = messages.filter(is_customers)["sender_id"].unique()
            events = _concealed_events(events, hashed, customers, personal)
        if "message_id" in personal and "in_reply_to" in messages.columns:
            personal.add("in_reply_to")
        columns = {name: _by_hash(pl.col(name), hashed) for name in personal}
        own = _by_hash(pl.when(is_customers).then("sender_id"), hashed)
        columns["sender_id"] = pl.when(is_customers).then(own).otherwise("sender_id")
        if "permalink" in messages.columns:
            columns["permalink"] = pl.when(~is_customers).then("permalink")
        messages = messages.with_columns(**columns)
    rows = [_told(row, key, personal, keep_text=keep_text) for row in excluded["row"]]
    excluded = excluded.with_columns(pl.Series("row", rows, pl.String))
    return replace(
        data,
        messages=messages.lazy(),
        events=None if events is None else events.lazy(),
        audit=replace(data.audit, excluded=excluded),
    )


def _concealed_events(
    events: pl.DataFrame, hashed: Hashing, customers: pl.Series, personal: set[str]
) -> pl.DataFrame:
    if "actor_id" in events.columns:
        actor = pl.col("actor_id")
        is_customer = actor.is_in(customers.implode())
        by_hash = _by_hash(pl.when(is_customer).then(actor), hashed)
        events = events.with_columns(pl.when(is_customer).then(by_hash).otherwise(actor).alias("actor_id"))
    if "conversation_id" in personal:
        events = events.with_columns(_by_hash(pl.col("conversation_id"), hashed))
    return events


def _by_hash(ids: pl.Expr, hashed: Hashing) -> pl.Expr:
    return ids.map_batches(hashed, return_dtype=pl.String)


def _told(row: str | None, key: bytes | None, personal: set[str], *, keep_text: bool) -> str | None:
    """What is kept of a row that was left out, under the same rules."""
    if row is None:
        return None
    try:
        said = json.loads(row)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, Mapping):
        return None
    told: dict[str, Any] = {name: value for name, value in said.items() if name in _CANONICAL}
    if not keep_text:
        told.pop("text", None)
    if key is not None:
        theirs = {*personal, "sender_id", "person_id"}
        if told.get("sender") in ("agent", "bot"):
            theirs.discard("sender_id")
        else:
            told.pop("permalink", None)
        for name in theirs.intersection(told):
            told[name] = None if told[name] is None else _hash(str(told[name]), key)
    return json.dumps(told, ensure_ascii=False)
