"""The end of background tasks."""

import asyncio
from typing import Any

PATIENCE_SECONDS = 5.0


async def end(*tasks: "asyncio.Task[Any]", patience: float = PATIENCE_SECONDS) -> None:
    """Cancel tasks and wait until all have ended; raises the first error that one ended with.

    A library that cancels tasks of its own may take our cancellation for the echo of its own and go on. So each
    is asked again every ``patience`` seconds: one cancellation lost would leave us waiting for ever.
    """
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=patience)
    errors = [task.exception() for task in tasks if not task.cancelled()]
    for error in filter(None, errors):
        raise error
