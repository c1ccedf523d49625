"""A forged event at every consumer of every topic: my tenant in the body, everything else the other tenant's.

The worst case is played: the other tenant's own event comes in the same batch, so that the transaction is open for
both and only what the handlers write, not row-level security, keeps the tenants apart.
"""

from __future__ import annotations

import itertools
from importlib import import_module
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import pytest
from aiokafka import ConsumerRecord

from deploy.local.pipeline import SERVICES
from shared.events import TOPICS, Event
from shared.messaging import EventRouter, KafkaSettings, UnitOfWork
from shared.messaging.arrivals import Arrivals
from shared.messaging.consumer import BatchConsumer
from shared.observability import TelemetrySettings, observe
from shared.postgres import PostgresSettings, create_pool
from tests.integration.generic_rows import tables_of
from tests.integration.retold import retell

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MINE, THEIRS = uuid4(), uuid4()
DEALERS = (uuid4(), uuid4())
"""The other tenant's rooftops, which the forged events name."""
_offsets = itertools.count()


class Consumer:
    """One service's consumer on real PostgreSQL, handed records as Kafka would hand them."""

    def __init__(self, service: str, pool: Any, owner: Any) -> None:
        self.router: EventRouter = import_module(f"services.{service}.handlers").router
        kafka = KafkaSettings(bootstrap_servers="none", attempts=1)
        telemetry = observe(service, TelemetrySettings(log_level="CRITICAL"))
        self.service, self.owner = service, owner
        self.consumer = BatchConsumer(
            service, self.router.handlers, UnitOfWork(pool, service), metrics=telemetry.metrics,
            tracer=telemetry.tracer, settings=kafka,
            budget=kafka.batch_budget(30.0, topics=len(self.router.handlers), gathers=False), arrivals=Arrivals(),
        )  # fmt: skip

    async def consume(self, *events: tuple[str, Event]) -> None:
        await self.consumer.consume([_record(topic, event) for topic, event in events])
        parked = await self.owner.fetch(f"SELECT error FROM {self.service}.dead_letter")
        assert parked == []

    async def rows(self, tenant: object) -> dict[str, list[str]]:
        """Give every row of a tenant in this service's fenced tables, work that is marked for it, and its events."""
        found = {
            table.full: sorted(
                str(row) for row in await self.owner.fetch(f"SELECT * FROM {table.full} WHERE tenant_id = $1", tenant)
            )
            for table in await tables_of(self.owner, [self.service])
        }
        found["outbox"] = sorted(
            row[0]
            for row in await self.owner.fetch(
                f"SELECT convert_from(payload, 'UTF8') FROM {self.service}.outbox"
                f" WHERE convert_from(payload, 'UTF8')::jsonb->>'tenant_id' = $1", str(tenant)
            )
        )  # fmt: skip
        if await self.owner.fetchval("SELECT to_regclass($1)", f"{self.service}.work"):
            work = await self.owner.fetch(
                f"SELECT queue, key, dealer_id FROM {self.service}.work WHERE tenant_id = $1", tenant
            )
            found["work"] = sorted(str(row) for row in work)
        return found


def _record(topic: str, event: Event) -> ConsumerRecord[Any, Any]:
    return ConsumerRecord(
        topic,
        0,
        next(_offsets),
        0,
        0,
        str(event.dealer_id).encode(),
        event.model_dump_json().encode(),
        None,
        0,
        0,
        [],
    )


@pytest.fixture(params=SERVICES)
async def consumer(request: pytest.FixtureRequest, migrated: str) -> AsyncIterator[Consumer]:
    pool = await create_pool(request.param, PostgresSettings(dsn=migrated))
    owner = await asyncpg.connect(migrated)
    yield Consumer(request.param, pool, owner)
    await owner.close()
    await pool.close()


def theirs(topic: str) -> list[tuple[str, Event]]:
    events = retell(topic, tenant=THEIRS, dealers=DEALERS, mark="theirs")
    return [(topic, event) for event in events]


def forged(topic: str) -> list[tuple[str, Event]]:
    """The same rooftops, vehicles, advice and segments, newer and told otherwise, said by my tenant."""
    newer: dict[str, object] = {
        name: 1_000_000
        for name in TOPICS[topic].model.model_fields
        if name in {"aggregate_version", "market_version", "forecast_version", "policy_version"}
    }
    newer["occurred_at"] = "2026-04-01T00:00:00Z"
    events = retell(topic, tenant=MINE, dealers=DEALERS, mark="theirs", ids=str(THEIRS), told="forged", **newer)
    return [(topic, event.model_copy(update={"event_id": uuid4()})) for event in events]


async def test_a_forged_event_changes_nothing_of_another_tenant(consumer: Consumer) -> None:
    topics = list(consumer.router.handlers)
    assert topics
    # Twice round: what one topic brings, another refers to.
    for topic in (*topics, *topics):
        await consumer.consume(*theirs(topic))
    before = await consumer.rows(THEIRS)
    assert any(rows for name, rows in before.items() if name not in {"outbox", "work"})
    for topic in (*topics, *topics):
        await consumer.consume(*forged(topic), *theirs(topic))
        after = await consumer.rows(THEIRS)
        assert after == before, f"{topic} at {consumer.service}"
    mine = await consumer.rows(MINE)
    assert any(mine.values()), "the forged events were dropped, so nothing was tried"
    assert not any(str(THEIRS) in row for rows in mine.values() for row in rows)
