"""The default report: four notebooks with all figures and charts, one page, tables, SVG."""

import sys

from benchkit.report import make_report

make_report(out=sys.argv[1])
