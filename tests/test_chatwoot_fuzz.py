"""Whatever stands in files said to be Chatwoot's: a Dataset, or a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from benchkit import find_waits
from benchkit.dataset import Dataset
from benchkit.errors import BenchkitError
from benchkit.schema import MESSAGES, check
from benchkit.sources.chatwoot import EXAMPLE, read_chatwoot
from tests import chatwoot_rows as rows
from tests.fuzzing import fuzz

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.integers(),
    st.sampled_from(
        [0, 1772442000, 1772442000.5, "1772442000", "2026-03-02T09:00:00Z", "incoming", "user", "resolved"]
    ),
    st.floats(),
    st.text(max_size=5),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


def clean_answers() -> dict[str, Any]:
    """What the API gives, by file, without the messages that cannot be read."""
    conversations = rows.api_conversations()[:5]
    for each in conversations:
        each["messages"] = [message for message in each["messages"] if message["id"] < 300]
    return {"conversations.json": {"data": {"payload": conversations}}, "inboxes.json": rows.api_inboxes()}


ANSWERS = clean_answers()


def places_in(told: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """All keys and positions within nested values."""
    inner = told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ()
    found = [path] if path else []
    for key, value in inner:
        found += places_in(value, (*path, key))
    return found


PLACES = places_in(ANSWERS)
CHANGES = st.lists(st.tuples(st.sampled_from(PLACES), VALUES | st.just("(gone)")), min_size=1, max_size=4)


def changed(changes: list[tuple[tuple[Any, ...], Any]]) -> Any:
    told = json.loads(json.dumps(ANSWERS))
    for path, value in changes:
        place = told
        try:
            for key in path[:-1]:
                place = place[key]
            if value == "(gone)":
                del place[path[-1]]
            else:
                place[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            pass  # an earlier change took the place away
    return told


def read(folder: Path, files: dict[str, bytes]) -> Dataset | None:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    try:
        data = read_chatwoot([folder / name for name in files], brand="Acme", keep_text=True)
    except BenchkitError as error:
        sentence = str(error)
    else:
        assert check(data.messages, MESSAGES)["rows"] > 0
        find_waits(data).frame.collect()
        assert data.audit.sentence()
        assert data._repr_html_()
        return data
    assert "\n" not in sentence
    return None


@fuzz(changes=CHANGES)
def test_changed_conversations_end_in_a_dataset_or_a_sentence(tmp_path: Path, changes: Any) -> None:
    told = changed(changes)
    read(tmp_path, {name: json.dumps(told.get(name)).encode() for name in ANSWERS})


@fuzz(content=st.binary(max_size=200))
def test_bytes_end_in_a_dataset_or_a_sentence(tmp_path: Path, content: bytes) -> None:
    read(tmp_path, {"export.json": content})


@fuzz(
    cuts=st.lists(
        st.tuples(st.integers(0, len(EXAMPLE)), st.integers(0, 30), st.binary(max_size=10)), max_size=4
    ),
    in_lines=st.booleans(),
)
def test_a_damaged_export_ends_in_a_dataset_or_a_sentence(
    tmp_path: Path, cuts: list[tuple[int, int, bytes]], in_lines: bool
) -> None:
    content = EXAMPLE.encode()
    for start, length, instead in cuts:
        content = content[:start] + instead + content[start + length :]
    read(tmp_path, {"export.ndjson" if in_lines else "export.json": content})


def test_what_is_not_changed_is_read(tmp_path: Path) -> None:
    data = read(tmp_path, {name: json.dumps(told).encode() for name, told in ANSWERS.items()})
    assert data is not None
    assert data.messages.collect().height == 17
    assert data.calendars is not None
