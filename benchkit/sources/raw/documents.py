"""Where the records of a JSON text stand: elements of a list, objects, or one on each line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from json import decoder
from pathlib import Path
from typing import Any

from benchkit.errors import InputError, show
from benchkit.sources.raw.paths import Number

DECODER = json.JSONDecoder(strict=False, parse_float=Number, parse_int=Number, parse_constant=lambda _: None)
ITSELF = "."
"""In place of a path to records: the document is the record, or a list of them."""

NO_OBJECT = "no object"
NOT_PARSED = "JSON that does not parse"
CUT_SHORT = "ends in the middle of its JSON, so nobody knows what is missing; fetch or export it again"
TOO_DEEP = "lists or objects nested too deeply"
BLANKS = " \t\r\n"


class SeveralListsError(InputError):
    """A document with several lists of records, `lists`, of which nobody said which one is meant."""

    def __init__(self, path: str | Path, lists: Sequence[str]) -> None:
        listed = ", ".join(show(name) for name in lists[:5])
        super().__init__(path, f"holds several lists of records, {listed}; name one with records in [read]")
        self.lists = list(lists)


class _CutShort(Exception):  # noqa: N818
    pass


@dataclass
class Places:
    """Where records begin and end in a text, and where there is something that is none."""

    records: list[tuple[int, int]] = field(default_factory=list)
    malformed: list[tuple[int, str]] = field(default_factory=list)
    n_blank: int = 0


def find_in_lines(text: str, path_to_records: str = "") -> Places:
    """The records of a text that has one on each line, or a list of them at a path in each line."""
    places = Places()
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        line = text[start:end]
        if not line.strip(BLANKS):
            places.n_blank += 1
        else:
            _find_in_line(places, line, start, path_to_records)
        start = end + 1
    return places


def _find_in_line(places: Places, line: str, start: int, path_to_records: str) -> None:
    scan = _Scan(Path(), line)
    try:
        scan.read(path_to_records or ITSELF)
    except (_CutShort, InputError, RecursionError, ValueError) as problem:
        places.malformed.append((start, TOO_DEEP if isinstance(problem, RecursionError) else NOT_PARSED))
        return
    places.records += [(start + begins, start + ends) for begins, ends in scan.places.records]
    places.malformed += [(start + begins, reason) for begins, reason in scan.places.malformed]


def find_in_document(label: Path, text: str, path_to_records: str = "") -> Places:
    """The records of a JSON document: of its list, of the one list in it, or of the list at a path.

    Raises `InputError` for what is no JSON, and for a document that is cut short: nobody knows how
    much of it is missing.
    """
    scan = _Scan(label, text)
    try:
        scan.read(path_to_records)
    except _CutShort:
        raise InputError(label, CUT_SHORT) from None
    except RecursionError:
        raise InputError(label, f"has {TOO_DEEP}; export it again") from None
    except json.JSONDecodeError:
        line = 1 + text.count("\n", 0, scan.at)
        raise InputError(label, "is not JSON; export it again", line=line) from None
    return scan.places


class _Scan:
    """One pass over a text, value by value, so that no more than one record is held."""

    def __init__(self, label: Path, text: str) -> None:
        self.label, self.text = label, text
        self.at = 0
        self.places = Places()

    def read(self, path_to_records: str) -> None:
        keys = path_to_records.encode().decode("latin-1").split(".") if path_to_records else []
        self.skip_blanks()
        while self.at < len(self.text):
            if path_to_records == ITSELF:
                self.descend([])
            elif keys:
                self.descend(keys)
            elif self.text[self.at] == "{":
                self.find_list()
            else:
                self.descend([])
            self.skip_blanks()

    def descend(self, keys: list[str]) -> None:
        """Read the records at a path below this place."""
        opening = self.text[self.at]
        if not keys and opening == "[":
            for _ in self.members():
                self.record()
        elif not keys:
            self.record()
        elif opening == "{":
            for key in self.members():
                steps = (n for n in range(len(keys), 0, -1) if key == ".".join(keys[:n]))
                if n_steps := next(steps, 0):
                    self.descend(keys[n_steps:])
                else:
                    self.value()
        else:
            self.value()

    def find_list(self) -> None:
        """Read the records of the one list of objects in an object; without one, it is the record."""
        begins, found = self.at, {}
        before = self.places
        try:
            for key in self.members():
                if (
                    self.text[self.at] == "["
                    and self.text[self.at + 1 : self.at + 100].lstrip(BLANKS)[:1] == "{"
                ):
                    self.places = found[key] = Places()
                    self.descend([])
                else:
                    self.value()
        finally:
            self.places = before
            if len(found) == 1:
                only = next(iter(found.values()))
                before.records += only.records
                before.malformed += only.malformed
        if not found:
            before.records.append((begins, self.at))
        elif len(found) > 1:
            names = [key.encode("latin-1").decode(errors="replace") for key in found]
            raise SeveralListsError(self.label, names)

    def members(self) -> Iterator[str]:
        """Stop at each value of an object (and tell its key) or of a list; the reader moves on past it."""
        closing = {"{": "}", "[": "]"}[self.text[self.at]]
        self.at += 1
        self.skip_blanks()
        more = self.sign() != closing
        while more:
            yield self.key() if closing == "}" else ""
            self.skip_blanks()
            more = self.sign() != closing
            if more:
                self.expect(",")
                self.skip_blanks()
        self.at += 1

    def key(self) -> str:
        self.expect('"')
        try:
            key, self.at = decoder.scanstring(self.text, self.at, False)  # type: ignore[attr-defined]
        except json.JSONDecodeError as error:
            raise self.refusal(error) from None
        self.skip_blanks()
        self.expect(":")
        self.skip_blanks()
        self.sign()
        return str(key)

    def record(self) -> None:
        """Note where a value begins and ends, and whether it is a record."""
        begins = self.at
        if isinstance(self.value(), dict):
            self.places.records.append((begins, self.at))
        else:
            self.places.malformed.append((begins, NO_OBJECT))

    def value(self) -> Any:
        try:
            value, self.at = DECODER.raw_decode(self.text, self.at)
        except json.JSONDecodeError as error:
            raise self.refusal(error) from None
        return value

    def refusal(self, error: json.JSONDecodeError) -> Exception:
        """What parsing failed for: at the end of the text, that it is cut short."""
        rest = self.text[error.pos : error.pos + 10].strip(BLANKS)
        if error.msg.startswith("Unterminated") or (len(rest) < 6 and error.pos + 10 > len(self.text)):
            return _CutShort()
        self.at = error.pos
        return error

    def skip_blanks(self) -> None:
        text, at = self.text, self.at
        while at < len(text) and text[at] in BLANKS:
            at += 1
        self.at = at

    def sign(self) -> str:
        if self.at >= len(self.text):
            raise _CutShort
        return self.text[self.at]

    def expect(self, sign: str) -> None:
        self.skip_blanks()
        if self.sign() != sign:
            raise json.JSONDecodeError(f"no {sign}", self.text, self.at)
        self.at += 1
