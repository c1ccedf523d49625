"""Receiving a request's body: never more than allowed, never longer waited for than allowed, JSON looked at first."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from starlette.types import Message, Receive

from services.gateway.limits import refusals
from services.gateway.limits.json_shape import objection
from services.gateway.limits.settings import LimitSettings

_AS_SENT: Final = (b"", b"identity")
_LONG: Final = 256 * 1024
_LINES: Final = (b"application/x-ndjson", b"application/jsonl")
_FORMS: Final = (b"multipart/", b"application/x-www-form-urlencoded")


@dataclass(frozen=True, slots=True)
class BodyHead:
    """What the headers say of a body."""

    declared: int | None
    present: bool
    encoding: bytes
    content_type: bytes

    @classmethod
    def of(cls, headers: list[tuple[bytes, bytes]]) -> "BodyHead":
        """Read it from a request's headers; raises the refusal of a length that is none."""
        declared, present, encoding, content_type = None, False, b"", b""
        for name, value in headers:
            if name == b"content-length":
                if not value.isdigit() or len(value) > 18:  # noqa: PLR2004  # more would be exabytes
                    raise refusals.wrong_length("Content-Length is no number of bytes.")
                declared, present = int(value), present or value != b"0"
            elif name == b"transfer-encoding":
                present = True
            elif name == b"content-encoding":
                encoding = value.strip().lower()
            elif name == b"content-type":
                content_type = value.partition(b";")[0].strip().lower()
        return cls(declared, present, encoding, content_type)

    @property
    def form(self) -> bool:
        """Whether it is a form, which is parsed as it comes."""
        return self.content_type.startswith(_FORMS)


class Body:
    """A body on its way in; calling it is the application's ``receive``.

    What is JSON, or may be taken for it, is gathered and looked at before any of it is handed on. Nothing is
    read before the application asks, so whoever is refused for his credentials is refused unread.
    """

    def __init__(
        self,
        receive: Receive,
        head: BodyHead,
        most: int,
        settings: LimitSettings,
        slowest: float,
        *,
        on_progress: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._receive = receive
        self._head = head
        self._most = most
        self._settings = settings
        self._on_progress = on_progress
        self._clock = clock
        self._slowest = slowest
        self._waited = 0.0
        self._came = 0
        self.size = 0
        self.complete = not head.present
        self.refusal: refusals.BodyRefusedError | None = None

    def check_head(self) -> None:
        """Refuse by the headers alone what can be; raises the refusal."""
        if self._head.encoding not in _AS_SENT:
            raise self._refused(refusals.encoded(self._head.encoding.decode("latin-1")))
        if self._head.declared is not None and self._head.declared > self._most:
            raise self._refused(refusals.too_large(self._most))

    async def __call__(self) -> Message:
        """Give the next message of the body; raises why it is refused."""
        if self.complete:
            return await self._receive()
        if self._head.form:
            return await self._next()
        chunks: list[bytes] = []
        while not self.complete:
            message = await self._next()
            if body := message.get("body"):
                chunks.append(body)
        whole = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        # A long body is judged in a thread, so that nobody waits behind it.
        judge = partial(self._objection, whole)
        wrong = await asyncio.to_thread(judge) if len(whole) > _LONG else judge()
        if wrong is not None:
            raise self._refused(refusals.misshapen(wrong))
        return {"type": "http.request", "body": whole, "more_body": False}

    def _objection(self, whole: bytes) -> str | None:
        if b"xml" in self._head.content_type:
            return None
        return objection(
            whole,
            depth=self._settings.max_json_depth,
            values=self._settings.max_json_values,
            digits=self._settings.max_number_digits,
            lines=self._head.content_type in _LINES,
        )

    async def _next(self) -> Message:
        asked = self._clock()
        try:
            async with asyncio.timeout(self._settings.body_idle_seconds):
                message = await self._receive()
        except TimeoutError:
            raise self._refused(refusals.too_slow()) from None
        if message["type"] != "http.request":
            raise self._refused(refusals.wrong_length("The connection ended before the body did."))
        self._on_progress()
        self._waited += self._clock() - asked
        came = len(message.get("body", b""))
        self.size += came
        self._came += came
        self.complete = not message.get("more_body", False)
        self._check_size()
        if not self.complete and self._crawls():
            raise self._refused(refusals.too_slow())
        return message

    def _check_size(self) -> None:
        declared = self._head.declared
        if self.size > self._most:
            raise self._refused(refusals.too_large(self._most))
        if declared is not None and (self.size > declared or (self.complete and self.size < declared)):
            told = f"The body has {self.size} bytes, but Content-Length says {declared}."
            raise self._refused(refusals.wrong_length(told))

    def _crawls(self) -> bool:
        """Tell whether too little came while we waited for it, looking anew each time the grace has passed.

        Only waiting counts: who sends faster than we store is not slow. And what came fast at first buys no time.
        """
        if self._waited < self._settings.body_grace_seconds:
            return False
        slow = self._came < self._waited * self._slowest
        self._waited, self._came = 0.0, 0
        return slow

    def _refused(self, refusal: refusals.BodyRefusedError) -> refusals.BodyRefusedError:
        self.refusal = refusal
        return refusal

    def declared_within(self, most: int) -> bool:
        """Tell whether the body said that it is no larger than ``most`` bytes."""
        return self._head.declared is not None and self._head.declared <= most

    async def drain(self, seconds: float, most: int) -> None:
        """Read on and throw away, for a while: a client that is still writing could not read its answer."""
        try:
            async with asyncio.timeout(seconds):
                while not self.complete and most > 0:
                    message = await self._receive()
                    most -= len(message.get("body", b""))
                    self.complete = message["type"] != "http.request" or not message.get("more_body", False)
        except TimeoutError:
            return
