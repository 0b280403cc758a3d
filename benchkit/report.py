"""From raw data to one offline page: check everything, run the notebooks, set them as a page."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from benchkit.auditing import audit
from benchkit.comparisons import expected_time
from benchkit.errors import BenchkitError, UnknownNameError, printable, show
from benchkit.folders import IncompleteError, folder_name, replaced_when_complete
from benchkit.handover import hand_over, waits_of
from benchkit.kernels import Kernels
from benchkit.measurement import expectation_curve, measure, measure_months
from benchkit.metrics import Target
from benchkit.output import write_table
from benchkit.periods import WEEK, no_such_month, parse_month
from benchkit.pools.files import read_pool
from benchkit.pseudonyms import choose_peers, deal_pseudonyms
from benchkit.published import expectations
from benchkit.published import read as read_published
from benchkit.resources import shipped
from benchkit.schema import BAND, ESTIMATES
from benchkit.sources import load
from benchkit.waits import Waits
from benchkit.words import month_name

if TYPE_CHECKING:
    from nbformat import NotebookNode

NOTEBOOKS = ("monthly_overview", "industry_benchmark", "agent_drilldown", "expectation_curves")
"""The sections of a report, in its order."""

_NOTEBOOKS_KEPT = "private/notebooks"
_PRIVATE = """This folder is not for sending: it names brands, agents and customers, whatever the report does.

- `waits.parquet`: the month's waits, one row each, with the ids of its messages.
- `names.csv`: who is behind the letters of the report.
- `notebooks/`: the notebooks as they ran, to be opened in JupyterLab.
"""


class NotebookError(IncompleteError):
    """A notebook that stopped: in which cell, at what, and where to read how far it got."""


def make_report(
    *,
    dataset: str = "",
    twcs: str = "",
    messages: str = "",
    events: str = "",
    as_of: str = "",
    calendar: str = "",
    definition: str = "",
    corrections: str = "",
    month: str = "",
    brand: str = "",
    agent: str = "",
    peers: str = "",
    pool: str = "",
    published: str = "",
    target: str = "",
    name_peers: bool = False,
    name_agents: bool = False,
    out: str | Path = "data/reports",
    progress: Callable[[str], None] = lambda line: None,
) -> Path:
    """Make the monthly report as one self-contained page, and return where it is.

    `make_report(twcs="twcs.csv", month="2017-10")` gives a page such as
    `data/reports/twcs/all/2017-10/index.html`. What is left empty means the demo data, the
    latest final month, all brands, no target, no corrections, no opening hours (`calendar` is a
    TOML file) and benchkit's own definition (else its name, or a TOML file). Agents, and brands
    other than `brand`, go by letters unless `name_agents` and `name_peers` say otherwise.
    Beside the page are its figures (`estimates.parquet` and `.csv`) and its charts (`charts/`),
    and what is not for sending (`private/`): the waits behind the figures, the names behind
    the letters, and the executed notebooks. With `agent` it is that agent's own page: the
    agent drilldown alone, which names nobody else. `peers`, such as "Acme; Globex", are
    compared with in place of the industry; `pool`, a file of `benchkit peers pool`, beside it,
    and `published` figures of your own, a CSV file, beside those that ship. `progress` is
    called with a line for each part that is done.

    Whatever a caller can get wrong is refused before a notebook starts and before anything
    is written. The report is made beside its place and moved there when it is complete:
    what stops it on the way leaves the previous one as it was.

    Raises `BenchkitError` for wrong parameters or data, and `NotebookError` for a notebook
    that failed, which is kept for reading.
    """
    if target:
        Target.parse(target)
    if pool:
        read_pool(pool)
    if published:
        read_published(published)
    with Kernels() as kernels:
        files = {
            "dataset": dataset,
            "twcs": twcs,
            "messages": messages,
            "events": events,
            "as_of": as_of,
            "calendar": calendar,
        }
        rules = {"definition": definition, "corrections": corrections}
        sources = {**files, **rules}
        data = load(**files)
        found = waits_of(data, **rules)
        chosen = choose_peers(found, peers, brand=brand, name_peers=name_peers)
        names: dict[str, Any] = {"brand": brand, "name_peers": name_peers, "name_agents": name_agents}
        dealt = deal_pseudonyms(chosen, **names, agent=agent)
        if agent:
            brand = names["brand"] = dealt.peers.own
        settled = _settle_month(chosen.only(brand), month, dataset)
        if dataset and (warning := _nothing_new(chosen.only(brand), settled, month)):
            progress(warning)
        behind = dealt.answered_by(agent, chosen) if agent else chosen
        if agent and settled not in behind.months():
            raise BenchkitError(f"{show(agent)} answered nothing of {settled}; name another month")
        parameters = {
            **sources,
            **names,
            "agent": agent,
            "peers": peers,
            "pool": pool,
            "published": published,
            "month": settled,
            "target": target,
        }
        sections = ("agent_drilldown",) if agent else NOTEBOOKS
        asked = _asked_of_each(parameters)

        whose = (folder_name(brand) if brand else "all") + ("-peers" if peers else "")
        place = Path(out) / folder_name(found.about.name) / whose
        place = place / "agents" / folder_name(agent) / settled if agent else place / settled
        with replaced_when_complete(place.absolute(), kept=_NOTEBOOKS_KEPT) as draft:
            from benchkit.page import page, vega_bundle

            def run(notebook: str) -> NotebookNode:
                started = time.perf_counter()
                executed = _run(notebook, asked[notebook], draft, kernels.options)
                progress(f"{notebook}: {len(executed.cells)} cells, {time.perf_counter() - started:.1f} s")
                return executed

            findings = None if agent else audit(data)
            del data  # as large as all else together
            kernels.environment |= hand_over(found, kernels.folder / "waits", sources, findings=findings)
            shown = dealt.applied_to(chosen)
            figures = (
                partial(_figures_of_agent, shown.beside(agent, month=settled))
                if agent
                else partial(_figures, shown.only(brand), shown)
            )
            jobs: list[Callable[[], Any]] = [partial(run, notebook) for notebook in sections]
            jobs += [vega_bundle, partial(_write_figures, figures, settled, target, draft)]
            *executed, bundle, _ = kernels.run(lambda job: job(), jobs)
            html = page(
                dict(zip(sections, executed, strict=True)),
                title=f"{agent or brand or 'All brands'}: answer times, {month_name(settled)}",
                subtitle="How long customers waited for an answer on social media. "
                f"Data: {found.about.name}{found.about.licence and f' ({found.about.licence})'}, "
                f"taken {found.as_of:%Y-%m-%d}.",
                bundle=bundle,
            )
            (draft / "index.html").write_text(html, encoding="utf-8")
            ruled = behind.ruled(settled)
            month_of_waits = ruled.frame.filter(ruled.in_month(settled)).collect()
            write_table(month_of_waits, draft / "private" / "waits.parquet")
            if not agent:
                write_table(dealt.key(), draft / "private" / "names.csv")
            (draft / "private" / "README.md").write_text(_PRIVATE, encoding="utf-8")
    return place / "index.html"


def _settle_month(waits: Waits, month: str, dataset: str) -> str:
    if not month:
        return waits.latest_month()
    period, months = parse_month(month), waits.months()
    if period.label in months:
        return period.label
    error = no_such_month(period.label, months, waits.about.name)
    if dataset and period.end >= waits.as_of.replace(tzinfo=None):
        taken = f"{waits.as_of:%Y-%m-%d %H:%M} UTC"
        raise BenchkitError(f"{error}; its newest export was taken {taken}, so ingest a newer one first")
    raise error


def _nothing_new(waits: Waits, settled: str, month: str) -> str:
    """A warning where the newest export was taken too early for the month, or for a later one."""
    taken_at = f"{waits.taken_of(settled):%Y-%m-%d %H:%M} UTC"
    taken = f"the newest export of it in {show(waits.about.name)} was taken {taken_at}"
    if not waits.is_over(settled):
        return f"WARNING: {taken}, before the end of {settled}: ingest a newer one"
    now = datetime.now(UTC).replace(tzinfo=None)
    following = parse_month(f"{parse_month(settled).end:%Y-%m}")
    if not month and following.end + WEEK < now:
        return f"WARNING: {taken}: this is the report of {settled}, ingest a newer one for those after it"
    return ""


def _asked_of_each(parameters: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """Of each notebook the parameters it has; papermill would only warn of one that none has."""
    from papermill.inspection import inspect_notebook

    known = {
        notebook: inspect_notebook(_literal(shipped("notebooks", f"{notebook}.ipynb")))  # type: ignore[no-untyped-call]
        for notebook in NOTEBOOKS
    }
    anywhere = dict.fromkeys(name for names in known.values() for name in names)
    for parameter in parameters:
        if parameter not in anywhere:
            raise UnknownNameError("parameter", parameter, anywhere, where="in the notebooks")
    return {
        notebook: {name: value for name, value in parameters.items() if name in names}
        for notebook, names in known.items()
    }


def _run(
    notebook: str, parameters: Mapping[str, object], draft: Path, options: Mapping[str, Any]
) -> NotebookNode:
    """Execute a notebook, and draw its charts as SVG."""
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError
    from papermill.execute import execute_notebook

    from benchkit.page import charts_of, draw_svg

    executed = draft / _NOTEBOOKS_KEPT / f"{notebook}.ipynb"
    try:
        done: NotebookNode = execute_notebook(  # type: ignore[no-untyped-call]
            _literal(shipped("notebooks", executed.name)),
            _literal(executed),
            parameters=dict(parameters),
            progress_bar=False,
            **options,
        )
    except PapermillExecutionError as error:
        source = [f"    {line}" for line in error.source.splitlines()]
        reason = f"{error.ename}: {error.evalue}".splitlines()[:5]
        stopped = [f"{executed.name} stopped in cell {error.exec_count}:", *source, *reason]
        raise NotebookError("\n".join(map(printable, stopped))) from error
    except (DeadKernelError, RuntimeError) as error:
        raise NotebookError(
            f"{executed.name} stopped: its kernel died, perhaps for want of memory"
        ) from error
    for place, chart in enumerate(charts_of(done), start=1):
        drawn = draft / "charts" / f"{notebook}-{place}.svg"
        drawn.parent.mkdir(exist_ok=True)
        drawn.write_text(draw_svg(chart), encoding="utf-8")
    return done


def _figures(own: Waits, compared: Waits, month: str, goal: str | None) -> list[pl.DataFrame]:
    """Every figure of the notebooks, and the rest of the catalogue."""
    own, compared = own.collect(), compared.collect()
    survey = expectations()
    figures = [measure_months(own, month=month, target=goal)]
    figures += [measure(own, month=month, by=by, target=goal) for by in (*own.splits(), "agent")]
    figures.append(measure(compared, month=month, by="industry", target=goal))
    figures.append(measure(compared, month=month, by=["brand", "industry"], target=goal))
    figures += [expectation_curve(own, month=month, by=by, at=survey["seconds"]) for by in (None, "channel")]
    figures.append(expected_time(own, survey, month=month))
    return figures


def _figures_of_agent(waits: Waits, month: str, goal: str | None) -> list[pl.DataFrame]:
    """The figures of one agent's page."""
    return [measure(waits, month=month, by="agent", target=goal)]


def _write_figures(
    figures: Callable[[str, str | None], list[pl.DataFrame]], month: str, target: str, draft: Path
) -> None:
    """Write figures as one tidy table."""
    tidy = pl.concat([_grouped_by(frame) for frame in figures(month, target or None)], how="diagonal")
    groups = [name for name in tidy.columns if name not in (*ESTIMATES, *BAND, "by", "month")]
    band = [name for name in BAND if name in tidy.columns]
    own_month = pl.col("month").fill_null(month) if "month" in tidy.columns else pl.lit(month).alias("month")
    tidy = tidy.select("by", own_month, *groups, *ESTIMATES, *band)
    for suffix in ("parquet", "csv"):
        write_table(tidy, draft / f"estimates.{suffix}")


def _grouped_by(estimates: pl.DataFrame) -> pl.DataFrame:
    """Estimates that say in `by` what groups them, so that a group not stated is not taken for all."""
    columns = [name for name in estimates.columns if name not in (*ESTIMATES, *BAND, "month")]
    return estimates.select(pl.lit(", ".join(columns)).alias("by"), pl.all())


def _literal(path: Path) -> str:
    """A path as papermill takes it, which fills in whatever stands in braces."""
    return str(path).replace("{", "{{").replace("}", "}}")
