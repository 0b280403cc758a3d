from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

import benchkit as bk
from benchkit.auditing import CHECKS, FINDINGS, SEVERITIES, audit
from benchkit.auditing.checks import Check
from benchkit.auditing.facts import Facts, Found
from benchkit.dataset import EXCLUDED, Audit
from benchkit.sources.timelines import START, from_timelines
from tests.audit_data import HARMLESS, changed, events_of, found, plain, with_messages

LOST = {
    ("unreadable", "no time"): 30,
    ("rule", "duplicate message_id"): 70,
    ("rule", "after the extract was taken"): 20,
    ("rule", "broadcast"): 400,
}


def read_with(excluded: dict[tuple[str, str], int], *, rows_read: int) -> bk.Dataset:
    rows = [{"kind": kind, "reason": reason} for (kind, reason), n in excluded.items() for _ in range(n)]
    audited = Audit(rows_read=rows_read, excluded=pl.DataFrame(rows, schema=EXCLUDED))
    return replace(from_timelines("C0 A10"), audit=audited)


@pytest.mark.parametrize("mode", ["mixture", "queue"])
def test_nothing_but_notes_is_found_in_synthetic_data(mode: str) -> None:
    for seed in range(10):
        findings = audit(bk.synthesize(seed=seed, messages=5_000, months=9, mode=mode))
        assert set(findings["severity"]) == {"note"}
        assert set(findings["check"]) <= HARMLESS


def test_nothing_but_notes_is_found_in_the_demo_data() -> None:
    findings = audit(bk.load())
    assert set(findings["check"]) == HARMLESS
    assert set(findings["severity"]) == {"note"}


def test_findings_are_a_tidy_table_with_the_worst_first() -> None:
    findings = audit(read_with(LOST, rows_read=5_000))
    assert findings.schema == pl.Schema(FINDINGS)
    order = [SEVERITIES.index(severity) for severity in findings["severity"]]
    assert order == sorted(order)
    assert len(set(order)) > 1
    shares = findings.filter(pl.col("of") > 0)
    assert shares["share"].to_list() == (shares["count"] / shares["of"]).to_list()


def test_every_check_says_what_it_looks_for_and_what_to_do() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    for check in CHECKS:
        told = (check.find.__doc__ or "").split("\n\n")
        assert len(told) == 2, check.name
        assert check.severity in SEVERITIES
        assert check.what_to_do.endswith(".")
        assert not check.touches.endswith(".")


def test_a_channel_for_every_conversation_takes_no_longer_and_is_no_gap() -> None:
    every = changed(pl.col("conversation_id").cast(pl.Categorical()).alias("channel"))
    assert set(audit(every)["check"]) <= HARMLESS


def test_a_message_of_long_ago_makes_no_gap() -> None:
    is_first = pl.int_range(pl.len()) == 0
    long_ago = pl.when(is_first).then(pl.datetime(1, 1, 2, time_zone="UTC")).otherwise("sent_at")
    assert set(audit(changed(long_ago.alias("sent_at")))["check"]) <= HARMLESS


def test_no_messages_are_no_findings() -> None:
    empty = with_messages(plain(), plain().messages.head(0), events=None)
    assert audit(empty).is_empty()


@pytest.mark.parametrize(
    ("n", "of", "severity"), [(50, 1_000, "error"), (49, 1_000, "note"), (10, 20, "note"), (11, 20, "error")]
)
def test_a_small_share_and_a_few_are_worth_a_note(n: int, of: int, severity: str) -> None:
    def something(_: Facts) -> list[Found]:
        """Something."""
        return [Found(n, of, "There is something.")]

    check = Check(something, "error", "things", "nothing", "Nothing.", serious_from=0.05)
    (row,) = check.rows(Facts(plain()))
    assert row["severity"] == severity


@pytest.mark.parametrize(
    ("check", "reason", "severity_of_5000", "severity_of_100000"),
    [
        ("rows that could not be read", ("unreadable", "no time"), "warning", "note"),
        ("ids that came twice", ("rule", "duplicate message_id"), "warning", "note"),
        ("messages newer than the extract", ("rule", "after the extract was taken"), "warning", "note"),
        ("rows left out by a rule", ("rule", "broadcast"), "note", "note"),
    ],
)
def test_what_was_left_out_is_told_by_reason(
    check: str, reason: tuple[str, str], severity_of_5000: str, severity_of_100000: str
) -> None:
    for rows_read, severity in ((5_000, severity_of_5000), (100_000, severity_of_100000)):
        (row,) = found(read_with(LOST, rows_read=rows_read), check)
        assert (row["count"], row["of"], row["severity"]) == (LOST[reason], rows_read, severity)
        assert reason[1] in row["sentence"]


def test_what_the_reader_noted_is_told() -> None:
    noted = {"times in the hour that autumn repeats, read as the earlier one": 12}
    data = replace(plain(), audit=Audit(rows_read=5_000, notes=noted))
    (row,) = found(data, "rows read in a way worth knowing")
    assert row["sentence"] == "12 times in the hour that autumn repeats, read as the earlier one."
    assert row["severity"] == "note"


def test_an_old_extract_said_to_be_new() -> None:
    newest = plain().messages.select(pl.col("sent_at").max()).collect().item()
    for days, is_old in ((13, False), (15, True), (400, True)):
        data = with_messages(plain(), plain().messages, as_of=min(newest + timedelta(days=days), now()))
        rows = found(data, "an old extract said to be new")
        assert bool(rows) is (is_old and newest + timedelta(days=14) < now())
        assert all(row["severity"] == "error" for row in rows)


def now() -> datetime:
    return datetime.now(UTC)


def test_a_quiet_brand_is_no_old_extract() -> None:
    quiet = from_timelines(*(f"C{1440 * 20 * n}" for n in range(5)), days=120)
    assert not found(quiet, "an old extract said to be new")
    busy = from_timelines(*(f"C{600 * n}" for n in range(100)), days=120)
    (row,) = found(busy, "an old extract said to be new")
    assert row["count"] == (START + timedelta(days=120) - START - timedelta(minutes=59_400)).days


def test_events_without_a_conversation_are_counted() -> None:
    of_nothing = events_of(*((f"gone{n}", START, "closed") for n in range(12)), ("t0", START, "closed"))
    data = from_timelines("C0 A10")
    (row,) = found(with_messages(data, data.messages, events=of_nothing), "events without a conversation")
    assert (row["count"], row["of"], row["severity"]) == (12, 13, "warning")
    assert row["examples"] == ["gone0", "gone1", "gone10"]


def test_ids_made_with_those_of_customers_are_no_examples() -> None:
    of_nothing = events_of(*((f"gone{n}", START, "closed") for n in range(12)))
    data = from_timelines("C0 A10")
    data = replace(data, events=of_nothing.lazy(), personal=("sender_id", "conversation_id"))
    (row,) = found(data, "events without a conversation")
    assert row["examples"] == []


def test_findings_tell_no_texts_and_no_customers() -> None:
    is_customer = pl.col("sender") == "customer"
    data = changed(
        pl.lit("a secret text").alias("text"),
        pl.when(is_customer).then(pl.lit("secret-") + pl.col("sender_id")).otherwise("sender_id"),
        pl.lit(None, pl.String).alias("in_reply_to"),
    )
    assert "secret" not in audit(data).write_json()


def test_selected_data_are_told_from_those_where_little_is_unanswered() -> None:
    answered = plain().messages.filter(pl.col("sender") == "agent").select("conversation_id").unique()
    data = with_messages(
        plain(), plain().messages.join(answered, on="conversation_id", how="semi", maintain_order="left")
    )
    waits = bk.find_waits(data).frame.filter("is_first").collect()
    rows = found(data, "first messages all answered")
    assert {row["brand"]: row["count"] for row in rows} == dict(
        waits.group_by(pl.col("brand").cast(pl.String)).len().iter_rows()
    )
    assert {row["severity"] for row in rows} == {"error"}
    assert not found(plain(), "first messages all answered")

    known = replace(data, about=replace(data.about, selection="Only answered threads were collected."))
    assert not found(known, "first messages all answered")
    (row,) = found(known, "only what was answered")
    assert row["sentence"] == "Only answered threads were collected."
    assert row["severity"] == "note"


@pytest.mark.parametrize(("n", "unanswered", "is_told"), [(687, 0, False), (688, 0, True), (2_000, 6, True)])
def test_it_takes_enough_messages_to_say_that_all_were_answered(
    n: int, unanswered: int, is_told: bool
) -> None:
    data = from_timelines(*["C0 A10"] * (n - unanswered), *["C0"] * unanswered)
    assert bool(found(data, "first messages all answered")) is is_told


@pytest.mark.parametrize(
    ("n", "replied", "is_told"), [(342, 0, True), (341, 0, False), (900, 5, True), (900, 9, False)]
)
def test_a_brand_that_never_replies_is_an_error(n: int, replied: int, *, is_told: bool) -> None:
    data = from_timelines(*["C0 A10"] * replied, *["C0"] * (n - replied), days=8)
    rows = found(data, "brands without replies")
    assert bool(rows) is is_told
    assert all((row["severity"], row["count"], row["of"]) == ("error", n - replied, n) for row in rows)
    assert not found(from_timelines(*["C0"] * n, days=6), "brands without replies")


def test_waits_still_open_are_counted_with_their_age() -> None:
    data = from_timelines("C0 A10", "C1440", "C2880 A2890 C4320", "C0 X10", days=10)
    (row,) = found(data, "waits still open")
    assert (row["count"], row["of"]) == (2, 5)
    assert "8 d" in row["sentence"]  # of 7 and 9 days
