"""Letters in place of names, so that a comparison can be shown to those who are compared."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count, product
from string import ascii_uppercase
from typing import TypeVar

import polars as pl

from benchkit.calendars import Calendars
from benchkit.corrections import find_agent
from benchkit.errors import BenchkitError, UnknownNameError, show
from benchkit.peers import MIN_BRANDS
from benchkit.waits import Peers, Waits

Pair = tuple[str, str]
Name = TypeVar("Name", str, Pair)
_UNSIGNED = "unsigned"


@dataclass(frozen=True)
class Pseudonyms:
    """Who is called what: `brands` by name, `agents` by brand and name."""

    brands: Mapping[str, str]
    agents: Mapping[Pair, str]
    peers: Peers

    def key(self) -> pl.DataFrame:
        """The names behind what is shown, a row for each: kind, brand, name, shown_as."""
        rows = [("brand", brand, brand, shown) for brand, shown in self.brands.items()]
        rows += [("agent", brand, agent, shown) for (brand, agent), shown in self.agents.items()]
        return pl.DataFrame(
            rows, schema=dict.fromkeys(("kind", "brand", "name", "shown_as"), pl.String), orient="row"
        )

    def applied_to(self, waits: Waits) -> Waits:
        """The same waits under these names, and held to what may be told of peers."""
        told = replace(
            waits,
            frame=self._in_place_of_names(waits.frame),
            volumes=self._in_place_of_names(waits.volumes),
            time_zones={self.brands.get(name, name): zone for name, zone in waits.time_zones.items()},
            calendars=waits.calendars and self._of_those_shown(waits.calendars),
            peers=self.peers,
            permalinks=None,
            corrections=None if waits.corrections is None else self._told_of(waits.corrections),
        )
        return waits.and_before(self.applied_to, told)

    def _of_those_shown(self, calendars: Calendars) -> Calendars | None:
        brands = {shown: brand for brand, shown in self.brands.items()}
        agents = {shown: agent for (_, agent), shown in self.agents.items()}
        names = {"brand": brands, "agent": agents}.get(calendars.by)
        return calendars if names is None else calendars.told_as(names)

    def answered_by(self, agent: str, waits: Waits) -> Waits:
        """The waits, under their true names, that who is called so here has answered."""
        pairs = [pair for pair, shown in self.agents.items() if shown == agent]
        is_theirs = pl.any_horizontal(
            (pl.col("brand") == brand) & (pl.col("agent_id") == signer) for brand, signer in pairs
        )
        return replace(waits, frame=waits.frame.filter(is_theirs))

    def told_of_findings(self, findings: pl.DataFrame) -> pl.DataFrame:
        """Findings of an audit about all data, and about those who are shown, under these names."""
        of_those_shown = pl.col("brand").is_null() | pl.col("brand").is_in(list(self.brands))
        told = self._in_place_of_names(findings.filter(of_those_shown).lazy())
        return told.with_columns(pl.col("brand").cast(pl.String)).collect()

    def _told_of(self, corrections: pl.DataFrame) -> pl.DataFrame:
        """Corrections without what names somebody: to whom they credit, their reasons, and who gave them."""
        named = ("credited_to", "reason", "who")
        return self._in_place_of_names(corrections.lazy()).drop(named, strict=False).collect()

    def _in_place_of_names(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        rows = [(*pair, shown) for pair, shown in self.agents.items()]
        agents = pl.LazyFrame(
            rows, schema=dict.fromkeys(("brand", "agent_id", "shown_as"), pl.String), orient="row"
        )
        brand = pl.col("brand").replace_strict(self.brands, return_dtype=pl.String).cast(pl.Categorical())
        named = frame.with_columns(pl.col("brand").cast(pl.String))
        if "involved" in frame.collect_schema():
            named = _with_those_involved(named, agents)
        return (
            named.join(agents, on=["brand", "agent_id"], how="left", maintain_order="left")
            .with_columns(brand, pl.col("shown_as").alias("agent_id"))
            .drop("shown_as")
        )


def _with_those_involved(frame: pl.LazyFrame, agents: pl.LazyFrame) -> pl.LazyFrame:
    """Waits with everyone who wrote in their conversations as shown."""
    numbered = frame.with_row_index("row")
    each = numbered.select("row", "brand", pl.col("involved").alias("agent_id")).explode("agent_id")
    shown = each.join(agents, on=["brand", "agent_id"]).group_by("row")
    involved = shown.agg(pl.col("shown_as").unique().sort().alias("involved"))
    return numbered.drop("involved").join(involved, on="row", how="left", maintain_order="left").drop("row")


def deal_pseudonyms(
    waits: Waits, *, brand: str = "", name_peers: bool = False, name_agents: bool = False, agent: str = ""
) -> Pseudonyms:
    """Deal a letter to each brand but one's own and to each agent, or leave them their names.

    >>> from benchkit import find_waits
    >>> from benchkit.sources.timelines import from_timelines
    >>> deal_pseudonyms(find_waits(from_timelines("C0 A10", brand="Acme"))).agents
    {('Acme', 'Acme/A'): 'Agent A'}

    The order of the letters hangs on the waits themselves, so that it cannot be worked out
    from the names alone; later data, or another brand of one's own, are dealt anew. A brand
    alone in its data is one's own. Replies that nobody signed stay `unsigned`, and an agent
    whose name holds that of a brand with a letter has a letter, too. An `agent` whose page it
    is goes by that name, whatever the others go by.

    Raises `UnknownNameError` for a brand or an agent there is not, and `BenchkitError` where
    two agents are called so.
    """
    pairs = waits.speakers()
    names = {name for name, _ in pairs}
    if brand and brand not in names:
        raise UnknownNameError("brand", brand, sorted(names), where=f"in {waits.about.name}")
    theirs = _found_agent(waits, pairs, agent, brand) if agent else None
    own = next(iter(names)) if len(names) == 1 else brand or (theirs[0] if theirs else "")
    secret = _secret(waits) + own

    others = _shuffled(names - {own}, secret)
    shown = others if name_peers else _letters("Brand", taken={own})
    brands = ({own: own} if own else {}) | dict(zip(others, shown, strict=False))
    signers = _shuffled(((at, signer) for at, signer in pairs if signer is not None), secret)
    signers.sort(key=lambda pair: pair[0] != own)
    people = [pair for pair in signers if _signature(pair) != _UNSIGNED]
    plainly = [pair for pair in people if name_agents and (name_peers or not _gives_away(pair, own))]
    lettered = [pair for pair in people if pair not in set(plainly)]
    agents = dict.fromkeys(signers, _UNSIGNED) | _plainly(plainly, brands)
    taken = {*agents.values(), agent}
    agents |= dict(zip(lettered, _letters("Agent", taken=taken), strict=False))
    agents |= {theirs: agent} if theirs else {}
    return Pseudonyms(brands, agents, Peers(own=own, named=name_peers))


def pseudonymise(
    waits: Waits,
    *,
    brand: str = "",
    name_peers: bool = False,
    name_agents: bool = False,
    peers: str = "",
    agent: str = "",
) -> Waits:
    """Put letters in place of the names of agents, and of every brand but one's own.

    >>> from benchkit import find_waits, measure
    >>> from benchkit.sources.timelines import from_timelines
    >>> waits = find_waits(from_timelines("C0 A10", brand="Acme"))
    >>> measure(pseudonymise(waits), by="agent", metrics="waits")["agent"].to_list()
    ['Agent A']

    `name_peers` and `name_agents` leave them theirs, and so does `agent` one of them, whose
    brand is one's own then. Of chosen `peers`, such as "Acme; Globex", only they and one's own
    brand are left, as one industry. Figures of peers that tell of fewer than `MIN_BRANDS`
    brands are withheld from then on. Ids of messages and customers stay: this is for figures,
    not for handing out rows.

    Raises `UnknownNameError` for a brand or an agent there is not, and `BenchkitError` for
    fewer than `MIN_BRANDS` peers, unless they are named.
    """
    chosen = choose_peers(waits, peers, brand=brand, name_peers=name_peers)
    dealt = deal_pseudonyms(chosen, brand=brand, name_peers=name_peers, name_agents=name_agents, agent=agent)
    return dealt.applied_to(chosen)


def pseudonymise_findings(
    findings: pl.DataFrame,
    waits: Waits,
    *,
    brand: str = "",
    name_peers: bool = False,
    name_agents: bool = False,
    peers: str = "",
) -> pl.DataFrame:
    """Findings of an audit under the names that `pseudonymise` gives these waits; of one's own `brand` alone.

    >>> from benchkit import find_waits
    >>> from benchkit.auditing import audit
    >>> from benchkit.sources.timelines import from_timelines
    >>> data = from_timelines("A0 C10", brand="Acme")
    >>> pseudonymise_findings(audit(data), find_waits(data), brand="Acme")["brand"].to_list()
    ['Acme', 'Acme']

    What was found in all data together stays, whosever brand it is.
    """
    of_brand = pl.col("brand").is_null() | (pl.col("brand") == brand) | pl.lit(not brand)
    chosen = choose_peers(waits, peers, brand=brand, name_peers=name_peers)
    dealt = deal_pseudonyms(chosen, brand=brand, name_peers=name_peers, name_agents=name_agents)
    return dealt.told_of_findings(findings.filter(of_brand))


def choose_peers(waits: Waits, peers: str, *, brand: str = "", name_peers: bool = False) -> Waits:
    """One's own brand and the `peers`, such as "Acme; Globex", or all brands where none are chosen.

    Raises `BenchkitError` for fewer than `MIN_BRANDS` of them, unless they are to be named.
    """
    chosen = waits.among(peers, own=brand)
    if peers and not name_peers:
        others = chosen.frame.filter(pl.col("brand") != brand).select(pl.col("brand").n_unique())
        n_others = others.collect().item()
        if n_others < MIN_BRANDS:
            raise BenchkitError(
                f"{n_others} peers are too few to go by letters; choose at least {MIN_BRANDS}, or name them"
            )
    return chosen


def _found_agent(waits: Waits, pairs: Iterable[tuple[str, str | None]], agent: str, brand: str) -> Pair:
    """The one agent who is called so, in the brand if one is given."""
    where = f"in {brand or waits.about.name}"
    colleagues = [(at, signer) for at, signer in pairs if signer is not None and brand in ("", at)]
    signer = find_agent(colleagues, agent, where=where)
    found = [pair for pair in colleagues if pair[1] == signer]
    if len(found) > 1:
        at = ", ".join(sorted(show(at) for at, _ in found))
        raise BenchkitError(f"{len(found):,} brands have an agent {show(agent)}, {at}; say which brand")
    return found[0]


def _secret(waits: Waits) -> str:
    """What only those know who have the waits."""
    started = pl.col("started_at").dt.timestamp("us")
    facts = waits.frame.select(pl.len(), pl.col("wait_seconds").sum(), started.sum().alias("started"))
    return repr(facts.collect().row(0))


def _shuffled(names: Iterable[Name], secret: str) -> list[Name]:
    return sorted(names, key=lambda name: hashlib.sha256(repr((secret, name)).encode()).digest())


def _letters(kind: str, *, taken: set[str]) -> Iterator[str]:
    """A, B, …, Z, AA, AB, … of a kind, but for names that are taken."""
    words = (
        f"{kind} {''.join(letters)}"
        for length in count(1)
        for letters in product(ascii_uppercase, repeat=length)
    )
    return (word for word in words if word not in taken)


def _gives_away(pair: Pair, own: str) -> bool:
    """Whether an agent's name holds that of a brand which goes by a letter."""
    brand, signature = ("".join(filter(str.isalnum, text)).casefold() for text in (pair[0], _signature(pair)))
    return pair[0] != own and brand in signature


def _plainly(signers: Iterable[Pair], brands: Mapping[str, str]) -> dict[Pair, str]:
    """Agents as they sign, with their brand where two brands have one who signs alike."""
    alike = Counter(map(_signature, signers))
    return {
        pair: _signature(pair) if alike[_signature(pair)] == 1 else f"{_signature(pair)} · {brands[pair[0]]}"
        for pair in signers
    }


def _signature(pair: Pair) -> str:
    brand, agent = pair
    return agent.removeprefix(f"{brand}/")
