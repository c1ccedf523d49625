"""People of a group, as its admin makes and invites them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx

from tests.e2e.conftest import sign_in

if TYPE_CHECKING:
    from tests.e2e.conftest import Group

PASSWORD = "seven blue bicycles"


def name() -> str:
    return f"person-{uuid4().hex[:10]}"


def invite(group: Group, **fields: Any) -> dict[str, Any]:
    answer = group.http.post("/invitations", json={"username": name(), "role": "buyer", **fields})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def member(
    group: Group, role: str = "buyer", dealer_ids: list[str] | None = None
) -> tuple[dict[str, Any], httpx.Client]:
    """Make somebody; gives what the admin sees of them, and them signed in."""
    body = {"username": name(), "password": PASSWORD, "role": role, "dealer_ids": dealer_ids}
    answer = group.http.post("/users", json=body)
    assert answer.status_code == 201, answer.text
    client = sign_in(str(group.http.base_url), body["username"], PASSWORD)
    group.closing.append(client)
    return answer.json(), client
