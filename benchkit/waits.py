"""Waits: one row per time a customer waited, answered or not, and what fair figures of them need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from typing import NamedTuple

import polars as pl

from benchkit.calendars import Calendars
from benchkit.dataset import About, Audit
from benchkit.definitions.definition import Definition
from benchkit.errors import BenchkitError, UnknownNameError
from benchkit.months import Months
from benchkit.periods import parse_month
from benchkit.schema import OUTCOMES, dimensions_in, watched_until

EVERYONE_ELSE, CHOSEN_PEERS = "everyone else", "Chosen peers"
MIN_COLLEAGUES = 3
"""Of fewer agents together nothing is told on another's page."""


@dataclass(frozen=True)
class Peers:
    """How brands are compared: which one is one's `own`, if any, and whether the others are `named`."""

    own: str = ""
    named: bool = False


class Clocked(NamedTuple):
    """How long waits lasted by one clock: expressions of `Waits.frame`, in seconds.

    `watched` is how long a wait could be seen until the extract was taken, `queued` how much of
    it had passed when it was assigned (null where it is not known to have been), and
    `is_known` whether the clock tells of it at all.
    """

    lasted: pl.Expr
    watched: pl.Expr
    queued: pl.Expr
    is_known: pl.Expr


@dataclass(frozen=True, eq=False)
class Weekly:
    """The weekly life tables of just these waits by just this definition, as they were stored with them."""

    waits: pl.LazyFrame
    definition: Definition
    tables: pl.LazyFrame


@dataclass(frozen=True, repr=False)
class Waits(Months):
    """One row per time a customer waited, and what is needed to make fair figures of them.

    `frame` holds the rows (`schema.WAITS`, lazy); `volumes` a row per message, without its
    text, for what waits alone cannot tell (messages, conversations, customers). `calendars` are
    the opening hours that were known where the waits were found. `peers` is
    set where brands are compared: then figures of too few of them are withheld. `permalinks`
    (message_id, permalink) is read only to trace figures; `corrections` holds what was
    corrected by hand, with each wait as it was before (`corrections.corrected`). `before` are the
    same messages' waits by the definition that held before this one. `weekly` saves counting them
    by week, where they come from the store.
    """

    frame: pl.LazyFrame
    volumes: pl.LazyFrame
    as_of: datetime
    about: About
    definition: Definition
    audit: Audit
    time_zones: Mapping[str, str]
    calendars: Calendars | None = None
    peers: Peers | None = None
    permalinks: pl.LazyFrame | None = None
    corrections: pl.DataFrame | None = None
    before: Waits | None = None
    weekly: Weekly | None = None

    def collect(self) -> Waits:
        """The same waits held in memory, for measuring them more than once."""
        frame, volumes = (part.lazy() for part in pl.collect_all([self.frame, self.volumes]))
        told = replace(self, frame=frame, volumes=volumes)
        return self.and_before(Waits.collect, told._by_week(self.life_tables))

    def and_before(self, change: Callable[[Waits], Waits], changed: Waits) -> Waits:
        """Waits as they were `changed`, with the same `change` made to those by the definition before."""
        return replace(changed, before=None if self.before is None else change(self.before))

    def only(self, brand: str) -> Waits:
        """The waits of one brand, or all of them where it is empty."""
        if not brand:
            return self
        self._check_brands(brand)
        is_theirs, tables = pl.col("brand") == brand, self.life_tables
        told = self._told_as(is_theirs)._open_as([brand])
        return told._by_week(None if tables is None else tables.filter(is_theirs))

    def among(self, peers: str | Sequence[str], *, own: str = "") -> Waits:
        """One's own brand and some others, such as "Acme; Globex", as one industry; all if none are."""
        chosen = [name.strip() for name in (peers.split(";") if isinstance(peers, str) else peers)]
        chosen = [name for name in chosen if name]
        if not chosen:
            return self
        brands = [*chosen, *([own] if own else [])]
        self._check_brands(*brands)
        together = pl.lit(CHOSEN_PEERS).cast(pl.Categorical()).alias("industry")
        return self._told_as(pl.col("brand").cast(pl.String).is_in(brands), together)._open_as(brands)

    def beside(self, agent: str, *, month: str) -> Waits:
        """One agent's brand with all other agents put together, for a page that names none of them.

        Of fewer than `MIN_COLLEAGUES` others in the month nothing is left, since they would be singled out.
        """
        if not agent:
            return self
        waits = self.credited()
        signer, is_theirs = pl.col("agent_id"), pl.col("agent_id") == agent
        brands = waits.frame.filter(is_theirs).select(pl.col("brand").unique()).collect().to_series()
        at_brand = pl.col("brand").is_in(brands.implode())
        colleagues = waits.frame.filter(at_brand, ~is_theirs, waits.in_month(month))
        n_colleagues = colleagues.select(signer.n_unique()).collect().item()
        is_shown = pl.lit(True) if n_colleagues >= MIN_COLLEAGUES else is_theirs | signer.is_null()
        together = EVERYONE_ELSE if agent != EVERYONE_ELSE else "all the others"
        others = pl.when(signer.is_not_null()).then(pl.lit(together))
        merged = pl.when(is_theirs).then(signer).otherwise(others).alias("agent_id")
        told = waits._told_as(at_brand & is_shown, merged)
        return told._open_as(brands.cast(pl.String).to_list(), agents=[agent])

    def _check_brands(self, *asked: str) -> None:
        names = self.frame.select(pl.col("brand").unique().cast(pl.String)).collect().to_series().sort()
        for name in asked:
            if name not in names:
                raise UnknownNameError("brand", name, names.to_list(), where=f"in {self.about.name}")

    def _open_as(self, brands: Sequence[str], *, agents: Sequence[str] | None = None) -> Waits:
        """The same waits with the opening hours of these brands alone, and of all their agents or of some."""
        if self.calendars is None or self.calendars.by == "channel":
            return self
        names = brands
        if self.calendars.by == "agent":
            names = [agent for _, agent in self.speakers() if agent] if agents is None else agents
        known = self.calendars.told_as({name: name for name in names})
        told = replace(self, calendars=known)
        return self.and_before(lambda before: replace(before, calendars=known), told)

    def _told_as(self, kept: pl.Expr, *columns: pl.Expr) -> Waits:
        """Some of the waits, their messages and their corrections, with other columns."""
        frame, volumes = (part.filter(kept).with_columns(columns) for part in (self.frame, self.volumes))
        corrections = self.corrections
        if corrections is not None:
            corrections = corrections.filter(kept).with_columns(columns)
        told = replace(self, frame=frame, volumes=volumes, corrections=corrections)
        return self.and_before(lambda before: before._told_as(kept, *columns), told)

    @property
    def life_tables(self) -> pl.LazyFrame | None:
        """The weekly life tables of these waits, if they were stored: of no others, and by no other rules."""
        known = self.weekly
        if known is None or known.waits is not self.frame or known.definition != self.definition:
            return None
        return known.tables

    def _by_week(self, tables: pl.LazyFrame | None) -> Waits:
        weekly = None if tables is None else Weekly(self.frame, self.definition, tables)
        return replace(self, weekly=weekly)

    @property
    def only_answered(self) -> str | None:
        """Why there are only figures among answered waits, in a sentence; None where there are others."""
        return self.about.selection or self.definition.only_answered or None

    @property
    def is_eligible(self) -> pl.Expr:
        """Whether a wait is in figures of its kind, first or later, by what the definition leaves out."""
        return ~pl.any_horizontal(pl.lit(False), *self._left_out_by_its_end().values())

    @property
    def is_counted(self) -> pl.Expr:
        """Whether a wait is in shares and times by the definition, and by the clock it names."""
        return ~pl.any_horizontal(pl.lit(False), *self.left_out().values())

    def left_out(self) -> dict[str, pl.Expr]:
        """For what the definition leaves waits out of shares and times, in words, and whether it does."""
        told = self._left_out_by_its_end()
        if self.definition.counted == "first":
            told["not its conversation's first wait"] = ~pl.col("is_first")
        if self.definition.counted == "later":
            told["its conversation's first wait"] = pl.col("is_first")
        if self.definition.clock == "opening hours":
            told["not in opening hours"] = ~self.clocked().is_known
        return told

    def _left_out_by_its_end(self) -> dict[str, pl.Expr]:
        rules, outcome = self.definition, pl.col("outcome")
        told = {
            "needed no reply": (rules.no_reply_needed == "leave out", self.is_unneeded),
            "closed before any reply": (rules.closing == "leave out", outcome == "closed"),
            "nobody replied": (rules.unanswered == "left out", outcome != "replied"),
        }
        return {reason: is_so for reason, (is_ruled, is_so) in told.items() if is_ruled}

    @property
    def is_unneeded(self) -> pl.Expr:
        """Whether a wait is left out, and counted apart, because no reply was needed."""
        return ~pl.col("needs_reply") & (self.definition.no_reply_needed == "leave out")

    @property
    def is_late(self) -> pl.Expr:
        """Whether a reply came after the definition's cut-off, and so counts for none."""
        cut_off = self.definition.cut_off_seconds
        if cut_off is None:
            return pl.lit(False)
        return (pl.col("outcome") == "replied") & (pl.col("wait_seconds") > cut_off)

    @property
    def has_opening_hours(self) -> bool:
        """Whether it is known of any wait how much of it was in opening hours."""
        return "in_opening_hours" in self.frame.collect_schema()

    def clocked(self, clock: str = "") -> Clocked:
        """How long waits lasted in `calendar` time or in `opening hours`; without either, as defined."""
        started, rules = pl.col("started_at"), self.definition
        watched = (watched_until(self.frame, self.as_of) - started).dt.total_seconds()
        queued = (pl.col("assigned_at") - started).dt.total_seconds().clip(0)
        calendar = Clocked(pl.col("wait_seconds"), watched, queued, pl.lit(True))
        if (clock or rules.clock) == "calendar":
            return calendar
        if not self.has_opening_hours:
            raise BenchkitError(
                f"no opening hours are known in {self.about.name}; give a calendar, or measure calendar time"
            )
        is_known = pl.col("in_opening_hours").fill_null(False)
        if rules.opening_hours != "closed time subtracted":
            return calendar._replace(is_known=is_known)
        names = ("business_seconds", "business_watched_seconds", "business_queue_seconds")
        lasted, watched, queued = map(pl.col, names)
        return Clocked(lasted, watched, queued, is_known)

    def ruling(self, month: str) -> list[Waits]:
        """The waits by each definition that held in a month, the last of them last."""
        period, since = parse_month(month), self.definition.valid_from
        if self.before is None or since is None or since < period.start.date():
            return [self]
        earlier = self.before.ruling(month)
        return [*earlier, self] if since < period.end.date() else earlier

    def ruled(self, month: str | None) -> Waits:
        """The waits by the definition that held when a month ended; as they are without one."""
        return self.ruling(month)[-1] if month else self

    def by_calendar(self) -> Waits:
        """The same waits in calendar time, whatever the clock of the definition."""
        return replace(self, definition=replace(self.definition, clock="calendar"))

    def credited(self) -> Waits:
        """Waits with a row for everyone credited with them, where the definition credits several."""
        if "involved" not in self.frame.collect_schema():
            return self.and_before(Waits.credited, self)
        each = self.frame.drop("agent_id").rename({"involved": "agent_id"})
        is_replied = pl.col("outcome") == "replied"
        alone = each.with_columns(pl.when(is_replied).then("agent_id").alias("agent_id"))
        return self.and_before(Waits.credited, replace(self, frame=alone.explode("agent_id")))

    def speakers(self) -> list[tuple[str, str | None]]:
        """Brands and the ids of all who wrote for them or are credited with a reply; None for nobody."""
        pairs = [
            part.select(pl.col("brand").cast(pl.String), "agent_id") for part in (self.frame, self.volumes)
        ]
        return pl.concat(pairs).unique().collect().rows()

    def splits(self) -> list[str]:
        """What there is to tell a brand's waits apart by: channel, and each dimension that says something."""
        carried = dimensions_in(self.frame.collect_schema())
        told = self.frame.select(pl.col(carried).is_not_null().any()).collect()
        return ["channel", *(name for name in carried if told[name].item())]

    def corrections_sentence(self) -> str:
        """How many corrections were applied, in words; nothing where none were asked for."""
        if self.corrections is None:
            return ""
        total, credited = self.corrections.height, self.corrections.filter(action="credit").height
        told = f"waits left out: {total - credited:,}; credited to another agent: {credited:,}"
        return f"corrections applied: {total:,} ({told})"

    def __repr__(self) -> str:
        return f"Waits({self.about.name!r}, {self.definition.label}, as of {self.as_of:%Y-%m-%d %H:%M} UTC)"

    def _repr_html_(self) -> str:
        counts = self.frame.select(
            pl.len(), *((pl.col("outcome") == outcome).sum().alias(outcome) for outcome in OUTCOMES)
        ).collect()
        waits, awaiting, replied, closed = counts.row(0)
        lines = [
            f"<b>{escape(self.about.name)}</b>: {waits:,} waits; {replied:,} replied, "
            f"{closed:,} closed without a reply, {awaiting:,} awaiting a reply "
            f"as of {self.as_of:%Y-%m-%d %H:%M} UTC",
            f"by the definition {escape(self.definition.label)}",
            escape(self.audit.sentence()),
            self.corrections_sentence(),
        ]
        return "<br>".join(line for line in lines if line)
