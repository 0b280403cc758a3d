"""One question's waits as arrays: who is compared, over which month, and what cannot be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property

import numpy as np
import polars as pl

from benchkit.errors import BenchkitError, UnknownNameError, show
from benchkit.metrics import Statistic
from benchkit.peers import left_out_brand, too_few_brands
from benchkit.periods import WEEK, Period, local_time, no_such_month, parse_month
from benchkit.sample import LATE, Sample
from benchkit.schema import dimensions_in
from benchkit.stats.arrays import Bools, Ints
from benchkit.waits import Waits

NOT_BY_AGENT = (
    "a customer's message belongs to no agent until one replies, so by agent there are only "
    "figures among answered waits"
)


@dataclass(frozen=True, eq=False)
class Study:
    """Waits in groups: `groups` has a row per group, in the order of the samples' group numbers.

    `when_and_where` has a row for each wait of the `sample`: its local time and its channel.
    """

    groups: pl.DataFrame
    clocks: Mapping[str, _Timed]
    clock: str
    counted: str
    unneeded: Ints
    few_brands: Mapping[str, Bools]
    volumes: Mapping[str, Ints]
    when_and_where: pl.DataFrame
    only_answered: str | None
    by_agent: bool
    statistic: Statistic
    definition: str

    @cached_property
    def sample(self) -> Sample:
        """The waits that count by the definition, by the clock that it names."""
        return self.of("all")

    def inside(self) -> tuple[Sample, Ints]:
        """The waits by calendar time of which it is known how much was in opening hours, and how much."""
        timed = self.clocks["calendar"].of_kind(self.counted)
        is_known = timed.inside_seconds >= 0
        return timed.sample.where(is_known), timed.inside_seconds[is_known]

    def too_few_brands(self, clock: str = "") -> Bools:
        """By group: whether a clock tells of too few brands for anything to be told of them."""
        return self.few_brands[clock or self.clock]

    def of(self, which: str, clock: str = "") -> Sample:
        """The `all`, `first` or `next` waits by a clock, or the parts of them before and after assignment.

        The same sample each time, which remembers its sums.
        """
        key = which, clock or self.clock
        if key not in self._samples:
            self._samples[key] = self._sample_of(*key)
        return self._samples[key]

    @cached_property
    def _samples(self) -> dict[tuple[str, str], Sample]:
        return {}

    def _sample_of(self, which: str, clock: str) -> Sample:
        kind = {"first": "first", "next": "later"}.get(which, self.counted)
        timed = self.clocks[clock].of_kind(kind)
        if which not in ("queue", "handling"):
            return timed.sample
        was_assigned = timed.queue_seconds >= 0
        assigned, queued = timed.sample.where(was_assigned), timed.queue_seconds[was_assigned]
        return replace(assigned, seconds=queued if which == "queue" else assigned.seconds - queued)


@dataclass(frozen=True, eq=False)
class _Timed:
    """Waits by one clock; -1 where it is not known when one was assigned, or what was in opening hours."""

    sample: Sample
    is_first: Bools
    queue_seconds: Ints
    inside_seconds: Ints

    def where(self, rows: Bools) -> _Timed:
        return _Timed(
            self.sample.where(rows), self.is_first[rows], self.queue_seconds[rows], self.inside_seconds[rows]
        )

    def of_kind(self, kind: str) -> _Timed:
        """The `first` or the `later` waits of conversations, or `every` one."""
        return self if kind == "every" else self.where(self.is_first == (kind == "first"))


def study(
    waits: Waits,
    *,
    month: str | None,
    by: str | Sequence[str] | None,
    history_weeks: int,
    with_volumes: bool = False,
) -> Study:
    """Bring the waits of a month and of the weeks before it into arrays, by group."""
    if not isinstance(waits, Waits):
        raise BenchkitError(f"waits are measured, not a {type(waits).__name__}; call find_waits(data) first")
    if not isinstance(history_weeks, int) or history_weeks < 0:
        raise BenchkitError(f"history_weeks is {show(history_weeks)}; give a whole number, 0 or more")
    keys = dimensions(waits, by)
    waits = waits.ruled(month)
    waits = waits.credited() if "agent" in keys else waits
    period = None if month is None else parse_month(month)
    wanted = [_in_scope(waits, keys, period, history_weeks)]
    wanted += [_messages(waits, keys, period)] if with_volumes else []
    frame, *messages = pl.collect_all(wanted)
    in_month = frame.filter("in_month")
    if in_month.is_empty():
        months = waits.months()
        if period is None or not months:
            raise BenchkitError(f"there are no waits to measure in {show(waits.about.name)}")
        raise no_such_month(period.label, months, waits.about.name)
    volumes = _count(messages[0], keys) if messages else in_month.select(keys).clear()
    groups = (
        pl.concat([in_month.select(keys), volumes.select(keys)])
        .unique()
        .sort(*(pl.col(key).cast(pl.String) for key in keys), nulls_last=True)
        .with_row_index("group")
        if keys
        else pl.DataFrame({"group": [0]}, schema={"group": pl.UInt32})
    )
    frame = _numbered(frame, groups, keys)
    counts = _numbered(volumes, groups, keys)
    group, in_month_rows = frame["group"].to_numpy().astype(np.int64), frame["in_month"].to_numpy()
    wanted_brand = (frame["of_brand"] != left_out_brand(keys, waits.peers)).to_numpy()
    eligible, counted = (frame[name].to_numpy() & wanted_brand for name in ("is_eligible", "is_counted"))
    week = _weeks_before_the_end(frame["local"], period)
    is_first, inside = (frame[name].to_numpy() for name in ("is_first", "inside"))

    def timed(clock: str) -> _Timed:
        columns = ("lasted", "watched", "queued")
        seconds, watched, queued = (frame[f"{clock} {name}"].fill_null(-1).to_numpy() for name in columns)
        everyone = Sample(
            group=group,
            week=week,
            seconds=seconds,
            outcome=frame["outcome"].to_numpy(),
            watched_seconds=watched,
            age_seconds=frame["age_seconds"].to_numpy(),
            in_month=in_month_rows,
            n_groups=groups.height,
            n_weeks=int(week.max()) + 1,
            month_over=period is None or waits.is_over(period.label),
        )
        whole = _Timed(everyone, is_first, queued, inside)
        return whole if told_of[clock].all() else whole.where(told_of[clock])

    told_of = {clock: eligible & frame[f"{clock} is_known"].to_numpy() for clock in _clocks(waits)}
    clocks = {clock: timed(clock) for clock in told_of}
    told_of[waits.definition.clock] = counted
    unneeded = frame["is_unneeded"].to_numpy() & wanted_brand & in_month_rows
    return Study(
        groups=groups.drop("group"),
        clocks=clocks,
        clock=waits.definition.clock,
        counted=waits.definition.counted,
        unneeded=np.bincount(group[unneeded], minlength=groups.height),
        few_brands={
            clock: too_few_brands(frame.filter(kept & in_month_rows), groups, keys, waits.peers)
            for clock, kept in told_of.items()
        },
        volumes={
            column: np.bincount(counts["group"].to_numpy(), counts[column].to_numpy(), groups.height).astype(
                np.int64
            )
            for column in counts.columns
            if column not in ("group", *keys)
        },
        when_and_where=frame.select("local", "of_channel").filter(pl.Series(counted)),
        only_answered=waits.only_answered,
        by_agent="agent" in keys,
        statistic=waits.definition.statistic,
        definition=waits.definition.label,
    )


def _clocks(waits: Waits) -> list[str]:
    """The clocks by which waits can be measured, that of the definition first."""
    return list(
        dict.fromkeys([waits.definition.clock, "calendar", *["opening hours"] * waits.has_opening_hours])
    )


def dimensions(waits: Waits, by: str | Sequence[str] | None) -> list[str]:
    """The names of what to group by, each held against the dimensions these waits have."""
    names = [by] if isinstance(by, str) else list(by or [])
    known = ["brand", "industry", "channel", "agent", *dimensions_in(waits.frame.collect_schema())]
    for name in names:
        if name not in known:
            raise UnknownNameError("dimension", name, known, where=f"in {waits.about.name}")
    return list(dict.fromkeys(names))


_A_DAY = timedelta(days=1)


def _key(name: str) -> pl.Expr:
    return pl.col("agent_id" if name == "agent" else name).alias(name)


def _in_scope(waits: Waits, keys: Sequence[str], period: Period | None, history_weeks: int) -> pl.LazyFrame:
    outcome = pl.col("outcome").to_physical().cast(pl.Int64)
    near = waits.frame
    if period is not None:
        earliest = min(period.start, period.end - history_weeks * WEEK)
        since, until = (
            pl.lit(time, pl.Datetime("us")).dt.replace_time_zone("UTC")
            for time in (earliest - _A_DAY, period.end + _A_DAY)
        )
        near = near.filter(pl.col(waits.moment).is_between(since, until))  # passes by stored files without
    frame = near.select(
        *map(_key, keys),
        pl.col("brand").alias("of_brand"),
        pl.col("channel").alias("of_channel"),
        waits.local.alias("local"),
        pl.when(waits.is_late).then(LATE).otherwise(outcome).alias("outcome"),
        "is_first",
        waits.is_eligible.alias("is_eligible"),
        waits.is_counted.alias("is_counted"),
        waits.is_unneeded.alias("is_unneeded"),
        waits.clocked("calendar").watched.alias("age_seconds"),
        (pl.col("business_seconds").fill_null(-1) if waits.has_opening_hours else pl.lit(-1, pl.Int64)).alias(
            "inside"
        ),
        *(
            expression.alias(f"{clock} {name}")
            for clock in _clocks(waits)
            for name, expression in waits.clocked(clock)._asdict().items()
        ),
    ).filter(pl.col("local").is_not_null())
    if period is None:
        return frame.with_columns(pl.lit(True).alias("in_month"))
    local = pl.col("local")
    in_time = frame.filter((local >= earliest) & (local < period.end))
    return in_time.with_columns((local >= period.start).alias("in_month"))


def _messages(waits: Waits, keys: Sequence[str], period: Period | None) -> pl.LazyFrame:
    sent = local_time("sent_at", waits.time_zones)
    in_period = pl.lit(True) if period is None else (sent >= period.start) & (sent < period.end)
    wanted_brand = pl.col("brand") != left_out_brand(keys, waits.peers)
    channel, customer = pl.col("channel"), pl.col("customer_id")
    if "person_id" in waits.volumes.collect_schema():
        person = pl.col("person_id")
        channel, customer = pl.when(person.is_null()).then(channel), pl.coalesce(person, customer)
    return waits.volumes.filter(in_period, wanted_brand).select(
        *map(_key, keys), "kind", "number", channel.alias("of_channel"), customer.alias("customer_id")
    )


def _count(messages: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Messages, conversations and customers by group."""
    by = [*keys, "everyone"]
    rows = messages.lazy().with_columns(pl.lit(True).alias("everyone"))
    from_customer = pl.col("kind") == "customer"
    counts = rows.group_by(by).agg(
        from_customer.sum().alias("messages_in"), (pl.col("kind") == "agent").sum().alias("messages_out")
    )
    for name, some, columns in (
        ("conversations", rows, ["number"]),
        ("customers", rows.filter(from_customer), ["customer_id", "of_channel"]),
    ):
        run_starts = pl.any_horizontal(pl.col(key).ne_missing(pl.col(key).shift()) for key in (*by, "number"))
        different = some.filter(run_starts).select(*by, *columns).drop_nulls(columns[0]).unique()
        counted = different.group_by(by).agg(pl.len().alias(name))
        counts = counts.join(counted, on=by, how="left", nulls_equal=True)
    return counts.with_columns(pl.col("conversations", "customers").fill_null(0)).drop("everyone").collect()


def _numbered(frame: pl.DataFrame, groups: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    if not keys:
        return frame.with_columns(pl.lit(0, pl.UInt32).alias("group"))
    return frame.join(groups, on=list(keys), how="inner", nulls_equal=True, maintain_order="left")


def _weeks_before_the_end(local: pl.Series, period: Period | None) -> Ints:
    """Whole weeks counted back from the end of the month, or from the last wait."""
    end = local.dt.max() if period is None else period.end
    to_the_end = (
        pl.select(pl.lit(end, pl.Datetime("us")) - local).to_series().dt.total_microseconds().to_numpy()
    )
    inclusive = 0 if period is None else 1
    return np.asarray((to_the_end - inclusive) // (WEEK // timedelta(microseconds=1)), dtype=np.int64)
