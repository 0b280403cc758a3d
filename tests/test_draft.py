"""Drafts of mappings: typical files of three shapes are read rightly at once, nobody's words copied."""

from __future__ import annotations

import json
import re
import tomllib
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer
from hypothesis import strategies as st
from typer.testing import CliRunner

from benchkit import find_waits
from benchkit.cli_map import map_file
from benchkit.errors import BenchkitError, InputError
from benchkit.shell import SentenceGroup
from benchkit.sources.exports import read_export
from benchkit.sources.mapping import Mapping
from benchkit.sources.mapping.draft import Sketch, sketch
from benchkit.sources.mapping.draft_text import draft
from benchkit.sources.mapping.draft_words import kinds_of, likeness
from benchkit.sources.mapping.fitting import fitting
from benchkit.sources.mapping.questions import open_questions
from benchkit.sources.raw import open_raw
from tests.fuzzing import fuzz

LONG = """Message ID,Conversation ID,Network,Direction,Author,Agent,Created at,Content,Language
1,a,twitter,Inbound,anna.k,,2026-03-02T09:00:00Z,My parcel is late and I am cross,en
2,a,twitter,Outbound,,Mia,2026-03-02T09:30:00Z,We are looking into it for you,en
3,b,facebook,Inbound,ben.h,,2026-03-02T10:00:00Z,Where is my order please tell me,en
4,b,facebook,Internal note,,Jan,2026-03-02T11:00:00Z,He has written before I think,en
5,b,facebook,Outbound,,Jan,2026-03-02T12:00:00Z,Please send us the number of it,en
6,c,facebook,Inbound,cleo.w,,2026-03-02T13:00:00Z,hello there is anybody at home,en
"""
WIDE = """Ticketnummer;Kanal;Erstellt am;Erste Antwort am;Gelöst am;Bearbeiter;Kundennummer;Betreff;Priorität
a;E-Mail;02.03.2026 09:00;02.03.2026 09:30;13.03.2026 10:00;Mia;anna.k;Wo ist mein Paket;hoch
b;Chat;02.03.2026 10:00;02.03.2026 12:00;;Jan;ben.h;Rechnung stimmt nicht ganz;niedrig
c;Chat;02.03.2026 13:00;;;;cleo.w;Hallo ihr da alle;niedrig
"""
EVENT_LOG = """case:concept:name,concept:name,org:resource,time:timestamp,Customer
a,Ticket created,,2026-03-02T09:00:00+00:00,anna.k
a,Assigned to agent,Mia,2026-03-02T09:10:00+00:00,anna.k
a,Agent reply sent,Mia,2026-03-02T09:30:00+00:00,anna.k
a,Closed,Mia,2026-03-02T11:00:00+00:00,anna.k
b,Ticket created,,2026-03-02T10:00:00+00:00,ben.h
b,Agent reply sent,Jan,2026-03-02T12:00:00+00:00,ben.h
b,Survey done,Jan,2026-03-02T12:30:00+00:00,ben.h
c,Ticket created,,2026-03-02T13:00:00+00:00,cleo.w
"""
PRIVATE = ("anna", "ben.h", "cleo", "parcel", "Paket", "Rechnung", "hello")
WAITS = [("replied", 1_800, "Acme/Mia"), ("replied", 7_200, "Acme/Jan"), ("awaiting", None, None)]


def guess(path: Path) -> Sketch:
    return sketch(open_raw(path)[""], path)


def waits_of(path: Path, text: str) -> list[tuple[str, int | None, str | None]]:
    """The waits that a draft reads, with at most the brand given, by when they began."""
    mapping = path.with_name("drafted.toml")
    mapping.write_text(settled(text), encoding="utf-8")
    data = Mapping.load(mapping).read(
        path, brand="" if "brand = { column" in text else "Acme", as_of="2026-04-01"
    )
    rows = find_waits(data).frame.sort("started_at").collect()
    is_open = pl.col("outcome") == "awaiting"
    seconds = pl.when(~is_open).then("wait_seconds")
    return rows.select(pl.col("outcome").cast(pl.String), seconds, "agent_id").rows()


def settled(text: str) -> str:
    """A draft whose questions are answered as it guessed: without their marks."""
    lines = text.split("\n")
    for number in open_questions(text):
        before, mark, doubt = lines[number - 1].rpartition("# ?")
        lines[number - 1] = f"{before}# {doubt}" if mark else before
    return "\n".join(lines)


def write(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("content", "shape"),
    [(LONG, "long"), (WIDE, "wide"), (EVENT_LOG, "event log")],
    ids=["long", "wide", "log"],
)
def test_typical_files_are_read_rightly_and_nothing_private_is_copied(
    content: str, shape: str, tmp_path: Path
) -> None:
    path = write(tmp_path, "export.csv", content)
    found = guess(path)
    assert found.shape == shape
    text = draft(found)
    assert waits_of(path, text) == WAITS
    assert not [word for word in PRIVATE if word in text]


def test_every_doubt_is_a_question(tmp_path: Path) -> None:
    text = draft(guess(write(tmp_path, "wide.csv", WIDE)))
    assert 'timezone = "UTC"  # ? the times name no time zone' in text
    assert "time = \"day first\" }  # ? its values do not show it, but those of 'Gelöst am'" in text
    text = draft(guess(write(tmp_path, "log.csv", EVENT_LOG)))
    assert '"Survey done" = "ignored"  # ? what is this?' in text
    assert 'constant = "unknown" }  # ? no column names it' in text
    text = draft(guess(write(tmp_path, "long.csv", LONG)))
    assert text.count("# ?") == 1  # in the line that says what it means
    assert open_questions(text) == []


def test_nothing_is_read_by_a_draft_while_a_question_is_open(tmp_path: Path) -> None:
    path = write(tmp_path, "log.csv", EVENT_LOG)
    text = draft(guess(path))
    mapping = write(tmp_path, "log.toml", text)
    lines = [number for number, line in enumerate(text.split("\n"), 1) if "  # ? " in line]
    assert open_questions(text) == lines
    sentence = (
        f"2 questions are open, on lines {lines[0]} and {lines[1]}; settle each and delete its mark # ?"
    )
    with pytest.raises(InputError, match=f"'.*log.toml': {re.escape(sentence)}$"):
        read_export(mapping, path, brand="Acme")
    once = text.replace('"Survey done" = "ignored"  # ?', '"Survey done" = "ignored"  #')
    with pytest.raises(InputError, match=f"1 question is open, on line {lines[0]}; settle it and delete"):
        Mapping.load(write(tmp_path, "log.toml", once))
    mapping.write_text(settled(text), encoding="utf-8")
    assert read_export(mapping, path, brand="Acme").brands() == ["Acme"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a = 1 # ? one\r\nb = 2 #? two\r\n#   ?\r\n", [1, 2, 3]),
        ("\"# ?\" = \"# ?\" # '# ?'\n'#  ?' = '# ?'\n", []),
        ('a = """\n# ? \\""" "\n# ?"""" # ? real\n', [3]),
        ("a = '''\n# ?\\''' # ? real\nb = \"\\\"# ?\"\n", [2]),
        ("a = [ # ? in a list\n 1,\n]\n[b] # and ?\n", [1]),
    ],
)
def test_questions_are_comments_and_no_texts(text: str, lines: list[int]) -> None:
    assert tomllib.loads(text)
    assert open_questions(text) == lines


def test_names_of_columns_make_no_questions(tmp_path: Path) -> None:
    names = [f"{'x' * 20} ? # ? {number}" for number in range(40)]
    path = write(tmp_path, "odd.json", json.dumps([dict.fromkeys(["Direction", *names], "in")]))
    text = draft(guess(path))
    assert "\n# Not used:" in text
    assert all("  # ? " in text.split("\n")[number - 1] for number in open_questions(text))
    with pytest.raises(InputError, match=r"on lines (\d+, ){7}\d+ and 2 more; settle each"):
        Mapping.load(
            write(
                tmp_path,
                "many.toml",
                'name = "x"\n[[turns]]\nkind = "customer"\nat = "A"\nconversation_id = "B"\n' + "# ?\n" * 10,
            )
        )


def test_durations_are_told_from_times_and_their_unit_from_the_name(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "wide.csv",
        "Case,Opened,First response time (min),Resolution time (hours),Owner\n"
        "a,2026-03-02T09:00:00Z,30,2.5,Mia\nb,2026-03-02T10:00:00Z,120,,Jan\nc,2026-03-02T13:00:00Z,,,\n",
    )
    text = draft(guess(path))
    assert '"First response time (min)", after = "Opened", unit = "minutes"' in text
    assert '"Resolution time (hours)", after = "Opened", unit = "hours"' in text
    assert waits_of(path, text) == WAITS


def test_dates_and_clock_times_in_two_columns_are_joined(tmp_path: Path) -> None:
    rows = [line.split(",") for line in LONG.splitlines()[1:]]
    lines = ["Vorgang;Datum;Uhrzeit;Richtung;Bearbeiter;Absender;Nachricht"]
    words = {"Inbound": "eingehend", "Outbound": "ausgehend", "Internal note": "interne Notiz"}
    for _, item, _, kind, author, agent, at, said, _ in rows:
        moment = datetime.fromisoformat(at)
        lines.append(f"{item};{moment:%d.%m.%y};{moment:%H:%M};{words[kind]};{agent};{author};{said}")
    lines.append("d;13.03.26;09:00;eingehend;;dora.m;bitte melden Sie sich")
    path = write(tmp_path, "lang.csv", "\n".join(lines) + "\n")
    text = draft(guess(path))
    assert 'join = ["Datum", "Uhrzeit"]' in text
    assert waits_of(path, text)[:3] == WAITS


def test_nested_records_are_read_by_their_list(tmp_path: Path) -> None:
    parts: dict[str, list[dict[str, object]]] = {}
    for line in LONG.splitlines()[1:]:
        number, item, _, kind, author, agent, at, said, _ = line.split(",")
        role = {"Inbound": "user", "Outbound": "admin", "Internal note": "note"}[kind]
        epoch = int(datetime.fromisoformat(at).timestamp())
        by = {"type": role, "name": author or agent}
        parts.setdefault(item, []).append({"id": number, "created_at": epoch, "author": by, "body": said})
    records = [{"id": item, "channel": "chat", "messages": some} for item, some in parts.items()]
    path = write(tmp_path, "export.json", json.dumps(records))
    found = guess(path)
    assert (found.shape, found.each) == ("long", "messages")
    assert waits_of(path, draft(found)) == WAITS


def talk(number: str, person: str, *said: tuple[str, str, str, str], **more: object) -> dict[str, Any]:
    """A conversation as nested records tell it, its messages of id, role, author and time."""
    keys = ("id", "from", "author", "at")
    listed = [dict(zip(keys, each, strict=True)) for each in said]
    return {"id": number, "contact": person, **more, "messages": listed}


def at(hour: int, minute: int = 0) -> str:
    return f"2026-03-02T{hour:02}:{minute:02}:00Z"


QUESTION = ("m5", "customer", "cleo.w", at(13))
NESTED = [
    talk("A", "anna.k", ("m1", "customer", "anna.k", at(9)), ("m2", "agent", "Mia", at(9, 30))),
    talk("B", "ben.h", ("m3", "customer", "ben.h", at(10)), ("m4", "agent", "Jan", at(12))),
    talk("C", "cleo.w", QUESTION),
]


def test_an_elements_own_author_wrote_it_and_the_records_contact_is_the_customer(tmp_path: Path) -> None:
    path = write(tmp_path, "talks.json", json.dumps(NESTED))
    found = guess(path)
    roles = ("conversation_id", "message_id", "customer_id", "sender_id", "kind")
    assert [found.roles[role] for role in roles] == ["id", ".id", "contact", ".author", ".from"]
    assert found.doubts == {}
    text = draft(found)
    assert waits_of(path, text) == WAITS
    assert not [word for word in PRIVATE if word in text]
    messages = Mapping.load(path.with_name("drafted.toml")).read(path, brand="Acme").messages.collect()
    said = messages.filter(pl.col("sender") == "agent")["sender_id"].to_list()
    assert sorted(said) == ["Acme/Jan", "Acme/Mia"]


def test_an_elements_id_is_no_conversations_even_where_one_is_there_twice(tmp_path: Path) -> None:
    twice = [*NESTED[:2], talk("C", "cleo.w", QUESTION, QUESTION)]
    path = write(tmp_path, "talks.json", json.dumps(twice))
    found = guess(path)
    assert (found.roles["conversation_id"], found.roles["message_id"]) == ("id", ".id")
    assert waits_of(path, draft(found)) == WAITS
    numbered = [
        {**each, "messages": [{**part, "id": "1"} for part in each["messages"][:1]]} for each in NESTED
    ]
    found = guess(write(tmp_path, "firsts.json", json.dumps(numbered)))
    assert found.roles["conversation_id"] == "id"
    without = [{"messages": each["messages"]} for each in NESTED]
    text = draft(guess(write(tmp_path, "bare.json", json.dumps(without))))
    assert 'conversation_id = "?"  # ? ' in text
    pages = [{"id": "page", "messages": each["messages"]} for each in NESTED]
    text = draft(guess(write(tmp_path, "pages.json", json.dumps(pages))))
    assert 'conversation_id = "id"  # ? several records have the same' in text


def test_who_wrote_is_asked_where_the_names_do_not_tell_it(tmp_path: Path) -> None:
    ours = [
        {**each, "messages": [{**part, "author": each["contact"]} for part in each["messages"]]}
        for each in NESTED
    ]
    found = guess(write(tmp_path, "ours.json", json.dumps(ours)))
    assert found.doubts == {"sender_id": "2 of 2 replies name a customer here: who wrote them?"}
    assert 'sender_id = ".author"  # ? 2 of 2' in draft(found)
    other = [{**each, "contact": f"{each['contact']}@mail.example"} for each in ours]
    assert guess(write(tmp_path, "other.json", json.dumps(other))).doubts == found.doubts
    bare = [
        {
            **each,
            "owner": "Mia",
            "messages": [{k: v for k, v in part.items() if k != "author"} for part in each["messages"]],
        }
        for each in NESTED
    ]
    text = draft(guess(write(tmp_path, "owners.json", json.dumps(bare))))
    assert 'customer_id = "contact"  # by its name' in text
    assert 'agent_id = "owner"  # ? of the record' in text
    opened = [{**{k: v for k, v in each.items() if k != "contact"}, "user": each["contact"]} for each in bare]
    assert 'customer_id = "user"  # ? is this the customer?' in draft(
        guess(write(tmp_path, "users.json", json.dumps(opened)))
    )
    everywhere = LONG.replace("anna.k,,", "anna.k,Mia,").replace("ben.h,,", "ben.h,Jan,")
    text = draft(guess(write(tmp_path, "assigned.csv", everywhere)))
    assert 'agent_id = "Agent"  # ? customers\' messages name one too' in text


def test_a_direction_is_asked_where_only_its_words_speak_for_it(tmp_path: Path) -> None:
    for name, question in [
        ("Desk", "# ? by its words only"),
        ("Status", "# ? by its words only"),
        ("Direction", "# by its words"),
    ]:
        path = write(tmp_path, "long.csv", LONG.replace("Direction", name))
        assert f'column = "{name}"  {question}' in draft(guess(path))
    yes = LONG.replace("Inbound", "yes").replace("Outbound", "no").replace("Internal note", "no")
    asked = draft(guess(write(tmp_path, "yes.csv", yes)))
    assert 'column = "Direction"  # ? does it say who wrote' in asked
    certain = draft(guess(write(tmp_path, "in.csv", yes.replace("Direction", "Inbound"))))
    assert 'column = "Inbound"  # by its words' in certain
    of_record = [
        {"id": each["id"], "from": kind, "messages": [{"at": at(9)}]}
        for each, kind in zip(NESTED, ("customer", "agent", "customer"), strict=True)
    ]
    text = draft(guess(write(tmp_path, "of record.json", json.dumps(of_record))))
    assert 'column = "from"  # ? of the record' in text


def test_names_in_a_column_of_senders_are_no_words_to_copy(tmp_path: Path) -> None:
    persons = ["Agent Mia", "Client Anna", "Client Ben", "Support Jan", "Client Cleo"]
    rows = "".join(f"a,{who},{at(9, n)}\n" for n, who in enumerate(persons * 2))
    text = draft(guess(write(tmp_path, "who.csv", f"Thread,Sender,Sent\n{rows}")))
    assert not [who for who in persons if who in text]


@pytest.mark.parametrize(
    "dirt",
    [
        "c;Chat;02.03.2026 13:00;;;;cleo.w;Hallo ihr da alle;niedrig\n",
        "d;Chat;31.02.2026 13:00;;;;dora.m;Was nun;niedrig\n",
    ],
    ids=["a row twice", "no such day"],
)
def test_one_dirty_row_does_not_hide_what_a_table_is(dirt: str, tmp_path: Path) -> None:
    path = write(tmp_path, "wide.csv", WIDE + dirt)
    found = guess(path)
    assert found.shape == "wide"
    assert found.roles["created"] == "Erstellt am"
    many = "".join(
        f"n{n};Chat;03.03.2026 10:{n:02};03.03.2026 11:{n:02};;Mia;x{n};Hallo {n};hoch\n" for n in range(50)
    )
    path = write(tmp_path, "many.csv", WIDE + many + dirt)
    assert guess(path).shape == "wide"
    mapping = write(tmp_path, "many.toml", settled(draft(guess(path))))
    assert read_export(mapping, path, brand="Acme", as_of="2026-04-01").messages.collect().height == 105


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    silent = write(tmp_path, "silent.csv", "Ticket ID,Created\na,2026-03-02T09:00Z\n")
    said = CliRunner().invoke(app, ["map", str(silent)]).output
    assert said.startswith(
        "1 row, which cannot be read yet: no column says who wrote, a customer or an agent "
    )
    assert said.endswith("--draft --out mine.toml drafts a mapping, which asks for what is missing\n")
    odd = guess(write(tmp_path, "odd.csv", "foo,bar\nx,1\ny,2\n"))
    assert "no column says what belongs to one conversation, nor when, nor who wrote" in odd.summary


def test_typed_files_and_yes_and_no(tmp_path: Path) -> None:
    rows = [line.split(",") for line in LONG.splitlines()[1:] if "note" not in line]
    table = pl.DataFrame(
        {
            "thread_id": [row[1] for row in rows],
            "brand": ["Acme"] * len(rows),
            "inbound": [row[3] == "Inbound" for row in rows],
            "sender_name": [row[4] or row[5] for row in rows],
            "sent_at": pl.Series([row[6] for row in rows]).str.to_datetime(time_zone="UTC"),
        }
    )
    path = tmp_path / "export.parquet"
    table.write_parquet(path)
    text = draft(guess(path))
    assert '"true" = "customer"' in text
    assert waits_of(path, text) == WAITS


def test_a_file_that_tells_nothing_gives_a_form_to_fill_in(tmp_path: Path) -> None:
    path = write(tmp_path, "odd.csv", "foo,bar\nx,1\ny,2\n")
    text = draft(guess(path))
    assert guess(path).shape == "unknown"
    mapping = Mapping.load(write(tmp_path, "m.toml", settled(text)))
    with pytest.raises(BenchkitError, match=r"no column '\?'"):
        mapping.read(path, brand="Acme")


def test_reports_of_averages_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="averages only"):
        guess(write(tmp_path, "agents.csv", "Agent name,Avg first response time\nMia,00:12:30\n"))


def test_the_format_that_fits_is_named(tmp_path: Path) -> None:
    header = "message_id,conversation_id,brand,channel,sender,sender_id,sent_at\n"
    path = write(tmp_path, "mine.csv", header + "1,a,Acme,chat,customer,7,2026-03-02T09:00Z\n")
    assert fitting(open_raw(path)[""].names)[0] == ("messages", 7, 7)
    header = "Message ID,Conversation ID,Direction,Created at,Medium,Contact Primary Identifier,Content\n"
    path = write(tmp_path, "messages.csv", header + "1,a,inbound,2026-03-02 09:00,FACEBOOK,7,hello\n")
    name, n_there, n_needed = fitting(open_raw(path)[""].names)[0]
    assert (name, n_there) == ("hootsuite", n_needed)
    assert fitting(["foo", "bar"]) == []


@pytest.mark.parametrize(
    ("name", "role"),
    [
        *[
            ("Ticket-ID", "conversation_id"),
            ("Vorgangsnummer", "conversation_id"),
            ("numéro de ticket", "conversation_id"),
        ],
        *[("createdAt", "created"), ("Date de création", "created"), ("Fecha de creación", "created")],
        *[("Aangemaakt op", "created"), ("Criado em", "created"), ("Data creazione", "created")],
        *[
            ("First Reply Time (min)", "first_reply"),
            ("Erstantwortzeit", "first_reply"),
            ("Eerste reactie", "first_reply"),
        ],
        *[
            ("Première réponse le", "first_reply"),
            ("Primera respuesta", "first_reply"),
            ("first_responded_at", "first_reply"),
        ],
        *[
            ("Résolu le", "closed"),
            ("Cerrado", "closed"),
            ("stats.resolved_at", "closed"),
            ("Opgelost op", "closed"),
        ],
        *[
            ("Zugewiesen an", "agent_id"),
            ("Agente", "agent_id"),
            ("Behandelaar", "agent_id"),
            ("assignee.name", "agent_id"),
        ],
        *[("Kundin", "customer_id"), ("Klant", "customer_id"), ("Requester email", "customer_id")],
        *[
            ("Zeitstempel", "time"),
            ("Horodatage", "time"),
            ("Fecha y hora", "time"),
            ("time:timestamp", "time"),
        ],
    ],
)
def test_columns_are_known_by_their_names_in_several_languages(name: str, role: str) -> None:
    assert likeness(name, role) is not None


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        *[
            ("Inbound", "customer"),
            ("entrant", "customer"),
            ("Customer replied", "customer"),
            ("Kunde", "customer"),
        ],
        *[
            ("Outbound", "agent"),
            ("Replied to customer", "agent"),
            ("Antwort an Kunden", "agent"),
            ("Agent", "agent"),
        ],
        *[
            ("Ticket assigned to agent", "assigned"),
            ("Closed by customer", "closed"),
            ("Reopened", "reopened"),
        ],
        *[
            ("Chatbot", "bot"),
            ("Auto-reply", "bot"),
            ("Internal comment", "ignored"),
            ("Escalated", "handed_off"),
        ],
        *[("Created", "opened"), ("Survey", "")],
    ],
)
def test_words_are_known_by_what_they_say(word: str, kind: str) -> None:
    assert kinds_of("Activity", (word,)) == {word: kind}


app = typer.Typer(cls=SentenceGroup)
app.command("map")(map_file)
app.callback()(lambda: None)


def test_the_command_says_drafts_and_writes(tmp_path: Path) -> None:
    path, out = write(tmp_path, "long.csv", LONG), tmp_path / "mine.toml"
    said = CliRunner().invoke(app, ["map", str(path)])
    assert said.exit_code == 0
    assert "6 rows look like a long table" in said.output
    assert "'Created at'" in said.output
    assert not [word for word in PRIVATE if word in said.output]
    drafted = CliRunner().invoke(app, ["map", str(path), "--draft"])
    assert drafted.stdout == draft(guess(path))
    written = CliRunner().invoke(app, ["map", str(path), "--out", str(out)])
    assert written.exit_code == 0
    assert written.stderr.startswith("next: benchkit ingest ")
    assert written.stderr.endswith("long.csv --name NAME --brand BRAND\n")
    assert out.read_text(encoding="utf-8") == drafted.stdout
    again = CliRunner().invoke(app, ["map", str(path), "--out", str(out)])
    assert again.exit_code == 2
    assert "is there already" in again.output
    assert CliRunner().invoke(app, ["map", str(path), "--out", "x.csv"]).exit_code == 2
    assert "password" in CliRunner().invoke(app, ["map", "postgresql://me:secret@host/db"]).output


def test_the_command_says_how_many_questions_are_open_and_what_then(tmp_path: Path) -> None:
    path, out = write(tmp_path, "my log.csv", EVENT_LOG), tmp_path / "mine.toml"
    written = CliRunner().invoke(app, ["map", str(path), "--out", str(out)])
    assert written.stderr.startswith("2 questions are open: settle each and delete its mark # ?, then: bench")
    assert f"'{path}' --name NAME" in written.stderr
    assert "2 questions are open" in CliRunner().invoke(app, ["map", str(out)]).output
    out.write_text(settled(out.read_text(encoding="utf-8")), encoding="utf-8")
    said = CliRunner().invoke(app, ["map", str(out)])
    assert said.exit_code == 2
    assert "is a mapping, not an export; read one by it: benchkit ingest" in said.output


TICKETS = [{"id": 1, "subject": "x", "created_at": "2026-03-02T09:00:00Z", "via": {"channel": "web"}}]
TALKS = [
    {"id": 1, "ticket": 1, "role": "customer", "sent_at": "2026-03-02T09:00:00Z", "notes": [{"a": 1}]},
    {"id": 2, "ticket": 1, "role": "agent", "sent_at": "2026-03-02T09:40:00Z", "notes": []},
]


def test_several_lists_of_one_document_are_shown_and_one_is_drafted(tmp_path: Path) -> None:
    path = write(tmp_path, "page.json", json.dumps({"tickets": TICKETS, "talks": TALKS, "n": 1}))
    said = CliRunner().invoke(app, ["map", str(path)])
    assert said.exit_code == 0
    assert "holds 2 lists of records, 'tickets', 'talks'\n" in said.output
    assert "'talks': 2 rows look like a long table" in said.output
    assert "  'via.channel'  words        channel\n" in said.output
    assert "  'notes[]'  a list\n" in said.output
    command = f"benchkit map {path} --records talks --draft --out"
    assert f"{command} mine.toml drafts a mapping of it" in said.output
    refused = CliRunner().invoke(app, ["map", str(path), "--out", "talks.toml"])
    assert refused.exit_code == 2
    assert f"'tickets', 'talks'; draft one of them: {command} talks.toml\n" in refused.output
    drafted = CliRunner().invoke(app, ["map", str(path), "--records", "talks", "--draft"])
    assert '[read]\nrecords = "talks"\n' in drafted.stdout
    mapping = write(tmp_path, "mine.toml", settled(drafted.stdout))
    assert read_export(mapping, path, brand="Acme").messages.collect().height == 2
    wrong = CliRunner().invoke(app, ["map", str(path), "--records", "talk"])
    assert "holds no record at 'talk'; check that the export finished, or name another" in wrong.output


def test_lists_in_which_all_is_are_named_with_the_command_that_shows_them(tmp_path: Path) -> None:
    path = write(tmp_path, "deep.json", json.dumps({"data": {"a.b": TICKETS}, "n": {}}))
    said = CliRunner().invoke(app, ["map", str(path)]).output
    assert "  'data.a.b[]'  a list\n" in said
    assert f"benchkit map {path} --records data.a.b shows what is in 'data.a.b'\n" in said
    shown = CliRunner().invoke(app, ["map", str(path), "--records", "data.a.b"]).output
    assert "  'via.channel'  words        channel\n" in shown
    beside = write(tmp_path, "beside.json", json.dumps({"meta": {"n": 1}, "data": {"talks": NESTED}}))
    said = CliRunner().invoke(app, ["map", str(beside)]).output
    assert f"benchkit map {beside} --records data.talks shows what is in 'data.talks'\n" in said
    dotted = write(tmp_path, "dotted.json", json.dumps({"a.b": TALKS, "c": TICKETS}))
    assert "holds 2 lists of records, 'a.b', 'c'" in CliRunner().invoke(app, ["map", str(dotted)]).output


def test_files_of_several_kinds_are_shown_apart(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    write(folder, "tickets.json", json.dumps(TICKETS))
    write(folder, "talks 1.json", json.dumps(TALKS))
    write(folder, "talks 2.json", json.dumps([{**each, "more": 1} for each in TALKS]))
    write(folder, "agents.csv", "Agent name,Avg first response time\nMia,00:12:30\n")
    said = CliRunner().invoke(app, ["map", str(folder)]).output
    assert "holds 3 kinds of files, 'agents.csv', 'talks 1.json', 'tickets.json'" in said
    assert "'talks 1.json': 4 rows look like a long table" in said
    assert "averages only" in said
    command = f"benchkit map '{folder / 'talks 1.json'}' --draft --out mine.toml"
    assert f"{command} drafts a mapping of it" in said
    refused = CliRunner().invoke(app, ["map", str(folder), "--draft"])
    assert f"draft one of them: {command}\n" in refused.output
    packed = tmp_path / "export.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"in/{file.name}")
    refused = CliRunner().invoke(app, ["map", str(packed), "--draft"])
    assert f"unzip {packed} && benchkit map 'in/talks 1.json' --draft" in refused.output


NAMES = (
    *("Ticket ID", "id", "Created at", "First reply", "Direction", "Agent", "Customer", "Date", "Time"),
    *("Type", "Text", "closed", 'a"b', ".x", "\u202ex", "x[]", "é", "*", "^x.*$"),
)
VALUES = (
    *("in", "out", "customer", "agent", "2026-03-02", "2026-03-02T09:00Z", "03/04/2026", "1509487707"),
    *("09:30", "1:2", "4 h", 'a"\\', "#", "\u202e", "\x7f", "true"),
)
cells = st.sampled_from(VALUES) | st.text(st.characters(codec="utf-8"), max_size=5)


@fuzz(
    names=st.lists(
        st.sampled_from(NAMES) | st.text(st.characters(codec="utf-8"), max_size=6), min_size=1, max_size=6
    ),
    rows=st.lists(st.lists(cells, min_size=4, max_size=4), min_size=1, max_size=4),
)
def test_every_table_ends_in_a_draft_that_loads_or_a_sentence(
    tmp_path: Path, names: list[str], rows: list[list[str]]
) -> None:
    path = tmp_path / "any.json"
    path.write_text(json.dumps([dict(zip(names, row, strict=False)) for row in rows]), encoding="utf-8")
    try:
        text = draft(guess(path))
    except BenchkitError:
        return
    mapping = tmp_path / "any.toml"
    mapping.write_text(text, encoding="utf-8")
    if open_questions(text):
        with pytest.raises(InputError, match="open, on line"):
            Mapping.load(mapping)
    mapping.write_text(settled(text), encoding="utf-8")
    assert Mapping.load(mapping).turns
