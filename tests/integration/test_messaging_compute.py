"""The compute pool: another process, replaced when it dies, gone when closed."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import psutil
import pytest

from shared.messaging import ComputePool
from shared.messaging.compute import WorkerDied


@pytest.fixture
async def pool():
    made = ComputePool()
    yield made
    await made.close()


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def gone(*pids: int) -> bool:
    """Give processes that were ended the time that a busy machine takes to see them off."""
    deadline = time.monotonic() + 60
    while not all(map(is_gone, pids)) and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
    return all(map(is_gone, pids))


async def test_work_runs_in_another_process_and_its_result_comes_back(pool) -> None:
    assert await pool.run(os.getpid) != os.getpid()
    assert await pool.run(divmod, 17, 5) == (3, 2)


async def test_an_error_in_the_work_is_the_callers_and_costs_no_process(pool) -> None:
    worker = await pool.run(os.getpid)
    with pytest.raises(ZeroDivisionError):
        await pool.run(divmod, 1, 0)
    assert await pool.run(os.getpid) == worker


async def test_the_event_loop_goes_on_while_a_worker_computes(pool) -> None:
    await pool.run(os.getpid)
    busy = asyncio.create_task(pool.run(time.sleep, 600))
    for _ in range(1000):
        await asyncio.sleep(0)
    assert not busy.done()
    await pool.close()
    with pytest.raises((ConnectionError, asyncio.CancelledError)):
        await busy


async def test_a_killed_worker_is_a_connection_error_and_then_replaced(pool) -> None:
    worker = await pool.run(os.getpid)
    busy = asyncio.create_task(pool.run(time.sleep, 600))
    await asyncio.sleep(0)
    os.kill(worker, signal.SIGKILL)
    with pytest.raises(ConnectionError, match="a worker died while computing sleep"):
        await busy
    replacement = await pool.run(os.getpid)
    assert replacement != worker
    assert await gone(worker)


async def test_a_worker_that_ends_itself_is_replaced_each_time(pool) -> None:
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await pool.run(os._exit, 3)
    assert await pool.run(abs, -1) == 1


async def test_what_computes_for_too_long_is_ended_with_its_process(pool, monkeypatch) -> None:
    hung = await pool.run(os.getpid)
    monkeypatch.setattr("shared.messaging.compute.LONGEST_SECONDS", 0.1)
    with pytest.raises(WorkerDied, match="sleep computed for 0 s"):
        await pool.run(time.sleep, 600)
    assert await gone(hung)
    monkeypatch.undo()
    assert await pool.run(abs, -1) == 1


async def test_who_waits_behind_what_computes_for_too_long_is_told_and_may_try_again(monkeypatch) -> None:
    pool = ComputePool()
    await pool.run(abs, -1)
    monkeypatch.setattr("shared.messaging.compute.LONGEST_SECONDS", 0.5)
    hung = asyncio.create_task(pool.run(time.sleep, 600))
    await asyncio.sleep(0)
    monkeypatch.undo()
    told = await asyncio.gather(hung, *(pool.run(abs, -n) for n in range(4)), return_exceptions=True)
    assert [type(each) for each in told] == 5 * [WorkerDied]
    assert await pool.run(abs, -1) == 1
    await pool.close()


async def test_close_ends_a_busy_worker() -> None:
    pool = ComputePool(workers=2)
    workers = set(await asyncio.gather(*(pool.run(os.getpid) for _ in range(8))))
    busy = asyncio.gather(*(pool.run(time.sleep, 600) for _ in range(3)), return_exceptions=True)
    await asyncio.sleep(0)
    executor_processes = {process.pid for process in psutil.Process().children() if is_worker(process)}
    assert workers <= executor_processes
    await pool.close()
    assert await gone(*executor_processes)
    assert all(isinstance(outcome, ConnectionError | asyncio.CancelledError) for outcome in await busy)


async def test_close_may_be_called_again_and_without_a_start() -> None:
    pool = ComputePool()
    await pool.close()
    await pool.run(abs, -1)
    await pool.close()
    await pool.close()


async def test_keyword_arguments_are_refused_with_the_reason(pool) -> None:
    with pytest.raises(TypeError, match="positional"):
        await pool.run(sorted, [1], reverse=True)


def is_worker(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # another test's, which ended while we were looking
        return False
