"""A past in the tables: every service has it, none of it is left to do, and nothing of it is shown to anybody."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import asyncpg
import pytest
from rich.console import Console

from bench.past import VERSIONS, enter_past
from bench.progress import Steps
from deploy.local.pipeline import SERVICES, read_pipeline
from deploy.local.servers import PostgresServer
from shared.events.topics import DMS_EVENT_RECEIVED, INVENTORY_UPDATED
from shared.migration import migrate

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = 200
STEPS = Steps(Console(file=io.StringIO()))


async def test_a_past_is_whole_and_done_with(tmp_path: Path) -> None:
    with PostgresServer(tmp_path) as server:
        for service in SERVICES:
            await migrate(service, server.dsn())
        await enter_past(server.dsn(), EVENTS, STEPS)
        connection = await asyncpg.connect(server.dsn())
        try:
            pipeline = await read_pipeline(connection)
            vehicles = [
                await connection.fetchval(f"SELECT count(*) FROM {table}")
                for table in ("inventory.vehicle", "gateway.vehicle", "market.own_unit", "recommend.unit")
            ]
            ages = await connection.fetchval("SELECT max(created_at) - min(created_at) FROM inventory.outbox")
        finally:
            await connection.close()
    stages = {(stage.topic, stage.consumer): stage for stage in pipeline.stages if stage.emitted}
    assert stages.keys() == {
        (topic.name, consumer) for topic in (DMS_EVENT_RECEIVED, INVENTORY_UPDATED) for consumer in topic.consumers
    }
    assert {(stage.emitted, stage.consumed, stage.parked) for stage in stages.values()} == {(EVENTS, EVENTS, 0)}
    assert pipeline.idle
    assert vehicles == [EVENTS // VERSIONS] * len(vehicles)
    assert ages.days == 5, "six days, but for the first event"


async def test_a_past_is_of_whole_vehicles() -> None:
    with pytest.raises(ValueError, match="cannot be split"):
        await enter_past("postgresql://nowhere", EVENTS + 1, STEPS)
