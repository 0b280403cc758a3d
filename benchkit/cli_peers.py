"""The `benchkit peers` commands: a benchmark of one's own, added up without sharing a message."""

from __future__ import annotations

from typing import Annotated

import typer

from benchkit.options import AsOf, DefinitionOption, Demo, Events, FromStore, Messages, Twcs, find_asked
from benchkit.shell import SentenceGroup, stopping_cleanly, write

peers_app = typer.Typer(
    cls=SentenceGroup,
    help="Share a benchmark of industries, and no message: export one's own, pool those of others.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)

Out = Annotated[str, typer.Option(metavar="FILE", help="The .parquet file to write.")]


@peers_app.command()
def export(
    out: Out,
    demo: Demo = False,
    dataset: FromStore = "",
    twcs: Twcs = "",
    messages: Messages = "",
    events: Events = "",
    as_of: AsOf = "",
    definition: DefinitionOption = "",
    month: Annotated[
        list[str] | None,
        typer.Option(metavar="YYYY-MM", help="Only this month; may be given again. Else all that are final."),
    ] = None,
) -> None:
    """Write how long waits were, by industry, channel and day, of no brand in particular.

    No messages and no names leave, and no cell (industry, channel and month) of fewer than 5 brands
    or 30 waits, or of which one brand has more than 80%. Who knows to the second when a brand
    replied in public can still tell whether it is among them: send it to those you trust.
    """
    from benchkit.pools.exporting import export_peers

    waits = find_asked(
        demo=demo,
        dataset=dataset,
        twcs=twcs,
        messages=messages,
        events=events,
        as_of=as_of,
        definition=definition,
    ).collect()
    with stopping_cleanly("nothing was written"):
        pool, left_out = export_peers(waits, out, months=month or None)
    typer.echo(f"{pool.sentence()}, written", err=True)
    for reason, n_waits in left_out.iter_rows():
        typer.echo(f"left out: {n_waits:,} waits {reason}", err=True)
    write(f"{out}\n")


@peers_app.command()
def pool(
    files: Annotated[
        list[str], typer.Argument(metavar="FILES…", help="Files from export, or pools of them.")
    ],
    out: Out,
) -> None:
    """Add up files that others exported, into one that reports compare with."""
    from benchkit.pools.exporting import pool_peers

    with stopping_cleanly("nothing was written"):
        together = pool_peers(files, out)
    typer.echo(f"{together.sentence()}, from {len(files):,} files", err=True)
    write(f"{out}\n")
