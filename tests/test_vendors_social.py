"""Exports of social suites in their real shape, dirt and all: Sprout Social, Hootsuite Inbox 2.0."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from benchkit import find_waits, read_export
from benchkit.dataset import Dataset
from benchkit.errors import BenchkitError, InputError, UnknownNameError
from benchkit.schema import EVENTS, MESSAGES, check
from benchkit.sources.mapping import Mapping, shipped_names
from benchkit.sources.mapping.aggregates import refuse_aggregates

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = 3_600
PLAIN = 100
"""Questions beside those of interest, each answered after a minute, so that dirt stays rare."""

WORDS = 'Où est mon colis ? 📦🙏\nIl est "perdu", je crois; 1,5 semaines'
FORMULA = '=HYPERLINK("http://x.test";"Cleo")'


def at(hour: float) -> str:
    return (MONDAY + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ")


def waits_of(data: Dataset, *columns: str) -> list[tuple[Any, ...]]:
    """The waits of the customers of interest, in order, their start in hours of the day."""
    check(data.messages, MESSAGES)
    if data.events is not None:
        check(data.events, EVENTS)
    hours = (pl.col("started_at") - MONDAY).dt.total_seconds() / HOUR
    frame = find_waits(data).frame.filter(~pl.col("customer_id").str.starts_with("plain"))
    return (
        frame.select(
            "customer_id", "channel", hours.round(2).alias("hour"), "outcome", "wait_seconds", *columns
        )
        .with_columns(pl.col("channel", "outcome").cast(pl.String))
        .sort("hour", "customer_id", "channel")
        .collect()
        .rows()
    )


def left_out(data: Dataset) -> dict[tuple[str, str], int]:
    return {(kind, reason): rows for kind, reason, rows, _ in data.audit.summary().iter_rows()}


def told_of(data: Dataset, reason: str) -> list[dict[str, Any]]:
    rows = data.audit.excluded.filter(pl.col("reason") == reason)["row"].to_list()
    return [{key: value for key, value in json.loads(row).items() if value is not None} for row in rows]


# Sprout Social: pages of POST /v1/<customer ID>/messages.

PROFILE = "twpr:100"


def sprout(guid: str | None, hour: float | str, who: str | None, **more: Any) -> dict[str, Any]:
    """A message as the API gives it: no trace of fields that were not asked for, or have no value."""
    post_type, network = more.pop("post_type", "TWEET"), more.pop("network", "TWITTER")
    elapsed, actor = more.pop("elapsed", None), more.pop("actor", None)
    record = {
        "post_category": "POST",
        "post_type": post_type,
        "network": network,
        "profile_guid": PROFILE,
        "text": "placeholder",
        "perma_link": f"https://x.test/{guid}",
        "internal": {"tags": [{"id": 1234}, {"id": 5678}]},
        "created_time": at(hour) if isinstance(hour, float | int) else hour,
        **more,
    }
    if guid:
        record["guid"] = guid
    if who:
        record["from"] = {"guid": who, "name": "placeholder", "screen_name": "placeholder"}
    if elapsed is not None:
        record["activity_metadata"] = {
            "first_reply": {"time_elapsed": elapsed, **({"actor": actor} if actor else {})},
            "first_complete": {"time_elapsed": 1},
        }
    return record


JO = {"id": 2066696, "email": "jo@acme.example"}
DIRECT = {"post_type": "INSTAGRAM_DIRECT_MESSAGE", "network": "INSTAGRAM"}
COMMENT = {"post_type": "FBCR_COMMENT", "network": "FACEBOOK", "profile_guid": "fbpr:200"}


def sprout_pages() -> list[list[dict[str, Any]]]:
    plain = [
        sprout(f"t:9{n}", 1 + n / PLAIN, f"plain:{n}", elapsed=60, actor=JO, language_code="en")
        for n in range(PLAIN)
    ]
    ana = sprout("t:1", 9, "twpr:1", elapsed=600, actor=JO, language_code="fr", text=WORDS)
    first = [
        ana,
        sprout("t:2", 9.05, "twpr:1"),  # more of the same, before the answer
        sprout("t:3", 9.2, PROFILE, internal={"sent_by": JO}),  # the answer itself, to nobody by name
        sprout("t:4", 8, PROFILE),  # what the brand posts of its own accord, natively
        sprout("t:5", 11, "twpr:1", language_code="un"),  # nobody answered
        sprout("t:21", 11.1, PROFILE),  # answered natively, which no first_reply tells
        sprout("d:6", 9.5, "igpr:2", elapsed="3600", **DIRECT),  # by nobody whose name is told
        sprout(
            "c:7",
            9.6,
            "igpr:2",
            elapsed=120.0,
            actor={"id": 7},
            post_type="INSTAGRAM_GRAPH_COMMENT",
            network="INSTAGRAM",
        ),
        sprout("c:8", 10, "fbpr:3", elapsed=300, actor={"name": FORMULA}, case_id="77", **COMMENT),
        sprout("c:9", 10.1, "fbpr:3", **COMMENT),  # the same customer outside the case
        sprout(
            "c:10", 10.2, "fbpr:4", elapsed=0, actor=JO, case_id="77", **COMMENT
        ),  # another in the same case
        sprout("f:11", 10.3, "twpr:5", post_type="TWITTER_FOLLOWER_ALERT"),
        sprout("t:12", 10.3, "twpr:5", post_type="RETWEET"),
        sprout("m:13", 10.4, "mapr:6", elapsed=60, actor=JO, post_type="MASTODON_POST", network="MASTODON"),
    ]
    second = [
        ana,  # pages overlap
        sprout(None, 12, "twpr:7", elapsed=60, actor=JO),  # the field guid was not asked for
        sprout("t:15", "soon", "twpr:8"),
        sprout("t:16", 12.1, None),  # a deleted profile
        sprout("t:17", 12.2, "twpr:9", elapsed="a while", actor=JO),
        sprout("t:18", 23.5, "twpr:10", elapsed=HOUR, actor=JO),  # answered after the export
        sprout("t:19", 25, "twpr:11"),  # written after the export
        sprout("t:20", 12.3, "twpr:12", profile_guid=None),
    ]
    return [plain + first, second]


@pytest.fixture
def sprout_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "sprout"
    folder.mkdir()
    for number, records in enumerate(sprout_pages(), 1):
        page = {"data": records, "paging": {"next_cursor": "456def=="}}
        (folder / f"page{number}.json").write_text(json.dumps(page, indent=1), encoding="utf-8")
    return folder


def read_sprout(path: Path, **options: Any) -> Dataset:
    return read_export("sprout", path, brand="Acme", as_of=at(24), **options)


def test_sprouts_waits_are_those_counted_by_hand(sprout_folder: Path) -> None:
    data = read_sprout(sprout_folder)
    assert waits_of(data, "agent_id", "messages_in_wait", "is_first", "language") == [
        ("twpr:1", "twitter", 9.0, "replied", 600, "Acme/jo@acme.example", 2, True, "fr"),
        ("igpr:2", "direct message", 9.5, "replied", 3_600, "Acme/unsigned", 1, True, None),
        ("igpr:2", "instagram", 9.6, "replied", 120, "Acme/7", 1, True, None),
        ("fbpr:3", "facebook", 10.0, "replied", 300, f"Acme/{FORMULA}", 1, True, None),
        ("fbpr:3", "facebook", 10.1, "awaiting", 50_040, None, 1, True, None),
        ("fbpr:4", "facebook", 10.2, "replied", 0, "Acme/jo@acme.example", 1, True, None),
        ("mapr:6", "MASTODON", 10.4, "replied", 60, "Acme/jo@acme.example", 1, True, None),
        ("twpr:1", "twitter", 11.0, "awaiting", 46_800, None, 1, False, None),
        ("twpr:9", "twitter", 12.2, "awaiting", 42_480, None, 1, True, None),
        ("twpr:10", "twitter", 23.5, "awaiting", 1_800, None, 1, True, None),
    ]


def test_what_is_left_out_of_sprouts_messages_and_why(sprout_folder: Path) -> None:
    data = read_sprout(sprout_folder)
    assert left_out(data) == {
        ("rule", "duplicate message_id"): 2,
        ("rule", "after the extract was taken"): 2,
        ("unreadable", "a kind that the mapping does not name"): 2,
        ("unreadable", "an empty message_id"): 1,
        ("unreadable", "no time"): 1,
        ("unreadable", "a duration that cannot be read"): 1,
    }
    assert data.audit.rows_read == PLAIN + 22
    assert [row["message_id"] for row in told_of(data, "a kind that the mapping does not name")] == [
        "t:16",
        "t:20",
    ]
    assert [row["sender_id"] for row in told_of(data, "an empty message_id")] == ["twpr:7"]
    assert data.personal == ("sender_id", "conversation_id")
    assert data.about.selection is None
    assert "text" not in data.messages.collect_schema()


def test_sprouts_text_is_kept_only_where_it_is_asked_for(sprout_folder: Path) -> None:
    kept = read_sprout(sprout_folder, keep_text=True).messages.filter(pl.col("message_id") == "t:1").collect()
    assert kept["text"].to_list() == [WORDS]


def test_sprouts_records_may_come_as_lines_or_as_flat_columns(tmp_path: Path, sprout_folder: Path) -> None:
    records = [record for page in sprout_pages() for record in page]
    lines = tmp_path / "messages.ndjson"
    lines.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    assert waits_of(read_sprout(lines)) == waits_of(read_sprout(sprout_folder))
    flat = tmp_path / "messages.csv"
    wanted = [
        "guid",
        "created_time",
        "post_type",
        "network",
        "from.guid",
        "profile_guid",
        "activity_metadata.first_reply.time_elapsed",
    ]
    with flat.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(wanted)
        rows.writerows([_value(record, name) for name in wanted] for record in records)
    assert waits_of(read_sprout(flat))[0] == ("twpr:1", "twitter", 9.0, "replied", 600)


def _value(record: dict[str, Any], path: str) -> Any:
    value: Any = record
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def test_sprout_without_first_replies_is_refused_by_the_name_of_what_to_ask_for(tmp_path: Path) -> None:
    page = tmp_path / "page.json"
    page.write_text(
        json.dumps({"data": [sprout(f"t:{n}", n, f"twpr:{n}") for n in range(9)]}), encoding="utf-8"
    )
    with pytest.raises(UnknownNameError, match=r"no column 'activity_metadata.first_reply.time_elapsed'"):
        read_sprout(page)
    page.write_text(json.dumps({"data": [{"guid": f"t:{n}"} for n in range(9)]}), encoding="utf-8")
    with pytest.raises(UnknownNameError, match="no column"):
        read_sprout(page)


# Hootsuite Inbox 2.0: exports by type, local times, joined on Conversation ID.

MESSAGE_COLUMNS = (
    *(
        "Message ID",
        "Conversation ID",
        "Medium",
        "Channel",
        "Channel Display Name",
        "Direction",
        "Message Type",
    ),
    *("Contact Primary Identifier", "Contact Secondary Identifier", "Agent ID", "Agent Name"),
    *("Created at", "Content", "Sentiment", "Post URL", ""),
)
CONVERSATION_COLUMNS = (
    *("Conversation ID", "Medium", "Channel", "Channel Display Name", "Contact Profile ID"),
    *(
        "Contact Primary Identifier",
        "Contact Secondary Identifier",
        "Created at",
        "Last Status Change Agent ID",
    ),
)


def local(hour: float) -> str:
    """Berlin's clock, an hour ahead in March, as the export writes it."""
    return (MONDAY + timedelta(hours=hour + 1)).strftime("%Y-%m-%d %H:%M:%S")


def hoot(
    ident: str, conversation: str, hour: float | str, direction: str = "inbound", **more: str
) -> dict[str, str]:
    return {
        "Message ID": ident,
        "Conversation ID": conversation,
        "Medium": "Facebook",
        "Channel": "acme.help",
        "Channel Display Name": "Acme Help",
        "Direction": direction,
        "Message Type": "comment",
        "Contact Primary Identifier": "Jane Roe" if direction == "inbound" else "",
        "Created at": local(hour) if isinstance(hour, float | int) else hour,
        "Content": "Hello",
        **more,
    }


MIA = {"Agent ID": "a1", "Agent Name": "Mia Stone"}


def hootsuite_messages() -> list[dict[str, str]]:
    plain = [
        message
        for n in range(PLAIN)
        for message in (
            hoot(f"p{n}", f"pc{n}", 1 + n / PLAIN),
            hoot(f"q{n}", f"pc{n}", 1 + n / PLAIN + 1 / 60, "outbound", **MIA),
        )
    ]
    return [
        *plain,
        hoot("m1", "k1", 9, Content=WORDS, Sentiment="negative", **{"Post URL": "https://fb.test/1_2"}),
        hoot("m2", "k1", 9.1, **{"Contact Primary Identifier": "", "Message Type": "private message"}),
        hoot("m3", "k1", 9.5, "outbound", **MIA),
        hoot("m4", "k1", 9.6, "outbound", **MIA),
        hoot("m5", "k1", 9.9),  # thanks, and nobody says anything more
        hoot("m6", "k2", 8, "outbound", Medium="Twitter", **MIA),  # the brand began
        hoot("m7", "k2", 10, Medium="Twitter"),
        hoot(
            "m8", "k2", 10.25, "outbound", Medium="Twitter", **{"Agent Name": FORMULA}
        ),  # an agent without id
        hoot("m9", "k3", 10.5, Medium="Instagram"),
        hoot(
            "m10", "k3", 10.51, "outbound", Medium="Instagram", **{"Agent Name": "Helper VA"}
        ),  # after 36 s, by a machine
        hoot("m11", "k3", 11.5, "outbound", Medium="Instagram"),  # natively, by nobody by name
        hoot(
            "m12", "k4", 11, Medium="WhatsApp", **{"Contact Primary Identifier": "+49 170 000"}
        ),  # in no other file
        hoot("m13", "k5", 12, Medium="Facebook"),
        hoot("m14", "k5", 12.1, Medium="Facebook", Content=""),  # deleted, or a picture
        hoot(
            "m15", "k5", 12.2, "outbound", Medium="Instagram", **MIA
        ),  # of another network than its conversation
        hoot("m1", "k1", 9),  # twice
        hoot("", "k5", 12.3),
        hoot("m17", "", 12.4),
        hoot("m18", "k5", "yesterday"),
        hoot("m19", "k5", ""),
        hoot("m20", "k5", 12.5, "internal note", **MIA),
        hoot("m21", "k5", 12.6, ""),
        hoot("m22", "k5", 25),  # after the export
        hoot("m23", "k6", "2026-02-28 23:30:00"),  # Saturday in Berlin
        hoot("m24", "k6", 1, "outbound", **MIA),
    ]


def hootsuite_conversations() -> list[dict[str, str]]:
    contacts = {"k1": "u1", "k2": "u2", "k3": "u3", "k5": "u5", "k6": "u6", "k7": "u7"}
    contacts |= {f"pc{n}": f"plain{n}" for n in range(PLAIN)}
    return [
        {"Conversation ID": key, "Contact Profile ID": contact, "Medium": "Facebook", "Created at": local(1)}
        for key, contact in contacts.items()
    ]


def table(columns: tuple[str, ...], rows: list[dict[str, str]]) -> bytes:
    """As a suite writes it: a byte-order mark, and a comma after the last name."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([row.get(column, "") for column in columns] for row in rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


@pytest.fixture
def hootsuite_zip(tmp_path: Path) -> Path:
    path = tmp_path / "export.zip"
    conversations = hootsuite_conversations()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        messages = table(MESSAGE_COLUMNS, hootsuite_messages()) + b'"m25","k5","Facebook"\r\n'
        archive.writestr("export/message/org1message02032026.csv", messages)
        archive.writestr(
            "export/resolved-conversation/org1resolved-conversation.csv",
            table(CONVERSATION_COLUMNS, conversations),
        )
        archive.writestr(
            "export/open-conversation/org1open-conversation.csv",
            table(CONVERSATION_COLUMNS, conversations[:3]),
        )
    return path


def read_hootsuite(path: Path, **options: Any) -> Dataset:
    told = {"brand": "Acme", "timezone": "Europe/Berlin", "as_of": at(24), **options}
    return read_export("hootsuite", path, **told)


def test_hootsuites_waits_are_those_counted_by_hand(hootsuite_zip: Path) -> None:
    data = read_hootsuite(hootsuite_zip)
    assert waits_of(data, "agent_id", "messages_in_wait", "is_first", "bot_seconds", "sentiment") == [
        ("u6", "facebook", -25.5, "replied", 95_400, "Acme/a1", 1, True, None, None),
        ("u1", "facebook", 9.0, "replied", 1_800, "Acme/a1", 2, True, None, "negative"),
        ("u1", "facebook", 9.9, "awaiting", 50_760, None, 1, False, None, None),
        ("u2", "twitter", 10.0, "replied", 900, f"Acme/{FORMULA}", 1, False, None, None),
        ("u3", "instagram", 10.5, "replied", 3_600, "Acme/unsigned", 1, True, 36, None),
        ("+49 170 000", "whatsapp", 11.0, "awaiting", 46_800, None, 1, True, None, None),
        ("u5", "facebook", 12.0, "awaiting", 43_200, None, 2, True, None, None),
    ]


def test_what_is_left_out_of_hootsuites_messages_and_why(hootsuite_zip: Path) -> None:
    data = read_hootsuite(hootsuite_zip)
    assert left_out(data) == {
        ("rule", "duplicate message_id"): 1,
        ("rule", "after the extract was taken"): 1,
        ("rule", "another channel than its conversation began with"): 1,
        ("unreadable", "a kind that the mapping does not name"): 2,
        ("unreadable", "an empty message_id"): 1,
        ("unreadable", "an empty conversation_id"): 1,
        ("unreadable", "no time"): 1,
        ("unreadable", "an empty time"): 1,
        ("unreadable", "too few fields"): 1,
    }
    assert data.audit.rows_read == 2 * PLAIN + 26
    assert data.personal == ("sender_id",)


def test_hootsuites_messages_alone_name_their_contacts(tmp_path: Path) -> None:
    path = tmp_path / "messages.csv"
    path.write_bytes(table(MESSAGE_COLUMNS, hootsuite_messages()))
    waits = waits_of(read_hootsuite(path))
    assert ("Jane Roe", "facebook", 9.0, "replied", 1_800) in waits


def test_hootsuites_times_ask_for_the_zone_that_the_export_was_made_in(hootsuite_zip: Path) -> None:
    with pytest.raises(BenchkitError, match="names no time zone; say timezone"):
        read_hootsuite(hootsuite_zip, timezone="")
    shifted = read_hootsuite(hootsuite_zip, timezone="UTC")
    assert waits_of(shifted)[1][:3] == ("u1", "facebook", 10.0)


def test_hootsuites_hour_that_autumn_repeats_is_read_and_told(tmp_path: Path) -> None:
    rows = [hoot(f"m{n}", f"k{n}", f"2026-10-25 0{1 + n}:30:00") for n in range(3)]
    path = tmp_path / "messages.csv"
    path.write_bytes(table(MESSAGE_COLUMNS, rows))
    data = read_hootsuite(path, as_of="2026-10-26T00:00:00Z")
    assert data.messages.sort("sent_at").collect()["sent_at"].dt.hour().to_list() == [23, 0, 2]
    assert data.audit.notes == {"times in the hour that autumn repeats, read as the earlier one": 1}


# All of them.


def test_a_report_of_averages_is_refused_through_the_mapping(tmp_path: Path) -> None:
    report = tmp_path / "messages by agent.csv"
    report.write_text("Agent Name,Messages,Average response time\nMia,90,14 min\n", encoding="utf-8")
    for name in ("sprout", "hootsuite"):
        with pytest.raises(InputError, match="averages only; no share within 1 h can be made from it"):
            read_export(name, report, brand="Acme")


@pytest.mark.parametrize("name", ["sprout", "hootsuite"])
def test_a_mapping_tells_where_its_export_is_found_and_what_is_unsure(name: str, tmp_path: Path) -> None:
    assert name in shipped_names()
    mapping = Mapping.shipped(name)
    assert Mapping.load(mapping.save(tmp_path / "again.toml")) == mapping
    assert mapping.title
    assert len(mapping.found) > 100
    assert all(address.startswith("https://") for address in mapping.sources)
    assert mapping.unsure
    assert all(sentence.endswith(".") for sentence in mapping.unsure)
    for columns in (MESSAGE_COLUMNS, CONVERSATION_COLUMNS):
        refuse_aggregates(columns, "export.csv")
