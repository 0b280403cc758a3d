"""Dotted paths into nested records, and what stands there as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

Key: TypeAlias = str | int | None
"""A key of an object, the place of an element in a list, or None for all its elements."""

MISSING: Final = object()
MOST_NAMES = 5_000
_STEP = re.compile(r"(.*?)((?:\[-?\d{0,9}\])*)", re.DOTALL)


class Number(str):
    """A number as it is written, with all its digits."""

    __slots__ = ()


def keys_of(path: str) -> list[Key]:
    """The steps of a path: keys between dots, `[0]` for an element of a list, `[]` for all.

    >>> keys_of("contacts[0].tags[].name")
    ['contacts', 0, 'tags', None, 'name']
    """
    keys: list[Key] = []
    for part in path.split(".") if path else []:
        step = _STEP.fullmatch(part)
        name, places = (step[1], step[2]) if step else (part, "")
        keys += [name] if name or not places else []
        keys += [int(place) if place else None for place in places[1:-1].split("][")] if places else []
    return keys


def value_at(value: Any, keys: list[Key]) -> Any:
    """What stands at a path, `MISSING` where there is no such place.

    >>> value_at({"a": [{"b": 1}, {"b": 2}]}, keys_of("a[].b"))
    [1, 2]
    """
    found = _straight(value, keys)
    return _by_dotted_keys(value, keys) if found is MISSING and len(keys) > 1 else found


def _straight(value: Any, keys: list[Key]) -> Any:
    for i, key in enumerate(keys):
        if isinstance(key, str):
            if not isinstance(value, dict) or key not in value:
                return MISSING
            value = value[key]
        elif not isinstance(value, list):
            return MISSING
        elif key is None:
            found = (value_at(each, keys[i + 1 :]) for each in value)
            return [each for each in found if each is not MISSING and each is not None] or None
        elif not -len(value) <= key < len(value):
            return None
        else:
            value = value[key]
    return value


def _by_dotted_keys(value: Any, keys: list[Key]) -> Any:
    """The same where a key of the record has dots in it, and is so several steps of the path."""
    if not isinstance(value, dict) or not keys:
        return _straight(value, keys)
    for n_steps in range(1, len(keys) + 1):
        key = ".".join(str(each) for each in keys[:n_steps])
        if key in value:
            found = _by_dotted_keys(value[key], keys[n_steps:])
            if found is not MISSING:
                return found
    return MISSING


def look_up(value: Any, path: str, keys: list[Key]) -> Any:
    """What stands at a path that may be a key as it is, whatever signs are in it."""
    return value[path] if isinstance(value, dict) and path in value else value_at(value, keys)


def elements(value: Any, keys: list[Key]) -> Iterable[Any]:
    """The elements of the list at a path; of all the lists, where `[]` is in it."""
    found = value_at(value, keys)
    for _ in range(keys.count(None)):
        found = [each for some in found or [] for each in (some if isinstance(some, list) else [some])]
    if isinstance(found, dict):
        return [found]
    return [each for each in found if each is not None] if isinstance(found, list) else []


def text_of(value: Any) -> str | None:
    """A value as text: numbers as written, what is nested as compact JSON, None where nothing is told.

    >>> text_of({"a": [Number("1.50"), True]})
    '{"a":[1.50,true]}'
    """
    if isinstance(value, str):
        return str(value) if value and not value.isspace() else None
    if value is None or value is MISSING or value == [] or value == {}:
        return None
    try:
        return _json(value)
    except RecursionError:
        return None


def _json(value: Any) -> str:
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_json(key)}:{_json(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def add_names(value: Any, names: dict[str, None], prefix: str | None = None) -> None:
    """Add the paths to all values within a record, at most `MOST_NAMES`."""
    if isinstance(value, dict):
        for key, each in value.items():
            add_names(each, names, key if prefix is None else f"{prefix}.{key}")
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        for each in value:
            add_names(each, names, f"{prefix}[]")
    elif prefix is not None and prefix not in names and len(names) < MOST_NAMES:
        names[prefix] = None
