"""Mappings as values and as TOML: what they may say, and the sentence for what they may not."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from benchkit.errors import BenchkitError, InputError, UnknownNameError
from benchkit.sources.mapping import Mapping, shipped_names
from benchkit.sources.mapping.cells import Cell, as_text
from benchkit.sources.mapping.patterns import matches

TOML = """
name = "helpdesk"
title = "Helpdesk: messages and conversations"
found = "Admin, Export."
sources = ["https://example.com/fields"]
unsure = ["whether notes are exported"]
selection = "Only answered conversations are exported."
timezone = "Europe/Berlin"
version = 2

[[files]]
name = "messages"
like = "*message*"
key = "Conversation ID"
[[files]]
name = "conversations"
like = "*conversation*"
key = "ID"
optional = true

[read]
separator = ";"

[every]
conversation_id = "Conversation ID"
brand = { column = "Account", given = "brand" }
customer_id = { column = ["Author ID", "conversations.Contact"] }

[[turns]]
of = "messages"
each = "parts"
optional = true
only = [{ column = "Spam", not = "true" }, { column = ".type", is = ["a*", ""] }]
at = { column = ".at", time = "epoch" }
agent_id = { column = ".by", pattern = "^([a-z]+)", optional = true }
needs_reply = { constant = true }
[turns.kind]
join = [".type", ".by"]
by = "-"
missing = "?"
values = { "a*" = "customer", b = "ignored" }
otherwise = "agent"
[[turns]]
kind = "closed"
topic = { same = ["a", "b"] }
[turns.at]
column = "Took"
after = { column = "Start", time = "day first", timezone = "UTC" }
unit = "minutes"
decimal = ","
"""
LEAST: dict[str, Any] = {"name": "m", "every": {"conversation_id": "c", "kind": "k", "at": "t"}}


def test_a_file_is_read_saved_and_read_again_as_the_same_mapping(tmp_path: Path) -> None:
    file = tmp_path / "helpdesk.toml"
    file.write_text(TOML, encoding="utf-8")
    mapping = Mapping.load(file)
    assert Mapping.load(mapping.save(tmp_path / "again.toml")) == mapping
    assert Mapping.from_mapping(mapping.to_mapping()).to_mapping() == mapping.to_mapping()
    assert (mapping.name, mapping.version, mapping.timezone) == ("helpdesk", 2, "Europe/Berlin")
    assert [each.name for each in mapping.files] == ["messages", "conversations"]
    first, second = mapping.turns
    assert (first.of, first.each, first.optional, len(first.only)) == ("messages", "parts", True, 2)
    assert second.of == "messages"
    assert mapping.cells_of(second)["kind"] == Cell(constant="closed")
    assert mapping.cells_of(first)["needs_reply"] == Cell(constant="true")


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_mappings_are_found_by_name_and_say_where_they_are_from(name: str) -> None:
    mapping = Mapping.shipped(name)
    assert mapping.name == name
    assert mapping.title
    assert mapping.found
    assert Mapping.from_mapping(mapping.to_mapping()) == mapping


def test_an_unknown_mapping_is_told_with_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match="no mapping 'sprot'; did you mean 'sprout'"):
        Mapping.shipped("sprot")
    with pytest.raises(UnknownNameError, match=r"no mapping '\.\./mappings/sprout'"):
        Mapping.shipped("../mappings/sprout")


def changed(**changes: Any) -> dict[str, Any]:
    return {**LEAST, **changes}


def cell(**changes: Any) -> dict[str, Any]:
    return {**LEAST, "every": {**LEAST["every"], **changes}}


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({}, "a mapping does not say name"),
        (changed(name=" "), "the name of a mapping is empty"),
        (changed(titel="x"), "no key 'titel' in a mapping; did you mean 'title'?"),
        (changed(version=0), "version of a mapping is '0'; give a whole number from 1 on"),
        (changed(title=3), "title of a mapping is '3'; give text"),
        (changed(sources="x"), "sources of a mapping is 'x'; give a list of sentences"),
        (changed(turns={}), "turns of a mapping is '{}'; write each as [[turns]]"),
        (changed(turns=[]), "a mapping has 0 turns; give 1 to 100"),
        (changed(turns=[{}] * 101), "a mapping has 101 turns; give 1 to 100"),
        (changed(files=[{"like": "*"}]), "files does not say name"),
        (changed(files=[{"name": "a"}] * 2), "two kinds of files are named 'a'"),
        (changed(files=[{"name": "a", "like": ""}]), "like of files is ''; give text"),
        (changed(files=[{"name": "a", "optional": 1}]), "optional of files is '1'; it is true or false"),
        (
            changed(files=[{"name": "a"}], turns=[{"of": "b"}]),
            "no kind of files 'b' for turns 1; there are 'a'",
        ),
        (changed(read={"seperator": ";"}), "did you mean 'separator'?"),
        (changed(turns=[{"knd": "x"}]), "no key 'knd' in turns 1; did you mean 'kind'?"),
        (changed(turns=[{"each": 3}]), "each of turns 1 is '3'; give text"),
        (changed(turns=[{"only": {"column": "a"}}]), "only of turns 1 says neither is nor not"),
        (changed(turns=[{"only": {"column": "a", "is": []}}]), "is of only of turns 1 names 0 texts"),
        (
            changed(turns=[{"at": ".x"}]),
            "turns 1 asks for '.x' of the elements of a list; say which list, as each",
        ),
        ({"name": "m"}, "turns 1 does not say kind; add it there or under every"),
        (
            {"name": "m", "every": {"kind": "k", "at": "t"}},
            "turns 1 does not say conversation_id; add it, or both",
        ),
        (cell(customer="x"), "no key 'customer' in every; did you mean 'customer_id'?"),
        (cell(brand=3), "every brand is '3'; name a column, or give a table with constant"),
        (cell(brand=""), "every brand is ''; give text that is not empty"),
        (cell(brand=[]), "every brand is '[]'; give a table"),
        (
            cell(brand={}),
            "every brand does not say where it comes from; give one of column, join, same, constant",
        ),
        (cell(brand={"column": "a", "join": ["b"]}), "every brand says column and join; give one of"),
        (
            cell(brand={"column": []}),
            "column of every brand is '[]'; give a column's name, or a list of names",
        ),
        (cell(brand={"same": ["a"]}), "every brand compares 1 columns; name two, as same"),
        (cell(brand={"constant": "A", "given": "brand"}), "every brand has a constant, which leaves nothing"),
        (cell(brand={"given": "brnd"}), "no option 'brnd' for given of every brand; did you mean 'brand'?"),
        (cell(brand={"column": "a", "time": "iso"}), "no key 'time' in every brand; there are 'column'"),
        (
            cell(brand={"column": "a", "optional": "yes"}),
            "optional of every brand is 'yes'; it is true or false",
        ),
        (cell(brand={"column": "a", "values": {"x": []}}), "values of every brand is '[]'; give text"),
        (
            cell(brand={"column": "a", "values": {f"{n}*": "x" for n in range(201)}}),
            "more than 200 texts with *",
        ),
        (cell(brand={"column": "a", "pattern": "(a"}), "'(a' is no regular expression as polars reads them"),
        (cell(brand={"column": "a", "pattern": "a{10}{10}{11}"}), "has more than 1,000 signs"),
        (cell(brand={"column": "a", "pattern": "(?=a)"}), "is no regular expression"),
        (
            cell(kind={"column": "a", "values": {"x": "agnt"}}),
            "no kind 'agnt' of turns 1; did you mean 'agent'?",
        ),
        (cell(kind={"constant": "agnt"}), "no kind 'agnt' of turns 1; did you mean 'agent'?"),
        (
            changed(
                every={"kind": "k", "at": "t", "message_id": "m", "in_reply_to": "r"},
                turns=[{}, {"conversation_id": "c"}],
            ),
            "turns 1 does not say conversation_id, and other turns do; add it",
        ),
        (cell(kind={"column": "a", "otherwise": "agnt"}), "no kind 'agnt' of turns 1; did you mean 'agent'?"),
        (
            cell(at={"column": "a", "unit": "hours"}),
            "every at has the unit of a duration; say after which time",
        ),
        (cell(at={"column": "a", "after": "b", "unit": "days"}), "no unit 'days' for unit of every at"),
        (
            cell(at={"column": "a", "after": "b", "time": "iso"}),
            "every at is a duration; say time and timezone of",
        ),
    ],
)
def test_what_a_mapping_may_not_say_is_refused_in_a_sentence(told: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BenchkitError, match=re.escape(sentence)) as caught:
        Mapping.from_mapping(told)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_mapping_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    for content, sentence in (
        ("name = ", "is not TOML"),
        ("name = 'x'\nevry = {}", "mine.toml': no key 'evry' in a mapping; did you mean 'every'?"),
        ("a = " + "[" * 5_000, "is not TOML|tables within tables"),
    ):
        file.write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match=sentence):
            Mapping.load(file)


def texts(cell: dict[str, Any], **columns: list[Any]) -> list[str | None]:
    frame = pl.DataFrame(columns)
    text = Cell.from_told(cell, "every topic").text(frame).alias("text")
    return frame.with_columns(text)["text"].to_list()


def test_cells_take_the_first_value_join_compare_and_rename() -> None:
    a, b = ["x", None, " "], ["1", "2", None]
    assert texts({"column": ["a", "b"]}, a=a, b=b) == ["x", "2", None]
    assert texts({"column": ["gone", "b"]}, b=b) == ["1", "2", None]
    assert texts({"join": ["a", "b"]}, a=a, b=b) == ["x 1", "2", None]
    assert texts({"join": ["a", "b"], "by": "/", "missing": "-"}, a=a, b=b) == ["x/1", "-/2", None]
    assert texts({"same": ["a", "b"]}, a=["1", "1", None], b=b) == ["true", "false", None]
    assert texts({"constant": 3}, a=a) == ["3", "3", "3"]
    assert texts({"column": "a", "pattern": "^@([a-z]+)"}, a=["@mia x", "mia", None]) == ["mia", None, None]
    assert texts({"column": "a", "pattern": "[0-9]+"}, a=["n 12 ", "", None]) == ["12", None, None]


def test_values_are_matched_whole_in_order_and_without_case() -> None:
    said = ["FACEBOOK", "Twitter DM", "sms", None, "a.b", "aXb", ""]
    values = {"facebook": "fb", "*dm*": "direct message", "Facebook": "never", "a.b": "dotted"}
    assert texts({"column": "a", "values": values}, a=said) == [
        *("fb", "direct message", "sms", None, "dotted", "aXb", None)
    ]
    assert texts({"column": "a", "values": values, "otherwise": "other"}, a=said) == [
        *("fb", "direct message", "other", "other", "dotted", "other", "other")
    ]
    assert texts({"column": "a", "values": {"x": "", "": "nothing"}}, a=["x", None, "y"]) == [
        None,
        "nothing",
        "y",
    ]
    assert texts({"column": "a", "values": {"*": "any", "x": "late"}}, a=["x", "line\nbreak"]) == [
        "any",
        "any",
    ]
    many = {f"key {n}": f"value {n}" for n in range(20_000)}
    assert texts({"column": "a", "values": many}, a=["KEY 19999", "key"]) == ["value 19999", "key"]


def test_conditions_match_globs_and_nothing() -> None:
    said = pl.DataFrame({"a": ["Closed (auto)", "closed", None, "reopened"]})
    for globs, matching in (
        (["closed*"], [True, True, False, False]),
        (["closed"], [False, True, False, False]),
        (["*"], [True, True, False, True]),
        ([""], [False, False, True, False]),
        (["*(auto)", ""], [True, False, True, False]),
    ):
        assert said.select(matches(pl.col("a"), globs)).to_series().to_list() == matching


def test_values_of_types_are_text_as_people_write_it() -> None:
    frame = pl.DataFrame(
        {
            "f": [12.0, 1.5, None],
            "i": [7, None, 0],
            "b": [True, None, False],
            "l": [[1], None, []],
            "o": [b"x", None, b""],
        }
    )
    read = frame.select(as_text(name, dtype).alias(name) for name, dtype in frame.schema.items())
    assert read["f"].to_list() == ["12", "1.5", None]
    assert read["i"].to_list() == ["7", None, "0"]
    assert read["b"].to_list() == ["true", None, "false"]
    assert read["l"].null_count() == read["o"].null_count() == 3


def test_hostile_names_are_shown_without_driving_a_terminal() -> None:
    with pytest.raises(BenchkitError) as caught:
        Mapping.from_mapping({"name": "m", "every": {"kind": {"constant": "\x1b[2J" * 1_000}, "at": "t"}})
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_the_mapping_that_the_readme_shows_is_one() -> None:
    readme = (Path(__file__).parents[1] / "data" / "README.md").read_text(encoding="utf-8")
    shown = next(
        block for block in re.findall(r"```toml\n(.*?)```", readme, re.DOTALL) if "[[turns]]" in block
    )
    assert Mapping.from_mapping(tomllib.loads(shown)).name == "mine"
