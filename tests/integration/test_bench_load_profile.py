"""A short load on the services as processes of their own: all of it arrives, and its cost is accounted for."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import asyncpg
import pytest
from rich.console import Console

from bench.load_profile.backlog import BacklogReader
from bench.load_profile.probes import Probes
from bench.load_profile.processes import running_processes
from bench.load_profile.tenants import ROOFTOPS, STOCK, TENANTS, stocked_tenants
from bench.load_profile.trial import GENERATOR, Bench
from bench.progress import Steps
from deploy.local.pipeline import SERVICES
from deploy.local.servers import unavailable_reason
from tests.conftest import CACHE

if TYPE_CHECKING:
    from pathlib import Path

RATE, SECONDS = 100.0, 6.0


@pytest.mark.apache
@pytest.mark.skipif(unavailable_reason(CACHE) is not None, reason="separate processes meet on real Apache Kafka")
async def test_what_is_sent_arrives_and_is_accounted_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSO_CACHE_DIR", str(CACHE))
    steps = Steps(Console(file=io.StringIO()))
    async with running_processes(tmp_path / "load", steps) as system:
        tenants = await stocked_tenants(system, steps)
        connections = [await asyncpg.connect(system.dsn) for _ in range(2)]
        bench = Bench(system, tenants, BacklogReader(system.bootstrap_servers, connections[0]), steps)
        probes = Probes(system.url, tenants, connections[1])
        await bench.drained()
        async with probes.watching(10) as seen:
            trial = await bench.run(RATE, SECONDS, "test")
        await bench.drained(0)
        arrived = await connections[0].fetchval("SELECT count(*) FROM inventory.inbox")
        shown = await connections[0].fetchval("SELECT count(*) FROM gateway.vehicle WHERE status = 'in_stock'")
        await connections[0].execute(
            "INSERT INTO market.work (queue, key, tenant_id, dealer_id, due_at, latest_at) SELECT 'nobody', '',"
            " gen_random_uuid(), gen_random_uuid(), now() - interval '1000 seconds', now()"
        )
        overdue = await bench.backlog.overdue()
        for connection in connections:
            await connection.close()
    assert trial.acknowledged == RATE * SECONDS
    assert 1_000 <= overdue["market nobody"] < 2_000
    assert arrived == TENANTS * ROOFTOPS * STOCK + trial.acknowledged + len(seen.visible)
    assert abs(shown - TENANTS * ROOFTOPS * STOCK) <= TENANTS, "what is sold is replaced by the next report"
    assert len(seen.visible) == len(seen.acknowledged) >= SECONDS
    assert min(seen.visible) > 0
    assert set(SERVICES) | {"Apache Kafka", "PostgreSQL", GENERATOR} <= trial.per_event().keys()
    assert set(trial.weighings[0].resident) >= {*SERVICES, "Apache Kafka", "PostgreSQL"}
    assert all(trial.weighings[0].resident[part] > 10 for part in SERVICES)
