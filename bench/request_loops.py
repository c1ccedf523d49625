"""Loads of requests: as many as go through (closed loop), or at fixed times whatever happens (open loop)."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.connection import Connection, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST_REQUESTS = 500_000


@dataclass(frozen=True, slots=True)
class Throughput:
    """What went through: requests, the units in them, and the seconds until the last answer."""

    requests: int
    units: int
    seconds: float
    took: tuple[float, ...]

    @property
    def units_per_second(self) -> float:
        """Give units a second."""
        return self.units / self.seconds


async def closed_loop(url: str, requests: Iterator[Request], *, connections: int, seconds: float) -> Throughput:
    """Send requests over each connection as fast as it answers, until they run out or ``seconds`` are over.

    What is under way at the end is waited for and counted, with its time. At most half a million requests.
    """
    took: list[float] = []
    units = 0
    began = time.perf_counter()

    async def lane() -> None:
        nonlocal units
        async with Connection(url) as connection:
            while (start := time.perf_counter()) - began < seconds and len(took) < MOST_REQUESTS:
                request = next(requests, None)
                if request is None:
                    return
                await connection.send(request)
                took.append(time.perf_counter() - start)
                units += request.units

    async with asyncio.TaskGroup() as lanes:
        for _ in range(connections):
            lanes.create_task(lane())
    return Throughput(len(took), units, time.perf_counter() - began, tuple(took))


async def open_loop(
    url: str,
    request_of: Callable[[int, float], Request | None],
    *,
    per_second: float,
    count: int,
    connections: int = 32,
) -> list[float]:
    """Send ``count`` requests on a fixed schedule; gives the seconds from when each was due to its answer.

    ``request_of`` makes the request of a number, due at a time of the performance counter; None sends
    nothing. One that finds every connection busy waits, and its wait counts.
    """
    took: list[float] = []
    async with AsyncExitStack() as stack:
        free: asyncio.Queue[Connection] = asyncio.Queue()
        for _ in range(connections):
            free.put_nowait(await stack.enter_async_context(Connection(url)))

        async def one(due: float, request: Request) -> None:
            connection = await free.get()
            try:
                await connection.send(request)
            finally:
                free.put_nowait(connection)
            took.append(time.perf_counter() - due)

        began = time.perf_counter()
        async with asyncio.TaskGroup() as under_way:
            for number in range(count):
                due = began + number / per_second
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                request = request_of(number, due)
                if request is not None:
                    under_way.create_task(one(due, request))
    return took
