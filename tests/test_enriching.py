"""Attributes: joined to whom they belong, measured by, and refused where they would tell people apart."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from benchkit import BenchkitError, Dataset, enrich, find_waits, measure, open_dataset
from benchkit.dataset import About
from benchkit.schema import MESSAGES
from benchkit.sources.timelines import from_timelines
from benchkit.store import ingest

PLANS = pl.DataFrame(
    {"customer_id": ["customer0", "customer1", "nobody"], "plan": ["premium", "basic", "basic"]}
)


def two_channels() -> Dataset:
    """The customer `7` once on each of two channels, and answered on one."""
    one = from_timelines("C0 A10", channel="facebook").messages.collect()
    two = from_timelines("C30", channel="twitter").messages.collect()
    both = pl.concat([one, two.with_columns(pl.format("{}x", pl.col("message_id", "conversation_id")))])
    same = pl.when(pl.col("sender") == "customer").then(pl.lit("7")).otherwise("sender_id")
    frame = both.with_columns(same.alias("sender_id")).cast(dict(MESSAGES.columns))
    return Dataset.from_messages(frame, about=About("two channels"))


def figure(data: Dataset, metric: str, **options: object) -> dict[str | None, float]:
    by = str(options.get("by", ""))
    found = measure(find_waits(data), metrics=metric, min_waits=0, by=by or None)
    return dict(zip(found[by] if by else [None], found["estimate"], strict=True))


def test_a_conversation_has_what_is_known_of_its_customer() -> None:
    data = enrich(from_timelines("C0 A10", "C0", "C5 A6", "C9"), PLANS, on="customer_id")
    assert figure(data, "waits", by="plan") == {"basic": 1, "premium": 1, None: 2}
    assert figure(data, "messages_out", by="plan") == {"basic": 0, "premium": 1, None: 1}
    assert data.audit.notes == {
        "customers of whom the attributes say nothing": 2,
        "customers with attributes who are not in the data": 1,
    }
    assert "2 customers of whom the attributes say nothing" in data.audit.sentence()


@pytest.mark.parametrize(
    ("on", "key", "expected"),
    [
        ("brand", "Example", {"x": 3}),
        ("conversation_id", "t1", {"x": 1, None: 2}),
    ],
)
def test_brands_and_conversations_have_attributes_too(
    on: str, key: str, expected: dict[str | None, int]
) -> None:
    data = enrich(from_timelines("C0 Akim10", "C0", "C5"), pl.DataFrame({on: [key], "tier": ["x"]}), on=on)
    assert figure(data, "waits", by="tier") == expected


def test_what_the_table_says_goes_before_what_the_messages_say() -> None:
    data = from_timelines("C0 A10", "C0")
    told = data.messages.with_columns(country=pl.lit("DE"), industry=pl.lit("Toys").cast(pl.Categorical))
    data = Dataset.from_messages(told, about=data.about)
    table = pl.DataFrame({"customer_id": ["customer0"], "country": [" AT "], "industry": ["Games"]})
    joined = enrich(data, table, on="customer_id")
    assert figure(joined, "waits", by="country") == {"AT": 1, "DE": 1}
    assert figure(joined, "waits", by="industry") == {"Games": 1, "Toys": 1}


def test_customers_of_two_channels_are_two_unless_a_table_says_that_they_are_one_person() -> None:
    data = two_channels()
    assert figure(data, "customers") == {None: 2}
    persons = pl.DataFrame({"customer_id": ["7"], "person_id": ["crm-1"], "segment": ["vip"]})
    assert figure(enrich(data, persons, on="customer_id"), "customers") == {None: 1}


def test_a_file_of_attributes_is_found_by_the_hashes_of_the_store_too(tmp_path: Path) -> None:
    two_channels().messages.collect().write_parquet(tmp_path / "messages.parquet")
    table = tmp_path / "plans.csv"
    table.write_text("customer_id;plan;person_id\n7;premium;crm-1\n8;basic;crm-2\n", encoding="utf-8")
    ingest("messages", tmp_path / "messages.parquet", name="late", root=tmp_path)
    root = {"root": tmp_path}
    late = enrich(open_dataset("late", **root), table, on="customer_id")
    ingest(
        "messages",
        tmp_path / "messages.parquet",
        name="early",
        root=tmp_path,
        attributes=table,
        on="customer_id",
    )
    early = open_dataset("early", **root)
    for data in (late, early):
        assert figure(data, "waits", by="plan") == {"premium": 2}
        assert figure(data, "customers") == {None: 1}
    assert "crm-1" not in early.messages.collect()["person_id"].to_list()


@pytest.mark.parametrize(
    ("table", "on", "sentence"),
    [
        (PLANS, "customer", "no key 'customer' to join attributes on; did you mean 'customer_id'?"),
        (PLANS, "brand", "no column 'brand' in the attributes; there are 'customer_id', 'plan'"),
        (PLANS.select("customer_id"), "customer_id", "a key and nothing else; add a column such as segment"),
        (
            PLANS.with_columns(agent=pl.lit("x")),
            "customer_id",
            "cannot be called 'agent', which means something else",
        ),
        (PLANS.with_columns(estimate=pl.lit("x")), "customer_id", "cannot be called 'estimate'"),
        (PLANS.with_columns(sent_at=pl.lit("x")), "customer_id", "cannot be called 'sent_at'"),
        (
            pl.concat([PLANS, PLANS.head(1)]),
            "customer_id",
            "2 rows of the attributes share their customer_id",
        ),
        (
            pl.DataFrame({"customer_id": map(str, range(300)), "name": map(str, range(300))}),
            "customer_id",
            "the attribute 'name' has 300 values, so it tells single people apart; leave it out",
        ),
    ],
)
def test_what_cannot_be_joined_is_a_sentence(table: pl.DataFrame, on: str, sentence: str) -> None:
    with pytest.raises(BenchkitError) as refused:
        enrich(from_timelines("C0 A10"), table, on=on)
    assert sentence in str(refused.value)


@pytest.mark.parametrize("name", ["*", "^.*$", "^seg.*$"])
def test_an_attribute_is_not_named_as_a_pattern_of_names(name: str) -> None:
    with pytest.raises(
        BenchkitError, match=r"an attribute cannot be called .*, which stands for any; rename"
    ):
        enrich(from_timelines("C0 A10"), PLANS.rename({"plan": name}), on="customer_id")


def test_attributes_of_odd_types_are_text_or_refused() -> None:
    def plans(values: list[object], dtype: pl.DataType | type[pl.DataType]) -> pl.Series:
        odd = pl.Series("plan", values, dtype=dtype)
        table = pl.DataFrame({"customer_id": ["customer0", "customer1"], "plan": odd})
        messages = enrich(from_timelines("C0", "C0"), table, on="customer_id").messages.collect()
        return messages.sort("conversation_id")["plan"]

    assert plans([b"basic", b"\xff"], pl.Binary).to_list() == ["basic", None]
    assert plans([2**62, 0], pl.Datetime("us")).to_list() == [None, "1970-01-01 00:00:00.000000"]
    assert plans([2**31 - 1, None], pl.Date).null_count() == 2
    assert plans([timedelta(seconds=90), None], pl.Duration).to_list() == ["90.0", None]
    with pytest.raises(BenchkitError, match="the attribute 'plan' holds several values at once; give one"):
        plans([["basic"], []], pl.List(pl.String))
