"""Measure how long a brand's customers wait for an answer on social media, honestly."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchkit.auditing import audit as audit
    from benchkit.calendars import Calendar as Calendar
    from benchkit.calendars import Calendars as Calendars
    from benchkit.catalogue import CATALOGUE as CATALOGUE
    from benchkit.catalogue import glossary as glossary
    from benchkit.comparability import comparable as comparable
    from benchkit.comparisons.definitions import compare_definitions as compare_definitions
    from benchkit.comparisons.reconcile import reconcile as reconcile
    from benchkit.dataset import Dataset as Dataset
    from benchkit.definitions import BENCHKIT as BENCHKIT
    from benchkit.definitions import Definition as Definition
    from benchkit.enriching import enrich as enrich
    from benchkit.errors import BenchkitError as BenchkitError
    from benchkit.finding import find_waits as find_waits
    from benchkit.handover import load_findings as load_findings
    from benchkit.handover import load_waits as load_waits
    from benchkit.measurement import expectation_curve as expectation_curve
    from benchkit.measurement import measure as measure
    from benchkit.measurement import measure_months as measure_months
    from benchkit.metrics import Metric as Metric
    from benchkit.metrics import answered_within as answered_within
    from benchkit.pseudonyms import pseudonymise as pseudonymise
    from benchkit.pseudonyms import pseudonymise_findings as pseudonymise_findings
    from benchkit.published import expectations as expectations
    from benchkit.sources import load as load
    from benchkit.sources.exports import read_export as read_export
    from benchkit.sources.messages import read_messages as read_messages
    from benchkit.sources.synthetic import synthesize as synthesize
    from benchkit.sources.twcs import read_twcs as read_twcs
    from benchkit.store.reading import open_dataset as open_dataset
    from benchkit.tracing import trace as trace
    from benchkit.waits import Waits as Waits

__version__ = "0.1.0"

_HOME = {
    "BENCHKIT": "definitions",
    "BenchkitError": "errors",
    "CATALOGUE": "catalogue",
    "Calendar": "calendars",
    "Calendars": "calendars",
    "Dataset": "dataset",
    "Definition": "definitions",
    "Metric": "metrics",
    "Waits": "waits",
    "answered_within": "metrics",
    "audit": "auditing",
    "comparable": "comparability",
    "compare_definitions": "comparisons.definitions",
    "enrich": "enriching",
    "expectation_curve": "measurement",
    "expectations": "published",
    "find_waits": "finding",
    "glossary": "catalogue",
    "load": "sources",
    "load_findings": "handover",
    "load_waits": "handover",
    "measure": "measurement",
    "measure_months": "measurement",
    "open_dataset": "store.reading",
    "pseudonymise": "pseudonyms",
    "pseudonymise_findings": "pseudonyms",
    "reconcile": "comparisons.reconcile",
    "read_export": "sources.exports",
    "read_messages": "sources.messages",
    "read_twcs": "sources.twcs",
    "synthesize": "sources.synthetic",
    "trace": "tracing",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'benchkit' has no attribute {name!r}")
    return getattr(importlib.import_module(f"benchkit.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*_HOME, "__version__"])
