"""Tidy estimates in, pictures out: one function per question, and the renderer all of them share.

Nothing is computed here that a reader would quote. A chart is as wide as its `width` says in
JupyterLab; the report's page stretches it to the column.
"""

from benchkit.charts.bridge import bridge
from benchkit.charts.control import control_chart
from benchkit.charts.curve import answered_within_curve
from benchkit.charts.definitions import definition_spread
from benchkit.charts.dots import parts_of_reply_time, reply_times_by_group, shares_by_group
from benchkit.charts.expected import expected_time
from benchkit.charts.funnel import funnel
from benchkit.charts.hours import hours_of_week
from benchkit.charts.months import months
from benchkit.charts.published import beside_published
from benchkit.charts.ranks import adjusted_ratios, rank_ranges
from benchkit.charts.strip import brands_by_industry
from benchkit.charts.style import PALETTE, enable_renderer

__all__ = [
    "PALETTE",
    "adjusted_ratios",
    "answered_within_curve",
    "beside_published",
    "brands_by_industry",
    "bridge",
    "control_chart",
    "definition_spread",
    "enable_renderer",
    "expected_time",
    "funnel",
    "hours_of_week",
    "months",
    "parts_of_reply_time",
    "rank_ranges",
    "reply_times_by_group",
    "shares_by_group",
]
