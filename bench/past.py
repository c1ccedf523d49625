"""A past in the tables: beside the events of days before, one costs PostgreSQL twice what it does on empty ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    from bench.progress import Steps

VERSIONS = 10
"""Reports of each vehicle."""
_SCRIPT = Path(__file__).with_suffix(".sql")


async def enter_past(dsn: str, events: int, steps: Steps) -> None:
    """Enter ``events`` reports of six days, as the owner, in the outboxes, inboxes and tables of every service.

    They are of dealer groups that nobody signs in to, all published and taken in by everybody; nothing is marked to
    be computed. None for nought. Raises ValueError for a number of events that is no multiple of ten.
    """
    if events % VERSIONS:
        message = f"each vehicle of the past has {VERSIONS} reports; {events} cannot be split into them"
        raise ValueError(message)
    if not events:
        return
    connection = await asyncpg.connect(dsn)
    try:
        statements = [each for each in _SCRIPT.read_text(encoding="utf-8").split(";\n") if each.strip()]
        with steps.step(f"a past of {events:,} events", total=len(statements) + 2) as advance:
            for done, statement in enumerate(statements):
                await connection.execute(statement.replace(":events", str(events)))
                advance(done + 1)
            await connection.execute("VACUUM ANALYZE")
            advance(len(statements) + 1)
            await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
