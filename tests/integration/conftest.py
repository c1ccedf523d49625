"""A service of its own for each integration test: schema, role, consumer group and topic that no other test has."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from deploy.local.pipeline import SERVICES
from deploy.local.servers import ApacheKafka
from deploy.local.servers_running import MEMORY_FETCH_WAIT_MS
from shared.events import TOPICS, Event, Topic, new_event_id
from shared.events.base import Money
from shared.events.vin import VinStr
from shared.messaging import (
    MESSAGING_TABLES_V1,
    EventRouter,
    KafkaSettings,
    UnitOfWork,
    create_service,
    ensure_topics,
)
from shared.messaging.envelope import headers_of
from shared.messaging.relay import Relay
from shared.migration import migrate
from shared.observability import Telemetry, TelemetrySettings, observe
from shared.postgres import PostgresSettings, create_pool
from shared.postgres.pool import role_of
from shared.postgres.work import WORK_TABLE_V1
from tests.conftest import CACHE
from tests.integration.gateway_running import RunningGateway, gateway_running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
    from pathlib import Path

    from faststream.asgi import AsgiFastStream

    from deploy.local.servers import PostgresServer
    from shared.messaging import Transaction
    from shared.messaging.consumer import Handler

PATIENCE_SECONDS = 300.0
PARTITIONS = 4  # what the in-memory broker gives every topic
EFFECTS = "CREATE TABLE effect (n int, event_id uuid, seq bigint GENERATED ALWAYS AS IDENTITY)"


class Probed(Event):
    """An event with one field of each kind that can be wrong."""

    n: int
    text: str = ""
    vin: VinStr | None = None
    price: Money | None = None
    parameters: dict[str, float] | None = None


@dataclass(slots=True)
class Probe:
    """One service under test, its tables as their owner sees them, and its broker as a stranger sees it."""

    service: str
    topic: Topic[Probed]
    postgres: PostgresSettings
    kafka: KafkaSettings
    owner: asyncpg.Connection[asyncpg.Record]
    work: UnitOfWork
    telemetry: Telemetry
    tenant: UUID = field(default_factory=uuid4)
    dealer: UUID = field(default_factory=uuid4)

    def event(self, n: int, **fields: Any) -> Probed:
        """Make an event."""
        values = {"dealer_id": self.dealer, "tenant_id": self.tenant, **fields}
        return Probed(event_id=new_event_id(), occurred_at=datetime.now(UTC), n=n, **values)

    def relay(self, bootstrap_servers: str | None = None) -> Relay:
        """Make a relay, not running."""
        servers = bootstrap_servers or self.kafka.bootstrap_servers
        kafka = self.kafka.model_copy(update={"bootstrap_servers": servers})
        return Relay(self.service, self.postgres, kafka, metrics=self.telemetry.metrics)

    @asynccontextmanager
    async def running(
        self, handler: Handler | None = None, *, gathers: bool = False
    ) -> AsyncIterator[AsgiFastStream]:
        """Run the service as production does: consumer, relay, health."""
        router = EventRouter(self.service, gathers=gathers)
        router.on(self.topic)(handler or self.note)
        self.telemetry = observe(self.service, TelemetrySettings(log_level="ERROR"))
        app = create_service(self.service, router, postgres=self.postgres, kafka=self.kafka, telemetry=self.telemetry)
        async with app.start_lifespan_context():
            yield app

    async def note(self, events: Sequence[Probed], tx: Transaction) -> None:
        """Handle events by noting each."""
        rows = [(event.n, event.event_id) for event in events]
        await tx.connection.executemany("INSERT INTO effect (n, event_id) VALUES ($1, $2)", rows)

    async def send(self, *records: Event | dict[str, Any]) -> None:
        """Send events, or whatever a stranger may send, to partition 0, in order and acknowledged."""
        async with AIOKafkaProducer(
            bootstrap_servers=self.kafka.bootstrap_servers, max_request_size=4_000_000, enable_idempotence=True
        ) as producer:
            for one in records:
                raw = one if isinstance(one, dict) else self.as_record(one)
                await asyncio.wait_for(producer.send_and_wait(self.topic.name, partition=0, **raw), 30)

    def as_record(self, event: Event, trace: dict[str, str] | None = None) -> dict[str, Any]:
        """Give an event as the relay would send it."""
        headers = headers_of(event, self.topic, trace or {}, self.service)
        return {
            "value": event.model_dump_json().encode(),
            "key": str(event.dealer_id).encode(),
            "headers": [(name, text.encode()) for name, text in headers.items()],
        }

    async def records(self, topic: str | None = None) -> list[ConsumerRecord[bytes, bytes]]:
        """Read everything that a topic holds; records of one partition stay in order."""
        found: list[ConsumerRecord[bytes, bytes]] = []
        async with AIOKafkaConsumer(
            topic or self.topic.name,
            bootstrap_servers=self.kafka.bootstrap_servers,
            auto_offset_reset="earliest",
        ) as consumer:
            ends = await consumer.end_offsets(consumer.assignment())
            while len(found) < sum(ends.values()):
                found.append(await asyncio.wait_for(consumer.getone(), 30))
        return found

    async def dead_letters(self) -> list[ConsumerRecord[bytes, bytes]]:
        """Read the dead-letter topic once everything in the outbox was published."""
        await self.published()
        return await self.records(self.topic.dead_letters(self.service))

    async def committed(self) -> int | None:
        """Give the group's committed offset of partition 0."""
        async with self._member() as consumer:
            consumer.assign([TopicPartition(self.topic.name, 0)])
            return await consumer.committed(TopicPartition(self.topic.name, 0))

    async def rewind(self) -> None:
        """Set the stopped service back to the beginning of its topic, as a member of its group."""
        async with self._member() as consumer:
            consumer.subscribe([self.topic.name])
            while not consumer.assignment():
                await consumer.getmany(timeout_ms=100)
            await consumer.commit(dict.fromkeys(consumer.assignment(), 0))
        assert await self.committed() == 0

    def _member(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=self.kafka.bootstrap_servers, group_id=self.service, enable_auto_commit=False
        )

    async def eventually(self, condition: Callable[[], Awaitable[Any]]) -> Any:
        """Look again and again until the condition gives something true, and give that."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (found := await condition()):
            assert time.monotonic() < deadline, "waited in vain"
            await asyncio.sleep(0.02)
        return found

    async def caught_up(self, end: int) -> None:
        """Wait until the group has committed partition 0 up to ``end``."""

        async def reached() -> bool:
            return (await self.committed() or 0) >= end

        await self.eventually(reached)

    async def published(self) -> None:
        """Wait until the outbox holds nothing unpublished."""
        await self.eventually(lambda: self.value("SELECT NOT EXISTS (SELECT FROM outbox_waiting)"))

    async def value(self, query: str, *arguments: Any) -> Any:
        """Ask the service's schema one thing, as the owner."""
        return await self.owner.fetchval(query, *arguments)

    async def effects(self) -> list[int]:
        """Give the ``n`` of every event that was handled, in that order."""
        return [row["n"] for row in await self.owner.fetch("SELECT n FROM effect ORDER BY seq")]

    def counted(self, outcome: str) -> float:
        """Give how many events the service counted with an outcome."""
        labels = {"service": self.service, "topic": self.topic.name, "outcome": outcome}
        return self.telemetry.registry.get_sample_value("doso_events_consumed_total", labels) or 0.0

    def told(self, metric: str) -> float:
        """Give what the service's consumer tells as a metric."""
        labels = {"service": self.service, "consumer": f"{self.service}: {self.topic.name}"}
        return self.telemetry.registry.get_sample_value(metric, labels) or 0.0


@pytest.fixture
def own_kafka(broker_kind: str, tmp_path: Path) -> Iterator[ApacheKafka]:
    """Run a broker that the test may kill."""
    if broker_kind != "apache":
        pytest.skip("the in-memory broker keeps nothing over a restart")
    with ApacheKafka(tmp_path, CACHE, heap="256m") as kafka:
        yield kafka


@pytest.fixture
async def probe(
    postgres_server: PostgresServer, kafka_servers: str, broker_kind: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Probe]:
    """Give a service of this test's own."""
    service = f"probe_{uuid4().hex[:12]}"
    topic = Topic(f"{service}-happened", Probed, service, (service,), PARTITIONS)
    monkeypatch.setitem(TOPICS, topic.name, topic)
    memory = broker_kind == "memory"
    kafka = KafkaSettings(
        bootstrap_servers=kafka_servers,
        attempts=2,
        session_timeout_ms=10_000,
        fetch_max_wait_ms=MEMORY_FETCH_WAIT_MS if memory else 100,
    )
    if not memory:
        monkeypatch.setattr("shared.messaging.topics.TOPICS", {topic.name: topic})
        await ensure_topics(kafka)
    postgres = PostgresSettings(dsn=postgres_server.dsn())
    owner = await asyncpg.connect(postgres.dsn, server_settings={"search_path": service})
    role = role_of(service)
    await owner.execute(f"CREATE ROLE {role} LOGIN; CREATE SCHEMA {service}")
    await owner.execute(MESSAGING_TABLES_V1 + WORK_TABLE_V1 + EFFECTS)
    await owner.execute(
        f"GRANT USAGE ON SCHEMA {service} TO {role};"
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {service} TO {role}"
    )
    pool = await create_pool(service, postgres)
    telemetry = observe(service, TelemetrySettings(log_level="ERROR"))
    yield Probe(service, topic, postgres, kafka, owner, UnitOfWork(pool, service), telemetry)
    await pool.close()
    await owner.execute(f"DROP SCHEMA {service} CASCADE; DROP ROLE {role}")
    await owner.close()


@pytest.fixture(scope="session")
def migrated_template(postgres_server: PostgresServer) -> str:
    """Give the name of a database with every service's newest schema, to be copied."""

    async def build() -> None:
        connection = await asyncpg.connect(postgres_server.dsn())
        await connection.execute("CREATE DATABASE migrated_template")
        for service in SERVICES:
            await migrate(service, postgres_server.dsn(database="migrated_template"))
        # Nobody may be connected to what is copied, and whoever was may still be ending.
        while await connection.fetchval("SELECT count(*) FROM pg_stat_activity WHERE datname = 'migrated_template'"):
            await asyncio.sleep(0.02)
        await connection.close()

    asyncio.run(build())
    return "migrated_template"


@pytest.fixture
async def migrated(postgres_server: PostgresServer, migrated_template: str) -> AsyncIterator[str]:
    """Give the owner's DSN of a database of this test's own with every service's newest schema."""
    name = f"test_{uuid4().hex[:12]}"
    connection = await asyncpg.connect(postgres_server.dsn())
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {migrated_template}")
    yield postgres_server.dsn(database=name)
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


@pytest.fixture
async def gateway(migrated: str) -> AsyncIterator[RunningGateway]:
    """Run the gateway, whole, over a database of this test's own."""
    async with gateway_running(migrated) as running:
        yield running
