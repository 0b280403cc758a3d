"""What a reader must know of figures, in words: what they mean, what to beware of, where they come from."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version

import polars as pl

from benchkit import catalogue
from benchkit.catalogue import CATALOGUE
from benchkit.definitions import BENCHKIT
from benchkit.definitions.definition import Definition
from benchkit.html import Html, escape, facts
from benchkit.metrics import Metric
from benchkit.peers import MIN_BRANDS
from benchkit.waits import Waits
from benchkit.words import month_name

_INTERVALS = (
    "Where the figure lies in the long run, if all goes on as it did. Whole weeks vary together, so it "
    "is learnt from how the trailing weeks (13, where there are as many) differ from each other; where "
    "there are too few of them, waits are taken as independent, which makes it too narrow."
)


def remarks(waits: Waits, *estimates: pl.DataFrame, month: str = "") -> Html | None:
    """Say once, in words, what a reader must know of these figures; None where there is nothing."""
    statuses = {status for frame in estimates for status in _last_month(frame)["status"]}
    unreadable = waits.audit.excluded.filter(pl.col("kind") == "unreadable").height
    missing = waits.missing_of(month) if month else ""
    ruled = waits.ruled(month)
    as_of = f"{waits.as_of:%Y-%m-%d %H:%M} UTC"
    sentences = [
        _whose_rules(ruled.definition),
        f"{ruled.only_answered} Shares and times here are of the messages that were answered, and "
        "flatter; targets and surveys speak of all messages."
        if ruled.only_answered
        else "",
        "Times, and shares answered within a time, are in opening hours."
        if ruled.definition.clock == "opening hours"
        else "",
        f"{month_name(month)} is not whole: {missing}." if missing else "",
        f"Figures marked provisional may still change: not every wait has been watched long enough "
        f"as of {as_of}."
        if "provisional" in statuses
        else "",
        f"Rows that could not be read, and are in no figure: {unreadable:,}." if unreadable else "",
        _sentence(waits.corrections_sentence()),
    ]
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences if sentence)
    return Html(f'<ul class="remarks">{items}</ul>') if items else None


def naming(waits: Waits) -> Html:
    """Say who goes by which name in a comparison, and what is withheld of whom."""
    least = f"at least {MIN_BRANDS} brands"
    if waits.peers is None or waits.peers.named:
        said = f"Brands go by their names, as was asked for. Industries are shown where they hold {least}."
    else:
        said = f"Other brands go by letters, and are shown only in industries of {least}."
    return Html(f"<p>{escape(said)}</p>")


def definitions(waits: Waits, *, target: str = "", metrics: Sequence[Metric] = CATALOGUE) -> Html:
    """Say in full words what the figures that matter most mean, and by which rules waits were found."""
    told = [m for m in metrics if not (m.needs_unanswered and waits.only_answered)]
    shown = [m for m in told if catalogue.matters(m.name) and (target or m.name != "sla_attainment")]
    meanings = facts([*((m.label, m.definition) for m in shown), ("95% interval", _INTERVALS)])
    rules = "".join(f"<li>{escape(sentence)}</li>" for sentence in waits.definition.sentences())
    found = f"<p>How waits are found, by the definition {escape(waits.definition.label)}:</p>"
    return Html(f'{meanings.html}{found}<ol class="rules">{rules}</ol>{_of_before(waits)}{_hours(waits)}')


def _of_before(waits: Waits) -> str:
    """What the definition before had otherwise."""
    if waits.before is None:
        return ""
    earlier, now = waits.before.definition, waits.definition
    spelled = filter(None, map(earlier.spelled, earlier.differences(now)))
    told = "".join(f"<li>{escape(sentence)}</li>" for sentence in spelled)
    held = f"Until {now.valid_from:%Y-%m-%d} the definition {earlier.label} held, which says:"
    return f'<p>{escape(held)}</p><ul class="rules">{told}</ul>{_of_before(waits.before)}'


def _hours(waits: Waits) -> str:
    if waits.calendars is None:
        return ""
    told = "".join(f"<li>{escape(sentence)}</li>" for sentence in waits.calendars.sentences())
    zones = "months and weeks are those of the brand's time zone, which its hours name"
    return f'<p>Opening hours; {escape(zones)}:</p><ul class="rules">{told}</ul>'


def _whose_rules(definition: Definition) -> str:
    """By which rules figures are made, where they are not benchkit's own."""
    if definition.hash == BENCHKIT.hash:
        return ""
    told = f"Figures are by the definition {definition.label}, and not by benchkit's own"
    doubt = "; some of its rules are second-hand or remembered, so that they are approximate"
    return f"{told}{doubt if definition.approximate else ''}."


def provenance(waits: Waits, **parameters: object) -> Html:
    """Say what the figures were made from, with what, and by which parameters."""
    packages = ("benchkit", "polars", "numpy", "scipy", "altair")
    made_with = [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in packages)]
    if parameters.get("peers") and waits.peers and not waits.peers.named:
        parameters["peers"] = "chosen brands"
    asked = (f"{name} = {value}" for name, value in parameters.items() if value not in ("", False))
    told = {
        "Data": ", ".join(part for part in (waits.about.name, waits.about.licence) if part),
        "Taken": f"{waits.as_of:%Y-%m-%d %H:%M} UTC",
        "Rows": waits.audit.sentence() if waits.audit.rows_read else "made up, none read",
        "Definition": waits.definition.label,
        "Parameters": ", ".join(asked) or "none",
        "Made with": ", ".join(made_with),
    }
    return facts(told.items())


def _sentence(text: str) -> str:
    return text and f"{text[0].upper()}{text[1:]}."


def _last_month(estimates: pl.DataFrame) -> pl.DataFrame:
    if "month" not in estimates.columns:
        return estimates
    return estimates.filter(pl.col("month") == pl.col("month").max())
