"""Values of parsed JSON, whatever they are, as text, flags and objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from benchkit.sources.raw.paths import Number

Object: TypeAlias = dict[str, Any]


def text_of(value: object) -> str | None:
    """The text of a scalar: ids come as numbers or as text, and mean the same.

    >>> [text_of(value) for value in (Number("35436"), Number("35436.0"), " 35436 ", "", None, [])]
    ['35436', '35436', '35436', None, None, None]
    """
    if isinstance(value, Number):
        return value.removesuffix(".0")
    text = value.strip() if isinstance(value, str) else ""
    if not text.isascii():  # half of a pair is no text
        text = text.encode("utf-8", "replace").decode()
    return text or None


def texts_of(of: Object) -> Callable[[str], str | None]:
    """The texts that an object has by their names."""
    return lambda name: text_of(of.get(name))


def flag_of(value: object) -> bool | None:
    """True or false, said as such or in words, or nothing."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def object_of(value: object) -> Object:
    """An object, an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def objects_of(value: object) -> list[Object]:
    """The objects in a list, none where there is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
