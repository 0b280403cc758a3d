"""What the study asks, what is aimed at, and whether a rate with its Monte Carlo error is within that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np

Aim = tuple[float, float]

CHANCE = 3.0
"""So many Monte Carlo errors beyond an aim may be chance, where dozens of rates are judged."""
COVERED: Aim = (93.0, 97.0)
AT_LEAST: Aim = (93.0, 100.0)
UNBIASED: Aim = (-0.5, 0.5)
DEFECT_BELOW = 90.0


class Question(NamedTuple):
    """A row of the table; rates and errors are in per cent, or points of them."""

    words: str
    trial: str
    aim: Aim | None = None
    also_autocorrelated: bool = False


class Rate(NamedTuple):
    """A mean over trials, with its Monte Carlo error."""

    value: float
    error: float

    @classmethod
    def of(cls, values: Iterable[float], scale: float = 100.0) -> Rate:
        """The mean of some trials, those without a value left out."""
        seen = np.asarray(list(values), dtype=float)
        seen = scale * seen[~np.isnan(seen)]
        return cls(float(seen.mean()), float(seen.std() / np.sqrt(seen.size)))


def _shares(words: str, trial: str, aim: Aim | None = None, *, always: bool = False) -> list[Question]:
    return [Question(f"{words}, {name}", f"{trial} {name}", aim, always) for name in ("1 h", "24 h")]


OF_MONTHS = (
    *_shares("bias of the share answered within", "bias", UNBIASED, always=True),
    *_shares("bias of the answered-only figure", "answered-only bias"),
    *_shares("coverage, 13 weeks", "coverage", COVERED),
    *_shares("coverage, Wilson", "Wilson coverage"),
    *_shares("coverage, the month's own weeks", "own weeks coverage"),
    *_shares("width of the interval, 13 weeks", "width"),
    Question("provisional less final, 24 h", "provisional bias", UNBIASED, True),
    Question("coverage, provisional, 24 h", "provisional coverage", COVERED),
    Question("provisional bounds hold the final figure, 24 h", "bounds hold", (100.0, 100.0), True),
    Question("coverage, median first reply", "coverage median", COVERED),
    Question("band holds the whole curve", "band", AT_LEAST),
)
OF_CHANGES = (*_shares("change told of between like months", "change told", (0.0, 5.0)),)
OF_UNITS = (
    Question("funnel: equal brands beyond the outer limits", "outside the outer limits", (0.0, 1.0)),
    Question("funnel: beyond the inner limits", "outside the inner limits"),
    Question("naive funnel: beyond the outer limits", "outside naive outer limits"),
    Question("naive funnel: beyond the inner limits", "outside naive inner limits"),
    Question("coverage of a brand's rank set", "rank set", AT_LEAST),
    Question("coverage of all rank sets at once", "rank sets at once", AT_LEAST),
    Question("the set of the top 5 holds all of them", "top set", AT_LEAST),
    Question("share of the 20 ranks in a rank set", "ranks in a set"),
)


def verdict(rate: Rate, aim: Aim | None) -> str:
    """Nothing where a rate is within its aim or has none; else whether that may be chance.

    >>> verdict(Rate(94, 1), COVERED), verdict(Rate(92, 1), COVERED), verdict(Rate(85, 1), COVERED)
    ('', 'within chance', 'FALLS SHORT')
    """
    if aim is None or aim[0] <= rate.value <= aim[1]:
        return ""
    beyond = max(aim[0] - rate.value, rate.value - aim[1])
    is_defect = aim == COVERED and rate.value < DEFECT_BELOW
    return "FALLS SHORT" if beyond > CHANCE * rate.error or is_defect else "within chance"


def table(
    questions: Iterable[Question], scenarios: Iterable[str], rates: Mapping[tuple[str, str], Rate]
) -> tuple[str, list[str]]:
    """The table in Markdown, a row per question and a column per scenario, and what falls short."""
    names, short = list(scenarios), []
    lines = [f"| % | aim | {' | '.join(names)} |", f"|:--|--:|{'--:|' * len(names)}"]
    for question in questions:
        cells = []
        for name in names:
            rate = rates[question.trial, name]
            is_judged = question.also_autocorrelated or name != "autocorrelated"
            said = verdict(rate, question.aim if is_judged else None)
            cells.append(f"{_digits(rate)}{f' ({said})' if said else ''}")
            if said == "FALLS SHORT":
                short.append(f"{question.words}, {name}: {_digits(rate)}")
        lines.append(f"| {question.words} | {_aim(question.aim)} | {' | '.join(cells)} |")
    return "\n".join(lines), short


def _digits(rate: Rate) -> str:
    write: Callable[[float], str] = "{:.2f}".format if abs(rate.value) < 2 else "{:.1f}".format
    return f"{write(rate.value)} ± {write(rate.error)}".replace("-0.00 ", "0.00 ")


def _aim(aim: Aim | None) -> str:
    if aim is None:
        return ""
    return f"{aim[0]:g}" if aim[0] == aim[1] else f"{aim[0]:g} to {aim[1]:g}"
