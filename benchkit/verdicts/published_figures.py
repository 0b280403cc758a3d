"""Published figures beside one's own in words, with their caveats, and why others are not shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from benchkit.html import Cell, Html, escape, note, table
from benchkit.published import STATUSES, value_in_words
from benchkit.words import NOTHING, figure, span


def published(beside: pl.DataFrame, *, own: str = "") -> Html:
    """Show published figures beside one's own where they mean the same, and say why others do not.

    `beside` is what `comparisons.beside_published` gives of the brand `own`, or of all together.
    Caveats go by the letters that the chart has, too.
    """
    rows = beside.to_dicts()
    shown = [row for row in rows if row["answer"] != "no" and row["estimate"] is not None]
    apart = [row for row in rows if row["publisher"] and row not in shown]
    body: list[Sequence[Cell]] = [_row(row) for row in shown]
    header = ("Figure", "Published", own or "Ours", "Caveats")
    notes = [f"{mark}: {caveat}" for mark, caveat in _caveats(shown)]
    if any(row["unit"] == "share" for row in shown):
        notes.append("Published shares are of messages, ours of waits: messages in a row are one wait.")
    if shown:
        notes.append(f"Ours: by the definition {'; '.join(_in_order(row['definition'] for row in shown))}.")
    nothing = "Nothing that was published may stand beside these figures."
    told = [table(header, body).html if body else note(nothing), *(note(escape(line)) for line in notes)]
    told += _unpublished(rows, own)
    return Html("".join(told) + _not_shown(apart))


def _row(row: Mapping[str, Any]) -> Sequence[Cell]:
    whose = row["our_industry"] or "All together"
    source = f"{row['publisher']} {row['year']}, {row['industry']}\n{row['seen']}"
    provisional = ["provisional"] if row["status"] == "provisional" else []
    limits = "\n".join(filter(None, [span(row["lower"], row["upper"], row["unit"]), *provisional]))
    return (
        (whose, row["ours"]),
        (value_in_words(row), source),
        (figure(row["estimate"], row["unit"]), limits),
        ", ".join(row["marks"]) or NOTHING,
    )


def _caveats(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """The letter of each caveat, in order."""
    made = {(mark, caveat) for row in rows for mark, caveat in zip(row["marks"], row["caveats"], strict=True)}
    return sorted(made)


def _unpublished(rows: Sequence[Mapping[str, Any]], own: str) -> list[str]:
    """What nobody published, of which industries."""
    absent: dict[str, list[str]] = {}
    for row in rows:
        if row["publisher"] is None:
            absent.setdefault(row["reason"], []).append(row["our_industry"] or "")
    return [note(escape(_of(reason, industries, own))) for reason, industries in absent.items()]


def _of(reason: str, industries: Sequence[str], own: str) -> str:
    named = ", ".join(filter(None, industries))
    whose = f" for your industry ({named})" if own and named else f" for {named}" if named else ""
    return f"{reason.removesuffix('.')}{whose}."


def _not_shown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Figures that stand beside nothing, under the reason they share."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        told = row["reason"]
        if row["answer"] != "no":
            told = f"Of ours there is no such figure: {row['method'] or 'no waits'}."
        reasons.setdefault(told, []).append(_named(row))
    if not reasons:
        return ""
    items = "".join(
        f"<li>{escape(reason)} <small>{escape('; '.join(_in_order(figures)))}.</small></li>"
        for reason, figures in reasons.items()
    )
    summary = f"Not shown, and why: {len(rows):,} published figures"
    return f'<details class="note"><summary>{summary}</summary><ul>{items}</ul></details>'


def _named(row: Mapping[str, Any]) -> str:
    """A published figure in a few words, with how it was seen where that was not at first hand."""
    second_hand = STATUSES[row["seen"]]
    remark = f", {second_hand}" if second_hand and row["value"] is not None else ""
    measured = f"{row['metric'].replace('_', ' ')}, {row['statistic']}"
    return f"{row['industry']}, {measured}: {value_in_words(row)} ({row['publisher']} {row['year']}{remark})"


def _in_order(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
