"""Patterns of a mapping: whoever wrote it, they are quick to find in whatever an export holds."""

from __future__ import annotations

import time
from typing import Any

import polars as pl
import pytest

from benchkit.errors import BenchkitError
from benchkit.sources.mapping import Mapping
from benchkit.sources.mapping.cells import Cell
from benchkit.sources.mapping.patterns import LONGEST, MOST_STARS, group_of, matches

TELLING = [
    r"^(\d{4}-\d{2}-\d{2})",
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
    r"(?i)^(?:re|fwd): *(?P<rest>.{1,200})$",
    r"\p{Lu}{2,5}-([0-9]{1,9})",
    r"[\]){}(]{3}\x{1F600}\{9999\}",
    "a" * LONGEST,
]
HOSTILE = [
    r"(?:a?){30000}",
    r"((?:a?){200}){200}",
    r"(?x)(?:a?){ 30000 }",
    r"(?:[)]a?){9999,}",
    r"(?:[]()]a?){1,30000}",
    r"\)(?:\p{L}?){999999999999999999999999}",
    r"(?:(((((((a?){9}){9}){9}){9}){9}){9}){9})",
    "a" * (LONGEST + 1),
]


@pytest.mark.parametrize("pattern", TELLING)
def test_patterns_that_tell_something_are_taken(pattern: str) -> None:
    assert group_of(pattern) in (0, 1)


@pytest.mark.parametrize("pattern", HOSTILE)
def test_patterns_that_would_take_for_ever_are_refused_at_once(pattern: str) -> None:
    started = time.perf_counter()
    with pytest.raises(BenchkitError, match=r"has more than 1,000 signs with what it repeats written out"):
        Cell.from_told({"column": "Text", "pattern": pattern}, "topic")
    assert time.perf_counter() - started < 1


def mapping(**told: Any) -> Mapping:
    every = {"conversation_id": "Ticket", "channel": "Via"}
    turn = {"kind": "customer", "at": "Created"}
    return Mapping.from_mapping({"name": "ours", "every": every, "turns": [turn], **told})


@pytest.mark.parametrize("glob", ["*" * 5_000, "*a" * (MOST_STARS + 1), "a" * (LONGEST + 1)])
def test_texts_of_many_stars_are_refused_wherever_they_are_given(glob: str) -> None:
    turn = {"kind": "customer", "at": "Created"}
    for where, told in (
        ("values of every channel", {"every": {"channel": {"column": "Via", "values": {glob: "x"}}}}),
        ("is of only of turns 1", {"turns": [turn | {"only": {"column": "Via", "is": ["a", glob]}}]}),
        ("not of only of turns 1", {"turns": [turn | {"only": {"column": "Via", "not": glob}}]}),
        ("like of files", {"files": [{"name": "tickets", "like": glob}]}),
    ):
        with pytest.raises(BenchkitError) as caught:
            mapping(**told)
        assert str(caught.value).startswith(f"{where} has '")
        assert str(caught.value).endswith("give at most 1,000 signs, and 10 * among them")


def test_as_many_globs_as_there_may_be_are_found_in_long_texts_in_good_time() -> None:
    globs = [f"{number}" + "*a" * MOST_STARS for number in range(200)]
    texts = pl.Series(["a" * 30_000 + "b"] * 20)
    started = time.perf_counter()
    assert not pl.select(matches(pl.lit(texts), globs)).to_series().any()
    assert time.perf_counter() - started < 10
