"""Checks on what is missing: days without messages, and messages without replies where there were some."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl

from benchkit.auditing.facts import PLACE, Facts, Found
from benchkit.stats.arrays import Bools, Floats
from benchkit.words import percent

FALSE_ALARMS = 1e-3
"""So many findings are to be expected by chance in the whole of the data, all places and days together."""

_EVERYWHERE = ""
_MESSAGES = 100
"""In places with fewer, nothing could be certain."""
_LONGEST = timedelta(days=3_653)
_WEEKS_BEFORE, _USUAL_ENOUGH = 8, 5
_DAYS_THAT_TELL, _SIZES = 28, (1, 10)
_DROPPED_TO, _OTHER_WEEKS = 1 / 4, 4


def days_without_messages(facts: Facts) -> Iterator[Found]:
    """Runs of days on which no customer wrote, to a brand or on a channel, though many usually do.

    Usual is the median of the same weekday in the 8 weeks before. A run counts where the chance that
    all of it is empty, days being negative binomial with the place's own spread from day to day, is
    below one in a thousand for all days of all places together. So a quiet brand's empty week passes,
    and so do the first five weeks, before which nothing is usual. A run of a channel is told where
    most of it is none of its brand.
    """
    days = _every_day(facts)
    least = np.log(FALSE_ALARMS / max(days.height, 1))
    silent: dict[str, set[date]] = {}
    for (brand, channel), place in days.group_by(PLACE, maintain_order=True):
        n, usual = (place[name].to_numpy().astype(float) for name in ("n", "usual"))
        found = [place["date"][start:end].to_list() for start, end in empty_runs(n, usual, least)]
        if channel == _EVERYWHERE:
            silent[str(brand)] = {day for run in found for day in run}
        else:
            found = [run for run in found if 2 * len(silent[str(brand)].intersection(run)) < len(run)]
        if found:
            missing = place.filter(pl.col("date").is_in([day for run in found for day in run]))
            yield Found(
                missing.height,
                place.height,
                f"No customer wrote {_told(found, until=place['date'][-1])}, "
                f"where some {missing['usual'].sum():,.0f} messages are usual.",
                str(brand),
                str(channel) or None,
            )


def empty_runs(n: Floats, usual: Floats, log_chance: float) -> list[tuple[int, int]]:
    """Runs of days (from, up to) with nothing, less likely than a chance, where so much is usual.

    >>> n = np.array([0.0, 9, 7, 12, 0, 8, 11] * 6 + [0, 0, 0])
    >>> empty_runs(n, np.full(45, 10.0), np.log(1e-6))
    [(42, 45)]

    Days are negative binomial with mean `usual`; their size, (sum of usual²) / (sum of
    (n - usual)² - n), is that of the days with messages and 5 usual, within 1 and 10: a day's rate
    is taken to be off by at least a third, and by 100% where fewer than 28 days tell. The median of
    eight days is itself uncertain, which counts as spread, so that this errs towards no finding.
    """
    told = (n > 0) & (usual >= _USUAL_ENOUGH)
    beyond_poisson = float(((n - usual)[told] ** 2 - n[told]).sum())
    size = (usual[told] ** 2).sum() / max(beyond_poisson, 1e-9) if told.sum() >= _DAYS_THAT_TELL else 1.0
    size = np.clip(size, *_SIZES)
    summed = np.concatenate([[0.0], np.cumsum(-size * np.log1p(usual / size))])
    return [(start, end) for start, end in _runs(n == 0) if summed[end] - summed[start] < log_chance]


def weeks_without_replies(facts: Facts) -> Iterator[Found]:
    """Runs of two weeks or more in which a channel's share answered falls to a quarter of what it was.

    Of waits watched for 7 days, those replied to within 7. The fall must be less likely than one in a
    thousand over all weeks of all places (`log_chance_of`, with the spread from week to week of the
    place's other weeks, of which there must be 4). So falls what is answered natively, past the
    suite, all of a sudden; replies made natively here and there cannot be told from no replies.
    """
    weeks = facts.weeks
    least = np.log(FALSE_ALARMS / max(weeks.height, 1))
    for (brand, channel), place in weeks.group_by(PLACE, maintain_order=True):
        n, answered = (place[name].to_numpy().astype(float) for name in ("n", "answered"))
        is_low = answered <= _DROPPED_TO * _of_the_better_half(n, answered) * n
        for start, end in _runs(is_low):
            if end - start < 2:
                continue
            told = np.arange(len(n))
            inside = (told >= start) & (told < end)
            if dropped := _dropped(inside, n, answered, least):
                waits, share, usual = dropped
                first, last = place["week"][start], place["week"][end - 1]
                yield Found(
                    waits,
                    int(n.sum()),
                    f"Of {waits:,} waits from the week of {first} to that of {last}, {percent(share)} were "
                    f"answered within 7 days; {percent(usual)} are usual.",
                    str(brand),
                    str(channel),
                )


def channels_without_replies(facts: Facts) -> Iterator[Found]:
    """Channels whose share answered is at most a quarter of that of the brand's other channels.

    Of waits watched for 7 days, those replied to within 7; at the same odds as `weeks_without_replies`,
    over all channels. Teams do neglect a channel, but seldom by so much: more often its replies are
    made where the export does not look.
    """
    weeks = facts.weeks
    least = np.log(FALSE_ALARMS / max(weeks.select(PLACE).n_unique(), 1))
    for (brand,), of_brand in weeks.group_by("brand", maintain_order=True):
        n, answered = (of_brand[name].to_numpy().astype(float) for name in ("n", "answered"))
        for channel in of_brand["channel"].unique(maintain_order=True):
            inside = (of_brand["channel"] == channel).to_numpy()
            if dropped := _dropped(inside, n, answered, least):
                waits, share, usual = dropped
                yield Found(
                    waits,
                    int(n.sum()),
                    f"Of {waits:,} waits {percent(share)} were answered within 7 days; on the brand's other "
                    f"channels {percent(usual)}.",
                    str(brand),
                    str(channel),
                )


def _dropped(inside: Bools, n: Floats, answered: Floats, least: float) -> tuple[int, float, float] | None:
    """How many waits were inside, the share answered of them, and the usual one, if that is no chance."""
    if (~inside).sum() < _OTHER_WEEKS:
        return None
    share, usual = (float(answered[part].sum() / n[part].sum()) for part in (inside, ~inside))
    is_low = share <= _DROPPED_TO * usual and log_chance_of(inside, n, answered) < least
    return (int(n[inside].sum()), share, usual) if is_low else None


def log_chance_of(inside: Bools, n: Floats, answered: Floats) -> float:
    """How likely it is that so few are answered inside, at most, as a natural logarithm.

    >>> n, answered = np.full(12, 50.0), np.array([30.0] * 9 + [0, 1, 0])
    >>> round(log_chance_of(np.arange(12) >= 9, n, answered))
    -104

    exp(-G/2), G the likelihood ratio of two shares against one, divided by the design effect of the
    cells outside (Pearson's chi-squared over its degrees of freedom, at least 1). A tail of G itself
    is smaller.
    """
    n_both, answered_both = (np.array([part[inside].sum(), part[~inside].sum()]) for part in (n, answered))
    share, usual = answered_both / n_both
    if share >= usual:
        return 0.0
    together = answered_both.sum() / n_both.sum()
    gain = (_log_likelihood(answered_both, n_both) - _log_likelihood(answered_both, n_both, together)).sum()
    left = (answered[~inside] - n[~inside] * usual) ** 2 / np.maximum(n[~inside] * usual * (1 - usual), 1e-9)
    effect = max(1.0, left.sum() / (len(left) - 1))
    return float(-gain / effect)


def _log_likelihood(answered: Floats, n: Floats, share: float | None = None) -> Floats:
    """Of binomial counts, at their own shares or at one."""
    p = np.clip(answered / n if share is None else share, 1e-12, 1 - 1e-12)
    return np.asarray(answered * np.log(p) + (n - answered) * np.log1p(-p))


def _of_the_better_half(n: Floats, answered: Floats) -> float:
    """The share answered in the better half of the weeks, which a long fall leaves alone."""
    better = np.argsort(-answered / n, kind="stable")[: (len(n) + 1) // 2]
    return float(answered[better].sum() / n[better].sum())


def _runs(is_so: Bools) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_so, [False]]).astype(np.int8))).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def _told(runs: Sequence[Sequence[date]], *, until: date) -> str:
    """The longest run in words, and how many more there are."""
    longest = max(runs, key=len)
    if longest[-1] == until:
        when = f"since {longest[0]}"
    else:
        when = f"on {longest[0]}" if len(longest) == 1 else f"from {longest[0]} to {longest[-1]}"
    return when + (f", and in {len(runs) - 1:,} more runs of days" if len(runs) > 1 else "")


def _every_day(facts: Facts) -> pl.DataFrame:
    """Customers' messages on every day, from the place's first or ten years ago to the last whole day."""
    by_channel = facts.arrivals.group_by(*PLACE, "date").agg(pl.col("n").sum())
    by_brand = by_channel.group_by("brand", "date").agg(pl.col("n").sum())
    written = pl.concat([by_channel, by_brand.with_columns(channel=pl.lit(_EVERYWHERE))], how="diagonal")
    last = pl.lit(written["date"].max(), pl.Date)
    return (
        written.group_by(PLACE)
        .agg(pl.max_horizontal(pl.col("date").min(), last - _LONGEST).alias("first"), pl.col("n").sum())
        .filter(pl.col("first") < last, pl.col("n") >= _MESSAGES)
        .select(*PLACE, pl.date_ranges("first", last - pl.duration(days=1), interval="1d").alias("date"))
        .explode("date")
        .join(written, on=[*PLACE, "date"], how="left")
        .with_columns(pl.col("n").fill_null(0))
        .sort(*PLACE, "date")
        .with_columns(
            pl.col("n")
            .rolling_median(_WEEKS_BEFORE, min_samples=_WEEKS_BEFORE // 2)
            .shift(1)
            .over(*PLACE, pl.col("date").dt.weekday())
            .fill_null(0)
            .alias("usual")
        )
    )
