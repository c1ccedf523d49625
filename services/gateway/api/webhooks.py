"""Events pushed by sources: ``POST /dms/webhooks/{source_id}``, or signed to ``/dms/events`` with ``X-DOSO-Source``.

A delivery has one effect: it is entered by source and ``webhook-id`` in the transaction of what it causes, and a
repetition, also one sent at the same moment, gets the answer of the first.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from services.gateway.adapters import ADAPTERS, Adapter, Delivery, Mapped
from services.gateway.api.bodies import STRUCTURED, claimed_id, events_in, is_binary
from services.gateway.api.dms import Accepted, RejectedEvent, bounded_body
from services.gateway.api.principal import Gate, GateDep, Principal
from services.gateway.api.problems import PROBLEM_RESPONSES, ProblemError, documented
from services.gateway.api.source_access import Pushed, SealerDep, identify, refused, whose
from services.gateway.ignored_fields import IgnoredFields
from services.gateway.ingest import RejectionError, accept, parse
from services.gateway.limits.admission import admit
from services.gateway.limits.places import NoPlace
from services.gateway.limits.routes import SOURCE_HEADER
from services.gateway.limits.settings import LimitSettings
from services.gateway.security import Sealer
from services.gateway.store import sources
from services.gateway.store.audit import ORIGIN
from services.gateway.store.sources import KEPT_DAYS
from shared.events import DmsEventReceived
from shared.messaging import Transaction

REPLAY_HEADER = "X-DOSO-Replay"
_HEADERS_DOC = [
    {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": text}
    for name, text in (
        ("webhook-id", "names the delivery; a repetition has it again"),
        ("webhook-timestamp", "when it was signed, in whole seconds since 1970; five minutes off at most"),
        ("webhook-signature", "v1,BASE64 of HMAC-SHA256(secret, id.timestamp.body); several by a space"),
    )
]
_DOCUMENTED = {
    "parameters": _HEADERS_DOC,
    "requestBody": {"required": True, "content": {"application/json": {"schema": {}}}},
}


class SignedRoute(APIRoute):
    """A route for requests that name their source; those with a key go on to the route of that path."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match only where the header is."""
        if any(name == SOURCE_HEADER.encode() for name, _ in scope.get("headers", ())):
            return super().matches(scope)
        return Match.NONE, {}


router = APIRouter(prefix="/dms", tags=["dms"], responses={**PROBLEM_RESPONSES, **documented(409)})
signed_router = APIRouter(prefix="/dms", route_class=SignedRoute)


@signed_router.post("/events", status_code=202, include_in_schema=False, response_model_exclude_defaults=True)
async def post_signed_events(request: Request, gate: GateDep, sealer: SealerDep, response: Response) -> Accepted:
    """Take in a signed delivery at the address for events."""
    return await _take(request, gate, sealer, request.headers[SOURCE_HEADER], response)


@router.post(
    "/webhooks/{source_id}", status_code=202, openapi_extra=_DOCUMENTED, response_model_exclude_defaults=True
)
async def post_webhook(
    source_id: str, request: Request, gate: GateDep, sealer: SealerDep, response: Response
) -> Accepted:
    """Take in a delivery of a source, signed as Standard Webhooks says. Sent again, it has no second effect."""
    return await _take(request, gate, sealer, source_id, response)


@router.post(
    "/webhooks/{source_id}/event/{channel}",
    status_code=202,
    openapi_extra=_DOCUMENTED,
    response_model_exclude_defaults=True,
)
async def post_relayed(
    source_id: str, channel: str, request: Request, gate: GateDep, sealer: SealerDep, response: Response
) -> Accepted:
    """Take in an event of a relay that adds ``/event/`` and its channel to the address it was given."""
    del channel  # the source's adapter says what is sent
    return await _take(request, gate, sealer, source_id, response)


async def _take(request: Request, gate: Gate, sealer: Sealer, source_id: str, response: Response) -> Accepted:
    now = datetime.now(UTC)
    tenant_id = await whose(gate, source_id)
    if tenant_id is None:
        raise refused()  # before its body: strangers are not listened to
    async with _place(gate, source_id, tenant_id):
        body = await _body(request, gate.settings.limits)
        pushed = await identify(gate, sealer, source_id, request.headers, body, now)
    judged = await _judge(request, gate, pushed, body, now)
    try:
        return await _once(gate, pushed, body, now, judged, response)
    except asyncpg.ForeignKeyViolationError as error:  # the source was deleted meanwhile
        raise refused() from error


@asynccontextmanager
async def _place(gate: Gate, source_id: str, tenant_id: UUID) -> AsyncIterator[None]:
    """Take a place for a delivery whose sender is not known yet; raises 429 or 503.

    Counted by source and address: whoever knows a source's id leaves places to those who send for it. And by group
    and by address: neither many sources nor many ids from one place keep other groups out.
    """
    origin, limits = ORIGIN.get(), gate.settings.limits
    address = origin.client if origin else None
    shares = {
        (source_id, address): limits.max_deliveries_per_source,
        tenant_id: limits.max_deliveries_per_group,
        address: limits.max_deliveries_per_group,
    }
    try:
        with gate.deliveries.taken(shares):
            yield
    except NoPlace as error:
        busy = HTTPStatus.TOO_MANY_REQUESTS if error.whose == "own" else HTTPStatus.SERVICE_UNAVAILABLE
        message = f"{error.most} deliveries are being read already, as many as may be at once: send this one again."
        raise ProblemError(busy, message, headers={"Retry-After": "1"}) from error


async def _body(request: Request, limits: LimitSettings) -> bytes:
    try:
        async with asyncio.timeout(limits.delivery_seconds):
            return await bounded_body(request, limits.max_delivery_bytes)
    except TimeoutError as error:
        message = f"The body did not come within {limits.delivery_seconds:g} s."
        raise ProblemError(HTTPStatus.REQUEST_TIMEOUT, message) from error


async def _once(
    gate: Gate, pushed: Pushed, body: bytes, now: datetime, judged: "_Judged", response: Response
) -> Accepted:
    source = pushed.source
    digest = hashlib.sha256(body).digest()
    async with gate.work.begin(source.tenant_id) as tx:
        before = await sources.begin_delivery(
            tx.connection, source.tenant_id, source.source_id, pushed.delivery_id, digest, now
        )
        if before is None:
            answer = await _effect(tx, judged)
            await sources.finish_delivery(
                tx.connection,
                source.source_id,
                pushed.delivery_id,
                answer.model_dump(mode="json", exclude_defaults=True),
            )
            if digest[0] == 0:  # about every 256th time
                await sources.forget_deliveries(tx.connection, source.source_id, now - timedelta(days=KEPT_DAYS))
            return answer
    if before.body_hash != digest and not ADAPTERS[source.adapter].relay:
        message = (
            f"The delivery {pushed.delivery_id} was taken in before, with another body: nothing of this one was."
        )
        raise ProblemError(HTTPStatus.CONFLICT, message)
    response.headers[REPLAY_HEADER] = "true"
    return Accepted.model_validate(before.answer)


@dataclass(slots=True)
class _Judged:
    good: dict[Any, DmsEventReceived] = field(default_factory=dict)
    rejected: list[RejectedEvent] = field(default_factory=list)
    ignored: IgnoredFields = field(default_factory=IgnoredFields)
    total: int = 0

    def refuse(self, index: int, event_id: str | None, errors: Iterable[str]) -> None:
        name = _clean(event_id, 200) if event_id else None
        self.rejected.append(RejectedEvent(index=index, id=name, errors=[_clean(error, 500) for error in errors]))


def _clean(text: str, longest: int) -> str:
    """Give a text as it can be stored with the answer."""
    return text[:longest].replace("\x00", "")


async def _judge(request: Request, gate: Gate, pushed: Pushed, body: bytes, now: datetime) -> _Judged:
    source, adapter = pushed.source, ADAPTERS[pushed.source.adapter]
    dealers = await gate.dealers(source.tenant_id)
    scope = None if source.dealer_ids is None else frozenset(source.dealer_ids)
    sender = Principal(source.tenant_id, f"source:{source.source_id}", "dms", scope)
    await admit(request.scope, sender)
    # Only what a signature covers may speak for a sender that signs; headers are not covered.
    headers = request.headers if source.authentication == "basic" else {}
    if source.authentication == "signature" and is_binary(request.headers):
        message = f"A signature does not cover headers: send attributes in the body, as {STRUCTURED}."
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message)
    delivery = Delivery(pushed.delivery_id, pushed.at, source.source_id, dealers, scope, source.dealer_codes, headers)
    judged = _Judged()
    try:
        for index, mapped in enumerate(_mapped(body, request, adapter, delivery, gate.settings.max_events)):
            judged.total += 1
            if index % 50 == 49:  # noqa: PLR2004  # others get their turn every 25 ms or so
                await asyncio.sleep(0)
            errors = mapped.errors
            if not errors:
                try:
                    cloud = parse(mapped.event)
                    event = accept(cloud, sender, dealers, now)
                    judged.good[event.event_id] = event
                    judged.ignored.note(index, cloud)
                except RejectionError as error:
                    errors = tuple(mapped.told(each) for each in error.errors)
            if errors:
                judged.refuse(index, claimed_id(mapped.event), errors)
    except ProblemError as error:
        if not adapter.relay:
            raise
        judged = _Judged(total=1)  # a relay would hold back all that follows
        judged.refuse(0, None, (f"body: {error.detail}",))
    return judged


def _mapped(body: bytes, request: Request, adapter: Adapter, delivery: Delivery, most: int) -> Iterator[Mapped]:
    count = 0
    for place, raw in enumerate(events_in(body, request.headers, most)):
        try:
            document = orjson.loads(raw) if isinstance(raw, bytes) else raw
        except orjson.JSONDecodeError as error:
            yield Mapped(None, errors=(f"body: line {place + 1} is no JSON: {error}",))
            continue
        for mapped in adapter.read(document, replace(delivery, place=place)):
            count += 1
            if count > most:
                message = f"The body holds over {most} events; the most in one request is {most}."
                raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)
            yield mapped


async def _effect(tx: Transaction, judged: _Judged) -> Accepted:
    for event in judged.good.values():
        tx.emit(event)
    new = await tx.flush()
    duplicates = judged.total - len(judged.rejected) - new
    return Accepted(accepted=new, duplicates=duplicates, rejected=judged.rejected, ignored=judged.ignored.told())
