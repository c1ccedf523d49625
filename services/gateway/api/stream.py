"""Events as they happen: Server-Sent Events at ``/stream``, the same over a WebSocket at ``/ws``."""

from collections.abc import AsyncIterator
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Header
from fastapi.responses import Response
from sse_starlette import EventSourceResponse
from sse_starlette.sse import SendTimeoutError
from starlette.requests import HTTPConnection
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from services.gateway.api.principal import PEOPLE, Gate, GateDep, Person, Principal, bearer, unauthorised
from services.gateway.api.problems import PROBLEM_RESPONSES, PROBLEM_TYPE, FieldError, Problem, ProblemError
from services.gateway.live import Ended, Hub, Reason, Session, Subscription, TooMany
from services.gateway.live.message import Scope

router = APIRouter(tags=["live"])
GRACE_SECONDS = 2.0
_RETRY_SECONDS = "10"
_log = structlog.stdlib.get_logger("doso.live", service="gateway")
_EXAMPLE = (
    'id: 4711\r\nevent: vehicle.changed\r\ndata: {"dealer_id":"3f0c…","at":"2026-03-02T15:04:05.123456Z",'
    '"items":[{"vehicle_key":"2T3P1RFV0NW100001","status":"in_stock","version":7}]}\r\n\r\n'
)
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events, until the stream is closed with a reason",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
    },
    429: {"model": Problem, "content": {PROBLEM_TYPE: {}}, "description": "Too many streams are open"},
}


async def hub_of(connection: HTTPConnection) -> Hub:
    """Find the hub that the application was put together with."""
    hub: Hub = connection.app.state.live
    return hub


class LiveResponse(EventSourceResponse):
    """A stream that takes its place back however it ends."""

    def __init__(self, hub: Hub, session: Session, *, send_seconds: float) -> None:
        super().__init__(
            _encoded(session),
            ping=0,  # heartbeats are ours: they carry the place to resume from
            send_timeout=send_seconds,
            shutdown_event=hub.leaving,  # type: ignore[arg-type]  # it is only ever set
            shutdown_grace_period=GRACE_SECONDS,
        )
        self._hub, self._session = hub, session

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Stream until either side ends it."""
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            # It takes nothing any more, so it cannot be told either; the connection is cut.
            _log.info("slow client cut", tenant_id=str(self._session.subscription.tenant_id))
        finally:
            self._hub.dismiss(self._session.subscription)


@router.get(
    "/stream", response_class=Response, responses={**PROBLEM_RESPONSES, **_RESPONSES}, summary="Follow what happens"
)
async def stream(
    person: Person,
    gate: GateDep,
    hub: Annotated[Hub, Depends(hub_of)],
    token: Annotated[str | None, Depends(bearer)],
    dealer_id: UUID | None = None,
    last_event_id: Annotated[str | None, Header(description="the last id you have; what came after is told")] = None,
) -> Response:
    """Follow a rooftop, or all in scope, by Server-Sent Events.

    Events: `vehicle.changed`, `vehicle.left`, `market.changed`, `forecast.ready`, `recommendation.issued`,
    `recommendation.superseded`, `recommendation.withdrawn`, `recommendation.expired`, `recommendation.answered`,
    `outcome.recorded`, `policy.learned`, `policy.set`, `import.progress`, `import.done`, `import.failed`. Each is
    `{dealer_id, at, items}`: what changed at one rooftop at once. About the stream itself: `ready`, `reset` (load
    again what you show), `closed` (with `reason`). The same over a WebSocket at `/api/v1/ws`. See docs/live.md.
    """
    if token is None:
        raise unauthorised()
    since = since_of(last_event_id, "header.last-event-id")
    subscription = await admitted(hub, gate, person, dealer_id)
    session = session_of(hub, gate, subscription, partial(look_again, gate, person, token, dealer_id), since)
    return LiveResponse(hub, session, send_seconds=gate.settings.stream_send_seconds)


async def admitted(hub: Hub, gate: Gate, person: Principal, dealer_id: UUID | None) -> Subscription:
    """Let a person in; raises 404 for a rooftop out of scope, 429 when too many streams are open."""
    if dealer_id is not None:
        await gate.dealer(person, dealer_id)
    try:
        return hub.admit(person.tenant_id, person.actor, _scope(person, dealer_id))
    except TooMany as error:
        detail = f"{error.whose} has {error.most} streams open, as many as it may have: close one, or wait."
        headers = {"Retry-After": _RETRY_SECONDS}
        raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, detail, headers=headers) from error


def session_of(hub: Hub, gate: Gate, subscription: Subscription, check: Any, since: int | None) -> Session:
    """Make the session of somebody who was let in."""
    return Session(
        hub,
        subscription,
        check,
        since=since,
        heartbeat=gate.settings.stream_heartbeat_seconds,
        recheck=gate.settings.stream_recheck_seconds,
    )


async def look_again(gate: Gate, person: Principal, token: str, dealer_id: UUID | None) -> Scope:
    """Check a listener's credentials again and give what it may hear now; raises ``Ended``."""
    try:
        now = await gate.by_token(token)
    except ProblemError as error:
        raise Ended(Reason.CREDENTIALS) from error
    if (now.tenant_id, now.user_id) != (person.tenant_id, person.user_id) or now.role not in PEOPLE:
        raise Ended(Reason.CREDENTIALS)
    try:
        return _scope(now, dealer_id)
    except ProblemError as error:
        raise Ended(Reason.SCOPE) from error


def since_of(text: str | None, field: str) -> int | None:
    """Read the id to resume from; raises 422."""
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) < len(str(2**62)):
        return int(text)
    errors = [FieldError(field=field, message="must be the id of an event of this stream, a whole number")]
    raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "There is no such event to resume from.", errors=errors)


def _scope(person: Principal, dealer_id: UUID | None) -> Scope:
    narrowed = person.scope(dealer_id)
    return None if narrowed is None else frozenset(narrowed)


async def _encoded(session: Session) -> AsyncIterator[bytes]:
    async for message in session.messages():
        yield message.sse
