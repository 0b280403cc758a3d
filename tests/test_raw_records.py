"""Nested records: JSON documents, JSON in lines, nested Parquet."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from benchkit.errors import InputError, UnknownNameError
from benchkit.sources.raw import Raw, open_raw
from benchkit.sources.raw.paths import keys_of, value_at

CONVERSATIONS: list[dict[str, Any]] = [
    {
        "id": 12345678901234567890123,
        "source": {"author": {"type": "user", "name": "Ö"}, "body": "hi"},
        "tags": {"tags": [{"name": "refund"}, {"name": "vip"}]},
        "parts": {"parts": [{"id": 1, "body": "x", "by": {"type": "admin"}}, {"id": 2, "body": None}]},
        "open": True,
    },
    {"id": 8, "source": None, "parts": {"parts": []}, "score": 1.50},
]


def opened(folder: Path, content: str, name: str = "some.json", **read: object) -> Raw:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return open_raw(path, read=read)[""]


def taken(raw: Raw, *paths: str, each: str = "") -> list[tuple[object, ...]]:
    return raw.take(paths, each=each).drop("(file)", "(line)").rows()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (json.dumps(CONVERSATIONS), {}),
        (json.dumps(CONVERSATIONS, indent=2), {}),
        ("\ufeff" + json.dumps(CONVERSATIONS, ensure_ascii=False), {}),
        (json.dumps({"type": "list", "items": CONVERSATIONS, "total": 2, "pages": []}), {}),
        (json.dumps({"a": CONVERSATIONS, "b": [{"c": 1}]}), {"records": "a"}),
        (json.dumps({"a": {"b": CONVERSATIONS}}), {"records": "a.b"}),
        ("\n".join(json.dumps({"a": [each]}) for each in CONVERSATIONS), {"records": "a"}),
        ("\n\n".join(json.dumps(each) for each in CONVERSATIONS), {}),
        ("\n".join(json.dumps(each, indent=1) for each in CONVERSATIONS), {}),
        ("\n".join(json.dumps({"items": [each]}, indent=1) for each in CONVERSATIONS), {}),
    ],
)
def test_the_same_records_however_they_are_wrapped(
    tmp_path: Path, text: str, read: dict[str, object]
) -> None:
    raw = opened(tmp_path, text, **read)
    assert taken(raw, "id", "source.author.name", "open", "score") == [
        (0, "12345678901234567890123", "Ö", "true", None),
        (1, "8", None, None, "1.5"),
    ]
    assert raw.n_read == 2


def test_names_are_the_paths_to_values(tmp_path: Path) -> None:
    assert opened(tmp_path, json.dumps(CONVERSATIONS)).names == [
        "id",
        "source.author.type",
        "source.author.name",
        "source.body",
        "tags.tags[].name",
        "parts.parts[].id",
        "parts.parts[].body",
        "parts.parts[].by.type",
        "open",
        "source",
        "parts.parts",
        "score",
    ]


def test_a_row_for_each_element_of_a_list(tmp_path: Path) -> None:
    raw = opened(tmp_path, json.dumps(CONVERSATIONS))
    wanted = ["id", ".id", ".body", ".by.type", "source.body"]
    assert taken(raw, *wanted, each="parts.parts") == [
        (0, "12345678901234567890123", "1", "x", "admin", "hi"),
        (0, "12345678901234567890123", "2", None, None, "hi"),
    ]


def test_lists_within_lists_are_gone_through_with_brackets(tmp_path: Path) -> None:
    record = {"threads": [{"notes": [{"x": 1}, {"x": 2}]}, {}, {"notes": [{"x": 3}]}]}
    raw = opened(tmp_path, json.dumps([record]))
    assert taken(raw, ".x", each="threads[].notes") == [(0, "1"), (0, "2"), (0, "3")]


def test_places_in_lists(tmp_path: Path) -> None:
    raw = opened(tmp_path, json.dumps(CONVERSATIONS))
    assert taken(raw, "tags.tags[0].name", "tags.tags[-1].name", "tags.tags[].name", "tags.tags[7].name") == [
        (0, "refund", "vip", '["refund","vip"]', None),
        (1, None, None, None, None),
    ]
    assert taken(raw, "tags")[0] == (0, '{"tags":[{"name":"refund"},{"name":"vip"}]}')


def test_keys_with_dots_and_brackets(tmp_path: Path) -> None:
    raw = opened(tmp_path, '[{"a.b": 1, "c": {"d.e": {"f": 2}, "d": []}, "g[]": 3, "a": {"x": 4}}]')
    assert taken(raw, "a.b", "c.d.e.f", "g[]", "a.x") == [(0, "1", "2", "3", "4")]


def test_names_that_mean_something_to_others_are_only_names(tmp_path: Path) -> None:
    raw = opened(tmp_path, '[{"*": 1, "^.*$": 2, "(file)": 3}]')
    assert raw.names == ["*", "^.*$"]
    assert taken(raw, *raw.names) == [(0, "1", "2")]


def test_numbers_are_as_written_and_odd_values_are_nothing(tmp_path: Path) -> None:
    numbers = [
        "9007199254740993",
        "1.50",
        "-0",
        "1e400",
        "1" * 5_000,
        "NaN",
        "-Infinity",
        "null",
        '""',
        '" "',
        "[]",
    ]
    raw = opened(tmp_path, "[" + ",".join(f'{{"x": {each}}}' for each in numbers) + "]")
    assert [x for _, x in taken(raw, "x")] == [*numbers[:5], None, None, None, None, None, None]


def test_halves_of_characters_and_raw_newlines_are_text(tmp_path: Path) -> None:
    raw = opened(tmp_path, '[{"x": "a\\ud83d"}, {"x": "\\ud83d\\ude00"}, {"x": "two\nlines"}]')
    assert [x for _, x in taken(raw, "x")] == ["a?", "😀", "two\nlines"]


def test_of_a_key_that_comes_twice_the_last_counts(tmp_path: Path) -> None:
    assert taken(opened(tmp_path, '[{"x": 1, "x": 2}]'), "x") == [(0, "2")]


def test_a_line_that_is_no_record_costs_one_line(tmp_path: Path) -> None:
    text = '{"id": 1}\n{"id": \n\n[1]\n{"id": 2} x\n{"id": 3}\n' + "[" * 100_000 + '\n"id"\n'
    raw = opened(tmp_path, text, "some.jsonl")
    assert raw.take(["id"]).rows() == [("some.jsonl", 1, 0, "1"), ("some.jsonl", 6, 1, "3")]
    assert raw.malformed.select("file", "line", "reason").rows() == [
        ("some.jsonl", 2, "JSON that does not parse"),
        ("some.jsonl", 4, "no object"),
        ("some.jsonl", 5, "JSON that does not parse"),
        ("some.jsonl", 7, "lists or objects nested too deeply"),
        ("some.jsonl", 8, "no object"),
    ]
    assert (raw.n_read, raw.n_blank) == (7, 1)


def test_elements_that_are_no_objects_are_malformed(tmp_path: Path) -> None:
    raw = opened(tmp_path, '[{"id": 1},\n 5, null,\n\n {"id": 2}]')
    assert raw.take(["id"])["(line)"].to_list() == [1, 4]
    assert raw.malformed.select("line", "reason").rows() == [(2, "no object"), (2, "no object")]


def test_a_document_that_is_a_word_has_no_record(tmp_path: Path) -> None:
    assert opened(tmp_path, '"text"').malformed["reason"].to_list() == ["no object"]


def test_where_all_is_on_one_line_a_record_has_its_number_for_a_line(tmp_path: Path) -> None:
    raw = opened(tmp_path, '[{"id": 1},{"id": 2},3,{"id": 4}]')
    assert raw.take(["id"])["(line)"].to_list() == [1, 2, 4]
    assert raw.malformed["line"].to_list() == [3]


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_document_that_is_cut_short_is_refused(tmp_path: Path, wrapped: bool) -> None:
    text = '[{"id": 1}, {"id": 2, "text": "some, \\"quoted\\", true"}]'
    text = f'{{"count": 2, "items": {text}' if wrapped else text
    first = text.index("}") + 1
    for length in range(first, len(text) - 1):
        with pytest.raises(InputError, match=r"ends in the middle of its JSON.*; fetch or export it again"):
            opened(tmp_path, text[:length])


REFUSED = {
    "prose": ("no JSON at all", "line 1: is not JSON"),
    "garbage further on": ('[{"id": 1},\n{"id" 2}, {"id": 3}]', "line 2: is not JSON"),
    "an empty list": ("[]", "holds no row or record"),
    "nesting without end": ("[" * 100_000, "nested too deeply"),
    "several lists": ('{"a": [{}], "b": [{}]}', "several lists of records, 'a', 'b'; name one with records"),
    "blank": (" \n\n", "is empty"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_holds_no_records_is_refused_in_one_sentence(tmp_path: Path, kind: str) -> None:
    text, problem = REFUSED[kind]
    with pytest.raises(InputError, match=problem) as refused:
        opened(tmp_path, text)
    assert str(refused.value).isprintable()


def test_the_document_itself_may_be_the_record(tmp_path: Path) -> None:
    raw = opened(tmp_path, '{"id": 7, "notes": [{"x": 1}, {"x": 2}]}', records=".")
    assert taken(raw, "id", ".x", each="notes") == [(0, "7", "1"), (0, "7", "2")]
    assert list(raw.records()) == [("some.json", 1, {"id": "7", "notes": [{"x": "1"}, {"x": "2"}]})]


def test_paths_that_are_in_no_record(tmp_path: Path) -> None:
    raw = opened(tmp_path, json.dumps(CONVERSATIONS))
    for paths, each, problem in (
        (
            ["source.autor.type"],
            "",
            "no column 'source.autor.type' in 'some.json'; did you mean 'source.author.type'",
        ),
        ([".bodi"], "parts.parts", "no column '.bodi' in 'some.json'; did you mean '.body'"),
        ([], "parts.part", "no column 'parts.part' in 'some.json'; did you mean 'parts.parts'"),
    ):
        with pytest.raises(UnknownNameError, match=problem):
            raw.take(paths, each=each)


def test_a_list_without_elements_has_no_columns_to_miss(tmp_path: Path) -> None:
    raw = opened(tmp_path, '[{"id": 1, "parts": []}]')
    assert raw.take(["id", ".body"], each="parts").height == 0


def test_columns_of_records_without_elements_are_known(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"id": 1, "parts": [{"body": "x"}]}]', encoding="utf-8")
    (tmp_path / "b.json").write_text('[{"name": "y"}]', encoding="utf-8")
    raw = open_raw(tmp_path)[""]
    assert taken(raw, "id", "name", ".body", each="parts") == [(0, "1", None, "x")]


def test_nested_parquet_is_read_as_records(tmp_path: Path) -> None:
    at = datetime(2026, 3, 2, 9, 0, 1, tzinfo=UTC)
    path = tmp_path / "nested.parquet"
    parts = [[{"at": at, "by": "x"}], []]
    pl.DataFrame({"id": [2**60 + 1, 2], "who": [{"name": "A"}, None], "parts": parts}).write_parquet(path)
    raw = open_raw(path)[""]
    assert taken(raw, "id", "who.name") == [(0, str(2**60 + 1), "A"), (1, "2", None)]
    ((_, by, when),) = taken(raw, ".by", ".at", each="parts")
    assert by == "x"
    assert datetime.fromisoformat(str(when)) == at


def test_paths_step_by_step() -> None:
    assert keys_of("a[0][].b") == ["a", 0, None, "b"]
    assert keys_of("a[x].b") == ["a[x]", "b"]
    assert value_at({"a": [[{"b": 1}, {}]]}, keys_of("a[0][].b")) == [1]
