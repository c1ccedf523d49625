"""Apache Kafka and PostgreSQL alone, with every topic and table, for what needs no service or starts them itself."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy.local.pipeline import SERVICES
from deploy.local.servers import ApacheKafka, PostgresServer
from deploy.local.settings import RealServers
from shared.messaging import KafkaSettings, ensure_topics
from shared.migration import migrate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bench.progress import Steps

KAFKA_HEAP = "512m"


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the broker and the database are, the latter as its owner, and the process of each."""

    bootstrap_servers: str
    dsn: str
    kafka_pid: int
    postgres_pid: int


@asynccontextmanager
async def running_servers(directory: Path, steps: Steps) -> AsyncIterator[Servers]:
    """Run both over a directory until the block ends; raises ServerError where one of them cannot run."""
    await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
    kafka = ApacheKafka(directory, RealServers().cache_dir, heap=KAFKA_HEAP)
    postgres = PostgresServer(directory)
    async with AsyncExitStack() as stack:
        with steps.step("starting Apache Kafka and PostgreSQL"):
            stack.push_async_callback(asyncio.to_thread, kafka.stop)
            stack.push_async_callback(asyncio.to_thread, postgres.stop)
            await asyncio.gather(asyncio.to_thread(kafka.start), asyncio.to_thread(postgres.start))
            for service in SERVICES:
                await migrate(service, postgres.dsn())
            await ensure_topics(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers))
        yield Servers(kafka.bootstrap_servers, postgres.dsn(), _pid(kafka.pid), _pid(postgres.pid))


def _pid(pid: int | None) -> int:
    if pid is None:
        message = "a server that was started has no process"
        raise RuntimeError(message)
    return pid
