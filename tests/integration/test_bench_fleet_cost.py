"""What is asked about one dealer group costs the same however many others there are."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

import asyncpg
import pytest
from rich.console import Console

from bench import fleet_cost
from bench.fleet_cost.filling import NUMBERS, fill
from bench.options import Options
from bench.progress import Steps

if TYPE_CHECKING:
    from pathlib import Path

SIZES = (10, 60)


async def grown_in(folder: Path) -> dict[str, str]:
    """Measure a fleet of its own; gives the queries that cost more in the larger one, with why."""
    await asyncio.to_thread(folder.mkdir)
    options = Options(("memory",), None, 1, folder, 1.0, folder, 0)
    table = await fleet_cost.measure(options, Steps(Console(file=io.StringIO())))
    assert len(table.rows) > 70
    return {row.name: "; ".join([str(row.detail), *table.notes]) for row in table.rows if not row.met}


async def test_no_query_grows_with_the_fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_cost, "SIZES", SIZES)
    grown = await grown_in(tmp_path / "first")
    if grown:  # in milliseconds that other load may have taken, which it does not do twice to the same query
        again = await grown_in(tmp_path / "second")
        grown = {name: why for name, why in again.items() if name in grown}
    assert not grown, "\n".join(f"{name}: {why}" for name, why in grown.items())


async def test_a_fleet_may_be_added_to(migrated: str) -> None:
    connection = await asyncpg.connect(migrated)
    done: list[float] = []
    try:
        await fill(connection, 0, 2, done.append)
        first = await connection.fetch("SELECT * FROM gateway.vehicle ORDER BY vehicle_key")
        await fill(connection, 2, 3, done.append)
        after = await connection.fetch("SELECT * FROM gateway.vehicle ORDER BY vehicle_key")
    finally:
        await connection.close()
    assert done == [2, 3]
    assert len(first) == 2 * NUMBERS["vehicles"]
    assert len(after) == 3 * NUMBERS["vehicles"]
    assert after[: len(first)] == first
