"""From a figure back to its messages: every wait behind it, and those that were left out, with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from benchkit.corrections import agents_of, before_and_after, find_agent
from benchkit.errors import BenchkitError, UnknownNameError, show
from benchkit.metrics import Metric
from benchkit.periods import Period, local_time, no_such_month, parse_month
from benchkit.schema import TIME, WAITS
from benchkit.study import dimensions
from benchkit.waits import Waits

TRACE: Mapping[str, pl.DataType] = {
    "wait_id": pl.String(),
    "conversation_id": pl.String(),
    "brand": pl.String(),
    "channel": pl.String(),
    "agent": pl.String(),
    "opening_message_id": pl.String(),
    "opening_permalink": pl.String(),
    "reply_message_id": pl.String(),
    "reply_permalink": pl.String(),
    "started_at": TIME,
    "ended_at": TIME,
    "wait_seconds": pl.Int64(),
    "clocked_seconds": pl.Int64(),
    "outcome": WAITS.columns["outcome"],
    "is_first": pl.Boolean(),
    "assigned_at": TIME,
    "counted": pl.Boolean(),
    "rule": pl.String(),
}
"""The columns of a trace."""

Asked = Mapping[str, str | None]
"""Dimensions and the value of each that is asked for."""

_OUTCOME = pl.col("outcome")
_CREDITED = {
    "replier": "credited to who replied first",
    "assignee": "credited to whom it was assigned to",
    "replier of the first, assignee of later": "credited to who replied first, or later to the assignee",
    "everyone involved": "credited to everyone who wrote",
}

FIGURES = (
    *("waits", "answered_within_1h", "answered_within_24h"),
    *("replied_within_1h", "replied_within_24h", "reply_seconds_median"),
)
"""The figures that are told beside a trace."""


def trace(waits: Waits, *, month: str | None = None, **where: str | None) -> pl.DataFrame:
    """List the waits behind a figure, and those that it leaves out though they touch it, each with the rule.

    >>> from benchkit import find_waits
    >>> from benchkit.sources.timelines import from_timelines
    >>> waits = find_waits(from_timelines("C0 A10 A11", "C0 A20 C50"))
    >>> for row in trace(waits, agent="A").select("wait_id", "reply_message_id", "rule").iter_rows():
    ...     print(*row, sep=", ")
    t0m0, t0m1, credited to who replied first
    t1m0, t1m1, credited to who replied first
    None, t0m2, left out: ended no wait, the customer was not waiting any more
    t1m2, None, left out: nobody replied, so it belongs to no agent

    `where` names dimensions and the value of each: `agent="Mia"` (or the whole id,
    `"Acme/Mia"`), `brand=`, `channel=`, `topic=`, …; None stands for waits without one. The
    rows that are `counted` are the `n` waits of `measure(waits, month=month, by=...)`, in order
    of time; after them come those left out: begun in another month, needing no reply,
    corrected by hand, and, of an agent, waits that nobody answered in conversations they wrote
    in, and messages of theirs that ended no wait. Such a message has no `wait_id`, stands in
    `reply_message_id`, and was sent at `ended_at`. Columns as in `TRACE`; times in UTC,
    `wait_seconds` in calendar time, `clocked_seconds` by the definition's clock; permalinks are
    null where the data have none.

    It names agents and messages: it is for those who check figures, and not for handing out.
    Raises `UnknownNameError` for a dimension or a value there is not, and `BenchkitError` for a
    month without waits, and for waits that go by letters.
    """
    if waits.peers is not None:
        raise BenchkitError(
            "these waits go by letters, which a trace would lift; trace them as they were before"
        )
    if "wait_id" not in waits.frame.collect_schema():
        raise BenchkitError(
            "these waits were handed over without the ids of their messages; load them anew to trace them"
        )
    dimensions(waits, list(where))
    waits = waits.ruled(month).collect()
    period = None if month is None else parse_month(month)
    months = waits.months()
    if period is not None and period.label not in months:
        raise no_such_month(period.label, months, waits.about.name)
    asked = {name: _value(waits, name, value, where) for name, value in where.items()}
    if "agent" in asked:
        waits = waits.credited()

    everything = _with_corrections(waits, of_agent="agent" in asked)
    parts = [_waits(waits, everything, asked, period)]
    if asked.get("agent") is not None:
        parts.append(_messages(waits, everything, asked, period))
    rows = pl.concat([part.collect() for part in parts], how="diagonal_relaxed")
    return (
        _with_permalinks(rows, waits)
        .sort(~pl.col("counted"), pl.coalesce("started_at", "ended_at"), "wait_id", "reply_message_id")
        .select(pl.col(name).cast(dtype) for name, dtype in TRACE.items())
    )


def traced_figures(
    waits: Waits,
    *,
    month: str | None = None,
    metrics: str | Metric | Sequence[str | Metric] = FIGURES,
    **where: str | None,
) -> pl.DataFrame:
    """The figures behind which `trace` looks, before corrections and after them, as `before_and_after`.

    >>> from benchkit import find_waits
    >>> from benchkit.sources.timelines import from_timelines
    >>> waits = find_waits(from_timelines("C0 A10", "C0 A90", "C0"))
    >>> traced_figures(waits, agent="A", metrics="replied_within_1h").select("agent", "estimate").row(0)
    ('Example/A', 0.5)
    """
    keys = dimensions(waits, list(where))
    asked = {name: _value(waits, name, value, where) for name, value in where.items()}
    figures = before_and_after(waits, month=month, by=keys, metrics=metrics, min_waits=0)
    matches = (pl.col(name).eq_missing(pl.lit(value, pl.String)) for name, value in asked.items())
    return figures.filter(pl.lit(True), *matches)


def _value(waits: Waits, name: str, value: str | None, where: Asked) -> str | None:
    if value is None:
        return None
    if name == "agent":
        agents = [pair for pair in agents_of(waits) if where.get("brand") in (None, pair[0])]
        return find_agent(agents, value, where=f"in {show(waits.about.name)}")
    values = waits.frame.select(pl.col(name).cast(pl.String).unique()).collect().to_series()
    known = values.drop_nulls().sort().to_list()
    if value not in known:
        raise UnknownNameError(name, value, known, where=f"in {waits.about.name}")
    return value


def _with_corrections(waits: Waits, *, of_agent: bool) -> pl.LazyFrame:
    """All waits, those `taken` away by a correction among them, each with its `correction` in words."""
    taken, correction = pl.lit(False).alias("taken"), pl.lit(None, pl.String).alias("correction")
    if waits.corrections is None:
        return waits.frame.with_columns(taken, correction)
    corrections, is_credit = waits.corrections, pl.col("action") == "credit"

    def said(what: str) -> pl.Expr:
        return pl.format(what + ": {} ({})", "reason", "who").alias("correction")

    credited = corrections.filter(is_credit).select("wait_id", said("credited by a correction"))
    left_out = corrections.filter(~is_credit).with_columns(said("left out by a correction"))
    given_away = corrections.filter(is_credit & pl.lit(of_agent)).with_columns(
        said("left out by a correction that credits another agent")
    )
    return pl.concat(
        [
            waits.frame.join(credited.lazy(), on="wait_id", how="left").with_columns(taken),
            *(gone.lazy().with_columns(~taken) for gone in (left_out, given_away)),
        ],
        how="diagonal",
    )


def _matches(asked: Asked) -> pl.Expr:
    columns = {name: pl.col("agent_id" if name == "agent" else name).cast(pl.String) for name in asked}
    return pl.all_horizontal(
        pl.lit(True), *(columns[name].eq_missing(pl.lit(value, pl.String)) for name, value in asked.items())
    )


def _within(period: Period | None, local: pl.Expr) -> pl.Expr:
    return pl.lit(True) if period is None else (local >= period.start) & (local < period.end)


def _waits(waits: Waits, everything: pl.LazyFrame, asked: Asked, period: Period | None) -> pl.LazyFrame:
    """The waits that a figure counts and those that touch it, with the rule for each."""
    moment = {"start": "started", "reply": "answered"}[waits.definition.month]
    dated = waits.local
    in_month, is_theirs = _within(period, dated).fill_null(False), _matches(asked)
    in_touch = pl.any_horizontal(
        _within(period, local_time(name, waits.time_zones)) for name in ("started_at", "ended_at")
    )
    left_out = pl.coalesce(
        pl.lit(None, pl.String),
        *(pl.when(is_so).then(pl.lit(f"left out: {reason}")) for reason, is_so in waits.left_out().items()),
    )
    rule = (
        pl.when(~in_month & dated.is_not_null())
        .then(dated.dt.to_string(f"left out: {moment} in another month (%Y-%m)"))
        .when("taken")
        .then("correction")
        .when(left_out.is_not_null())
        .then(left_out)
        .when(~is_theirs)
        .then(pl.lit("left out: nobody replied, so it belongs to no agent"))
        .when(pl.col("correction").is_not_null())
        .then("correction")
        .when(waits.is_late)
        .then(pl.lit("counted as unanswered: the reply came after the cut-off"))
        .when(_OUTCOME == "replied")
        .then(pl.lit(_CREDITED[waits.definition.credit]))
        .when(_OUTCOME == "closed")
        .then(pl.lit("counted: closed without a reply"))
        .otherwise(pl.lit("counted: no reply when the data were taken"))
    )
    touches = is_theirs
    if asked.get("agent") is not None:
        touches |= _nobodys(waits, asked)
    counted = in_month & ~pl.col("taken") & left_out.is_null() & is_theirs
    return everything.filter(touches & in_touch).with_columns(
        pl.col("agent_id").alias("agent"),
        waits.clocked().lasted.alias("clocked_seconds"),
        counted.alias("counted"),
        rule.alias("rule"),
    )


def _nobodys(waits: Waits, asked: Asked) -> pl.Expr:
    """Waits that nobody replied to, in conversations in which the agent wrote."""
    wrote = waits.volumes.filter(pl.col("agent_id") == asked["agent"]).select("conversation_id").unique()
    in_touch = pl.col("conversation_id").is_in(wrote.collect().to_series().implode())
    return in_touch & (_OUTCOME != "replied") & _matches({**asked, "agent": None})


def _messages(waits: Waits, everything: pl.LazyFrame, asked: Asked, period: Period | None) -> pl.LazyFrame:
    """The agent's messages that ended no wait."""
    sent = local_time("sent_at", waits.time_zones)
    first = everything.group_by("conversation_id").agg(pl.col("started_at").min().alias("first_asked_at"))
    had_asked = (pl.col("first_asked_at") <= pl.col("sent_at")).fill_null(False)
    return (
        waits.volumes.filter(pl.col("kind") == "agent", _matches(asked), _within(period, sent))
        .join(everything, left_on="message_id", right_on="reply_message_id", how="anti")
        .join(first, on="conversation_id", how="left")
        .select(
            "conversation_id",
            "brand",
            "channel",
            pl.col("agent_id").alias("agent"),
            pl.col("message_id").alias("reply_message_id"),
            pl.col("sent_at").alias("ended_at"),
            pl.lit(False).alias("counted"),
            pl.when(had_asked)
            .then(pl.lit("left out: ended no wait, the customer was not waiting any more"))
            .otherwise(pl.lit("left out: ended no wait, the customer had not written yet"))
            .alias("rule"),
        )
    )


def _with_permalinks(rows: pl.DataFrame, waits: Waits) -> pl.DataFrame:
    kinds = ("opening", "reply")
    if waits.permalinks is None:
        return rows.with_columns(pl.lit(None, pl.String).alias(f"{kind}_permalink") for kind in kinds)
    ids = pl.concat([rows[f"{kind}_message_id"] for kind in kinds]).drop_nulls().unique()
    links = waits.permalinks.join(
        ids.alias("message_id").to_frame().lazy(), on="message_id", how="semi"
    ).collect()
    for kind in kinds:
        of_kind = links.select(pl.all().name.prefix(f"{kind}_"))
        rows = rows.join(of_kind, on=f"{kind}_message_id", how="left")
    return rows
