"""The `benchkit` command."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchkit import __version__
from benchkit.cli_audit import audit_command
from benchkit.cli_map import map_file
from benchkit.cli_peers import peers_app
from benchkit.cli_report import report
from benchkit.cli_store import datasets, ingest
from benchkit.options import (
    AsOf,
    Brand,
    Calendar,
    Corrections,
    DefinitionOption,
    Demo,
    Events,
    FromStore,
    Messages,
    Month,
    TargetOption,
    Twcs,
    find_asked,
    names,
)
from benchkit.shell import SentenceGroup, write

if TYPE_CHECKING:
    from benchkit.metrics import Metric
    from benchkit.waits import Waits

app = typer.Typer(
    cls=SentenceGroup,
    help="Measure how long a brand's customers wait for an answer on social media.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(peers_app, name="peers")


class Format(StrEnum):
    """How estimates are printed."""

    table = "table"
    csv = "csv"
    json = "json"


class FileFormat(StrEnum):
    """How tables are written."""

    parquet = "parquet"
    csv = "csv"


@app.callback(invoke_without_command=True)
def _benchkit(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        typer.echo(f"benchkit {__version__}")
        raise typer.Exit


@app.command()
def measure(
    demo: Demo = False,
    dataset: FromStore = "",
    twcs: Twcs = "",
    messages: Messages = "",
    events: Events = "",
    as_of: AsOf = "",
    calendar: Calendar = "",
    definition: DefinitionOption = "",
    month: Month = "",
    brand: Brand = "",
    by: Annotated[
        str, typer.Option(metavar="NAMES", help="brand, industry, channel, agent, …; several with commas.")
    ] = "",
    metrics: Annotated[
        str,
        typer.Option(
            metavar="NAMES", help="Of the glossary, with commas; else all, or headlines --by group."
        ),
    ] = "",
    target: TargetOption = "",
    min_waits: Annotated[int, typer.Option(min=0, help="No figure is shown from fewer waits.")] = 30,
    history_weeks: Annotated[int, typer.Option(min=0, help="How many weeks the intervals rest on.")] = 13,
    corrections: Corrections = "",
    format: Annotated[Format, typer.Option(help="How to print.")] = Format.table,  # noqa: A002
    waits_out: Annotated[
        str, typer.Option("--waits", metavar="FILE", help="Also write the waits behind the figures here.")
    ] = "",
) -> None:
    """Print the figures of a dataset with their intervals."""
    import benchkit
    from benchkit.output import spreadsheet_safe, write_table

    waits = find_asked(
        demo=demo,
        dataset=dataset,
        twcs=twcs,
        messages=messages,
        events=events,
        as_of=as_of,
        calendar=calendar,
        definition=definition,
        corrections=corrections,
        brand=brand,
    )
    estimates = benchkit.measure(
        waits,
        month=month or None,
        by=names(by),
        metrics=names(metrics) or _catalogue(waits, target),
        target=target or None,
        min_waits=min_waits,
        history_weeks=history_weeks,
    )
    if corrections:
        typer.echo(waits.corrections_sentence(), err=True)
    if waits_out:
        ruled = waits.ruled(month)
        write_table(ruled.frame.filter(ruled.in_month(month)).collect(), waits_out)
    if format is Format.json:
        write(estimates.write_json() + "\n")
    elif format is Format.csv:
        write(spreadsheet_safe(estimates).write_csv())
    else:
        from benchkit.terminal import only_headline, print_estimates

        shown = only_headline(estimates) if by and not metrics else estimates
        print_estimates(shown, waits, month=month)


@app.command()
def trace(
    demo: Demo = False,
    dataset: FromStore = "",
    twcs: Twcs = "",
    messages: Messages = "",
    events: Events = "",
    as_of: AsOf = "",
    calendar: Calendar = "",
    definition: DefinitionOption = "",
    month: Month = "",
    brand: Brand = "",
    agent: Annotated[str, typer.Option(metavar="NAME", help="One agent only.")] = "",
    corrections: Corrections = "",
    out: Annotated[str, typer.Option(metavar="FILE", help="Write all rows here (.csv or .parquet).")] = "",
) -> None:
    """List every wait behind a figure, what was left out, and why.

    It names agents and messages, whatever a report does: not for sending.
    """
    import benchkit
    from benchkit.output import write_table
    from benchkit.terminal_trace import print_trace
    from benchkit.tracing import traced_figures

    waits = find_asked(
        demo=demo,
        dataset=dataset,
        twcs=twcs,
        messages=messages,
        events=events,
        as_of=as_of,
        calendar=calendar,
        definition=definition,
        corrections=corrections,
        brand=brand,
    ).collect()
    where = {name: value for name, value in (("brand", brand), ("agent", agent)) if value}
    rows = benchkit.trace(waits, month=month or None, **where)
    figures = traced_figures(waits, month=month or None, **where)
    if out:
        write_table(rows, out)
    print_trace(rows, figures, waits, month=month, asked=where)


for command in (report, ingest, datasets):
    app.command()(command)
app.command("audit")(audit_command)
app.command("map")(map_file)


@app.command()
def glossary(
    metrics: Annotated[str, typer.Option(metavar="NAMES", help="Only these, with commas.")] = "",
) -> None:
    """Print what each metric means, as Markdown."""
    import benchkit

    typer.echo(benchkit.glossary(names(metrics) or benchkit.CATALOGUE), nl=False)


@app.command()
def published(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Published figures of your own, as CSV.")] = "",
) -> None:
    """Print what was published of how industries answer, on what terms, and by whom."""
    from benchkit.published import industry_figures, survey_figures
    from benchkit.terminal_published import print_published

    print_published(industry_figures(file), survey_figures())


@app.command()
def synth(
    out: Annotated[str, typer.Option(metavar="DIR", help="The folder to write to.")],
    mode: Annotated[str, typer.Option(help="mixture, or queue for agents on shifts.")] = "mixture",
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other data.")] = 0,
    messages: Annotated[int, typer.Option(min=1, help="About how many messages.")] = 300_000,
    months: Annotated[int, typer.Option(min=1, help="How many months.")] = 25,
    format: Annotated[FileFormat, typer.Option(help="Of the tables.")] = FileFormat.parquet,  # noqa: A002
) -> None:
    """Write synthetic data, and the truth behind it."""
    import polars as pl

    import benchkit
    from benchkit.output import write_table

    data = benchkit.synthesize(mode=mode, seed=seed, messages=messages, months=months)
    folder = Path(out)
    truth = pl.DataFrame(
        [
            (brand, seconds, data.truth(brand, seconds))
            for brand in data.brands()
            for seconds in (900, 3_600, 86_400, 604_800)
        ],
        schema={"brand": pl.String, "seconds": pl.Int64, "answered_within": pl.Float64},
        orient="row",
    )
    tables = {"messages": data.messages.collect(), "truth": truth}
    if data.events is not None:
        tables["events"] = data.events.collect()
    for name, table in tables.items():
        typer.echo(write_table(table, folder / f"{name}.{format}"))
    typer.echo(
        f"benchkit measure --messages {folder / 'messages'}.{format} --events {folder / 'events'}.{format} "
        f"--as-of {data.as_of:%Y-%m-%dT%H:%M:%SZ} measures them",
        err=True,
    )


@app.command()
def doctor() -> None:
    """Say what is missing or odd on this machine."""
    from benchkit.doctor import diagnose

    marks = {True: "ok", False: "WRONG", None: "?"}
    findings = diagnose()
    for finding in findings:
        typer.echo(f"{marks[finding.ok]:>5}  {finding.name}: {finding.sentence}")
    if any(finding.ok is False for finding in findings):
        raise typer.Exit(1)


def _catalogue(waits: Waits, target: str) -> list[Metric]:
    """The metrics that can be told without a target, and without opening hours, where there are none."""
    from benchkit.catalogue import CATALOGUE

    told = [metric for metric in CATALOGUE if target or metric.name != "sla_attainment"]
    return [metric for metric in told if waits.has_opening_hours or not metric.in_opening_hours]


def main() -> None:
    """Run the command, in UTF-8 whatever the terminal says of itself."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    app()
