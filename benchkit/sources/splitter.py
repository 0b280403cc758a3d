"""Split delimited text that a strict parser refuses, giving up single rows instead of the file."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from functools import cache

LOOK_AHEAD_BYTES = 16_384
"""How far a record with quotes out of place may reach; a well-formed one may be of any length."""

LOOK_AHEAD_BUDGET = 64 * 2**20
"""How many bytes may be looked ahead in vain, at least, before such a record must end with its line."""

CONTINUATION_LINES = 50
"""Over how many lines, at most, a record whose quotes do not close is taken to run on."""

_QUOTED = rb'"[^"]*+(?:""[^"]*+)*+"\r?+'
_END = rb"(?:\n|\Z)"
_BLANK = re.compile(rb"(?>[ \t\r]*+\n)++|[ \t\r]++\Z")


class Grammar:
    """How records look whose fields a sign separates: a comma, or another single byte."""

    def __init__(self, separator: bytes) -> None:
        self.separator, sign = separator, re.escape(separator)
        field_ends = rb"(?=[" + sign + rb"\n]|\Z)"
        inner_quotes = rb'"[^"\n]*+"(?:[^"' + sign + rb'\n]*+"[^"\n]*+")*+\r?+'
        bare = rb"[^" + sign + rb"\n]*+"
        self.strict = rb"(?>" + _QUOTED + rb'|[^"' + sign + rb"\n]*+)"
        self.loose = (
            rb"(?>(?:" + _QUOTED + rb"|" + inner_quotes + rb")" + field_ends + rb'|(?!")' + bare + rb")"
        )
        self.any_record = re.compile(self.loose + rb"(?:" + sign + self.loose + rb")*+" + _END)
        self._each = re.compile(rb"(" + self.loose + rb")" + sign)
        self._sign = sign

    def strict_run(self, n_fields: int) -> re.Pattern[bytes]:
        """Any number of records in a row that a strict parser reads."""
        more = rb"(?:" + self._sign + self.strict + rb"){%d}+" % (n_fields - 1)
        return re.compile(rb"(?>" + self.strict + more + _END + rb")*+")

    def record(self, n_fields: int) -> re.Pattern[bytes]:
        """One record, quotes out of place among them."""
        return re.compile(self.loose + rb"(?:" + self._sign + self.loose + rb"){%d}+" % (n_fields - 1) + _END)

    def too_many(self, n_fields: int) -> re.Pattern[bytes]:
        """The beginning of a record of more fields."""
        return re.compile(self.loose + rb"(?:" + self._sign + self.loose + rb"){%d}+" % n_fields)

    def fields(self, record: bytes) -> list[bytes]:
        """What stands in each field of a record."""
        body = record.removesuffix(b"\n").removesuffix(b"\r")
        return [_unquote(each[1]) for each in self._each.finditer(body + self.separator)]


@cache
def grammar(separator: bytes) -> Grammar:
    """The grammar of a separator.

    >>> grammar(b";").fields(b'1;"2;3"\\n')
    [b'1', b'2;3']
    """
    return Grammar(separator)


@dataclass
class Split:
    """The records that can be read, strictly quoted, and what was dropped to get them.

    In `clean` the first record begins at `start`; `gaps` says from which of its lines on how
    many lines of the original are missing.
    """

    clean: io.BytesIO = field(default_factory=io.BytesIO)
    start: int = 0
    gaps: list[tuple[int, int]] = field(default_factory=list)
    blank_rows: int = 0
    malformed: list[tuple[int, str]] = field(default_factory=list)


def split_header(head: bytes, separator: bytes = b",") -> tuple[list[str], int]:
    """Name the columns in a file's first record, and say where the next record begins.

    >>> split_header(b'\\xef\\xbb\\xbf"a","b, c"\\r\\n1,2\\r\\n')
    (['a', 'b, c'], 15)
    """
    bom = len(b"\xef\xbb\xbf") if head.startswith(b"\xef\xbb\xbf") else 0
    records = grammar(separator)
    blank = _BLANK.match(head, bom)
    start = blank.end() if blank else bom
    record = records.any_record.match(head, start)
    if record is None:
        return [], start
    return [each.decode(errors="replace") for each in records.fields(record[0])], record.end()


def split_records(data: bytes, start: int, n_fields: int, separator: bytes = b",") -> Split:
    """Keep every record of `n_fields` fields from `start` on, and say why others are dropped.

    A quote inside an unquoted field is taken literally. A record that does not parse is
    dropped up to the end of its line, so that one stray quote costs one row.

    A record that spreads over lines ends at the next line with an odd number of quotes, so
    no line is read more than a few times however the quotes are placed.
    """
    records = grammar(separator)
    strict_run, loose = records.strict_run(n_fields), records.record(n_fields)
    too_many = records.too_many(n_fields)

    split = Split()
    budget = max(LOOK_AHEAD_BUDGET, 2 * len(data))
    split.start = split.clean.write(separator.join(b"c%d" % i for i in range(n_fields)) + b"\n")
    view = memoryview(data)
    line, dropped, position, running_on = 2, max(0, data.count(b"\n", 0, start) - 1), start, 0
    if dropped:
        split.gaps.append((line, dropped))

    while position < len(data):
        run = strict_run.match(data, position)
        if run and run.end() > position:
            split.clean.write(view[position : run.end()])
            line += data.count(b"\n", position, run.end())
            position, running_on = run.end(), 0
            continue

        end_of_line = data.find(b"\n", position) + 1 or len(data)
        reach = LOOK_AHEAD_BYTES if budget > 0 and data.find(b'"', position, end_of_line) >= 0 else 0
        limit = min(len(data), max(end_of_line, position + reach))
        record = loose.match(data, position, limit)
        blank = _BLANK.match(data, position)
        if blank:
            n_lines = data.count(b"\n", position, blank.end()) or 1
            split.blank_rows += n_lines
            dropped += n_lines
            position = blank.end()
        elif record and (record.end() < limit or limit == end_of_line or limit == len(data)):
            quoted = [b'"' + each.replace(b'"', b'""') + b'"' for each in records.fields(record[0])]
            split.clean.write(separator.join(quoted) + b"\n")
            line += 1 + sum(each.count(b"\n") for each in quoted)
            position, running_on = record.end(), 0
            continue
        else:
            whole = records.any_record.match(data, position, limit)
            if too_many.match(data, position, limit):
                reason = "too many fields"
            elif whole:
                reason = "too few fields"
            else:
                reason = "quotes that do not close"
            if running_on and reason == "too few fields":
                running_on -= 1
            else:
                split.malformed.append((line + dropped, reason))
                spreads = whole.end() > end_of_line if whole else reason == "quotes that do not close"
                running_on = CONTINUATION_LINES if spreads else 0
            dropped += 1
            budget -= limit - end_of_line
            position = end_of_line
        if split.gaps and split.gaps[-1][0] == line:
            split.gaps.pop()
        split.gaps.append((line, dropped))
    return split


def _unquote(each: bytes) -> bytes:
    if each.startswith(b'"'):
        return each.removesuffix(b"\r")[1:-1].replace(b'""', b'"')
    return each
