"""One door to every export: a format's name, or a mapping, and where the export is."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchkit.errors import BenchkitError, InputError, UnknownNameError, way_out
from benchkit.times import Moment, check_zone

if TYPE_CHECKING:
    from benchkit.dataset import Dataset
    from benchkit.sources.mapping import Mapping as ExportMapping

FORMATS: Mapping[str, str] = {
    "messages": "benchkit.sources.exports:read_own_columns",
    "twcs": "benchkit.sources.exports:read_tweets",
    "zendesk": "benchkit.sources.zendesk:read_zendesk",
    "chatwoot": "benchkit.sources.chatwoot:read_chatwoot",
}
"""The formats that are read by code, and the function that does it; the others are mappings."""

INCREMENTAL = frozenset({"chatwoot"})
"""The formats whose databases tell what changed since some time."""

ENDINGS = (".parquet", ".csv", ".csv.gz")


def read_export(
    format: str | Path,  # noqa: A002 - what everybody calls it
    path: str | Path | Sequence[str | Path],
    *,
    brand: str = "",
    channel: str = "",
    timezone: str = "",
    as_of: Moment | None = None,
    since: Moment | None = None,
    keep_text: bool = False,
) -> Dataset:
    """Read an export of any format that benchkit or a mapping knows, as a Dataset.

    >>> from tempfile import TemporaryDirectory
    >>> from benchkit.sources.messages import EXAMPLE
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "mine.csv")
    ...     _ = file.write_text(EXAMPLE, encoding="utf-8")
    ...     read_export("messages", file)
    Dataset('mine', as of 2026-03-02 09:40 UTC)

    `format` is one of `formats()`, or the TOML file of a mapping. `path` is a file, a folder,
    a glob, or a list of them; of a database env:NAME or uri:FILE, where the connection URI
    stands. `brand`, `channel` and `timezone` say what the export does not: the zone is that of its
    times, and of the brands, as is a mapping's own unless it is UTC. `as_of` is when it was taken
    (without it: at the newest time in it). The text of messages is kept only with `keep_text`. Of
    Chatwoot's database, `since` reads only conversations that changed since then, whole.

    Raises `UnknownNameError` for a format there is not, and `BenchkitError` for what cannot be
    read as it, or an option that it has no use for; it names the format that the files are of,
    where their columns are those of just one other.
    """
    from benchkit.sources.mapping import Mapping as ExportMapping
    from benchkit.sources.secrets import refuse_uri

    for each in [path] if isinstance(path, str | Path) else path:
        refuse_uri(each)
    if timezone:
        check_zone(timezone)
    told = {"brand": brand, "channel": channel, "timezone": timezone}
    name = str(format)
    if since is not None and name not in INCREMENTAL:
        raise BenchkitError("since is for Chatwoot's database; leave it out")
    if Path(name).suffix == ".toml":
        return _read_as(ExportMapping.load(name), path, told, as_of, keep_text=keep_text)
    if name not in formats():
        raise UnknownNameError("format", name, formats(), where="(nor is it the TOML file of a mapping)")
    try:
        if name not in FORMATS:
            return _read_as(ExportMapping.shipped(name), path, told, as_of, keep_text=keep_text)
        module, _, function = FORMATS[name].partition(":")
        reader = getattr(importlib.import_module(module), function)
        changed = {} if since is None else {"since": since}
        data: Dataset = reader(path, **told, **changed, as_of=as_of, keep_text=keep_text)
        return data
    except BenchkitError as error:
        _name_other_format(error, name, path)
        raise


def _read_as(
    mapping: ExportMapping,
    path: str | Path | Sequence[str | Path],
    told: Mapping[str, str],
    as_of: Moment | None,
    *,
    keep_text: bool,
) -> Dataset:
    data = mapping.read(path, **told, as_of=as_of, keep_text=keep_text)
    zone = told["timezone"] or (mapping.timezone if mapping.timezone != "UTC" else "")
    return replace(data, time_zones=dict.fromkeys(data.brands(), zone)) if zone else data


def _name_other_format(error: BenchkitError, asked: str, path: str | Path | Sequence[str | Path]) -> None:
    """Say in an error, as its way out, which other format than the one asked for the files are of."""
    from benchkit.sources.mapping.fitting import other_format

    if other := other_format(asked, path):
        said = str(error)
        if isinstance(error, UnknownNameError):
            said = said.removesuffix(f"; {way_out(str(error.name), error.choices)}")
        elif isinstance(error, InputError):
            said = said.rpartition("; ")[0] or said
        error.args = (f"{said}; its columns are those of {other}: read it as that",)


def formats() -> list[str]:
    """The names of the formats that can be read: those in code, and the mappings that come with benchkit.

    >>> {"messages", "twcs", "zendesk", "chatwoot"} <= set(formats())
    True
    """
    from benchkit.sources.mapping import shipped_names

    return sorted({*FORMATS, *shipped_names()})


def refuse_options(format_name: str, told: Mapping[str, str]) -> None:
    """Raise `BenchkitError` for what is told of an export that says it itself.

    >>> refuse_options("twcs", {"brand": "", "channel": ""})
    """
    for option, value in told.items():
        if value:
            raise BenchkitError(f"{format_name} says {option} itself; leave {option} out")


def read_own_columns(
    path: str | Path | Sequence[str | Path],
    *,
    brand: str = "",
    channel: str = "",
    timezone: str = "",
    as_of: Moment | None = None,
    keep_text: bool = False,
) -> Dataset:
    """Read messages in benchkit's own columns, or a folder of messages and events: see `read_messages`."""
    from benchkit.sources.messages import read_messages

    refuse_options("a file of messages", {"brand": brand, "channel": channel, "timezone": timezone})
    file, events = Path(_one_file(path)).expanduser(), None
    if file.is_dir():
        messages, events = _in_folder(file, "messages"), _in_folder(file, "events")
        if messages is None:
            called = " or ".join(f"messages{ending}" for ending in ENDINGS)
            raise InputError(file, f"holds no {called}; name a file")
        file = messages
    data = read_messages(file, events=events, as_of=as_of)
    return data if keep_text else replace(data, messages=data.messages.drop("text", strict=False))


def read_tweets(
    path: str | Path | Sequence[str | Path],
    *,
    brand: str = "",
    channel: str = "",
    timezone: str = "",
    as_of: Moment | None = None,
    keep_text: bool = False,
) -> Dataset:
    """Read tweets in the form of twcs.csv: see `read_twcs`."""
    from benchkit.sources.twcs import read_twcs

    refuse_options("twcs.csv", {"brand": brand, "channel": channel, "timezone": timezone})
    return read_twcs(_one_file(path), as_of=as_of, keep_text=keep_text)


def _in_folder(folder: Path, name: str) -> Path | None:
    files = (folder / f"{name}{ending}" for ending in ENDINGS)
    return next((file for file in files if file.is_file()), None)


def _one_file(path: str | Path | Sequence[str | Path]) -> str | Path:
    if isinstance(path, str | Path):
        return path
    if len(path) != 1:
        raise BenchkitError(f"this format is read from one file, not {len(path)}; name one")
    return path[0]
