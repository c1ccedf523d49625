"""One client's queue: bounded, and given up rather than grown."""

import asyncio
from collections import deque
from enum import StrEnum
from uuid import UUID

from services.gateway.live.message import Message, Scope


class Reason(StrEnum):
    """Why a stream ends."""

    SLOW = "slow"
    CREDENTIALS = "credentials"
    SCOPE = "scope"
    RESTART = "restart"
    FAULT = "fault"
    GONE = "gone"

    @property
    def detail(self) -> str:
        """Say what it means and what to do."""
        return _DETAILS[self]

    @property
    def reconnect(self) -> bool:
        """Tell whether the same request may work at once."""
        return self in {Reason.SLOW, Reason.RESTART, Reason.FAULT}


_DETAILS = {
    Reason.SLOW: "You read more slowly than events happen. Connect again with the last id you have.",
    Reason.CREDENTIALS: "Your token has expired or was withdrawn. Get a new one, then connect with the last id.",
    Reason.SCOPE: "This rooftop is no longer in your scope.",
    Reason.RESTART: "The server is restarting. Connect again with the last id you have.",
    Reason.FAULT: "This is our fault and has been logged. Connect again with the last id you have.",
    Reason.GONE: "The client went away.",
}


class Subscription:
    """What waits for one client. Feeds put messages in without waiting; the client's own task takes them out."""

    def __init__(self, tenant_id: UUID, user: str, scope: Scope, *, room: int) -> None:
        self.tenant_id = tenant_id
        self.user = user
        self.scope = scope
        self.ended: Reason | None = None
        self.seen = 0
        """The last number put in or passed over: everything up to it was for this client to hear."""
        self._room = room
        self._waiting: deque[Message] = deque()
        self._woken = asyncio.Event()

    def offer(self, message: Message) -> None:
        """Put a message in; a client that has no room left is cut, and what waited for it is dropped."""
        if self.ended is not None:
            return
        if message.visible(self.scope):
            if len(self._waiting) >= self._room:
                self.end(Reason.SLOW)
                return
            self._waiting.append(message)
            self._woken.set()
        self.seen = max(self.seen, message.seq or 0)

    def end(self, reason: Reason) -> None:
        """End the stream; the first reason stands."""
        if self.ended is None:
            self.ended = reason
            self._waiting.clear()
            self._woken.set()

    async def take(self, seconds: float) -> Message | None:
        """Wait for the next message; None when ``seconds`` pass without one, or when the stream has ended."""
        if not self._waiting and self.ended is None:
            self._woken.clear()
            try:
                async with asyncio.timeout(max(seconds, 0)):
                    await self._woken.wait()
            except TimeoutError:
                return None
        return self._waiting.popleft() if self._waiting else None
