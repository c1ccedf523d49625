"""The events of a body, in each mode that CloudEvents have over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from services.gateway.api.bodies import BATCH, NDJSON, STRUCTURED, claimed_id, events_in
from services.gateway.api.problems import ProblemError

BINARY = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "urn%3Aa", "ce-type": "vehicle.priced"}


def events(body: bytes, content_type: str | None = None, **headers: str) -> list[Any]:
    given_type = {} if content_type is None else {"Content-Type": content_type}
    return list(events_in(body, Headers({**given_type, **headers}), 3))


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b'{"id": "1"}', None, [{"id": "1"}]),
        (b'{"id": "1"}', "application/json", [{"id": "1"}]),
        (b'[{"id": "1"}, 2]', "text/plain", [{"id": "1"}, 2]),
        (b'{"id": "1"}', "Application/CloudEvents+JSON; charset=UTF-8", [{"id": "1"}]),
        (b'[{"id": "1"}]', BATCH, [{"id": "1"}]),
        (b"[]", BATCH, []),
        (b'{"id": "1"}\r\n\n {"id": "2"}', NDJSON, [b'{"id": "1"}\r', b' {"id": "2"}']),
    ],
)
def test_events_of_a_body(body: bytes, content_type: str | None, expected: list[Any]) -> None:
    assert events(body, content_type) == expected


@pytest.mark.parametrize(
    ("body", "content_type", "status", "words"),
    [
        (b"", None, 400, "no JSON"),
        (b"[]", "application/json", 400, "holds no event"),
        (b"\n", NDJSON, 400, "holds no event"),
        (b"[1,2,3,4]", "application/json", 413, "4 events; the most"),
        (b"[1,2,3,4]", BATCH, 413, "4 events; the most"),
        (b"1\n2\n3\n4", NDJSON, 413, "4 events; the most"),
        (b"[{}]", STRUCTURED, 400, f"several are {BATCH}"),
        (b"{}", BATCH, 400, f"one event is {STRUCTURED}"),
        (b"{}", "application/cloudevents+avro", 415, "application/cloudevents+avro is not read here"),
        (b"{}", "application/cloudevents-batch+protobuf", 415, "is not read here"),
    ],
)
def test_body_that_cannot_be_read_is_a_problem(body: bytes, content_type: str, status: int, words: str) -> None:
    with pytest.raises(ProblemError, match=r".*") as problem:
        events(body, content_type)
    assert problem.value.status == status
    assert words in problem.value.detail


def test_attributes_of_a_binary_event_stand_in_headers() -> None:
    expected = {"specversion": "1.0", "id": "1", "source": "urn:a", "type": "vehicle.priced", "data": {"vin": "x"}}
    assert events(b'{"vin": "x"}', "application/json", **BINARY) == [expected]
    assert events(b'{"vin": "x"}', "application/json", **BINARY, **{"ce-data": "forged"}) == [expected]


def test_structured_events_are_not_binary_whatever_headers_say() -> None:
    assert events(b'{"id": "2"}', STRUCTURED, **BINARY) == [{"id": "2"}]
    assert events(b'{"id": "2"}', NDJSON, **BINARY) == [b'{"id": "2"}']


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(b'{"id": "a"}', "a"), ({"id": "a"}, "a"), ({"id": 1}, None), (b"{", None), ([], None), (None, None)],
)
def test_claimed_id(raw: Any, expected: str | None) -> None:
    assert claimed_id(raw) == expected


@given(body=st.binary(), content_type=st.sampled_from(["application/json", STRUCTURED, BATCH, NDJSON, "x"]))
def test_any_body_is_read_or_is_a_problem(body: bytes, content_type: str) -> None:
    try:
        found = events(body, content_type)
    except ProblemError as problem:
        assert problem.status in {400, 413}  # noqa: PT017  # either outcome is right
    else:
        assert len(found) <= 3
