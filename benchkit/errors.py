"""Errors that a person reads: one sentence that says what, where, and the way out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

HIDDEN = "***"
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{1,20}:[/\\]+", re.IGNORECASE)
_PASSWORD = re.compile(r"(?:password|passwd|pwd)\s*=", re.IGNORECASE)


class BenchkitError(ValueError):
    """Anything benchkit refuses, in one sentence; JupyterLab shows it without a traceback."""

    exit_code = 2

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class InputError(BenchkitError):
    """A file that cannot be read as what it was said to be."""

    def __init__(self, path: str | Path, problem: str, *, line: int | None = None) -> None:
        where = show(Path(path)) if line is None else f"{show(Path(path))}, line {line:,}"
        super().__init__(f"{where}: {problem}")
        self.path = Path(path)
        self.line = line


class UnknownNameError(BenchkitError):
    """A brand, metric, dimension, column or month that does not exist here."""

    def __init__(self, kind: str, name: object, choices: Iterable[object], *, where: str = "") -> None:
        known = [str(choice) for choice in choices]
        super().__init__(f"no {kind} {show(name)}{where and ' ' + where}; {way_out(str(name), known)}")
        self.name = name
        self.choices = known


NO_PERMISSION = "may not be read; ask its owner for permission"


def show(value: object, *, limit: int = 60) -> str:
    """Quote a value from outside so that it cannot fill or drive a terminal.

    >>> show("Delt\\x1b[2J")
    "'Delt\\\\x1b[2J'"
    """
    text, limit = without_passwords(str(value)), 4 * limit if isinstance(value, Path) else limit
    return f"'{printable(text if len(text) <= limit else text[: limit - 1] + '…')}'"


def without_passwords(text: str) -> str:
    """Hide who signs in with which password where a text has a connection URI, or a part password=.

    >>> without_passwords("no file mysql://bob:secret@db.example/shop")
    'no file mysql://***@db.example/shop'
    >>> without_passwords("host=db.example password=secret user=bob")
    'host=db.example password=***'
    """
    before, _, after = text.rpartition("@")
    if scheme := _SCHEME.search(before):
        text = f"{before[: scheme.end()]}{HIDDEN}@{after}"
    password = _PASSWORD.search(text)
    return f"{text[: password.end()]}{HIDDEN}" if password else text


def printable(text: str) -> str:
    """Spell out what would move a terminal's cursor instead of being seen."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def way_out(name: str, choices: list[str], *, limit: int = 8) -> str:
    """Suggest the nearest of the names there are, or list some of them."""
    folded = {choice.casefold(): choice for choice in choices}
    near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    if near:
        return f"did you mean {show(folded[near[0]])}?"
    if not choices:
        return "there are none"
    listed = ", ".join(show(choice) for choice in choices[:limit])
    more = len(choices) - limit
    return f"there are {listed}" + (f" and {more:,} more" if more > 0 else "")
