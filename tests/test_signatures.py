"""Who signed: a table of made-up endings."""

from __future__ import annotations

import polars as pl
import pytest

from benchkit.sources.signatures import signature

SIGNED = [
    ("Please send us a DM. ^JK", "JK"),
    ("Please send us a DM ^ JK", "JK"),
    ("^Anna", "Anna"),
    ("We are on it.^mk", "mk"),
    ("Sorry to hear that ^J.K.", "J.K."),
    ("Hang tight ^R", "R"),
    ("Have you tried another device? ^MM", "MM"),
    ("Here is the form ^RR https://t.co/abc", "RR"),
    ("Here is the form ^RR https://t.co/abc https://t.co/def", "RR"),
    ("First this, ^TB 1/2", "TB"),
    ("then that ^TB (2/2)", "TB"),
    ("then that (2/3) ^TB", "TB"),
    ("then that ^TB (2/2) https://t.co/xyz", "TB"),
    ("See https://t.co/xyz ^LW", "LW"),
    ("Your order &amp; invoice ^PQ", "PQ"),
    ("We &lt;3 you -Jen", "Jen"),
    ("We are here to help. *Sam", "Sam"),
    ("We are here to help *SB", "SB"),
    ("* Kim", "Kim"),
    ("We can help! /AY", "AY"),
    ("We can help! / AYZ", "AYZ"),
    ("(we can help) /AY", "AY"),
    ("We can help. -Jen", "Jen"),
    ("We can help. - Jen", "Jen"),
    ("We can help. --JV", "JV"),
    ("Thank you!-Anwar", "Anwar"),
    ("Thanks-Sha", "Sha"),
    ("All good now ~XY", "XY"),
    ("All good now – Jo", "Jo"),
    ("All good now —JOAN", "JOAN"),
    ("All good now -Jen K", "Jen K"),
    ("All good now -Jen K.", "Jen K."),
    ("Let us know -KC ", "KC"),
    ("Let us know\n-KC", "KC"),
    ("À bientôt -Zoé", "Zoé"),
    ("좋은 하루 되세요 ^HJ", "HJ"),
    ("It reads 'closed' -AB", "AB"),
    ("We are open 24/7 -AB", "AB"),
    ("Welcome 🎉 ^EM", "EM"),
    ("Ask for &quot;Ben&quot; -AB", "AB"),
]
UNSIGNED = [
    "Please send us a DM.",
    "",
    "Restart your Wi-Fi",
    "Turn off Hi-Fi",
    "We love Sci-Fi",
    "The WI-FI",
    "It costs 5-10",
    "That is 2^10",
    "Use the **Bold",
    "See a/AB",
    "See http://x/AB",
    "and//AB",
    "Thanks - the whole team",
    "We are open Mon-Fri",
    "I read it on -the- page",
    "-Abcdefghijklmnopqrst",
    "It is -12 outside",
    "https://t.co/-AB",
    "We are open 24/7",
    "^",
    "50% off*",
    "hello -abc",
    "*sam",
    "/ab",
    "-A",
]


@pytest.mark.parametrize(("text", "expected"), SIGNED + [(text, None) for text in UNSIGNED])
def test_signature(text: str, expected: str | None) -> None:
    assert pl.select(signature(pl.lit(text))).item() == expected
