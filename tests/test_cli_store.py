"""The commands of the store: what they print, and one sentence for whatever is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchkit import synthesize
from benchkit.report import make_report
from tests.test_cli import refused, run

EXAMPLE = """message_id,conversation_id,brand,channel,sender,sender_id,sent_at
1,a,Acme,chat,customer,7,2026-03-02T09:00:00Z
2,a,Acme,chat,agent,Acme/JK,2026-03-02T10:40:00Z
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("messages.csv").write_text(EXAMPLE, encoding="utf-8")


def test_an_export_is_ingested_listed_and_measured() -> None:
    assert run("datasets").stdout == "There are no datasets yet; make one with benchkit ingest.\n"
    done = run("ingest", "messages", "messages.csv", "--name", "acme")
    assert (done.exit_code, Path(done.stdout.strip()).parts[-3:]) == (0, ("data", "store", "acme"))
    assert (
        done.stderr
        == "2 messages added, 0 rows excluded; acme holds 2 messages, as of 2026-03-02 10:40 UTC\n"
    )
    again = run("ingest", "messages", "messages.csv", "--name", "acme")
    assert again.stderr.startswith("nothing new: this export was ingested before")
    listed = run("datasets").stdout.splitlines()
    assert listed[0].split() == [
        "dataset",
        "exports",
        "messages",
        "waits",
        "first",
        "message",
        "last",
        "taken",
        "MB",
    ]
    assert listed[1].split()[:7] == ["acme", "1", "2", "1", "2026-03-02", "2026-03-02", "2026-03-02"]
    figures = run("measure", "--dataset", "acme", "--min-waits", "0", "--metrics", "waits", "--format", "csv")
    assert "waits,1.0" in figures.stdout


def test_wrong_input_is_one_sentence() -> None:
    assert "no format 'message'" in refused("ingest", "message", "messages.csv", "--name", "acme")
    assert "there is no such file" in refused("ingest", "messages", "missing.csv", "--name", "acme")
    assert "cannot be a dataset's name" in refused("ingest", "messages", "messages.csv", "--name", "../acme")
    assert "missing option '--name'" in refused("ingest", "messages", "messages.csv")
    assert "is not a time" in refused(
        "ingest", "messages", "messages.csv", "--name", "a", "--complete-since", "soon"
    )
    assert "says brand itself; leave brand out" in refused(
        "ingest", "messages", "messages.csv", "--name", "acme", "--brand", "Acme"
    )
    assert "no dataset 'acme'" in refused("measure", "--dataset", "acme")
    assert "two" in refused("measure", "--demo", "--dataset", "acme")
    assert "dataset and twcs are two sources" in refused("measure", "--dataset", "acme", "--twcs", "x.csv")
    assert not Path("data").exists()


def test_a_report_of_a_month_that_the_store_has_nothing_new_for_says_so_loudly() -> None:
    run("ingest", "messages", "messages.csv", "--name", "acme")
    sentence = refused("report", "--dataset", "acme", "--month", "2026-04")
    assert (
        "no waits in 2026-04 in 'acme'; the months there are: 2026-03; its newest export was taken"
        in sentence
    )
    assert sentence.endswith("2026-03-02 10:40 UTC, so ingest a newer one first")
    assert not Path("data/reports").exists()


def test_a_report_on_a_month_that_is_not_whole_warns() -> None:
    data = synthesize(messages=4_000, months=3)
    data.messages.collect().write_parquet("messages.parquet")
    run("ingest", "messages", "messages.parquet", "--name", "acme", "--as-of", "2026-10-20")
    said: list[str] = []
    page = make_report(dataset="acme", month="2026-10", progress=said.append)
    assert said[0] == (
        "WARNING: the newest export of it in 'acme' was taken 2026-10-20 00:00 UTC, "
        "before the end of 2026-10: ingest a newer one"
    )
    assert page == Path("data/reports/acme/all/2026-10/index.html")
    assert "the data were taken on 2026-10-20, before its end" in page.read_text(encoding="utf-8")


def test_no_connection_uri_is_repeated_wherever_it_is_given() -> None:
    uri = "postgresql://bob:hunter2secret@127.0.0.1:1/db"
    exported = ("messages", "messages.csv", "--name", "a")
    for where in (uri, "mysql://bob:hunter2secret@h/db", "host=h user=bob password=hunter2secret"):
        for args in (
            ("ingest", "chatwoot", where, "--name", "a"),
            ("ingest", where, "messages.csv", "--name", "a"),
            ("ingest", f"{where}.toml", "messages.csv", "--name", "a"),
            ("ingest", "messages", "messages.csv", "--name", where),
            ("ingest", *exported, "--as-of", where),
            ("ingest", *exported, "--complete-since", where),
            ("ingest", *exported, "--timezone", where),
            ("ingest", *exported, "--attributes", where, "--on", "brand"),
            ("ingest", *exported, "--on", where),
            ("ingest", *exported, where),
            ("audit", where),
            ("report", "--dataset", where),
            ("measure", "--messages", where),
            ("measure", "--twcs", where),
            ("measure", "--dataset", where, "--min-waits", where),
            ("map", where),
        ):
            assert "hunter2" not in refused(*args), args
    assert not Path("data").exists()


def test_attributes_and_the_column_to_join_them_on_are_given_together() -> None:
    Path("plans.csv").write_text("brand,plan\nAcme,basic\n", encoding="utf-8")
    exported = ("ingest", "messages", "messages.csv", "--name", "a")
    for alone in (("--on", "brand"), ("--attributes", "plans.csv")):
        assert "attributes and on go together" in refused(*exported, *alone)
    assert run(*exported, "--attributes", "plans.csv", "--on", "brand").exit_code == 0
