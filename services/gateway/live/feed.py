"""What one tenant's clients in this process hear: read once from PostgreSQL, handed to each of them."""

import asyncio
from uuid import UUID

import structlog

from services.gateway.live.message import Message
from services.gateway.live.subscription import Reason, Subscription
from services.gateway.store import live as store
from shared.messaging import UnitOfWork
from shared.messaging.failures import passing

CHUNK = 50
PAUSE_SECONDS = 0.05
"""Between two looks: a burst of small commits costs twenty reads a second, not one each."""
RETRY_SECONDS = 1.0
_log = structlog.stdlib.get_logger("doso.live", service="gateway")


class Feed:
    """Follows one tenant for as long as anybody in this process listens."""

    def __init__(self, work: UnitOfWork, tenant_id: UUID) -> None:
        self.members: set[Subscription] = set()
        """Those who were let in; those among ``_listening`` are handed what comes."""
        self._work = work
        self._tenant_id = tenant_id
        self._listening: set[Subscription] = set()
        self._position: int | None = None
        self._starting = asyncio.Lock()
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def join(self, member: Subscription) -> int:
        """Hand a member everything from now on; gives the number after which that is."""
        async with self._starting:
            if self._position is None:
                async with self._work.begin(self._tenant_id) as tx:
                    self._position = await store.last_told(tx.connection, self._tenant_id)
                self._task = asyncio.create_task(self._run())
        member.seen = self._position
        self._listening.add(member)
        return self._position

    def leave(self, member: Subscription) -> None:
        """Let a member go."""
        self.members.discard(member)
        self._listening.discard(member)

    def wake(self) -> None:
        """Have it look for what is new."""
        self._woken.set()

    def stop(self) -> None:
        """Follow no longer."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                await self._catch_up()
            except Exception as error:  # noqa: BLE001  # logged below, and told to everybody
                if not passing(error):
                    # Nobody would see what comes after it: each is told, and whoever joins next begins afresh.
                    _log.exception("feed broke")
                    for member in tuple(self._listening):
                        member.end(Reason.FAULT)
                    self._position = None
                    return
                _log.warning("feed waits for the database", error_class=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
                self._woken.set()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _catch_up(self) -> None:
        more = True
        while more:
            assert self._position is not None  # noqa: S101  # set before the task begins
            async with self._work.begin(self._tenant_id) as tx:
                found = await store.told_after(tx.connection, self._tenant_id, self._position, CHUNK)
            if found and found[0].seq != self._position + 1:
                # Numbers have no gaps: what is missing was purged before we came to it.
                for member in tuple(self._listening):
                    member.end(Reason.SLOW)
            for told in found:
                message = Message.of(told)
                self._position = told.seq
                for member in self._listening:
                    member.offer(message)
            more = len(found) == CHUNK
