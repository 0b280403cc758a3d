"""What rows do not say themselves: ids that are made, and what their conversation says."""

from __future__ import annotations

import polars as pl

from benchkit.schema import MESSAGES, SENDERS
from benchkit.sources.mapping.turns import PERSONS

UNSIGNED, BOT = "unsigned", "bot"
BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
MOST_TOPICS = 20
"""More topics than this are text where more than half of the conversations could have their own."""

_IS_CUSTOMERS = pl.col("kind") == "customer"


def count_subjects(turns: pl.DataFrame) -> int:
    """How many turns have a topic if topics are subject lines: text that hardly comes again; else 0."""
    if "topic" not in turns.columns:
        return 0
    of = "conversation_id" if "conversation_id" in turns.columns else "message_id"
    told = turns.select("topic", of).drop_nulls("topic")
    different, n_conversations = told["topic"].n_unique(), told[of].n_unique()
    return told.height if different > MOST_TOPICS and 2 * different > n_conversations else 0


def with_message_ids(messages: pl.DataFrame) -> pl.DataFrame:
    """Messages with ids where they had none: of conversation, time, kind and, at one time, wording.

    Where one record of a conversation tells several moments of it, its own number stands in place of
    the time, which may be put right later. They are the same whatever the order of rows and whatever
    other rows an export holds. Messages that differ in none of these get one id, and so count as one.
    """
    if not messages["is_made"].any():
        return messages
    at = pl.col("at").dt.to_string("%Y-%m-%dT%H:%M:%S%.f")
    is_alone = pl.col("moment").is_not_null() & (pl.len().over("conversation_id", "moment") == 1)
    when = pl.when(is_alone).then(pl.col("moment").cast(pl.String)).otherwise(at)
    made = pl.concat_str("conversation_id", when, pl.col("kind").cast(pl.String), separator="/")
    messages = messages.with_columns(
        pl.when("is_made").then(made).otherwise("message_id").alias("message_id")
    )
    at_once = messages.filter(pl.col("is_made") & pl.col("message_id").is_duplicated())
    different = at_once.select("message_id", "wording").unique().sort("message_id", "wording")
    number = pl.int_range(pl.len()).over("message_id")
    further = different.with_columns(number.alias("(number)")).filter(pl.col("(number)") > 0)
    if further.is_empty():
        return messages
    numbered = messages.join(
        further, on=["message_id", "wording"], how="left", nulls_equal=True, maintain_order="left"
    )
    suffix = pl.when("is_made").then(pl.lit("/") + (pl.col("(number)") + 1).cast(pl.String)).fill_null("")
    return numbered.with_columns(pl.col("message_id") + suffix).drop("(number)")


def first_in_conversation(messages: pl.DataFrame, column: str, among: pl.Expr | None = None) -> pl.Series:
    """For each message, the first value of a column in its conversation; its messages stand together."""
    run = messages["conversation_id"].rle_id()
    there = pl.col(column).is_not_null() & (pl.lit(True) if among is None else among)
    said = messages.select(column, run.alias("(run)"), there.alias("(there)"))
    first = said.filter("(there)").unique("(run)", keep="first", maintain_order=True)
    n_runs = int(run[-1]) + 1 if len(run) else 0
    values = pl.repeat(None, n_runs, dtype=pl.String, eager=True).scatter(first["(run)"], first[column])
    return values.gather(run).alias(column)


def with_customers(messages: pl.DataFrame, *, of_conversation: bool) -> tuple[pl.DataFrame, int]:
    """Messages with `sender_id` of customers, and how many were counted as another customer's.

    A conversation's customer is the first that it names; with `of_conversation` for all of its
    messages, otherwise where a message names none. One without any goes by the conversation's id.
    """
    names = [name for name in ("customer_id", "sender_id") if name in messages.columns]
    own = pl.coalesce(names) if names else pl.lit(None, pl.String)
    messages = messages.with_columns(own.alias("customer_id"))
    first = first_in_conversation(messages, "customer_id", _IS_CUSTOMERS)
    further = 0
    if of_conversation:
        further = messages.select((_IS_CUSTOMERS & (pl.col("customer_id") != first)).sum()).item()
        messages = messages.with_columns(first)
    return messages.with_columns(pl.coalesce("customer_id", first, "conversation_id")), further


def with_actors(changes: pl.DataFrame, messages: pl.DataFrame) -> pl.DataFrame:
    """Changes with `actor_id`, and with `is_brands` where that is known to be an agent or a bot.

    Who wrote as one is one. So is whom the export calls an agent, unless a customer's message
    has that name too: then it may be the customer's. All others may be customers.
    """
    agents = _names(messages.filter(~_IS_CUSTOMERS), _agent(messages))
    theirs = messages.filter(_IS_CUSTOMERS)
    customers = pl.concat([_names(theirs, pl.col(name)) for name in PERSONS if name in messages.columns])
    is_called_so = pl.col("agent_id").is_not_null() & ~pl.col("agent_id").is_in(customers.implode())
    called = is_called_so if "agent_id" in changes.columns else pl.lit(False)
    is_known = pl.col("actor_id").is_in(agents.implode()).fill_null(False)
    return changes.with_columns(_agent(changes).alias("actor_id")).with_columns(
        (called | is_known).alias("is_brands")
    )


def _names(messages: pl.DataFrame, name: pl.Expr) -> pl.Series:
    return messages.select(name.alias("name")).to_series().drop_nulls().unique()


def _agent(turns: pl.DataFrame) -> pl.Expr:
    """Whoever acted, where it was not a customer."""
    names = [name for name in ("agent_id", "sender_id") if name in turns.columns]
    return pl.coalesce(names) if names else pl.lit(None, pl.String)


def brands_own(brand: pl.Expr, name: pl.Expr) -> pl.Expr:
    """Agents' and bots' ids as those of twcs: brand and name, such as Acme/Mia.

    >>> names = pl.Series(["Mia", "Acme/Mia"])
    >>> pl.select(brands_own(pl.lit("Acme"), pl.lit(names))).to_series().to_list()
    ['Acme/Mia', 'Acme/Mia']
    """
    prefix = brand + "/"
    return pl.when(name.str.starts_with(prefix)).then(name).otherwise(prefix + name)


def as_messages(messages: pl.DataFrame, *, keep_text: bool) -> pl.DataFrame:
    """The columns of `schema.MESSAGES` that there are, in their types."""
    nameless = pl.when(pl.col("kind") == "bot").then(pl.lit(BOT)).otherwise(pl.lit(UNSIGNED))
    of_brand = brands_own(pl.col("brand"), pl.coalesce(_agent(messages), nameless))
    made = {
        "sender": pl.col("kind").cast(pl.String).cast(pl.Enum(SENDERS)),
        "sender_id": pl.when(_IS_CUSTOMERS).then("customer_id").otherwise(of_brand),
        "sent_at": pl.col("at"),
    }
    if "needs_reply" in messages.columns:
        made["needs_reply"] = pl.col("needs_reply").str.to_lowercase().replace_strict(BOOLEANS, default=None)
    wanted = [
        name
        for name in MESSAGES.all_columns
        if name in (*made, *messages.columns) and (name != "text" or keep_text)
    ]
    return messages.select(
        made.get(name, pl.col(name)).cast(MESSAGES.all_columns[name]).alias(name) for name in wanted
    )
