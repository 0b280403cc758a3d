"""TOML files of rules that people write: read and written whole, and held to the keys there are."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from benchkit.errors import BenchkitError, InputError, UnknownNameError, show

T = TypeVar("T")

MOST_BYTES = 2**20
"""What people write by hand is smaller."""


def read_toml(path: str | Path, make: Callable[[dict[str, Any]], T]) -> T:
    """Make a value of what a TOML file says; every complaint, also of `make`, names the file."""
    try:
        return make(tomllib.loads(_text_of(Path(path))))
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror}); name another file") from None
    except BenchkitError as error:
        raise InputError(path, str(error)) from None
    except RecursionError:
        raise InputError(path, "has tables within tables without end; write it anew") from None
    except ValueError as error:
        raise InputError(path, f"is not TOML: {error}") from None


def _text_of(path: Path) -> str:
    """The text of a file that is there and ends: pipes and devices wait for ever, or go on for ever."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise BenchkitError("is a pipe or a device; name a file")
    with path.open("rb") as file:
        text = file.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise BenchkitError(f"is larger than {MOST_BYTES / 2**20:.0f} MiB; name a file of rules")
    return text.decode("utf-8-sig")


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
