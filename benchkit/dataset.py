"""Dataset: messages and events, when they were taken, how they were collected, what was left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from html import escape

import polars as pl

from benchkit.calendars import Calendar, Calendars
from benchkit.errors import BenchkitError, UnknownNameError
from benchkit.schema import EVENTS, MESSAGES, SAME_CONVERSATION, TIME, RuleError, check, proves_unique

EXCLUDED = pl.Schema(
    {"file": pl.String(), "line": pl.Int64(), "kind": pl.String(), "reason": pl.String(), "row": pl.String()}
)
"""Rows left out: `kind` is `unreadable` (the file is at fault), or `rule` (the reader's rules).

`file` is the name of one of several files; `row` is a JSON object of what could be read of the
row, by the names of `schema.MESSAGES` or `schema.EVENTS`.
"""


@dataclass(frozen=True)
class About:
    """What a dataset is called and how it came to be.

    `selection` is one sentence, or None: that the rows were selected on having been
    answered, so that nothing can be said of unanswered messages.
    """

    name: str
    licence: str = ""
    selection: str | None = None


@dataclass(frozen=True)
class Audit:
    """What was read and what was left out, with line numbers.

    `notes` say how many values were read in a way worth knowing, though nothing was left out.
    """

    rows_read: int = 0
    blank_rows: int = 0
    excluded: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=EXCLUDED))
    notes: Mapping[str, int] = field(default_factory=dict)

    def summary(self) -> pl.DataFrame:
        """One row per reason: kind, reason, rows, and the first lines."""
        return (
            self.excluded.group_by("kind", "reason")
            .agg(pl.len().cast(pl.Int64).alias("rows"), pl.col("line").sort().head(5).alias("first_lines"))
            .sort("rows", "reason", descending=[True, False])
        )

    def leaving_out(self, rows: int, reason: str) -> Audit:
        """The same audit with that many more rows left out by a rule, their lines not known."""
        if not rows:
            return self
        more = as_excluded(pl.DataFrame({"kind": "rule", "reason": [reason] * rows}))
        return replace(self, excluded=pl.concat([self.excluded, more]))

    def sentence(self) -> str:
        """What the figures are made from, in words, for beside the figures."""
        parts = [f"{self.rows_read:,} rows read" if self.rows_read else "no file was read"]
        if self.blank_rows:
            parts.append(f"{self.blank_rows:,} blank")
        for kind, reason, rows, lines in self.summary().iter_rows():
            where = ""
            if kind == "unreadable":
                more = ", …" if rows > len(lines) else ""
                where = " (line " + ", ".join(f"{line:,}" for line in lines) + more + ")"
            parts.append(f"{rows:,} excluded: {reason}{where}")
        parts += [f"{count:,} {note}" for note, count in self.notes.items()]
        return "; ".join(parts)


def as_excluded(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the columns of `EXCLUDED`, missing where they are not told."""
    told = [pl.col(name) if name in rows.columns else pl.lit(None).alias(name) for name in EXCLUDED]
    return pl.DataFrame(rows.select(told) if rows.width else {}, schema=EXCLUDED)


@dataclass(frozen=True, eq=False)
class Found:
    """The waits of some messages as they were found before, by a definition's hash.

    `volumes` are the messages as `Waits` has them, and `weeks` the waits' weekly life tables, by
    the brands' `time_zones` of then, if they still hold.
    """

    messages: pl.LazyFrame
    as_of: datetime
    definition: str
    time_zones: Mapping[str, str]
    waits: pl.LazyFrame
    volumes: pl.LazyFrame
    weeks: pl.LazyFrame | None

    def only(self, brand: str, messages: pl.LazyFrame) -> Found:
        """The same of one brand, whose `messages` these are."""
        of_brand = pl.col("brand") == brand
        return replace(
            self,
            messages=messages,
            waits=self.waits.filter(of_brand),
            volumes=self.volumes.filter(of_brand),
            weeks=None if self.weeks is None else self.weeks.filter(of_brand),
        )


@dataclass(frozen=True, repr=False)
class Dataset:
    """Messages of customers and brands, in order, with what a fair figure needs to know of them.

    `messages` holds a row per message (`schema.MESSAGES`), the rows of a conversation
    together and in order of time; `events` a row per change (`schema.EVENTS`), or None.
    `as_of` is when the extract was taken: a wait still open then is censored at that time.
    Where messages came from several extracts, their column `as_of` says when the newest was
    taken that held anything of their conversation, and `as_of` is the newest of these.
    `time_zones` names each brand's zone where it is not UTC, `calendars` their opening hours
    where they are known; `personal` are the columns in which customers' ids stand, and
    `concealed` makes of an id the hash by which the store keeps it. Make one
    with a reader (`read_twcs`, `read_messages`, `synthesize`) or with `Dataset.from_messages`.
    """

    messages: pl.LazyFrame
    as_of: datetime
    about: About
    events: pl.LazyFrame | None = None
    audit: Audit = field(default_factory=Audit)
    time_zones: Mapping[str, str] = field(default_factory=dict)
    calendars: Calendars | None = None
    personal: tuple[str, ...] = ("sender_id",)
    found: Found | None = None
    concealed: Callable[[pl.Series], pl.Series] | None = None
    process: Callable[[str, float], float] | None = None

    @classmethod
    def from_messages(
        cls,
        messages: pl.LazyFrame | pl.DataFrame,
        *,
        as_of: datetime | None = None,
        about: About,
        events: pl.LazyFrame | pl.DataFrame | None = None,
        audit: Audit | None = None,
        time_zones: Mapping[str, str] | None = None,
        calendars: Calendars | Calendar | None = None,
        personal: tuple[str, ...] = ("sender_id",),
    ) -> Dataset:
        """Put messages in order, hold them to the schema's rules, and make a Dataset of them.

        Messages and events later than `as_of` (without it: than now, and it is the newest
        time among them) are left out, and counted in the audit.
        """
        frame, happened = messages.lazy(), None if events is None else events.lazy()
        newest = [pl.col("sent_at").max().alias("newest")]
        try:
            facts = check(frame, MESSAGES, *newest, _is_in_order().alias("in order"))
        except RuleError:
            facts = {"in order": False}
        if not facts["in order"]:
            by = ("conversation_id", "sent_at", pl.col("sender").to_physical(), "message_id")
            frame = frame.sort(by).collect().lazy()  # once, not at every use
            facts = check(frame, MESSAGES, *newest)
        times = [facts["newest"]]
        if happened is not None:
            times.append(check(happened, EVENTS, pl.col("at").max().alias("newest"))["newest"])
        latest = max((time for time in times if time is not None), default=datetime.min.replace(tzinfo=UTC))
        everything = cls(
            messages=frame,
            as_of=latest,
            about=about,
            events=happened,
            audit=audit or Audit(facts["rows"]),
            time_zones=dict(time_zones or {}),
            personal=personal,
        )
        if calendars is not None:
            everything = everything.open_in(calendars)
        if as_of is None:
            now = datetime.now(UTC)
            return everything if latest <= now else everything.known_at(_newest_before(now, frame, happened))
        return everything.known_at(as_of) if as_of < latest else replace(everything, as_of=as_of)

    def truth(self, brand: str, seconds: float) -> float:
        """The share of waits that the process behind synthetic data answers within `seconds`."""
        if self.process is None:
            raise BenchkitError(
                f"only synthetic data knows its truth, and {self.about.name} is real; use synthesize()"
            )
        return self.process(brand, seconds)

    def known_at(self, as_of: datetime) -> Dataset:
        """The same dataset as it was at an earlier time, with what came later left out."""
        if as_of > self.as_of:
            raise BenchkitError(
                f"{self.about.name} was taken at {self.as_of:%Y-%m-%d %H:%M} UTC; name a time before that"
            )
        known = (pl.col("sent_at") <= as_of, pl.col("at") <= as_of)
        later = self.messages.select((~known[0]).sum()).collect().item()
        messages = self.messages.filter(known[0]) if later else self.messages
        if "as_of" in messages.collect_schema():
            messages = messages.with_columns(pl.min_horizontal("as_of", pl.lit(as_of, TIME)))
        return replace(
            self,
            messages=messages,
            events=None if self.events is None else self.events.filter(known[1]),
            as_of=as_of,
            audit=self.audit.leaving_out(later, "after the extract was taken"),
        )

    def open_in(self, calendars: Calendars | Calendar) -> Dataset:
        """The same dataset with opening hours: everybody's, or several at once.

        A brand's calendar also says in which time zone it is, where nothing else does. Raises
        `UnknownNameError` for the hours of a brand or channel that is not there.
        """
        if isinstance(calendars, Calendar):
            calendars = Calendars(calendars)
        if calendars.by != "agent":
            values = self.messages.select(pl.col(calendars.by).cast(pl.String).unique()).collect().to_series()
            for name in calendars.of:
                if name not in values:
                    raise UnknownNameError(
                        calendars.by, name, values.sort().to_list(), where=f"in {self.about.name}"
                    )
        zones = {}
        if calendars.by == "brand":
            of_brands = {brand: calendars.of.get(brand, calendars.default) for brand in self.brands()}
            zones = {brand: calendar.timezone for brand, calendar in of_brands.items() if calendar}
        return replace(self, calendars=calendars, time_zones={**zones, **self.time_zones})

    def brands(self) -> list[str]:
        """The brands there are, in order."""
        names = self.messages.select(pl.col("brand").unique()).collect().to_series()
        return sorted(names.cast(pl.String).drop_nulls().to_list())

    def only(self, brand: str) -> Dataset:
        """The same dataset with the messages of one brand, and its opening hours."""
        brands = self.brands()
        if brand not in brands:
            raise UnknownNameError("brand", brand, brands, where=f"in {self.about.name}")
        calendars = self.calendars
        if calendars is not None and calendars.by == "brand":
            calendars = calendars.told_as({brand: brand})
        messages = self.messages.filter(pl.col("brand") == brand)
        found = self.found and self.found.only(brand, messages)
        return replace(self, messages=messages, calendars=calendars, found=found)

    def found_by(self, definition: str) -> Found | None:
        """The waits that were found in just these messages before, by the definition of this hash."""
        found = self.found
        if found is None or (found.definition, found.as_of) != (definition, self.as_of):
            return None
        return found if found.messages is self.messages else None

    def __repr__(self) -> str:
        return f"Dataset({self.about.name!r}, as of {self.as_of:%Y-%m-%d %H:%M} UTC)"

    def _repr_html_(self) -> str:
        counts = self.messages.select(
            pl.len(),
            pl.col("conversation_id").n_unique(),
            pl.col("brand").n_unique(),
            pl.col("sent_at").min(),
        ).collect()
        messages, conversations, brands, first = counts.row(0)
        since = f", since {first:%Y-%m-%d}" if first else ""
        lines = [
            f"<b>{escape(self.about.name)}</b>: {messages:,} messages in {conversations:,} conversations "
            f"with {brands:,} brands{since}, as of {self.as_of:%Y-%m-%d %H:%M} UTC",
            escape(self.audit.sentence()),
            escape(self.about.selection or ""),
        ]
        return "<br>".join(line for line in lines if line)


def _is_in_order() -> pl.Expr:
    """Whether conversations stand together, each in order of time, as `SENDERS` speak at one instant."""
    sent_at, sender = pl.col("sent_at"), pl.col("sender").to_physical()
    later = sent_at > sent_at.shift()
    tie = (sent_at == sent_at.shift()) & (sender >= sender.shift())
    begins = ~SAME_CONVERSATION
    return (begins | later | tie).all() & proves_unique(pl.col("conversation_id").filter(begins))


def _newest_before(now: datetime, messages: pl.LazyFrame, events: pl.LazyFrame | None) -> datetime:
    times = [messages.select(pl.col("sent_at").alias("at"))]
    times += [] if events is None else [events.select("at")]
    newest = pl.concat(times).filter(pl.col("at") <= now).select(pl.col("at").max()).collect().item()
    return newest if isinstance(newest, datetime) else now
