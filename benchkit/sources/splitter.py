"""Split comma-separated text that a strict parser refuses, giving up single rows instead of the file."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field

LOOK_AHEAD_BYTES = 16_384
"""How far a record with quotes out of place may reach; a well-formed one may be of any length."""

LOOK_AHEAD_BUDGET = 64 * 2**20
"""How many bytes may be looked ahead in vain, at least, before such a record must end with its line."""

CONTINUATION_LINES = 50
"""Over how many lines, at most, a record whose quotes do not close is taken to run on."""

_FIELD_ENDS = rb"(?=[,\n]|\Z)"
_QUOTED = rb'"[^"]*+(?:""[^"]*+)*+"\r?+'
_INNER_QUOTES = rb'"[^"\n]*+"(?:[^",\n]*+"[^"\n]*+")*+\r?+'
_STRICT = rb"(?>" + _QUOTED + rb'|[^",\n]*+)'
_LOOSE = rb"(?>(?:" + _QUOTED + rb"|" + _INNER_QUOTES + rb")" + _FIELD_ENDS + rb'|(?!")[^,\n]*+)'
_END = rb"(?:\n|\Z)"
_BLANK = re.compile(rb"(?>[ \t\r]*+\n)++|[ \t\r]++\Z")
_ANY = re.compile(_LOOSE + rb"(?:," + _LOOSE + rb")*+" + _END)
_EACH = re.compile(rb"(" + _LOOSE + rb"),")


@dataclass
class Split:
    """The records that can be read, as strict CSV, and what was dropped to get them.

    In `clean` the first record begins at `start`; `gaps` says from which of its lines on how
    many lines of the original are missing.
    """

    clean: io.BytesIO = field(default_factory=io.BytesIO)
    start: int = 0
    gaps: list[tuple[int, int]] = field(default_factory=list)
    blank_rows: int = 0
    malformed: list[tuple[int, str]] = field(default_factory=list)


def split_header(head: bytes) -> tuple[list[str], int]:
    """Name the columns in a file's first record, and say where the next record begins.

    >>> split_header(b'\\xef\\xbb\\xbf"a","b, c"\\r\\n1,2\\r\\n')
    (['a', 'b, c'], 15)
    """
    bom = len(b"\xef\xbb\xbf") if head.startswith(b"\xef\xbb\xbf") else 0
    blank = _BLANK.match(head, bom)
    start = blank.end() if blank else bom
    record = _ANY.match(head, start)
    if record is None:
        return [], start
    return [_unquote(each).decode(errors="replace") for each in _fields(record[0])], record.end()


def split_records(data: bytes, start: int, n_fields: int) -> Split:
    """Keep every record of `n_fields` fields from `start` on, and say why others are dropped.

    A quote inside an unquoted field is taken literally. A record that does not parse is
    dropped up to the end of its line, so that one stray quote costs one row.

    A record that spreads over lines ends at the next line with an odd number of quotes, so
    no line is read more than a few times however the quotes are placed.
    """
    strict_run = re.compile(
        rb"(?>" + _STRICT + rb"(?:," + _STRICT + rb"){%d}+" % (n_fields - 1) + _END + rb")*+"
    )
    loose = re.compile(_LOOSE + rb"(?:," + _LOOSE + rb"){%d}+" % (n_fields - 1) + _END)
    too_many = re.compile(_LOOSE + rb"(?:," + _LOOSE + rb"){%d}+" % n_fields)

    split = Split()
    budget = max(LOOK_AHEAD_BUDGET, 2 * len(data))
    split.start = split.clean.write(b",".join(b"c%d" % i for i in range(n_fields)) + b"\n")
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
            quoted = [b'"' + _unquote(each).replace(b'"', b'""') + b'"' for each in _fields(record[0])]
            split.clean.write(b",".join(quoted) + b"\n")
            line += 1 + sum(each.count(b"\n") for each in quoted)
            position, running_on = record.end(), 0
            continue
        else:
            whole = _ANY.match(data, position, limit)
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


def _fields(record: bytes) -> list[bytes]:
    body = record.removesuffix(b"\n").removesuffix(b"\r")
    return [each[1] for each in _EACH.finditer(body + b",")]


def _unquote(each: bytes) -> bytes:
    if each.startswith(b'"'):
        return each.removesuffix(b"\r")[1:-1].replace(b'""', b'"')
    return each
