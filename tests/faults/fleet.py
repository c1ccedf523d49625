"""The whole system as separate processes: Apache Kafka, PostgreSQL and the services, each of which may fail."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
from pydantic import SecretStr

from deploy.local import credentials
from deploy.local.pipeline import SERVICES
from deploy.local.servers import ApacheKafka, PostgresServer
from services.gateway.settings import Settings as GatewaySettings
from shared.messaging import KafkaSettings, ensure_topics
from shared.migration import migrate
from tests.conftest import CACHE, START_SECONDS
from tests.faults.service_process import ServiceProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

SESSION_SECONDS = 8.0
"""How long Kafka waits for a member that fell silent; 45 s in production, shorter here to see more in an hour."""
SILENCE_SECONDS = 20.0
"""How long PostgreSQL waits for a session that fell silent; 60 s in production."""


class Fleet:
    """Starts, ends, freezes and restarts any part of the system."""

    def __init__(
        self,
        directory: Path,
        services: Sequence[str] = SERVICES,
        *,
        kafka_directory: Path | None = None,
        postgres_directory: Path | None = None,
    ) -> None:
        directory.mkdir(exist_ok=True)
        self.directory = directory
        self.kafka = ApacheKafka(kafka_directory or directory, CACHE, heap="512m", start_timeout=START_SECONDS)
        self.postgres = PostgresServer(postgres_directory or directory, start_timeout=START_SECONDS)
        self._names = services
        self.services: dict[str, ServiceProcess] = {}

    @property
    def url(self) -> str:
        """The API."""
        return f"{self.services['gateway'].url}/api/v1"

    @property
    def dsn(self) -> str:
        """The database, as its owner."""
        return self.postgres.dsn()

    async def start(self) -> None:
        """Start the servers, then the services, and wait until all are ready."""
        await asyncio.gather(asyncio.to_thread(self.kafka.start), asyncio.to_thread(self.postgres.start))
        for service in SERVICES:
            await migrate(service, self.dsn)
        await ensure_topics(KafkaSettings(bootstrap_servers=self.kafka.bootstrap_servers))
        for name in self._names:
            self.add(name, name).start()
        await self.ready()

    def add(self, key: str, name: str) -> ServiceProcess:
        """Add a service under a key of its own, not started; a second key for one name is a replica."""
        log = self.directory / "logs" / f"{key}.log"
        self.services[key] = ServiceProcess(name, self._environment(name), log)
        return self.services[key]

    async def ready(self, *, supervised: bool = False) -> None:
        """Wait until every service that should run is ready; supervised ones may end meanwhile."""
        await asyncio.gather(*(one.ready(supervised=supervised) for one in self.services.values() if one.wanted))

    async def restart(self, key: str, **extra: str) -> ServiceProcess:
        """Stop a service as its container is stopped, and start it again with more environment."""
        service = self.services[key]
        await asyncio.to_thread(service.stop)
        service.start(**extra)
        await service.ready()
        return service

    async def heal(self) -> None:
        """Bring everything up that is not, as it was at first."""
        with contextlib.suppress(ProcessLookupError):
            if self.kafka.pid:
                os.kill(self.kafka.pid, signal.SIGCONT)
        if not self.kafka.running:
            await asyncio.to_thread(self.kafka.start)
        if not self.postgres.running:
            await asyncio.to_thread(self.postgres.start)
        for key in [key for key in self.services if key not in self._names]:
            await asyncio.to_thread(self.services.pop(key).stop)
        for service in self.services.values():
            service.thaw()
            if service.extra:
                await asyncio.to_thread(service.stop)
            if not service.running:
                service.start()
        await self.ready()

    async def stop(self) -> None:
        """Stop everything."""
        await asyncio.gather(*(asyncio.to_thread(one.stop) for one in self.services.values()))
        with contextlib.suppress(ProcessLookupError):
            if self.kafka.pid:
                os.kill(self.kafka.pid, signal.SIGCONT)
        await asyncio.gather(asyncio.to_thread(self.kafka.stop), asyncio.to_thread(self.postgres.stop))

    @asynccontextmanager
    async def supervised(self) -> AsyncIterator[None]:
        """Start services again that end, as ``restart: unless-stopped`` does, for as long as the block runs."""

        async def watch() -> None:
            while True:
                for service in self.services.values():
                    if service.wanted and not service.running:
                        service.start()
                await asyncio.sleep(0.2)

        task = asyncio.create_task(watch())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def kill_postgres(self) -> None:
        """Shut PostgreSQL down at once, as ``pg_ctl stop -m immediate`` does: no checkpoint, connections cut."""
        pid = self.postgres.pid
        assert pid is not None
        os.kill(pid, signal.SIGQUIT)
        await until(lambda: not self.postgres.running, 60, "PostgreSQL to be gone")

    async def kill_kafka(self) -> None:
        """End Kafka by SIGKILL."""
        pid = self.kafka.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await until(lambda: not self.kafka.running, 60, "Kafka to be gone")

    def freeze_kafka(self) -> None:
        """Freeze Kafka: connections stay open and nobody answers."""
        assert self.kafka.pid is not None
        os.kill(self.kafka.pid, signal.SIGSTOP)

    def thaw_kafka(self) -> None:
        """Let Kafka go on."""
        assert self.kafka.pid is not None
        os.kill(self.kafka.pid, signal.SIGCONT)

    @asynccontextmanager
    async def owner(self) -> AsyncIterator[asyncpg.Connection[Any]]:
        """Connect to the database as its owner, who sees every tenant."""
        connection = await asyncpg.connect(self.dsn, timeout=30)
        try:
            yield connection
        finally:
            await connection.close()

    def _environment(self, name: str) -> dict[str, str]:
        inherited = {key: text for key, text in os.environ.items() if not key.startswith(("DOSO_", "OPENAI_", "PG"))}
        common = {
            "DOSO_KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "DOSO_KAFKA_SESSION_TIMEOUT_MS": str(int(SESSION_SECONDS * 1000)),
            "DOSO_POSTGRES_DSN": self.dsn,
            "DOSO_POSTGRES_COMMAND_TIMEOUT": "10",
            "DOSO_POSTGRES_SILENCE_TIMEOUT": str(SILENCE_SECONDS),
            "DOSO_LOG_LEVEL": "WARNING",
        }
        own = {}
        if name == "gateway":
            # One address has every group of the session here.
            limits = ("ADDRESS", "SENDER", "TENANT")
            own = gateway_environment(self.directory) | {f"DOSO_GATEWAY_IMPORTS_PER_{of}": "none" for of in limits}
        if name == "recommend":
            own = {"DOSO_VECTORS_PATH": str(self.directory / "vectors"), "DOSO_EMBEDDER": "hashing"}
        return {**inherited, **common, **own}


def gateway_environment(directory: Path) -> dict[str, str]:
    """Fill every setting that the gateway requires, by the helper of that name that the local stack uses too."""
    required = [name for name, field in GatewaySettings.model_fields.items() if field.is_required()]
    values = {name: getattr(credentials, name)(directory) for name in required}
    values["second_factor_for"] = "nobody"  # as on the local stack: the first admin makes rooftops here
    texts = {name: one.get_secret_value() if isinstance(one, SecretStr) else str(one) for name, one in values.items()}
    return {f"DOSO_GATEWAY_{name.upper()}": text for name, text in texts.items()}


async def until(condition: Callable[[], Any], within: float, what: str) -> None:
    """Wait for a condition, ``within`` so many seconds at most."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"waited {within:.0f} s for {what}"
        await asyncio.sleep(0.05)
