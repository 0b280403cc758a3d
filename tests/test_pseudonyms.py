from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

import benchkit as bk
from benchkit.comparisons import compare
from benchkit.errors import BenchkitError, UnknownNameError
from benchkit.peers import MIN_BRANDS
from benchkit.pseudonyms import deal_pseudonyms
from benchkit.sources.timelines import from_timelines
from benchkit.waits import Peers

MONTH = "2026-03"


def of_brands(*names: str, industry: str = "Airlines") -> bk.Waits:
    """Forty waits of each brand, answered after as many minutes as the brand's place, by two agents."""
    parts = []
    for place, name in enumerate(names, start=1):
        data = from_timelines(*[f"C{i} A{i + place}" for i in range(40)], brand=name)
        parts.append(
            data.messages.with_columns(
                pl.concat_str(pl.lit(f"{name} "), "message_id").alias("message_id"),
                pl.concat_str(pl.lit(f"{name} "), "conversation_id").alias("conversation_id"),
                pl.when(pl.col("sender") == "agent")
                .then(pl.concat_str(pl.lit(f"{name}/K"), pl.col("conversation_id").str.tail(1)))
                .otherwise("sender_id")
                .alias("sender_id"),
                pl.lit(industry, pl.Categorical()).alias("industry"),
            )
        )
    data = replace(data, messages=pl.concat(parts), events=None)
    return bk.find_waits(data).collect()


BRANDS = ["Aurora", "Borealis", "Cirrus", "Dune", "Ember", "Fjord"]
SIX = of_brands(*BRANDS)
SEVEN = of_brands(*BRANDS, "Geyser")


def estimate(frame: pl.DataFrame) -> list[float | None]:
    return frame["estimate"].to_list()


def test_every_brand_but_ones_own_and_every_agent_goes_by_a_letter() -> None:
    told = bk.pseudonymise(SIX, brand="Cirrus")
    frame = told.frame.collect()
    assert set(frame["brand"].cast(pl.String)) == {"Cirrus", *(f"Brand {letter}" for letter in "ABCDE")}
    assert all(re.fullmatch(r"Agent [A-Z]+", name) for name in frame["agent_id"].drop_nulls())
    assert set(told.volumes.collect()["brand"].cast(pl.String)) == set(frame["brand"].cast(pl.String))


def test_everyone_involved_goes_by_a_letter_too() -> None:
    everyone = replace(bk.BENCHKIT, name="everyone", credit="everyone involved")
    data = from_timelines("C0 Akim10 Abob20 C30 Abob40", "C0", brand="Acme")
    waits = bk.find_waits(data, definition=everyone)
    shown, named = (
        bk.measure(found, by="agent", metrics="reply_seconds_mean", min_waits=0).drop_nulls("agent")
        for found in (bk.pseudonymise(waits), waits)
    )
    assert named.select("agent", "n").rows() == [("Acme/bob", 2), ("Acme/kim", 2)]
    assert shown.select("agent", "n").rows() == [("Agent A", 2), ("Agent B", 2)]


def test_own_agents_get_the_first_letters() -> None:
    own = bk.pseudonymise(SIX, brand="Cirrus").only("Cirrus").frame.collect()
    assert set(own["agent_id"]) == {f"Agent {letter}" for letter in "ABCDEFGHIJ"}


def test_letters_are_the_same_each_time_and_others_for_other_data() -> None:
    assert deal_pseudonyms(SIX) == deal_pseudonyms(SIX)
    later = replace(SIX, frame=SIX.frame.with_columns(pl.col("wait_seconds") + 1))
    assert deal_pseudonyms(SIX).brands != deal_pseudonyms(later).brands
    assert sorted(deal_pseudonyms(SIX).brands) != sorted(
        deal_pseudonyms(SIX).brands, key=lambda name: deal_pseudonyms(SIX).brands[name]
    )


def test_the_key_says_who_is_behind_each_letter() -> None:
    key = deal_pseudonyms(SIX, brand="Cirrus").key()
    assert key.filter(kind="brand", name="Cirrus")["shown_as"].item() == "Cirrus"
    assert key.filter(kind="brand").height == 6
    assert key["shown_as"].n_unique() == key.height


def test_names_are_left_where_they_are_asked_for() -> None:
    told = bk.pseudonymise(SIX, name_peers=True, name_agents=True).frame.collect()
    assert set(told["brand"].cast(pl.String)) == set(BRANDS)
    assert "K1 · Aurora" in set(told["agent_id"])


def test_a_named_agent_does_not_name_a_lettered_brand() -> None:
    agents = deal_pseudonyms(SIX, brand="Cirrus", name_agents=True).agents
    assert not any(name in shown for shown in agents.values() for name in BRANDS if name != "Cirrus")


def test_a_letter_is_never_somebodys_own_name() -> None:
    brands = deal_pseudonyms(of_brands("Brand A", "Zephyr"), brand="Brand A").brands
    assert brands == {"Brand A": "Brand A", "Zephyr": "Brand B"}


def test_a_brand_alone_is_ones_own() -> None:
    told = bk.pseudonymise(of_brands("Aurora"))
    assert bk.measure(told, by="brand", metrics="waits")["brand"].to_list() == ["Aurora"]


def test_unsigned_replies_stay_unsigned() -> None:
    data = from_timelines("C0 A5", brand="Aurora")
    unsigned = data.messages.with_columns(
        pl.when(pl.col("sender") == "agent")
        .then(pl.lit("Aurora/unsigned"))
        .otherwise("sender_id")
        .alias("sender_id")
    )
    told = bk.pseudonymise(bk.find_waits(replace(data, messages=unsigned)))
    assert told.frame.collect()["agent_id"].to_list() == ["unsigned"]


def test_an_unknown_brand_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="no brand 'Cirus' in timelines; did you mean 'Cirrus'"):
        bk.pseudonymise(SIX, brand="Cirus")


def test_figures_are_those_of_the_names_behind_the_letters() -> None:
    plain = bk.measure(SIX, month=MONTH, by="brand", metrics="reply_seconds_median")
    told = bk.measure(bk.pseudonymise(SIX), month=MONTH, by="brand", metrics="reply_seconds_median")
    behind = {shown: name for name, shown in deal_pseudonyms(SIX).brands.items()}
    renamed = told.with_columns(pl.col("brand").replace_strict(behind)).sort("brand")
    assert renamed.equals(plain)


def test_time_zones_follow_their_brand() -> None:
    zones = replace(SIX, time_zones={"Aurora": "Asia/Tokyo"})
    told = bk.pseudonymise(zones)
    assert told.time_zones == {deal_pseudonyms(zones).brands["Aurora"]: "Asia/Tokyo"}


def test_an_industry_of_fewer_than_five_peers_has_no_figure_and_no_number() -> None:
    told = bk.pseudonymise(of_brands(*BRANDS[:4]))
    row = bk.measure(told, month=MONTH, by="industry", metrics=["waits", "answered_within_1h"])
    assert row["status"].to_list() == ["withheld"] * 2
    assert row["method"].unique().to_list() == [f"fewer than {MIN_BRANDS} brands"]
    assert row.select("estimate", "lower", "upper", "n", "n_replied").null_count().row(0) == (2,) * 5


def test_what_cannot_be_said_at_all_stays_refused() -> None:
    few = of_brands(*BRANDS[:4])
    selected = replace(few, about=replace(few.about, selection="Only answered ones."))
    rows = bk.measure(
        bk.pseudonymise(selected), by="industry", metrics=["answered_within_1h", "replied_within_1h"]
    )
    assert rows.select("status", "n").rows() == [("refused", None), ("withheld", None)]


def test_ones_own_brand_does_not_count_among_its_peers() -> None:
    five = of_brands(*BRANDS[:5])
    alone = bk.measure(bk.pseudonymise(five), month=MONTH, by="industry", metrics="waits")
    as_aurora = bk.measure(bk.pseudonymise(five, brand="Aurora"), month=MONTH, by="industry", metrics="waits")
    assert (estimate(alone), estimate(as_aurora)) == ([200.0], [None])
    peers = bk.pseudonymise(SIX, brand="Aurora")
    assert estimate(bk.measure(peers, month=MONTH, by="industry", metrics="waits")) == [200.0]
    assert estimate(bk.measure(peers, month=MONTH, by="industry", metrics="messages_in")) == [200.0]


@pytest.mark.parametrize("by", ["brand", ["industry", "brand"], ["brand", "channel"]])
def test_lettered_brands_that_are_too_few_are_withheld_and_ones_own_is_not(by: str | list[str]) -> None:
    told = bk.pseudonymise(of_brands(*BRANDS[:4]), brand="Aurora")
    rows = bk.measure(told, month=MONTH, by=by, metrics="waits")
    assert dict(rows.select("brand", "estimate").rows())["Aurora"] == 40.0
    assert rows.filter(pl.col("brand") != "Aurora")["estimate"].is_null().all()
    assert rows.filter(pl.col("brand") != "Aurora")["n"].is_null().all()


def test_named_brands_are_shown_however_few_but_make_no_industry() -> None:
    told = bk.pseudonymise(of_brands(*BRANDS[:3]), name_peers=True)
    assert bk.measure(told, by="brand", metrics="waits")["estimate"].to_list() == [40.0] * 3
    assert bk.measure(told, by="industry", metrics="waits")["estimate"].to_list() == [None]


def test_an_expectation_curve_withholds_too() -> None:
    told = bk.pseudonymise(of_brands(*BRANDS[:4]))
    assert bk.expectation_curve(told, month=MONTH, by="brand")["estimate"].is_null().all()
    assert bk.expectation_curve(told, month=MONTH, by=None)["estimate"].is_not_null().all()


def test_brands_without_waits_in_the_month_do_not_make_up_the_number() -> None:
    earlier = SIX.frame.with_columns(
        pl.when(pl.col("brand") == "Aurora")
        .then(pl.col("started_at") - timedelta(days=20))
        .otherwise("started_at")
        .alias("started_at")
    )
    told = bk.pseudonymise(replace(SIX, frame=earlier), brand="Borealis")
    assert bk.measure(told, month=MONTH, by="industry", metrics="waits")["status"].to_list() == ["withheld"]


def test_without_pseudonyms_nothing_is_withheld_for_brands() -> None:
    assert bk.measure(of_brands("Aurora", "Borealis"), by="industry", metrics="waits")["n"].to_list() == [80]


def on_channels(waits: bk.Waits, channels: dict[str, str]) -> bk.Waits:
    """The same waits, each brand's on a channel of its own choice."""
    chosen = pl.col("brand").cast(pl.String).replace(channels)
    channel = pl.when(chosen.is_in(list(channels.values()))).then(chosen).otherwise(pl.lit("chat"))
    channel = channel.cast(pl.Categorical()).alias("channel")
    return replace(
        waits, frame=waits.frame.with_columns(channel), volumes=waits.volumes.with_columns(channel)
    )


def shown(waits: bk.Waits, by: str | list[str]) -> dict[str | None, float | None]:
    return dict(bk.measure(waits, month=MONTH, by=by, metrics="waits").select(by, "estimate").rows())


def test_a_channel_of_one_brand_among_many_is_withheld_with_what_would_give_it_away() -> None:
    seven = of_brands(*BRANDS, "Glade")
    only_aurora = on_channels(seven, {"Aurora": "aurora's own"})
    assert shown(bk.pseudonymise(only_aurora), "channel") == {"aurora's own": None, "chat": None}
    assert shown(bk.pseudonymise(only_aurora, name_peers=True), "channel") == {
        "aurora's own": 40.0,
        "chat": 240.0,
    }
    assert shown(bk.pseudonymise(seven), "channel") == {"chat": 280.0}


def test_few_brands_may_be_split_as_long_as_no_split_singles_one_out() -> None:
    two = of_brands("Aurora", "Borealis")
    assert shown(bk.pseudonymise(two), "channel") == {"chat": 80.0}
    apart = on_channels(two, {"Aurora": "site"})
    assert shown(bk.pseudonymise(apart), "channel") == {"chat": None, "site": None}


def test_ones_own_channels_are_ones_own() -> None:
    told = bk.pseudonymise(on_channels(SIX, {"Aurora": "site"}), brand="Aurora")
    assert shown(told.only("Aurora"), "channel") == {"site": 40.0}


def test_a_withheld_industry_cannot_be_had_by_subtraction() -> None:
    industry = (
        pl.when(pl.col("brand") == "Aurora")
        .then(pl.lit("Sports"))
        .when(pl.col("brand").cast(pl.String).is_in(["Glade", "Heath", "Inlet", "Jetty", "Knoll", "Loch"]))
        .then(pl.lit("Gaming"))
        .otherwise("industry")
        .cast(pl.Categorical())
        .alias("industry")
    )
    twelve = of_brands(*BRANDS, "Glade", "Heath", "Inlet", "Jetty", "Knoll", "Loch")
    apart = replace(
        twelve, frame=twelve.frame.with_columns(industry), volumes=twelve.volumes.with_columns(industry)
    )
    assert shown(bk.pseudonymise(apart), "industry") == {"Airlines": None, "Gaming": 240.0, "Sports": None}
    own = bk.pseudonymise(apart, brand="Glade")
    assert shown(own, "industry") == {"Airlines": 200.0, "Gaming": 200.0, "Sports": None}


def test_brands_whose_waits_need_no_reply_do_not_make_up_the_number() -> None:
    needed = pl.col("needs_reply") & (pl.col("brand").cast(pl.String).is_in(BRANDS[:4]))
    told = bk.pseudonymise(replace(SIX, frame=SIX.frame.with_columns(needed.alias("needs_reply"))))
    assert shown(told, "industry") == {"Airlines": None}


def test_one_alone_in_an_industry_has_no_peers_and_no_error() -> None:
    alone = bk.pseudonymise(of_brands("Aurora"), brand="Aurora")
    assert shown(alone, "industry") == {"Airlines": None}
    assert shown(alone, "brand") == {"Aurora": 40.0}


def test_an_agent_whose_name_gives_a_brand_away_goes_by_a_letter() -> None:
    frame = SIX.frame.with_columns(pl.concat_str("brand", pl.lit("_kim")).alias("agent_id"))
    agents = deal_pseudonyms(replace(SIX, frame=frame), brand="Dune", name_agents=True).agents
    assert agents["Dune", "Dune_kim"] == "Dune_kim"
    assert agents["Ember", "Ember_kim"].startswith("Agent ")


def test_chosen_peers_are_an_industry_of_their_own() -> None:
    shown = bk.pseudonymise(SEVEN, brand="Aurora", peers="Borealis; Cirrus;Dune ; Ember; Fjord; Aurora")
    by_industry = bk.measure(shown, month=MONTH, by="industry", metrics="waits")
    assert by_industry.select("industry", "estimate").rows() == [("Chosen peers", 200.0)]


def test_another_choice_of_peers_is_dealt_other_letters() -> None:
    """Or else two sets that differ in one brand would tell which one that is."""
    peers = [["Borealis", "Cirrus", "Dune", "Ember", other] for other in ("Fjord", "Geyser")]
    dealt = [
        deal_pseudonyms(SEVEN.among(chosen, own="Aurora"), brand="Aurora").brands for chosen in (*peers, [])
    ]
    assert len({tuple(names[brand] for brand in peers[0][:4]) for names in dealt}) == 3


def test_few_chosen_peers_are_refused() -> None:
    with pytest.raises(BenchkitError, match="2 peers are too few to go by letters; choose at least 5"):
        bk.pseudonymise(SIX, brand="Aurora", peers="Borealis; Cirrus")
    named = bk.pseudonymise(SIX, brand="Aurora", peers="Borealis; Cirrus", name_peers=True)
    assert set(named.frame.collect()["brand"].cast(pl.String)) == {"Aurora", "Borealis", "Cirrus"}


def test_a_peer_there_is_not_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"no brand 'Cirrrus'.*did you mean 'Cirrus'"):
        bk.pseudonymise(SIX, brand="Aurora", peers="Borealis; Cirrrus")


@pytest.mark.parametrize("called", ["K1", "Agent A", "everyone else"])
def test_one_agent_keeps_the_name_and_the_others_go_together(called: str) -> None:
    named = pl.col("agent_id").str.replace("^Aurora/K1$", f"Aurora/{called}")
    waits = replace(SIX, frame=SIX.frame.with_columns(named), volumes=SIX.volumes.with_columns(named))
    shown = bk.pseudonymise(waits, brand="Aurora", agent=called).beside(called, month=MONTH)
    by_agent = bk.measure(shown, month=MONTH, by="agent", metrics="waits", min_waits=0)
    together = "all the others" if called == "everyone else" else "everyone else"
    assert set(by_agent["agent"]) == {called, together}
    alone = bk.measure(waits.only("Aurora"), month=MONTH, by="agent", metrics="waits", min_waits=0)
    mine = alone.filter(agent=f"Aurora/{called}")["estimate"].item()
    assert by_agent.filter(agent=called)["estimate"].item() == mine
    assert by_agent["estimate"].sum() == alone["estimate"].sum()


def test_of_few_colleagues_nothing_is_told() -> None:
    two = pl.when(pl.col("agent_id").is_not_null()).then(
        pl.when(pl.col("agent_id") == "Aurora/K1").then("agent_id").otherwise(pl.lit("Aurora/K2"))
    )
    waits = replace(
        SIX,
        frame=SIX.frame.with_columns(two.alias("agent_id")),
        volumes=SIX.volumes.with_columns(two.alias("agent_id")),
    ).only("Aurora")
    shown = bk.pseudonymise(waits, agent="K1").beside("K1", month=MONTH)
    assert bk.measure(shown, month=MONTH, by="agent", metrics="waits", min_waits=0)["agent"].to_list() == [
        "K1"
    ]
    side_by_side = compare(waits, month=MONTH, by="agent", only="Aurora/K1", min_waits=1)
    assert side_by_side.units["ratio"].is_null().all()


def test_an_agent_of_two_brands_is_asked_about() -> None:
    kim = pl.when(pl.col("agent_id").is_not_null()).then(pl.lit("kim")).alias("agent_id")
    waits = replace(SIX, frame=SIX.frame.with_columns(kim), volumes=SIX.volumes.with_columns(kim))
    with pytest.raises(BenchkitError, match=r"6 brands have an agent 'kim', 'Aurora', .*; say which brand"):
        bk.pseudonymise(waits, agent="kim")
    assert bk.pseudonymise(waits, agent="kim", brand="Dune").peers == Peers(own="Dune")
