"""Who signed: every form of signature, and what only looks like one."""

from __future__ import annotations

import html
import re

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benchkit.sources.signatures import signature

SIGNED = [
    # caret
    ("@1 Please send us a message. ^JK", "JK"),
    ("@1 Please send us a message ^ JK", "JK"),
    ("@1 We are on it.^mk", "mk"),
    ("@1 Hang tight ^R", "R"),
    ("@1 We can help ^Anna", "Anna"),
    ("@1 We can help ^J.R.", "J.R."),
    ("^JK", "JK"),
    ("@1 Two lines,\none name\n^MO", "MO"),
    ("@1 좋은 하루 되세요 ^HJ", "HJ"),
    ("@1 Welcome 🎉 ^EM", "EM"),
    # star
    ("@1 Sorry to hear that. *Kim", "Kim"),
    ("@1 Sorry to hear that.* Kim", "Kim"),
    ("@1 Sorry *TJ", "TJ"),
    ("*Kim", "Kim"),
    # slash
    ("@1 Please send us a message /AB", "AB"),
    ("@1 Please send us a message. / ABC", "ABC"),
    ("@1 (we can help)/AB", "AB"),
    # dash
    ("@1 Thank you. -Jen", "Jen"),
    ("@1 Thank you. - Jen", "Jen"),
    ("@1 Thank you. --JV", "JV"),
    ("@1 Thank you!-Anwar", "Anwar"),
    ("@1 Thanks-Sha", "Sha"),
    ("@1 Thank you ~XY", "XY"),
    ("@1 Thank you ~ Mo", "Mo"),
    ("@1 Thank you –Jo", "Jo"),
    ("@1 Thank you — Jo", "Jo"),
    ("@1 À bientôt -Zoé", "Zoé"),
    ("@1 Thank you? -ABCD", "ABCD"),
    ('@1 We said "soon" -DD', "DD"),
    ("@1 Thank you (again)-DD", "DD"),
    ("@1 Thank you. -Jen B", "Jen B"),
    ("@1 Thank you. -Jen B.", "Jen B."),
    ("@1 Thank you. -JenB", "JenB"),
    ("@1 Thank you. -McKenna", "McKenna"),
    ("@1 Grüße-Tom", "Tom"),
    ("@1 It is Wi-Fi -Jo", "Jo"),
    ("@1 We are open 24/7 -AB", "AB"),
    ("@1 Thank you. -Bartholomewxyza", "Bartholomewxyza"),
    # what comes after it
    ("@1 Follow the link ^KC https://t.co/AbC123", "KC"),
    ("@1 Follow the links -Jen https://t.co/a https://t.co/b", "Jen"),
    ("@1 See https://t.co/xyz ^LW", "LW"),
    ("@1 There is more. ^KC 1/2", "KC"),
    ("@1 There is more. ^KC (2/3)", "KC"),
    ("@1 There is more. (2/3) ^KC", "KC"),
    ("@1 There is more. ^KC (1/2) https://t.co/a", "KC"),
    ("@1 There is more. ^KC https://t.co/a 1/2", "KC"),
    ("@1 There is more. *Kim1/2", "Kim"),
    ("@1 There is more. -JVhttps://t.co/a", "JV"),
    ("@1 There is space. ^KC \n ", "KC"),
    # entities
    ("@1 Thank you&nbsp;-Jen", "Jen"),
    ("@1 Thank you &ndash; Jen", "Jen"),
    ("@1 We said &quot;soon&quot;-Jen", "Jen"),
    ("@1 Hurry! &#x2014;Jen", "Jen"),
    ("@1 Salt &amp; pepper ^KC", "KC"),
]

UNSIGNED = [
    "",
    " ",
    "@1 Thank you for waiting.",
    "@1 Is it the Wi-Fi",
    "@1 Is it the WI-FI https://t.co/a",
    "@1 Bring back your Hi-Fi",
    "@1 We love Sci-Fi 1/2",
    "@1 Welcome to T-Mobile",
    "@1 We are open Mon-Fri",
    "@1 Follow the link https://t.co/AbC-Jen",
    "@1 Follow the link https://t.co/x/AB",
    "@1 Either and/OR",
    "@1 http:/AB",
    "@1 //AB",
    "@1 **Bold",
    "@1 *bold",
    "@1 ^1",
    "@1 x ^",
    "@1 Open 24/7",
    "@1 Mail us: help@brand.com",
    "@1 See you on 12/25",
    "@1 a ---Jen",
    "@1 call 555-JEN",
    "@1 Thanks - the whole team",
    "@1 -jen",
    "@1 the end -THANKS",
    "@1 Thank you. -Bartholomewxyzabc",
    "@1 Thank you. -J",
    "@1 Signed ^KC and not at the end",
    "@1 ^abcdefghijklmnopqrstu",
    "@1 R&D;-",
]


def sign(text: str) -> str | None:
    found = pl.select(signature(pl.lit(text))).item()
    assert found is None or isinstance(found, str)
    return found


@pytest.mark.parametrize(("text", "signer"), [*SIGNED, *((text, None) for text in UNSIGNED)])
def test_signature(text: str, signer: str | None) -> None:
    assert sign(text) == signer


def test_no_text_has_no_signature() -> None:
    nothing = pl.Series([None, None], dtype=pl.String)
    assert pl.select(signature(pl.lit(nothing))).to_series().null_count() == 2


def plainly(text: str) -> str | None:
    """The rules as they are written, one after the other, with look-behind."""
    ending, before = html.unescape(text), None
    while ending != before:
        before = ending
        ending = re.sub(r"(\s+|https?://\S+|\(?[0-9]{1,2}/[0-9]{1,2}\)?)$", "", ending)
    if re.search(r"\b(wi|hi|sci)-fi$", ending, re.IGNORECASE):
        return None
    for form in (
        r"\^\s?([A-Za-z][A-Za-z.]{0,19})$",
        r"(?<!\*)\*\s?([A-Z][A-Za-z]{1,15})$",
        r"(?<![\w/:])/\s?([A-Z]{2,3})$",
        r"(?<=[\s.:!?)A-Za-z])[-–—~]{1,2}\s?([A-Z]{2,4}|[A-Z][A-Za-z]{0,13}[a-z](?:\s?[A-Z]\.?)?)$",
    ):
        if found := re.search(form, ending):
            return found[1]
    return None


PIECES = ["^", "*", "/", "-", "--", "–", "~", " ", "\n", ".", "!", "a", "x", "KC", "Jen", "Kim", "B", "B."]
PIECES += ["Wi-Fi", " 1/2", " (2/3)", " https://t.co/x-Jen", "&amp;", "&nbsp;", "&ndash;", ":", "_", "7"]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
@example("x -Jen B 1/2 https://t.co/x-Jen")
def test_signatures_are_what_the_rules_say_one_by_one(text: str) -> None:
    assert sign(text) == plainly(text)
