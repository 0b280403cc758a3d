"""From raw data to one offline page: check everything, run the notebooks, set them as a page."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchkit.errors import BenchkitError, UnknownNameError, printable, show
from benchkit.metrics import Target
from benchkit.periods import no_such_month, parse_month
from benchkit.resources import shipped
from benchkit.sources import load
from benchkit.waits import Waits, find_waits
from benchkit.words import month_name

if TYPE_CHECKING:
    from nbformat import NotebookNode

NOTEBOOKS = ("monthly_overview",)
"""The sections of a report, in its order."""


class NotebookError(BenchkitError):
    """A notebook that stopped: in which cell, at what, and where to read how far it got."""

    exit_code = 1


def make_report(
    *,
    twcs: str = "",
    messages: str = "",
    events: str = "",
    as_of: str = "",
    month: str = "",
    brand: str = "",
    target: str = "",
    out: str | Path = "data/reports",
) -> Path:
    """Make the monthly report as one self-contained page, and return where it is.

    `make_report(twcs="twcs.csv", month="2017-10")` gives a page such as
    `data/reports/twcs/all/2017-10/index.html`. What is left empty means the demo data, the
    latest final month, all brands, no target. Whatever a caller can get wrong is refused
    before a notebook starts and before anything is written. The report is made beside its
    place and moved there when it is complete: what stops it on the way leaves the previous
    one as it was.

    Raises `BenchkitError` for wrong parameters or data, and `NotebookError` for a notebook
    that failed, which is kept for reading.
    """
    data = load(twcs=twcs, messages=messages, events=events, as_of=as_of)
    waits = find_waits(data.only(brand) if brand else data)
    settled = _settle_month(waits, month)
    if target:
        Target.parse(target)
    sources = {"twcs": twcs, "messages": messages, "events": events, "as_of": as_of}
    parameters = {**sources, "month": settled, "brand": brand, "target": target}
    for notebook in NOTEBOOKS:
        _refuse_unknown(parameters, notebook)

    place = Path(out) / _folder_name(data.about.name) / (_folder_name(brand) if brand else "all") / settled
    with _replaced_when_complete(place) as (draft, notebooks):
        executed = [_run(notebook, parameters, notebooks) for notebook in NOTEBOOKS]
        from benchkit.page import page, vega_bundle

        html = page(
            executed,
            title=f"{brand or 'All brands'}: answer times, {month_name(settled)}",
            subtitle="How long customers waited for an answer on social media. "
            f"Data: {data.about.name}, taken {data.as_of:%Y-%m-%d}.",
            bundle=vega_bundle(),
        )
        (draft / "index.html").write_text(html, encoding="utf-8")
    return place / "index.html"


def _settle_month(waits: Waits, month: str) -> str:
    if not month:
        return waits.latest_month()
    period, months = parse_month(month), waits.months()
    if period.label not in months:
        raise no_such_month(period.label, months, waits.about.name)
    return period.label


def _refuse_unknown(parameters: Mapping[str, str], notebook: str) -> None:
    """Papermill would only warn, and run with the defaults."""
    from papermill.inspection import inspect_notebook

    path = shipped("notebooks", f"{notebook}.ipynb")
    known = inspect_notebook(_literal(path))  # type: ignore[no-untyped-call]
    for parameter in parameters:
        if parameter not in known:
            raise UnknownNameError("parameter", parameter, known, where=f"in {notebook}.ipynb")


def _run(notebook: str, parameters: Mapping[str, str], folder: Path) -> NotebookNode:
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError
    from papermill.execute import execute_notebook
    from traitlets.config import Config

    executed = folder / f"{notebook}.ipynb"
    try:
        done: NotebookNode = execute_notebook(  # type: ignore[no-untyped-call]
            _literal(shipped("notebooks", executed.name)),
            _literal(executed),
            parameters=dict(parameters),
            kernel_name="python3",
            progress_bar=False,
            config=Config({"KernelManager": {"transport_encryption": "auto"}}),
        )
        return done
    except PapermillExecutionError as error:
        source = [f"    {line}" for line in error.source.splitlines()]
        reason = f"{error.ename}: {error.evalue}".splitlines()[:5]
        stopped = [f"{executed.name} stopped in cell {error.exec_count}:", *source, *reason]
    except DeadKernelError:
        stopped = [f"{executed.name} stopped: its kernel died, perhaps for want of memory"]
    raise NotebookError("\n".join(map(printable, stopped)))


def _literal(path: Path) -> str:
    """A path as papermill takes it, which fills in whatever stands in braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _folder_name(name: str) -> str:
    """A name as a folder's, safe on every system; a name that lost something gets a hash.

    >>> _folder_name("AppleSupport"), _folder_name("한국 전력"), _folder_name("../../etc")
    ('AppleSupport', '한국-전력', 'etc-74ccf3')
    """
    plain = unicodedata.normalize("NFC", name).strip().replace(" ", "-")
    safe = re.sub(r"\W+", "-", plain).strip("-_")[:60]
    is_reserved = re.fullmatch(r"all|con|prn|aux|nul|(com|lpt)\d", safe, re.IGNORECASE)
    if safe == plain and not is_reserved:
        return safe
    return f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:6]}".lstrip("-")


@contextmanager
def _replaced_when_complete(place: Path) -> Iterator[tuple[Path, Path]]:
    """Give a folder for the report and one for its notebooks; move the first to `place` at the end.

    If a notebook fails, the second is kept, beside `place`.
    """
    failed = place.with_name(f"{place.name}-failed")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    except OSError as error:
        raise BenchkitError(
            f"cannot write to {show(place.parent, limit=400)}: {error.strerror}; name another folder"
        ) from error
    draft, notebooks, previous = work / "report", work / "notebooks", work / "previous"
    try:
        draft.mkdir()
        notebooks.mkdir()
        yield draft, notebooks
        if place.exists():
            place.rename(previous)
        draft.rename(place)
        shutil.rmtree(failed, ignore_errors=True)
    except NotebookError as error:
        shutil.rmtree(failed, ignore_errors=True)
        notebooks.rename(failed)
        raise NotebookError(f"{error}\nas far as it got: {show(failed, limit=400)}") from error
    except OSError as error:
        if previous.exists() and not place.exists():
            previous.rename(place)
        raise BenchkitError(
            f"could not write {show(place, limit=400)}: {error.strerror}; the last report stands"
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
