"""DOSO against the habits of the trade in a simulated dealer group whose physics is not the engine's model."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from bench.closed_loop.comparison import compare
from bench.closed_loop.contenders import CONTENDERS, FIRST_SCORED_SEED
from bench.closed_loop.physics import Physics
from bench.closed_loop.report import table
from bench.closed_loop.tournament import play_all

if TYPE_CHECKING:
    from bench.options import Options
    from bench.progress import Steps
    from bench.tables import Table

SEEDS = 20
__all__ = ["SEEDS", "measure"]


async def measure(_options: Options, steps: Steps) -> Table:
    """Play 20 seeds with every policy and compare them in pairs."""
    seeds, physics = range(FIRST_SCORED_SEED, FIRST_SCORED_SEED + SEEDS), Physics()
    with steps.step("games", total=len(seeds) * len(CONTENDERS)) as advance:
        outcomes = await asyncio.to_thread(play_all, seeds, physics, jobs=os.cpu_count() or 1, on_progress=advance)
    return table(outcomes, compare(outcomes), physics)
