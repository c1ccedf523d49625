"""CloudEvents in Kafka's binary mode: attributes and trace context as headers, JSON as the body."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from shared.events import Event, Topic

RecordHeaders = Sequence[tuple[str, bytes | None]]
"""The headers of a record, as the client gives them."""

FIRST_PARKED = "x-first-parked"
"""The header of an event that was sent again: when it was parked for the first time, in milliseconds since 1970."""

_TRACE = frozenset({"traceparent", "tracestate"})


def headers_of(event: Event, topic: Topic[Any], trace: Mapping[str, str], source: str) -> dict[str, str]:
    """Give the headers an event travels with; ``source`` is the service that it comes from."""
    return {
        "ce_specversion": "1.0",
        "ce_id": str(event.event_id),
        "ce_source": f"/doso/{source}",
        "ce_type": topic.event_type,
        "ce_time": event.occurred_at.isoformat(),
        "content-type": "application/json",
        **trace,
    }


def readable_headers(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """Read whatever headers a record has; bytes that are no text become escapes, never an error.

    A zero byte is text, but none that PostgreSQL can store.
    """
    return {
        str(name).replace("\x00", "\\x00"): value.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
        for name, value in headers
        if value is not None
    }


def trace_headers(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """Read the W3C trace context of a record, and nothing else."""
    return {
        name: value.decode("ascii", "replace")
        for name, value in headers
        if name[:5] == "trace" and value is not None and name in _TRACE
    }


def first_parked(headers: Iterable[tuple[str, bytes | None]]) -> datetime | None:
    """Tell when a record was parked for the first time, in UTC; nothing where it says no time that is past."""
    said = dict(headers).get(FIRST_PARKED) or b""
    try:
        when = datetime.fromtimestamp(int(said[:20]) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return min(when, datetime.now(UTC))
