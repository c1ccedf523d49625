"""The events of a request's body: CloudEvents structured, batched or binary (HTTP binding 1.0.2), NDJSON, or JSON."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import orjson

from services.gateway.api.problems import ProblemError

NDJSON = "application/x-ndjson"
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
_BINARY = "ce-"


def events_in(body: bytes, headers: Mapping[str, str], most: int) -> Iterator[bytes | Any]:
    """Give each event, as bytes where a line is one; raises a problem for a body that holds none or too many."""
    content_type = _content_type(headers)
    if content_type == NDJSON:
        lines = [line for line in body.split(b"\n") if line.strip()]
        _check_count(len(lines), most)
        yield from lines
        return
    if content_type.startswith("application/cloudevents") and content_type not in {STRUCTURED, BATCH}:
        message = f"{content_type[:100]} is not read here: send {STRUCTURED}, {BATCH} or {NDJSON}."
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message)
    document = _document(body)
    if content_type == STRUCTURED and not isinstance(document, dict):
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"{STRUCTURED} holds one object; several are {BATCH}.")
    if content_type == BATCH and not isinstance(document, list):
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"{BATCH} holds an array; one event is {STRUCTURED}.")
    if is_binary(headers):
        yield _binary(document, headers)
        return
    events = document if isinstance(document, list) else [document]
    if content_type != BATCH or events:  # a batch may be empty
        _check_count(len(events), most)
    yield from events


def is_binary(headers: Mapping[str, str]) -> bool:
    """Tell whether a request's headers hold the attributes of an event whose data the body is."""
    return "ce-specversion" in headers and not _content_type(headers).startswith((NDJSON, "application/cloudevents"))


def claimed_id(raw: bytes | Any) -> str | None:
    """Give the id that an event says it has, however wrong the rest of it is."""
    if isinstance(raw, bytes):
        try:
            raw = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return None
    found = raw.get("id") if isinstance(raw, dict) else None
    return found if isinstance(found, str) else None


def _content_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").split(";", maxsplit=1)[0].strip().lower()


def _document(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        message = f"The body is no JSON: {error}. Send one CloudEvent, an array, or NDJSON as {NDJSON}."
        raise ProblemError(HTTPStatus.BAD_REQUEST, message) from error


def _binary(data: Any, headers: Mapping[str, str]) -> dict[str, Any]:
    attributes = {
        name.removeprefix(_BINARY): unquote(value) for name, value in headers.items() if name.startswith(_BINARY)
    }
    return {**attributes, "data": data}


def _check_count(count: int, most: int) -> None:
    if count == 0:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "The body holds no event.")
    if count > most:
        message = f"The body holds {count} events; the most in one request is {most}."
        raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)
