"""Corrections by hand: a file of them, checked as a whole, applied to waits and remembered with them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from benchkit.catalogue import CATALOGUE
from benchkit.errors import BenchkitError, InputError, UnknownNameError, show
from benchkit.measurement import MIN_WAITS, measure
from benchkit.metrics import Metric
from benchkit.sources.delimited import read_rows
from benchkit.waits import Waits

COLUMNS = ("wait", "action", "reason", "who")
_CREDIT = re.compile(r"credit(?:\s+to)?\s*:\s*(\S.*)", re.IGNORECASE)
_DISARMED = r"^'([=+\-@])"
_ROUNDED = re.compile(r"\d([.,]\d+)?E\+\d+", re.IGNORECASE)


def corrected(waits: Waits, path: str | Path) -> Waits:
    """Apply a file of corrections to waits, all of them or none, and remember them.

    >>> from tempfile import TemporaryDirectory
    >>> from benchkit import find_waits
    >>> from benchkit.sources.timelines import from_timelines
    >>> waits = find_waits(from_timelines("C0 A10", "C0 A90 C95"))
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "corrections.csv")
    ...     _ = file.write_text("wait,action,reason,who\\nt0m0,leave out,a test,Kim\\n", encoding="utf-8")
    ...     mended = corrected(waits, file)
    >>> mended.corrections_sentence()
    'corrections applied: 1 (waits left out: 1; credited to another agent: 0)'
    >>> mended.frame.collect()["wait_id"].to_list()
    ['t1m0', 't1m2']

    A CSV file with the columns `wait` (a `wait_id`, which is the id of the message that
    opened it), `action`, `reason` and `who` says so. The actions: `leave out` takes a wait out
    of every figure; `credit: NAME` gives a wait that was replied to to another agent of its
    brand, named by their whole id or by what follows the brand in it. What was corrected, each
    with its wait as it was, stands in `corrections` of the waits that are returned.

    Raises `InputError`, with the line, for a correction that cannot be applied: of a wait there
    is not, or that another line corrects; without a reason; to an agent there is not.
    """
    if waits.corrections is not None:
        raise BenchkitError("these waits are corrected already; put all corrections into one file")
    if "wait_id" not in waits.frame.collect_schema():
        raise BenchkitError(
            "these waits have no ids, so none can be corrected; correct them where they are loaded"
        )
    asked = _read(path)
    if "involved" in waits.frame.collect_schema() and asked["agent"].count():
        raise BenchkitError(
            "the definition credits everyone involved, so no wait can be credited to one agent by hand; "
            "leave those lines out, or measure by another definition"
        )
    found = waits.frame.filter(pl.col("wait_id").is_in(asked["wait_id"].implode())).collect()
    credited = _credited(path, asked, found, waits)
    return _applied(waits, asked, credited)


def _applied(waits: Waits, asked: pl.DataFrame, credited: Mapping[str, str]) -> Waits:
    """Waits with what was asked done to those there are."""
    left_out = asked.filter(action="leave out")["wait_id"]
    wait_id = pl.col("wait_id")
    credited_to = wait_id.replace_strict(credited, default=None, return_dtype=pl.String)
    found = waits.frame.filter(wait_id.is_in(asked["wait_id"].implode())).collect()
    done = replace(
        waits,
        frame=waits.frame.filter(~wait_id.is_in(left_out.implode())).with_columns(
            credited_to.fill_null(pl.col("agent_id")).alias("agent_id"),
            credited_to.is_not_null().alias("credited_by_hand"),
        ),
        corrections=asked.drop("agent")
        .with_columns(credited_to.alias("credited_to"))
        .join(found, on="wait_id", how="inner", maintain_order="left"),
    )
    return waits.and_before(lambda before: _applied(before, asked, credited), done)


def uncorrected(waits: Waits) -> Waits:
    """The same waits as they were before they were corrected."""
    if waits.corrections is None:
        return waits
    columns = [name for name in waits.frame.collect_schema() if name != "credited_by_hand"]
    untouched = waits.frame.filter(~pl.col("credited_by_hand")).select(columns)
    frame = pl.concat([untouched, waits.corrections.lazy().select(columns)])
    return waits.and_before(uncorrected, replace(waits, frame=frame, corrections=None))


def before_and_after(
    waits: Waits,
    *,
    month: str | None = None,
    by: str | Sequence[str] | None = None,
    metrics: str | Metric | Sequence[str | Metric] = CATALOGUE,
    min_waits: int = MIN_WAITS,
) -> pl.DataFrame:
    """Measure waits without and with their corrections: as `measure`, with a first column `corrections`.

    >>> from benchkit import find_waits
    >>> from benchkit.sources.timelines import from_timelines
    >>> waits = find_waits(from_timelines("C0 A10"))
    >>> before_and_after(waits, metrics="waits").select("corrections", "estimate").rows()
    [('before', 1.0)]

    Waits that are not corrected have no rows `after`.
    """
    states = {"before": uncorrected(waits)} | ({} if waits.corrections is None else {"after": waits})
    return pl.concat(
        measure(state, month=month, by=by, metrics=metrics, min_waits=min_waits).select(
            pl.lit(name).alias("corrections"), pl.all()
        )
        for name, state in states.items()
    )


def find_agent(agents: Collection[tuple[str, str]], name: str, *, where: str) -> str:
    """The id of an agent of some brands, named by it or by what follows the brand in it.

    >>> find_agent([("Acme", "Acme/Mia"), ("Acme", "7")], "Mia", where="at Acme")
    'Acme/Mia'

    `agents` are pairs of brand and id. Raises `UnknownNameError` for an agent there is not,
    and `BenchkitError` where two are called so.
    """
    if any(agent == name for _, agent in agents):
        return name
    called = sorted({agent for brand, agent in agents if agent == f"{brand}/{name}"})
    if len(called) > 1:
        listed = ", ".join(map(show, called[:8]))
        raise BenchkitError(
            f"{len(called):,} agents are called {show(name)} {where}; say which of them: {listed}"
        )
    if not called:
        names = sorted({agent.removeprefix(f"{brand}/") for brand, agent in agents})
        raise UnknownNameError("agent", name, names, where=where)
    return called[0]


def agents_of(waits: Waits) -> list[tuple[str, str]]:
    """Brand and id of everyone who wrote for a brand, or is credited with a reply."""
    return sorted((brand, agent) for brand, agent in waits.speakers() if agent is not None)


def _read(path: str | Path) -> pl.DataFrame:
    """The corrections of a file: line, wait_id, action, agent (by name, or null), reason, who."""
    rows = read_rows(path, COLUMNS, lambda _: [_cell(name) for name in COLUMNS])
    for line, reason in rows.malformed.select("line", "reason").iter_rows():
        raise InputError(path, f"{reason}; mend it, for corrections are applied all or none", line=line)
    line_of: dict[str, int] = {}
    told = []
    for line, *cells in rows.frame.select("line", *COLUMNS).iter_rows():
        wait, action, reason, who = cells
        credit = _CREDIT.fullmatch(action)
        problem = ""
        if "" in cells:
            missing = COLUMNS[cells.index("")]
            problem = (
                f"no {missing} is given; a correction needs a wait, an action, a reason, and who says so"
            )
        elif wait in line_of:
            problem = (
                f"wait {show(wait)} is corrected in line {line_of[wait]:,} already; leave one of them out"
            )
        elif credit is None and action.casefold() != "leave out":
            problem = f"no action {show(action)}; write 'leave out', or 'credit: ' and the name of an agent"
        if problem:
            raise InputError(path, problem, line=line)
        line_of[wait] = line
        told.append((line, wait, "credit" if credit else "leave out", credit and credit[1], reason, who))
    schema = {"line": pl.Int64, **dict.fromkeys(("wait_id", "action", "agent", "reason", "who"), pl.String)}
    return pl.DataFrame(told, schema=schema, orient="row")


def _cell(name: str) -> pl.Expr:
    """A cell as it was meant: `output.spreadsheet_safe` puts an apostrophe before some."""
    return pl.col(name).str.strip_chars().str.replace(_DISARMED, "$1")


def _credited(path: str | Path, asked: pl.DataFrame, found: pl.DataFrame, waits: Waits) -> dict[str, str]:
    """To whom waits are credited, by id; raises `InputError` for the first correction that cannot be."""
    agents = agents_of(waits) if asked["agent"].count() else []
    facts = found.select("wait_id", pl.col("brand").cast(pl.String), "outcome", "agent_id")
    rows = facts.rows_by_key("wait_id", unique=True)
    credited = {}
    for line, wait, name in asked.select("line", "wait_id", "agent").iter_rows():
        try:
            if wait not in rows:
                raise BenchkitError(_no_such_wait(wait, waits))
            if name is not None:
                brand, outcome, before = rows[wait]
                if outcome != "replied":
                    raise BenchkitError(f"nobody replied to wait {show(wait)}, so nobody can be credited")
                colleagues = [pair for pair in agents if pair[0] == brand]
                credited[wait] = find_agent(colleagues, name, where=f"at {show(brand)}")
                if credited[wait] == before:
                    raise BenchkitError(
                        f"wait {show(wait)} is credited to {show(before)} already; drop the line"
                    )
        except BenchkitError as error:
            raise InputError(path, str(error), line=line) from None
    return credited


def _no_such_wait(wait: str, waits: Waits) -> str:
    way_out = (
        "a spreadsheet has rounded it, so set the column to text before you paste ids"
        if _ROUNDED.fullmatch(wait)
        else "name waits by their wait_id, as `benchkit trace` lists it"
    )
    return f"no wait {show(wait)} in {show(waits.about.name)}; {way_out}"
