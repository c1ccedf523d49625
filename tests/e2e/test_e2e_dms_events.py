"""Events pushed by a DMS: each judged alone, the good ones taken in once, the others told what is wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import new_vin, poll

if TYPE_CHECKING:
    from tests.e2e.conftest import Group

ELSEWHERE = "00000000-0000-4000-8000-000000000001"


@pytest.fixture(scope="module")
def dealer(group: Group) -> str:
    return group.dealer()


def test_single_event_is_taken_in_and_shown(group: Group, dealer: str) -> None:
    vin = new_vin()
    event = group.event(dealer, "vehicle.stocked", vin, make="Toyota", model="RAV4", list_price="24000.00")
    assert group.dms.post("/dms/events", json=event).json() == {"accepted": 1, "duplicates": 0, "rejected": []}
    assert group.until(dealer, vin, status="in_stock")["list_price"] == "24000.00"


def test_ndjson_is_taken_in_line_by_line(group: Group, dealer: str) -> None:
    one, two = new_vin(), new_vin()
    lines = [
        json.dumps(group.event(dealer, "vehicle.stocked", vin, make="Toyota", model="RAV4")) for vin in (one, two)
    ]
    body = "\n".join([lines[0], "{broken", "", lines[1], ""])
    answer = group.dms.post("/dms/events", content=body, headers={"content-type": "application/x-ndjson"})
    found = answer.json()
    assert (answer.status_code, found["accepted"]) == (202, 2)
    assert [r["index"] for r in found["rejected"]] == [1]
    group.until(dealer, one, status="in_stock")
    group.until(dealer, two, status="in_stock")


def test_same_source_and_id_have_one_effect(group: Group, dealer: str) -> None:
    vin = new_vin()
    stocked = group.event(dealer, "vehicle.stocked", vin, make="Toyota", model="RAV4", list_price="20000.00")
    again = {**stocked, "data": {**stocked["data"], "list_price": "1.00"}}
    assert group.send(stocked) == {"accepted": 1, "duplicates": 0, "rejected": []}
    assert group.send(again) == {"accepted": 0, "duplicates": 1, "rejected": []}
    last = group.event(dealer, "vehicle.updated", vin, odometer=7)
    assert group.send(last, last)["duplicates"] == 1
    assert group.until(dealer, vin, odometer=7)["list_price"] == "20000.00"


def test_same_id_of_another_source_is_another_event(group: Group, dealer: str) -> None:
    event = group.event(dealer, "vehicle.stocked", new_vin(), make="Toyota", model="RAV4")
    assert group.send(event, {**event, "source": "urn:dms:test:2"})["accepted"] == 2


def test_good_events_of_a_bad_array_are_taken_in(group: Group, dealer: str) -> None:
    vins = [new_vin() for _ in range(4)]
    good = [group.event(dealer, "vehicle.stocked", vin, make="Toyota", model="RAV4") for vin in vins]
    future = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    bad = [
        group.event(dealer, "vehicle.exploded", vins[0], ce_id="type"),
        group.event(dealer, "vehicle.priced", vins[1], list_price="-5.00", ce_id="price"),
        group.event(ELSEWHERE, "vehicle.stocked", vins[2], ce_id="dealer"),
        group.event(dealer, "vehicle.stocked", vins[3], ce_id="future", ce_time=future),
        42,
    ]
    mixed = [event for pair in zip(good, bad, strict=False) for event in pair] + bad[4:]
    found = group.send(*mixed)
    assert (found["accepted"], found["duplicates"]) == (4, 0)
    said = {r["index"]: (r["id"], " ".join(r["errors"])) for r in found["rejected"]}
    assert list(said) == [1, 3, 5, 7, 8]
    for index, (event_id, words) in {
        1: ("type", "vehicle.stocked, vehicle.updated"),
        3: ("price", "data.list_price"),
        5: ("dealer", f"no dealer {ELSEWHERE} here"),
        7: ("future", "is in the future"),
        8: (None, "body"),
    }.items():
        assert said[index][0] == event_id
        assert words in said[index][1]
    for vin in vins:
        group.until(dealer, vin, status="in_stock")


def test_late_event_is_put_where_it_belongs(group: Group, dealer: str) -> None:
    vin, now = new_vin(), datetime.now(UTC)
    at = [(now - timedelta(days=days)).isoformat() for days in (30, 20, 10)]
    stocked = group.event(
        dealer, "vehicle.stocked", vin, make="Toyota", model="RAV4", list_price="20000.00", ce_time=at[0]
    )
    newest = group.event(dealer, "vehicle.priced", vin, list_price="18000.00", ce_time=at[2])
    group.send(newest)
    group.until(dealer, vin, list_price="18000.00")
    group.send(group.event(dealer, "vehicle.priced", vin, list_price="19000.00", ce_time=at[1]), stocked)
    found = group.until(dealer, vin, model="RAV4")
    assert (found["list_price"], found["priced_on"]) == ("18000.00", at[2][:10])
    assert found["stock_date"] == at[0][:10]
    assert found["days"] in {30, 30 + (datetime.now(UTC).date() - now.date()).days}


def test_event_by_stock_number_finds_its_vehicle(group: Group, dealer: str) -> None:
    vin = new_vin()
    stocked = group.event(dealer, "vehicle.stocked", vin, make="Toyota", model="RAV4", stock_number="A77")
    priced = group.event(dealer, "vehicle.priced", None, list_price="17000.00", ce_subject="A77")
    assert group.send(stocked, priced)["accepted"] == 2
    group.until(dealer, vin, list_price="17000.00", stock_number="A77")


def test_what_is_promised_to_a_customer_is_shown_and_found_as_such(group: Group, dealer: str) -> None:
    vin, pending = new_vin(), {"dealer_id": dealer, "availability": "pending"}
    group.send(group.event(dealer, "vehicle.stocked", vin, make="Toyota", model="RAV4"))
    group.until(dealer, vin, availability=None)
    assert vin in {each["vin"] for each in group.items("/inventory", dealer_id=dealer, availability="available")}
    group.send(group.event(dealer, "vehicle.updated", vin, availability="pending"))
    group.until(dealer, vin, availability="pending")
    assert {each["vin"] for each in group.items("/inventory", **pending)} == {vin}
    refused = group.send(group.event(dealer, "vehicle.updated", vin, availability="maybe"))["rejected"]
    assert "'available', 'pending' or 'held'" in refused[0]["errors"][0]


def test_order_becomes_the_vehicle_that_comes(group: Group, dealer: str) -> None:
    vin, order = new_vin(), "PO-1"
    facts = {"make": "Toyota", "model": "Camry", "condition": "new"}
    group.send(group.event(dealer, "order.placed", None, quantity=1, ce_subject=order, **facts))
    listed = {"dealer_id": dealer, "status": "on_order"}
    (ordered,) = poll(lambda: group.items("/inventory", **listed), "the order")
    assert (ordered["model"], ordered["vin"]) == ("Camry", None)
    group.send(group.event(dealer, "order.received", vin, ce_subject=order, **facts))
    group.until(dealer, vin, status="in_stock")
    poll(lambda: not group.items("/inventory", **listed), "the order to be gone")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "no JSON"),
        (b"{", 400, "no JSON"),
        (b"\x89PNG\r\n", 400, "no JSON"),
        (b"VIN,Price\n1,2\n", 400, "no JSON"),
        (b"[]", 400, "no event"),
        (b"[" + b",".join([b"{}"] * 1001) + b"]", 413, "1001 events; the most in one request is 1000"),
        (b" " * 9_000_000, 413, "larger than 8388608 bytes"),
    ],
    ids=["empty", "broken", "png", "csv", "none", "1001", "9 MB"],
)
def test_body_that_cannot_be_taken_is_a_problem(group: Group, body: bytes, status: int, words: str) -> None:
    key = {"X-API-Key": group.admin.dms_api_key}
    assert words in group.problem(status, "POST", "/dms/events", content=body, headers=key)["detail"]


def test_thousand_events_are_not_too_many(group: Group, dealer: str) -> None:
    event = group.event(dealer, "vehicle.updated", new_vin(), make="Toyota", model="RAV4")
    assert group.send(*[event] * 1000) == {"accepted": 1, "duplicates": 999, "rejected": []}
