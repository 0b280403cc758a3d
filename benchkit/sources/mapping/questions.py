"""The open questions of a mapping: comments that begin with a question mark, such as a draft has."""

from __future__ import annotations

import re

from benchkit.errors import BenchkitError

MARK = "# ?"
MOST_LINES = 8
_STRINGS_AND_COMMENTS = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:\\.|[^"\\\n])*"' r"|'[^'\n]*'|(?P<comment>#[^\n]*)",
    re.DOTALL,
)


def open_questions(text: str) -> list[int]:
    """The lines of a TOML text whose comments are questions.

    >>> open_questions('name = "# ?"\\nversion = 1  # ? or 2\\n')
    [2]
    """
    parts = _STRINGS_AND_COMMENTS.finditer(text)
    asked = (part for part in parts if (part["comment"] or "").lstrip("#").lstrip().startswith("?"))
    return [1 + text.count("\n", 0, part.start()) for part in asked]


def refuse_questions(text: str) -> None:
    """Raise `BenchkitError` for a mapping that is not answered yet, by how many questions and where."""
    lines = open_questions(text)
    if not lines:
        return
    *first, last = [f"{line:,}" for line in lines[:MOST_LINES]]
    listed = last if not first else f"{', '.join(first)} and {last}"
    if len(lines) > MOST_LINES:
        listed = f"{', '.join([*first, last])} and {len(lines) - MOST_LINES:,} more"
    if len(lines) == 1:
        raise BenchkitError(f"1 question is open, on line {listed}; settle it and delete its mark {MARK}")
    raise BenchkitError(
        f"{len(lines):,} questions are open, on lines {listed}; settle each and delete its mark {MARK}"
    )
