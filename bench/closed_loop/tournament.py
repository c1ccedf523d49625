"""Playing many seeds and policies on several cores."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TYPE_CHECKING

from bench.closed_loop.contenders import CONTENDERS
from bench.closed_loop.trial import play

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.closed_loop.physics import Physics
    from bench.closed_loop.trial import Outcome


def play_all(
    seeds: Sequence[int],
    physics: Physics,
    *,
    jobs: int = 1,
    names: Sequence[str] = CONTENDERS,
    on_progress: Callable[[int], None] | None = None,
) -> dict[str, list[Outcome]]:
    """Play every contender in every seed's world, ``jobs`` at a time; outcomes are in the order of the seeds.

    ``on_progress`` is told how many games are over. Raises ValueError without seeds.
    """
    if not seeds:
        message = "give at least one seed"
        raise ValueError(message)
    games = [(name, seed) for seed in seeds for name in names]
    played: dict[tuple[str, int], Outcome] = {}
    # A fresh interpreter for each worker: the parent may have threads, which a fork would tear.
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting = {pool.submit(play, name, seed, physics): (name, seed) for name, seed in games}
        for done, future in enumerate(as_completed(waiting), 1):
            played[waiting[future]] = future.result()
            if on_progress is not None:
                on_progress(done)
    return {name: [played[name, seed] for seed in seeds] for name in names}
