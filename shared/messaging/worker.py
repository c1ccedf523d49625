"""Workers: drain a work table outside the handlers, so that consuming never waits for computing."""

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Sequence

import structlog

from shared.messaging.arrivals import Arrivals
from shared.messaging.ending import end
from shared.messaging.failures import passing
from shared.messaging.turns import PASSING_SECONDS, Compute, Turns
from shared.messaging.unit_of_work import UnitOfWork
from shared.observability import Metrics
from shared.postgres import WorkItem, WorkTable

IDLE_SECONDS = 0.2
LEASE_SECONDS = 30.0
"""How long the work of a process that died lies idle."""
TRIES_SECONDS = 120.0
"""How long a turn goes on with tries; the one that is under way then is its last."""
LOCKED_SECONDS = 1.0
"""How soon leases are renewed again where one was locked for longer than its renewal queues."""
REST_SECONDS = 2.0
"""A worker rests as long as it worked, and no longer than this: while events stream in, whatever it computes is
soon out of date, and the handlers need the processor and the database more."""
STREAM_RESTS, STREAM_REST_SECONDS = 6.0, 10.0
"""As soon as events stream in it rests this many times as long as it worked, for these seconds at most, so that four
workers at once, of different services, leave a machine of two cores to the events."""
HARD_REST_SECONDS = 30.0
"""Ten times as long where ten times as many stream in, for these seconds at most."""
WAITED_SECONDS = 60.0
"""That it gives way for longer ends, by and by, as what is due has waited for this long."""
STEP_BACK_SECONDS = 20.0
"""How long it waits at most while events arrive late: an endless flood must not mean no advice at all."""
MEASURE_SECONDS = 30.0
"""How often it looks how much is given up, which reads what its queue holds."""


def stream_rest(worked: float, pressure: float, waited: float) -> float:
    """Give the seconds to rest after a turn of ``worked`` seconds while events stream in with ``pressure``.

    ``waited``: the seconds that the oldest work which is due may have been due for.
    """
    if not pressure:
        return 0.0
    eased = max(1.0, pressure * (1.0 - waited / WAITED_SECONDS))
    return min(eased * min(STREAM_RESTS * worked, STREAM_REST_SECONDS), HARD_REST_SECONDS)


class Worker:
    """Claims due items of one queue and hands them to ``compute``.

    ``compute`` commits its results and takes the items off in the same transaction. If it raises, the items come back
    with a growing delay, which after five tries is an hour; ``Turns`` keeps a bad one from holding others up. For as
    long as it computes, the lease is renewed: who died is missed after ``lease`` seconds (30 if none are given), and
    who takes long is not disturbed. That none hangs is for what it waits for: statements and computations all have
    their limits. Given the service's ``arrivals``, it steps back while events arrive late, and rests for longer while
    they stream in.
    """

    def __init__(
        self,
        service: str,
        queue: WorkTable,
        work: UnitOfWork,
        compute: Compute,
        *,
        metrics: Metrics,
        batch: int = 32,
        lease: float | None = None,
        tries: float = TRIES_SECONDS,
        arrivals: Arrivals | None = None,
    ) -> None:
        self._arrivals = arrivals
        self._queue = queue
        self._work = work
        self._metrics = metrics
        self._measured_at = -math.inf
        self._batch = batch
        self._lease = lease or LEASE_SECONDS
        self._log = structlog.stdlib.get_logger("doso.worker", service=service, queue=queue.queue)
        self._turns = Turns(queue, work, compute, metrics=metrics, batch=batch, seconds=tries, log=self._log)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._step_back()
            await self._measure()
            try:
                items = await self._queue.claim(
                    self._work.pool, limit=self._batch, given_up=self._turns.given_up, lease=self._lease
                )
            except Exception as error:
                if not passing(error):
                    raise
                self._log.warning("cannot claim work", error=str(error))
                await asyncio.sleep(PASSING_SECONDS)
                continue
            if items:
                began = time.monotonic()
                async with self._held(items):
                    await self._turns.attempt(items)
                await self._rest(began, max((item.waited for item in items if not item.given_up), default=0.0))
            else:
                await asyncio.sleep(IDLE_SECONDS)

    async def _measure(self) -> None:
        if time.monotonic() - self._measured_at < MEASURE_SECONDS:
            return
        self._measured_at = time.monotonic()
        try:
            self._metrics.given_up_work(self._queue.queue, await self._queue.given_up(self._work.pool))
        except Exception as error:
            if not passing(error):
                raise
            self._log.warning("cannot count what is given up", error=str(error))

    async def _step_back(self) -> None:
        until = time.monotonic() + STEP_BACK_SECONDS
        while self._arrivals and self._arrivals.late and time.monotonic() < until:  # noqa: ASYNC110  # it ends unseen
            await asyncio.sleep(IDLE_SECONDS)

    async def _rest(self, claimed_at: float, waited: float) -> None:
        """Rest after a turn; what it left may be as old as the oldest that it claimed, and by now older."""
        ended = time.monotonic()
        worked = ended - claimed_at
        await asyncio.sleep(min(worked, REST_SECONDS))
        while True:
            now = time.monotonic()
            if now - ended >= stream_rest(worked, self._pressure, waited + now - claimed_at):
                return
            await asyncio.sleep(IDLE_SECONDS)

    @property
    def _pressure(self) -> float:
        return self._arrivals.pressure if self._arrivals else 0.0

    @contextlib.asynccontextmanager
    async def _held(self, items: Sequence[WorkItem]) -> AsyncIterator[None]:
        renewing = asyncio.create_task(self._renew(items))
        try:
            yield
        finally:
            await end(renewing)  # whose connection may be lost at that moment, and the cancellation with it

    async def _renew(self, items: Sequence[WorkItem]) -> None:
        pause = self._lease / 3
        while True:
            await asyncio.sleep(pause)
            pause = self._lease / 3
            try:
                if await self._queue.renew(self._work.pool, items, lease=self._lease):
                    pause = min(LOCKED_SECONDS, pause)
            except Exception as error:  # noqa: BLE001  # whatever it was, the lease merely runs out
                self._log.warning("lease not renewed", error=str(error))
