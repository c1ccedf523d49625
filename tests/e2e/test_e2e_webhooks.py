"""Deliveries that systems push: signed, taken in once, and refused without a word of what was wrong."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.e2e.vendor import TAKEN, Vendor, basic, outbox, stocked

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import System
    from tests.e2e.conftest import Group


@pytest.fixture(scope="module")
def dealer(group: Group) -> str:
    return group.dealer()


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
        (vendor, body, {"authorization": basic(vendor)}, ""),
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
