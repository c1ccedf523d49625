"""A queue that a worker of a probed service works off."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from shared.messaging import Worker
from shared.messaging.ending import end
from shared.postgres import WorkTable
from shared.postgres.work import MAX_ATTEMPTS

QUEUE = WorkTable("surveys")


@pytest.fixture(autouse=True)
def quick_turns(monkeypatch) -> None:
    """Have a worker look for work again at once, in every test of a module that gives this a name."""
    monkeypatch.setattr("shared.messaging.worker.IDLE_SECONDS", 0.01)
    for room in ("worker", "turns"):
        monkeypatch.setattr(f"shared.messaging.{room}.PASSING_SECONDS", 0.01)


def worker_of(probe, compute, **how: Any) -> Worker:
    return Worker(probe.service, QUEUE, probe.work, compute, metrics=probe.telemetry.metrics, **how)


@asynccontextmanager
async def working(probe, compute, **how: Any):
    task = asyncio.create_task(worker_of(probe, compute, **how).run())
    try:
        yield
        assert not task.done()
    finally:
        await end(task)


async def mark(probe, *numbers: int, tenant: UUID | None = None) -> None:
    async with probe.work.begin() as tx:
        await QUEUE.mark(tx.connection, [(tenant or probe.tenant, probe.dealer, str(n)) for n in numbers])


async def give_up(probe, *numbers: int, minutes: int = 0, **whose: Any) -> None:
    """Have marked what was given up, this long overdue."""
    await mark(probe, *numbers, **whose)
    await probe.owner.execute(
        "UPDATE work SET attempts = $1, error = 'no price', due_at = now() - make_interval(mins => $3)"
        " WHERE key = ANY($2)",
        MAX_ATTEMPTS,
        [str(n) for n in numbers],
        minutes,
    )


async def store(probe, items) -> None:
    """Commit the results, taking the items off in the same transaction."""
    async with probe.work.begin() as tx:
        await probe.note([probe.event(int(item.key)) for item in items], tx)
        await QUEUE.finish(tx.connection, items)


def three_fails(probe, tried: list[list[int]]):
    """Compute all but item 3, which fails always; ``tried`` has the items of each call."""

    async def compute(items) -> None:
        tried.append(sorted(int(item.key) for item in items))
        if any(item.key == "3" for item in items):
            message = "3 has no price"
            raise ValueError(message)
        await store(probe, items)

    return compute


async def hurry(probe) -> None:
    """Let the pauses between tries pass, but not the hour of what is given up."""
    await probe.owner.execute("UPDATE work SET due_at = now() WHERE due_at > now() AND attempts < $1", MAX_ATTEMPTS)


def failed_tries(probe) -> dict[str, float]:
    """Give how many tries failed, by what became of them."""
    told = probe.telemetry.registry.get_sample_value
    labels = {"service": probe.service, "queue": QUEUE.queue}
    return {
        outcome: told("doso_work_failed_total", {**labels, "outcome": outcome})
        for outcome in ("retried", "given_up", "postponed", "taken_over")
    }


def given_up(probe) -> float | None:
    """Give how much is told to be given up."""
    labels = {"service": probe.service, "queue": QUEUE.queue}
    return probe.telemetry.registry.get_sample_value("doso_work_given_up", labels)


async def results(probe, count: int) -> list[int]:
    await probe.eventually(lambda: probe.value("SELECT count(*) = $1 FROM effect", count))
    return sorted(await probe.effects())
