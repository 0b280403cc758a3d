"""Tweets in the form of "Customer Support on Twitter" (twcs.csv)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from benchkit.dataset import About, Audit, Dataset
from benchkit.resources import shipped
from benchkit.schema import SENDERS
from benchkit.sources.signatures import UNSIGNED, signature
from benchkit.sources.tables import read_rows, refuse_unreadable, set_aside
from benchkit.sources.threads import NOBODY, Ints, follow, parents
from benchkit.times import Moment, newest_time, parse_as_of

COLUMNS = ("tweet_id", "author_id", "inbound", "created_at", "text", "in_response_to_tweet_id")
TIME_FORMAT = "%a %b %d %H:%M:%S %z %Y"
LICENCE = "CC BY-NC-SA 4.0"
SELECTION = (
    "only threads that a brand answered were collected, so nothing can be said of unanswered messages; "
    "ask for figures among answered ones"
)

EXAMPLE = """tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id
1,115712,True,Tue Oct 31 22:08:27 +0000 2017,@DeltaDonuts my order is late,2,
2,DeltaDonuts,False,Tue Oct 31 22:10:47 +0000 2017,@115712 We are sorry! ^JK,,1
"""
"""A made-up file of two tweets."""

_UNREADABLE = {
    "a tweet_id that is no number": pl.col("tweet_id").is_null(),
    "an empty author_id": pl.col("author_id") == "",
    "an inbound that is neither True nor False": pl.col("inbound").is_null(),
    "a created_at that is no time": pl.col("sent_at").is_null(),
    "an in_response_to_tweet_id that is no number": pl.col("parent_id").is_null(),
}
_LEFT_OUT = {
    "of no brand": pl.col("brand_number") == NOBODY,
    "a broadcast, to no customer": pl.col("customer") == NOBODY,
}


def read_twcs(path: str | Path, *, as_of: Moment | None = None, keep_text: bool = False) -> Dataset:
    """Read tweets, and find their threads, brands, customers and the agents who signed.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "mine.csv")
    ...     _ = file.write_text(EXAMPLE, encoding="utf-8")
    ...     data = read_twcs(file)
    >>> data.messages.select("brand", "sender", "sender_id").collect().rows()
    [('DeltaDonuts', 'customer', '115712'), ('DeltaDonuts', 'agent', 'DeltaDonuts/JK')]

    A conversation is a thread, a customer and a brand, and is named after its first tweet;
    an agent is a brand and a signature, or `unsigned`. `as_of` is when the extract was taken
    (without it: the newest time in the file); what is later is left out. The text is kept
    only with `keep_text`. What is left out stands in `audit`: unreadable rows, up to 5 %,
    with their lines; tweets of no brand; broadcasts to nobody; tweets that stand there twice.

    Raises `InputError` for a file that is not one of tweets, and `UnknownNameError` for a
    column that is not there. Source of the form: Thought Vector and Axelbrooke, Customer
    Support on Twitter, Kaggle 2017.
    """
    industries = pl.read_csv(shipped("published", "handle_industry.csv"))
    handles = industries["handle"].to_list()
    table = read_rows(path, COLUMNS, lambda _: _fields(handles, keep_text=keep_text))
    rows, unreadable = set_aside(table.frame, "unreadable", _UNREADABLE)
    unreadable = pl.concat([table.malformed, unreadable])
    refuse_unreadable(path, unreadable, table.n_read)

    taken_at = newest_time(rows["sent_at"]) if as_of is None else parse_as_of(as_of)
    late = {
        "later than the extract": pl.col("sent_at") > taken_at,
        "in the file twice": ~_first_of_its_id(rows),
    }
    rows, unusable = set_aside(rows, "rule", late)
    rows, unbranded = set_aside(_threaded(rows, handles), "rule", _LEFT_OUT)
    messages = _messages(rows, industries, keep_text=keep_text)
    excluded = pl.concat([unreadable, unusable, unbranded]).sort("line")
    return Dataset(
        messages=messages.lazy(),
        as_of=taken_at,
        about=About(Path(path).name.removesuffix(".gz").removesuffix(".csv"), LICENCE, SELECTION),
        audit=Audit(table.n_read, table.n_blank, excluded),
    )


def _fields(handles: Sequence[str], *, keep_text: bool) -> list[pl.Expr]:
    """What is needed of a row; the text itself only where a brand has yet to be looked for in it."""
    text, inbound = pl.col("text"), pl.col("inbound").str.strip_chars().str.to_lowercase()
    from_customer, from_brand = inbound == "true", inbound == "false"
    mention = pl.when(from_customer).then(text.str.extract(r"@(\w+)").str.to_lowercase())
    parent = pl.col("in_response_to_tweet_id").str.strip_chars()
    return [
        _number("tweet_id"),
        pl.col("author_id").str.strip_chars(),
        pl.when(from_customer).then(True).when(from_brand).then(False).alias("inbound"),
        pl.col("created_at").str.strip_chars().str.to_datetime(TIME_FORMAT, strict=False).alias("sent_at"),
        pl.when(parent == "").then(NOBODY).otherwise(_number("in_response_to_tweet_id")).alias("parent_id"),
        signature(pl.when(from_brand).then(text)).alias("signature"),
        pl.when(from_brand).then(text.str.extract(r"^\s*@(\d+)\b")).alias("addressed"),
        pl.when(mention.is_in(handles)).then(mention).alias("mention"),
        pl.when(~mention.is_in(handles)).then(text).alias("mentions"),
        *([text] if keep_text else []),
    ]


def _number(column: str) -> pl.Expr:
    return pl.col(column).str.strip_chars().str.strip_suffix(".0").cast(pl.Int64, strict=False)


def _first_of_its_id(rows: pl.DataFrame) -> pl.Expr:
    if rows["tweet_id"].n_unique() == rows.height:
        return pl.lit(True)
    return pl.col("tweet_id").is_first_distinct()


def _threaded(rows: pl.DataFrame, handles: Sequence[str]) -> pl.DataFrame:
    """Every row with its thread's root, its customer's number, and its brand."""
    inbound = rows["inbound"].to_numpy()
    author, addressed = (
        rows[column].cast(pl.Categorical).to_physical().cast(pl.Int64).fill_null(NOBODY).to_numpy()
        for column in ("author_id", "addressed")
    )
    parent = parents(rows["tweet_id"].to_numpy(), rows["parent_id"].to_numpy())
    found = follow(parent, author, inbound, rows["sent_at"].to_physical().to_numpy())
    names, by_author = _brands(rows, author)
    brand = by_author[found.brand]
    unknown = np.flatnonzero((brand == NOBODY) & inbound)
    mentioned = rows[unknown].select(_first_handle(handles)).to_series()
    place = {name.lower(): number for number, name in enumerate(names)}
    for handle in mentioned.drop_nulls().unique(maintain_order=True):
        if handle not in place:
            place[handle] = len(names)
            names.append(handle)
    brand[unknown] = mentioned.replace_strict(place, default=NOBODY, return_dtype=pl.Int64).to_numpy()
    return rows.with_columns(
        pl.Series("root", found.root),
        pl.Series("customer", np.where(inbound | (found.customer != NOBODY), found.customer, addressed)),
        pl.Series("brand_number", brand),
    ).with_columns(_picked(names, "brand_number").alias("brand"))


def _picked(names: Sequence[str | None], number: str) -> pl.Expr:
    """The name of each number; null for NOBODY."""
    place = pl.when(pl.col(number) != NOBODY).then(number)
    return pl.lit(pl.Series(names, dtype=pl.Categorical)).gather(place)


def _brands(rows: pl.DataFrame, author: Ints) -> tuple[list[str], Ints]:
    """The brands' names, and each author's place among them: one for all spellings of a name."""
    spellings = (
        rows.lazy()
        .select("author_id", pl.Series("author", author), "inbound")
        .filter(~pl.col("inbound"))
        .group_by("author_id", "author")
        .len()
        .sort("len", "author_id", descending=[True, False])
        .with_columns(pl.col("author_id").first().over(pl.col("author_id").str.to_lowercase()).alias("name"))
        .collect()
    )
    names = spellings["name"].unique(maintain_order=True).to_list()
    place = np.full(int(author.max(initial=0)) + 2, NOBODY)  # the last entry is for NOBODY
    place[spellings["author"].to_numpy()] = [names.index(name) for name in spellings["name"]]
    return names, place


def _first_handle(handles: Sequence[str]) -> pl.Expr:
    """The first support handle that a customer's text mentions."""
    others = (
        pl.col("mentions")
        .str.to_lowercase()
        .str.extract_all(r"@\w+")
        .list.eval(pl.element().str.strip_prefix("@"))
    )
    return pl.coalesce(
        "mention", others.list.eval(pl.element().filter(pl.element().is_in(handles))).list.first()
    )


def _messages(rows: pl.DataFrame, industries: pl.DataFrame, *, keep_text: bool) -> pl.DataFrame:
    """The canonical messages: conversations together, each in order of time."""
    rows = _share_signatures(rows).sort(
        "root", "customer", "brand_number", "sent_at", ~pl.col("inbound"), "tweet_id"
    )
    begins = pl.any_horizontal(
        pl.col(key).ne_missing(pl.col(key).shift()) for key in ("root", "customer", "brand_number")
    )
    industry = dict(industries.iter_rows())
    by_brand = (
        rows.select("brand")
        .unique()
        .with_columns(
            pl.col("brand")
            .cast(pl.String)
            .str.to_lowercase()
            .replace_strict(industry, default=None)
            .cast(pl.Categorical)
            .alias("industry")
        )
    )
    agent = pl.concat_str(
        pl.col("brand").cast(pl.String), pl.lit("/"), pl.col("signature").fill_null(UNSIGNED)
    )
    sender = pl.when("inbound").then(pl.lit("customer")).otherwise(pl.lit("agent"))
    return (
        rows.lazy()
        .join(by_brand.lazy(), on="brand", how="left", maintain_order="left")
        .select(
            pl.col("tweet_id").cast(pl.String).alias("message_id"),
            pl.when(begins).then("tweet_id").forward_fill().cast(pl.String).alias("conversation_id"),
            "brand",
            pl.lit("twitter").cast(pl.Categorical).alias("channel"),
            sender.cast(pl.Enum(SENDERS)).alias("sender"),
            pl.when("inbound").then("author_id").otherwise(agent).alias("sender_id"),
            "sent_at",
            "industry",
            pl.when(pl.col("parent_id") != NOBODY).then("parent_id").cast(pl.String).alias("in_reply_to"),
            *(["text"] if keep_text else []),
        )
        .collect()
    )


def _share_signatures(rows: pl.DataFrame) -> pl.DataFrame:
    """Give an unsigned part of an answer the nearest signature among its parts, earlier before later."""
    answer = ["brand_number", "parent_id"]
    outbound = pl.col("inbound").not_() & (pl.col("parent_id") != NOBODY)
    parts = rows.lazy().filter(outbound).select("tweet_id", "sent_at", "signature", *answer)
    several = parts.filter(pl.struct(answer).is_duplicated())
    one_by_one = several.sort(*answer, "sent_at", "tweet_id")
    signed = pl.col("signature").forward_fill().fill_null(pl.col("signature").backward_fill())
    shared = one_by_one.with_columns(signed.over(answer)).select("tweet_id", "signature")
    return (
        rows.lazy()
        .join(shared, on="tweet_id", how="left", maintain_order="left", suffix="_shared")
        .with_columns(pl.coalesce("signature", "signature_shared").alias("signature"))
        .collect()
    )
