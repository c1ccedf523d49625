"""``POST /dms/events``: CloudEvents in any mode of HTTP, as NDJSON, or as plain JSON."""

from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import APIRouter, Request
from pydantic import BaseModel

from services.gateway.api.bodies import BATCH, NDJSON, STRUCTURED, claimed_id, events_in
from services.gateway.api.misses import note_missing
from services.gateway.api.principal import GateDep, Machine
from services.gateway.api.problems import PROBLEM_RESPONSES, ProblemError, documented
from services.gateway.ignored_fields import IgnoredField, IgnoredFields
from services.gateway.ingest import CloudEvent, RejectionError, accept, parse

router = APIRouter(prefix="/dms", tags=["dms"], responses=PROBLEM_RESPONSES)


class RejectedEvent(BaseModel):
    """An event that was refused, by its place in the request."""

    index: int
    id: str | None
    errors: list[str]


class Accepted(BaseModel):
    """What became of a request's events; what is counted as accepted is stored durably.

    ``ignored``: fields of ``data`` in accepted events that are none of ours, and so had no effect; left out where
    there are none.
    """

    accepted: int
    duplicates: int
    rejected: list[RejectedEvent]
    ignored: list[IgnoredField] = []


_ONE = {"$ref": "#/components/schemas/CloudEvent"}
_SEVERAL = {"type": "array", "maxItems": 1000, "items": _ONE}
_EXAMPLE = CloudEvent.model_config["json_schema_extra"]["examples"][0]  # type: ignore[index]
_BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": {"oneOf": [_ONE, _SEVERAL]}, "example": _EXAMPLE},
        STRUCTURED: {"schema": _ONE, "example": _EXAMPLE},
        BATCH: {"schema": _SEVERAL, "example": [_EXAMPLE]},
        NDJSON: {"schema": {"type": "string", "description": "one CloudEvent a line"}},
    },
}


@router.post(
    "/events",
    status_code=202,
    openapi_extra={"requestBody": _BODY},
    responses=documented(408),
    response_model_exclude_defaults=True,
)
async def post_events(request: Request, machine: Machine, gate: GateDep) -> Accepted:
    """Take in events. Each is judged alone; sending the same ``source`` and ``id`` again changes nothing.

    A delivery signed by a source may come here too, with ``X-DOSO-Source``: see ``/dms/webhooks/{source_id}``.
    """
    body = await bounded_body(request, gate.settings.max_body_bytes)
    dealers = await gate.dealers(machine.tenant_id)
    received_at = datetime.now(UTC)
    rejected: list[RejectedEvent] = []
    ignored = IgnoredFields()
    missing: list[tuple[str, str]] = []
    good = {}
    total = 0
    for index, raw in enumerate(events_in(body, request.headers, gate.settings.max_events)):
        total += 1
        try:
            cloud = parse(raw)
            event = accept(cloud, machine, dealers, received_at)
        except RejectionError as error:
            rejected.append(RejectedEvent(index=index, id=claimed_id(raw), errors=error.errors))
            if error.unknown_dealer is not None:
                missing.append(("dealer", str(error.unknown_dealer)))
        else:
            good[event.event_id] = event
            ignored.note(index, cloud)
    await note_missing(request, machine, missing)
    new = 0
    if good:
        async with gate.work.begin(machine.tenant_id) as tx:
            for event in good.values():
                tx.emit(event)
            new = await tx.flush()
    return Accepted(accepted=new, duplicates=total - len(rejected) - new, rejected=rejected, ignored=ignored.told())


async def bounded_body(request: Request, limit: int) -> bytes:
    """Read the body; raises a problem for one that is larger."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            message = f"The body is larger than {limit} bytes: send fewer events at a time."
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)
        chunks.append(chunk)
    return b"".join(chunks)
