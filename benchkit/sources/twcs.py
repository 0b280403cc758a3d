"""Read "Customer Support on Twitter" (twcs.csv): tweets between customers and brands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from benchkit.dataset import About, Audit, Dataset
from benchkit.errors import InputError
from benchkit.resources import shipped
from benchkit.schema import SENDERS
from benchkit.sources.delimited import (
    name_of,
    read_rows,
    refuse_timeless,
    refuse_unreadable,
    set_aside,
    untimely_rows,
)
from benchkit.sources.signatures import signature
from benchkit.sources.threads import NONE, Tweets, find_threads, repeated
from benchkit.times import Moment, newest_time, parse_as_of

COLUMNS = ("tweet_id", "author_id", "inbound", "created_at", "text", "in_response_to_tweet_id")
SELECTION = (
    "Only threads in which a brand answered were collected, "
    "so nothing can be said of messages that nobody answered."
)
UNSIGNED = "unsigned"
EXAMPLE = """tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id
1,115712,True,Tue Oct 31 22:08:27 +0000 2017,@DeltaDonuts my order is late,2,
2,DeltaDonuts,False,Tue Oct 31 22:10:47 +0000 2017,@115712 We are sorry! ^JK,,1
"""
"""A made-up file of two tweets."""

_SENDER = pl.Enum(SENDERS)
_TRUE, _FALSE = (["True", "true", "TRUE"], ["False", "false", "FALSE"])


def read_twcs(path: str | Path, *, as_of: Moment | None = None, keep_text: bool = False) -> Dataset:
    """Read tweets in the form of twcs.csv, plain or gzip, as a Dataset.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "mine.csv")
    ...     _ = file.write_text(EXAMPLE, encoding="utf-8")
    ...     data = read_twcs(file)
    >>> data.messages.select("brand", "sender", "sender_id").collect().rows()
    [('DeltaDonuts', 'customer', '115712'), ('DeltaDonuts', 'agent', 'DeltaDonuts/JK')]

    A conversation is one customer with one brand in one thread, named after its first tweet.
    A customer's tweet belongs to the brand that answered it first, else to the nearest brand
    up its thread, else to the first support handle that it names. An agent is a brand and
    the signature at the end of the tweet, or `unsigned`. `as_of` says when the extract was
    taken (in UTC where it has no zone); without it, at the newest time in the file. The text
    is kept only with `keep_text`. What was left out, and why, stands in `audit`.

    Raises `InputError` for a file that holds no such tweets, and `UnknownNameError` for a
    column that is not there. Source of the form: Thought Vector and S. Axelbrooke, "Customer
    Support on Twitter", Kaggle, 2017.
    """
    said = None if as_of is None else parse_as_of(as_of)
    industries = pl.read_csv(shipped("published", "handle_industry.csv"), infer_schema=False)
    support_handles = industries["handle"].to_list()
    rows = read_rows(path, COLUMNS, lambda _: _select(support_handles, keep_text=keep_text))
    tweets = rows.frame
    if tweets["sent_at"].null_count():
        again = read_rows(path, COLUMNS, lambda _: [_time(pl.col("created_at")).alias("sent_at")])
        tweets = tweets.with_columns(again.frame["sent_at"])
    refuse_timeless(path, tweets["sent_at"], "created_at", "Tue Oct 31 22:10:47 +0000 2017")
    tweets, unreadable = set_aside(tweets, "unreadable", _UNREADABLE, _TOLD)
    unreadable = pl.concat([rows.malformed, unreadable])
    refuse_unreadable(path, unreadable, rows.n_read)

    taken_at = said or newest_time(tweets["sent_at"])
    tweets, untimely = set_aside(tweets, "rule", untimely_rows("sent_at", taken_at), _TOLD)
    if taken_at is None or tweets.is_empty():
        raise InputError(path, "holds no tweet from before the extract was taken; check as_of and the file")
    is_repeat = ~pl.col("tweet_id").is_first_distinct()
    any_repeats = len(repeated(tweets["tweet_id"].to_numpy())) > 0
    duplicate = {"duplicate": is_repeat if any_repeats else pl.lit(False)}
    tweets, repeats = set_aside(tweets, "rule", duplicate, _TOLD)

    brands = _brands(tweets, industries)
    threaded = _with_shared_signatures(_with_threads(tweets, brands))
    kept, left_out = set_aside(threaded, "rule", _NOT_BETWEEN_TWO, _TOLD)
    if kept.is_empty():
        raise InputError(path, "holds no tweet between a customer and a brand; check what was exported")
    return Dataset(
        messages=_messages(_in_order(kept), brands),
        as_of=taken_at,
        about=About(name=name_of(path), licence="CC BY-NC-SA 4.0", selection=SELECTION),
        audit=Audit(rows.n_read, rows.n_blank, pl.concat([unreadable, untimely, repeats, left_out])),
    )


_UNREADABLE = {
    "a tweet_id that is no whole number": pl.col("tweet_id").is_null(),
    "an empty author_id": pl.col("author_id") == "",
    "an inbound that is neither True nor False": pl.col("from_agent").is_null(),
    "a created_at that is no time": pl.col("sent_at").is_null(),
    "an in_response_to_tweet_id that is no whole number": pl.col("parent_id").is_null(),
}
_TOLD = {"message_id": "tweet_id", "sender_id": "author_id", "sent_at": "sent_at", "in_reply_to": "parent_id"}
_NOT_BETWEEN_TWO = {
    "broadcast": pl.col("customer").is_null(),
    "no brand": pl.col("brand") == NONE,
}


def _select(support_handles: list[str], *, keep_text: bool) -> list[pl.Expr]:
    """What is needed of each tweet, so that its text need not be kept."""
    text, parent, inbound = pl.col("text"), pl.col("in_response_to_tweet_id"), pl.col("inbound")
    is_agents, is_customers = (inbound.is_in(spellings) for spellings in (_FALSE, _TRUE))
    agents_text, customers_text = pl.when(is_agents).then(text), pl.when(is_customers).then(text)
    support_mention = rf"(?i-u:\b{{start-half}}@(?:{'|'.join(support_handles)})\b)"
    columns = {
        "tweet_id": _whole_number(pl.col("tweet_id")),
        "author_id": pl.col("author_id"),
        "from_agent": pl.when(is_agents | is_customers).then(is_agents),
        "sent_at": _time_in_utc(pl.col("created_at")),
        "parent_id": pl.when(parent == "").then(NONE).otherwise(_whole_number(parent)),
        "addressed": agents_text.str.extract(r"^@([0-9]+)(?-u:\b)"),
        "mentioned": customers_text.str.extract(support_mention, 0),
        "signature": signature(agents_text),
    }
    if keep_text:
        columns["text"] = text
    return [column.alias(name) for name, column in columns.items()]


def _whole_number(digits: pl.Expr) -> pl.Expr:
    number = digits.str.strip_suffix(".0").cast(pl.Int64, strict=False)
    return pl.when(number >= 0).then(number)


def _time(text: pl.Expr) -> pl.Expr:
    return text.str.to_datetime("%a %b %d %H:%M:%S %z %Y", time_unit="us", strict=False)


def _time_in_utc(text: pl.Expr) -> pl.Expr:
    """The same, null where it is not in UTC: five times as fast, for polars knows the form."""
    form = "%b %d %H:%M:%S +0000 %Y"
    time = text.str.slice(len("Tue ")).str.to_datetime(form, time_unit="us", strict=False, cache=False)
    return time.dt.replace_time_zone("UTC")


def _brands(tweets: pl.DataFrame, industries: pl.DataFrame) -> pl.DataFrame:
    """Handle, brand and industry of every brand, each spelt as most of its own tweets spell it."""
    spellings = tweets.lazy().filter("from_agent").group_by(pl.col("author_id").alias("brand")).len()
    spelt = (
        spellings.sort("len", "brand", descending=[True, False])
        .select(pl.col("brand").str.to_lowercase().alias("handle"), "brand")
        .unique("handle", keep="first", maintain_order=True)
        .collect()
    )
    known = spelt.join(industries, on="handle", how="full", coalesce=True)
    return known.with_columns(pl.col("brand").fill_null(pl.col("handle"))).sort("handle")


def _with_threads(tweets: pl.DataFrame, brands: pl.DataFrame) -> pl.DataFrame:
    """Add the root of each tweet's thread, its customer or null, and the row of its brand or NONE."""
    rows = pl.int_range(brands.height, eager=True)
    handles = tweets["author_id"].filter(tweets["from_agent"]).str.to_lowercase()
    agents_brand = np.full(tweets.height, NONE)
    agents_brand[tweets["from_agent"].to_numpy()] = handles.replace_strict(brands["handle"], rows).to_numpy()
    threads = find_threads(
        Tweets(
            tweet_id=tweets["tweet_id"].to_numpy(),
            parent_id=tweets["parent_id"].to_numpy(),
            sent_at=tweets["sent_at"].to_physical().to_numpy(),
            from_agent=tweets["from_agent"].to_numpy(),
            brand=agents_brand,
        )
    )

    customer, brand = threads.asked.copy(), threads.brand.copy()
    addressing, unbranded = np.flatnonzero(customer == NONE), np.flatnonzero(brand == NONE)
    addressed = tweets["addressed"].gather(addressing)
    customer[addressing] = tweets.height + np.arange(len(addressing))
    mentioned = tweets["mentioned"].gather(unbranded).str.strip_prefix("@").str.to_lowercase()
    brand[unbranded] = mentioned.replace_strict(brands["handle"], rows, default=NONE).to_numpy()
    return tweets.drop("addressed", "mentioned").with_columns(
        pl.Series("root", threads.root),
        pl.concat([tweets["author_id"], addressed]).gather(customer).alias("customer"),
        pl.Series("brand", brand),
    )


def _with_shared_signatures(tweets: pl.DataFrame) -> pl.DataFrame:
    """Sign the unsigned parts of an answer as the nearest earlier part is signed, or else a later one."""
    answer = ("brand", "parent_id")
    answers = tweets.lazy().with_row_index("row").filter(pl.col("from_agent") & (pl.col("parent_id") != NONE))
    answered = answers.select("parent_id").collect().to_series()
    parts = (
        answers.filter(pl.col("parent_id").is_in(pl.Series(repeated(answered.to_numpy())).implode()))
        .select("row", "sent_at", "tweet_id", "signature", *answer)
        .sort(*answer, "sent_at", "tweet_id")
        .with_columns(pl.col("signature").forward_fill().backward_fill().over(answer))
        .collect()
    )
    return tweets.with_columns(tweets["signature"].scatter(parts["row"], parts["signature"]))


def _in_order(tweets: pl.DataFrame) -> pl.DataFrame:
    """Put the tweets of a conversation together, in order of time, and say which one begins it."""
    customer = pl.col("customer").hash()  # equal where names are, and faster to sort by
    order = pl.arg_sort_by("root", customer, "brand", "sent_at", "from_agent", "tweet_id")
    ordered = tweets.drop("line")[tweets.select(order).to_series()]
    begins = pl.any_horizontal(pl.col(name) != pl.col(name).shift() for name in ("root", "customer", "brand"))
    return ordered.with_columns(begins.fill_null(True).alias("begins")).drop("root", "customer")


def _messages(tweets: pl.DataFrame, brands: pl.DataFrame) -> pl.LazyFrame:
    """The columns of `schema.MESSAGES`; text is made of numbers only where it is asked for."""
    from_agent, message_id = pl.col("from_agent"), pl.col("tweet_id").cast(pl.String)
    signed = pl.concat_str("brand", pl.lit("/"), pl.col("signature").fill_null(UNSIGNED))
    columns = {
        "message_id": message_id,
        "conversation_id": pl.when("begins").then(message_id).forward_fill(),
        "brand": pl.col("brand"),
        "channel": pl.lit("twitter", pl.Categorical),
        "sender": pl.when(from_agent).then(pl.lit("agent", _SENDER)).otherwise(pl.lit("customer", _SENDER)),
        "sender_id": pl.when(from_agent).then(signed).otherwise("author_id"),
        "sent_at": pl.col("sent_at"),
        "industry": pl.col("industry"),
        "in_reply_to": pl.when(pl.col("parent_id") != NONE).then("parent_id").cast(pl.String),
    }
    if "text" in tweets.columns:
        columns["text"] = pl.col("text")
    named = tweets.with_columns(
        brands[name].cast(pl.Categorical).gather(tweets["brand"]).alias(name)
        for name in ("brand", "industry")
    )
    return named.lazy().select(column.alias(name) for name, column in columns.items())
