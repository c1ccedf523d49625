"""Events a second from the gateway to the read model, through broker, inventory and both outboxes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bench.database_limits import database_limits
from bench.group import create_rooftops
from bench.load import DmsLoad, dms_load, ndjson
from bench.past import enter_past
from bench.replay import Replay, replay
from bench.statistics import spread
from bench.system import System, running_system
from bench.tables import Limit, Mark, Row, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.options import Options
    from bench.progress import Steps
    from deploy.local.settings import BrokerChoice

EVENTS = 20_000
WARM_UP_EVENTS = 400
ROOFTOPS = (3, 20)
GOAL = Mark("at least", 2_000)


async def measure(options: Options, steps: Steps) -> Table:
    """Replay 20,000 events into each broker, for a small group and a large one."""
    table = Table("throughput", _title(options.past))
    for broker in options.brokers:
        for rooftops in ROOFTOPS:
            folder = options.folder / f"throughput-{broker}-{rooftops}"
            async with running_system(folder, broker, steps) as system:
                await enter_past(system.dsn, options.past, steps)
                table.rows += await _group(system, broker, rooftops, options.repeats, steps)
    table.notes += [
        (
            "mix: 60 % priced, 20 % updated, 10 % stocked, 5 % sold, 5 % engagement, over 2,000 vehicles; NDJSON"
            " batches of 500, three connections (four for 20 rooftops), each store's events in order on one of them"
        ),
        "inventory publishes a vehicle once per consumed batch, so there are fewer updates than events",
        (
            "processor time: user and system of all processes of a part, all services being one; until every service"
            " has taken in every event; other load on the machine shows in it much less than in events/s"
        ),
        "the other services consume the same events meanwhile; repeats begin when nothing is left to compute",
    ]
    return table


def _title(past: int) -> str:
    beside = f"beside {past:,} of six days before" if past else "on empty tables"
    return f"Pipeline throughput: {EVENTS:,} DMS events from the first POST on, {beside}"


async def _group(system: System, broker: BrokerChoice, rooftops: int, repeats: int, steps: Steps) -> Sequence[Row]:
    dealers = await asyncio.to_thread(create_rooftops, system, rooftops)
    connections = 3 if rooftops == ROOFTOPS[0] else 4
    await replay(system, _load(dealers, WARM_UP_EVENTS, "warm-up"), dealers, steps, connections=connections)
    await system.idle(steps)
    sample = _load(dealers, EVENTS, "limits")
    payloads = [line for body in ndjson(sample.events, EVENTS) for line in body.split(b"\n")]
    copy, unnest = await database_limits(system.dsn, payloads, repeats, steps)
    runs = []
    for repeat in range(repeats):
        load = _load(dealers, EVENTS, f"run{repeat}")
        runs.append(await replay(system, load, dealers, steps, connections=connections))
        await system.idle(steps)
    return _rows(f"{broker} broker, {rooftops} rooftops", runs, copy, unnest)


def _load(dealers: Sequence[str], count: int, run: str) -> DmsLoad:
    return dms_load(dealers, count, run=run, end=datetime.now(UTC))


def _rows(where: str, runs: Sequence[Replay], copy: Limit, unnest: Limit) -> list[Row]:
    shown = spread([run.events / run.shown_seconds for run in runs])
    told = spread([run.events / run.told_seconds for run in runs])
    accepted = spread([run.events / run.accepted_seconds for run in runs])
    updates = spread([run.updates for run in runs])
    return [
        Row(
            f"{where}: gateway → read model",
            "events/s",
            shown,
            (copy, unnest),
            GOAL,
            f"{updates.median:,.0f} vehicle updates",
        ),
        Row(f"{where}: gateway → inventory's outbox", "events/s", told, (unnest,)),
        Row(f"{where}: accepted (202, durable)", "events/s", accepted, (unnest,)),
        *_costs(where, runs),
    ]


def _costs(where: str, runs: Sequence[Replay]) -> list[Row]:
    def row(what: str, unit: str, values: Sequence[float]) -> Row:
        return Row(f"{where}: {what}", unit, spread(values))

    parts = sorted({part for run in runs for part in run.processor_seconds})
    return [
        *(
            row(part, "µs/event", [run.processor_seconds.get(part, 0.0) / run.events * 1e6 for run in runs])
            for part in parts
        ),
        row("written ahead by PostgreSQL", "bytes/event", [run.log_bytes / run.events for run in runs]),
    ]
