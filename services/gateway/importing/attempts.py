"""How often an import is tried, and for how long it is held: none may stay running for ever."""

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from shared.messaging.failures import passing
from shared.postgres import WorkItem, WorkTable
from shared.postgres.pool import Pool

IMPORT_LEASE = 120.0
"""Seconds; renewed while an import runs, so that what a dead gateway held is another's soon."""
MAX_STARTS = 3
GIVEN_UP = (
    f"Reading this file ended the gateway {MAX_STARTS} times, so it is given up. Rows counted as accepted were taken"
    " in. Split the file, or save it in another format (CSV is the plainest), and send it again."
)
NO_ROOM = (
    f"The gateway found no room on its own disk for this file, {MAX_STARTS} times. Nothing is wrong with the file:"
    " tell whoever runs the installation, and send it again later."
)
_RENEWALS_A_LEASE = 4
_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO, errno.ENOENT})
_log = structlog.stdlib.get_logger("doso.import", service="gateway")


class NoRoomError(Exception):
    """The gateway's own disk does not take a file. It may later: but this counts as a try, unlike a lost network."""


def of_the_disk(error: BaseException) -> bool:
    """Tell whether an error is that of our own disk; those of the network are none."""
    return isinstance(error, OSError) and not isinstance(error, ConnectionError) and error.errno in _DISK


@asynccontextmanager
async def held(queue: WorkTable, pool: Pool, item: WorkItem) -> AsyncIterator[None]:
    """Go on holding an item until the block ends, however long that takes."""
    renewing = asyncio.create_task(_renew(queue, pool, item))
    try:
        yield
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing


async def _renew(queue: WorkTable, pool: Pool, item: WorkItem) -> None:
    while True:
        await asyncio.sleep(IMPORT_LEASE / _RENEWALS_A_LEASE)
        try:
            await queue.renew(pool, [item], lease=IMPORT_LEASE)
        except Exception as error:
            if not passing(error):
                raise
            _log.warning("lease not renewed; trying again", error_class=type(error).__name__)
