"""``POST /dms/events``: one CloudEvent, an array of them, or NDJSON."""

from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel

from services.gateway.api.principal import GateDep, Machine
from services.gateway.api.problems import PROBLEM_RESPONSES, ProblemError, documented
from services.gateway.ingest import CloudEvent, RejectionError, accept, parse

router = APIRouter(prefix="/dms", tags=["dms"], responses=PROBLEM_RESPONSES)
NDJSON = "application/x-ndjson"


class RejectedEvent(BaseModel):
    """An event that was refused, by its place in the request."""

    index: int
    id: str | None
    errors: list[str]


class Accepted(BaseModel):
    """What became of a request's events; what is counted as accepted is stored durably."""

    accepted: int
    duplicates: int
    rejected: list[RejectedEvent]


_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "oneOf": [
                    {"$ref": "#/components/schemas/CloudEvent"},
                    {"type": "array", "maxItems": 1000, "items": {"$ref": "#/components/schemas/CloudEvent"}},
                ]
            },
            "example": CloudEvent.model_config["json_schema_extra"]["examples"][0],  # type: ignore[index]
        },
        NDJSON: {"schema": {"type": "string", "description": "one CloudEvent a line"}},
    },
}


@router.post("/events", status_code=202, openapi_extra={"requestBody": _BODY}, responses=documented(400, 408))
async def post_events(request: Request, machine: Machine, gate: GateDep) -> Accepted:
    """Take in events. Each is judged alone; sending the same ``source`` and ``id`` again changes nothing."""
    body = await _bounded_body(request, gate.settings.max_body_bytes)
    dealers = await gate.dealers(machine.tenant_id)
    received_at = datetime.now(UTC)
    rejected: list[RejectedEvent] = []
    good = {}
    total = 0
    for index, raw in enumerate(_split(body, request.headers.get("content-type", ""), gate.settings.max_events)):
        total += 1
        try:
            event = accept(parse(raw), machine, dealers, received_at)
        except RejectionError as error:
            rejected.append(RejectedEvent(index=index, id=_claimed_id(raw), errors=error.errors))
        else:
            good[event.event_id] = event
    new = 0
    if good:
        async with gate.work.begin(machine.tenant_id) as tx:
            for event in good.values():
                tx.emit(event)
            new = await tx.flush()
    return Accepted(accepted=new, duplicates=total - len(rejected) - new, rejected=rejected)


async def _bounded_body(request: Request, limit: int) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            message = f"The body is larger than {limit} bytes: send fewer events at a time."
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)
        chunks.append(chunk)
    return b"".join(chunks)


def _split(body: bytes, content_type: str, most: int) -> Iterator[bytes | dict[str, Any]]:
    if content_type.split(";", maxsplit=1)[0].strip().lower() == NDJSON:
        lines = [line for line in body.split(b"\n") if line.strip()]
        _check_count(len(lines), most)
        yield from lines
        return
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        message = f"The body is no JSON: {error}. Send one CloudEvent, an array, or NDJSON as {NDJSON}."
        raise ProblemError(HTTPStatus.BAD_REQUEST, message) from error
    events = document if isinstance(document, list) else [document]
    _check_count(len(events), most)
    yield from events


def _check_count(count: int, most: int) -> None:
    if count == 0:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "The body holds no event.")
    if count > most:
        message = f"The body holds {count} events; the most in one request is {most}."
        raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)


def _claimed_id(raw: bytes | dict[str, Any]) -> str | None:
    if isinstance(raw, bytes):
        try:
            raw = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return None
    found = raw.get("id") if isinstance(raw, dict) else None
    return found if isinstance(found, str) else None
