"""However a benchmark ends, what it started ends with it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING

import psutil
import uvloop

if TYPE_CHECKING:
    from collections.abc import Coroutine

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_PATIENCE_SECONDS = 10.0
_FAILED_BY_SIGNAL = 128
"""What a shell adds the number to."""


def run_and_end(work: Coroutine[None, None, None]) -> None:
    """Run ``work``; SIGTERM or Ctrl-C cancel it, so that it stops what it runs, and raise SystemExit in the end."""
    received: list[signal.Signals] = []

    async def until_signalled() -> None:
        task, loop = asyncio.ensure_future(work), asyncio.get_running_loop()

        def stop(number: signal.Signals) -> None:
            if not received:  # impatience must not interrupt the stopping
                received.append(number)
                task.cancel()

        for number in _SIGNALS:
            loop.add_signal_handler(number, stop, number)
        await asyncio.wait([task])
        if received:
            await asyncio.to_thread(_end_children)
        if not task.cancelled():
            task.result()

    uvloop.run(until_signalled())
    if received:
        raise SystemExit(_FAILED_BY_SIGNAL + received[0])


def _end_children() -> None:
    """End processes that compute: a thread waits for them, and we would wait for the thread."""
    children = psutil.Process().children(recursive=True)
    for child in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.terminate()
    _, alive = psutil.wait_procs(children, timeout=_PATIENCE_SECONDS)
    for child in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
