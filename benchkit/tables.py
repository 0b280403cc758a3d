"""Tidy estimates in, HTML tables out, for notebooks and reports; every cell is escaped here."""

from __future__ import annotations

import platform
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.metadata import version
from typing import Any

import polars as pl

from benchkit import catalogue
from benchkit.catalogue import CATALOGUE
from benchkit.errors import UnknownNameError
from benchkit.metrics import Metric
from benchkit.waits import Waits
from benchkit.words import NOTHING, count, figure, human_seconds, month_name, span

_CURVE_SECONDS = (60, 900, 3_600, 4 * 3_600, 86_400, 7 * 86_400)
CHART_TYPE = "application/vnd.vegalite.v5+json"
"""How a chart is stored in a notebook: JupyterLab draws it with the Vega it brings along."""

Cell = str | tuple[str, str]


@dataclass(frozen=True, repr=False)
class Html:
    """A piece of HTML that shows itself in JupyterLab and in a report."""

    html: str

    def __repr__(self) -> str:
        return f"Html of {len(self.html):,} characters"

    def _repr_html_(self) -> str:
        return self.html


def table(header: Sequence[str], rows: Iterable[Sequence[Cell]], *, kind: str = "figures") -> Html:
    """Make an HTML table of text; a cell may be a pair, whose second part is set small.

    >>> print(table(["Brand"], [["<b>"]]).html)
    <table class="figures"><thead><tr><th scope="col">Brand</th></tr></thead>
    <tbody><tr><th scope="row"><bdi>&lt;b&gt;</bdi></th></tr></tbody></table>
    """
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    body = "\n".join(
        "<tr>" + "".join(_cell(cell, i == 0) for i, cell in enumerate(row)) + "</tr>" for row in rows
    )
    return Html(f'<table class="{kind}"><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>')


def _cell(cell: Cell, is_first: bool) -> str:
    main, small = (cell, "") if isinstance(cell, str) else cell
    beneath = f" <small>{escape(small)}</small>" if small else ""
    if is_first:
        return f'<th scope="row"><bdi>{escape(main)}</bdi>{beneath}</th>'
    return f"<td>{escape(main)}{beneath}</td>"


def group_columns(estimates: pl.DataFrame) -> list[str]:
    """The columns an estimates frame is grouped by: those before `metric`."""
    columns = estimates.columns
    if "metric" not in columns:
        raise UnknownNameError("column", "metric", columns, where="in these estimates")
    return columns[: columns.index("metric")]


def group_label(estimates: pl.DataFrame, *, together: str = "All together") -> pl.Expr:
    """Each row's group in one string, or `together` where there are no groups."""
    groups = [pl.col(name).cast(pl.String).fill_null("not stated") for name in group_columns(estimates)]
    return pl.concat_str(groups, separator=" · ") if groups else pl.lit(together)


def headline(estimates: pl.DataFrame, *, metrics: Sequence[Metric] = CATALOGUE) -> Html:
    """Show the figures that matter most of all groups together, each with its interval.

    Of data selected on being answered, the figures among answered messages take the place
    of the refused ones.
    """
    told = {row["metric"]: row for row in _told(estimates).iter_rows(named=True)}
    rows: list[tuple[Cell, ...]] = []
    for metric in _chosen(told, metrics):
        value, limits = _cell_of(told[metric.name], metric.unit)
        rows.append((metric.label, value, (_basis(told[metric.name]), limits)))
    return table(("Figure", "Value", "Interval"), rows, kind="headline")


def by_group(estimates: pl.DataFrame, *, metrics: Sequence[Metric] = CATALOGUE) -> Html:
    """Show the figures that matter most, a row for each group, those with most waits first.

    Groups with too few waits are listed with their number and no figure.
    """
    told = _told(estimates)
    chosen = [m for m in _chosen(set(told["metric"]), metrics) if m.name != "waits"]
    labels = {metric.name: metric.label for metric in chosen}
    units = {metric.name: metric.unit for metric in chosen}
    return _wide(told.filter(pl.col("metric").is_in(list(labels))), "metric", labels, units)


def curve(estimates: pl.DataFrame) -> Html:
    """Show a curve's numbers at a few times, a row for each group, those with most waits first."""
    at_times = estimates.filter(pl.col("seconds").is_in(_CURVE_SECONDS))
    labels = {seconds: human_seconds(seconds) for seconds in at_times["seconds"].unique().sort()}
    return _wide(at_times, "seconds", labels, dict.fromkeys(labels, "share"))


def remarks(waits: Waits, *estimates: pl.DataFrame) -> Html:
    """Say once, in words, what a reader must know of these figures; nothing where there is nothing."""
    statuses = {status for frame in estimates for status in frame["status"]}
    unreadable = waits.audit.excluded.filter(pl.col("kind") == "unreadable").height
    sentences = [
        f"{waits.about.selection} Shares and times here are of the messages that were answered."
        if waits.about.selection
        else "",
        "Figures marked provisional may still change: not every wait has been watched long enough "
        f"as of {waits.as_of:%Y-%m-%d %H:%M} UTC."
        if "provisional" in statuses
        else "",
        f"Rows that could not be read, and are in no figure: {unreadable:,}." if unreadable else "",
    ]
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences if sentence)
    return Html(f'<ul class="remarks">{items}</ul>' if items else "")


def definitions(waits: Waits, estimates: pl.DataFrame, *, metrics: Sequence[Metric] = CATALOGUE) -> Html:
    """Say in full words what the figures shown mean, and by which rules waits were found."""
    shown = _chosen(set(_told(estimates)["metric"]), metrics)
    rules = "".join(f"<li>{escape(sentence)}</li>" for sentence in waits.definition.sentences())
    found = f"<p>How waits are found, by the definition {escape(waits.definition.label)}:</p>"
    return Html(_pairs((m.label, m.definition) for m in shown) + f'{found}<ol class="rules">{rules}</ol>')


def provenance(waits: Waits, *, month: str, brand: str = "", target: str = "") -> Html:
    """Say what the figures were made from, and with what."""
    packages = ("benchkit", "polars", "numpy", "scipy", "altair")
    made_with = [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in packages)]
    facts = {
        "Data": ", ".join(part for part in (waits.about.name, waits.about.licence) if part),
        "Taken": f"{waits.as_of:%Y-%m-%d %H:%M} UTC",
        "Rows": waits.audit.sentence() if waits.audit.rows_read else "made up, none read",
        "Month": month_name(month),
        "Brand": brand or "all",
        "Target": target or "none",
        "Definition": waits.definition.label,
        "Made with": ", ".join(made_with),
    }
    return Html(_pairs(facts.items()))


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in pairs)
    return f'<dl class="facts">{items}</dl>'


def _told(estimates: pl.DataFrame) -> pl.DataFrame:
    return estimates.filter(pl.col("status") != "refused")


def _chosen(told: Container[str], metrics: Sequence[Metric]) -> list[Metric]:
    known = {metric.name: metric for metric in metrics}
    return [known[name] for name in catalogue.headline(told) if name in known]


def _wide(estimates: pl.DataFrame, across: str, labels: Mapping[Any, str], units: Mapping[Any, str]) -> Html:
    """A row for each group, largest first, and a column for each value of `across`.

    Groups of which everything was withheld follow in one sentence, each with its number.
    """
    labelled = estimates.with_columns(group_label(estimates).alias("group"))
    found = {(row["group"], row[across]): row for row in labelled.iter_rows(named=True)}
    groups = labelled.group_by("group").agg(pl.col("n").max()).sort("n", "group", descending=[True, False])
    rows: list[list[Cell]] = []
    unshown: dict[str, list[str]] = {}
    reasons, bases = set(), dict[str, dict[str, None]]()
    for group, n in groups.iter_rows():
        cells = [found[group, key] for key in labels]
        withheld = [cell["method"] for cell in cells if cell["status"] == "withheld"]
        if len(withheld) == sum(units[key] != "count" for key in labels):
            unshown.setdefault(withheld[0], []).append(f"<bdi>{escape(group)}</bdi> ({count(n)})")
        else:
            reasons.update(withheld)
            for cell in cells:
                if cell["lower"] is not None:
                    bases.setdefault(_interval_basis(cell["method"]), {})[group] = None
            figures = [_cell_of(cell, unit) for cell, unit in zip(cells, units.values(), strict=True)]
            rows.append([group, count(n), *figures])
    who = " · ".join(group_columns(estimates)).capitalize() or "Who"
    notes = [f"{NOTHING}: {escape(' or '.join(sorted(reasons)))}"] if reasons else []
    for basis, some in bases.items():
        whose = "" if len(bases) == 1 else f" ({len(some):,} of {len(rows):,} groups)"
        notes.append(f"95% intervals: {escape(basis)}{whose}")
    notes += [f"No figures with {escape(reason)}: {', '.join(groups)}" for reason, groups in unshown.items()]
    shown = table((who, "Waits", *labels.values()), rows).html if rows else ""
    return Html(shown + "".join(f'<p class="note">{note}.</p>' for note in notes))


def _basis(row: Mapping[str, Any]) -> str:
    """What a headline's figure is held against, why it is withheld, or what its limits are."""
    if row["status"] == "withheld":
        return str(row["method"])
    target = [part for part in row["method"].split("; ") if part.startswith("target ")]
    narrow = ", likely too narrow" if "too narrow" in row["method"] else ""
    return ", ".join([*target, *([f"95% interval{narrow}"] if row["lower"] is not None else [])])


def _interval_basis(method: str) -> str:
    """What an interval rests on, without what the figure is or the target it is held against."""
    return "; ".join(part for part in method.split("; ")[1:] if not part.startswith("target "))


def _cell_of(row: Mapping[str, Any], unit: str) -> tuple[str, str]:
    """A figure and its interval; or a dash, and where it is not withheld, why."""
    if row["estimate"] is None:
        return NOTHING, "" if row["status"] == "withheld" else row["method"].partition(":")[0]
    notes = (span(row["lower"], row["upper"], unit), "provisional" if row["status"] == "provisional" else "")
    return figure(row["estimate"], unit), ", ".join(note for note in notes if note)
