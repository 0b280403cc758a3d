"""Where the files that travel with benchkit are: in the checkout, or inside the installed package."""

from __future__ import annotations

from pathlib import Path

from benchkit.errors import UnknownNameError

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parent


def shipped(kind: str, name: str) -> Path:
    """The path of a shipped file: `kind` is `notebooks` or `published`.

    >>> shipped("published", "expectations.csv").name
    'expectations.csv'
    """
    in_checkout = _CHECKOUT / ("data/published" if kind == "published" else kind)
    in_wheel = _PACKAGE / "shipped" / kind
    folder = in_wheel if in_wheel.is_dir() else in_checkout
    path = folder / name
    if path.parent != folder or not path.is_file():
        raise UnknownNameError(kind.rstrip("s"), name, sorted(p.name for p in folder.glob("*.*")))
    return path
