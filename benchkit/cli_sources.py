"""Where data come from, as the options that commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from benchkit.errors import BenchkitError

if TYPE_CHECKING:
    from benchkit.dataset import Dataset

Demo = Annotated[bool, typer.Option("--demo", help="The embedded synthetic data (the default).")]
Twcs = Annotated[str, typer.Option(metavar="FILE", help="Tweets in the form of twcs.csv.")]
Messages = Annotated[str, typer.Option(metavar="FILE", help="Messages in benchkit's own columns.")]
Events = Annotated[str, typer.Option(metavar="FILE", help="Events that go with --messages.")]
AsOf = Annotated[str, typer.Option(metavar="TIME", help="When the extract was taken; else its newest time.")]
DefinitionOption = Annotated[
    str, typer.Option("--definition", metavar="NAME", help="A preset such as zendesk, or a TOML file.")
]


def refuse_two_sources(demo: bool, twcs: str, messages: str) -> None:
    """Refuse a file beside --demo."""
    if demo and (twcs or messages):
        raise BenchkitError("--demo and a file are two sources; name one of them")


def load_source(*, demo: bool, twcs: str, messages: str, events: str, as_of: str) -> Dataset:
    """The dataset that a command's options name."""
    from benchkit.sources import load

    refuse_two_sources(demo, twcs, messages)
    return load(twcs=twcs, messages=messages, events=events, as_of=as_of)
