"""What a mapping may say of how its files are read, where that cannot be found out."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass
from types import UnionType

from benchkit.errors import BenchkitError, show
from benchkit.toml import as_table


@dataclass(frozen=True)
class Reading:
    """How files are read; what is left out is found out.

    `records` is the dotted path to the list of records in a JSON document, `.` where the
    document is the record, or a list of them; `sheet` a sheet's name or number; `separator` the sign between
    fields; `encoding` a codec's name; `header_row` the number of the row of names, from 1.
    """

    records: str = ""
    sheet: str | int = ""
    separator: str = ""
    encoding: str = ""
    header_row: int = 0
    query: str = ""

    @classmethod
    def of(cls, told: Mapping[str, object]) -> Reading:
        """Make it of a mapping's `[read]` table; raises `BenchkitError` for what cannot be meant."""
        given = as_table(told, "[read]", list(cls.__dataclass_fields__))
        for name, value in given.items():
            meant, in_words = _MEANT.get(name, (str, "a text"))
            if not isinstance(value, meant) or isinstance(value, bool):
                raise BenchkitError(f"{name} in [read] is {show(value)}; give {in_words}")
        reading = cls(**given)
        if reading.header_row < 0:
            raise BenchkitError(f"header_row in [read] is {reading.header_row}; count rows from 1")
        sign = reading.separator
        if sign and (len(sign) > 1 or not sign.isascii() or sign in '\r\n"\0' or sign.isalnum()):
            raise BenchkitError(f"separator in [read] is {show(sign)}; give one sign, such as ; or a tab")
        try:
            codecs.lookup(reading.encoding or "utf-8")
            "".encode(reading.encoding or "utf-8")
        except (LookupError, ValueError):
            raise BenchkitError(
                f"encoding in [read] is {show(reading.encoding)}; give one such as utf-8, utf-16 or cp1252"
            ) from None
        return reading


_MEANT: dict[str, tuple[type | UnionType, str]] = {
    "header_row": (int, "a number"),
    "sheet": (str | int, "a sheet's name or number"),
}
