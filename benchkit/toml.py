"""TOML files of rules that people write: read and written whole, and held to the keys there are."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from benchkit.errors import BenchkitError, InputError, UnknownNameError, show

T = TypeVar("T")


def read_toml(path: str | Path, make: Callable[[dict[str, Any]], T]) -> T:
    """Make a value of what a TOML file says; every complaint, also of `make`, names the file."""
    try:
        return make(tomllib.loads(Path(path).read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror}); name another file") from None
    except BenchkitError as error:
        raise InputError(path, str(error)) from None
    except RecursionError:
        raise InputError(path, "has tables within tables without end; write it anew") from None
    except ValueError as error:
        raise InputError(path, f"is not TOML: {error}") from None


def write_toml(told: Mapping[str, Any], path: str | Path) -> Path:
    """Write plain values to a TOML file, whole or not at all."""
    import tomli_w

    from benchkit.output import write_whole

    text = tomli_w.dumps(told)
    return write_whole(path, lambda place: place.write_text(text, encoding="utf-8"))


def as_table(
    told: object, what: str, known: Collection[str] | None = None, *, needed: Collection[str] = ()
) -> dict[str, Any]:
    """What was told as a table, with no other keys than are known, and those that are needed.

    >>> as_table({"by": "brand"}, "calendars", ["by", "default"])
    {'by': 'brand'}
    """
    if not isinstance(told, Mapping):
        raise BenchkitError(f"{what} is {show(told)}; give a table")
    for key in told:
        if known is not None and key not in known:
            raise UnknownNameError("key", key, known, where=f"in {what}")
    for key in needed:
        if key not in told:
            raise BenchkitError(f"{what} does not say {key}; it needs {' and '.join(needed)}")
    return dict(told)
