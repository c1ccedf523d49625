"""When a worker renews the leases of what it computes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import uuid4

import pytest
from prometheus_client import CollectorRegistry

from shared.messaging import UnitOfWork, Worker
from shared.messaging.worker import LEASE_SECONDS, LOCKED_SECONDS
from shared.observability.metrics import make_metrics
from shared.postgres import WorkItem, WorkTable

if TYPE_CHECKING:
    from collections.abc import Sequence

ITEM = WorkItem(uuid4(), uuid4(), "civic", 1, uuid4())


class Leased(WorkTable):
    """A queue whose renewals find what they are told to: locked items, or the database away."""

    def __init__(self, *renewals: list[WorkItem] | Exception) -> None:
        super().__init__("surveys")
        self.left = list(renewals)

    async def renew(self, pool: Any, items: Sequence[WorkItem], *, lease: float = 120.0) -> list[WorkItem]:
        locked = self.left.pop(0)
        if isinstance(locked, Exception):
            raise locked
        assert items == [ITEM]
        return locked


class CutOff(WorkTable):
    """A queue whose renewal loses its connection just when it is cancelled: what it raises then is not that."""

    def __init__(self) -> None:
        super().__init__("surveys")
        self.renewing = asyncio.Event()

    async def renew(self, pool: Any, items: Sequence[WorkItem], *, lease: float = 120.0) -> list[WorkItem]:
        if not self.renewing.is_set():
            self.renewing.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise ConnectionError("connection is closed") from None
        return []


def worker_of(queue: WorkTable, **settings: Any) -> Worker:
    async def computes(_: object) -> NoReturn:
        raise AssertionError

    work = UnitOfWork(None, "market")  # type: ignore[arg-type]  # it is not asked
    return Worker("market", queue, work, computes, metrics=make_metrics("market", CollectorRegistry()), **settings)


async def test_a_turn_ends_though_its_renewal_mistakes_the_end_for_a_lost_connection() -> None:
    queue = CutOff()
    async with asyncio.timeout(60), worker_of(queue, lease=0.03)._held([ITEM]):
        await queue.renewing.wait()


async def test_what_could_not_be_renewed_is_tried_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Leased([], [ITEM], [ITEM], [], OSError("away"), [])
    pauses: list[float] = []

    async def passes_at_once(seconds: float) -> None:
        pauses.append(seconds)
        if not queue.left:
            raise asyncio.CancelledError

    monkeypatch.setattr("shared.messaging.worker.asyncio.sleep", passes_at_once)
    worker = worker_of(queue)
    with pytest.raises(asyncio.CancelledError):
        await worker._renew([ITEM])
    often, soon = LEASE_SECONDS / 3, LOCKED_SECONDS
    assert pauses == [often, often, soon, soon, often, often, often]
