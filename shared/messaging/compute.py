"""CPU work in processes of its own, so that no fit or optimisation ever holds the event loop."""

import asyncio
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

LONGEST_SECONDS = 600.0
"""What takes longer is taken for hung, and its process is ended. A wait for what others compute counts too."""
_WATCH_SECONDS = 2.0
NICENESS = 10
"""Fits and plans take what is left of a core: what reads events and answers people goes first."""


class WorkerDied(ConnectionError):
    """A worker process ended under its work, which may be what ended it."""


class ComputePool:
    """A process pool that survives the death of its workers.

    Workers are spawned, never forked: the parent has threads and open sockets.
    """

    def __init__(self, workers: int = 1) -> None:
        self._workers = workers
        self._executor: ProcessPoolExecutor | None = None

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a picklable function in a worker.

        Raises ``WorkerDied`` when the worker died under it, or was ended for taking longer than ``LONGEST_SECONDS``.
        """
        if kwargs:
            message = "pass positional arguments: they cross a process boundary"
            raise TypeError(message)
        executor = self._executor or self._start()
        limit = asyncio.timeout(LONGEST_SECONDS)
        try:
            async with limit:
                return await asyncio.get_running_loop().run_in_executor(executor, function, *args)
        except TimeoutError as error:
            if not limit.expired():
                raise
            await self._end(executor)
            message = f"{function.__name__} computed for {LONGEST_SECONDS:,.0f} s and was ended with its worker"
            raise WorkerDied(message) from error
        except BrokenProcessPool as error:
            if self._executor is executor:
                self._executor = None
            message = f"a worker died while computing {function.__name__}"
            raise WorkerDied(message) from error

    async def close(self) -> None:
        """End the workers at once; what they were computing is still marked as work."""
        if executor := self._executor:
            await self._end(executor)

    async def _end(self, executor: ProcessPoolExecutor) -> None:
        """End its processes; whoever waits for it, in its queue as well, is told that the worker died."""
        if self._executor is executor:
            self._executor = None
        processes = list((executor._processes or {}).values())  # noqa: SLF001  # 3.11 has no public kill
        executor.shutdown(wait=False)
        for process in processes:
            process.terminate()
        for process in processes:
            await asyncio.to_thread(process.join, 2.0)

    def _start(self) -> ProcessPoolExecutor:
        self._executor = ProcessPoolExecutor(
            self._workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_prepare,
            initargs=(os.getpid(),),
        )
        return self._executor


def _prepare(parent: int) -> None:
    os.nice(NICENESS)
    _follow_parent(parent)


def _follow_parent(parent: int) -> None:
    """Leave Ctrl-C to the parent, and end when it is gone, so that no worker outlives a killed service."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="follow-parent").start()
