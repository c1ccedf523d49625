"""The end of background tasks."""

import asyncio
from typing import Any

PATIENCE_SECONDS = 5.0


async def end(*tasks: "asyncio.Task[Any]", patience: float = PATIENCE_SECONDS) -> None:
    """Cancel tasks and wait until all have ended; raises the error that one ended with, or a group of several's.

    A library that cancels tasks of its own may take our cancellation for the echo of its own and go on. So each
    is asked again every ``patience`` seconds: one cancellation lost would leave us waiting for ever.
    """
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=patience)
    errors = [error for task in tasks if not task.cancelled() and (error := task.exception())]
    if len(errors) > 1:
        message = f"{len(errors)} of {len(tasks)} background tasks failed"
        raise BaseExceptionGroup(message, errors)
    for error in errors:
        raise error
