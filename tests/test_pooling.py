"""Peers of one's own: halves add up to the whole, few names leave, and no file is trusted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from benchkit import BENCHKIT, CATALOGUE, Dataset, Definition, Waits, find_waits, measure, synthesize
from benchkit.comparisons.pooled import benchmark, is_pooled
from benchkit.dataset import About
from benchkit.definitions import PRESETS
from benchkit.errors import BenchkitError, InputError, UnknownNameError
from benchkit.pools.exporting import export_peers, pool_peers
from benchkit.pools.files import read_pool, write_pool
from benchkit.pools.pool import Pool
from benchkit.schema import MESSAGES
from benchkit.sources.synthetic_brands import BRANDS

MONTH = "2026-10"
SELECTION = "Only threads that somebody answered are in these data."
KEY = "benchkit.peers"
HALVES: Mapping[str, pl.Expr] = {
    "brands": pl.col("brand").cast(pl.String).str.ends_with(" II"),
    "conversations": pl.col("conversation_id").hash(seed=1) % 2 == 0,
}


@pytest.fixture(scope="module")
def data() -> Dataset:
    """Twelve brands in each of two industries, every second one of them another's twin."""
    of_two = [brand for brand in BRANDS if brand.industry in ("Airlines", "Telecom & cable")]
    twins = [replace(brand, name=f"{brand.name} II") for brand in of_two]
    return synthesize(messages=60_000, months=6, brands=[*of_two, *twins])


def found(data: Dataset, definition: Definition = BENCHKIT) -> Waits:
    """Waits whose brands live on either side of the day's line."""
    zones = {
        brand: "Pacific/Kiritimati" if len(brand) % 2 else "America/Sao_Paulo" for brand in data.brands()
    }
    return replace(find_waits(data, definition=definition).collect(), time_zones=zones)


@pytest.fixture(scope="module")
def waits(data: Dataset) -> Waits:
    return found(data)


def part(waits: Waits, kept: pl.Expr) -> Waits:
    return replace(waits, frame=waits.frame.filter(kept))


def pooled_halves(waits: Waits, half: str, folder: Path) -> Pool:
    files = []
    for name, kept in {"one": HALVES[half], "other": ~HALVES[half]}.items():
        files.append(folder / f"{name}.parquet")
        exported = export_peers(part(waits, kept), files[-1], months=[f"2026-{m:02}" for m in range(5, 11)])
        assert exported.left_out.is_empty(), "a cell of this half does not pass"
    return pool_peers(files, folder / "pool.parquet")


@pytest.mark.parametrize("half", HALVES)
def test_two_halves_make_the_whole_to_the_last_digit(waits: Waits, half: str, tmp_path: Path) -> None:
    pool = pooled_halves(waits, half, tmp_path)

    told = [metric for metric in CATALOGUE if is_pooled(metric)]
    for month in (MONTH, "2026-08"):
        for by in (["industry"], ["channel"], ["industry", "channel"], []):
            whole = measure(waits, month=month, by=by, metrics=told)
            assert_frame_equal(benchmark(pool, month=month, by=by), whole, check_exact=True)
            weekly = whole.filter(pl.col("estimate").is_not_null(), pl.col("metric") != "waits")["method"]
            assert weekly.str.contains("13 weeks as clusters", literal=True).all()


def test_of_how_many_brands_a_cell_is_adds_up(waits: Waits, tmp_path: Path) -> None:
    assert pooled_halves(waits, "brands", tmp_path).brands["brands"].unique().to_list() == [12]


@pytest.mark.parametrize("definition", PRESETS, ids=lambda definition: definition.name)
def test_whatever_the_definition_what_is_read_back_measures_the_same(
    data: Dataset, definition: Definition, tmp_path: Path
) -> None:
    waits = found(data, definition)
    export_peers(waits, tmp_path / "ours.parquet")
    pool = read_pool(tmp_path / "ours.parquet")

    told = [metric for metric in CATALOGUE if is_pooled(metric)]
    whole = measure(waits, month=MONTH, by="industry", metrics=told)
    pooled = benchmark(pool, month=MONTH, by="industry")
    refused = whole["status"] == "refused"
    assert_frame_equal(pooled.filter(~refused), whole.filter(~refused), check_exact=False, rel_tol=1e-12)
    assert (pooled["status"] == "refused").equals(refused)
    assert pool.definition == definition


def test_the_counts_are_those_of_a_plain_loop(waits: Waits, tmp_path: Path) -> None:
    pool = export_peers(waits, tmp_path / "ours.parquet").pool
    counted: dict[tuple[str, str, date, bool, str, int], int] = {}
    for row in waits.frame.with_columns(waits.local.dt.date().alias("day")).collect().iter_rows(named=True):
        if row["needs_reply"] and row["day"] < date(2026, 11, 1):
            seconds = 604_800 if row["outcome"] == "awaiting" else row["wait_seconds"]
            cell = (row["industry"], row["channel"], row["is_first"], row["outcome"], row["day"], seconds)
            counted[cell] = counted.get(cell, 0) + 1

    kept = {row[:-1]: row[-1] for row in pool.tables.rows()}
    first, last = pool.months()[0], pool.months()[-1]
    in_time = {cell: n for cell, n in counted.items() if first <= f"{cell[4]:%Y-%m}" <= last}
    assert kept == in_time


def test_no_name_and_no_id_leaves(waits: Waits, tmp_path: Path) -> None:
    file = tmp_path / "ours.parquet"
    rules = replace(
        BENCHKIT, name="Secret Agency rules", version=7, valid_from=date(2026, 1, 1), before=BENCHKIT
    )
    export_peers(replace(waits, about=About("Secret Agency Ltd"), definition=rules), file)
    metadata = pl.read_parquet_metadata(file)
    told = json.dumps(metadata, ensure_ascii=False) + pl.read_parquet(file).write_csv()

    names = waits.frame.select(pl.col("brand", "agent_id").cast(pl.String)).collect()
    for name in {name for column in names for name in column.drop_nulls().unique()}:
        assert name not in told
    ids = waits.frame.select(pl.col("wait_id", "conversation_id", "customer_id").head(500)).collect()
    assert not [one for column in ids for one in column.drop_nulls().unique() if f'"{one}"' in told]
    assert "Secret Agency" not in told
    assert read_pool(file).definition == replace(BENCHKIT, name="peers")
    assert pl.read_parquet(file).columns == [
        *("industry", "channel", "is_first", "outcome", "day", "seconds", "waits")
    ]


def brands_of(*sizes: int, industry: str | None = "Airlines", channel: str = "x") -> Waits:
    """Waits in March 2026 of as many brands as there are sizes, each answered after some minutes."""
    start, rows = datetime(2026, 3, 2, tzinfo=UTC), []
    for brand, size in enumerate(sizes):
        for n in range(size):
            thread, at = f"{brand}-{n}", start + timedelta(hours=n)
            for number, (sender, later) in enumerate((("customer", 0), ("agent", 7 + brand))):
                rows.append(
                    (f"{thread}-{number}", thread, f"Brand {brand}", industry, channel, sender, sender)
                )
                rows[-1] = (*rows[-1], at + timedelta(minutes=later))
    columns = (
        "message_id",
        "conversation_id",
        "brand",
        "industry",
        "channel",
        "sender",
        "sender_id",
        "sent_at",
    )
    schema = {name: MESSAGES.all_columns[name] for name in columns}
    messages = pl.DataFrame(rows, schema=schema, orient="row")
    as_of = datetime(2026, 4, 20, tzinfo=UTC)
    return find_waits(Dataset.from_messages(messages, as_of=as_of, about=About("few"))).collect()


@pytest.mark.parametrize(
    ("sizes", "reason"),
    [
        ((10, 10, 10, 10), "fewer than 5 brands"),
        ((6, 6, 6, 6, 5), "fewer than 30 waits"),
        ((81, 5, 5, 5, 4), "one brand has more than 80%"),
    ],
)
def test_no_cell_of_too_few_leaves(sizes: tuple[int, ...], reason: str, tmp_path: Path) -> None:
    with pytest.raises(BenchkitError, match=f"there is nothing to export: {sum(sizes)} waits .*{reason}"):
        export_peers(brands_of(*sizes), tmp_path / "ours.parquet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sizes", [(6, 6, 6, 6, 6), (80, 5, 5, 5, 5)])
def test_a_cell_of_just_enough_leaves(sizes: tuple[int, ...], tmp_path: Path) -> None:
    pool, left_out = export_peers(brands_of(*sizes), tmp_path / "ours.parquet")

    assert left_out.is_empty()
    assert pool.brands.rows() == [("Airlines", "x", "2026-03", 5)]


@pytest.mark.parametrize("industry", [None, "a\x1b[2J", "a\u202eb", "long" * 26])
def test_waits_of_no_industry_that_could_be_named_stay(industry: str | None, tmp_path: Path) -> None:
    with pytest.raises(BenchkitError, match="30 waits whose industry or channel has no name"):
        export_peers(brands_of(6, 6, 6, 6, 6, industry=industry), tmp_path / "ours.parquet")


def test_what_is_left_out_is_told(waits: Waits, tmp_path: Path) -> None:
    few = part(waits, pl.col("brand").is_in(["Aérolune"]) | (pl.col("industry") == "Telecom & cable"))
    pool, left_out = export_peers(few, tmp_path / "ours.parquet")

    assert pool.tables["industry"].unique().to_list() == ["Telecom & cable"]
    (reason, n_waits), *others = left_out.rows()
    assert reason == "in cells of fewer than 5 brands"
    assert others == []
    assert n_waits == few.frame.filter(pl.col("brand") == "Aérolune", few.is_eligible).collect().height


def test_months_that_are_not_final_stay(data: Dataset, tmp_path: Path) -> None:
    early = found(data.known_at(datetime(2026, 11, 3, tzinfo=UTC)))

    assert export_peers(early, tmp_path / "ours.parquet").pool.months()[-1] == "2026-09"
    with pytest.raises(BenchkitError, match=r"2026-10 is not final.* again on 2026-11-08 or later"):
        export_peers(early, tmp_path / "ours.parquet", months=["2026-10"])
    with pytest.raises(BenchkitError, match="no waits in 2031-01"):
        export_peers(early, tmp_path / "ours.parquet", months=["2031-01"])


def test_only_the_months_asked_for_leave(waits: Waits, tmp_path: Path) -> None:
    pool = export_peers(waits, tmp_path / "ours.parquet", months=["2026-10", "2026-08"]).pool

    assert pool.months() == ["2026-08", "2026-10"]


def test_of_data_selected_on_being_answered_only_answered_waits_leave(waits: Waits, tmp_path: Path) -> None:
    selected = replace(waits, about=About("selected", selection=SELECTION))
    pool = export_peers(selected, tmp_path / "ours.parquet").pool

    assert pool.tables["outcome"].unique().to_list() == ["replied"]
    assert read_pool(tmp_path / "ours.parquet").selection == SELECTION
    metrics = [
        "answered_within_24h",
        "replied_within_24h",
        "first_reply_seconds_median",
        "reply_seconds_mean",
    ]
    pooled = benchmark(pool, month=MONTH, metrics=metrics)
    whole = measure(selected, month=MONTH, by="industry", metrics=metrics)
    assert pooled.filter(metric="answered_within_24h")["method"].unique().to_list() == [SELECTION]
    assert_frame_equal(pooled.drop("n"), whole.drop("n"), check_exact=True)


def test_opening_hours_are_each_brands_own(waits: Waits, tmp_path: Path) -> None:
    by_hours = replace(waits, definition=replace(BENCHKIT, name="hours", clock="opening hours"))

    with pytest.raises(BenchkitError, match="the definition 'hours' has opening hours; name one by calendar"):
        export_peers(by_hours, tmp_path / "ours.parquet")
    with pytest.raises(BenchkitError, match="waits are exported, not a Dataset"):
        export_peers(synthesize(messages=1), tmp_path / "ours.parquet")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def files(waits: Waits, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    one, other = part(waits, HALVES["brands"]), part(waits, ~HALVES["brands"])
    chatty = replace(BENCHKIT, name="chatty", bots="answer", counted="first")
    of = {
        "one": one,
        "other": other,
        "chatty": replace(other, definition=chatty),
        "selected": replace(other, about=About("selected", selection=SELECTION)),
    }
    paths = {name: folder / f"{name}.parquet" for name in of}
    for name, some in of.items():
        export_peers(some, paths[name], months=["2026-09", "2026-10"])
    return paths


def test_pools_add_up_to_pools(files: Mapping[str, Path], tmp_path: Path) -> None:
    one = pool_peers([files["one"]], tmp_path / "one.parquet")
    both = pool_peers([tmp_path / "one.parquet", files["other"]], tmp_path / "both.parquet")
    turned = pool_peers([files["other"], files["one"]], tmp_path / "turned.parquet")

    assert_frame_equal(one.tables, read_pool(files["one"]).tables)
    assert_frame_equal(both.tables, turned.tables)
    assert both.exports == turned.exports == read_pool(tmp_path / "both.parquet").exports
    assert all(len(exports) == 2 for exports in both.exports.values())


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ("one", "both hold the same waits of 2026-09"),
        ("chatty", "definitions differ, first in counted: 'Every wait of a conversation counts.' here"),
        ("selected", "selected otherwise: 'all messages' here, 'Only threads that somebody answered"),
    ],
)
def test_what_does_not_add_up_is_refused(
    files: Mapping[str, Path], other: str, told: str, tmp_path: Path
) -> None:
    out = tmp_path / "pool.parquet"
    with pytest.raises(InputError) as refusal:
        pool_peers([files["one"], files[other]], out)

    sentence = str(refusal.value)
    assert told in sentence
    assert f"{files['one']}" in sentence
    assert f"cannot be pooled with '{files[other]}'" in sentence
    assert "\n" not in sentence
    assert not out.exists()


def test_the_same_waits_taken_later_are_the_same_waits(data: Dataset, tmp_path: Path) -> None:
    earlier = data.known_at(datetime(2026, 10, 9, tzinfo=UTC))
    export_peers(found(earlier), tmp_path / "earlier.parquet")
    export_peers(found(data), tmp_path / "later.parquet")
    older, newer = (read_pool(tmp_path / f"{name}.parquet") for name in ("earlier", "later"))

    assert not older.tables.equals(newer.tables.filter(pl.col("day") < date(2026, 10, 1)))
    pool_peers([tmp_path / "later.parquet"], tmp_path / "pool.parquet")
    for names in (["earlier", "later"], ["pool", "earlier"]):
        with pytest.raises(InputError, match="both hold the same waits of 2026-05"):
            pool_peers([tmp_path / f"{name}.parquet" for name in names], tmp_path / "out.parquet")


def test_nothing_to_pool_is_said(tmp_path: Path) -> None:
    with pytest.raises(BenchkitError, match="no files were named"):
        pool_peers([], tmp_path / "pool.parquet")
    with pytest.raises(InputError, match="there is no such file"):
        pool_peers([tmp_path / "none.parquet"], tmp_path / "pool.parquet")


def test_a_pool_is_written_whole_or_not_at_all(files: Mapping[str, Path], tmp_path: Path) -> None:
    pool = read_pool(files["one"])
    for place, told in (("pool.csv", "ends in .parquet"), ("folder.parquet", "is a folder")):
        (tmp_path / "folder.parquet").mkdir(exist_ok=True)
        with pytest.raises(InputError, match=told):
            write_pool(pool, tmp_path / place)
    with pytest.raises(InputError, match="cannot be written: a cell has fewer than 5 brands"):
        write_pool(replace(pool, brands=pool.brands.with_columns(brands=4)), tmp_path / "few.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.parquet"]


def changed(file: Path, out: Path, terms: Callable[[dict[str, Any]], object], rows: pl.Expr | None) -> Path:
    """A file as it was, but for its terms or a column."""
    told = json.loads(pl.read_parquet_metadata(file)[KEY])
    terms(told)
    tables = pl.read_parquet(file)
    (tables if rows is None else tables.with_columns(rows)).write_parquet(
        out, metadata={KEY: json.dumps(told)}
    )
    return out


def deep(levels: int) -> dict[str, Any]:
    definition: dict[str, Any] = {"name": "deep"}
    for _ in range(levels):
        definition = {"name": "deep", "valid_from": "2026-01-01", "before": definition}
    return definition


TERMS: Mapping[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "version": (lambda terms: terms.update(format=2), "of format '2', and this benchkit reads format 1"),
    "no format": (lambda terms: terms.pop("format"), "of format 'None'"),
    "more": (lambda terms: terms.update({"\x1b[2J": 1}), r"no term '\\x1b\[2J'"),
    "fewer": (lambda terms: terms.pop("taken"), "its term taken is missing"),
    "other kind": (lambda terms: terms.update(brands=[]), "its term brands is missing or of another kind"),
    "clock": (lambda terms: terms.update(clock="opening hours"), "its clock is 'opening hours'"),
    "selection": (lambda terms: terms.update(selection="a\x1b[2J"), "its selection is no sentence"),
    "selected": (lambda terms: terms.update(selection=SELECTION), "unanswered waits, which its selection"),
    "rule": (lambda terms: terms["definition"].update(bots="eat"), "no setting of bots 'eat'"),
    "unknown rule": (lambda terms: terms["definition"].update(secret=1), "no rule 'secret'"),
    "name": (lambda terms: terms["definition"].update(name="\x1b[2J"), "name of a definition cannot be"),
    "hours": (
        lambda terms: terms["definition"].update(clock="opening hours"),
        "not the one that its terms name",
    ),
    "deep": (lambda terms: terms.update(definition=deep(400)), "is no export of peers"),
    "days": (lambda terms: terms.update(taken=["today", 1]), "its days are none"),
    "one day": (lambda terms: terms.update(taken=["2026-11-08"]), "its days are none"),
    "turned": (lambda terms: terms.update(taken=["2026-11-09", "2026-11-08"]), "before the one it was first"),
    "early": (lambda terms: terms.update(taken=["2026-11-01"] * 2), "was not over for 7 days"),
    "last day": (lambda terms: terms["brands"]["Airlines"]["x"].update({"9999-12": 9}), "is not a month"),
    "few brands": (lambda terms: terms["brands"]["Airlines"]["x"].update({MONTH: 4}), "fewer than 5 brands"),
    "no brands": (lambda terms: terms["brands"].pop("Airlines"), "its brands no cells"),
    "no cell": (lambda terms: terms["brands"].update({"Law": {"x": {MONTH: 9}}}), "its brands no cells"),
    "flat brands": (lambda terms: terms.update(brands={"Airlines": 9}), "not told by industry, channel"),
    "negative": (lambda terms: terms["brands"]["Airlines"]["x"].update({MONTH: -9}), "its brands are '-9'"),
    "true": (lambda terms: terms["brands"]["Airlines"]["x"].update({MONTH: True}), "its brands are 'True'"),
    "hash": (lambda terms: terms.update(hash="00000000"), "not the one that its terms name"),
    "needs reply": (lambda terms: terms.update(needs_reply="All do."), "not the one that its terms name"),
    "no exports": (lambda terms: terms.update(exports={MONTH: []}), "its exports are not told"),
    "exports": (lambda terms: terms.update(exports={MONTH: ["x"]}), "cannot be told apart"),
    "other months": (lambda terms: terms["exports"].pop(MONTH), "its exports are of other months"),
}


@pytest.mark.parametrize("name", TERMS)
def test_terms_are_not_trusted(files: Mapping[str, Path], name: str, tmp_path: Path) -> None:
    change, told = TERMS[name]
    with pytest.raises(InputError, match=told) as refusal:
        read_pool(changed(files["one"], tmp_path / "bad.parquet", change, None))
    assert str(refusal.value).isprintable()


ROWS: Mapping[str, tuple[pl.Expr, str]] = {
    "negative": (-pl.col("waits"), "break the rule 'waits are 1 or more"),
    "none": (pl.lit(0, pl.Int64).alias("waits"), "break the rule 'waits are 1 or more"),
    "too many": (pl.lit(2**62).alias("waits"), "not beyond counting'"),
    "many": (pl.lit(10_000_000, pl.Int64).alias("waits"), "it holds more than 20,000,000 waits"),
    "null": (pl.lit(None, pl.Int64).alias("waits"), "break the rule"),
    "fractions": (pl.col("waits") / 2, "waits of life tables is Float64"),
    "before": (pl.lit(-1, pl.Int64).alias("seconds"), "seconds are from 0"),
    "aeons": (pl.lit(2**40).alias("seconds"), "seconds are from 0"),
    "outcome": (pl.lit("eaten").alias("outcome"), "outcome is awaiting, replied or closed"),
    "followed": (pl.lit("awaiting").alias("outcome"), "was followed for 7 days"),
    "name": (pl.lit("a\x1b[2J").alias("channel"), "are names of 1 to 100 characters"),
    "nameless": (pl.lit("").alias("industry"), "are names of 1 to 100 characters"),
    "long ago": (pl.lit(date(1789, 7, 14)).alias("day"), "day is from 2000 on"),
    "other day": (pl.lit(date(2026, 7, 14)).alias("day"), "its brands no cells"),
    "text": (pl.col("day").cast(pl.String), "day of life tables is String"),
    "more": (pl.lit("Acme").alias("brand"), "no column 'brand'"),
}


@pytest.mark.parametrize("name", ROWS)
def test_rows_are_not_trusted(files: Mapping[str, Path], name: str, tmp_path: Path) -> None:
    rows, told = ROWS[name]
    with pytest.raises(InputError, match=told) as refusal:
        read_pool(changed(files["one"], tmp_path / "bad.parquet", lambda _: None, rows))
    assert str(refusal.value).isprintable()


def test_a_cell_of_few_waits_is_not_believed(files: Mapping[str, Path], tmp_path: Path) -> None:
    bad = tmp_path / "bad.parquet"
    few = pl.read_parquet(files["one"]).filter(
        (pl.col("industry") != "Airlines") | (pl.int_range(pl.len()).over("industry", "channel") < 10)
    )
    few.write_parquet(bad, metadata={KEY: pl.read_parquet_metadata(files["one"])[KEY]})

    with pytest.raises(InputError, match=r"a cell has fewer than 30 waits|its brands no cells"):
        read_pool(bad)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" * 50, b"industry,channel\n"])
def test_what_is_no_pool_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.parquet").write_bytes(content)

    with pytest.raises(InputError, match=r"is no Parquet|is damaged Parquet"):
        read_pool(tmp_path / "bad.parquet")


def test_other_parquet_is_refused(files: Mapping[str, Path], tmp_path: Path) -> None:
    for metadata, told in (
        (None, "it holds no terms"),
        ({KEY: "["}, "not JSON"),
        ({KEY: "[" * 10**5}, "not JSON"),
    ):
        pl.read_parquet(files["one"]).write_parquet(tmp_path / "[a]*.parquet", metadata=metadata)
        with pytest.raises(InputError, match=told):
            read_pool(tmp_path / "[a]*.parquet")
    data = bytearray(files["one"].read_bytes())
    data[1_000:2_000] = bytes(1_000)
    (tmp_path / "damaged.parquet").write_bytes(data)
    with pytest.raises(InputError):
        read_pool(tmp_path / "damaged.parquet")


def test_a_pool_tells_only_what_it_can(files: Mapping[str, Path]) -> None:
    pool = read_pool(files["one"])

    with pytest.raises(BenchkitError, match="a pool cannot tell messages_in"):
        benchmark(pool, month=MONTH, metrics="messages_in")
    with pytest.raises(UnknownNameError, match="no dimension 'brand' in a pool"):
        benchmark(pool, month=MONTH, by="brand")
    with pytest.raises(BenchkitError, match="no waits in 2026-01 in 'the pool'"):
        benchmark(pool, month="2026-01")
    assert "benchkit 1" in repr(pool)
    assert "<b>Pool</b>" in pool._repr_html_()
    assert pool.waits().latest_month() == MONTH
