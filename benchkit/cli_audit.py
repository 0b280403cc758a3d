"""The `benchkit audit` command."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from benchkit.options import AsOf, Brand, Calendar, Demo, Events, Messages, Twcs, refuse_two_sources


def audit_command(
    dataset: Annotated[
        str, typer.Argument(metavar="[NAME]", help="A dataset of the store; else what an option names.")
    ] = "",
    demo: Demo = False,
    twcs: Twcs = "",
    messages: Messages = "",
    events: Events = "",
    as_of: AsOf = "",
    calendar: Calendar = "",
    brand: Brand = "",
    out: Annotated[
        str, typer.Option(metavar="FILE", help="Write all findings here (.csv or .parquet).")
    ] = "",
) -> None:
    """Say what is wrong with a dataset, which figures that touches, and what to do.

    It names agents and messages, whatever a report does: not for sending. Leaves with 1 where
    there is an error.
    """
    import polars as pl
    from rich.console import Console

    from benchkit.auditing import audit
    from benchkit.auditing.terminal import print_findings
    from benchkit.errors import UnknownNameError, printable
    from benchkit.output import write_table
    from benchkit.sources import load

    refuse_two_sources(demo, dataset, twcs, messages)
    data = load(dataset=dataset, twcs=twcs, messages=messages, events=events, as_of=as_of, calendar=calendar)
    if brand and brand not in data.brands():
        raise UnknownNameError("brand", brand, data.brands(), where=f"in {data.about.name}")
    findings = audit(data)
    if brand:
        findings = findings.filter(pl.col("brand").is_null() | (pl.col("brand") == brand))
    if out:
        write_table(findings.with_columns(pl.col("examples").list.join(", ")), out)
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 120, highlight=False)
    typer.echo(f"{printable(data.about.name)}, as of {data.as_of:%Y-%m-%d %H:%M} UTC")
    typer.echo(f"From: {printable(data.audit.sentence())}.\n")
    print_findings(findings, console)
    if "error" in findings["severity"]:
        raise typer.Exit(1)
