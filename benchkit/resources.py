"""Where the files that travel with benchkit are: in the checkout, or inside the installed package."""

from __future__ import annotations

from pathlib import Path

from benchkit.errors import UnknownNameError

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parent
_KINDS = {"notebooks": "notebooks", "published": "data/published", "mappings": "data/mappings"}


def shipped(kind: str, name: str) -> Path:
    """The path of a shipped file: `kind` is `notebooks`, `published` or `mappings`.

    >>> shipped("published", "expectations.csv").name
    'expectations.csv'
    """
    folder = _folder(kind)
    path = folder / name
    if path.parent != folder or not path.is_file():
        raise UnknownNameError(kind.rstrip("s"), name, shipped_names(kind))
    return path


def shipped_names(kind: str) -> list[str]:
    """The names of the shipped files of a kind, in order."""
    return sorted(path.name for path in _folder(kind).glob("*.*"))


def _folder(kind: str) -> Path:
    in_wheel = _PACKAGE / "shipped" / kind
    return in_wheel if in_wheel.is_dir() else _CHECKOUT / _KINDS[kind]
