"""Texts that stand for others: with * for anything, or regular expressions; held to what is quick to find."""

from __future__ import annotations

import re
from collections.abc import Collection

import polars as pl

from benchkit.errors import BenchkitError, show

MOST_GLOBS, MOST_STARS = 200, 10
LONGEST = 1_000
"""Signs of a text with *, or of a regular expression with what it repeats written out."""

_TOKENS = re.compile(
    r"\\[pPxuU]\{[^}]*\}|\\.|\[\^?\]?(?:[^\]\\]|\\.)*\]|\{[^}]*\}|.",
    re.DOTALL,
)
"""The parts of a regular expression: signs, classes of signs, and how often what is before them is there."""


def matches(text: pl.Expr, globs: Collection[str]) -> pl.Expr:
    """Whether a text is one of some, where * stands for anything and nothing for no text.

    >>> said = pl.Series(["Close now", "open", None])
    >>> pl.select(matches(pl.lit(said), ["close*", ""])).to_series().to_list()
    [True, False, True]
    >>> pl.select(matches(pl.lit(said), [""])).to_series().to_list()
    [False, False, True]
    """
    some = "|".join(_as_pattern(glob) for glob in globs if glob)
    found = text.str.contains(f"(?is)^(?:{some})$") if some else pl.lit(False)
    return pl.when(text.is_null()).then("" in globs).otherwise(found)


def check_globs(globs: Collection[str], what: str) -> None:
    """Raise `BenchkitError` for texts with * that would take long to find.

    >>> check_globs(["*DM*", "comment"], "values of channel")
    """
    for glob in globs:
        if len(glob) > LONGEST or glob.count("*") > MOST_STARS:
            raise BenchkitError(
                f"{what} has {show(glob)}; give at most {LONGEST:,} signs, and {MOST_STARS} * among them"
            )
    if sum("*" in glob for glob in globs) > MOST_GLOBS:
        raise BenchkitError(f"{what} has more than {MOST_GLOBS} texts with *; name fewer of them")


def group_of(pattern: str) -> int:
    """Which group of a regular expression is meant: the first, or the whole where there is none.

    >>> group_of("^@([a-z]+)"), group_of("[0-9]+")
    (1, 0)

    Raises `BenchkitError` for what is none, or would take long to find.
    """
    if len(pattern) > LONGEST or _written_out(pattern) > LONGEST:
        raise BenchkitError(
            f"{show(pattern)} has more than {LONGEST:,} signs with what it repeats written out; "
            "give a shorter pattern"
        )
    try:
        groups = pl.Series([""]).str.extract_groups(pattern).dtype
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        raise BenchkitError(
            f"{show(pattern)} is no regular expression as polars reads them; mend it, or leave it out"
        ) from None
    return min(1, len(groups.fields)) if isinstance(groups, pl.Struct) else 0


def _written_out(pattern: str) -> int:
    """About how many signs a regular expression has with its counted repetitions written out.

    >>> _written_out("(?:a[bc]{3}){5}")
    30
    """
    sizes = [[0]]
    for part in _TOKENS.findall(pattern):
        if part == "(":
            sizes.append([0])
        elif part == ")" and len(sizes) > 1:
            group = sum(sizes.pop())
            sizes[-1].append(group)
        elif part.startswith("{"):
            counts = [int(count[:9]) for count in re.findall("[0-9]+", part)]
            sizes[-1][-1] *= max(counts, default=1)
        else:
            sizes[-1].append(1)
    return sum(map(sum, sizes))


def _as_pattern(glob: str) -> str:
    return ".*".join(pl.escape_regex(part) for part in glob.strip().split("*"))
