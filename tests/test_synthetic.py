"""Synthetic data: its truth is true, its rows are in order, and the same seed makes the same bytes."""

import json
import math
import pickle
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from statistics import NormalDist

import numpy as np
import polars as pl
import pytest
from scipy.special import ndtri

from benchkit.dataset import Dataset
from benchkit.errors import BenchkitError, UnknownNameError
from benchkit.finding import find_waits
from benchkit.resources import shipped
from benchkit.schema import EVENTS, MESSAGES, Table
from benchkit.sources.synthetic import AS_OF, END, synthesize
from benchkit.sources.synthetic_brands import BRANDS, CHANNELS, INDUSTRIES, Brand, Delay
from benchkit.sources.synthetic_process import Process

LIMITS_SECONDS = (900, 3_600, 86_400, 604_800)
START = datetime(2024, 10, 1, tzinfo=UTC)
SOME = tuple(
    brand
    for brand in BRANDS
    if brand.name in ("Mumblecell", "Tallyport", "Aérolune", "Quokkasoft", "Flickerpond")
)
TRUTH = Process({brand.name: brand for brand in BRANDS})


@pytest.fixture(scope="module")
def data() -> Dataset:
    return synthesize()


@pytest.fixture(scope="module")
def messages(data: Dataset) -> pl.DataFrame:
    return data.messages.collect()


@pytest.fixture(scope="module")
def events(data: Dataset) -> pl.DataFrame:
    assert data.events is not None
    return data.events.collect()


@pytest.fixture(scope="module")
def waits(data: Dataset) -> pl.DataFrame:
    return find_waits(data).frame.collect()


def z_scores(data: Dataset) -> dict[tuple[str, int], float]:
    """How far the share of waits answered is from the truth, in standard errors, days as clusters."""
    limits = [str(seconds) for seconds in LIMITS_SECONDS]
    in_time = [
        ((pl.col("outcome") == "replied") & (pl.col("wait_seconds") <= seconds)).sum().alias(str(seconds))
        for seconds in LIMITS_SECONDS
    ]
    began = pl.col("started_at").min().over("conversation_id").dt.date().alias("day")
    share = pl.col(limits).sum() / pl.col("n").sum()
    residual = pl.col(limits) - share * pl.col("n")
    se = (residual.pow(2).sum() * pl.len() / (pl.len() - 1)).sqrt() / pl.col("n").sum()
    per_day = (
        find_waits(data)
        .frame.filter("needs_reply")
        .with_columns(began)
        .group_by("brand", "day")
        .agg(pl.len().alias("n"), *in_time)
    )
    by_brand = per_day.group_by("brand").agg(share, se.name.suffix(" se")).collect()
    return {
        (row["brand"], seconds): (row[str(seconds)] - data.truth(row["brand"], seconds))
        / row[f"{seconds} se"]
        for row in by_brand.iter_rows(named=True)
        for seconds in LIMITS_SECONDS
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_truth_is_what_the_data_come_from(seed: int) -> None:
    scores = z_scores(synthesize(seed=seed, messages=500_000, brands=SOME))

    assert len(scores) == len(SOME) * len(LIMITS_SECONDS)
    assert max(abs(z) for z in scores.values()) < 4, scores


@pytest.mark.parametrize("sds", [(0.0, 0.0), (2.0, 1.0)], ids=["all days alike", "days very different"])
def test_the_truth_holds_whatever_the_days(sds: tuple[float, float]) -> None:
    reply_logit_sd, log_time_sd = sds
    scores = z_scores(
        synthesize(messages=500_000, brands=SOME, reply_logit_sd=reply_logit_sd, log_time_sd=log_time_sd)
    )

    assert max(abs(z) for z in scores.values()) < 4, scores


def daily_shares(data: Dataset) -> pl.Series:
    """The share replied to of each day's first waits, in order of time."""
    day = pl.col("started_at").dt.date()
    return (
        find_waits(data)
        .frame.filter("is_first")
        .group_by(day)
        .agg((pl.col("outcome") == "replied").mean().alias("share"))
        .sort("started_at")
        .collect()["share"]
    )


def autocorrelation(values: pl.Series) -> float:
    """How values go with those right before them."""
    return float(pl.select(pl.corr(values[1:], values[:-1])).item())


def test_bad_days_follow_each_other_if_told_to() -> None:
    options = {"messages": 200_000, "brands": SOME[:1], "reply_logit_sd": 1.0}
    independent = daily_shares(synthesize(**options))
    lasting = daily_shares(synthesize(**options, day_autocorrelation=0.8))

    assert autocorrelation(independent) == pytest.approx(0, abs=0.12)
    assert autocorrelation(lasting) == pytest.approx(0.75, abs=0.1)  # 0.8, less what is chance in a share
    assert lasting.std() == pytest.approx(independent.std(), rel=0.2)


def test_the_truth_holds_whatever_lasts_from_day_to_day() -> None:
    brand = SOME[:1]
    name = brand[0].name
    options = {"messages": 1_000_000, "brands": brand, "months": 600, "day_autocorrelation": 0.6}
    data = synthesize(**options)
    waits = find_waits(data).frame.filter("needs_reply")
    in_time = (pl.col("outcome") == "replied") & (pl.col("wait_seconds") <= 3_600)
    per_year = (
        waits.group_by(pl.col("started_at").dt.year()).agg(in_time.mean().alias("share")).collect()["share"]
    )

    assert data.truth(name, 3_600) == synthesize(messages=1_000, brands=brand).truth(name, 3_600)
    assert abs(per_year.mean() - data.truth(name, 3_600)) < 4 * per_year.std() / len(per_year) ** 0.5


def test_without_days_the_truth_is_a_mixture_of_lognormals() -> None:
    brand = Brand("Plain", "Airlines", 0.4, slowness=2, agents=1, dm_share=0)
    total_waits = total_in_time = 0.0
    for channel in CHANNELS:
        odds = 0.4 / 0.6 * math.exp(channel.reply_logit)
        reply = odds / (1 + odds)
        waits = sum((0.96 * 0.35 * reply) ** follow_up for follow_up in range(4))
        agent = 0.35 * NormalDist().inv_cdf((math.sqrt(5) - 1) / 2)
        log_time = NormalDist(
            math.log(2 * channel.reply.median_seconds) + agent,
            math.log(channel.reply.p90_seconds / channel.reply.median_seconds) / NormalDist().inv_cdf(0.9),
        )
        total_waits += channel.share * waits
        total_in_time += channel.share * waits * reply * log_time.cdf(math.log(3_600))

    truth = Process({"Plain": brand}, reply_logit_sd=0, log_time_sd=0)("Plain", 3_600)

    assert truth == pytest.approx(total_in_time / total_waits, rel=1e-12)


def test_the_truth_grows_from_nothing_to_the_share_ever_answered() -> None:
    shares = [TRUTH("Aérolune", seconds) for seconds in (0, 0.9, 1, 60, 3_600, 86_400, 604_800, math.inf)]

    assert shares[:2] == [0, 0]
    assert shares[1:] == sorted(shares[1:])
    assert shares[-2] < shares[-1] < 1


def test_whole_seconds_are_what_is_counted() -> None:
    assert TRUTH("Aérolune", 60.9) == TRUTH("Aérolune", 60) < TRUTH("Aérolune", 61)


def test_the_truth_travels_between_processes(data: Dataset) -> None:
    copy = pickle.loads(pickle.dumps(data.process))

    assert copy("Mumblecell", 3_600) == data.truth("Mumblecell", 3_600)


def test_an_unknown_brand_has_no_truth(data: Dataset) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'Mumblecell'"):
        data.truth("Mumblecel", 3_600)


def parquet_hash(data: Dataset) -> str:
    assert data.events is not None
    digest = sha256()
    for frame in (data.messages, data.events):
        buffer = BytesIO()
        frame.collect().write_parquet(buffer)
        digest.update(buffer.getvalue())
    return digest.hexdigest()


def test_the_same_seed_makes_the_same_bytes(data: Dataset) -> None:
    assert parquet_hash(synthesize()) == parquet_hash(data)


def test_another_seed_makes_other_data(data: Dataset) -> None:
    assert parquet_hash(synthesize(seed=1)) != parquet_hash(data)


def test_what_happens_at_a_brand_does_not_depend_on_the_others() -> None:
    first, second = (replace(brand, size=1) for brand in SOME[:2])
    alone = synthesize(messages=5_000, brands=[second])
    together = synthesize(messages=10_000, brands=[first, second]).only(second.name)
    columns = ["channel", "sender", "sent_at"]

    assert together.messages.select(columns).collect().equals(alone.messages.select(columns).collect())


@pytest.mark.parametrize("n", [100_000, 200_000, 400_000])
def test_there_are_about_as_many_messages_as_asked_for(n: int) -> None:
    height = synthesize(messages=n, seed=3).messages.select(pl.len()).collect().item()

    assert height == pytest.approx(n, rel=0.02)


def test_rows_are_in_order_and_typed(messages: pl.DataFrame, events: pl.DataFrame) -> None:
    in_order = ["conversation_id", "sent_at", pl.col("sender").to_physical()]

    assert messages.equals(messages.sort(in_order, maintain_order=True))
    assert messages["message_id"].is_sorted()
    assert events.equals(events.sort("conversation_id", "at", maintain_order=True))
    for frame, table in ((messages, MESSAGES), (events, EVENTS)):
        assert_typed(frame, table)


def assert_typed(frame: pl.DataFrame, table: Table) -> None:
    assert set(table.columns) <= set(frame.columns) <= set(table.all_columns)
    for column, dtype in frame.schema.items():
        assert dtype == table.all_columns[column], column


def test_the_last_month_is_final(data: Dataset, messages: pl.DataFrame, waits: pl.DataFrame) -> None:
    months = waits["started_at"].dt.strftime("%Y-%m").unique().sort().to_list()

    assert len(months) == 25
    assert (months[0], months[-1]) == ("2024-10", "2026-10")
    assert data.as_of == AS_OF >= END + timedelta(days=7)
    assert messages["sent_at"].min() >= START
    assert messages["sent_at"].max() <= AS_OF
    assert messages["sent_at"].max() > END


def test_nothing_is_noted_after_the_extract(events: pl.DataFrame) -> None:
    assert events["at"].is_between(START, AS_OF).all()


def test_months_is_how_many_there_are() -> None:
    waits = find_waits(synthesize(messages=5_000, months=2)).frame.collect()

    assert waits["started_at"].dt.strftime("%Y-%m").unique().sort().to_list() == ["2026-09", "2026-10"]


def test_every_conversation_is_one_and_begins_with_its_customer(
    messages: pl.DataFrame, waits: pl.DataFrame
) -> None:
    conversations = messages["conversation_id"].n_unique()

    assert waits["is_first"].sum() == conversations
    assert waits["conversation_id"].n_unique() == conversations
    assert waits["conversation_id"].str.len_chars().n_unique() == 1


def test_waits_end_in_every_way(waits: pl.DataFrame) -> None:
    share = {outcome: (waits["outcome"] == outcome).mean() for outcome in ("replied", "closed", "awaiting")}

    assert 0.2 < share["replied"] < 0.5
    assert 0.1 < share["closed"] < 0.25
    assert share["awaiting"] > 0.3
    assert (~waits["needs_reply"]).mean() == pytest.approx(0.04, abs=0.005)
    assert (waits["messages_in_wait"] > 1).mean() == pytest.approx(1 - 0.85 * 0.92, abs=0.01)


def test_nobody_writes_after_a_conversation_was_closed(messages: pl.DataFrame, events: pl.DataFrame) -> None:
    is_closing = pl.col("kind").cast(pl.String).str.starts_with("closed")
    closed = events.filter(is_closing).group_by("conversation_id").agg(pl.col("at").min(), pl.len())
    later = messages.join(closed, on="conversation_id").filter(pl.col("sent_at") >= pl.col("at"))

    assert later.is_empty()
    assert closed["len"].max() == 1


def test_who_is_assigned_is_who_replies_and_was_assigned_before(
    waits: pl.DataFrame, events: pl.DataFrame
) -> None:
    assigned = events.filter(pl.col("kind") == "assigned")
    replied = waits.filter(pl.col("assigned_at").is_not_null() & (pl.col("outcome") == "replied"))
    of_same = replied.join(
        assigned, left_on=["conversation_id", "assigned_at"], right_on=["conversation_id", "at"]
    )
    keeps_queue = {brand.name for brand in BRANDS if brand.keeps_queue}

    assert set(replied["brand"].cast(pl.String).unique()) == keeps_queue
    assert (of_same["actor_id"] == of_same["agent_id"]).all()
    assert replied["assigned_at"].is_between(replied["started_at"], replied["ended_at"]).all()
    assert events.filter(pl.col("kind") != "assigned")["actor_id"].is_null().all()


def test_bots_answer_within_seconds_where_there_are_bots(waits: pl.DataFrame) -> None:
    answered = waits.filter(pl.col("bot_seconds").is_not_null())
    has_bot = {brand.name for brand in BRANDS if brand.bot_share}
    chatterwire = waits.filter((pl.col("brand") == "Chatterwire") & pl.col("is_first"))

    assert set(answered["brand"].cast(pl.String).unique()) == has_bot
    assert answered["bot_seconds"].is_between(2, 8).all()
    assert chatterwire["bot_seconds"].is_not_null().mean() == pytest.approx(0.6, abs=0.03)


def day_dispersion(**options: float) -> float:
    """How much the share replied to varies between days, compared with chance alone."""
    data = synthesize(messages=100_000, brands=SOME[:1], **options)
    is_replied = (pl.col("outcome") == "replied").sum().alias("replied")
    day = pl.col("started_at").dt.date()
    daily = (
        find_waits(data).frame.filter("is_first").group_by(day).agg(pl.len().alias("n"), is_replied).collect()
    )
    n, replied = daily["n"], daily["replied"]
    share = replied.sum() / n.sum()
    return float(((replied - n * share) ** 2 / (n * share * (1 - share))).mean())


def test_days_differ_in_service_unless_told_not_to() -> None:
    assert day_dispersion() > 3
    assert day_dispersion(reply_logit_sd=0.0) == pytest.approx(1, abs=0.2)


def test_people_write_more_by_day_than_by_night(waits: pl.DataFrame) -> None:
    hour = waits.filter("is_first")["started_at"].dt.hour()

    assert hour.is_between(18, 20).sum() > 5 * hour.is_between(0, 2).sum()


def test_agents_belong_to_one_brand_and_differ_in_speed(messages: pl.DataFrame, waits: pl.DataFrame) -> None:
    agents = messages.filter(pl.col("sender") == "agent").select("brand", "sender_id").unique()
    ids = [agent for brand in BRANDS for agent in brand.agent_ids]
    medians = (
        waits.filter((pl.col("brand") == "Mumblecell") & (pl.col("channel") == "x"))
        .group_by("agent_id")
        .agg(pl.col("wait_seconds").median())["wait_seconds"]
    )

    assert len(set(ids)) == len(ids)
    assert set(agents["sender_id"]) <= set(ids)
    assert agents["sender_id"].is_unique().all()
    assert all(3 <= brand.agents <= 12 for brand in BRANDS)
    assert medians.max() > 1.5 * medians.min()


def test_brands_are_spread_around_what_was_published() -> None:
    for industry, published in INDUSTRIES.items():
        rates = [TRUTH(brand.name, 604_800) for brand in BRANDS if brand.industry == industry]
        ordinary = [rate for rate in rates if rate < 0.6]

        assert len(rates) >= 6
        assert sum(ordinary) / len(ordinary) == pytest.approx(published, abs=0.01), industry
        assert max(ordinary) > published > min(ordinary)
    assert {brand.industry for brand in BRANDS} == set(INDUSTRIES)


def test_the_industries_are_as_published() -> None:
    published = pl.read_csv(shipped("published", "industry_response.csv")).filter(
        pl.col("publisher") == "Sprout Social", pl.col("metric") == "response_rate"
    )
    classes = dict(pl.read_csv(shipped("published", "taxonomy.csv")).select(pl.nth(0, 1)).iter_rows())
    for industry, rate in INDUSTRIES.items():
        year = 2013 if industry in classes else 2020
        row = published.filter(pl.col("industry") == classes.get(industry, industry), pl.col("year") == year)

        assert row["value"].to_list() == [rate], industry


def test_some_brands_are_well_staffed() -> None:
    assert sum(TRUTH(brand.name, 604_800) > 0.6 for brand in BRANDS) >= 3


def test_names_are_written_in_several_scripts() -> None:
    names = " ".join(brand.name for brand in BRANDS)

    assert len(BRANDS) == len({brand.name for brand in BRANDS}) == 48
    for script in ("[가-힣]", "[ぁ-ん]", "[À-ž]"):
        assert re.search(script, names)


def test_a_handful_of_messages_will_do() -> None:
    data = synthesize(messages=1, brands=SOME[:1], months=1)

    assert find_waits(data).frame.collect().height <= 10


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"messages": 0}, "messages must be a whole number from 1 to 100,000,000, not '0'"),
        ({"messages": "many"}, "messages must be a whole number"),
        ({"messages": 10**9}, "messages must be a whole number"),
        ({"months": 0}, "months must be a whole number from 1 to 600, not '0'"),
        ({"months": 2.5}, "months must be a whole number"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"brands": []}, "at least one brand"),
        ({"brands": [*BRANDS, BRANDS[0]]}, "a name of its own"),
        ({"reply_logit_sd": -0.1}, "reply_logit_sd is a standard deviation"),
        ({"log_time_sd": math.nan}, "log_time_sd is a standard deviation"),
        ({"day_autocorrelation": 1}, "it must be from 0 to less than 1, not 1"),
        ({"day_autocorrelation": -0.2}, "it must be from 0 to less than 1, not -0.2"),
        ({"day_autocorrelation": math.nan}, "it must be from 0 to less than 1, not nan"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(arguments: dict[str, object], sentence: str) -> None:
    with pytest.raises(BenchkitError, match=re.escape(sentence)):
        synthesize(**arguments)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"reply_probability": 1}, "a reply_probability between 0 and 1"),
        ({"slowness": 0}, "a positive slowness"),
        ({"size": math.inf}, "a positive size"),
        ({"agents": 27}, "1 to 26 agents"),
        ({"dm_share": 1.1}, "a dm_share from 0 to 1"),
        ({"bot_share": -1}, "a bot_share from 0 to 1"),
    ],
)
def test_a_brand_that_cannot_be_is_refused(arguments: dict[str, float], sentence: str) -> None:
    with pytest.raises(BenchkitError, match=f"brand 'Mine' needs {sentence}"):
        Brand(**{"name": "Mine", "industry": "Airlines", "reply_probability": 0.2, **arguments})


def test_a_huge_slowness_leaves_everyone_waiting() -> None:
    data = synthesize(messages=1_000, brands=[Brand("Stone", "Airlines", 0.9, slowness=1e300)])

    assert set(find_waits(data).frame.collect()["outcome"].unique()) == {"awaiting", "closed"}


def test_a_lognormal_time_goes_through_two_points() -> None:
    case = json.loads((Path(__file__).parent / "golden" / "lognormal_two_point.json").read_text())
    early, late = ((3_600 * hours, share) for hours, share in case["points_hours"])
    delay = Delay.through(early, late)
    assert delay.log_sd == pytest.approx(case["sigma"], rel=1e-9)
    assert delay.log_mean - np.log(3_600) == pytest.approx(case["mu_log_hours"], rel=1e-9)
    assert delay.median_seconds / 3_600 == pytest.approx(case["median_hours"], rel=1e-9)
    minutes = np.exp(delay.log_seconds(ndtri(0.13))) / 60
    assert minutes == pytest.approx(case["t_at_13pct_minutes"], rel=1e-9)
