"""Findings in, words out; every text is escaped here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from benchkit.auditing.checks import SEVERITIES
from benchkit.html import Html, escape

_PLACES = {"agent_id": "of {:,} agents", "channel": "on {:,} channels", "brand": "at {:,} brands"}
_MOST = {"error": 3, "warning": 3, "note": 1}
_NOTHING = "Nothing was found that would spoil these figures."


class Told(NamedTuple):
    """All that one check found, in words: what in total, if in several places, and what in the largest."""

    severity: str
    title: str
    lines: Sequence[str]
    touches: str
    what_to_do: str

    @property
    def consequence(self) -> str:
        """Which figures it touches, and what to do."""
        return f"Touches {self.touches}. {self.what_to_do}"


def told(findings: pl.DataFrame) -> list[Told]:
    """What each check found, its places put together.

    >>> from benchkit.auditing import audit
    >>> from benchkit.sources.timelines import from_timelines
    >>> told(audit(from_timelines("C0 A10", "A5 C20")))[0].lines
    ['1 of 2 conversations (50.0%) began with a message of the brand.']
    """
    is_of_one_brand = findings["brand"].drop_nulls().n_unique() < 2
    named = [name for name in ("brand", "channel", "agent_id") if name != "brand" or not is_of_one_brand]
    together = []
    for _, found in findings.group_by("check", maintain_order=True):
        worst = found.filter(pl.col("severity") == found["severity"][0])
        few = found.filter(pl.col("severity") != found["severity"][0])
        first, *others = worst.to_dicts()
        lines = [_in_its_place(row, named) for row in (first, *others)[: _MOST[first["severity"]]]]
        lines = [f"{_in_total(worst)}; the most:", *lines] if others else lines
        lines += [f"And few for their number: {_in_total(few)}."] if few.height else []
        title = first["check"][0].upper() + first["check"][1:]
        together.append(Told(first["severity"], title, lines, first["touches"], first["what_to_do"]))
    return together


def findings_table(findings: pl.DataFrame) -> Html:
    """Show what an audit found, errors first, with the figures that it touches and what to do.

    >>> from benchkit.auditing import FINDINGS
    >>> findings_table(pl.DataFrame(schema=FINDINGS)).html
    '<p>Nothing was found that would spoil these figures.</p>'

    `findings` are what `audit` gives. Ids of messages and conversations are not shown.
    """
    items = "".join(
        f"<p><b>{escape(item.severity.capitalize())}: {escape(item.title)}</b> <span>"
        f"{'<br>'.join(map(escape, item.lines))}<br><small>{escape(item.consequence)}</small></span></p>"
        for item in told(findings)
    )
    return Html(f"<p>{escape(summary(findings))}</p>" + (items and f'<div class="facts">{items}</div>'))


def remark(findings: pl.DataFrame) -> Html | None:
    """Warn of errors and warnings at the head of a report; None where there are none.

    >>> from benchkit.auditing import FINDINGS
    >>> found = {"check": "replies before their message", "severity": "error", "brand": "Acme"}
    >>> "Something is wrong with the data" in remark(pl.DataFrame([found], schema=FINDINGS)).html
    True
    """
    items = [item for item in told(findings) if item.severity != "note"]
    if not items:
        return None
    is_wrong = any(item.severity == "error" for item in items)
    lead = "Something is wrong with the data" if is_wrong else "Something may be wrong with the data"
    said = "; ".join(item.title[0].lower() + item.title[1:] for item in items)
    return Html(f'<ul class="remarks"><li>{escape(f"{lead}, see The data at the end: {said}.")}</li></ul>')


def summary(findings: pl.DataFrame) -> str:
    """How many checks found something, by severity.

    >>> from benchkit.auditing import FINDINGS
    >>> summary(pl.DataFrame([{"check": "a", "severity": "note"}], schema=FINDINGS))
    'Nothing was found that would spoil these figures. 1 note.'
    """
    numbers = Counter(item.severity for item in told(findings))
    counted = [
        f"{numbers[severity]} {severity}{'s' * (numbers[severity] > 1)}"
        for severity in SEVERITIES
        if severity in numbers
    ]
    is_spoilt = numbers["error"] or numbers["warning"]
    return " ".join([_NOTHING] * (not is_spoilt) + [", ".join(counted) + "."] * bool(counted))


def _in_its_place(row: Mapping[str, Any], named: Sequence[str]) -> str:
    place = " · ".join(row[name] for name in named if row[name])
    return f"{place}: {row['sentence']}" if place else str(row["sentence"])


def _in_total(found: pl.DataFrame) -> str:
    """How many there are in all places."""
    places = found.select(*_PLACES).n_unique()
    where = next((said.format(places) for name, said in _PLACES.items() if found[name].count()), "in all")
    return f"{int(found['count'].sum()):,} {found['counted'][0]} {where}"
