"""The hub of one process: one connection that listens to PostgreSQL, one feed per tenant that anybody follows."""

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import structlog

from services.gateway.live.feed import Feed
from services.gateway.live.message import Scope
from services.gateway.live.subscription import Reason, Subscription
from services.gateway.settings import Settings
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings
from shared.postgres.pool import role_of

POLL_SECONDS = 2.0
"""How long a lost notification may go unnoticed."""
RETRY_SECONDS = 1.0
_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
_log = structlog.stdlib.get_logger("doso.live", service="gateway")


@dataclass(frozen=True, slots=True)
class Limits:
    """How many streams there may be at once in this process, and how many messages may wait for one of them."""

    per_user: int
    per_tenant: int
    per_process: int
    room: int

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """Take the limits from the settings."""
        return cls(
            per_user=settings.streams_per_user,
            per_tenant=settings.streams_per_tenant,
            per_process=settings.streams_per_process,
            room=settings.stream_queue,
        )


class TooMany(Exception):
    """No further stream is let in; ``whose`` has as many as it may have."""

    def __init__(self, whose: str, most: int) -> None:
        super().__init__(f"{whose} has {most} streams open")
        self.whose, self.most = whose, most


class Hub:
    """Lets clients in, keeps their feeds going, and sees everybody off at the end."""

    def __init__(self, work: UnitOfWork, postgres: PostgresSettings, limits: Limits) -> None:
        self.work = work
        self.leaving = asyncio.Event()
        """Set when the server is about to stop, by us or by the response that hears of it first."""
        self._postgres = postgres
        self._limits = limits
        self._feeds: dict[UUID, Feed] = {}

    def admit(self, tenant_id: UUID, user: str, scope: Scope) -> Subscription:
        """Give a client its place; raises ``TooMany``. Whoever is admitted must be dismissed in the end."""
        members = [member for feed in self._feeds.values() for member in feed.members]
        users = Counter((member.tenant_id, member.user) for member in members)
        tenants = Counter(member.tenant_id for member in members)
        for whose, open_now, most in (
            ("This user", users[tenant_id, user], self._limits.per_user),
            ("This group", tenants[tenant_id], self._limits.per_tenant),
            ("This server", len(members), self._limits.per_process),
        ):
            if open_now >= most:
                raise TooMany(whose, most)
        subscription = Subscription(tenant_id, user, scope, room=self._limits.room)
        self._feeds.setdefault(tenant_id, Feed(self.work, tenant_id)).members.add(subscription)
        if self.leaving.is_set():
            subscription.end(Reason.RESTART)
        return subscription

    async def join(self, subscription: Subscription) -> int:
        """Hand a client everything from now on; gives the number after which that is."""
        return await self._feeds[subscription.tenant_id].join(subscription)

    def dismiss(self, subscription: Subscription) -> None:
        """Take a client's place back; the last one of a tenant ends its feed."""
        feed = self._feeds.get(subscription.tenant_id)
        if feed is None:
            return
        feed.leave(subscription)
        if not feed.members:
            feed.stop()
            del self._feeds[subscription.tenant_id]

    def leave(self) -> None:
        """Tell every client to connect again, elsewhere or later; for when the server stops."""
        self.leaving.set()
        for feed in self._feeds.values():
            for member in feed.members:
                member.end(Reason.RESTART)

    async def run(self) -> None:
        """Listen until cancelled; when the connection is lost, feeds poll until there is another."""
        farewell = asyncio.create_task(self._farewell())
        try:
            while True:
                try:
                    await self._listen()
                except _AWAY as error:
                    _log.warning("not listening", error_class=type(error).__name__, error=str(error))
                    self._wake_all()
                    await asyncio.sleep(RETRY_SECONDS)
        except asyncio.CancelledError:
            self.leave()
            for feed in self._feeds.values():
                feed.stop()
            raise
        finally:
            farewell.cancel()

    async def _listen(self) -> None:
        # A connection of its own: LISTEN lives and dies with it.
        connection = await asyncpg.connect(
            self._postgres.dsn,
            user=role_of(self.work.service),
            password=self._postgres.password,
            timeout=self._postgres.connect_timeout,
            command_timeout=self._postgres.command_timeout,
            server_settings={"application_name": f"doso-{self.work.service}-live"},
        )
        try:
            await connection.add_listener(f"live_{self.work.service}", self._heard)
            while True:
                self._wake_all()
                await asyncio.sleep(POLL_SECONDS)
                await connection.fetchval("SELECT 1")  # a connection that died silently says so here
        finally:
            with contextlib.suppress(*_AWAY):
                async with asyncio.timeout(RETRY_SECONDS):
                    await connection.close()
            connection.terminate()

    async def _farewell(self) -> None:
        await self.leaving.wait()
        self.leave()

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        feed = self._feeds.get(UUID(str(payload))) if self._feeds else None
        if feed is not None:
            feed.wake()

    def _wake_all(self) -> None:
        for feed in self._feeds.values():
            feed.wake()
