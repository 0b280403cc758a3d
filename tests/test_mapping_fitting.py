"""A file that is read as the wrong format is told by its columns, and never by a guess."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from benchkit.errors import BenchkitError, InputError, UnknownNameError
from benchkit.schema import MESSAGES
from benchkit.sources.chatwoot import EXAMPLE as CHATWOOT
from benchkit.sources.exports import formats, read_export
from benchkit.sources.mapping import Mapping
from benchkit.sources.mapping.fitting import fitting, formats_of, other_format
from benchkit.sources.twcs import COLUMNS
from benchkit.sources.zendesk.reader import EXAMPLE as ZENDESK

HOOTSUITE = ("Message ID", "Conversation ID", "Direction", "Created at", "Medium", "Content")
FRESHDESK = ("id", "requester_id", "created_at", "source", "stats.resolved_at", "subject", "spam")
INTERCOM = ("type", "id", "created_at", "source.type", "source.author.type", "contacts.contacts[0].id")
IBM = (
    *("dialogHeader.sessionID", "dialogHeader.company", "agentURL.tweet_ID", "agentURL.url_utterance"),
    *(f"dialogContent[0].{name}" for name in ("datetime", "tweet_ID", "client", "message")),
)
SPROUT = (
    *("guid", "created_time", "network", "post_type", "from.guid", "profile_guid", "text"),
    "activity_metadata.first_reply.time_elapsed",
)
OF = {
    "messages": tuple(MESSAGES.columns),
    "twcs": tuple(COLUMNS),
    "hootsuite": HOOTSUITE,
    "freshdesk": FRESHDESK,
    "intercom": INTERCOM,
    "ibm": IBM,
    "sprout": SPROUT,
}


def record(paths: Iterable[str]) -> dict[str, Any]:
    """A record with a value at each path."""
    made: dict[str, Any] = {}
    for path in paths:
        at: Any = made
        *steps, last = path.split(".")
        for step in steps:
            is_list = step.endswith("[0]")
            at = at.setdefault(step.removesuffix("[0]"), [{}] if is_list else {})
            at = at[0] if is_list else at
        at[last] = "x"
    return made


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A file of each format."""
    made = {"zendesk": tmp_path / "pages.json", "chatwoot": tmp_path / "talks.json"}
    made["zendesk"].write_text(ZENDESK, encoding="utf-8")
    made["chatwoot"].write_text(CHATWOOT, encoding="utf-8")
    for name, paths in OF.items():
        is_table = not any(sign in path for path in paths for sign in ".[")
        made[name] = tmp_path / f"export of {len(made)}.{'csv' if is_table else 'json'}"
        row = ",".join("x" for _ in paths)
        text = f"{','.join(paths)}\n{row}\n" if is_table else json.dumps([record(paths)])
        made[name].write_text(text, encoding="utf-8")
    return made


@pytest.mark.parametrize("asked", formats())
def test_whatever_is_asked_for_the_files_own_format_is_named(asked: str, files: dict[str, Path]) -> None:
    assert set(files) == set(formats())
    for name, path in files.items():
        if name == asked:
            assert other_format(asked, path) == ""
            continue
        with pytest.raises(BenchkitError) as refused:
            read_export(asked, path)
        said = str(refused.value)
        assert said.endswith(f"; its columns are those of {name}: read it as that")
        assert "\n" not in said


def test_the_sentence_stands_in_place_of_what_else_there_is(files: dict[str, Path]) -> None:
    with pytest.raises(UnknownNameError) as unknown:
        read_export("twcs", files["hootsuite"])
    assert re.fullmatch(
        r"no column 'tweet_id' in '.*'; its columns are those of hootsuite: read it as that",
        str(unknown.value),
    )
    assert unknown.value.name == "tweet_id"
    with pytest.raises(InputError) as refused:
        read_export("zendesk", files["freshdesk"])
    assert "fetch" not in str(refused.value)
    assert refused.value.path == files["freshdesk"]


def test_a_folder_of_one_format_is_told_and_one_of_several_is_not(
    tmp_path: Path, files: dict[str, Path]
) -> None:
    folder = tmp_path / "zendesk"
    folder.mkdir()
    for key, value in json.loads(ZENDESK).items():
        (folder / f"{key}.json").write_text(json.dumps({key: value}), encoding="utf-8")
    assert other_format("freshdesk", folder) == "zendesk"
    assert other_format("freshdesk", [files["ibm"], files["ibm"]]) == "ibm"
    assert other_format("freshdesk", [files["ibm"], files["sprout"]]) == ""


def test_nothing_is_guessed(tmp_path: Path, files: dict[str, Path]) -> None:
    nearly = tmp_path / "nearly.csv"
    nearly.write_text("Message ID,Conversation ID,Direction,Created at\n1,a,inbound,2026-03-02\n", "utf-8")
    assert fitting(["Message ID", "Conversation ID", "Created at"])[0] == ("hootsuite", 3, 4)
    assert other_format("twcs", nearly) == ""
    both = (*COLUMNS, *MESSAGES.columns)
    assert formats_of(both) == ["messages"]  # which needs more of them
    equal = ("id", "requester_id", "status", "created_at", "via.channel", "inbox_id", "meta.channel")
    assert formats_of(equal) == ["chatwoot", "zendesk"]
    path = tmp_path / "equal.json"
    path.write_text(json.dumps([record(equal)]), encoding="utf-8")
    assert other_format("twcs", path) == ""
    assert other_format("twcs", tmp_path / "nothing.csv") == ""
    assert other_format("twcs", "env:NOWHERE") == ""


def test_a_mapping_of_ones_own_is_not_second_guessed(files: dict[str, Path], tmp_path: Path) -> None:
    mine = Mapping.from_mapping(
        {"name": "m", "turns": [{"kind": "customer", "at": "creatd_at", "conversation_id": "tweet_id"}]}
    ).save(tmp_path / "mine.toml")
    with pytest.raises(UnknownNameError, match="did you mean 'created_at'"):
        read_export(mine, files["twcs"])


def test_large_files_are_not_looked_at(files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchkit.sources.mapping.fitting.LOOKED_AT_BYTES", 10)
    assert other_format("twcs", files["ibm"]) == ""
