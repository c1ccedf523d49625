"""The end of background tasks: asked again where a cancellation was lost, errors told."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from shared.messaging.ending import end


async def for_ever() -> None:
    await asyncio.Event().wait()


async def loses_one_cancellation() -> None:
    with suppress(asyncio.CancelledError):
        await for_ever()
    await for_ever()


async def fails_when_cancelled(error: BaseException | None = None) -> None:
    try:
        await for_ever()
    finally:
        raise error or OSError("disk full")


async def begun(*coroutines) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(one) for one in coroutines]
    await asyncio.sleep(0)
    return tasks


async def test_tasks_are_ended_also_where_a_cancellation_is_lost() -> None:
    tasks = await begun(for_ever(), loses_one_cancellation())
    async with asyncio.timeout(20):
        await end(*tasks, patience=0.01)
    assert all(task.cancelled() for task in tasks)


async def test_an_error_at_the_end_is_told_once_all_have_ended() -> None:
    tasks = await begun(fails_when_cancelled(), loses_one_cancellation())
    with pytest.raises(OSError, match="disk full"):
        await end(*tasks, patience=0.01)
    assert all(task.done() for task in tasks)


async def test_several_errors_are_all_told() -> None:
    tasks = await begun(fails_when_cancelled(), for_ever(), fails_when_cancelled(ValueError("no such queue")))
    with pytest.raises(ExceptionGroup, match="2 of 3 background tasks failed") as told:
        await end(*tasks, patience=0.01)
    assert [str(error) for error in told.value.exceptions] == ["disk full", "no such queue"]
    assert tasks[1].cancelled()


async def test_what_has_ended_already_and_nothing_at_all_are_fine() -> None:
    done = asyncio.create_task(asyncio.sleep(0))
    await done
    await end(done)
    await end()
