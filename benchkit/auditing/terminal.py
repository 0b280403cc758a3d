"""Findings in a terminal."""

from __future__ import annotations

import polars as pl
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from benchkit.auditing.showing import summary, told
from benchkit.errors import printable

_STYLES = {"error": "bold red", "warning": "bold yellow", "note": "bold"}


def print_findings(findings: pl.DataFrame, console: Console) -> None:
    """Print what an audit found, errors first, and how much of it there is."""
    for item in told(findings):
        console.print(Text(f"{item.severity}: {item.title}", style=_STYLES[item.severity]))
        for line in (*item.lines, item.consequence):
            console.print(Padding(Text(printable(line)), (0, 0, 0, 2), expand=False))
    console.print(Text(summary(findings)))
