"""The published reference tables: complete, sourced, and in agreement with each other."""

import re
from pathlib import Path

import polars as pl
import pytest

from benchkit.resources import shipped
from benchkit.schema import EVENTS, MESSAGES, Table

FIGURES = ["expectations.csv", "industry_response.csv"]
TABLES = [*FIGURES, "handle_industry.csv", "taxonomy.csv"]
DATA_README = Path(__file__).parents[1] / "data" / "README.md"
SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}


def read(name: str) -> pl.DataFrame:
    return pl.read_csv(shipped("published", name))


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("column", ["publisher", "edition", "year", "population", "status", "citation"])
def test_every_figure_names_where_it_comes_from(name: str, column: str) -> None:
    missing = read(name).filter(pl.col(column).is_null())

    assert missing.is_empty(), missing


@pytest.mark.parametrize("name", FIGURES)
def test_every_year_is_one_in_which_there_were_social_media(name: str) -> None:
    assert read(name)["year"].is_between(2005, 2026).all()


@pytest.mark.parametrize("name", TABLES)
def test_every_column_is_documented(name: str) -> None:
    readme = shipped("published", "README.md").read_text(encoding="utf-8")
    section = readme.partition(f"## {name}\n")[2].partition("\n## ")[0]

    assert set(read(name).columns) <= set(re.findall(r"`(\w+)`", section))


@pytest.mark.parametrize("name", FIGURES)
def test_every_status_is_documented(name: str) -> None:
    readme = shipped("published", "README.md").read_text(encoding="utf-8")

    for status in read(name)["status"].unique():
        assert f"| {status} |" in readme


def test_shares_are_between_0_and_1_and_times_are_seconds() -> None:
    industries = read("industry_response.csv")
    shares = industries.filter(pl.col("unit") == "share")
    times = industries.filter(pl.col("unit") == "seconds")

    assert shares["metric"].unique().to_list() == ["response_rate"]
    assert shares["value"].is_between(0, 1).all()
    assert times["metric"].is_in(["reply_time", "first_reply_time"]).all()
    assert times["value"].is_between(60, 7 * 86_400).all()
    assert shares.height + times.height == industries.height
    assert read("expectations.csv")["share"].is_between(0, 1).all()


def test_a_figure_is_given_once() -> None:
    assert (
        read("industry_response.csv").select("edition", "industry", "metric", "statistic").is_unique().all()
    )
    assert read("expectations.csv").select("edition", "publisher", "threshold").is_unique().all()


def seconds_in(words: str) -> int | None:
    """Seconds of a threshold in words, or None where no number was published."""
    if words == "immediately":
        return 0
    number = re.match(r"(\d+) (minute|hour|day)s?\b", words)
    return int(number[1]) * SECONDS[number[2]] if number else None


def test_threshold_seconds_agree_with_the_words() -> None:
    expectations = read("expectations.csv")

    for words, seconds in expectations.select("threshold", "threshold_seconds").iter_rows():
        assert seconds_in(words) == seconds, words
    assert expectations.filter(pl.col("threshold_seconds").is_null())["threshold"].to_list() == ["minutes"]


def test_longer_thresholds_never_have_smaller_shares() -> None:
    surveys = (
        read("expectations.csv").group_by("publisher", "edition", "base").agg("threshold_seconds", "share")
    )

    for *_, seconds, shares in surveys.iter_rows():
        known = sorted((t, share) for t, share in zip(seconds, shares, strict=True) if t is not None)
        assert [share for _, share in known] == sorted(share for _, share in known)


def test_there_are_108_handles_in_small_letters() -> None:
    handles = read("handle_industry.csv")["handle"]

    assert handles.len() == 108
    assert handles.is_unique().all()
    assert handles.str.contains(r"^[a-z0-9_]{1,15}$").all()


def test_the_taxonomy_leads_from_our_industries_to_published_ones() -> None:
    taxonomy = read("taxonomy.csv")
    published = read("industry_response.csv").filter(pl.col("edition") == "Sprout Social Index Q3 2013")

    assert taxonomy["industry"].is_unique().all()
    assert set(taxonomy["industry"]) == set(read("handle_industry.csv")["industry"])
    assert set(taxonomy["sprout_2013_industry"].drop_nulls()) <= set(published["industry"])
    assert taxonomy.filter(pl.col("sprout_2013_industry").is_null())["note"].null_count() == 0


@pytest.mark.parametrize("table", [MESSAGES, EVENTS], ids=lambda table: table.name)
def test_every_canonical_column_is_documented_with_the_data(table: Table) -> None:
    section = DATA_README.read_text(encoding="utf-8").partition(f"## {table.name}\n")[2].partition("\n## ")[0]

    assert re.findall(r"^\| `(\w+)`", section, re.MULTILINE) == list(table.all_columns)
