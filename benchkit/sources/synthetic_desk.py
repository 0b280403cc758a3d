"""A desk where invented agents answer one customer after another: who is there when, and who is next."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np

from benchkit.errors import BenchkitError, show
from benchkit.sources.synthetic_brands import CHANNELS, Brand, Delay, Floats
from benchkit.sources.synthetic_process import Bools, Integers

_MINUTE, _HOUR, _DAY, _WEEK = 60, 3_600, 86_400, 7 * 86_400
NEVER = -1
"""When something happens that does not, and who does it."""

WORK = {
    "x": Delay(25 * _MINUTE, 70 * _MINUTE),
    "facebook": Delay(35 * _MINUTE, 90 * _MINUTE),
    "instagram": Delay(30 * _MINUTE, 90 * _MINUTE),
    "direct message": Delay(40 * _MINUTE, 120 * _MINUTE),
}
"""What an average agent takes for a reply on an ordinary day, by channel, looking things up included."""
SLACK = 0.35
"""Over and above the work expected, a brand has so much of it in agents' hours, over its slowness."""
SHIFT_SECONDS = 6 * _HOUR
"""The longest shift, where `staffing` is 1; of a brand, all are equally long."""
LEAST_AGENTS, MOST_AGENTS, LEAST_SHIFT = 3, 26, 0.6
"""How many agents there may be, and what part of the longest shift a small brand's shifts are."""
ROTA = ((0, 8), (0, 14), (2, 8), (2, 14), (4, 22))
"""First of five days in a row, and hour, at which one agent after another begins, UTC.

Early and late on weekdays, the same from Wednesday to Sunday, nights from Friday to Tuesday;
then from the start again. So a brand of fewer than five agents has no nights.
"""
WORK_LOG_MEANS = np.array([WORK[channel.name].log_mean for channel in CHANNELS])
WORK_LOG_SDS = np.array([WORK[channel.name].log_sd for channel in CHANNELS])
_SHIFTS_A_WEEK = 5


class Customers(NamedTuple):
    """A row per conversation, a column per wait that it may come to; in whole seconds.

    `opened` is known of the first waits alone. `wanted` are the waits that the desk will
    take up at all, `pause_seconds` what passes between a reply and the next wait, `NEVER`
    where there is none, and `work_seconds` an average agent's work on an ordinary day.
    """

    started: Integers
    urgent: Bools
    wanted: Bools
    pause_seconds: Integers
    work_seconds: Floats


class Roster(NamedTuple):
    """When each agent's shifts begin, a row per agent, and how long all of them are, in seconds.

    An agent's shifts are in order, with time between them. `slowness` is the agent's factor on
    work.
    """

    starts: Integers
    shift_seconds: int
    slowness: Floats


class Team(NamedTuple):
    """A brand with as many agents as it has for its queue, and how long each one's shifts are."""

    brand: Brand
    shift_seconds: int

    @classmethod
    def of(cls, brand: Brand, replies_per_day: Floats, staffing: float) -> Team:
        """Hours for the work to be expected of so many replies by channel, some more, times `staffing`.

        A brand of slowness 1 plans 35% more than the work, one of 0.35 twice the work.
        `staffing` makes shifts longer or shorter, so that it may be any number.
        """
        week_seconds = 7 * float(replies_per_day @ np.exp(WORK_LOG_MEANS + WORK_LOG_SDS**2 / 2))
        planned = week_seconds * (1 + SLACK / brand.slowness) / (_SHIFTS_A_WEEK * SHIFT_SECONDS)
        if planned > MOST_AGENTS:
            raise BenchkitError(
                f"brand {show(brand.name)} needs a team of {planned:,.1f} for its queue and can have "
                f"{MOST_AGENTS}; ask for fewer messages, more months or more brands"
            )
        agents = max(math.ceil(planned), LEAST_AGENTS)
        shift_seconds = SHIFT_SECONDS * staffing * max(planned / agents, LEAST_SHIFT)
        return cls(replace(brand, agents=agents), round(shift_seconds))

    def roster(self, first_weekday: int, n_days: int) -> Roster:
        """All shifts that begin on so many days."""
        n_agents = self.brand.agents
        rota = np.array(ROTA)[np.arange(n_agents) % len(ROTA)]
        in_week = (rota[:, :1] + np.arange(_SHIFTS_A_WEEK) - first_weekday) % 7
        in_week = np.sort(in_week, axis=1) * _DAY + rota[:, 1:] * _HOUR
        weeks = np.arange(math.ceil(n_days / 7)) * _WEEK
        starts = (weeks[:, None] + in_week[:, None, :]).reshape(n_agents, -1)
        slowness = np.exp(self.brand.agent_log_factors)
        return Roster(starts, self.shift_seconds, slowness / slowness.mean())


class Served(NamedTuple):
    """What became of the waits, in the shape of `Customers.wanted`; `NEVER` where nothing did."""

    opened: Integers
    taken: Integers
    replied: Integers
    agent: Integers


def serve(
    customers: Customers, roster: Roster, *, day_slowness: Floats, patience_seconds: int, end_second: int
) -> Served:
    """Have the agents serve the customers until the end.

    An agent on shift with nothing in hand takes the urgent wait that opened first, or else
    the other one that did; where several agents are free, the one who has been so longest
    takes it. Nobody has two in hand. What is unfinished when a shift ends is finished in the
    agent's next shift, before anything else. A wait that nobody has taken within
    `patience_seconds` is left for good. The work is that of the day on which it is taken up,
    times `day_slowness`.

    One pass over arrivals, shifts, replies and returns in order of time, each packed into
    one integer: when, and then which agent or wait. Ends of shifts are looked up when needed.
    """
    n, rounds = customers.wanted.shape
    n_agents, shift_seconds = len(roster.starts), roster.shift_seconds
    stride = n_agents + n * rounds
    wanted, urgent = customers.wanted.ravel().tolist(), customers.urgent.tolist()
    pause_seconds = customers.pause_seconds.ravel().tolist()
    work_seconds, slowness = customers.work_seconds.ravel().tolist(), roster.slowness.tolist()
    day_factor, starts = day_slowness.tolist(), roster.starts.tolist()
    opened, taken, replied, agent = ([NEVER] * (n * rounds) for _ in range(4))
    opened[::rounds] = customers.started.tolist()

    arrivals = (customers.started * stride + n_agents + rounds * np.arange(n))[customers.wanted[:, 0]]
    shifts = roster.starts * stride + np.arange(n_agents)[:, None]
    planned = np.sort(np.concatenate([arrivals, shifts.ravel()])).tolist()
    planned.append((end_second + 1) * stride)
    coming: list[int] = []
    urgent_queue: deque[int] = deque()
    normal_queue: deque[int] = deque()
    idle: deque[int] = deque()
    shift = [-1] * n_agents
    free_at = [0] * n_agents
    position = 0
    while True:
        if coming and coming[0] < planned[position]:
            at, which = divmod(heappop(coming), stride)
        else:
            at, which = divmod(planned[position], stride)
            position += 1
        if at > end_second:
            break
        if which >= n_agents:
            wait = which - n_agents
            (urgent_queue if urgent[wait // rounds] else normal_queue).append(wait)
            while idle and starts[idle[0]][shift[idle[0]]] + shift_seconds <= at:
                idle.popleft()
            if not idle:
                continue
            who = idle.popleft()
        else:
            who = which
            begins = shift[who] + 1 < len(starts[who]) and starts[who][shift[who] + 1] == at
            if begins:
                shift[who] += 1
                if who in idle:  # since the shift before
                    idle.remove(who)
            if free_at[who] > at or starts[who][shift[who]] + shift_seconds <= at:
                continue
        wait = NEVER
        for queue in (urgent_queue, normal_queue):
            while queue and wait == NEVER:
                first = queue.popleft()
                if opened[first] + patience_seconds > at:
                    wait = first
        if wait == NEVER:
            idle.append(who)
            continue
        work = int(work_seconds[wait] * slowness[who] * day_factor[at // _DAY]) + 1
        begun, number = starts[who], shift[who]
        over = at + work - begun[number] - shift_seconds
        if over > 0:
            whole_shifts, rest = divmod(over - 1, shift_seconds)
            number += whole_shifts + 1
            done = begun[number] + rest + 1 if number < len(begun) else end_second + 1
        else:
            done = at + work
        taken[wait], replied[wait], agent[wait], free_at[who] = at, done, who, done
        heappush(coming, done * stride + who)
        if pause_seconds[wait] != NEVER:
            opened[wait + 1] = again = done + pause_seconds[wait]
            if wanted[wait + 1]:
                heappush(coming, again * stride + n_agents + wait + 1)
    return Served(*(np.array(column).reshape(n, rounds) for column in (opened, taken, replied, agent)))
