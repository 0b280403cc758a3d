"""Write synthetic tweets in the form of "Customer Support on Twitter": RFC 4180; same seed, same bytes."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import polars as pl

from benchkit.resources import shipped

CREATED_AT = "%a %b %d %H:%M:%S +0000 %Y"
FIRST_DAY = 1_504_224_000  # 2017-09-01, in seconds
DAYS = 91
FIRST_CUSTOMER = 115_712
AGENTS_PER_BRAND = 24
SENTENCES_AT_MOST = 200_000
NO_PARENT = -1

TURNS = np.arange(1, 11)
TURNS_SHARE = np.array([0.14, 0.34, 0.15, 0.14, 0.08, 0.06, 0.04, 0.025, 0.015, 0.01])
HOUR_WEIGHT = np.array([5, 4, 3, 2, 2, 2, 3, 4, 6, 8, 9, 10, 10, 11, 12, 12, 12, 12, 11, 10, 10, 9, 8, 6])
QUIRKS = {" ": 0.50, ", ": 0.27, ' "aha" ': 0.05, "\n": 0.08, " &amp; ": 0.03, " 😡 ": 0.05, " ¿é? ": 0.02}
HABITS = {"^": 0.50, "-": 0.18, "*": 0.08, "/": 0.04, "": 0.20}
SYLLABLES = ["ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "qui", "ro", "su", "ta"]
NAMES = ["Ada", "Ben", "Cleo", "Dev", "Eve", "Finn", "Gus", "Hana", "Ivo", "Jo", "Kim", "Lea", "Max", "Noa"]
CAPITALS = list("ABCDEFGHJKLMNPRSTW")


def make_sentences(rng: np.random.Generator, sentences: int) -> pl.Series:
    """Sentences of invented words, with what makes CSV hard: commas, quotes, newlines, emoji."""
    syllables = rng.choice(SYLLABLES, (4_000, 3))
    words = np.array(["".join(parts[: 1 + i % 3]) for i, parts in enumerate(syllables)])
    chosen = words[rng.integers(0, len(words), (sentences, 30))]
    length = rng.integers(8, 31, sentences)
    quirk = rng.choice(list(QUIRKS), sentences, p=list(QUIRKS.values()))
    link = np.where(rng.random(sentences) < 0.12, " https://t.co/" + chosen[:, 0].astype(object), "")
    return pl.Series(
        [
            " ".join(row[: n // 2]) + mark + " ".join(row[n // 2 : n]) + address
            for row, n, mark, address in zip(chosen.tolist(), length.tolist(), quirk, link, strict=True)
        ]
    )


def make_signatures(rng: np.random.Generator, brands: int) -> pl.Series:
    """How each agent signs, brand by brand: a brand has its own habit, and some have none."""
    habits = rng.choice(list(HABITS), brands, p=list(HABITS.values()))
    size = (brands, AGENTS_PER_BRAND)
    initials = rng.choice(CAPITALS, size).astype(object) + rng.choice(CAPITALS, size)
    names = np.where(np.isin(habits, ["-", "*"])[:, None], rng.choice(NAMES, size), initials)
    signed = " " + habits[:, None].astype(object) + names
    return pl.Series(np.where(habits[:, None] == "", "", signed).ravel().astype(str))


def grow_threads(rng: np.random.Generator, rows: int, brands: int) -> pl.DataFrame:
    """Who answers whom and when, in numbers: about so many tweets, in the order of the file."""
    threads = max(1, round(rows / float(TURNS @ TURNS_SHARE)))
    turns = rng.choice(TURNS, threads, p=TURNS_SHARE)
    n = int(turns.sum())
    first_row = np.cumsum(turns) - turns
    thread = np.repeat(np.arange(threads), turns)
    turn = np.arange(n) - first_row[thread]
    opens = turn == 0

    def sum_in_thread(values: np.ndarray) -> np.ndarray:
        total = np.cumsum(values)
        return total - (total - values)[first_row][thread]

    def turn_before(values: np.ndarray, otherwise: np.ndarray | int) -> np.ndarray:
        return np.where(opens, otherwise, np.roll(values, 1))

    zipf = 1 / np.arange(1, brands + 1)
    brand = rng.choice(rng.permutation(brands), threads, p=zipf / zipf.sum())[thread]
    speaks_again = ~opens & (rng.random(n) < 0.08)
    brand_begins = ((turns > 1) & (rng.random(threads) < 0.02))[thread]
    inbound = (turn - sum_in_thread(speaks_again) + brand_begins) % 2 == 0
    second_part = speaks_again & ~inbound
    first_part = np.roll(second_part, -1)

    customers = max(1, threads * 2 // 3)
    joins = inbound & ~opens & (rng.random(n) < 0.05)
    customer = FIRST_CUSTOMER + np.where(
        joins, rng.integers(0, customers, n), rng.integers(0, customers, threads)[thread]
    )

    brand_median_seconds = rng.lognormal(np.log(2_400), 1.0, brands)
    median_seconds = np.where(inbound, 900, brand_median_seconds[brand])
    later_seconds = 5 + rng.lognormal(np.log(median_seconds), 1.4).astype(np.int64)
    hour = rng.choice(24, threads, p=HOUR_WEIGHT / HOUR_WEIGHT.sum())
    opened_at = (
        FIRST_DAY + rng.integers(0, DAYS, threads) * 86_400 + hour * 3_600 + rng.integers(0, 3_600, threads)
    )
    sent_at = sum_in_thread(np.where(opens, opened_at[thread], np.where(second_part, 20, later_seconds)))

    file_order = np.argsort(thread + 4 * rng.random(n), kind="stable")
    tweet_id = np.empty(n, dtype=np.int64)
    tweet_id[file_order] = np.cumsum(1 + (rng.random(n) < 0.03))
    not_in_file = tweet_id.max() + 1 + np.arange(n)
    parent = turn_before(tweet_id, np.where(rng.random(n) < 0.01, not_in_file, NO_PARENT))
    parent = np.where(second_part, turn_before(parent, NO_PARENT), parent)

    return pl.DataFrame(
        {
            "tweet_id": tweet_id,
            "parent": parent,
            "inbound": inbound,
            "brand": brand,
            "agent": brand * AGENTS_PER_BRAND + rng.integers(0, AGENTS_PER_BRAND, threads)[thread],
            "customer": customer,
            "addressed": turn_before(customer, customer),
            "part": np.where(second_part, 2, np.where(first_part, 1, 0)),
            "sent_at": sent_at,
        }
    )[file_order]


def make_tweets(rows: int, *, seed: int = 0) -> pl.DataFrame:
    """About so many tweets in the columns and the order of the file; threads are kept whole."""
    rng = np.random.default_rng(seed)
    handles = pl.read_csv(shipped("published", "handle_industry.csv"))["handle"]
    threads = grow_threads(rng, rows, handles.len())
    sentences = make_sentences(rng, min(SENTENCES_AT_MOST, threads.height))
    sentence = sentences[rng.integers(0, sentences.len(), threads.height)]
    signature = make_signatures(rng, handles.len())[threads["agent"]]
    handle = handles[threads["brand"]]

    part = pl.col("part").replace_strict({0: "", 1: " 1/2", 2: " 2/2"})
    from_customer = pl.concat_str(pl.lit("@"), handle, pl.lit(" "), sentence)
    from_brand = pl.concat_str(pl.lit("@"), "addressed", pl.lit(" "), sentence, signature, part)
    parent = pl.when(pl.col("parent") != NO_PARENT).then("parent")
    replies = (
        threads.lazy()
        .group_by("parent")
        .agg(pl.col("tweet_id").cast(pl.String).str.join(",").alias("response_tweet_id"))
    )
    return (
        threads.lazy()
        .join(replies, left_on="tweet_id", right_on="parent", how="left", maintain_order="left")
        .select(
            "tweet_id",
            pl.when("inbound").then(pl.col("customer").cast(pl.String)).otherwise(handle).alias("author_id"),
            pl.when("inbound").then(pl.lit("True")).otherwise(pl.lit("False")).alias("inbound"),
            pl.from_epoch("sent_at").dt.strftime(CREATED_AT).alias("created_at"),
            pl.when("inbound").then(from_customer).otherwise(from_brand).alias("text"),
            "response_tweet_id",
            parent.alias("in_response_to_tweet_id"),
        )
        .collect(engine="in-memory")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    tweets = make_tweets(options.rows, seed=options.seed)
    options.path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = options.path.with_suffix(".part")
    tweets.write_csv(unfinished)
    unfinished.replace(options.path)
    print(f"{tweets.height:,} tweets, {options.path.stat().st_size / 1e6:,.0f} MB: {options.path}")


if __name__ == "__main__":
    main()
