"""Find the files that paths, folders, globs and archives name, and unpack them within bounds."""

from __future__ import annotations

import bz2
import glob
import gzip
import hashlib
import io
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path, PurePath, PurePosixPath
from typing import IO, Any, TypeAlias

from benchkit.errors import NO_PERMISSION, BenchkitError, InputError
from benchkit.sources.delimited import find_file, head_of

Content: TypeAlias = Path | bytes
"""A file on disk, or what was unpacked into memory."""

MOST_BYTES = 8 * 2**30
"""The most that one packed file may unpack to."""

MOST_TIMES, ALWAYS_BYTES = 100, 64 * 2**20
"""Text packs ten to fifty times: what unpacks to more times its size is a bomb, if it is not small."""

MOST_MEMBERS = 100_000
CHUNK_BYTES = 2**20
TABLES = {".csv", ".tsv", ".tab", ".psv", ".txt", ".json", ".ndjson", ".jsonl", ".parquet", ".pq"}
WORKBOOKS = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"}
PACKED: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"\xfd7zXZ": lzma.open,
    b"BZh": bz2.open,
}
_PACKED_ENDINGS = {".gz", ".xz", ".bz2"}
_DAMAGED = (
    zipfile.BadZipFile,
    lzma.LZMAError,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    ValueError,
)


@dataclass(frozen=True)
class SourceFile:
    """A file that was read: what a manifest says of it."""

    path: Path
    bytes: int

    @property
    def name(self) -> str:
        """The file's name, without its folder."""
        return self.path.name

    @cached_property
    def sha256(self) -> str:
        """The hash of the file's content, computed when first asked for."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class Found:
    """A file to be read, or a member of an archive; `label` is what errors call it."""

    name: str
    label: Path
    origin: Path
    load: Callable[[], Content]


def find_files(paths: str | Path | Iterable[str | Path]) -> list[Found]:
    """Every file that these paths, folders and globs name, in order, the members of zip archives too.

    In folders and archives, files of other kinds than tables, and hidden ones, are passed by.
    Raises `InputError` for a path that names nothing that can be read.
    """
    listed = [paths] if isinstance(paths, str | Path) else list(paths)
    if not all(str(path).strip() for path in listed or [""]):
        raise BenchkitError("no file is named; name a file, a folder or a glob")
    found: dict[Path, Found] = {}
    for path in listed:
        for file in _files_of(path):
            for each in _members(file) if _is_archive(file) else [_plain(file)]:
                found.setdefault(each.label.absolute(), each)
    return list(found.values())


def bytes_of(content: Content) -> bytes:
    """The whole content of a file."""
    return content if isinstance(content, bytes) else content.read_bytes()


def _infos(file: Path) -> list[zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.infolist()
    except _DAMAGED:
        raise InputError(file, "is a damaged zip archive; fetch it again") from None


def _files_of(path: str | Path) -> list[Path]:
    try:
        place = Path(path).expanduser()
        if place.is_dir():
            listed = _inside_folder(place)
        elif glob.has_magic(str(place)) and not place.exists():
            listed = sorted(Path(each) for each in glob.glob(str(place), recursive=True))  # noqa: PTH207
            listed = [each for each in listed if each.is_file()]
        else:
            return [find_file(path)]
    except BenchkitError:
        raise
    except (OSError, RuntimeError, ValueError):
        return [find_file(path)]
    if not listed:
        raise InputError(
            path, "names no file that can be read; name CSV, Excel, Parquet, JSON, or a zip of these"
        )
    return [find_file(each) for each in listed]


def _inside_folder(folder: Path) -> list[Path]:
    """The tables in a folder and those in it; raises `InputError` for one that may not be read."""

    def refuse(error: OSError) -> None:
        raise InputError(Path(error.filename), NO_PERMISSION)

    found = []
    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not _is_hidden(name)]
        found += [Path(place, name) for name in names]
    return sorted(each for each in found if _is_readable(each.relative_to(folder)) and each.is_file())


def ending_of(name: str) -> str:
    """The ending that tells a file's kind, in small letters.

    >>> ending_of("Export.CSV.gz")
    '.csv'
    """
    path = PurePosixPath(name.lower())
    return PurePosixPath(path.stem).suffix if path.suffix in _PACKED_ENDINGS else path.suffix


def _is_readable(name: PurePath, *, archives: bool = True) -> bool:
    """Whether a file in a folder or archive is a table by its name, and is not hidden."""
    inside = [part for part in name.parts if part != ".."]
    if any(map(_is_hidden, inside)):
        return False
    ending = ending_of(name.name)
    return ending in TABLES or ending in WORKBOOKS or (archives and ending == ".zip")


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "~$")) or name == "__MACOSX"


def _is_archive(file: Path) -> bool:
    """Whether a file is a zip archive and not a workbook, which is one too."""
    if head_of(file, 4) not in (b"PK\x03\x04", b"PK\x05\x06"):
        return False
    if file.suffix.lower() in WORKBOOKS:
        return False
    names = {info.filename for info in _infos(file)}
    return not names & {"[Content_Types].xml", "mimetype"}


def _members(file: Path) -> Iterator[Found]:
    infos = [info for info in _infos(file) if not info.filename.endswith("/")]
    if len(infos) > MOST_MEMBERS:
        raise InputError(file, f"holds more than {MOST_MEMBERS:,} files; unpack those that are wanted")
    wanted = [info for info in infos if _is_readable(_inside(info), archives=False)]
    if not wanted:
        raise InputError(
            file, "is a zip archive without a table; pack CSV, Excel, Parquet or JSON files into it"
        )
    for info in sorted(wanted, key=lambda info: info.filename):
        if info.flag_bits & 1:
            raise InputError(file, "is locked with a password; unpack it first")
        label = file / "/".join(part for part in _inside(info).parts if part not in ("/", ".."))
        yield Found(_inside(info).name, label, file, partial(_load_member, file, label, info))


def _inside(info: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(info.filename.replace("\\", "/"))


def _plain(file: Path) -> Found:
    return Found(file.name, file, file, partial(_load, file))


def _load(file: Path) -> Content:
    head = head_of(file, 8)
    for beginning, unpack in PACKED.items():
        if head.startswith(beginning):
            return _within_bounds(partial(unpack, file), file, file.stat().st_size)
    return file


def _load_member(file: Path, label: Path, info: zipfile.ZipInfo) -> bytes:
    with zipfile.ZipFile(file) as archive:
        data = _within_bounds(partial(archive.open, info), label, info.compress_size)
    for beginning, unpack in PACKED.items():
        if data.startswith(beginning):
            return _within_bounds(partial(unpack, io.BytesIO(data)), label, len(data))
    return data


def _within_bounds(unpack: Callable[[], IO[bytes]], label: Path, packed_bytes: int) -> bytes:
    limit = limit_of(packed_bytes)
    try:
        unpacked = io.BytesIO()
        with unpack() as stream:
            while unpacked.tell() <= limit and (chunk := stream.read(CHUNK_BYTES)):
                unpacked.write(chunk)
    except MemoryError:
        raise InputError(label, "unpacks to more than memory holds; split it into several files") from None
    except _DAMAGED:
        raise InputError(label, "its compression is cut short or damaged; fetch the file again") from None
    refuse_more_than(limit, unpacked.tell(), label)
    return unpacked.getvalue()


def limit_of(packed_bytes: int) -> int:
    """How many bytes so many packed ones may unpack to."""
    return min(MOST_BYTES, max(ALWAYS_BYTES, MOST_TIMES * packed_bytes))


def refuse_more_than(limit: int, n_bytes: int, label: Path) -> None:
    """Raise `InputError` for what unpacks to more than it may."""
    if n_bytes > limit:
        raise InputError(
            label, f"unpacks to more than {limit / 2**20:,.0f} MiB; unpack it yourself if it may be trusted"
        )
