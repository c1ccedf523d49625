"""Deliveries that systems push: signed, taken in once, each event judged alone, and told in the sender's own terms."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from standardwebhooks import Webhook

import services.gateway.adapters
from deploy.local.servers import PostgresServer
from tests.e2e.conftest import new_vin

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import System
    from tests.e2e.conftest import Group

EXAMPLES = Path(services.gateway.adapters.__file__).parent / "examples"
TAKEN = {"accepted": 1, "duplicates": 0, "rejected": []}


@dataclass
class Vendor:
    """A system that pushes, with what it was told when its source was made."""

    api: str
    source: dict[str, Any]

    def sign(self, body: bytes, *, delivery_id: str = "", at: datetime | None = None) -> dict[str, str]:
        """Give the headers of a delivery, signed by the library that vendors use."""
        at, name = at or datetime.now(UTC), delivery_id or f"msg_{uuid4().hex}"
        return {
            "webhook-id": name,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(self.source["secret"]).sign(name, at, body.decode()),
            "content-type": "application/json",
        }

    def post(self, body: bytes, headers: dict[str, str], path: str = "") -> httpx.Response:
        """Post as it is."""
        url = path or f"/dms/webhooks/{self.source['id']}"
        return httpx.post(f"{self.api}{url}", content=body, headers=headers, timeout=60)

    def push(self, document: Any, **changes: Any) -> dict[str, Any]:
        """Push a document signed; gives what became of it."""
        body = json.dumps(document).encode()
        answer = self.post(body, self.sign(body, **changes))
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture(scope="module")
def dealer(group: Group) -> str:
    return group.dealer()


@pytest.fixture(scope="module")
def source(system: System, group: Group) -> Callable[..., Vendor]:
    """Make a source as an admin does."""

    def make(adapter: str = "canonical", owner: Group = group, **fields: Any) -> Vendor:
        body = {"name": f"Vendor {uuid4().hex[:8]}", "adapter": adapter, **fields}
        answer = owner.http.post("/dms/sources", json=body)
        assert answer.status_code == 201, answer.text
        return Vendor(f"{system.url}/api/v1", answer.json())

    return make


@pytest.fixture
def vendor(source: Callable[..., Vendor]) -> Vendor:
    return source()


def query(system: System, sql: str, *arguments: Any) -> list[Any]:
    """Ask the database as its owner."""

    async def ask() -> list[Any]:
        connection = await asyncpg.connect(PostgresServer(system.data_dir).dsn())
        try:
            return list(await connection.fetch(sql, *arguments))
        finally:
            await connection.close()

    return asyncio.run(ask())


def outbox(system: System, text: str) -> int:
    """Count the events that left the gateway and mention this."""
    sql = "SELECT count(*) FROM gateway.outbox WHERE topic = 'dms-event-received' AND position($1 IN payload) > 0"
    return int(query(system, sql, text.encode())[0]["count"])


def stocked(group: Group, dealer: str, **fields: Any) -> dict[str, Any]:
    return group.event(dealer, "vehicle.stocked", new_vin(), make="Toyota", model="RAV4", **fields)


def test_signed_event_is_taken_in_and_shown(group: Group, dealer: str, vendor: Vendor) -> None:
    event = stocked(group, dealer, list_price="24000.00")
    assert vendor.push(event) == TAKEN
    group.until(dealer, event["data"]["vin"], list_price="24000.00")
    vendor.push([{"id": f"bad\0{n}"} for n in range(30)])
    newest, oldest = group.get(f"/dms/sources/{vendor.source['id']}/deliveries")["items"]
    assert TAKEN.items() <= oldest.items()
    assert (newest["accepted"], newest["rejected_count"], len(newest["rejected"])) == (0, 30, 20)
    assert newest["rejected"][19]["id"] == "bad19"


def test_event_may_be_signed_to_the_address_for_events(group: Group, dealer: str, vendor: Vendor) -> None:
    body = json.dumps(stocked(group, dealer)).encode()
    headers = {**vendor.sign(body), "x-doso-source": vendor.source["id"]}
    assert vendor.post(body, headers, "/dms/events").json() == TAKEN
    assert vendor.post(body + b" ", headers, "/dms/events").status_code == 401
    del headers["x-doso-source"]
    assert vendor.post(body, headers, "/dms/events").status_code == 401


def test_repetition_has_one_effect_and_the_first_answer(
    system: System, group: Group, dealer: str, vendor: Vendor
) -> None:
    event = stocked(group, dealer)
    body = json.dumps([event, {"id": "bad"}]).encode()
    first, again, later = (
        vendor.post(body, vendor.sign(body, delivery_id="once", at=datetime.now(UTC) - timedelta(seconds=age)))
        for age in (0, 0, 60)
    )
    assert first.json()["accepted"] == 1
    assert (again.json(), later.json()) == (first.json(), first.json())
    assert "x-doso-replay" not in first.headers
    assert [answer.headers["x-doso-replay"] for answer in (again, later)] == ["true", "true"]
    assert outbox(system, event["id"]) == 1


def test_repetitions_at_the_same_moment_have_one_effect(
    system: System, group: Group, dealer: str, vendor: Vendor
) -> None:
    mark = uuid4().hex
    body = json.dumps([stocked(group, dealer, ce_id=f"{mark}-{n}") for n in range(20)]).encode()
    headers = vendor.sign(body)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: vendor.post(body, headers), range(8)))
    assert [answer.status_code for answer in answers] == [202] * 8
    assert [answer.json() for answer in answers] == [{"accepted": 20, "duplicates": 0, "rejected": []}] * 8
    assert sum("x-doso-replay" not in answer.headers for answer in answers) == 1
    assert outbox(system, mark) == 20


def test_same_events_delivered_anew_are_duplicates(group: Group, dealer: str, vendor: Vendor) -> None:
    event = stocked(group, dealer)
    assert vendor.push(event) == TAKEN
    assert vendor.push(event) == {"accepted": 0, "duplicates": 1, "rejected": []}


def test_another_body_under_a_used_id_is_refused(system: System, group: Group, dealer: str, vendor: Vendor) -> None:
    first, second = stocked(group, dealer), stocked(group, dealer)
    assert vendor.push(first, delivery_id="same") == TAKEN
    body = json.dumps(second).encode()
    answer = vendor.post(body, vendor.sign(body, delivery_id="same"))
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert outbox(system, second["id"]) == 0


def test_all_that_is_wrong_is_refused_alike_and_writes_nothing(
    system: System, group: Group, dealer: str, vendor: Vendor, source: Callable[..., Vendor]
) -> None:
    event = stocked(group, dealer)
    body = json.dumps(event).encode()
    good, now = vendor.sign(body), datetime.now(UTC)
    disabled = source()
    group.http.patch(f"/dms/sources/{disabled.source['id']}", json={"status": "disabled"})
    deleted = source()
    assert group.http.delete(f"/dms/sources/{deleted.source['id']}").status_code == 204
    path = f"/dms/webhooks/{vendor.source['id']}"
    attempts = [
        (vendor, body + b" ", good, ""),
        (vendor, body, {**good, "webhook-id": "msg_other"}, ""),
        (vendor, body, {**good, "webhook-timestamp": str(int(now.timestamp()) + 7)}, ""),
        (vendor, body, vendor.sign(body, at=now - timedelta(minutes=6)), ""),
        (vendor, body, vendor.sign(body, at=now + timedelta(minutes=6)), ""),
        (vendor, body, {**good, "webhook-signature": "v1,nonsense"}, ""),
        (vendor, body, {}, ""),
        (vendor, b"", {}, ""),
        (vendor, body, {"X-API-Key": group.admin.dms_api_key}, ""),
        (vendor, body, {"authorization": _basic(vendor)}, ""),
        (disabled, body, disabled.sign(body), ""),
        (disabled, body, disabled.sign(body), path),
        (deleted, body, deleted.sign(body), ""),
        (vendor, body, good, "/dms/webhooks/src00000000000000000000"),
        (vendor, body, good, "/dms/webhooks/nobody"),
        (vendor, body, good, "/dms/webhooks/'%00;--"),
        (vendor, body, {**good, "x-doso-source": "src00000000000000000000"}, "/dms/events"),
    ]
    answers = [sender.post(content, headers, path) for sender, content, headers, path in attempts]
    assert [answer.status_code for answer in answers] == [401] * len(attempts)
    assert len({answer.text for answer in answers}) == 1
    assert len({answer.headers["www-authenticate"] for answer in answers}) == 1
    assert outbox(system, event["id"]) == 0
    assert vendor.post(body, good).json() == TAKEN


def _basic(vendor: Vendor) -> str:
    return "Basic " + base64.b64encode(f"{vendor.source['id']}:{vendor.source['secret']}".encode()).decode()


def test_secrets_overlap_when_they_are_rotated(group: Group, dealer: str, vendor: Vendor) -> None:
    path, admin = f"/dms/sources/{vendor.source['id']}", group.http
    second = Vendor(vendor.api, admin.post(f"{path}/rotate-secret").json())
    assert vendor.push(stocked(group, dealer)) == second.push(stocked(group, dealer)) == TAKEN
    third = Vendor(vendor.api, admin.post(f"{path}/rotate-secret", json={"overlap_hours": 1}).json())
    assert second.push(stocked(group, dealer)) == third.push(stocked(group, dealer)) == TAKEN
    body = json.dumps(stocked(group, dealer)).encode()
    assert vendor.post(body, vendor.sign(body)).status_code == 401
    last = Vendor(vendor.api, admin.post(f"{path}/rotate-secret", json={"overlap_hours": 0}).json())
    assert third.post(body, third.sign(body)).status_code == 401
    assert last.post(body, last.sign(body)).json() == TAKEN


def test_secret_is_shown_once_and_kept_sealed(system: System, group: Group, vendor: Vendor) -> None:
    secret = vendor.source["secret"]
    assert secret not in str(group.get("/dms/sources"))
    assert secret not in str(group.items("/audit"))
    (row,) = query(system, "SELECT * FROM gateway.dms_source WHERE source_id = $1", vendor.source["id"])
    assert base64.b64decode(secret.removeprefix("whsec_")) not in bytes(row["secret"])
    assert secret not in str(dict(row))


def test_source_of_one_group_sends_for_no_rooftop_of_another(
    system: System, group: Group, new_group: Callable[[], Group], source: Callable[..., Vendor]
) -> None:
    other = new_group()
    theirs = group.dealer()
    mine = source(owner=other)
    event = stocked(group, theirs)
    moved = {**group.event(other.dealer(), "vehicle.transferred", new_vin(), destination_dealer_id=theirs)}
    found = mine.push([event, moved])
    assert (found["accepted"], [r["index"] for r in found["rejected"]]) == (0, [0, 1])
    assert all(f"no dealer {theirs} here" in r["errors"][0] for r in found["rejected"])
    assert outbox(system, event["id"]) == outbox(system, moved["id"]) == 0
    path = f"/dms/sources/{mine.source['id']}"
    for method, address in (
        ("PATCH", path), ("POST", f"{path}/rotate-secret"), ("DELETE", path), ("GET", f"{path}/deliveries"),
    ):  # fmt: skip
        group.problem(404, method, address, **({"json": {}} if method == "PATCH" else {}))
    assert mine.source["id"] not in str(group.get("/dms/sources"))
    for field in ({"dealer_ids": [theirs]}, {"dealer_codes": {"A": theirs}}):
        other.problem(404, "POST", "/dms/sources", json={"name": "spy", **field})
        other.problem(404, "PATCH", path, json=field)
    assert mine.push(stocked(other, other.dealer())) == TAKEN


def test_source_speaks_for_its_own_rooftops_only(group: Group, dealer: str, source: Callable[..., Vendor]) -> None:
    mine = group.dealer()
    scoped = source(dealer_ids=[mine], dealer_codes={"D1": mine})
    found = scoped.push([stocked(group, "D1"), stocked(group, dealer)])
    assert (found["accepted"], found["rejected"][0]["index"]) == (1, 1)
    assert "no dealer" in found["rejected"][0]["errors"][0]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"name": "x", "adapter": "reynolds"}, "canonical, star_inventory_vehicle"),
        ({"name": "x", "authentication": "basic"}, "basic is for relays"),
        ({"name": "", "adapter": "canonical"}, "at least 1 character"),
        ({"name": "x", "dealer_codes": {"": "00000000-0000-4000-8000-000000000001"}}, "at least 1 character"),
    ],
)
def test_source_that_could_not_work_is_not_made(group: Group, body: dict[str, Any], problem: str) -> None:
    assert problem in str(group.problem(422, "POST", "/dms/sources", json=body)["errors"])


def test_sources_are_for_admins_and_their_names_are_taken_once(group: Group, vendor: Vendor) -> None:
    name = {"name": vendor.source["name"]}
    assert "exists already" in group.problem(409, "POST", "/dms/sources", json=name)["detail"]
    manager = group.person("manager")
    manager.problem(403, "GET", "/dms/sources")
    manager.problem(403, "POST", "/dms/sources", json={"name": "x"})
    manager.problem(403, "DELETE", f"/dms/sources/{vendor.source['id']}")


def star(name: str, vin: str) -> dict[str, Any]:
    """Give an adapter's example, of a vehicle nobody else has."""
    text = (EXAMPLES / f"{name}.json").read_text()
    for known in ("4T1G11AK8NU123459", "1M8GDM9AXKP042788"):
        text = text.replace(known, vin)
    document: dict[str, Any] = json.loads(text)
    return document


def test_star_documents_tell_a_vehicles_life(group: Group, source: Callable[..., Vendor]) -> None:
    north, south, vin = group.dealer(), group.dealer(), new_vin()
    codes = {"DL-99482": north, "DL-99483": south}
    stock, move, sale = (
        source(f"star_{name}", dealer_codes=codes)
        for name in ("inventory_vehicle", "vehicle_transfer_order", "retail_delivery_report")
    )
    document = star("star_inventory_vehicle", vin)
    document["inventory_vehicles"].pop()
    at = "2026-02-14T12:00:00Z"
    envelope = {"specversion": "1.0", "id": uuid4().hex, "source": "urn:dms:star", "type": "x", "time": at}
    assert stock.push({**envelope, "data": document}) == TAKEN
    found = group.until(north, vin, status="in_stock")
    assert (found["make"], found["list_price"], found["condition"]) == ("Toyota", "24990.00", "certified")
    report = star("star_retail_delivery_report", vin)["RetailDeliveryReport"]
    assert sale.push([report, {**report, "sale_date": "soon", "retail_delivery_report_id": "RDR-2"}]) == {
        "accepted": 1,
        "duplicates": 0,
        "rejected": [
            {
                "index": 1,
                "id": "RDR-2:2026-03-13T15:30:00Z",
                "errors": [
                    "RetailDeliveryReport.sale_date: 'soon' is no date: send 2026-03-02 or 2026-03-02T15:04:05Z"
                ],
            }
        ],
    }
    group.until(north, vin, status="sold", sale_price="55000.00", purchase_type="lease")
    assert sale.push({**report, "purchase_type": "RETAIL"})["duplicates"] == 1
    other = new_vin()
    stock.push({**envelope, "id": uuid4().hex, "data": json.loads(json.dumps(document).replace(vin, other))})
    group.until(north, other, status="in_stock")
    assert move.push(star("star_vehicle_transfer_order", other)) == TAKEN
    group.until(south, other, status="in_stock", stock_date="2026-03-20")


@pytest.mark.parametrize("name", ["inventory_vehicle", "retail_delivery_report", "vehicle_transfer_order"])
def test_soiled_star_documents_are_taken_in_or_told_which_field_is_wrong(
    group: Group, source: Callable[..., Vendor], name: str
) -> None:
    chance = random.Random(name)
    vendor = source(f"star_{name}", dealer_codes={"DL-99482": group.dealer(), "DL-99483": group.dealer()})
    lines = [json.dumps(soiled(star(f"star_{name}", new_vin()), chance)) for _ in range(300)]
    body = "\n".join(lines).encode()
    answer = vendor.post(body, {**vendor.sign(body), "content-type": "application/x-ndjson"})
    assert answer.status_code == 202, answer.text
    found = answer.json()
    assert found["accepted"] + found["duplicates"] > 20  # reports with the same id are one event
    assert len(found["rejected"]) > 20
    for refused in found["rejected"]:
        assert all(": " in error and not error.startswith(("data.", ":")) for error in refused["errors"])


def soiled(document: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Give a document with one or two of its values replaced by what is no such value."""

    def slots(node: Any) -> list[tuple[Any, Any]]:
        items = (
            list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
        )
        return [(node, key) for key, _ in items] + [slot for _, value in items for slot in slots(value)]

    for _ in range(chance.choice((1, 2))):
        node, key = chance.choice(slots(document))
        node[key] = chance.choice(
            (
                None,
                True,
                -1,
                10**18,
                1e300,
                "",
                "\0",
                "x" * 400,
                "\U0001f697",
                [],
                {},
                [[1]],
                {"value": {}},
                "2026-13-45",
            )
        )
    return document


def test_relay_is_always_answered_202_and_its_event_id_counts_once(
    system: System, group: Group, source: Callable[..., Vendor]
) -> None:
    dealer, vin, owner, event_id = group.dealer(), new_vin(), str(uuid4()), str(uuid4())
    relay = source("fortellis_relay", authentication="basic", dealer_codes={owner: dealer})
    path = f"/dms/webhooks/{relay.source['id']}/event/17"
    headers = {"authorization": _basic(relay), "fortellis-event-id": event_id, "data-owner-id": owner}
    body = json.dumps(star("fortellis_relay", vin)).encode()
    first, again = (relay.post(body, headers, path) for _ in range(2))
    assert (first.status_code, first.json()) == (202, TAKEN)
    assert (again.status_code, again.json(), again.headers["x-doso-replay"]) == (202, TAKEN, "true")
    assert outbox(system, event_id) == 1
    group.until(dealer, vin, status="sold")
    for content in (b"{not json", b"[]", b"42", json.dumps({"eventType": "APPT_OPENED"}).encode()):
        answer = relay.post(content, {**headers, "fortellis-event-id": str(uuid4())}, path)
        assert (answer.status_code, answer.json()["accepted"], len(answer.json()["rejected"])) == (202, 0, 1)
    assert relay.post(body, {**headers, "authorization": "Basic eDp5"}, path).status_code == 401
    assert relay.post(body, relay.sign(body), path).status_code == 401


def test_signature_covers_no_headers_so_binary_events_are_refused(group: Group, dealer: str, vendor: Vendor) -> None:
    body = json.dumps({"vin": new_vin()}).encode()
    attributes = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "urn:x", "ce-type": "vehicle.stocked"}
    answer = vendor.post(body, {**vendor.sign(body), **attributes, "ce-dealerid": dealer})
    assert answer.status_code == 415
    assert "application/cloudevents+json" in answer.json()["detail"]


def test_cloudevents_come_in_every_mode(group: Group, dealer: str, vendor: Vendor) -> None:
    one, two, three, four = (stocked(group, dealer) for _ in range(4))
    ndjson = b"\n".join([json.dumps(three).encode(), b"{broken", json.dumps(four).encode()])
    for body, kind, accepted, rejected in (
        (json.dumps(one).encode(), "application/cloudevents+json; charset=utf-8", 1, 0),
        (json.dumps([one, two]).encode(), "application/cloudevents-batch+json", 1, 0),
        (b"[]", "application/cloudevents-batch+json", 0, 0),
        (ndjson, "application/x-ndjson", 2, 1),
    ):
        answer = vendor.post(body, {**vendor.sign(body), "content-type": kind})
        found = answer.json()
        assert (answer.status_code, found["accepted"], len(found["rejected"])) == (202, accepted, rejected)
    sent = {"ce-specversion": "1.0", "ce-id": uuid4().hex, "ce-source": "urn%3Ax", "ce-type": "vehicle.stocked"}
    sent |= {"ce-time": datetime.now(UTC).isoformat(), "ce-dealerid": dealer, "content-type": "application/json"}
    data = {"vin": new_vin(), "make": "Toyota", "model": "RAV4"}
    assert group.dms.post("/dms/events", json=data, headers=sent).json() == TAKEN
    group.until(dealer, data["vin"], model="RAV4")
