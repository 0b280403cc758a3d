"""The naive figures in pandas, from the raw CSV: answered tweets only, first reply, per brand."""

import sys

import pandas as pd

DTYPES = {
    "tweet_id": "int64",
    "author_id": "category",
    "inbound": "bool",
    "created_at": "str",
    "in_response_to_tweet_id": "Int64",
}

tweets = pd.read_csv(sys.argv[1], usecols=list(DTYPES), dtype=DTYPES)
tweets["sent_at"] = pd.to_datetime(tweets.pop("created_at"), format="%a %b %d %H:%M:%S +0000 %Y")

questions = tweets.loc[tweets["inbound"], ["tweet_id", "sent_at"]].set_index("tweet_id")["sent_at"]
replies = tweets.loc[~tweets["inbound"]].dropna(subset="in_response_to_tweet_id")
replies = replies.assign(asked_at=replies["in_response_to_tweet_id"].astype("int64").map(questions))
first_replies = (
    replies.dropna(subset="asked_at")
    .sort_values("sent_at")
    .drop_duplicates(["author_id", "in_response_to_tweet_id"])
)
seconds = (first_replies["sent_at"] - first_replies["asked_at"]).dt.total_seconds()
timed = pd.DataFrame(
    {
        "brand": first_replies["author_id"].astype(str),
        "seconds": seconds,
        "within_1h": seconds <= 3_600,
        "within_24h": seconds <= 86_400,
    }
)
by_brand = timed.groupby("brand")
figures = by_brand["seconds"].agg(answered="count", mean="mean", median="median")
figures["p90"] = by_brand["seconds"].quantile(0.9)
figures[["within_1h", "within_24h"]] = by_brand[["within_1h", "within_24h"]].mean()
figures.to_csv(sys.stdout)
