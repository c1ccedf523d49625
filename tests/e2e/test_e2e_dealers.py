"""Rooftops: made as they are meant, and put right where they were not."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from tests.e2e.conftest import new_vin

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tests.e2e.conftest import Group


def shown(group: Group, dealer: str) -> dict[str, Any]:
    return next(one for one in group.get("/dealers")["items"] if one["id"] == dealer)


def test_a_misspelt_field_of_a_rooftop_is_refused(group: Group) -> None:
    body = {"name": uuid4().hex, "currency": "USD", "region": "US-MI", "time_zone": "America/Detroit"}
    refusal = group.problem(422, "POST", "/dealers", json=body)
    assert "time_zone" in str(refusal)
    assert body["name"] not in {one["name"] for one in group.get("/dealers")["items"]}


def test_a_rooftop_is_changed_for_what_is_reported_from_now_on(group: Group) -> None:
    dealer, name = group.dealer(timezone="UTC"), f"Store {uuid4().hex[:8]}"
    evening = {"ce_time": "2026-03-31T23:30:00-04:00", "make": "Toyota", "model": "RAV4"}
    before, after = new_vin(), new_vin()
    group.send(group.event(dealer, "vehicle.stocked", before, **evening))
    changes = {"name": name, "timezone": "America/Detroit"}
    whole = {"id": dealer, "currency": "USD", "region": "US-MI", **changes}
    assert group.http.patch(f"/dealers/{dealer}", json=changes).json() == whole
    assert group.http.patch(f"/dealers/{dealer}", json={"name": None}).json() == whole
    group.send(group.event(dealer, "vehicle.stocked", after, **evening))
    assert group.until(dealer, before, status="in_stock")["stock_date"] == "2026-04-01"
    assert group.until(dealer, after, status="in_stock")["stock_date"] == "2026-03-31"
    assert shown(group, dealer) == group.get(f"/dealers/{dealer}") == whole
    [entry] = group.items("/audit", action="dealer.changed", subject=dealer)
    assert entry["details"]["after"] == changes
    assert entry["details"]["before"]["timezone"] == "UTC"


def test_a_rooftops_currency_and_region_are_those_of_its_vehicles(group: Group) -> None:
    dealer, vin = group.dealer(currency="CAD"), new_vin()
    path = f"/dealers/{dealer}"
    assert group.http.patch(path, json={"currency": "USD", "region": "US-OH"}).json()["region"] == "US-OH"
    group.send(group.event(dealer, "vehicle.stocked", vin, make="Toyota", model="RAV4", list_price="24000.00"))
    group.until(dealer, vin, status="in_stock")
    for change in ({"currency": "CAD"}, {"region": "US-MI", "name": "Elsewhere"}):
        refusal = group.problem(409, "PATCH", path, json=change)
        assert "whose amounts are in USD and whose market is US-OH" in refusal["detail"]
    assert (shown(group, dealer)["region"], shown(group, dealer)["currency"]) == ("US-OH", "USD")


def test_rooftops_are_changed_by_admins_of_their_own_group(group: Group, new_group: Callable[[], Group]) -> None:
    first, second = group.dealer(), group.dealer()
    path, body = f"/dealers/{first}", {"name": shown(group, second)["name"]}
    group.problem(409, "PATCH", path, json=body)
    group.problem(422, "PATCH", path, json={"timezone": "Detroit"})
    group.problem(422, "PATCH", path, json={"zone": "America/Detroit"})
    group.problem(404, "PATCH", f"/dealers/{uuid4()}", json={"region": "US-OH"})
    group.person("manager").problem(403, "PATCH", path, json={"region": "US-OH"})
    group.person("admin", [first]).problem(403, "PATCH", path, json={"region": "US-OH"})
    stranger = new_group()
    stranger.problem(404, "PATCH", path, json={"region": "US-OH"})
    stranger.problem(404, "GET", path)
    group.person("viewer", [second]).problem(404, "GET", path)
    assert shown(group, first)["region"] == "US-MI"


def test_a_sender_is_told_of_names_that_nobody_reads(group: Group) -> None:
    dealer = group.dealer()
    events = [group.event(dealer, "vehicle.sold", new_vin(), salePrice="18990.00") for _ in range(2)]
    assert group.send(*events) == {
        "accepted": 2, "duplicates": 0, "rejected": [],
        "ignored": [{"field": "data.salePrice", "events": 2, "first": 0, "meant": "sale_price"}],
    }  # fmt: skip
