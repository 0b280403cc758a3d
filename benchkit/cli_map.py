"""The `benchkit map` command: what the columns of an export are, and a first mapping of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchkit.errors import InputError, printable, show
from benchkit.shell import write

if TYPE_CHECKING:
    from benchkit.sources.mapping.draft import Sketch


def map_file(
    file: Annotated[str, typer.Argument(metavar="FILE", help="An export: a file, a folder or a glob.")],
    draft: Annotated[
        bool, typer.Option("--draft", help="Write a mapping, with a comment on every guess.")
    ] = False,
    out: Annotated[
        str, typer.Option(metavar="FILE", help="The .toml file to write the draft to; else it is printed.")
    ] = "",
) -> None:
    """Say what the columns of an export are, and which format fits; with --draft, draft a mapping.

    No text and no id of a customer is printed or written: only names of columns, and the words of
    the column that says who spoke or what happened.
    """
    from benchkit.sources.mapping.draft import SHAPES, fitting, sketch
    from benchkit.sources.mapping.draft_text import draft as draft_of
    from benchkit.sources.raw import open_raw
    from benchkit.sources.secrets import refuse_uri

    refuse_uri(file)
    if out and Path(out).suffix != ".toml":
        raise InputError(out, "a mapping is a TOML file; name one that ends in .toml")
    if out and Path(out).exists():
        raise InputError(out, "is there already and may hold your answers; name another file")
    raw = open_raw(file)[""]
    guess = sketch(raw, file)
    if out:
        from benchkit.output import write_whole

        text = draft_of(guess)
        write_whole(out, lambda place: place.write_text(text, encoding="utf-8"))
        ingest = printable(f"benchkit ingest {out} {file} --name NAME")
        typer.echo(f"answer its questions (# ?), then: {ingest}", err=True)
        write(f"{out}\n")
        return
    if draft:
        write(draft_of(guess))
        return
    write(f"{guess.n_rows:,} rows look like {SHAPES[guess.shape]}\n")
    write(_table(guess))
    for name, n_there, n_asked in fitting(raw)[:1]:
        write(f"the format {name} fits best: {n_there} of the {n_asked} columns that it needs are there\n")
        write(f"benchkit ingest {name} {printable(file)} --name NAME adds it to a dataset\n")
    write(f"benchkit map {printable(file)} --draft --out mine.toml drafts a mapping\n")


def _table(guess: Sketch) -> str:
    """One line for each column: its name, what it holds, and what it seems to be."""
    roles = {name: role for role, name in guess.roles.items()} | (
        {guess.clock: "time"} if guess.clock else {}
    )
    names = {name: show(name, limit=40) for name in guess.columns}
    width = max(map(len, names.values()), default=0)
    return "".join(
        f"  {names[name]:<{width}}  {column.holds:<11}  {roles.get(name, '')}".rstrip() + "\n"
        for name, column in guess.columns.items()
    )
