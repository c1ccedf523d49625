"""Bringing up what the services need: real servers where they are named, embedded ones where not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from deploy.local.servers import ApacheKafka, MemoryBroker, PostgresServer
from deploy.local.settings import LocalSettings

MEMORY_FETCH_WAIT_MS = 15
"""The in-memory broker does not wake a waiting fetch, so fetches must be short."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Addresses of the servers, and what they are for people to read."""

    postgres_dsn: str
    kafka_bootstrap_servers: str
    kafka_fetch_max_wait_ms: int
    kafka_in_memory: bool
    description: dict[str, str]
    pids: dict[str, int]


@asynccontextmanager
async def running_servers(settings: LocalSettings, on_progress: Callable[[str], None]) -> AsyncIterator[Servers]:
    """Start the servers that are not named in the environment; they stop when the block ends.

    Raises ``ServerError`` with the reason when one cannot start.
    """
    description: dict[str, str] = {}
    pids: dict[str, int] = {}
    async with AsyncExitStack() as stack:
        dsn = settings.real.postgres_dsn
        if dsn is None:
            on_progress("starting PostgreSQL")
            postgres = PostgresServer(settings.data_dir)
            await asyncio.to_thread(postgres.start)
            stack.push_async_callback(asyncio.to_thread, postgres.stop)
            dsn = postgres.dsn()
            pids["postgres"] = postgres.pid or 0
        description["PostgreSQL"] = "embedded" if settings.real.postgres_dsn is None else "named by environment"
        servers, wait, in_memory = settings.real.kafka_bootstrap_servers, 250, False
        if servers is not None:
            description["Kafka"] = "named by environment"
        elif settings.broker == "apache":
            kafka = ApacheKafka(settings.data_dir, settings.real.cache_dir, on_progress=on_progress)
            await asyncio.to_thread(kafka.start)
            stack.push_async_callback(asyncio.to_thread, kafka.stop)
            servers = kafka.bootstrap_servers
            pids["kafka"] = kafka.pid or 0
            description["Kafka"] = "embedded Apache Kafka"
        else:
            memory = MemoryBroker()
            await asyncio.to_thread(memory.start)
            stack.push_async_callback(asyncio.to_thread, memory.stop)
            servers, wait, in_memory = memory.bootstrap_servers, MEMORY_FETCH_WAIT_MS, True
            description["Kafka"] = "in-memory broker (librdkafka's mock cluster)"
        description["Qdrant"] = "named by environment" if settings.real.qdrant_url else "embedded Qdrant edge engine"
        yield Servers(dsn, servers, wait, in_memory, description, pids)
