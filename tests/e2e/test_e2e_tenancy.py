"""Two dealer groups on one system: neither sees, reaches or disturbs anything of the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.conftest import new_vin, stock_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Group

LISTS = (
    "/dealers", "/inventory", "/market", "/market/gaps", "/forecasts", "/recommendations", "/feedback", "/learning",
    "/learning/policies",
)  # fmt: skip


@pytest.fixture(scope="module")
def other(new_group: Callable[[], Group]) -> Group:
    return new_group()


@pytest.fixture(scope="module")
def dealer(group: Group) -> str:
    """A rooftop of the first group with three vehicles."""
    dealer = group.dealer("Northside")
    vins = [new_vin() for _ in range(3)]
    group.stock(dealer, [stock_row(vin) for vin in vins])
    for vin in vins:
        group.until(dealer, vin, status="in_stock")
    return dealer


@pytest.mark.parametrize("path", LISTS)
def test_lists_of_another_group_are_empty(other: Group, dealer: str, path: str) -> None:
    assert dealer not in str(other.items(path) if path != "/dealers" else other.get(path))
    if path != "/dealers":
        other.problem(404, "GET", path, params={"dealer_id": dealer})


def test_summary_of_another_groups_rooftop_is_not_here(other: Group, dealer: str) -> None:
    assert dealer not in str(other.get("/inventory/summary"))
    other.problem(404, "GET", "/inventory/summary", params={"dealer_id": dealer})


def test_administration_shows_only_ones_own(group: Group, other: Group) -> None:
    assert [user["username"] for user in other.get("/users")["items"]] == [other.admin.username]
    assert [tenant["id"] for tenant in other.get("/tenants")["items"]] == [str(other.admin.tenant_id)]
    (key,) = other.get("/api-keys")["items"]
    assert key["id"] in other.admin.dms_api_key
    assert group.admin.username not in str(other.items("/audit"))


def test_import_of_another_group_is_not_here(group: Group, other: Group, dealer: str) -> None:
    status = group.stock(dealer, [stock_row("bad")], mode="delta")
    for path in (f"/inventory/imports/{status['id']}", f"/inventory/imports/{status['id']}/rejected.csv"):
        assert group.http.get(path).status_code == 200
        other.problem(404, "GET", path)


def test_advice_of_another_group_can_be_neither_read_nor_answered(group: Group, other: Group, dealer: str) -> None:
    vin = new_vin()
    group.send(group.event(dealer, "vehicle.stocked", vin, make="Toyota", model="RAV4"))
    made_up = "00000000-0000-4000-8000-000000000001"
    other.problem(404, "GET", f"/recommendations/{made_up}")
    other.problem(404, "POST", f"/recommendations/{made_up}/response", json={"decision": "accepted"})


def test_events_for_another_groups_rooftop_are_refused(group: Group, other: Group, dealer: str) -> None:
    (vehicle, *_) = group.items("/inventory", dealer_id=dealer)
    found = other.send(other.event(dealer, "vehicle.sold", vehicle["vin"], sale_price="1.00"))
    assert found["accepted"] == 0
    assert f"no dealer {dealer} here" in found["rejected"][0]["errors"][0]
    files = {"file": ("x.csv", b"VIN\n")}
    other.problem(404, "POST", "/inventory/imports", data={"dealer_id": dealer}, files=files)
    mine = other.dealer()
    moved = other.event(mine, "vehicle.transferred", new_vin(), destination_dealer_id=dealer)
    assert "no dealer" in other.send(moved)["rejected"][0]["errors"][0]


def test_same_vehicle_source_and_id_live_apart(group: Group, other: Group, dealer: str) -> None:
    vin, mine = new_vin(), other.dealer()
    first = group.event(dealer, "vehicle.stocked", vin, make="Toyota", model="RAV4", list_price="20000.00")
    second = {**first, "dealerid": mine, "data": {**first["data"], "list_price": "21000.00"}}
    assert group.send(first)["accepted"] == 1
    assert other.send(second) == {"accepted": 1, "duplicates": 0, "rejected": []}
    group.until(dealer, vin, list_price="20000.00")
    other.until(mine, vin, list_price="21000.00")


def test_keys_and_people_cannot_be_scoped_to_another_groups_rooftop(other: Group, dealer: str) -> None:
    other.problem(404, "POST", "/api-keys", json={"name": "spy", "dealer_ids": [dealer]})
    body = {"username": "spy-of-another", "password": "long enough to pass", "role": "viewer", "dealer_ids": [dealer]}
    other.problem(404, "POST", "/users", json=body)


def test_cursor_of_one_group_is_refused_by_the_other(group: Group, other: Group, dealer: str) -> None:
    page: dict[str, Any] = group.get("/inventory", limit=1)
    assert page["next_cursor"]
    assert group.get("/inventory", limit=1, cursor=page["next_cursor"])["items"] != page["items"]
    problem = other.problem(422, "GET", "/inventory", params={"limit": 1, "cursor": page["next_cursor"]})
    assert problem["errors"][0]["field"] == "cursor"


def test_only_the_installations_admin_creates_tenants(group: Group) -> None:
    made = group.http.post("/tenants", json={"name": "A third group"})
    assert made.status_code == 201
    assert made.json()["id"] not in str(group.get("/tenants"))
    group.person("manager").problem(403, "POST", "/tenants", json={"name": "x"})
    second_admin = group.person("admin")
    second_admin.problem(403, "POST", "/tenants", json={"name": "x"})
