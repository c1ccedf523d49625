"""Workers: drain a work table outside the handlers, so that consuming never waits for computing."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import structlog

from shared.messaging.arrivals import Arrivals
from shared.messaging.compute import WorkerDied
from shared.messaging.failures import passing, took_too_long
from shared.messaging.unit_of_work import UnitOfWork
from shared.postgres import WorkItem, WorkTable

Compute = Callable[[Sequence[WorkItem]], Awaitable[None]]

IDLE_SECONDS = 0.2
PASSING_SECONDS = 1.0
LEASE_SECONDS = 30.0
"""How long the work of a process that died lies idle."""
REST_SECONDS = 2.0
"""A worker rests as long as it worked, and no longer than this: while events stream in, whatever it computes is
soon out of date, and the handlers need the processor and the database more."""
STREAM_RESTS = 6.0
STREAM_REST_SECONDS = 10.0
"""While events stream in it rests this many times as long as it worked, so that four workers at once, of different
services, leave a machine of two cores to the events; for these seconds at most, and no longer than the stream."""
STEP_BACK_SECONDS = 20.0
"""How long it waits at most while events arrive late: an endless flood must not mean no advice at all."""


class Worker:
    """Claims due items of one queue and hands them to ``compute``.

    ``compute`` commits its results and takes the items off in the same transaction. If it raises, the items
    come back with a growing delay; a batch that fails is tried one item at a time, so one bad item does not
    hold up the rest. While it computes, the lease is renewed, for ``lease`` seconds at most: so a process that
    died is missed soon, and one that hangs is not waited for without end. Given the
    service's ``arrivals``, it steps back while events arrive late, and rests for longer while they stream in.
    """

    def __init__(
        self,
        service: str,
        queue: WorkTable,
        work: UnitOfWork,
        compute: Compute,
        *,
        batch: int = 32,
        lease: float = 120.0,
        arrivals: Arrivals | None = None,
    ) -> None:
        self._arrivals = arrivals
        self._queue = queue
        self._work = work
        self._compute = compute
        self._batch = batch
        self._lease = lease
        self._log = structlog.stdlib.get_logger("doso.worker", service=service, queue=queue.queue)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._step_back()
            try:
                items = await self._queue.claim(self._work.pool, limit=self._batch, lease=LEASE_SECONDS)
            except Exception as error:
                if not passing(error):
                    raise
                self._log.warning("cannot claim work", error=str(error))
                await asyncio.sleep(PASSING_SECONDS)
                continue
            if items:
                began = time.monotonic()
                async with self._held(items):
                    await self._attempt(items)
                await self._rest(time.monotonic() - began)
            else:
                await asyncio.sleep(IDLE_SECONDS)

    async def _step_back(self) -> None:
        until = time.monotonic() + STEP_BACK_SECONDS
        while self._arrivals and self._arrivals.late and time.monotonic() < until:  # noqa: ASYNC110  # it ends unseen
            await asyncio.sleep(IDLE_SECONDS)

    async def _rest(self, worked: float) -> None:
        until = time.monotonic() + min(STREAM_RESTS * worked, STREAM_REST_SECONDS)
        await asyncio.sleep(min(worked, REST_SECONDS))
        while self._arrivals and self._arrivals.streaming and time.monotonic() < until:  # noqa: ASYNC110  # as above
            await asyncio.sleep(IDLE_SECONDS)

    @contextlib.asynccontextmanager
    async def _held(self, items: Sequence[WorkItem]) -> AsyncIterator[None]:
        renewing = asyncio.create_task(self._renew(items))
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.wait([renewing])

    async def _renew(self, items: Sequence[WorkItem]) -> None:
        until = time.monotonic() + self._lease - LEASE_SECONDS
        while time.monotonic() < until:
            await asyncio.sleep(LEASE_SECONDS / 3)
            try:
                await self._queue.renew(self._work.pool, items, lease=LEASE_SECONDS)
            except Exception as error:  # noqa: BLE001  # whatever it was, the lease merely runs out
                self._log.warning("lease not renewed", error=str(error))

    async def _attempt(self, items: Sequence[WorkItem]) -> None:
        try:
            await self._compute(items)
        except Exception as error:  # noqa: BLE001  # whatever it was, it is logged and given back
            if len(items) > 1 and (isinstance(error, WorkerDied) or took_too_long(error) or not passing(error)):
                for item in items:
                    await self._attempt([item])
                return
            self._log.exception("work failed", items=len(items), first=items[0].key)
            await self._give_back(items, error)

    async def _give_back(self, items: Sequence[WorkItem], error: Exception) -> None:
        try:
            counts = isinstance(error, WorkerDied) or not passing(error)
            text = f"{type(error).__name__}: {error}"
            await self._queue.fail(self._work.pool, items, text, counts=counts)
        except Exception as second:
            if not passing(second):
                raise
            # Their lease runs out by itself.
            self._log.warning("work not given back", error=str(second))
            await asyncio.sleep(PASSING_SECONDS)
