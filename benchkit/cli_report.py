"""The `benchkit report` command."""

from __future__ import annotations

from typing import Annotated

import typer

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
    refuse_two_sources,
)
from benchkit.shell import stopping_cleanly, write


def report(
    demo: Demo = False,
    dataset: FromStore = "",
    twcs: Twcs = "",
    messages: Messages = "",
    events: Events = "",
    as_of: AsOf = "",
    calendar: Calendar = "",
    definition: DefinitionOption = "",
    corrections: Corrections = "",
    month: Month = "",
    brand: Brand = "",
    agent: Annotated[
        str, typer.Option(metavar="NAME", help="One agent's own page, which names nobody else.")
    ] = "",
    peers: Annotated[
        str, typer.Option(metavar="BRANDS", help='Compare with these, such as "Acme; Globex".')
    ] = "",
    pool: Annotated[
        str, typer.Option(metavar="FILE", help="Compare with a benchmark of `benchkit peers pool`.")
    ] = "",
    published: Annotated[
        str,
        typer.Option(metavar="FILE", help="Published figures of your own, as CSV, beside those that ship."),
    ] = "",
    target: TargetOption = "",
    name_peers: Annotated[bool, typer.Option("--name-peers", help="Name other brands, not letters.")] = False,
    name_agents: Annotated[bool, typer.Option("--name-agents", help="Name agents, not letters.")] = False,
    out: Annotated[str, typer.Option(metavar="DIR", help="Where reports go.")] = "data/reports",
) -> None:
    """Make the monthly report, and print where it is."""
    from benchkit.report import make_report

    refuse_two_sources(demo, dataset, twcs, messages)
    with stopping_cleanly("the last report, if there is one, stands as it was"):
        page = make_report(
            dataset=dataset,
            twcs=twcs,
            messages=messages,
            events=events,
            as_of=as_of,
            calendar=calendar,
            definition=definition,
            corrections=corrections,
            month=month,
            brand=brand,
            agent=agent,
            peers=peers,
            pool=pool,
            published=published,
            target=target,
            name_peers=name_peers,
            name_agents=name_agents,
            out=out,
            progress=lambda line: typer.echo(line, err=True),
        )
    write(f"{page}\n")
