"""Memory by part after a day's events, and how long the system takes to start."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bench.group import create_rooftops
from bench.load import dms_load
from bench.replay import replay
from bench.statistics import spread
from bench.system import running_system
from bench.tables import Limit, Mark, Row, Table, once
from bench.throughput import EVENTS, ROOFTOPS
from deploy.local.servers import PostgresServer

if TYPE_CHECKING:
    from pathlib import Path

    from bench.options import Options
    from bench.progress import Steps
    from bench.statistics import Spread
    from deploy.local.settings import BrokerChoice

GOAL = Mark("below", 1_200.0)
_SETTLE_SECONDS = 2.0


async def measure(options: Options, steps: Steps) -> Table:
    """Start each stack several times, then weigh it before and after a replay."""
    table = Table("memory", f"Memory (PSS) before and after {EVENTS:,} events, and start of the system")
    database = await _database_starts(options, steps)
    for broker in options.brokers:
        table.rows += await _stack(options, broker, database, steps)
    table.notes += [
        "proportional set size: pages shared by several processes are counted once; MB of a million bytes",
        (
            "the limit of the memory is the same stack when it is ready and nothing was sent yet; that of a first"
            " start is the embedded PostgreSQL alone, on an empty folder"
        ),
    ]
    return table


async def _stack(options: Options, broker: BrokerChoice, database: Limit, steps: Steps) -> list[Row]:
    first, again = [], []
    before: dict[str, float] = {}
    after: dict[str, float] = {}
    for repeat in range(options.repeats):
        folder = options.folder / f"memory-{broker}-{repeat}"
        async with running_system(folder, broker, steps) as system:
            first.append(system.ready_seconds)
        async with running_system(folder, broker, steps) as system:
            again.append(system.ready_seconds)
            if repeat == options.repeats - 1:
                await asyncio.sleep(_SETTLE_SECONDS)
                before = system.megabytes()
                dealers = await asyncio.to_thread(create_rooftops, system, ROOFTOPS[0])
                load = dms_load(dealers, EVENTS, run="memory", end=datetime.now(UTC))
                await replay(system, load, dealers, steps)
                await system.idle(steps)
                after = system.megabytes()
    rows = [
        _weight(broker, part, size, before.get(part, 0.0))
        for part, size in sorted(after.items(), key=lambda item: -item[1])
    ]
    total = _weight(broker, "total", sum(after.values()), sum(before.values()), GOAL)
    return [total, *rows, _start(broker, "first", spread(first), database), _start(broker, "next", spread(again))]


def _weight(broker: str, part: str, size: float, ready: float, mark: Mark | None = None) -> Row:
    limits = (Limit("when ready", once(ready)),) if ready else ()
    return Row(f"{broker} broker: {part}", "MB", once(size), limits, mark)


def _start(broker: str, which: str, took: Spread, database: Limit | None = None) -> Row:
    return Row(f"{broker} broker: {which} start until ready", "s", took, (database,) if database else ())


async def _database_starts(options: Options, steps: Steps) -> Limit:
    with steps.step("starting PostgreSQL alone", total=options.repeats) as advance:
        took = []
        for repeat in range(options.repeats):
            took.append(await asyncio.to_thread(_database_start, options.folder / f"postgres-{repeat}"))
            advance(repeat + 1)
    return Limit("PostgreSQL alone", spread(took))


def _database_start(folder: Path) -> float:
    folder.mkdir()
    began = time.perf_counter()
    with PostgresServer(folder):
        return time.perf_counter() - began
