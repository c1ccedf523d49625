"""A fleet of dealers in the database, as the services would have stored it; more dealers may be added later.

Ten rooftops make a dealer group. The first group is the same whatever the size of the fleet, so that what is
asked about it should cost the same.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncpg

    from bench.progress import Advance

NUMBERS = {"group": 10, "vehicles": 300, "segments": 30}
"""Rooftops of a group, vehicles of each rooftop, a third of them sold, and its segments."""
PART = 50
_PART_OF_A_FLEET = Path(__file__).with_name("part_of_a_fleet.sql")
_EXAMPLES = Path(__file__).parent.parent.parent / "shared" / "events" / "examples"
_TOPICS = (
    "inventory-updated", "market-updated", "forecast-ready", "recommendation-issued", "outcome-recorded",
    "policy-updated",
)  # fmt: skip
_NAME = re.compile(r"(?<!:):([a-z]+)\b")


async def fill(connection: asyncpg.Connection[asyncpg.Record], first: int, total: int, advance: Advance) -> None:
    """Add rooftops from number ``first`` until there are ``total``, then have the statistics brought up to date."""
    await connection.execute("CREATE TEMP TABLE IF NOT EXISTS example (topic text PRIMARY KEY, document jsonb)")
    for topic in _TOPICS:
        document = min((_EXAMPLES / topic / "v1").glob("*.json")).read_text(encoding="utf-8")
        await connection.execute("INSERT INTO example VALUES ($1, $2) ON CONFLICT DO NOTHING", topic, document)
    for start in range(first, total, PART):
        end = min(start + PART, total)
        await connection.execute(part_of_a_fleet(start, end - 1))
        advance(end)
    await connection.execute("VACUUM ANALYZE")


def part_of_a_fleet(first: int, last: int) -> str:
    """Give the script that adds rooftops of these numbers, both included."""
    numbers = NUMBERS | {"first": first, "last": last}
    text = _PART_OF_A_FLEET.read_text(encoding="utf-8")
    return _NAME.sub(lambda name: str(numbers[name[1]]), text)
