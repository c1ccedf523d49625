"""One request's way through the guard, and its answer's way out. Streams live through it."""

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.types import Message, Receive, Send

from services.gateway.limits.admission import Admission
from services.gateway.limits.bodies import Body, BodyHead
from services.gateway.limits.routes import RouteClass
from services.gateway.limits.settings import LimitSettings

_SMALL: Final = 64 * 1024
_SETTLE_SECONDS: Final = 0.2
_LINGER_SECONDS: Final = 2.0
_LINGER_BYTES: Final = 64 * 1024 * 1024


class Passage:
    """One request's way through: its body in, its answer out, and the time it may take."""

    __slots__ = (
        "_clock", "_entered", "_linger", "_on_answer", "_send", "_settings", "admission", "body", "deadline",
        "patience", "started",
    )  # fmt: skip

    def __init__(
        self,
        settings: LimitSettings,
        admission: Admission,
        head: BodyHead,
        most: int,
        receive: Receive,
        send: Send,
        clock: Callable[[], float],
        on_answer: Callable[[int, float], None],
    ) -> None:
        self._settings = settings
        self._send = send
        self._linger = False
        self.admission = admission
        storing = admission.route_class is RouteClass.IMPORTS
        self.patience = {
            RouteClass.IMPORTS: settings.store_seconds,
            RouteClass.REPORTS: settings.report_seconds,
        }.get(admission.route_class, settings.handler_seconds)
        slowest = settings.upload_bytes_per_second if storing else settings.body_bytes_per_second
        self.body = Body(receive, head, most, settings, slowest, on_progress=self._more_time, clock=clock)
        self.deadline: asyncio.Timeout | None = None
        self.started = False
        self._clock = clock
        self._entered = clock()
        self._on_answer = on_answer

    def _more_time(self) -> None:
        self._until(self.patience)

    def _until(self, seconds: float | None) -> None:
        if self.deadline is not None and not self.deadline.expired():
            now = asyncio.get_running_loop().time()
            self.deadline.reschedule(None if seconds is None else now + seconds)

    async def send(self, message: Message) -> None:
        """Pass the answer on, with what the limits say; a client that stops reading it is given up."""
        if message["type"] == "http.response.start":
            self._until(None)
            self.started = True
            self._on_answer(message["status"], self._clock() - self._entered)
            added = self.admission.headers()
            if not self.body.complete and await self._unread():
                self._linger = True
                added.append((b"connection", b"close"))
            if added:
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await self._send(message)
        elif message.get("more_body"):
            self._until(self._settings.send_seconds)
            await self._send(message)
            self._until(None)
        elif self._linger:
            # The answer is out in full; the connection ends when the client has had time to read it.
            await self._send({**message, "more_body": True})
            await self.body.drain(_LINGER_SECONDS, _LINGER_BYTES)
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await self._send(message)

    async def _unread(self) -> bool:
        """Tell whether a body is still coming, after throwing away one that is small and as good as here."""
        if self.body.declared_within(_SMALL):
            await self.body.drain(_SETTLE_SECONDS, _SMALL)
        return not self.body.complete
