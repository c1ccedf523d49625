"""Cursors: signed, and good only for the tenant, the list, the order and the filters they were given for."""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from services.gateway.api.cursor import close_cursor as _close
from services.gateway.api.cursor import open_cursor as _open
from services.gateway.api.cursor import seal as _seal
from services.gateway.api.principal import Gate, Principal
from services.gateway.api.problems import ProblemError

ONE, OTHER = (Principal(UUID(int=number), "somebody", "viewer", None) for number in (1, 2))
FILTERS: dict[str, object] = {"dealer_ids": None, "status": "in_stock", "make": None}
AFTER = ("18990.00", "1M8GDM9AXKP042788")


def gate(secret: str = "signing key") -> Gate:
    return cast("Gate", SimpleNamespace(settings=SimpleNamespace(signing_key=SecretStr(secret))))


def seal(principal: Principal = ONE, secret: str = "signing key", *query: object) -> bytes:
    return _seal(gate(secret), principal, *(query or ("vehicle", "-days", FILTERS)))


def refused(sealed: bytes, cursor: str) -> None:
    with pytest.raises(ProblemError) as problem:
        _open(sealed, cursor)
    assert problem.value.status == 422
    assert problem.value.errors is not None
    assert problem.value.errors[0].field == "cursor"


@pytest.mark.parametrize("after", [AFTER, (None, "x"), ("Infinity", "é")])
def test_cursor_opens_to_where_the_page_ended(after: tuple[str | None, str]) -> None:
    assert _open(seal(), _close(seal(), after)) == after


def test_cursor_is_refused_for_another_tenant() -> None:
    refused(seal(OTHER), _close(seal(), AFTER))


@pytest.mark.parametrize(
    "query",
    [
        ("market", "-days", FILTERS),
        ("vehicle", "days", FILTERS),
        ("vehicle", "-days", {**FILTERS, "status": "sold"}),
        ("vehicle", "-days", {**FILTERS, "dealer_ids": [UUID(int=3)]}),
    ],
)
def test_cursor_is_refused_for_another_query(query: tuple[object, ...]) -> None:
    refused(seal(ONE, "signing key", *query), _close(seal(), AFTER))


def test_cursor_is_refused_under_another_key() -> None:
    refused(seal(secret="another key"), _close(seal(), AFTER))


@given(st.data())
def test_altered_cursor_is_refused(data: Any) -> None:
    raw = bytearray(base64.urlsafe_b64decode(_close(seal(), AFTER)))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    refused(seal(), base64.urlsafe_b64encode(bytes(raw)).decode())


@given(st.text(max_size=60))
def test_any_text_is_refused_without_a_crash(text: str) -> None:
    refused(seal(), text)


def test_position_cannot_be_made_up() -> None:
    body = json.dumps(AFTER).encode()
    refused(seal(), base64.urlsafe_b64encode(bytes(16) + body).decode())
