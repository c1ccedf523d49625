"""Deliveries in each sender's own terms: STAR documents, relays, CloudEvents in every mode."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.e2e.conftest import new_vin
from tests.e2e.vendor import TAKEN, Vendor, basic, outbox, soiled, star, stocked

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import System
    from tests.e2e.conftest import Group


@pytest.fixture(scope="module")
def dealer(group: Group) -> str:
    return group.dealer()


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


def test_relay_is_always_answered_202_and_its_event_id_counts_once(
    system: System, group: Group, source: Callable[..., Vendor]
) -> None:
    dealer, vin, owner, event_id = group.dealer(), new_vin(), str(uuid4()), str(uuid4())
    relay = source("fortellis_relay", authentication="basic", dealer_codes={owner: dealer})
    path = f"/dms/webhooks/{relay.source['id']}/event/17"
    headers = {"authorization": basic(relay), "fortellis-event-id": event_id, "data-owner-id": owner}
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
