"""A turn of a worker: what it claimed is tried, together and then one by one, and what is not done goes back."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from uuid import UUID

import structlog

from shared.messaging.compute import WorkerDied
from shared.messaging.failures import passing, took_too_long
from shared.messaging.given_up import TURN_SECONDS, GivenUpShare
from shared.messaging.unit_of_work import UnitOfWork
from shared.observability import Metrics
from shared.postgres import WorkItem, WorkTable
from shared.postgres.claims import ClaimLostError
from shared.postgres.work import AGAIN_SECONDS

Compute = Callable[[Sequence[WorkItem]], Awaitable[None]]

PASSING_SECONDS = 1.0
SPARED_SECONDS = 60.0
"""How long the rest of a tenant waits when one item of it alone took too long, which cost the other tenants about as
much: the batch's time and its own."""
_RETRIED, _GIVEN_UP, _POSTPONED, _TAKEN_OVER = "retried", "given_up", "postponed", "taken_over"


class Turns:
    """Tries claimed items of one queue, turn after turn.

    A batch that fails is tried one item at a time, so one bad item does not hold up the rest. What is given up is
    tried apart from the others and after them: more a turn while it succeeds, for half a second, and one now and then
    while it fails. Nor does one that takes long hold others up: what was not tried within ``seconds`` goes back, and
    so does what is left of a tenant of whom one item alone took too long, which counts as a failed try.
    """

    def __init__(
        self,
        queue: WorkTable,
        work: UnitOfWork,
        compute: Compute,
        *,
        metrics: Metrics,
        batch: int,
        seconds: float,
        log: structlog.stdlib.BoundLogger,
    ) -> None:
        self._queue = queue
        self._work = work
        self._compute = compute
        self._metrics = metrics
        self._given_up = GivenUpShare(batch)
        self._took = 0.0
        self._seconds = seconds
        self._log = log
        for outcome in (_RETRIED, _GIVEN_UP, _POSTPONED, _TAKEN_OVER):
            metrics.failed_work(queue.queue, outcome, items=0)  # what is not there before its first does not increase

    @property
    def given_up(self) -> int:
        """How many given-up items the next turn may claim."""
        return self._given_up.size

    async def attempt(self, items: Sequence[WorkItem]) -> None:
        """Try claimed items and give back what is not done."""
        until = time.monotonic() + self._seconds
        sound = [item for item in items if not item.given_up]
        left = [item for item in items if item.given_up]
        if error := await self._failure(sound) if sound else None:
            if not _its_own(error) and not _taken_over(error):
                await self._give_back_failed(sound, error)
                if left:
                    self._given_up.postponed(AGAIN_SECONDS)
                    await self._release(left)
                return
            if len(sound) > 1:
                left = await self._one_by_one(await self._still_ours(sound), left, until)
            else:
                left = await self._without(sound[0], error, left)
        if time.monotonic() < until:
            await self._heal(left, until)
        else:
            await self._release(left)

    async def _one_by_one(
        self, sound: Sequence[WorkItem], given_up: Sequence[WorkItem], until: float
    ) -> list[WorkItem]:
        """Try each sound one by itself, one at least, so that every turn gets on; gives what is left to be healed.

        What the batch finished before it failed is no longer among them. Where it goes item by item the first of
        what is left was its end: it comes last, and they have time of their own, lest one that hangs keeps all back.
        """
        until = max(until, time.monotonic() + self._seconds)
        left = [*reversed(sound), *given_up]
        while left and not left[0].given_up:
            item = left.pop(0)
            error = await self._failure([item])
            if error:
                left = await self._without(item, error, left)
            if time.monotonic() >= until:
                reason = "not tried: others took all the time that there was"
                await self._give_back([each for each in left if not each.given_up], reason, counts=False)
                break
        return [each for each in left if each.given_up]

    async def _heal(self, given_up: Sequence[WorkItem], until: float) -> None:
        """Try what is given up, rooftop by rooftop, until one fails or time is up; the rest goes back as it was."""
        began, left = time.monotonic(), list(given_up)
        while left:
            tried = [item for item in left if _rooftop(item) == _rooftop(left[0])]
            error = await self._failure(tried)
            if error:
                if _taken_over(error):
                    break
                if _its_own(error):
                    self._given_up.failed(self._took)
                else:
                    self._given_up.postponed(AGAIN_SECONDS, self._took)
                if len(tried) == 1:
                    await self._give_back_failed(tried, error)
                    left = left[1:]
                else:  # whose failure it is we do not know; the next turn tries one
                    first = tried[0].key
                    self._log.warning("given-up work failed together", items=len(tried), first=first, exc_info=error)
                break
            left = [item for item in left if item not in tried]
            now = time.monotonic()
            self._given_up.succeeded(len(given_up) - len(left), now - began)
            if now >= min(until, began + TURN_SECONDS):
                break
        await self._release(left)

    async def _without(self, item: WorkItem, error: Exception, left: Sequence[WorkItem]) -> list[WorkItem]:
        """Give back an item that failed alone, and with it what is not to be tried after that; gives what is."""
        if _taken_over(error):
            return list(left)
        await self._give_back_failed([item], error)
        if not took_too_long(error):
            return list(left)
        reason = f"not tried: {item.key} of the same tenant alone took longer than a statement may"
        spared = [each for each in left if each.tenant_id == item.tenant_id]
        sound = [each for each in spared if not each.given_up]
        await self._give_back(sound, reason, counts=False, delay=SPARED_SECONDS)
        if len(sound) < len(spared):
            self._given_up.postponed(SPARED_SECONDS)
            await self._release([each for each in spared if each.given_up])
        return [each for each in left if each.tenant_id != item.tenant_id]

    async def _failure(self, items: Sequence[WorkItem]) -> Exception | None:
        began = time.monotonic()
        try:
            await self._compute(items)
        except ClaimLostError as error:
            self._log.warning("work was taken over", items=len(items), first=items[0].key, error=str(error))
            self._metrics.failed_work(self._queue.queue, _TAKEN_OVER)
            return error
        except Exception as error:  # noqa: BLE001  # whatever it was, it is logged and the work given back
            return error
        finally:
            self._took = time.monotonic() - began
        return None

    async def _still_ours(self, items: Sequence[WorkItem]) -> list[WorkItem]:
        """Tell which items are neither finished by themselves nor another's by now."""
        async with self._giving_back():
            return await self._queue.still_held(self._work.pool, items) if items else []
        return []

    async def _give_back_failed(self, items: Sequence[WorkItem], error: Exception) -> None:
        self._log.error("work failed", items=len(items), first=items[0].key, exc_info=error)
        own = _its_own(error)
        given_up = await self._give_back(items, f"{type(error).__name__}: {error}", counts=own)
        if own:
            self._metrics.failed_work(self._queue.queue, _GIVEN_UP, given_up)
            self._metrics.failed_work(self._queue.queue, _RETRIED, len(items) - given_up)
        else:
            self._metrics.failed_work(self._queue.queue, _POSTPONED, len(items))

    async def _give_back(
        self, items: Sequence[WorkItem], reason: str, *, counts: bool, delay: float = AGAIN_SECONDS
    ) -> int:
        """Give items back; gives how many of them are given up by now."""
        async with self._giving_back():
            return await self._queue.fail(self._work.pool, items, reason, counts=counts, delay=delay) if items else 0
        return 0

    async def _release(self, items: Sequence[WorkItem]) -> None:
        async with self._giving_back():
            if items:
                await self._queue.release(self._work.pool, items)

    @contextlib.asynccontextmanager
    async def _giving_back(self) -> AsyncIterator[None]:
        try:
            yield
        except Exception as error:
            if not passing(error):
                raise
            # Their lease runs out by itself.
            self._log.warning("work not given back", error=str(error))
            await asyncio.sleep(PASSING_SECONDS)


def _taken_over(error: Exception) -> bool:
    """Tell whether it is another's by now, or was: nothing is to be given back."""
    return isinstance(error, ClaimLostError)


def _its_own(error: Exception) -> bool:
    """Tell whether it may be the work itself that fails, and not something else that is away."""
    return isinstance(error, WorkerDied) or took_too_long(error) or not passing(error)


def _rooftop(item: WorkItem) -> tuple[UUID, UUID]:
    return item.tenant_id, item.dealer_id
