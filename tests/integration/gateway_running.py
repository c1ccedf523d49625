"""The gateway as it runs, in this process: its whole application over HTTP, on real PostgreSQL."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx
from pydantic import SecretStr

from deploy.local.limits import LocalLimits
from deploy.local.servers import MemoryBroker
from deploy.local.servers_running import MEMORY_FETCH_WAIT_MS
from services.gateway.app import create_app
from services.gateway.bootstrap import bootstrap
from services.gateway.handlers import router
from services.gateway.security import Sealer, SigningKeys
from services.gateway.settings import Settings
from shared.messaging import KafkaSettings, UnitOfWork
from shared.observability import TelemetrySettings
from shared.postgres import PostgresSettings, create_pool
from tests.integration.retold import retell, vin_after

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI


@dataclass
class Party:
    """A tenant: its admin (``http``) and whoever else signed in, its two rooftops, and what its data can be told by."""

    gateway: RunningGateway
    tenant_id: UUID
    mark: str
    vin: str
    http: httpx.AsyncClient
    username: str
    api_key: str
    dealers: tuple[UUID, UUID] = field(default_factory=lambda: (uuid4(), uuid4()))

    async def dealer(self, name: str) -> UUID:
        body = {"name": f"{name} {self.mark}", "currency": "USD", "region": "US-MI", "timezone": "UTC"}
        answer = await self.http.post("/dealers", json=body)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    async def person(self, role: str, dealer_ids: list[str] | None = None) -> httpx.AsyncClient:
        name, password = f"{role} {self.mark} {uuid4().hex[:6]}", uuid4().hex
        body = {"username": name, "password": password, "role": role, "dealer_ids": dealer_ids}
        answer = await self.http.post("/users", json=body)
        assert answer.status_code == 201, answer.text
        return await self.gateway.sign_in(name, password)

    async def seed(self) -> None:
        """Fill the read model, by the gateway's own handlers, with two of everything that carry the mark."""
        work = UnitOfWork(self.gateway.pool, "gateway")
        north, south = self.dealers
        for n, (dealers, vin) in enumerate((((north, south), self.vin), ((south, north), vin_after(self.vin)))):
            for topic, handler in router.handlers.values():
                events = retell(
                    topic.name,
                    tenant=self.tenant_id,
                    dealers=dealers,
                    mark=self.mark,
                    vin=vin,
                    ids=f"{self.tenant_id} {n}",
                )
                async with work.begin(self.tenant_id) as tx:
                    await handler(events, tx)

    async def trail(self, **filters: str) -> list[dict[str, Any]]:
        """Read the audit trail, newest first."""
        answer = await self.http.get("/audit", params={"limit": 500, **filters})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found


@dataclass
class RunningGateway:
    """The application, and the pool of its role to look behind it."""

    app: FastAPI
    pool: Any
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    def client(self, **headers: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=("192.0.2.7", 4711))
        made = httpx.AsyncClient(transport=transport, base_url="http://gateway/api/v1", headers=headers, timeout=60)
        self.clients.append(made)
        return made

    async def sign_in(self, username: str, password: str) -> httpx.AsyncClient:
        client = self.client()
        answer = await client.post("/auth/token", data={"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return client

    async def party(self, mark: str, vin: str) -> Party:
        """Make a tenant of its own with two rooftops and a filled read model."""
        username = f"admin {mark} {uuid4().hex[:8]}"
        admin = await bootstrap(UnitOfWork(self.pool, "gateway"), tenant_name=f"Group {mark}", username=username)
        assert admin is not None
        http = await self.sign_in(username, admin.password)
        party = Party(self, admin.tenant_id, mark, vin, http, username, admin.dms_api_key)
        party.dealers = (await party.dealer("North"), await party.dealer("South"))
        await party.seed()
        return party


@asynccontextmanager
async def gateway_running(dsn: str, *, pool_max: int = 4) -> AsyncIterator[RunningGateway]:
    """Run the gateway over a migrated database until the block ends, with a broker of its own, whose group is new."""
    with MemoryBroker() as broker:
        async with _running(dsn, broker.bootstrap_servers, pool_max) as running:
            yield running


@asynccontextmanager
async def _running(dsn: str, kafka_servers: str, pool_max: int) -> AsyncIterator[RunningGateway]:
    postgres = PostgresSettings(dsn=dsn, pool_max=pool_max)
    app = create_app(
        Settings(
            signing_key=SecretStr(json.dumps(SigningKeys.new_key())),
            encryption_key=SecretStr(Sealer.new_key()),
            second_factor_for="nobody",  # what a second factor guards has tests of its own
            # A slow body lasts for as long as its test.
            limits=LocalLimits(body_idle_seconds=600, delivery_seconds=600),
            postgres=postgres,
            kafka=KafkaSettings(bootstrap_servers=kafka_servers, fetch_max_wait_ms=MEMORY_FETCH_WAIT_MS),
            telemetry=TelemetrySettings(log_level="CRITICAL"),
        )
    )
    pool = await create_pool("gateway", postgres)
    async with app.router.lifespan_context(app):
        running = RunningGateway(app, pool)
        try:
            yield running
        finally:
            for client in running.clients:
                await client.aclose()
            await pool.close()
