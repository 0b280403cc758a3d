"""Where files are found, and what is unpacked."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from benchkit.errors import BenchkitError, InputError
from benchkit.sources.raw import files, open_apart, open_raw
from benchkit.sources.raw.files import find_files

TABLE = b"a,b\n1,2\n"


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def write(folder: Path, **contents: bytes) -> None:
    for name, content in contents.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def names(paths: object) -> list[str]:
    return [found.name for found in files.find_files(paths)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(TABLE),
        bz2.compress(TABLE),
        lzma.compress(TABLE),
        zipped({"x/y.csv": TABLE}),
        zipped({"y.csv.gz": gzip.compress(TABLE)}),
    ],
    ids=["gzip", "bzip2", "xz", "zip", "gzip in zip"],
)
def test_packed_files_are_told_by_their_content(tmp_path: Path, packed: bytes) -> None:
    (tmp_path / "some.dat").write_bytes(packed)
    raw = open_raw(tmp_path / "some.dat")[""]
    assert raw.take(["a", "b"]).drop("(file)").rows() == [(2, 0, "1", "2")]
    (source,) = raw.sources
    assert (source.name, source.bytes) == ("some.dat", len(packed))
    assert source.sha256 == hashlib.sha256(packed).hexdigest()


def test_folders_globs_and_lists(tmp_path: Path) -> None:
    for name in ("b.csv", "a.CSV", "sub/c.json", "d.csv.gz", "sub/e.xlsx"):
        write(tmp_path, **{name.replace("/", "__"): TABLE})
    for name in ("notes.md", ".hidden.csv", "__MACOSX/b.csv", "~$e.xlsx", "f.csv.zst", "g.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(TABLE)
    assert names(tmp_path) == ["a.CSV", "b.csv", "d.csv.gz", "c.json", "e.xlsx"]
    assert names(str(tmp_path / "*.csv")) == ["b.csv"]
    assert names(tmp_path / "**" / "*.json") == ["c.json"]
    assert names([tmp_path / "b.csv", tmp_path / "*.csv", tmp_path / "notes.md"]) == ["b.csv", "notes.md"]


def test_a_name_that_looks_like_a_glob_is_a_file_where_it_is_one(tmp_path: Path) -> None:
    path = tmp_path / "export [2026].csv"
    path.write_bytes(TABLE)
    assert names(path) == ["export [2026].csv"]


def test_members_of_archives(tmp_path: Path) -> None:
    members = dict.fromkeys(
        ["../../b.csv", "a\\d.csv", "__MACOSX/._b.csv", ".x.csv", "readme.txt.md", "in.zip"], TABLE
    )
    (tmp_path / "some.zip").write_bytes(zipped(members))
    found = files.find_files(tmp_path / "some.zip")
    assert [each.name for each in found] == ["b.csv", "d.csv"]
    assert all(tmp_path / "some.zip" in each.label.parents for each in found)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["some.zip"]


def test_kinds_of_files_are_told_apart_by_their_names(tmp_path: Path) -> None:
    write(tmp_path, messages_1=b"", x__y=b"")
    for name in ("My Messages 1.csv", "messages-2.csv", "Conversations.csv", "other.csv"):
        (tmp_path / name).write_bytes(TABLE)
    (tmp_path / "more.zip").write_bytes(zipped({"in/conversations_2.csv": TABLE}))
    kinds = {"messages": "*message*", "conversations": "*conversation*", "agents": "agents*"}
    raws = open_raw(tmp_path, kinds)
    assert {kind: raw.n_read for kind, raw in raws.items()} == {"messages": 2, "conversations": 2}
    assert [source.name for source in raws["conversations"].sources] == ["Conversations.csv", "more.zip"]
    with pytest.raises(
        InputError, match=r"other.csv': is not called like '\*message\*' or '\*conversation\*' or 'agents\*'"
    ):
        open_raw(tmp_path / "other.csv", kinds)
    assert open_raw(tmp_path / "other.csv", {"messages": "*message*"})["messages"].n_read == 1


def test_files_of_different_columns_and_lists_of_one_document_are_opened_apart(tmp_path: Path) -> None:
    pages = b'{"tickets": [{"id": 1, "at": 2}], "users": [{"id": 3, "name": "x"}], "empty": [], "n": 4}'
    for name, content in {
        "a/jan.csv": b"a,b\n1,2\n",
        "a/feb.csv": b"b,a,c\n1,2,3\n",
        "a/other.csv": b"a,x,y\n1,2,3\n",
        "a/empty.csv": b"p,q\n",
        "b/page 1.json": pages,
        "b/page 2.json": pages,
        "b/users.json": b'[{"id": 3, "name": "y"}]',
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "c.zip").write_bytes(zipped({"in/more.csv": b"a,b\n5,6\n"}))
    found = [
        (kind.records, kind.label.relative_to(tmp_path).as_posix(), [part.file for part in kind.raw.parts])
        for kind in open_apart(tmp_path)
    ]
    assert found == [
        ("", "a/feb.csv", ["feb.csv", "jan.csv", "more.csv"]),
        ("", "a/other.csv", ["other.csv"]),
        ("tickets", "b/page 1.json", ["page 1.json", "page 2.json"]),
        ("users", "b/page 1.json", ["page 1.json", "page 2.json"]),
        ("", "b/users.json", ["users.json"]),
    ]
    assert [source.name for source in open_apart(tmp_path)[0].raw.sources] == ["feb.csv", "jan.csv", "c.zip"]
    with pytest.raises(
        InputError, match=r"empty.csv': holds no row or record; check that the export finished"
    ):
        open_apart(tmp_path / "a" / "empty.csv")
    with pytest.raises(InputError, match=r"holds no record at 'data.x'; check that .* or name another path"):
        open_raw(tmp_path / "b", read={"records": "data.x"})


def test_bombs_are_refused_before_they_fill_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "ALWAYS_BYTES", 2**20)
    monkeypatch.setattr(files, "CHUNK_BYTES", 2**16)
    bomb = bytes(2**24)
    for name, packed in (
        ("a.gz", gzip.compress(bomb)),
        ("a.xz", lzma.compress(bomb)),
        ("a.zip", zipped({"a.csv": bomb})),
    ):
        (tmp_path / name).write_bytes(packed)
        with pytest.raises(InputError, match=r"unpacks to more than [12] MiB"):
            open_raw(tmp_path / name)
    monkeypatch.setattr(files, "MOST_MEMBERS", 3)
    (tmp_path / "many.zip").write_bytes(zipped({f"{i}.csv": TABLE for i in range(4)}))
    with pytest.raises(InputError, match="holds more than 3 files"):
        open_raw(tmp_path / "many.zip")


def locked(content: bytes) -> bytes:
    """The same archive with the bit set that says a member is encrypted."""
    spoilt = bytearray(content)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        spoilt[spoilt.index(mark) + place] |= 1
    return bytes(spoilt)


REFUSED = {
    "locked.zip": (locked(zipped({"a.csv": TABLE})), "is locked with a password; unpack it first"),
    "cut.zip": (zipped({"a.csv": TABLE})[:-30], "is a damaged zip archive"),
    "nothing.zip": (zipped({"a.md": b"x"}), "is a zip archive without a table"),
    "empty.zip": (zipped({}), "is a zip archive without a table"),
    "in.zip": (zipped({"in.zip": b"x"}), "is a zip archive without a table"),
    "cut.csv.gz": (gzip.compress(TABLE * 99)[:-12], "its compression is cut short or damaged"),
    "cut.csv.xz": (lzma.compress(TABLE * 99)[:-12], "its compression is cut short or damaged"),
    "twice.csv.gz": (gzip.compress(gzip.compress(TABLE)), "is compressed twice"),
    "none.gz": (gzip.compress(b""), "is empty"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_archives_that_cannot_be_unpacked_are_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    content, problem = REFUSED[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=problem) as refused:
        open_raw(tmp_path / name)
    assert name in str(refused.value)


def test_damage_within_an_archive_names_the_member(tmp_path: Path) -> None:
    content = zipped({"good.csv": TABLE, "bad.csv": TABLE * 99}, zipfile.ZIP_STORED)
    (tmp_path / "some.zip").write_bytes(
        content[:-300].replace(TABLE * 50, b"x" * len(TABLE * 50)) + content[-300:]
    )
    with pytest.raises(InputError, match=r"some.zip/bad.csv': its compression is cut short or damaged"):
        open_raw(tmp_path / "some.zip")


def test_places_where_there_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path, problem in (
        (tmp_path / "empty", "names no file that can be read"),
        (tmp_path / "none.csv", "there is no such file"),
        (tmp_path / "*.csv", "names no file that can be read"),
        ("a\0b", "there is no such file"),
        ("~nobody-of-that-name/*.csv", "cannot be opened"),
    ):
        with pytest.raises(InputError, match=problem):
            open_raw(path)
    with pytest.raises(BenchkitError, match="no file is named"):
        open_raw([])


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "secret.csv"
    path.write_bytes(TABLE)
    path.chmod(0)
    with pytest.raises(InputError, match="may not be read"):
        open_raw(tmp_path)


def test_a_folder_in_a_folder_that_cannot_be_listed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("open", "shut", ".hidden"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.csv").write_text("a\n1\n")
    listed = os.scandir

    def scandir(place: str) -> object:
        if Path(place).name in ("shut", ".hidden"):
            raise PermissionError(13, "Permission denied", place)
        return listed(place)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(InputError, match=r"shut': may not be read"):
        find_files(tmp_path)
    (tmp_path / "shut").rename(tmp_path / "closed")
    assert len(find_files(tmp_path)) == 2


def test_no_path_is_no_folder() -> None:
    for nothing in ("", " ", [], ["a.csv", ""]):
        with pytest.raises(BenchkitError, match="no file is named"):
            find_files(nothing)
