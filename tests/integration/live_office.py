"""An office whose live events are followed: the streams' routes on a real socket, over a real database."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from deploy.local.limits import LocalLimits
from services.gateway.api.misses import install_misses
from services.gateway.api.principal import Gate
from services.gateway.api.problems import install
from services.gateway.api.stream import router as stream_router
from services.gateway.api.websocket import router as websocket_router
from services.gateway.live import Hub, Limits
from services.gateway.security import Claims, Sealer, SigningKeys, Tokens
from services.gateway.settings import Settings
from services.gateway.store import accounts
from services.gateway.store import live as store
from services.gateway.store.accounts import Dealer, User
from services.gateway.store.accounts.sign_ins import SignIn, add_sign_in
from shared.messaging import KafkaSettings, UnitOfWork
from shared.postgres import PostgresSettings, create_pool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PATIENCE = 120.0


@dataclass
class Office:
    """A gateway with live events only, one tenant, two rooftops."""

    url: str
    hub: Hub
    work: UnitOfWork
    tokens: Tokens
    owner: asyncpg.Connection[asyncpg.Record]
    tenant: UUID
    here: UUID
    there: UUID
    http: httpx.AsyncClient

    async def person(self, *dealers: UUID) -> str:
        """Add a person of these rooftops, or of all; gives a token."""
        user = User(
            self.tenant,
            uuid4(),
            f"user-{uuid4().hex}",
            "-",
            "viewer",
            list(dealers) or None,
            active=True,
            platform=False,
        )
        now = datetime.now(UTC)
        sign_in = SignIn(
            self.tenant, uuid4(), user.user_id, now, now, now + timedelta(days=1), address="here", device="a test"
        )
        async with self.work.begin(self.tenant) as tx:
            await accounts.add_user(tx.connection, user)
            await add_sign_in(tx.connection, sign_in)
        return self.tokens.issue(Claims(user.user_id, self.tenant, sign_in.sign_in_id))

    async def tell(self, *numbers: int, dealer: UUID | None = None, text: str = "") -> None:
        """Tell of numbers, each in a transaction of its own."""
        for number in numbers:
            async with self.work.begin(self.tenant) as tx:
                item = {"n": number, "text": text} if text else {"n": number}
                await store.tell(tx.connection, [(self.tenant, dealer or self.here, "vehicle.changed", item)])

    @asynccontextmanager
    async def follow(self, token: str, last: str | None = None, **params: Any) -> AsyncIterator[AsyncIterator[Any]]:
        """Follow over SSE; gives ``(id, event, data)`` one by one."""
        headers = {"Authorization": f"Bearer {token}", **({"Last-Event-ID": last} if last is not None else {})}
        async with self.http.stream("GET", "/stream", headers=headers, params=params) as answer:
            if answer.status_code != 200:
                await answer.aread()
            answer.raise_for_status()
            yield events_in(answer)


async def events_in(answer: httpx.Response) -> AsyncIterator[tuple[str | None, str, Any]]:
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.strip()
        else:
            yield fields.get("id"), fields.get("event", "heartbeat"), json.loads(fields.get("data", "null"))
            fields = {}


async def take(stream: Any, count: int) -> list[Any]:
    async with asyncio.timeout(PATIENCE):
        return [await anext(stream) for _ in range(count)]


def numbers(events: list[Any]) -> list[int]:
    return [item["n"] for _, event, data in events if event == "vehicle.changed" for item in data["items"]]


@asynccontextmanager
async def office(migrated: str, **changes: Any) -> AsyncIterator[Office]:
    postgres = PostgresSettings(dsn=migrated)
    settings = Settings(
        signing_key=SecretStr(json.dumps(SigningKeys.new_key())), encryption_key=SecretStr(Sealer.new_key()),
        limits=LocalLimits(), postgres=postgres, kafka=KafkaSettings(bootstrap_servers="none"),
        **{"stream_recheck_seconds": 0.1, **changes},
    )  # fmt: skip
    pool = await create_pool("gateway", postgres)
    owner = await asyncpg.connect(migrated)
    work = UnitOfWork(pool, "gateway")
    tokens = Tokens(SigningKeys(settings.signing_key.get_secret_value()))
    hub = Hub(work, postgres, Limits.of(settings))
    app = FastAPI()
    install(app)
    install_misses(app)
    app.include_router(stream_router)
    app.include_router(websocket_router)
    app.state.gate, app.state.live = Gate(work, settings, tokens), hub
    tenant, here, there = uuid4(), uuid4(), uuid4()
    async with work.begin(tenant) as tx:
        await accounts.add_tenant(tx.connection, tenant, "A group")
        for dealer, name in ((here, "Here"), (there, "There")):
            await accounts.add_dealer(tx.connection, Dealer(tenant, dealer, name, "USD", "US-MI", "UTC"))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5, lifespan="off"))
    server.capture_signals = nullcontext  # type: ignore[method-assign]
    running = [asyncio.create_task(server.serve(sockets=[listener])), asyncio.create_task(hub.run())]
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as http:
        while not server.started:
            await asyncio.sleep(0.01)
        yield Office(url, hub, work, tokens, owner, tenant, here, there, http)
    hub.leave()
    server.should_exit = True
    async with asyncio.timeout(PATIENCE):
        await running[0]
    running[1].cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await pool.close()
    await owner.close()


class any_text:  # noqa: N801
    def __eq__(self, other: object) -> bool:
        return isinstance(other, str)

    __hash__ = None  # type: ignore[assignment]
