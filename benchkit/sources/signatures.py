"""Who signed an answer: the initials or the name that agents put at the end of a tweet."""

from __future__ import annotations

from html.entities import name2codepoint

import polars as pl

_ENTITIES = {
    f"&{form};": chr(code)
    for name, code in (*name2codepoint.items(), ("apos", ord("'")))
    for form in (name, f"#{code}", f"#{code:03}", f"#x{code:x}", f"#x{code:X}")
}

_LINK = r"https?://\S+"
_PART = r"\(?[0-9]{1,2}/[0-9]{1,2}\)?"
_TRAILING = rf"(?:\s*(?:{_LINK}|{_PART}))*\s*$"

_LOOKALIKES = (
    "add-on|blu-ray|check-in|e-mail|follow-up|hi-fi|log-in|mon-fri|mon-sat|mon-sun|plug-in|pre-order|"
    "sat-sun|sci-fi|sign-in|sign-up|t-mobile|wi-fi"
).replace("-", "[-–—]")
_INITIALS = r"[A-Z]{2,4}"
_NAME = r"[A-ZÀ-Þ][A-Za-zÀ-ÿ]{0,13}[a-zß-ÿ](?:\s?[A-ZÀ-Þ]\.?)?"  # all of Unicode takes thrice the time
_SIGNATURES = (
    r"\^\s?[A-Za-z][A-Za-z.]{0,19}",
    r"(?:^|[^*])\*\s?[A-Z][A-Za-z]{1,15}",
    r"(?:^|[^\w/:])/\s?[A-Z]{2,3}",
    rf"""[\s.,;:!?…"'”’)\]\p{{L}}][-–—~]{{1,2}}\s?(?:{_INITIALS}|{_NAME})""",
)
_ENDING = rf"(?:(?s:.)?(?-u:\b)(?i:{_LOOKALIKES})|{'|'.join(_SIGNATURES)})?{_TRAILING}"
_SIGNER = rf"(?s)^(?:\^|.?[*/]|.[-–—~]{{1,2}})\s?([A-Za-zÀ-ÿ][A-Za-zÀ-ÿ.]*?(?:\s[A-ZÀ-Þ]\.?)?){_TRAILING}"


def signature(text: pl.Expr) -> pl.Expr:
    """The signature at the end of a text, or null.

    >>> texts = pl.Series(["@1 We're on it! -Jen https://t.co/a (1/2)", "@1 Is it the Wi-Fi?"])
    >>> pl.select(signature(pl.lit(texts))).to_series().to_list()
    ['Jen', None]

    Entities are unescaped, links and part numbers after the signature passed over. Before
    those stands a caret, a star, a slash or a dash, and what looks like initials or a name.
    """
    return text.str.replace_many(_ENTITIES).str.extract(_ENDING, 0).str.extract(_SIGNER)
