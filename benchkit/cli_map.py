"""The `benchkit map` command: what the columns of an export are, and a first mapping of them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchkit.errors import InputError, printable, show
from benchkit.shell import write

if TYPE_CHECKING:
    from benchkit.sources.mapping.draft import Sketch
    from benchkit.sources.raw import Kind


def map_file(
    file: Annotated[str, typer.Argument(metavar="FILE", help="An export: a file, a folder or a glob.")],
    records: Annotated[
        str, typer.Option(metavar="PATH", help="Which list of records, where JSON holds several.")
    ] = "",
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
    from benchkit.sources.mapping.draft import sketch
    from benchkit.sources.raw import Kind, open_apart, open_raw
    from benchkit.sources.secrets import refuse_uri

    refuse_uri(file)
    _refuse_places(file, out)
    if records:
        kinds = [Kind(records, open_raw(file, read={"records": records})[""], Path(file))]
    else:
        kinds = open_apart(file)
    if not (draft or out):
        _show(file, kinds)
    elif len(kinds) > 1:
        best = _likeliest(kinds)
        raise InputError(
            file, f"holds {_several(kinds)}; draft one of them: {_drafting(file, best, kinds, out)}"
        )
    else:
        _draft(file, sketch(kinds[0].raw, file, records=kinds[0].records), out)


def _refuse_places(file: str, out: str) -> None:
    if out and Path(out).suffix != ".toml":
        raise InputError(out, "a mapping is a TOML file; name one that ends in .toml")
    if out and Path(out).exists():
        raise InputError(out, "is there already and may hold your answers; name another file")
    if Path(file).suffix == ".toml":
        from benchkit.sources.mapping import Mapping

        Mapping.load(file)
        raise InputError(file, f"is a mapping, not an export; read one by it: {_ingest(file, 'EXPORT')}")


def _draft(file: str, guess: Sketch, out: str) -> None:
    """Write a draft, and say what is to be done with it."""
    from benchkit.output import write_whole
    from benchkit.sources.mapping.draft_text import draft
    from benchkit.sources.mapping.questions import MARK, open_questions

    text = draft(guess)
    if not out:
        write(text)
        return
    write_whole(out, lambda place: place.write_text(text, encoding="utf-8"))
    n_open = len(open_questions(text))
    questions = "1 question is" if n_open == 1 else f"{n_open:,} questions are"
    settle = f"{questions} open: settle each and delete its mark {MARK}, then: " if n_open else "next: "
    brand = "" if "brand" in guess.roles else " --brand BRAND"
    typer.echo(f"{settle}{_ingest(out, file)}{brand}", err=True)
    write(f"{out}\n")


def _show(file: str, kinds: Sequence[Kind]) -> None:
    """Each kind of file, or list of records, with its columns, and what to type next."""
    from benchkit.sources.mapping.draft import UNKNOWN, sketch
    from benchkit.sources.mapping.fitting import fitting, formats_of

    if len(kinds) > 1:
        write(f"{show(Path(file))} holds {_several(kinds)}\n\n")
    for kind in kinds:
        write(f"{show(_name_of(kind, kinds))}: " if len(kinds) > 1 else "")
        try:
            guess = sketch(kind.raw, file)
        except InputError as error:
            if len(kinds) == 1:
                raise
            write(f"{error}\n\n")
            continue
        write(f"{guess.summary}\n{_table(guess, kind.raw.names)}")
        if len(kinds) > 1:
            write(f"{_drafting(file, kind, kinds)} drafts a mapping of it{_asking(guess)}\n\n")
    formats = {name for kind in kinds for name in formats_of(kind.raw.names)}
    if len(formats) == 1:
        name = formats.pop()
        write(f"its columns are those of the format {name}\n")
        write(f"{_ingest(name, file)} adds it to a dataset\n")
    elif len(kinds) == 1:
        for name, n_there, n_asked in fitting(kinds[0].raw.names)[:1]:
            there = f"{n_there} of the {n_asked} columns that it needs are there"
            write(f"the format {name} comes nearest: {there}\n")
    if len(kinds) == 1:
        is_document = not guess.columns or (guess.shape == UNKNOWN and guess.n_rows == 1)
        for name in _lists(kinds[0].raw.names) if is_document else []:
            write(f"benchkit map {_typed(file)} --records {_typed(name)} shows what is in {show(name)}\n")
        write(f"{_drafting(file, kinds[0], kinds)} drafts a mapping{_asking(guess)}\n")


def _asking(guess: Sketch) -> str:
    from benchkit.sources.mapping.draft import UNKNOWN

    return ", which asks for what is missing" if guess.shape == UNKNOWN else ""


def _several(kinds: Sequence[Kind]) -> str:
    """What there is, in words: kinds of files, or lists of records."""
    what = "kinds of files" if _are_of_several_files(kinds) else "lists of records"
    names = [show(_name_of(kind, kinds)) for kind in kinds]
    more = f" and {len(names) - 8:,} more" if len(names) > 8 else ""
    return f"{len(kinds):,} {what}, {', '.join(names[:8])}{more}"


def _name_of(kind: Kind, kinds: Sequence[Kind]) -> str:
    names = [kind.label.name] if _are_of_several_files(kinds) else []
    return ": ".join([*names, *([kind.records] if kind.records else [])])


def _are_of_several_files(kinds: Sequence[Kind]) -> bool:
    return len({kind.label for kind in kinds}) > 1


def _likeliest(kinds: Sequence[Kind]) -> Kind:
    """The kind that looks most like messages, or else like conversations."""
    from benchkit.sources.mapping.draft import SHAPES, sketch

    def place(kind: Kind) -> int:
        try:
            return list(SHAPES).index(sketch(kind.raw, kind.label).shape)
        except InputError:
            return len(SHAPES)

    return min(kinds, key=place)


def _drafting(file: str, kind: Kind, kinds: Sequence[Kind], out: str = "") -> str:
    """The command that drafts a mapping of a kind of files."""
    records = f" --records {_typed(kind.records)}" if kind.records else ""
    how = f"{records} --draft --out {_typed(out or 'mine.toml')}"
    archive = kind.raw.sources[0].path
    if not _are_of_several_files(kinds):
        return f"benchkit map {_typed(file)}{how}"
    if kind.label == archive:
        return f"benchkit map {_typed(str(kind.label))}{how}"
    inside = kind.label.relative_to(archive)
    return f"unzip {_typed(str(archive))} && benchkit map {_typed(str(inside))}{how}"


def _ingest(format_name: str, file: str) -> str:
    return f"benchkit ingest {_typed(format_name)} {_typed(file)} --name NAME"


def _typed(word: str) -> str:
    """A word as it is typed in a shell."""
    return printable(shlex.quote(word))


def _table(guess: Sketch, paths: Sequence[str]) -> str:
    """One line for each column, with what it holds and seems to be, and for each list not looked into."""
    roles = {name: role for role, name in guess.roles.items()} | (
        {guess.clock: "time"} if guess.clock else {}
    )
    rows = [(name, column.holds, roles.get(name, "")) for name, column in guess.columns.items()]
    rows += [(f"{name}[]", "a list", "") for name in _lists(paths) if name != guess.each]
    names = [show(name, limit=40) for name, _, _ in rows]
    width = max(map(len, names), default=0)
    return "".join(
        f"  {shown:<{width}}  {holds:<11}  {role}".rstrip() + "\n"
        for shown, (_, holds, role) in zip(names, rows, strict=True)
    )


def _lists(paths: Sequence[str]) -> list[str]:
    """The lists in records."""
    return list(dict.fromkeys(path.partition("[]")[0] for path in paths if "[]" in path))
