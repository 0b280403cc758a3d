"""What a store keeps of people: no text, and keyed hashes in place of customers' ids, unless asked to."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import polars as pl

from benchkit.dataset import Dataset
from benchkit.errors import InputError
from benchkit.output import write_whole
from benchkit.schema import EVENTS, MESSAGES

KEY = "key"
_KEY_BYTES = 32
_PERSONAL_ALWAYS = ("sender_id", "person_id")
_OTHER_IDS = ("conversation_id", "message_id")
_LOOKED_AT = 10_000
_LONG = 4
"""Shorter names stand in other ids by chance."""

_MOST = 0.5
"""A rule by which ids are made shows in more of them; and it must be seen alike in every export."""

_NAME, _IS_CUSTOMERS = pl.col("sender_id"), pl.col("sender") == "customer"
_PLACE = r"^(?:[a-z][a-z0-9+.-]*://)?(?:www\.|m\.|mobile\.)?([^/?#]*/?[^/?#]*)"
"""The part of an address up to the account: its host, and the first step of its path."""

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


def mark_of(key: bytes) -> str:
    """What tells a key from others, and nothing of it."""
    return _hash("", _keyed(key))


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

    keyed = _keyed(key)

    def hashed(ids: pl.Series) -> pl.Series:
        known = ids.to_frame("id").with_row_index("row")
        rows = known.select(pl.col("row").first().over("id")).to_series()
        firsts = rows.filter(rows == known["row"])
        names = ids.gather(firsts).cast(pl.Binary).to_list()
        hashes = [None if name is None else _digest(name, keyed) for name in names]
        return ids.scatter(firsts, pl.Series(hashes, dtype=pl.Binary).bin.encode("hex")).gather(rows)

    return hashed


def _hash(name: str, keyed: hashlib.blake2b) -> str:
    return _digest(name.encode("utf-8", "surrogatepass"), keyed).hex()


def _digest(name: bytes, keyed: hashlib.blake2b) -> bytes:
    hashed = keyed.copy()
    hashed.update(name)
    return hashed.digest()


def _keyed(key: bytes) -> hashlib.blake2b:
    return hashlib.blake2b(key=key, digest_size=12)


def concealed(data: Dataset, key: bytes | None, *, keep_text: bool) -> Dataset:
    """The dataset as it is stored: without text unless it is kept, and by hashes where there is a key."""
    messages, events = data.messages.collect(), None if data.events is None else data.events.collect()
    if not keep_text and "text" in messages.columns:
        messages = messages.drop("text")
    excluded = data.audit.excluded
    made_of_customers = _made_of_customers(messages) if key else []
    personal = {*_PERSONAL_ALWAYS, *data.personal, *made_of_customers}
    if "message_id" in personal:
        personal.add("in_reply_to")
    agents = _brands_own(_names(messages, ~_IS_CUSTOMERS), messages)
    if key is not None:
        hashed = keyed_hash(key)
        if events is not None:
            events = _concealed_events(events, messages, agents, hashed, personal)
        messages = _concealed_messages(messages, hashed, personal)
    known = frozenset(agents.to_list())
    rows = [_told(row, key, personal, known, keep_text=keep_text) for row in excluded["row"]]
    excluded = excluded.with_columns(pl.Series("row", rows, pl.String))
    return replace(
        data,
        messages=messages.lazy(),
        events=None if events is None else events.lazy(),
        audit=replace(data.audit, excluded=excluded),
        personal=tuple(dict.fromkeys([*data.personal, *made_of_customers])),
    )


def _made_of_customers(messages: pl.DataFrame) -> list[str]:
    """The other ids that are made of the customer's own, whatever the mapping says of them."""
    some = messages.select("sender", "sender_id", *_OTHER_IDS).gather_every(
        max(1, messages.height // _LOOKED_AT)
    )
    looked_at = some.filter(_IS_CUSTOMERS & (_NAME != ""))
    name = _NAME.str.to_lowercase()
    shares = looked_at.select(
        ((other == name) | ((name.str.len_chars() >= _LONG) & other.str.contains(name, literal=True))).mean()
        for other in (pl.col(column).str.to_lowercase() for column in _OTHER_IDS)
    )
    return [column for column in _OTHER_IDS if (shares[column].item() or 0) > _MOST]


def _brands_own(names: pl.Series, messages: pl.DataFrame) -> pl.Series:
    """Of some names, those under which no customer wrote."""
    theirs = _names(messages, _IS_CUSTOMERS & _NAME.is_in(names.implode()))
    return names.filter(~names.is_in(theirs.implode()))


def _names(messages: pl.DataFrame, rows: pl.Expr) -> pl.Series:
    """Who wrote some of the messages."""
    return messages.select(_NAME.filter(rows).drop_nulls().unique()).to_series()


def _concealed_messages(messages: pl.DataFrame, hashed: Hashing, personal: set[str]) -> pl.DataFrame:
    columns = {name: _by_hash(pl.col(name), hashed) for name in personal & {*messages.columns}}
    own = _by_hash(pl.when(_IS_CUSTOMERS).then("sender_id"), hashed)
    columns["sender_id"] = pl.when(_IS_CUSTOMERS).then(own).otherwise("sender_id")
    if "permalink" in messages.columns:
        columns["permalink"] = pl.lit(None, pl.String) if "permalink" in personal else _links(messages)
    return messages.with_columns(**columns)


def _links(messages: pl.DataFrame) -> pl.Expr:
    """Agents' permalinks that neither name the conversation's customer nor lead where the customer's do."""
    link = pl.col("permalink").map_batches(_unquoted, return_dtype=pl.String).str.to_lowercase()
    place = link.str.extract(_PLACE)
    said = messages.select(
        "conversation_id",
        _IS_CUSTOMERS.alias("theirs"),
        link.alias("link"),
        place.alias("place"),
        _NAME.str.to_lowercase().str.strip_chars_start("@").alias("name"),
    )
    of_customers = said.filter("theirs")
    names = of_customers.filter(pl.col("name") != "").unique("conversation_id", keep="any")
    named = said.join(
        names.select("conversation_id", pl.col("name").alias("customer")),
        on="conversation_id",
        how="left",
        maintain_order="left",
    )
    places = of_customers.select("conversation_id", "place", pl.lit(True).alias("shared")).unique()
    placed = named.join(places, on=["conversation_id", "place"], how="left", maintain_order="left")
    names_them = pl.col("link").str.contains(pl.col("customer"), literal=True)
    is_telling = pl.any_horizontal("theirs", "shared", names_them).fill_null(False)
    return pl.when(~pl.lit(placed.select(is_telling).to_series())).then("permalink")


def _unquoted(links: pl.Series) -> pl.Series:
    return pl.Series([None if link is None else unquote(link) for link in links.to_list()], dtype=pl.String)


def _concealed_events(
    events: pl.DataFrame, messages: pl.DataFrame, agents: pl.Series, hashed: Hashing, personal: set[str]
) -> pl.DataFrame:
    """The events with hashes for all who are not known to act for the brand: by messages, or by name."""
    if "actor_id" in events.columns:
        actor = pl.col("actor_id")
        others = _brands_own(events["actor_id"].drop_nulls().unique(), messages)
        brands = messages.select("conversation_id", pl.col("brand").cast(pl.String).alias("(brand)"))
        of_brand = events.join(
            brands.unique("conversation_id", keep="any"),
            on="conversation_id",
            how="left",
            maintain_order="left",
        )
        is_named_so = actor.str.starts_with(pl.col("(brand)") + "/") & actor.is_in(others.implode())
        is_brands = (actor.is_in(agents.implode()) | is_named_so).fill_null(False)
        by_hash = _by_hash(pl.when(~is_brands).then(actor), hashed)
        shown = pl.when(is_brands).then(actor).otherwise(by_hash)
        events = of_brand.with_columns(shown.alias("actor_id")).drop("(brand)")
    if "conversation_id" in personal:
        events = events.with_columns(_by_hash(pl.col("conversation_id"), hashed))
    return events


def _by_hash(ids: pl.Expr, hashed: Hashing) -> pl.Expr:
    return ids.map_batches(hashed, return_dtype=pl.String)


def _told(
    row: str | None, key: bytes | None, personal: set[str], agents: Collection[str], *, keep_text: bool
) -> str | None:
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
        theirs = {*personal, "actor_id"}
        told.pop("permalink", None)
        if told.get("sender") in ("agent", "bot"):
            theirs.discard("sender_id")
        if str(told.get("actor_id")) in agents:
            theirs.discard("actor_id")
        for name in theirs.intersection(told):
            told[name] = None if told[name] is None else _hash(str(told[name]), _keyed(key))
    return json.dumps(told, ensure_ascii=False)
