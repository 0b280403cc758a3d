"""Text of any encoding, found out by one rule, in UTF-8."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

import numpy as np

from benchkit.errors import InputError
from benchkit.sources.delimited import HEAD_BYTES, head_of
from benchkit.sources.raw.files import CHUNK_BYTES, Content, Found, bytes_of

MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
READ_AS_WINDOWS = "files not in UTF-8, read as Windows-1252"
READ_WITH_GAPS = "characters that are not UTF-8, read as �"
_NOT_IN_WINDOWS = b"\x81\x8d\x8f\x90\x9d"


def in_utf8(found: Found, content: Content, encoding: str = "") -> tuple[Content, dict[str, int]]:
    """The same text in UTF-8, and notes on what was read in a way worth knowing.

    A mark at the beginning tells the encoding; else zeros at every other byte mean UTF-16.
    Other text is UTF-8 if it can be, or if more of its characters beyond ASCII are UTF-8 than
    are not, each of those then read as U+FFFD; else it is Windows-1252, or Latin-1 where it
    has bytes that Windows-1252 has not. A file that is UTF-8 already stays on disk.
    """
    head = head_of(content, HEAD_BYTES)
    encoding = encoding or _marked(head) or _by_its_zeros(head)
    if encoding and codecs.lookup(encoding).name != "utf-8":
        text = _decoded(found, bytes_of(content), encoding)
        n_gaps = text.count("\ufffd")
        return text.removeprefix("\ufeff").encode(errors="replace"), {
            READ_WITH_GAPS: n_gaps
        } if n_gaps else {}
    n_good, n_bad = _count_characters(content)
    if not n_bad:
        return content, {}
    data = bytes_of(content)
    if encoding or n_good > n_bad:
        return data.decode(errors="replace").encode(), {READ_WITH_GAPS: n_bad}
    in_latin = any(code in data for code in _NOT_IN_WINDOWS)
    return data.decode("latin-1" if in_latin else "cp1252").encode(), {READ_AS_WINDOWS: 1}


def _marked(head: bytes) -> str:
    return next((name for mark, name in MARKS.items() if head.startswith(mark)), "")


def _by_its_zeros(head: bytes) -> str:
    """UTF-16 without a mark is told by its commas and line ends, each half a zero."""
    zeros = np.frombuffer(head[: len(head) // 2 * 2], np.uint8).reshape(-1, 2) == 0
    even, odd = (int(n) for n in zeros.sum(axis=0))
    if max(even, odd) * 20 < len(zeros) or min(even, odd) * 20 > max(even, odd):
        return ""
    return "utf-16-be" if even > odd else "utf-16-le"


def _decoded(found: Found, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding, errors="replace")
    except (LookupError, ValueError):
        raise InputError(found.label, f"is not text in {encoding}; leave encoding out of [read]") from None


def _count_characters(content: Content) -> tuple[int, int]:
    """How many characters beyond ASCII are UTF-8, and how many bytes or runs of them are not."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="strict")
    try:
        for chunk in _chunks(content):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        data = bytes_of(content)
        text = data.decode(errors="replace")
        n_bad = text.count("\ufffd") - data.count("\ufffd".encode())
        codes = np.frombuffer(data, np.uint8)
        n_lead = int(np.count_nonzero(codes >= 0xC2))
        return max(0, n_lead - n_bad), n_bad
    return 0, 0


def _chunks(content: Content) -> Iterator[bytes]:
    if isinstance(content, bytes):
        for start in range(0, len(content), CHUNK_BYTES):
            yield content[start : start + CHUNK_BYTES]
        return
    with content.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
