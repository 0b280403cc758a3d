"""Tables held to their rules, and errors as people see them."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest
from IPython.core.interactiveshell import InteractiveShell

from benchkit import Dataset
from benchkit.dataset import About
from benchkit.errors import BenchkitError, UnknownNameError, show, way_out
from benchkit.schema import MESSAGES, check
from benchkit.sources.timelines import START, from_timelines

GOOD = from_timelines("C0 A1", "C0 A2").messages.collect()
AS_OF = START + timedelta(days=1)


def build(frame: pl.DataFrame) -> Dataset:
    return Dataset.from_messages(frame, as_of=AS_OF, about=About("made up"))


@pytest.mark.parametrize(
    ("spoiled", "sentence"),
    [
        (
            GOOD.with_columns(pl.lit("m").alias("message_id")),
            "4 of 4 rows of messages break the rule 'message_id is unique', e.g. 'm', 'm', 'm'",
        ),
        (
            GOOD.with_columns(pl.when(pl.col("message_id") != "t0m0").then("sent_at")),
            "1 of 4 rows of messages break the rule 'sent_at is a time', e.g. 't0m0'",
        ),
        (
            GOOD.with_columns(pl.when(pl.col("message_id") != "t0m1").then("sender")),
            "1 of 4 rows of messages break the rule 'sender is customer, agent or bot', e.g. 't0m1'",
        ),
        (
            GOOD.with_columns(
                pl.lit("t0").alias("conversation_id"),
                pl.col("message_id").cast(pl.Categorical).alias("brand"),
            ),
            "rows of messages break the rule 'a conversation has one brand'",
        ),
        (GOOD.drop("brand"), "no column 'brand' in messages; there are 'message_id'"),
        (GOOD.rename({"brand": "brands"}), "no column 'brand' in messages; did you mean 'brands'?"),
        (
            GOOD.with_columns(pl.col("sent_at").dt.replace_time_zone(None)),
            "column sent_at of messages is Datetime.*, it must be Datetime.*; cast it first",
        ),
    ],
)
def test_what_breaks_a_rule_is_named(spoiled: pl.DataFrame, sentence: str) -> None:
    with pytest.raises(BenchkitError, match=sentence.replace("?", r"\?")):
        build(spoiled)


def test_what_keeps_the_rules_is_counted() -> None:
    assert check(GOOD.lazy(), MESSAGES, pl.col("sent_at").max().alias("newest")) == {
        "newest": GOOD["sent_at"].max(),
        "rows": 4,
        "unique": True,
        **dict.fromkeys(MESSAGES.rules, 0),
    }


def test_without_being_told_an_extract_is_as_old_as_its_newest_row() -> None:
    assert Dataset.from_messages(GOOD, about=About("made up")).as_of == GOOD["sent_at"].max()
    ahead = GOOD.with_columns(
        pl.when(pl.col("message_id") == "t1m1")
        .then(pl.datetime(2038, 1, 19, time_zone="UTC"))
        .otherwise("sent_at")
        .cast(GOOD.schema["sent_at"])
        .alias("sent_at")
    )
    data = Dataset.from_messages(ahead, about=About("made up"))
    assert data.as_of == START + timedelta(minutes=1)
    assert data.audit.sentence() == "4 rows read; 1 excluded: after the extract was taken"


def test_only_synthetic_data_knows_its_truth() -> None:
    with pytest.raises(BenchkitError, match="only synthetic data knows its truth"):
        build(GOOD).truth("Example", 60)


def test_a_notebook_shows_an_error_as_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    shell = InteractiveShell()
    shell.run_cell(
        "from benchkit.errors import BenchkitError\nraise BenchkitError('no such thing; try another')"
    )
    shown = capsys.readouterr()
    assert (shown.out + shown.err).strip() == "BenchkitError: no such thing; try another"


def test_names_from_outside_are_shown_and_not_obeyed() -> None:
    assert show("a\x1b[2Jb\n") == r"'a\x1b[2Jb\n'"
    assert len(show("x" * 1_000)) == 62
    error = UnknownNameError("brand", "\x1b]0;title\x07", ["Acme"], where="in demo")
    assert str(error).isprintable()


def test_the_way_out() -> None:
    assert way_out("delt", ["Delta", "Alpha"]) == "did you mean 'Delta'?"
    assert way_out("zzz", ["Delta", "Alpha"]) == "there are 'Delta', 'Alpha'"
    assert way_out("zzz", [f"b{n}" for n in range(20)]).endswith(" and 12 more")
    assert way_out("zzz", []) == "there are none"
