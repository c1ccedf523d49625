"""Where files are made: a few at a time, so that reports never take the processor from everything else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

AT_ONCE = 2
PATIENCE_SECONDS = 20.0


class Busy(Exception):
    """Others' reports are being made, and the wait is over."""


class Desk:
    """Lets a few reports be made at once."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn; raises ``Busy`` after twenty seconds."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._turn.acquire()
        except TimeoutError as error:
            raise Busy from error
        try:
            yield
        finally:
            self._turn.release()
