"""Who wrote an answer: the signature that agents put at the end of a tweet."""

from __future__ import annotations

import polars as pl

UNSIGNED = "unsigned"

_LOOKALIKES = (
    "Add-On",
    "Blu-Ray",
    "Check-In",
    "E-Mail",
    "Follow-Up",
    "Hi-Fi",
    "Log-In",
    "Mon-Fri",
    "Mon-Sat",
    "Mon-Sun",
    "Plug-In",
    "Pre-Order",
    "Sat-Sun",
    "Sci-Fi",
    "Sign-In",
    "Sign-Up",
    "T-Mobile",
    "Wi-Fi",
)
_ENTITIES = {
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&#39;": "'",
    "&apos;": "'",
    "&nbsp;": " ",
    "&amp;": "&",
}

_LINK = r"https?://\S*"
_PART = r"\(?\d{1,2}/\d{1,2}\)?"
_TRAILING = rf"(?:(?:^|\s+|\b)(?:{_LINK}|{_PART})|[\s…]+)+$"

_CARET = r"\^\s?([A-Za-z][A-Za-z.]{0,19})$"
_STAR = r"(?:^|[^*])\*\s?([A-Z][A-Za-z]{1,15})$"
_SLASH = r"(?:^|[^\w/:])/\s?([A-Z]{2,3})$"
_NAME = r"\p{Lu}\p{Ll}{1,14}"
_DASH = rf"(?:^|[\s\p{{L}}.,;:!?…)\]'\"’”])[-–—~]{{1,2}}\s?((?:[A-Z]{{2,4}}|{_NAME})(?:\s\p{{Lu}}\.?)?)$"
_LOOKALIKE = rf"(?i)(?:^|[^\p{{L}}])(?:{'|'.join(_LOOKALIKES)})$"


def signature(text: pl.Expr) -> pl.Expr:
    """The signature at the end of a tweet, or null.

    >>> texts = ["Sorry! Please DM us. ^JK https://t.co/x1 (1/2)", "Restart your Wi-Fi", "Thanks -Jen"]
    >>> pl.select(signature(pl.lit(pl.Series(texts)))).to_series().to_list()
    ['JK', None, 'Jen']

    HTML entities are unescaped, and trailing links and part numbers taken off, before a
    caret, a star, a slash or a dash with initials or a name is looked for, in this order.
    """
    ending = text.str.replace(_TRAILING, "").str.tail(48)
    ending = ending.str.replace_many(_ENTITIES).str.strip_chars_end()
    dashed = pl.when(~ending.str.contains(_LOOKALIKE)).then(ending.str.extract(_DASH))
    return pl.coalesce(
        ending.str.extract(_CARET), ending.str.extract(_STAR), ending.str.extract(_SLASH), dashed
    )
