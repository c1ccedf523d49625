"""People who should not get in, while a dealer's system reports as usual."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx
from joserfc import jwt
from joserfc.jwk import OKPKey
from standardwebhooks import Webhook

from shared.events import DmsEventReceived, InventoryUpdated, new_event_id
from shared.events.topics import DMS_EVENT_RECEIVED, INVENTORY_UPDATED
from tests.e2e.conftest import new_vin, sign_in
from tests.faults import kafka, proof
from tests.faults.driver import new_driver
from tests.faults.persistence import TRY_AGAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.driver import Driver
    from tests.faults.row import Row


@contextmanager
def signed_in(row: Row, driver: Driver) -> Iterator[httpx.Client]:
    """Sign in as a driver's admin."""
    client = sign_in(row.fleet.url, driver.admin.username, driver.admin.password)
    try:
        yield client
    finally:
        client.close()


async def test_tenant_crossing(row: Row) -> None:
    """Another group names our rooftop, our vehicles and our advice: over HTTP, and on Kafka under its own name."""
    mine, other = row.driver, await new_driver(row.fleet, "another group")
    await proof.settle(row.fleet, mine)  # there are pages to be turned
    async with row.reporting(pause=0.3):
        await row.driver.report(10)
        await asyncio.to_thread(_cross_over_http, row, mine, other)
        servers = row.fleet.kafka.bootstrap_servers
        await kafka.produce(servers, DMS_EVENT_RECEIVED.name, [_forged_report(mine, other)])
        await kafka.produce(servers, INVENTORY_UPDATED.name, [_forged_state(mine, other)])
    row.lifted()
    await row.prove()
    async with row.fleet.owner() as connection:
        leaked = await connection.fetchval(
            "SELECT count(*) FROM gateway.vehicle WHERE tenant_id = $1 AND (version >= 1000000 OR list_price = 1)",
            mine.tenant,
        )
    assert leaked == 0, "what was told in the other group's name is the other group's"
    await other.close()


def _cross_over_http(row: Row, mine: Driver, other: Driver) -> None:
    with signed_in(row, mine) as me, signed_in(row, other) as them:
        page = me.get("/inventory", params={"limit": 5}).json()
        assert (len(page["items"]), page["next_cursor"] is None) == (5, False)
        answer = them.get("/inventory", params={"limit": 5, "cursor": page["next_cursor"]})
        assert 400 <= answer.status_code < 500, "a cursor is good for whom it was made"
        for path in ("/inventory", "/market", "/forecasts", "/recommendations", "/feedback"):
            answer = them.get(path, params={"dealer_id": mine.dealer})
            assert answer.status_code == 404 or answer.json()["items"] == [], path
        assert mine.dealer not in {one["id"] for one in them.get("/dealers").json()["items"]}
        given = me.get("/recommendations", params={"limit": 3}).json()["items"]
        assert given, "there is advice to be tried"
        for advice in given:
            path = f"/recommendations/{advice['id']}"
            assert them.get(path).status_code == 404
            assert them.post(f"{path}/response", json={"decision": "accepted"}).status_code == 404
        events = [{**mine.delivered(new_vin()), "dealerid": mine.dealer}]
        with httpx.Client(headers={"X-API-Key": other.admin.dms_api_key}, timeout=60) as machine:
            told = machine.post(f"{row.fleet.url}/dms/events", json=events).json()
        assert (told["accepted"], len(told["rejected"])) == (0, 1)
        trail = them.get("/audit", params={"action": "access.not_found"}).json()["items"]
        assert mine.dealer in {entry["details"]["name"] for entry in trail}, "it stands in the trail of who tried"


def _forged_report(mine: Driver, other: Driver) -> dict[str, Any]:
    at = datetime.now(UTC)
    event = DmsEventReceived(
        event_id=new_event_id(), occurred_at=at + timedelta(hours=1), tenant_id=other.tenant, dealer_id=UUID(mine.dealer),
        vin=mine.pool[0], kind="vehicle.priced", list_price="1.00", source="urn:dms:stranger", source_event_id="1",
        received_at=at, dealer_name="Stranger", currency="USD", region="US-MI",
    )  # fmt: skip
    return {"key": mine.dealer.encode(), "value": event.model_dump_json().encode()}


def _forged_state(mine: Driver, other: Driver) -> dict[str, Any]:
    at = datetime.now(UTC)
    event = InventoryUpdated(
        event_id=new_event_id(), occurred_at=at, tenant_id=other.tenant, dealer_id=UUID(mine.dealer),
        aggregate_version=1_000_000, vehicle_key=mine.pool[0], vin=mine.pool[0], status="sold", changes=(),
        received_at=at, dealer_name="Stranger", currency="USD", region="US-MI",
    )  # fmt: skip
    return {"key": mine.dealer.encode(), "value": event.model_dump_json().encode()}


async def test_tokens_forged(row: Row) -> None:
    """Forged tokens are refused, before and after the gateway was killed; the real one is good all the while."""
    async with row.reporting(pause=0.3):
        forged = await asyncio.to_thread(_forgeries, row)
        await asyncio.to_thread(_all_refused, row, forged)
        gateway = row.fleet.services["gateway"]
        gateway.kill()
        await gateway.ended(30)
        gateway.start()
        await gateway.ready()
        row.lifted()
        await asyncio.to_thread(_all_refused, row, forged)
    await row.prove()


def _all_refused(row: Row, forged: dict[str, str]) -> None:
    statuses = {}
    for name, token in forged.items():
        headers = {"Authorization": f"Bearer {token}"}
        read = httpx.get(f"{row.fleet.url}/inventory", headers=headers, timeout=60).status_code
        body = {"name": f"Store {uuid4()}", "currency": "USD", "region": "US-MI", "timezone": "UTC"}
        written = httpx.post(f"{row.fleet.url}/dealers", headers=headers, json=body, timeout=60).status_code
        statuses[name] = (read, written)
    real = statuses.pop("the real one")
    assert real == (200, 201), "otherwise the refusals would prove nothing"
    assert statuses == dict.fromkeys(statuses, (401, 401))


def _forgeries(row: Row) -> dict[str, str]:
    admin = row.driver.admin
    form = {"username": admin.username, "password": admin.password}
    tokens = httpx.post(f"{row.fleet.url}/auth/token", data=form, timeout=60).json()
    head, body, mark = tokens["access_token"].split(".")
    header, claims = (json.loads(_bytes(text)) for text in (head, body))
    secret = json.loads((row.fleet.directory / "signing-key.json").read_text())
    public = OKPKey.import_key({name: secret[name] for name in ("kty", "crv", "x")})
    own = dict(OKPKey.generate_key("Ed25519").as_dict(private=True))
    now = int(datetime.now(UTC).timestamp())

    def signed(by: dict[str, Any] = secret, changes: dict[str, Any] | None = None, **claimed: Any) -> str:
        key = OKPKey.import_key(by)
        return jwt.encode({**header, **(changes or {})}, {**claims, **claimed}, key, algorithms=["Ed25519"])

    return {
        "the real one": signed(),
        "nonsense": "nonsense",
        "alg none": f"{_part({**header, 'alg': 'none'})}.{body}.",
        "alg HS256": f"{_part({**header, 'alg': 'HS256'})}.{body}.{mark}",
        "HS256 by the public key": _hmac({**header, "alg": "HS256"}, claims, public.as_pem(private=False)),
        "HS256 by its bytes": _hmac({**header, "alg": "HS256"}, claims, _bytes(secret["x"])),
        "alg RS256": f"{_part({**header, 'alg': 'RS256'})}.{body}.{mark}",
        "stripped": f"{head}.{body}.",
        "another body": f"{head}.{_part({**claims, 'sub': str(uuid4())})}.{mark}",
        "own key": signed(own),
        "own key in the header": signed(own, {"kid": "mine", "jwk": {n: own[n] for n in ("kty", "crv", "x")}}),
        "unknown kid": signed(changes={"kid": "other"}),
        "another audience": signed(aud="else"),
        "another issuer": signed(iss="else"),
        "another tenant": signed(tenant=str(uuid4())),
        "expired": signed(iat=now - 3600, exp=now - 60),
        "refresh token": tokens["refresh_token"],
    }


def _hmac(header: dict[str, Any], claims: dict[str, Any], key: bytes) -> str:
    """Sign with a key that everybody may know, as one who takes it for a shared secret would verify it."""
    signed = f"{_part(header)}.{_part(claims)}"
    return f"{signed}.{_text(hmac.digest(key, signed.encode(), 'sha256'))}"


def _part(value: dict[str, Any]) -> str:
    return _text(json.dumps(value).encode())


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


async def test_webhook_replayed(row: Row) -> None:
    """A signed delivery comes many times, at once and while the gateway dies: it has one effect and one answer."""
    source = await asyncio.to_thread(_new_source, row)
    async with row.reporting(pause=0.3), row.fleet.supervised(), httpx.AsyncClient(timeout=60) as http:
        for _ in range(4):
            vins = [new_vin() for _ in range(5)]
            events = [row.driver.delivered(vin) for vin in vins]
            body = json.dumps(events).encode()
            headers = _signature(source, body)
            senders = [asyncio.create_task(_until_taken(http, row, source, body, headers)) for _ in range(6)]
            await asyncio.sleep(0.02)
            if row.fleet.services["gateway"].running:
                row.fleet.services["gateway"].kill()
            answers = await asyncio.gather(*senders)
            # Where all were answered before the gateway died: it is back before it is asked on.
            answers.append(await _until_taken(http, row, source, body, headers))
            assert all(answer == answers[0] for answer in answers)
            row.driver.acknowledged(events, answers[0])
            assert answers[0]["accepted"] == len(events)
            await _changed_are_refused(http, row, source, body, headers)
        row.lifted()
        await row.fleet.ready(supervised=True)
    await row.prove()


async def _until_taken(
    http: httpx.AsyncClient, row: Row, source: dict[str, Any], body: bytes, headers: dict[str, str]
) -> dict[str, Any]:
    for _ in range(1200):
        try:
            answer = await _delivered(http, row, source, body, headers)
        except httpx.HTTPError:
            answer = None
        if answer is not None and answer.status_code == 202:
            told: dict[str, Any] = answer.json()
            return told
        assert answer is None or answer.status_code in TRY_AGAIN, answer.text
        await asyncio.sleep(0.2)
    raise AssertionError("never taken in")


async def _changed_are_refused(
    http: httpx.AsyncClient, row: Row, source: dict[str, Any], body: bytes, headers: dict[str, str]
) -> None:
    stale = _signature(source, body, at=datetime.now(UTC) - timedelta(minutes=6))
    moved = {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}
    another = json.dumps([row.driver.delivered(new_vin())]).encode()
    attempts = [
        (body + b" ", headers, 401),
        (body, moved, 401),
        (body, {**headers, "webhook-id": "msg_other"}, 401),
        (body, stale, 401),
        (another, _signature(source, another, name=headers["webhook-id"]), 409),
        (body, headers, 202),
    ]
    got = [(await _delivered(http, row, source, sent, how)).status_code for sent, how, _ in attempts]
    assert got == [expected for _, _, expected in attempts]


async def _delivered(
    http: httpx.AsyncClient, row: Row, source: dict[str, Any], body: bytes, headers: dict[str, str]
) -> httpx.Response:
    return await http.post(f"{row.fleet.url}/dms/webhooks/{source['id']}", content=body, headers=headers)


def _new_source(row: Row) -> dict[str, Any]:
    with signed_in(row, row.driver) as admin:
        answer = admin.post("/dms/sources", json={"name": "Vendor", "adapter": "canonical"})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _signature(
    source: dict[str, Any], body: bytes, *, at: datetime | None = None, name: str | None = None
) -> dict[str, str]:
    at, name = at or datetime.now(UTC), name or f"msg_{uuid4().hex}"
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(source["secret"]).sign(name, at, body.decode()),
        "content-type": "application/json",
    }
