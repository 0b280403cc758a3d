from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
import typer
from typer.testing import CliRunner, Result

import benchkit as bk
from benchkit.auditing import FINDINGS, audit, findings_table, remark
from benchkit.auditing.showing import summary, told
from benchkit.cli_audit import audit_command
from benchkit.handover import hand_over, load_findings
from benchkit.shell import SentenceGroup
from benchkit.sources.timelines import from_timelines
from tests.audit_data import ACME, BOLT, changed, plain, with_messages, without

HOSTILE = "<img src=x onerror=alert(1)>"
IS_AGENT = pl.col("sender") == "agent"


def rows(*told_of: dict[str, object]) -> pl.DataFrame:
    usual = {"check": "a check", "severity": "warning", "counted": "messages", "touches": "figures"}
    return pl.DataFrame([{**usual, "what_to_do": "Look.", **row} for row in told_of], schema=FINDINGS)


def test_places_of_one_check_are_told_together_the_worst_first() -> None:
    findings = rows(
        *({"brand": f"B{n}", "count": 100 - n, "sentence": f"{100 - n} broke."} for n in range(5)),
        {"brand": "B5", "count": 3, "severity": "note", "sentence": "3 broke."},
        {"brand": "B6", "count": 2, "severity": "note", "sentence": "2 broke."},
    )
    (item,) = told(findings)
    assert (item.severity, item.title) == ("warning", "A check")
    assert item.lines == [
        "490 messages at 5 brands; the most:",
        "B0: 100 broke.",
        "B1: 99 broke.",
        "B2: 98 broke.",
        "And few for their number: 5 messages at 2 brands.",
    ]
    assert summary(findings) == "1 warning."


@pytest.mark.parametrize(
    ("places", "line"),
    [
        ([{"brand": "B"}], "It broke."),
        ([{"brand": "B", "channel": "x"}], "x: It broke."),
        ([{"brand": "B", "agent_id": "Kim"}, {"brand": "B", "agent_id": "Lee"}], "Kim: It broke."),
        ([{"brand": "B", "channel": "x"}, {"brand": "C", "channel": "x"}], "B · x: It broke."),
    ],
)
def test_a_brand_is_named_only_beside_others(places: list[dict[str, object]], line: str) -> None:
    (item,) = told(rows(*({**place, "count": 1, "sentence": "It broke."} for place in places)))
    assert line in item.lines


def test_names_and_ids_from_outside_are_escaped_or_not_shown() -> None:
    hostile = {"brand": HOSTILE, "channel": HOSTILE, "agent_id": HOSTILE, "examples": ["an id"]}
    findings = rows({**hostile, "count": 1, "sentence": HOSTILE}, {"brand": "B", "count": 1, "sentence": "B"})
    html = findings_table(findings).html
    assert "<img" not in html
    assert html.count("&lt;img") == 4
    assert "an id" not in html


def test_a_report_warns_at_its_head_of_what_is_serious_alone() -> None:
    assert remark(audit(plain())) is None
    warning = remark(rows({"count": 1, "sentence": "B"}))
    error = remark(rows({"count": 1, "severity": "error", "sentence": "B"}))
    assert warning is not None
    assert error is not None
    assert "may be wrong with the data" in warning.html
    assert "is wrong with the data" in error.html


def planted() -> bk.Dataset:
    unsigned = pl.when(IS_AGENT & (pl.int_range(pl.len()) % 2 == 0)).then(pl.lit(None)).otherwise("sender_id")
    at_once = pl.col("sent_at").shift() + pl.duration(seconds=3)
    follows = (pl.col("sender").shift() == "customer") & (pl.col("sender_id") == ACME.agent_ids[0])
    data = changed(
        unsigned.alias("sender_id"),
        pl.when(follows).then(at_once).otherwise("sent_at").alias("sent_at"),
        events=None,
        as_of=plain().as_of,
    )
    return without(IS_AGENT & (pl.col("channel") == "instagram"), data)


def test_findings_go_by_the_letters_of_the_report() -> None:
    data = planted()
    findings, waits = audit(data), bk.find_waits(data).collect()
    assert ACME.agent_ids[0] in findings["agent_id"]
    letters = bk.pseudonymise_findings(findings, waits)
    shown = str(letters.rows()) + findings_table(letters).html
    for name in (ACME.name, BOLT.name, *ACME.agent_ids, *BOLT.agent_ids):
        assert name not in shown
    assert letters.height == findings.height
    assert letters.schema == findings.select(letters.columns).schema

    waits_by_letters = bk.pseudonymise(waits)
    agents = waits_by_letters.frame.select(pl.col("agent_id").unique()).collect().to_series()
    assert letters["agent_id"].drop_nulls().is_in(agents.implode()).all()


def test_findings_of_one_brand_are_its_own() -> None:
    data = planted()
    findings, waits = audit(data), bk.find_waits(data).collect()
    own = bk.pseudonymise_findings(findings, waits, brand="Bolt", name_agents=True)
    assert set(own["brand"]) == {"Bolt"}
    assert own.height == findings.filter(brand="Bolt").height
    named = bk.pseudonymise_findings(findings, waits, name_peers=True, name_agents=True)
    assert set(named["brand"]) == {"Acme", "Bolt"}
    assert ACME.agent_ids[0].removeprefix("Acme/") in named["agent_id"]


ASKED = dict.fromkeys(("dataset", "twcs", "messages", "events", "as_of", "calendar"), "")


def test_findings_are_handed_over_without_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = planted()
    findings = audit(data)
    assert findings["examples"].list.len().sum() > 0
    place = tmp_path / "waits"
    for name, value in hand_over(bk.find_waits(data), place, ASKED, findings=findings).items():
        monkeypatch.setenv(name, value)
    handed = load_findings()
    assert handed["examples"].list.len().sum() == 0
    assert handed.drop("examples").equals(findings.drop("examples"))
    assert load_findings(as_of="2026-03-01")["check"].to_list() != findings["check"].to_list()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    planted().messages.sink_parquet("messages.parquet")
    return CliRunner()


def audited(run: CliRunner, *arguments: str) -> Result:
    app = typer.Typer(cls=SentenceGroup, pretty_exceptions_enable=False)
    app.command("audit")(audit_command)
    app.command("other")(lambda: None)
    return run.invoke(app, ["audit", *arguments])


def test_the_command_prints_the_findings_and_leaves_with_1_for_an_error(run: CliRunner) -> None:
    result = audited(run, "--messages", "messages.parquet", "--out", "findings.csv")
    assert result.exit_code == 1, result.output
    assert "error: Channels without replies" in result.stdout
    assert re.search(r"\d errors?, \d warnings?, \d notes?\.", result.stdout)
    table = pl.read_csv("findings.csv")
    assert table.columns == list(FINDINGS)
    assert table["examples"].str.contains(", ").any()


def test_the_command_tells_one_brand(run: CliRunner) -> None:
    result = audited(run, "--messages", "messages.parquet", "--brand", "Bolt")
    assert "Acme" not in result.stdout
    refused = audited(run, "--messages", "messages.parquet", "--brand", "Bolted")
    assert refused.exit_code == 2
    assert refused.stderr.startswith("benchkit: no brand 'Bolted'")


def test_the_command_says_when_nothing_is_wrong(run: CliRunner) -> None:
    result = audited(run, "--demo")
    assert result.exit_code == 0
    assert result.stdout.rstrip().endswith("Nothing was found that would spoil these figures. 3 notes.")
    both = audited(run, "--demo", "--messages", "messages.parquet")
    assert both.exit_code == 2


def test_names_cannot_drive_the_terminal(run: CliRunner) -> None:
    data = from_timelines(*["A0 C10"] * 12, brand="Acme\x1b[2J")
    other = from_timelines(*["A0 C10"] * 12, brand="Bolt")
    renamed = other.messages.with_columns(pl.col("message_id", "conversation_id") + "b")
    both = with_messages(data, pl.concat([data.messages, renamed]), events=None)
    both.messages.sink_parquet("hostile.parquet")
    assert "\x1b" not in audited(run, "--messages", "hostile.parquet").stdout
