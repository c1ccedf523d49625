"""The load that the system holds as it is deployed: services as processes of their own, on the broker's own cores."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import asyncpg

from bench.load_profile.backlog import BacklogReader
from bench.load_profile.burst import burst
from bench.load_profile.picture import draw
from bench.load_profile.probes import Probes
from bench.load_profile.processes import running_processes
from bench.load_profile.profile import Profile
from bench.load_profile.report import table
from bench.load_profile.search import highest_held, next_rate
from bench.load_profile.tenants import stocked_tenants
from bench.load_profile.trial import Bench, Trial

if TYPE_CHECKING:
    from bench.options import Options
    from bench.progress import Steps
    from bench.tables import Table

STEADY_RATE = 200.0
SOAK_SHARE = 0.8
WARM_UP_SECONDS = 10.0
MOST_TRIALS = 8
_SHARE_OF_TRIAL, _SHARE_OF_STEADY, _SHARE_OF_SOAK = 0.08, 0.12, 0.35
"""Of the minutes asked for; the rest is for what waits in between."""
_SHORTEST_SECONDS = 8.0
_SHORTEST_WINDOW_SECONDS = 240.0
"""Of the search: two thirds of it, by which a rate is judged, are longer than any worker rests and steps back. Before
that batches have grown to what the rate asks for; until they have, what waits grows at rates that are held."""
_PROBES_STEADY, _PROBES_SOAK = 25.0, 10.0
"""Prices a second; each is a request of its own, which costs more than one event of many."""


async def measure(options: Options, steps: Steps) -> Table:
    """Find the rate that holds, then the latencies, the cost and the memory at fixed rates, and drain a burst.

    Raises RuntimeError when no rate holds, and where Apache Kafka cannot run.
    """
    async with AsyncExitStack() as stack:
        system = await stack.enter_async_context(running_processes(options.folder / "load", steps))
        tenants = await stocked_tenants(system, steps)
        connections = [await asyncpg.connect(system.dsn) for _ in range(2)]
        for connection in connections:
            stack.push_async_callback(connection.close)
        bench = Bench(system, tenants, BacklogReader(system.bootstrap_servers, connections[0]), steps)
        probes = Probes(system.url, tenants, connections[1])
        await bench.drained()
        await bench.run(STEADY_RATE, WARM_UP_SECONDS, "warming up")
        profile = await _profile(bench, probes, options.minutes * 60.0)
    options.pictures.mkdir(parents=True, exist_ok=True)
    path = options.pictures / "load.png"
    draw(profile.trials, profile.soak[0], profile.burst, profile.sustained, path)
    measured = table(profile)
    measured.notes.append(f"picture: {path}")
    return measured


async def _profile(bench: Bench, probes: Probes, seconds: float) -> Profile:
    trials = await _search(bench, max(_SHORTEST_WINDOW_SECONDS, _SHARE_OF_TRIAL * seconds))
    sustained = highest_held(trials)
    if not sustained:
        message = f"no rate held down to {min(each.rate for each in trials):,.0f} events/s"
        raise RuntimeError(message)
    steady_seconds = max(_SHORTEST_SECONDS, _SHARE_OF_STEADY * seconds)
    async with probes.watching(_PROBES_STEADY) as seen_behind:
        behind = await bench.run(STEADY_RATE, steady_seconds, "steady, while computing what was put off")
    await bench.computed()
    async with probes.watching(_PROBES_STEADY) as seen_steady:
        steady = await bench.run(STEADY_RATE, steady_seconds, "steady")
    async with probes.watching(_PROBES_SOAK) as seen_soak:
        soak = await bench.run(SOAK_SHARE * sustained, max(_SHORTEST_SECONDS, _SHARE_OF_SOAK * seconds), "soak")
    drained = await burst(bench, sustained)
    return Profile(tuple(trials), sustained, (behind, seen_behind), (steady, seen_steady), (soak, seen_soak), drained)


async def _search(bench: Bench, seconds: float) -> list[Trial]:
    trials: list[Trial] = []
    while len(trials) < MOST_TRIALS and (rate := next_rate(trials)) is not None:
        trials.append(await bench.run(rate, seconds, "search"))
    return trials
