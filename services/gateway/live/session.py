"""One client's stream from its first word to its last: where it left off, what comes, and why it ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog

from services.gateway.live.feed import CHUNK
from services.gateway.live.hub import Hub
from services.gateway.live.message import Message, Scope
from services.gateway.live.subscription import Reason, Subscription
from services.gateway.store import live as store
from shared.messaging.failures import passing

Check = Callable[[], Awaitable[Scope]]
"""Looks again whether a client may still listen, and to what; raises ``Ended``."""
_log = structlog.stdlib.get_logger("doso.live", service="gateway")


class Ended(Exception):
    """A client may no longer listen."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.detail)
        self.reason = reason


class _Purged(Exception):
    """What comes next for a client is no longer kept."""


class Session:
    """The messages for one client. ``since`` is the last number it has, None for one that begins."""

    def __init__(
        self,
        hub: Hub,
        subscription: Subscription,
        check: Check,
        *,
        since: int | None,
        heartbeat: float,
        recheck: float,
    ) -> None:
        self.subscription = subscription
        self._hub = hub
        self._check = check
        self._since = since
        self._heartbeat = heartbeat
        self._recheck = recheck

    async def messages(self) -> AsyncIterator[Message]:
        """Give ``ready`` or ``reset``, then what was missed, then what happens, and last ``closed`` with a reason."""
        subscription = self.subscription
        try:
            joined = await self._hub.join(subscription)
            async for message in self._opening(joined):
                yield message
            async for message in self._live():
                yield message
        except Ended as end:
            subscription.end(end.reason)
        except Exception as error:  # noqa: BLE001  # logged here, and told to the client
            if passing(error):
                _log.warning("stream interrupted", error_class=type(error).__name__)
            else:
                _log.exception("stream broke")
            subscription.end(Reason.FAULT)
        reason = subscription.ended or Reason.FAULT
        yield Message.note("closed", {"reason": reason.value, "detail": reason.detail, "reconnect": reason.reconnect})

    async def _opening(self, joined: int) -> AsyncIterator[Message]:
        if self._since is None:
            self._since = joined
            yield Message.note("ready", {"resumed": False}, joined)
            return
        try:
            await self._require_kept(self._since)
            yield Message.note("ready", {"resumed": True}, self._since)
            async for message in self._missed(joined):
                yield message
        except _Purged:
            detail = "What happened since that id is no longer kept: load again what you show, then go on from here."
            self._since = joined
            yield Message.note("reset", {"detail": detail}, joined)

    async def _require_kept(self, since: int) -> None:
        tenant_id = self.subscription.tenant_id
        async with self._hub.work.begin(tenant_id) as tx:
            oldest = await store.first_kept(tx.connection, tenant_id)
            newest = await store.last_told(tx.connection, tenant_id)
        if since != newest and (oldest is None or not oldest <= since + 1 <= newest):
            raise _Purged

    async def _missed(self, until: int) -> AsyncIterator[Message]:
        tenant_id = self.subscription.tenant_id
        while self._since is not None and self._since < until and self.subscription.ended is None:
            async with self._hub.work.begin(tenant_id) as tx:
                found = await store.told_after(tx.connection, tenant_id, self._since, CHUNK, until)
            if not found or found[0].seq != self._since + 1:
                raise _Purged
            await self._look_again()  # who reads slowly may have been shown out meanwhile
            for told in found:
                self._since = told.seq
                message = Message.of(told)
                if message.visible(self.subscription.scope):
                    yield message

    async def _live(self) -> AsyncIterator[Message]:
        loop, subscription = asyncio.get_running_loop(), self.subscription
        checked = told = loop.time()
        begun = self._since or 0
        while subscription.ended is None:
            message = await subscription.take(min(told + self._heartbeat, checked + self._recheck) - loop.time())
            if loop.time() >= checked + self._recheck:
                checked = loop.time()
                await self._look_again()
            if message is not None:
                if message.seq is not None and message.seq > begun and message.visible(subscription.scope):
                    told = loop.time()
                    yield message
            elif subscription.ended is None and loop.time() >= told + self._heartbeat:
                told = loop.time()
                # Nothing waits: all up to here was heard, or was not for these ears.
                yield Message.note("heartbeat", {}, max(subscription.seen, begun))

    async def _look_again(self) -> None:
        try:
            self.subscription.scope = await self._check()
        except Exception as error:
            if not passing(error):
                raise
            _log.warning("credentials not looked at again", error_class=type(error).__name__)
