"""Whatever a mapping says and whatever a table holds: a Dataset, or one of benchkit's own errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from benchkit import find_waits
from benchkit.errors import BenchkitError
from benchkit.schema import EVENTS, MESSAGES, check
from benchkit.sources.mapping import Mapping
from benchkit.sources.mapping.blocks import CELLS, WORDS
from tests.fuzzing import fuzz

COLUMNS = ["a", "b", "c", "d.e", "list[0].f", ".g", ".h", "list", "other.a", ""]
KEYS = [
    *("name", "title", "sources", "selection", "timezone", "version", "files", "read", "every", "turns"),
    *(
        "like",
        "key",
        "optional",
        "of",
        "each",
        "only",
        "is",
        "not",
        "column",
        "join",
        "by",
        "missing",
        "same",
    ),
    *("constant", "given", "pattern", "values", "otherwise", "time", "after", "unit", "decimal", *CELLS),
]
WORD = st.sampled_from([*COLUMNS, *WORDS, "*", "x*", "(a)", "(", "brand", "iso", "epoch", "day first", "UTC"])
PLAIN = WORD | st.text(max_size=6) | st.integers(-3, 3) | st.booleans() | st.none() | st.floats()
ANYTHING = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | WORD, inner, max_size=5)
    ),
    max_leaves=20,
)


def assert_one_sentence(error: BenchkitError) -> None:
    assert "\n" not in str(error)
    assert str(error).isprintable()


def optional(strategies: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=strategies)


EVERY = ("kind", "at", "conversation_id", "brand", "channel")
OF_RECORDS = ["a", "b", "c", "d.e", "list[0].f"]


def cells(names: list[str]) -> st.SearchStrategy[Any]:
    name = st.sampled_from(names)
    several = st.lists(name, min_size=1, max_size=3)
    sources = [
        st.fixed_dictionaries({"column": name | several}),
        st.fixed_dictionaries({"join": several}),
        st.fixed_dictionaries({"same": st.lists(name, min_size=2, max_size=2)}),
        st.fixed_dictionaries({"constant": st.sampled_from(["x", "1", "true", "\u00e9"])}),
    ]
    how = {
        "optional": st.booleans(),
        "by": st.text(max_size=2),
        "missing": st.text(max_size=2),
        "pattern": st.sampled_from(["(.)", "[0-9]+", "(a)|(b)", "^$", "(?:x)"]),
        "values": st.dictionaries(WORD, WORD, max_size=3),
        "otherwise": WORD,
    }
    return name | st.builds(lambda source, way: source | way, st.one_of(sources), optional(how))


def turns(names: list[str], each: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    name = st.sampled_from(names)
    ways = st.sampled_from(["", "iso", "epoch", "day first", "excel", "snowflake", "%d.%m.%Y"])
    time = name | st.builds(lambda column, way: {"column": column, **way}, name, optional({"time": ways}))
    duration = st.builds(
        lambda column, after, unit: {"column": column, "after": after, "unit": unit, "decimal": "."},
        *(name, time, st.sampled_from(["seconds", "minutes", "hours"])),
    )
    values = st.dictionaries(WORD, st.sampled_from(WORDS), max_size=3)
    told = st.builds(
        lambda column, values, otherwise: {"column": column, "values": values, "otherwise": otherwise},
        *(name, values, st.sampled_from(["customer", "agent", "closed", "ignored"])),
    )
    others = st.sampled_from([column for column in CELLS if column not in EVERY])
    condition = st.builds(lambda column, glob: {"column": column, "is": glob}, name, WORD)
    return st.builds(
        lambda kind, at, more, others: {"kind": kind, "at": at, **each, **more, **others},
        st.just("customer") | st.sampled_from(WORDS) | told,
        st.just("a") | st.just("a") | time | duration,
        optional({"optional": st.booleans(), "only": condition}),
        st.dictionaries(others, cells(names), max_size=3),
    )


def or_given(name: str) -> st.SearchStrategy[dict[str, Any]]:
    column = {"column": st.sampled_from(OF_RECORDS), "given": st.just(name), "optional": st.just(True)}
    return st.fixed_dictionaries(column)


THREADS = {"message_id": "b", "in_reply_to": "c", "customer_id": {"column": "d.e", "optional": True}}
MAPPING = st.builds(
    lambda told, brand, turns: {"name": "m", "timezone": "UTC", "every": told | brand, "turns": turns},
    st.fixed_dictionaries({"conversation_id": st.just("b") | cells(OF_RECORDS)}) | st.just(THREADS),
    optional({name: or_given(name) for name in ("brand", "channel")}),
    st.lists(
        turns(OF_RECORDS, {}) | turns([*OF_RECORDS, ".g", ".h"], {"each": "list"}), min_size=1, max_size=3
    ),
)


def with_junk(told: dict[str, Any], key: str, junk: object, where: int) -> dict[str, Any]:
    """The mapping with anything in one place of it."""
    places = [told, told["every"], *told["turns"]]
    cells = [cell for table in places for cell in table.values() if isinstance(cell, dict)]
    (places + cells)[where % (len(places) + len(cells))][key] = junk
    return told


BROKEN = st.builds(with_junk, MAPPING, st.sampled_from(KEYS) | WORD, ANYTHING, st.integers(0, 1_000))


@fuzz(told=BROKEN | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), ANYTHING, max_size=8))
def test_any_structure_is_a_mapping_or_is_refused_in_a_sentence(told: dict[str, Any]) -> None:
    try:
        mapping = Mapping.from_mapping(told)
    except BenchkitError as error:
        assert_one_sentence(error)
    else:
        assert Mapping.from_mapping(mapping.to_mapping()) == mapping


TIME_LIKE = ("2026-03-02T09:00:00Z", "2026-03-02 09:00", "02.03.2026 9:00", "1772442000", "1772442000000")
ODD = ("46083.5", "1", "1,5", "0:10", "", "-", "N/A", "9999-12-31", "0001-01-01", "\u00e9\u202e")
VALUE = st.sampled_from([*TIME_LIKE, *ODD, "x", "customer", "agent", "closed"])
MOMENT = st.integers(0, 99).map(lambda minute: f"2026-03-02 {9 + minute // 60:02}:{minute % 60:02}")
SENT = MOMENT | MOMENT | MOMENT | VALUE
RECORD = st.builds(
    lambda a, b, c, e, elements: {"a": a, "b": b, "c": c, "d": {"e": e}, "list": elements},
    *(MOMENT | MOMENT | MOMENT | VALUE, VALUE, SENT | st.none(), SENT | st.integers(-(2**70), 2**70)),
    st.lists(st.fixed_dictionaries({"f": VALUE, "g": SENT, "h": VALUE}), max_size=2),
)
GIVEN = {"brand": st.just("A"), "channel": st.just("chat")}
OPTIONS = st.builds(
    lambda given, taken: given | taken,
    st.fixed_dictionaries(GIVEN) | optional(GIVEN),
    optional({"as_of": st.just("2026-04-01")}),
)


@fuzz(
    told=MAPPING,
    records=st.lists(RECORD, min_size=1, max_size=6),
    as_table=st.booleans(),
    options=OPTIONS,
)
def test_any_mapping_of_any_table_ends_in_a_dataset_or_a_sentence(
    tmp_path: Path,
    told: dict[str, Any],
    records: list[dict[str, Any]],
    as_table: bool,
    options: dict[str, Any],
) -> None:
    path = tmp_path / ("mine.csv" if as_table else "mine.json")
    if as_table:
        rows = [";".join(str(record[name]) for name in "abc") for record in records]
        path.write_text("\n".join(["a;b;c", *rows, ""]), encoding="utf-8")
    else:
        path.write_text(json.dumps(records), encoding="utf-8")
    try:
        data = Mapping.from_mapping(told).read(path, keep_text=as_table, **options)
    except BenchkitError as error:
        assert_one_sentence(error)
        return
    check(data.messages, MESSAGES)
    if data.events is not None:
        check(data.events, EVENTS)
    find_waits(data).frame.collect()


ALMOST = b"""Thread,ID,Author,Agent,Direction,Network,Sent
a,1,ann,,in,fb,2026-03-02 09:00
b,2,,Mia,out,fb,2026-03-02
"""


@fuzz(noise=st.binary(max_size=40), at=st.integers(0, len(ALMOST)))
@pytest.mark.parametrize("ending", ["csv", "json", "xlsx"])
def test_bytes_through_a_mapping_end_in_a_dataset_or_a_sentence(
    tmp_path: Path, noise: bytes, at: int, ending: str
) -> None:
    every = {"conversation_id": "Thread", "message_id": "ID", "customer_id": "Author", "agent_id": "Agent"}
    every |= {"at": "Sent", "channel": "Network"}
    kind = {"column": "Direction", "values": {"in": "customer", "out": "agent"}}
    mapping = Mapping.from_mapping({"name": "m", "timezone": "UTC", "every": {**every, "kind": kind}})
    path = tmp_path / f"mine.{ending}"
    path.write_bytes(ALMOST[:at] + noise + ALMOST[at:])
    try:
        data = mapping.read(path, brand="Acme")
    except BenchkitError as error:
        assert_one_sentence(error)
    else:
        check(data.messages, MESSAGES)
