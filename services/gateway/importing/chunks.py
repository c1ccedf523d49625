"""Rows of a file a chunk at a time, read beside the event loop."""

import asyncio
from collections.abc import AsyncIterator
from itertools import islice

from services.gateway.imports import ImportedRow, ImportReading, RejectedRow

CHUNK = 400


class ImportRefusedError(Exception):
    """Why a whole file was refused, for the person who sent it."""


async def chunks(reading: ImportReading, most: int) -> AsyncIterator[list[ImportedRow | RejectedRow]]:
    """Read rows in a thread, ``CHUNK`` at a time, so that parsing never holds the event loop.

    Raises ``ImportRefusedError`` where there are more than ``most``.
    """
    rows = iter(reading)
    while chunk := await asyncio.to_thread(lambda: list(islice(rows, CHUNK))):
        if reading.counts.rows > most:
            message = f"The file has more than {most} rows, the most in one file: split it. Rows up to there count."
            raise ImportRefusedError(message)
        yield chunk
