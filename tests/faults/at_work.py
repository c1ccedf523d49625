"""Work that goes on beside a block of a row."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine


@asynccontextmanager
async def at_work(done: asyncio.Event, *work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Have work go on until the block ends, and let what was begun come to its end; cut it off where that fails."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    done.set()
    await asyncio.gather(*tasks)
