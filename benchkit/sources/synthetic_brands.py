"""The invented brands behind synthetic data: who they are and how they serve."""

from __future__ import annotations

import math
from dataclasses import dataclass
from string import ascii_uppercase
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import logit, ndtri

from benchkit.errors import BenchkitError, show

Floats = npt.NDArray[np.float64]


class Delay(NamedTuple):
    """A lognormal time, stated by its median and by what nine in ten stay within, in seconds."""

    median_seconds: float
    p90_seconds: float

    @classmethod
    def through(cls, first: tuple[float, float], second: tuple[float, float]) -> Delay:
        """The lognormal time through two points of (seconds, share within them).

        >>> as_expected_in_2020 = Delay.through((3_600, 0.4), (86_400, 0.79))
        >>> round(as_expected_in_2020.median_seconds / 3_600, 2)
        2.14
        """
        (early, late), shares = np.log([first[0], second[0]]), ndtri([first[1], second[1]])
        log_sd = (late - early) / (shares[1] - shares[0])
        log_mean = early - log_sd * shares[0]
        return cls(float(np.exp(log_mean)), float(np.exp(log_mean + log_sd * ndtri(0.9))))

    @property
    def log_mean(self) -> float:
        """Mean of the log of the seconds."""
        return float(np.log(self.median_seconds))

    @property
    def log_sd(self) -> float:
        """Standard deviation of the log of the seconds."""
        return float(np.log(self.p90_seconds / self.median_seconds) / ndtri(0.9))

    def log_seconds(self, z: Floats) -> Floats:
        """The log of the seconds, from standard normal draws."""
        return self.log_mean + self.log_sd * z


class Channel(NamedTuple):
    """A channel: how much is written there, how soon it is answered, and how readily.

    `share` is of what is not a direct message. `reply_logit` is added to the logit of a
    brand's reply probability.
    """

    name: str
    share: float
    reply: Delay
    reply_logit: float


_HOUR = 3_600.0
CHANNELS = (
    Channel("x", 0.5, Delay(2 * _HOUR, 20 * _HOUR), 0.0),
    Channel("facebook", 0.3, Delay(4 * _HOUR, 30 * _HOUR), 0.1),
    Channel("instagram", 0.2, Delay(6 * _HOUR, 48 * _HOUR), -0.4),
    Channel("direct message", 0.0, Delay(1 * _HOUR, 10 * _HOUR), 0.3),
)
"""Reply times of a brand of slowness 1 on an ordinary day."""

INDUSTRIES = {
    "Legal and real estate": 0.29,
    "Banking & finance": 0.28,
    "Telecom & cable": 0.27,
    "Retail: general & e-commerce": 0.23,
    "Technology & software": 0.21,
    "Airlines": 0.19,
    "Streaming media": 0.11,
    "Sports": 0.07,
}
"""Published mean response rates, around which the invented brands are spread.

The first and the last are the highest and the lowest of Sprout Social's industry figures,
as quoted in its article of 2020-06-24; the others are those of the Sprout Social Index of
Q3 2013, where telecom is called utilities, airlines travel and streaming entertainment.
"""


@dataclass(frozen=True)
class Brand:
    """An invented brand, and how it serves.

    >>> Brand("Mine", "Airlines", 0.25, agents=3).agent_ids
    ('Mine/DE', 'Mine/IL', 'Mine/NS')

    `reply_probability` is that of a wait on x on an ordinary day.
    `slowness` multiplies the reply times of `CHANNELS`; `size` is a weight, the brand's part
    of all messages; `dm_share` the share of its conversations that are direct messages;
    `bot_share` the share of openings that a bot answers within seconds; `keeps_queue` whether
    it is known when a message was assigned to an agent.
    """

    name: str
    industry: str
    reply_probability: float
    slowness: float = 1.0
    size: float = 1.0
    agents: int = 6
    dm_share: float = 0.2
    bot_share: float = 0.0
    keeps_queue: bool = False

    def __post_init__(self) -> None:
        rules = {
            "a reply_probability between 0 and 1": 0 < self.reply_probability < 1,
            "a positive slowness": 0 < self.slowness < math.inf,
            "a positive size": 0 < self.size < math.inf,
            "1 to 26 agents": 1 <= self.agents <= len(ascii_uppercase),
            "a dm_share from 0 to 1": 0 <= self.dm_share <= 1,
            "a bot_share from 0 to 1": 0 <= self.bot_share <= 1,
        }
        for rule, holds in rules.items():
            if not holds:
                raise BenchkitError(f"brand {show(self.name)} needs {rule}")

    @property
    def agent_ids(self) -> tuple[str, ...]:
        """Brand and initials, which differ within the brand and may recur at another."""
        first = sum(map(ord, self.name))
        pairs = ((first + 5 * agent, first // 7 + 7 * agent) for agent in range(self.agents))
        return tuple(f"{self.name}/{ascii_uppercase[i % 26]}{ascii_uppercase[j % 26]}" for i, j in pairs)

    @property
    def channel_shares(self) -> Floats:
        """Shares of its conversations, in the order of `CHANNELS`."""
        public = np.array([channel.share for channel in CHANNELS])
        return np.append(public[:-1] * (1 - self.dm_share), self.dm_share)

    @property
    def agent_shares(self) -> Floats:
        """Who does how much of each channel: the first most, every second one direct messages."""
        agent = np.arange(self.agents)
        is_dm = np.array([channel.name == "direct message" for channel in CHANNELS])
        likes_it = (agent % 2 == 1) == is_dm[:, None]
        work = np.where(likes_it, 3.0, 1.0) / (agent + 3)
        return np.asarray(work / work.sum(axis=1, keepdims=True))

    @property
    def agent_log_factors(self) -> Floats:
        """How much slower each agent is, in logs: normal quantiles at golden-ratio steps, sd 0.35."""
        golden = (np.sqrt(5) - 1) / 2
        return np.asarray(0.35 * ndtri((np.arange(1, self.agents + 1) * golden) % 1))

    @property
    def reply_logits(self) -> Floats:
        """Logit of the reply probability by channel, on an ordinary day."""
        return float(logit(self.reply_probability)) + np.array([channel.reply_logit for channel in CHANNELS])

    @property
    def reply_log_means(self) -> Floats:
        """Mean log reply seconds by channel and agent, on an ordinary day."""
        by_channel = np.array([channel.reply.log_mean for channel in CHANNELS]) + np.log(self.slowness)
        return np.asarray(by_channel[:, None] + self.agent_log_factors)


BRANDS = (
    Brand("Gable & Gavel", "Legal and real estate", 0.29, slowness=1.1, size=0.8, agents=4),
    Brand("Quillstone Law", "Legal and real estate", 0.2, slowness=1.8, size=0.4, agents=3),
    Brand("Hearthmere Homes", "Legal and real estate", 0.35, slowness=0.8, size=1.2, agents=5, bot_share=0.3),
    Brand("Schlüsselfuchs", "Legal and real estate", 0.25, slowness=1.4, size=0.6, agents=4, dm_share=0.1),
    Brand("Deedsworth", "Legal and real estate", 0.28, slowness=0.9, size=0.7, agents=3, dm_share=0.4),
    Brand("Lintel & Ledger", "Legal and real estate", 0.29, slowness=1.2, size=0.5, agents=4),
    Brand("Copperfinch Bank", "Banking & finance", 0.25, size=3.0, agents=9, dm_share=0.3, keeps_queue=True),
    Brand("Pennywhisk Credit", "Banking & finance", 0.33, slowness=0.7, size=1.5, dm_share=0.35),
    Brand("Banque Hérisson", "Banking & finance", 0.2, slowness=1.5, size=1.0, agents=5),
    Brand("Marrowbone Mutual", "Banking & finance", 0.28, slowness=1.2, size=0.8, agents=5, dm_share=0.25),
    Brand("Tallyport", "Banking & finance", 0.63, slowness=0.3, size=6.0, agents=8, keeps_queue=True),
    Brand("Groschenhain", "Banking & finance", 0.24, slowness=1.1, size=1.2, dm_share=0.3),
    Brand("Chatterwire", "Telecom & cable", 0.27, slowness=0.9, size=4.0, agents=12, bot_share=0.6),
    Brand("달토끼텔레콤", "Telecom & cable", 0.31, slowness=0.6, size=2.5, agents=8, bot_share=0.4),
    Brand("Loomline Mobile", "Telecom & cable", 0.19, slowness=1.6, size=2.0, agents=7, keeps_queue=True),
    Brand("Zwirbelfunk", "Telecom & cable", 0.24, slowness=1.3, size=1.2, dm_share=0.1),
    Brand(
        "Mumblecell",
        "Telecom & cable",
        0.70,
        slowness=0.35,
        size=9.0,
        agents=10,
        dm_share=0.3,
        keeps_queue=True,
    ),
    Brand("Gossamer Fibre", "Telecom & cable", 0.27, slowness=1.1, size=1.8, agents=7),
    Brand("Thistle & Tumble", "Retail: general & e-commerce", 0.21, size=2.0, agents=8),
    Brand("ほしくず百貨店", "Retail: general & e-commerce", 0.25, slowness=0.8, size=2.2),
    Brand("Örtmark", "Retail: general & e-commerce", 0.16, slowness=1.5, size=1.5, keeps_queue=True),
    Brand("Bazaarling", "Retail: general & e-commerce", 0.65, slowness=0.4, size=10.0, agents=11),
    Brand("Oddment Lane", "Retail: general & e-commerce", 0.24, slowness=1.1, size=0.9, dm_share=0.3),
    Brand("Trödelinsel", "Retail: general & e-commerce", 0.23, slowness=1.3, size=1.2, agents=5),
    Brand("Pebblestack", "Technology & software", 0.21, slowness=0.8, size=1.8, agents=7, keeps_queue=True),
    Brand("Quokkasoft", "Technology & software", 0.14, slowness=1.6, size=1.2, agents=5, bot_share=0.3),
    Brand("Nimbus Teapot", "Technology & software", 0.25, slowness=0.7, size=1.0, dm_share=0.1),
    Brand("Łącznik Labs", "Technology & software", 0.2, slowness=1.2, size=0.5, agents=4),
    Brand("Featherbyte", "Technology & software", 0.18, size=0.3, agents=3, dm_share=0.05),
    Brand("Bitmoss", "Technology & software", 0.21, slowness=0.9, size=0.7, agents=4),
    Brand("Kestrel Loop Air", "Airlines", 0.17, slowness=1.3, size=2.5, agents=9, dm_share=0.3),
    Brand("Aérolune", "Airlines", 0.21, slowness=0.9, size=2.0, agents=8, dm_share=0.35, bot_share=0.4),
    Brand("Teal Pelican Airways", "Airlines", 0.12, slowness=2.0, size=1.6, agents=7, dm_share=0.2),
    Brand("Skålvinge", "Airlines", 0.19, slowness=0.8, size=1.0, agents=5, keeps_queue=True),
    Brand("Paperplane Air", "Airlines", 0.67, slowness=0.3, size=8.0, agents=9, dm_share=0.4),
    Brand("Cumulo Norte", "Airlines", 0.19, slowness=1.1, size=1.2, dm_share=0.25),
    Brand("Flickerpond", "Streaming media", 0.11, size=2.5, agents=7, dm_share=0.1),
    Brand("Nocturne Box", "Streaming media", 0.08, slowness=1.4, size=1.5, agents=5, bot_share=0.5),
    Brand("Cinébulle", "Streaming media", 0.13, slowness=0.7, size=1.0, agents=4),
    Brand("Wobbleplay", "Streaming media", 0.09, slowness=1.1, size=0.8, agents=4, dm_share=0.05),
    Brand("Popcornade", "Streaming media", 0.11, slowness=1.7, size=0.4, agents=3, dm_share=0.15),
    Brand("Lanternreel", "Streaming media", 0.11, slowness=0.9, size=1.2, agents=4),
    Brand("Harbour Herons", "Sports", 0.07, slowness=1.2, size=2.0, agents=4, dm_share=0.05),
    Brand("Ironbridge Otters", "Sports", 0.045, slowness=2.0, size=1.2, agents=3, dm_share=0.05),
    Brand("Düsterwald 09", "Sports", 0.075, size=1.5, agents=4, dm_share=0.1),
    Brand("Clifftop Comets", "Sports", 0.085, slowness=0.8, size=0.7, agents=3, dm_share=0.1),
    Brand("Mistral Volley", "Sports", 0.055, slowness=1.5, size=0.2, agents=3, dm_share=0.05),
    Brand("Saltmarsh Rovers", "Sports", 0.07, slowness=1.1, size=0.9, agents=4, dm_share=0.05),
)
"""Six brands in each industry, four of all much better staffed; likeness to a real one is chance."""
