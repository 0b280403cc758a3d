"""The `benchkit ingest` and `benchkit datasets` commands: exports read once and kept."""

from __future__ import annotations

from typing import Annotated

import typer

from benchkit.options import AsOf
from benchkit.shell import stopping_cleanly, write


def ingest(
    format: Annotated[  # noqa: A002
        str,
        typer.Argument(
            metavar="FORMAT", help="What wrote it: zendesk, hootsuite, …, or a mapping's TOML file."
        ),
    ],
    path: Annotated[
        str,
        typer.Argument(metavar="PATH", help="A file, folder or 'glob*'; a database as env:NAME or uri:FILE."),
    ],
    name: Annotated[str, typer.Option(metavar="NAME", help="The dataset to add to, such as acme.")],
    brand: Annotated[str, typer.Option(metavar="NAME", help="The brand, where the export names none.")] = "",
    channel: Annotated[
        str, typer.Option(metavar="NAME", help="The channel, where the export names none.")
    ] = "",
    timezone: Annotated[
        str, typer.Option(metavar="ZONE", help="Of times that name none, such as Europe/Berlin.")
    ] = "",
    as_of: AsOf = "",
    complete_since: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="Every message from then on is in it: what is not there did not happen."
        ),
    ] = "",
    attributes: Annotated[
        str, typer.Option(metavar="FILE", help="Segments, plans, countries …, a row for each key.")
    ] = "",
    on: Annotated[
        str,
        typer.Option(metavar="KEY", help="Of the attributes: customer_id, brand or conversation_id."),
    ] = "",
    keep_text: Annotated[bool, typer.Option("--keep-text", help="Store what messages say.")] = False,
    keep_ids: Annotated[
        bool, typer.Option("--keep-ids", help="Store customers' ids as they are, not as hashes.")
    ] = False,
) -> None:
    """Add an export to a dataset of the store, all of it or, if anything is wrong, nothing.

    Without text and with customers' ids as keyed hashes, unless asked to keep them. The same export
    again changes nothing; a newer one replaces what changed, and what it does not hold is kept.
    """
    from benchkit.store import ingest as add

    said = {"brand": brand, "channel": channel, "timezone": timezone}
    with stopping_cleanly("the dataset stands as it was"):
        done = add(
            format,
            path,
            name=name,
            as_of=as_of or None,
            complete_since=complete_since or None,
            attributes=attributes,
            on=on,
            keep_text=keep_text,
            keep_ids=keep_ids,
            progress=lambda line: typer.echo(line, err=True),
            **{option: value for option, value in said.items() if value},
        )
    typer.echo(done.sentence(), err=True)
    write(f"{done.folder}\n")


def datasets() -> None:
    """List the datasets of the store."""
    from benchkit.store import datasets as listed
    from benchkit.terminal import print_datasets

    print_datasets(listed())
