"""Files and bodies on their way in: nobody takes every place, and nobody is listened to before he is known."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from services.gateway.limits.places import Places
from tests.e2e.conftest import new_vin

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

    from tests.integration.gateway_running import Party, RunningGateway

BOUNDARY = "b0undary"
AS_FORM = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
_FILE = 'content-disposition: form-data; name="file"; filename="a.csv"'


class Slow:
    """A body that begins, and then comes no further until it is let; it knows whether it was read."""

    def __init__(self, beginning: bytes) -> None:
        self.beginning = beginning
        self.read = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.beginning
        self.read.set()
        await self.go_on.wait()
        yield b" "


def a_slow_file() -> Slow:
    return Slow(f"--{BOUNDARY}\r\n{_FILE}\r\n\r\nVIN,Make\r\n".encode())


@asynccontextmanager
async def sending(client: httpx.AsyncClient, count: int) -> AsyncIterator[None]:
    """Have so many files under way until the block ends."""
    bodies = [a_slow_file() for _ in range(count)]
    tasks = [asyncio.create_task(client.post("/inventory/imports", content=body, headers=AS_FORM)) for body in bodies]
    try:
        for body in bodies:
            await asyncio.wait_for(body.read.wait(), 20)
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def send_file(party: Party) -> httpx.Response:
    data = {"dealer_id": str(party.dealers[0]), "mode": "delta"}
    file = {"file": ("a.csv", f"VIN,Year,Make,Model,Price\n{new_vin()},2022,Toyota,RAV4,20000\n")}
    return await party.http.post("/inventory/imports", data=data, files=file)


@pytest.fixture
async def north(gateway: RunningGateway) -> Party:
    return await gateway.party("North", new_vin())


@pytest.fixture
async def south(gateway: RunningGateway) -> Party:
    return await gateway.party("South", new_vin())


async def test_a_group_with_slow_files_holds_up_nobody_but_itself(north: Party, south: Party) -> None:
    async with sending(north.http, 2):
        own = await send_file(north)
        assert (own.status_code, own.headers["retry-after"]) == (429, "10")
        assert "Your group" in own.json()["detail"]
        assert (await send_file(south)).status_code == 202
        async with sending(south.http, 1):
            everybody = await send_file(south)
            assert (everybody.status_code, everybody.headers["retry-after"]) == (503, "10")
    assert (await send_file(north)).status_code == 202, "places are given back by those who went away"


STRANGERS: list[tuple[str, str, dict[str, str]]] = [
    ("POST", "/dealers", {}),
    ("POST", "/users", {"Authorization": "Bearer forged"}),
    ("PATCH", f"/users/{uuid4()}", {"X-API-Key": "doso_x_y"}),
    ("POST", "/dms/events", {"X-API-Key": "doso_x_y"}),
    ("POST", "/sales/imports", {}),
    ("POST", "/nowhere", {}),
    ("POST", "/dealers", {"X-DOSO-Source": "src0"}),
    ("POST", "/dms/events", {"X-DOSO-Source": "nobody"}),
]


async def test_strangers_are_refused_though_their_bodies_never_end(gateway: RunningGateway) -> None:
    async def ask(method: str, path: str, headers: dict[str, str]) -> httpx.Response:
        given = {"content-type": "application/json", **headers}
        return await gateway.client().request(method, path, content=Slow(b'{"name":'), headers=given)

    # Who listens to them first does not give up while we wait.
    answers = await asyncio.wait_for(asyncio.gather(*(ask(*stranger) for stranger in STRANGERS)), 60)
    assert [answer.status_code for answer in answers] == [401] * len(STRANGERS)
    for answer in answers:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] in {"Bearer", "Signature"}


async def test_an_idempotency_key_alone_needs_credentials_wherever_it_is_sent(gateway: RunningGateway) -> None:
    for path in ("/recommendations/x/response", "http://gateway/nowhere"):
        for key in ("0", uuid4().hex):
            answer = await gateway.client().post(path, headers={"Idempotency-Key": key})
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_an_invitation_is_accepted_with_an_idempotency_key_or_without(north: Party) -> None:
    for headers in ({"Idempotency-Key": uuid4().hex}, {}):
        name = f"new {uuid4().hex[:8]}"
        invited = (await north.http.post("/invitations", json={"username": name, "role": "viewer"})).json()
        body = {"token": invited["token"], "password": uuid4().hex}
        answer = await north.gateway.client().post("/invitations/accept", json=body, headers=headers)
        assert (answer.status_code, answer.json()) == (201, {"username": name, "role": "viewer"})


@pytest.mark.parametrize("share", ["max_deliveries_per_source", "max_deliveries_per_group"])
async def test_deliveries_of_one_address_leave_places_for_others(
    gateway: RunningGateway, north: Party, monkeypatch: pytest.MonkeyPatch, share: str
) -> None:
    gate: Any = gateway.app.state.gate
    monkeypatch.setattr(gate, "deliveries", Places(2))
    monkeypatch.setattr(gate.settings.limits, share, 1)
    made = await north.http.post("/dms/sources", json={"name": "feed", "adapter": "canonical"})
    assert made.status_code == 201, made.text
    path = f"/dms/webhooks/{made.json()['id']}"
    body = Slow(b"{")
    as_json = {"content-type": "application/json"}
    task = asyncio.create_task(gateway.client().post(path, content=body, headers=as_json))
    await asyncio.wait_for(body.read.wait(), 20)
    again = await gateway.client().post(path, json={})
    assert (again.status_code, again.headers["retry-after"]) == (429, "1")
    stranger = await gateway.client().post("/dms/webhooks/nobody", json={})
    assert stranger.status_code == 401, "refused before it needs a place"
    body.go_on.set()
    assert (await task).status_code == 401, "read, and not signed"
    assert (await gateway.client().post(path, json={})).status_code == 401, "the place is free again"
