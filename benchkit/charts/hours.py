"""The hours of the week as a map: when customers write, how soon they are answered, and who replies then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import altair as alt
import polars as pl

from benchkit.calendars.opening_hours import DAYS
from benchkit.charts.style import DAY, FAINTEST, HOUR, INK, MINUTE, heading, require, values
from benchkit.errors import BenchkitError
from benchkit.words import count, figure, horizon, month_name, percent

_COLUMNS = (
    *("weekday", "hour", "arrivals", "metric", "estimate", "reply_seconds_median", "n", "n_replied"),
    *("replies", "open", "weeks"),
)
_QUESTION = "When do customers write, and when are they answered?"
_NOTHING = "Nothing to draw: nobody wrote in these weeks"
_DAY_HEIGHT, _GUTTER, _ROW_GAP = 20, 41, 92
_LEAST_OF_TWO_COLUMNS = 640
_LEGEND_LENGTH = 120
_TIMES = (
    *(1, 10, MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR),
    *(DAY, 2 * DAY, 4 * DAY, 7 * DAY, 30 * DAY, 365 * DAY),
)
_BLUES, _GREENS, _REDS = (
    ("#e4eff7", "#0072b2", "#002b45"),
    ("#e2f3ed", "#009e73", "#003b2b"),
    ("#fbe9dc", "#d55e00", "#5c2600"),
)


class _Panel(NamedTuple):
    """A map of one column: its name, its unit, and its colours from least to most."""

    column: str
    title: str
    unit: str
    colours: tuple[str, str, str]


def hours_of_week(hours: pl.DataFrame, *, month: str = "", width: int = 720) -> alt.ConcatChart:
    """Draw for each hour of the week how many write, how many are answered in time, how soon, and by whom.

    >>> from benchkit import find_waits
    >>> from benchkit.comparisons.hours import hours_of_week as by_hour
    >>> from benchkit.sources.timelines import from_timelines
    >>> waits = find_waits(from_timelines("C0 A10", "C5 A90", hours="09:00-17:00"))
    >>> hours_of_week(by_hour(waits, month="2026-03", min_waits=1)).title.text
    'When do customers write, and when are they answered?'

    `hours` is what `comparisons.hours_of_week` gives. Four maps with a row for each day and a
    cell for each hour: waits that began, the share answered within the hour, the median time to a
    reply, and replies sent. What is outlined is open for half of the hour or more in the usual week; a
    cell without a figure, or with one of too few waits, is blank. Below `_LEAST_OF_TWO_COLUMNS`
    pixels the maps stand one under the other.

    Raises `UnknownNameError` for a column that is not there, and `BenchkitError` for rows that are
    not one for each hour.
    """
    require(hours, _COLUMNS, where="in these hours")
    if hours.select("weekday", "hour").is_duplicated().any():
        raise BenchkitError("these are the hours of several groups; keep the rows of one")
    among_answered = "replied" in "".join(hours["metric"].unique())
    panels = [
        _Panel("arrivals", "Waits that began", "count", _BLUES),
        _Panel("estimate", "Answered within 1 h", "share", _GREENS),
        _Panel("reply_seconds_median", "Median reply time", "seconds", _REDS),
        _Panel("replies", "Replies sent", "count", _BLUES),
    ]
    rows, outlines = _cells(hours), _outlines(hours)
    columns = 2 if width >= _LEAST_OF_TWO_COLUMNS else 1
    drawn = [
        alt.LayerChart(
            layer=list(_parts(panel, rows, outlines)),
            width=width // columns - _GUTTER,
            height=7 * _DAY_HEIGHT,
        )
        for panel in panels
    ]
    told = _notes(hours, month, among_answered=among_answered, with_hours=outlines.height > 0)
    return alt.ConcatChart(
        concat=drawn,
        columns=columns,
        **heading(_QUESTION, told),
        description=f"{_QUESTION} {_in_words(hours, panels)}",
        bounds="flush",
        spacing={"row": _ROW_GAP, "column": _GUTTER},
        resolve=alt.Resolve(scale=alt.ScaleResolveMap(fill="independent")),
    )


def _notes(hours: pl.DataFrame, month: str, *, among_answered: bool, with_hours: bool) -> list[str]:
    whose = "Messages that were answered" if among_answered else "All who wrote, answered or not"
    weeks = max(hours["weeks"], default=0)
    until = f" that end with {month_name(month)}" if month else ""
    if not hours["arrivals"].sum():
        return [whose, _NOTHING]
    reading = "Darker: more waits, a larger share, a longer time; blank: too few waits for a figure"
    outline = "; outlined: open in the usual week" if with_hours else ""
    return [f"{whose}, the {weeks} weeks{until}, by the brand's clock", reading + outline]


def _cells(hours: pl.DataFrame) -> pl.DataFrame:
    """The hours in numbers and in words, with the ends of their cells."""
    records = hours.select("weekday", "hour", "open").rows()
    share, time = hours["estimate"], hours["reply_seconds_median"]
    return hours.select(
        "weekday",
        "hour",
        pl.col("weekday").add(1).alias("next_day"),
        pl.col("hour").add(1).alias("next_hour"),
        pl.col("arrivals", "replies"),
        pl.col("estimate", "reply_seconds_median").round_sig_figs(4),
        pl.Series("when", [_said(day, hour, hour + 1) for day, hour, _ in records], pl.String),
        pl.Series("share", [percent(value) for value in share], pl.String),
        pl.Series("time", [figure(value, "seconds") for value in time], pl.String),
        pl.Series("is_open", [_said_open(part) for *_, part in records], pl.String),
    )


def _said(weekday: int, hour: int, until: int) -> str:
    return f"{DAYS[weekday - 1]} {hour:02}:00–{until:02}:00"


def _said_open(part: float | None) -> str:
    if part is None:
        return "not known"
    return {0.0: "no", 1.0: "yes"}.get(part, f"{part:.0%} of the hour")


def _outlines(hours: pl.DataFrame) -> pl.DataFrame:
    """Blocks of hours open for half of their time or more: stretches of a day, alike on days in a row."""
    stretches: dict[tuple[int, int], list[int]] = {}
    for (weekday,), day in hours.filter(pl.col("open") >= 0.5).group_by("weekday", maintain_order=True):
        open_hours = day["hour"].to_list()
        begins = [hour for hour in open_hours if hour - 1 not in open_hours]
        ends = [hour + 1 for hour in open_hours if hour + 1 not in open_hours]
        for ends_of_one in zip(begins, ends, strict=True):
            stretches.setdefault(ends_of_one, []).append(int(str(weekday)))
    blocks = [
        (first, last + 1, begin, end)
        for (begin, end), days in stretches.items()
        for first, last in _runs(days)
    ]
    schema = dict.fromkeys(("weekday", "next_day", "hour", "next_hour"), pl.Int64)
    return pl.DataFrame(blocks, schema=schema, orient="row").sort("weekday", "hour")


def _runs(days: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of days that follow each other."""
    firsts = [day for day in days if day - 1 not in days]
    return list(zip(firsts, [day for day in days if day + 1 not in days], strict=True))


def _parts(panel: _Panel, rows: pl.DataFrame, outlines: pl.DataFrame) -> Iterator[alt.Chart]:
    """The cells of one map, a grid behind them, and what is open outlined above."""
    x = alt.X(
        "hour:Q",
        title="Hour of the day",
        scale=alt.Scale(domain=[0, 24], nice=False),
        axis=alt.Axis(values=list(range(0, 25, 3)), grid=False, labelFlush=False),
    )
    days = ", ".join(f"'{day[:3]}'" for day in DAYS)
    y = alt.Y(
        "weekday:Q",
        title=None,
        scale=alt.Scale(domain=[1, 8], reverse=True, nice=False, zero=False),
        axis=alt.Axis(
            values=[day + 0.5 for day in range(1, 8)],
            labelExpr=f"[{days}][floor(datum.value) - 1]",
            grid=False,
            ticks=False,
            domain=False,
        ),
    )
    tooltip = [
        alt.Tooltip("when:N", title="Hour"),
        alt.Tooltip("arrivals:Q", title="Waits that began", format=","),
        alt.Tooltip("share:N", title="Answered within 1 h"),
        alt.Tooltip("time:N", title="Median reply time"),
        alt.Tooltip("replies:Q", title="Replies sent", format=","),
        alt.Tooltip("is_open:N", title="Open"),
    ]
    cells, blocks = (
        alt.Chart(values(part)).encode(x=x, x2="next_hour:Q", y=y, y2="next_day:Q")
        for part in (rows, outlines)
    )
    yield cells.mark_rect(fill="white", stroke=FAINTEST, strokeWidth=1).encode(tooltip=tooltip)
    is_told = f"isValid(datum.{panel.column})" + (" && datum.arrivals > 0" if panel.unit != "count" else "")
    yield (
        cells.transform_filter(is_told)
        .mark_rect(stroke="white", strokeWidth=0.5, aria=False)
        .encode(fill=_fill(panel, rows), tooltip=tooltip)
    )
    if outlines.height:
        for colour, thickness in (("white", 4), (INK, 1.5)):
            yield blocks.mark_rect(fill=None, stroke=colour, strokeWidth=thickness, aria=False)


def _fill(panel: _Panel, rows: pl.DataFrame) -> alt.Fill:
    """A panel's colours, with its name beside them."""
    told = rows[panel.column].drop_nulls().to_list()
    scale: dict[str, Any] = {"range": list(panel.colours), "interpolate": "lab"}
    legend: dict[str, Any] = {"title": panel.title, "gradientLength": _LEGEND_LENGTH, "gradientThickness": 10}
    if panel.unit == "seconds":
        ticks = _ticks(told)
        words = ", ".join(f"'{tick}': '{horizon(tick)}'" for tick in ticks)
        scale |= {"type": "log", "domain": [ticks[0], ticks[-1]], "clamp": True}
        legend |= {"values": ticks, "labelExpr": f"({{{words}}})[datum.value]"}
    else:
        least = 1.0 if panel.unit == "count" else 0.1
        scale["domain"] = [0, max([*told, least])]
        legend |= {"format": ".0%" if panel.unit == "share" else ",.0f", "tickCount": 3}
    return alt.Fill(f"{panel.column}:Q", scale=alt.Scale(**scale), legend=alt.Legend(**legend))


def _ticks(seconds: Sequence[float]) -> list[int]:
    """The times in words around all there are, and one in the middle."""
    first = max((time for time in _TIMES[:-1] if time <= min(seconds, default=MINUTE)), default=1)
    last = min((time for time in _TIMES if time >= max(seconds, default=DAY) and time > first), default=0)
    inside = [time for time in _TIMES if first <= time <= (last or _TIMES[-1])]
    return list(dict.fromkeys([inside[0], inside[len(inside) // 2], inside[-1]]))


def _in_words(hours: pl.DataFrame, panels: Sequence[_Panel]) -> str:
    """The highest and lowest cell of each map, for those who do not see the picture."""
    told = []
    for panel in panels:
        rows = hours.filter(pl.col(panel.column) > 0).sort(panel.column, descending=True, maintain_order=True)
        if rows.height:
            most, least = rows.row(0, named=True), rows.row(-1, named=True)
            told.append(f"{panel.title}: most {_cell(most, panel)}, least {_cell(least, panel)}")
    return f"{'; '.join(told) or 'Nothing to draw'}."


def _cell(row: dict[str, Any], panel: _Panel) -> str:
    value = row[panel.column]
    told = count(value) if panel.unit == "count" else figure(value, panel.unit)
    return f"{told}, {_said(row['weekday'], row['hour'], row['hour'] + 1)}"
