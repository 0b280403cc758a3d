"""Numbers in the words a reader uses: seconds as `1 h 12 min`, shares as `31.2%`."""

from __future__ import annotations

import calendar
import re
import unicodedata

NOTHING = "–"
_ILLEGIBLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")
_SIZES = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def human_seconds(seconds: float | None) -> str:
    """Say a duration in its two largest units, rounded.

    >>> [human_seconds(s) for s in (45, 90, 240, 725, 4_320, 183_600)]
    ['45 s', '1 min 30 s', '4 min', '12 min', '1 h 12 min', '2 d 3 h']
    >>> [human_seconds(s) for s in (None, 0, 3_599.6)]
    ['–', '0 s', '1 h']
    """
    if seconds is None:
        return NOTHING
    step = 1 if seconds < 600 else 60 if seconds < 86_400 else 3_600
    left = round(seconds / step) * step
    parts = []
    for unit, size in _SIZES:
        whole, left = divmod(left, size)
        if whole:
            parts.append(f"{whole:,} {unit}")
    return " ".join(parts[:2]) or "0 s"


def horizon(seconds: int) -> str:
    """Say a time by which one is answered, a day as people say it of answers.

    >>> horizon(3_600), horizon(86_400)
    ('1 h', '24 h')
    """
    return "24 h" if seconds == 86_400 else human_seconds(seconds)


def percent(share: float | None) -> str:
    """Say a share in percent; only nothing is 0% and only everything is 100%.

    >>> [percent(share) for share in (None, 0.0, 0.0002, 0.3125, 0.99996, 1.0)]
    ['–', '0%', '<0.1%', '31.2%', '>99.9%', '100%']
    """
    if share is None:
        return NOTHING
    if share in (0.0, 1.0):
        return f"{share:.0%}"
    if share < 0.0005:
        return "<0.1%"
    return ">99.9%" if share >= 0.9995 else f"{share:.1%}"


def count(number: float | None) -> str:
    """Say a count with thousands apart.

    >>> count(12345), count(None)
    ('12,345', '–')
    """
    return NOTHING if number is None else f"{number:,.0f}"


def figure(value: float | None, unit: str) -> str:
    """Say a value in its metric's unit: `share`, `seconds` or `count`.

    >>> figure(0.25, "share"), figure(90.0, "seconds"), figure(1e6, "count")
    ('25.0%', '1 min 30 s', '1,000,000')
    """
    return {"share": percent, "seconds": human_seconds, "count": count}[unit](value)


def span(lower: float | None, upper: float | None, unit: str) -> str:
    """Say an interval; an end that is not known is left open.

    >>> span(0.29, 0.334, "share"), span(0.0, 0.9999, "share"), span(3_600.0, 7_200.0, "seconds")
    ('29.0–33.4%', '0–100.0%', '1 h – 2 h')
    >>> span(3_600.0, None, "seconds"), span(None, None, "share")
    ('over 1 h', '')
    """
    if lower is None and upper is None:
        return ""
    if upper is None:
        return f"over {figure(lower, unit)}"
    if lower is None:
        return f"up to {figure(upper, unit)}"
    if unit == "share":
        low, high = (f"{100 * limit:.{int(0 < limit < 1)}f}" for limit in (lower, upper))
        return f"{low}–{high}%"
    dash = " – " if unit == "seconds" else "–"
    return f"{figure(lower, unit)}{dash}{figure(upper, unit)}"


def change(value: float | None, unit: str) -> str:
    """Say a difference of two values in a metric's unit, with its sign; of shares in points.

    >>> change(-0.012, "share"), change(720.0, "seconds"), change(0.0, "share"), change(None, "share")
    ('−1.2 points', '+12 min', '±0.0 points', '–')
    """
    if value is None:
        return NOTHING
    told = f"{abs(100 * value):.1f} points" if unit == "share" else figure(abs(value), unit)
    is_nothing = not any(digit in told for digit in "123456789")
    return f"{'±' if is_nothing else '−' if value < 0 else '+'}{told}"


def change_span(lower: float | None, upper: float | None, unit: str) -> str:
    """Say the interval of a difference.

    >>> change_span(-0.04, 0.016, "share"), change_span(-60.0, None, "seconds")
    ('−4.0 to +1.6 points', 'from −1 min')
    """
    low, high = change(lower, unit), change(upper, unit)
    if lower is None or upper is None:
        return (
            f"from {low}" if upper is None and lower is not None else f"up to {high}" if lower is None else ""
        )
    return f"{low.removesuffix(' points')} to {high}"


def legible(text: str) -> str:
    """Text with a mark in place of each character that no page may hold.

    >>> legible("dm\\x01 😀")
    'dm� 😀'
    """
    return _ILLEGIBLE.sub("\ufffd", text)


def shortened(text: str, *, width: int) -> str:
    """Text cut to so many characters, of which East Asian ones and emoji count as two.

    >>> shortened("Retail: general & e-commerce", width=12), shortened("별토끼텔레콤", width=7)
    ('Retail: gen…', '별토끼…')
    """
    text, left = " ".join(text.split()), width
    for place, character in enumerate(text):
        left -= 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if left < (place + 1 < len(text)):
            return text[:place].rstrip() + "…"
    return text


def month_name(month: str) -> str:
    """Say a month as people do.

    >>> month_name("2026-10")
    'October 2026'
    """
    year, number = month.split("-")
    return f"{calendar.month_name[int(number)]} {year}"
