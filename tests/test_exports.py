"""One door to every export: which reader a format leads to, and which options it takes."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest

import benchkit as bk
from benchkit.errors import BenchkitError, InputError, UnknownNameError
from benchkit.sources import twcs
from benchkit.sources.exports import FORMATS, formats, read_export
from benchkit.sources.mapping import Mapping, shipped_names
from benchkit.sources.messages import EXAMPLE

WITH_TEXT = """message_id,conversation_id,brand,channel,sender,sender_id,sent_at,text
1,a,Acme,chat,customer,7,2026-03-02T09:00:00Z,hello
"""


def write(folder: Path, text: str, name: str = "mine.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_every_reader_in_code_takes_the_same_options(name: str) -> None:
    module, _, function = FORMATS[name].partition(":")
    reader = getattr(importlib.import_module(module), function)
    options = list(inspect.signature(reader).parameters)
    assert options[:6] == ["path", "brand", "channel", "timezone", "as_of", "keep_text"]


def test_formats_are_those_in_code_and_the_mappings_that_ship() -> None:
    assert formats() == sorted({*FORMATS, *shipped_names()})
    assert not set(FORMATS) & set(shipped_names())


def test_messages_in_their_own_columns_and_their_text_only_where_it_is_wanted(tmp_path: Path) -> None:
    path = write(tmp_path, WITH_TEXT)
    assert bk.read_export is read_export
    assert "text" not in read_export("messages", path).messages.collect_schema()
    kept = read_export("messages", [path], keep_text=True)
    assert kept.messages.collect()["text"].to_list() == ["hello"]


def test_a_folder_of_messages_and_events(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no messages\.parquet or messages\.csv"):
        read_export("messages", tmp_path)
    write(tmp_path, WITH_TEXT, "messages.csv")
    assert read_export("messages", tmp_path).events is None
    write(tmp_path, "conversation_id,at,kind\na,2026-03-02T09:30:00Z,closed\n", "events.csv")
    data = read_export("messages", str(tmp_path), as_of="2026-03-03")
    waits = bk.find_waits(data).frame.collect()
    assert waits.select("outcome", "wait_seconds").rows() == [("closed", 1_800)]
    data.messages.collect().write_parquet(tmp_path / "messages.parquet")
    write(tmp_path, "", "messages.csv")
    assert read_export("messages", tmp_path).messages.collect().height == 1


def test_tweets_are_read_by_their_reader(tmp_path: Path) -> None:
    data = read_export("twcs", write(tmp_path, twcs.EXAMPLE), as_of="2017-11-01", keep_text=True)
    assert data.about.selection == twcs.SELECTION
    assert "text" in data.messages.collect_schema()


@pytest.mark.parametrize("option", ["brand", "channel", "timezone"])
@pytest.mark.parametrize("name", ["messages", "twcs"])
def test_options_that_a_format_has_no_use_for_are_refused(tmp_path: Path, name: str, option: str) -> None:
    with pytest.raises(BenchkitError, match=f"says {option} itself; leave {option} out"):
        read_export(name, write(tmp_path, EXAMPLE), **{option: "UTC"})


def test_a_mapping_by_its_file(tmp_path: Path) -> None:
    mapping = {
        "name": "ours",
        "every": {"kind": "Who", "at": "At", "conversation_id": "Case", "channel": {"given": "channel"}},
    }
    toml = Mapping.from_mapping(mapping).save(tmp_path / "ours.toml")
    path = write(tmp_path, "Case,Who,At\n1,customer,2026-03-02 09:00\n1,agent,2026-03-02 10:00\n")
    data = read_export(toml, path, brand="Acme", channel="chat", timezone="Europe/Berlin", as_of="2026-03-03")
    found = bk.find_waits(data).frame.collect()
    assert found.select("brand", "channel", "wait_seconds").rows() == [("Acme", "chat", 3_600)]
    with pytest.raises(InputError, match=r"gone\.toml': cannot be read"):
        read_export(tmp_path / "gone.toml", path)


def test_an_unknown_format_is_told_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="no format 'mesages'"):
        read_export("mesages", tmp_path)


def test_several_paths_and_uris_are_refused_where_one_file_is_read(tmp_path: Path) -> None:
    with pytest.raises(BenchkitError, match="is read from one file, not 2"):
        read_export("messages", [tmp_path, tmp_path])
    for name in FORMATS:
        with pytest.raises(BenchkitError, match="put the URI into an environment variable") as caught:
            read_export(name, "postgresql://me:secret@host/db")
        assert "secret" not in str(caught.value)


def test_the_time_zone_that_is_told_is_the_brands_own(tmp_path: Path) -> None:
    mapping = tmp_path / "mine.toml"
    mapping.write_text(
        'name = "mine"\n[every]\nconversation_id = "Ticket"\nchannel = { constant = "mail" }\n'
        '[[turns]]\nkind = "customer"\nat = "Created"\n',
        encoding="utf-8",
    )
    path = tmp_path / "tickets.csv"
    path.write_text("Ticket,Created\n1,2026-03-02 09:00\n", encoding="utf-8")
    data = read_export(mapping, path, brand="Acme", timezone="Europe/Berlin")
    assert data.time_zones == {"Acme": "Europe/Berlin"}
    assert data.messages.collect()["sent_at"][0].hour == 8
