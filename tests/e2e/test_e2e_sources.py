"""Sources of deliveries: their secrets, and which rooftops they speak for."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.conftest import new_vin
from tests.e2e.vendor import TAKEN, Vendor, outbox, query, stocked

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import System
    from tests.e2e.conftest import Group


@pytest.fixture(scope="module")
def dealer(group: Group) -> str:
    return group.dealer()


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


def test_source_whose_adapter_is_gone_says_so_to_its_sender_alone(
    system: System, group: Group, dealer: str, source: Callable[..., Vendor]
) -> None:
    old = source()
    query(system, "UPDATE gateway.dms_source SET adapter = 'gone' WHERE source_id = $1", old.source["id"])
    body = json.dumps(stocked(group, dealer)).encode()
    try:
        answer = old.post(body, old.sign(body))
        unsigned = old.post(body, {**old.sign(body), "webhook-signature": "v1,AAAA"})
    finally:
        group.http.delete(f"/dms/sources/{old.source['id']}")  # the doctor of another test would find it
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "600")
    assert "adapter 'gone'" in answer.json()["detail"]
    assert outbox(system, json.loads(body)["id"]) == 0
    assert (unsigned.status_code, "adapter" in unsigned.text) == (401, False)
