"""The guard before the application: host, rate by address, body, time. Pure ASGI; streams live through it."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.api.problems import UNREACHABLE
from services.gateway.limits import refusals
from services.gateway.limits.addresses import Addresses
from services.gateway.limits.admission import AWAY, Admission, enter, over
from services.gateway.limits.bodies import BodyHead
from services.gateway.limits.limiter import CountersAway, Limiter
from services.gateway.limits.metrics import LimitMetrics
from services.gateway.limits.passage import Passage
from services.gateway.limits.problem_answers import QUOTA_EXCEEDED, send_problem
from services.gateway.limits.routes import RouteClass, classify, is_delivery
from services.gateway.limits.settings import LimitSettings
from shared.messaging.failures import passing

_STOPPED: Final = "This took longer than {:g} s and was stopped; look whether it took effect before trying again."


class Guard:
    """Lets in what is within the limits, and sees every answer off."""

    def __init__(
        self,
        app: ASGIApp,
        settings: LimitSettings,
        limiter: Limiter,
        metrics: LimitMetrics,
        *,
        max_event_bytes: int,
        max_import_bytes: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._settings = settings
        self._limiter = limiter
        self._metrics = metrics
        self._clock = clock
        self._addresses = Addresses(settings.trusted_proxies)
        self._hosts = frozenset(host.lower().encode() for host in settings.allowed_hosts)
        self._origins = frozenset(settings.cors_origins)
        self._most = {
            RouteClass.SIGN_IN: settings.max_sign_in_bytes,
            RouteClass.EVENTS: max_event_bytes,
            # What surrounds the file: the other fields, and the lines between them.
            RouteClass.IMPORTS: max_import_bytes + 64 * 1024,
        }
        self._most_of_delivery = min(settings.max_delivery_bytes, max_event_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Guard one request or one WebSocket."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scope["headers"]
        route_class = classify(scope["method"], scope["path"])
        admission = Admission(self._limiter, route_class)
        enter(scope, admission)
        try:
            head = BodyHead.of(headers)
        except refusals.BodyRefusedError as refusal:
            head = BodyHead(None, present=True, encoding=b"", content_type=b"")
            passage = self._passage(scope, admission, head, receive, send)
            await self._refuse(passage, refusal)
            return
        passage = self._passage(scope, admission, head, receive, send)
        if self._hosts and route_class is not RouteClass.OPERATIONS and not self._knows(headers):
            self._metrics.turned_away(route_class, "host")
            await send_problem(
                passage.send, HTTPStatus.BAD_REQUEST, "The Host header names no host that is served here."
            )
            return
        if not await self._admitted(scope, admission, passage):
            return
        try:
            passage.body.check_head()
        except refusals.BodyRefusedError as refusal:
            await self._refuse(passage, refusal)
            return
        await self._run(scope, passage)

    def _passage(self, scope: Scope, admission: Admission, head: BodyHead, receive: Receive, send: Send) -> Passage:
        most = self._most.get(admission.route_class, self._settings.max_write_bytes)
        if admission.route_class is RouteClass.EVENTS and is_delivery(scope["path"], scope["headers"]):
            most = self._most_of_delivery
        answered = partial(self._metrics.answered, admission.route_class)
        return Passage(self._settings, admission, head, most, receive, send, self._clock, answered)

    def _knows(self, headers: list[tuple[bytes, bytes]]) -> bool:
        hosts = [value for name, value in headers if name == b"host"]
        return len(hosts) == 1 and _name_of(hosts[0]) in self._hosts

    async def _admitted(self, scope: Scope, admission: Admission, passage: Passage) -> bool:
        try:
            refused = await admission.count("address", self._addresses.of(scope))
        except CountersAway:
            await send_problem(passage.send, HTTPStatus.SERVICE_UNAVAILABLE, AWAY, [(b"retry-after", b"2")])
            return False
        if refused is None:
            return True
        more: dict[str, Any] = {"kind": QUOTA_EXCEEDED, "violated-policies": [refused.policy.name]}
        await send_problem(passage.send, HTTPStatus.TOO_MANY_REQUESTS, over(refused), **more)
        return False

    async def _refuse(self, passage: Passage, refusal: refusals.BodyRefusedError) -> None:
        self._metrics.turned_away(passage.admission.route_class, refusal.reason)
        headers = [(name.lower().encode(), value.encode()) for name, value in (refusal.headers or {}).items()]
        await send_problem(passage.send, refusal.status_code, refusal.detail, headers)

    async def _run(self, scope: Scope, passage: Passage) -> None:
        try:
            async with asyncio.timeout(passage.patience) as passage.deadline:
                await self._app(scope, passage.body, passage.send)
        except Exception as error:
            deadline, passage.deadline = passage.deadline, None  # it is over, and can be put off no more
            if isinstance(error, TimeoutError) and deadline is not None and deadline.expired():
                await self._give_up(passage)
            # The framework answers for all that is inside it; what is before it knows no other failure.
            elif passing(error) and not passage.started:
                away = HTTPStatus.SERVICE_UNAVAILABLE
                await send_problem(passage.send, away, UNREACHABLE, [(b"retry-after", b"2")])
            else:
                raise
        if passage.body.refusal is not None:
            self._metrics.turned_away(passage.admission.route_class, passage.body.refusal.reason)

    async def _give_up(self, passage: Passage) -> None:
        self._metrics.turned_away(passage.admission.route_class, "stalled" if passage.started else "timeout")
        if not passage.started:
            detail = _STOPPED.format(passage.patience)
            await send_problem(passage.send, HTTPStatus.GATEWAY_TIMEOUT, detail)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        admission = Admission(self._limiter, RouteClass.READS)
        enter(scope, admission)
        reason = await self._objection(scope, admission)
        if reason is not None:
            await receive()  # the connection has to be offered before it can be declined
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
            self._metrics.turned_away(admission.route_class, reason)
            return
        await self._app(scope, receive, send)

    async def _objection(self, scope: Scope, admission: Admission) -> str | None:
        if self._hosts and not self._knows(scope["headers"]):
            return "host"
        # Browsers ask nobody before they open a WebSocket, wherever the page is from; but they say where.
        if any(
            name == b"origin" and value.decode("latin-1") not in self._origins for name, value in scope["headers"]
        ):
            return "origin"
        return "limited" if await admission.count("address", self._addresses.of(scope)) is not None else None


def _name_of(host: bytes) -> bytes:
    if host.startswith(b"["):
        return host.partition(b"]")[0].lower() + b"]"
    return host.partition(b":")[0].lower()
