"""The tweets that the benchmark is run on are what it says they are."""

import csv
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

MAKE_TWEETS = Path(__file__).parent / "benchmarks" / "make_tweets.py"
ROWS = 5_000


@pytest.fixture(scope="module")
def tweets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "tweets.csv"
    subprocess.run([sys.executable, MAKE_TWEETS, path, "--rows", str(ROWS)], check=True, capture_output=True)
    return path


def test_same_seed_same_bytes(tweets: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.csv"
    subprocess.run([sys.executable, MAKE_TWEETS, again, "--rows", str(ROWS)], check=True, capture_output=True)

    assert again.read_bytes() == tweets.read_bytes()


def test_python_and_polars_read_the_same_rows(tweets: Path) -> None:
    with tweets.open(newline="", encoding="utf-8") as file:
        by_python = list(csv.DictReader(file, strict=True))
    by_polars = pl.read_csv(tweets, infer_schema=False).fill_null("")

    assert by_polars.to_dicts() == by_python


def test_the_shape_is_that_of_real_support_threads(tweets: Path) -> None:
    frame = pl.read_csv(tweets, schema_overrides={"response_tweet_id": pl.String})
    customers, brands = frame.filter("inbound"), frame.filter(~pl.col("inbound"))
    answered = customers["tweet_id"].is_in(brands["in_response_to_tweet_id"].drop_nulls().implode())
    orphans = frame["in_response_to_tweet_id"].drop_nulls()

    assert frame.height == pytest.approx(ROWS, rel=0.05)
    assert frame["tweet_id"].is_unique().all()
    assert frame["inbound"].mean() == pytest.approx(0.55, abs=0.05)
    assert answered.mean() == pytest.approx(0.7, abs=0.1)
    assert 0 < (~orphans.is_in(frame["tweet_id"].implode())).mean() < 0.03
    for quirk, least in {
        ",": 0.2,
        '"': 0.02,
        "\n": 0.03,
        r"\^[A-Z]{2}( \d/2)?$": 0.05,
        r" 2/2$": 0.01,
    }.items():
        assert frame["text"].str.contains(quirk).mean() > least, quirk
