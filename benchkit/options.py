"""The options that commands share, and the waits that they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchkit.errors import BenchkitError

if TYPE_CHECKING:
    from benchkit.waits import Waits

Demo = Annotated[bool, typer.Option("--demo", help="The embedded synthetic data (the default).")]
Twcs = Annotated[str, typer.Option(metavar="FILE", help="Tweets in the form of twcs.csv.")]
Messages = Annotated[str, typer.Option(metavar="FILE", help="Messages in benchkit's own columns.")]
Events = Annotated[str, typer.Option(metavar="FILE", help="Events that go with --messages.")]
FromStore = Annotated[
    str,
    typer.Option("--dataset", metavar="NAME", help="A dataset of the store; `benchkit datasets` lists them."),
]
AsOf = Annotated[str, typer.Option(metavar="TIME", help="When the extract was taken; else its newest time.")]
Calendar = Annotated[str, typer.Option(metavar="FILE", help="Opening hours, as TOML.")]
DefinitionOption = Annotated[
    str,
    typer.Option(
        "--definition",
        metavar="NAME",
        help="benchkit, zendesk, chatwoot, sprout, intercom, meta, or a TOML file.",
    ),
]
Month = Annotated[str, typer.Option(metavar="YYYY-MM", help="The month.")]
Brand = Annotated[str, typer.Option(metavar="NAME", help="One brand only.")]
Corrections = Annotated[
    str, typer.Option(metavar="FILE", help="Corrections by hand: wait, action, reason, who.")
]
TargetOption = Annotated[str, typer.Option("--target", metavar="TEXT", help="Such as '80% in 1h'.")]


def refuse_two_sources(demo: bool, *others: str) -> None:
    """Refuse a file or a dataset beside --demo."""
    if demo and any(others):
        raise BenchkitError("--demo and another are two sources; name one of them")


def find_asked(
    *, demo: bool, definition: str = "", corrections: str = "", brand: str = "", **source: Any
) -> Waits:
    """The waits of one brand, or of all, after the corrections of whichever brand."""
    import benchkit
    from benchkit.definitions import find_definition
    from benchkit.sources import load

    refuse_two_sources(demo, *(source.get(name, "") for name in ("dataset", "twcs", "messages")))
    rules, data = find_definition(definition), load(**source)
    if not corrections:
        return benchkit.find_waits(data.only(brand) if brand else data, definition=rules)
    from benchkit.corrections import corrected

    return corrected(benchkit.find_waits(data, definition=rules).collect(), corrections).only(brand)


def names(text: str) -> list[str]:
    """Names with commas between them."""
    return [name.strip() for name in text.split(",") if name.strip()]
