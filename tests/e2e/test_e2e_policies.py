"""Rules set over HTTP: who may, what is refused, what is kept, and that advice follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.e2e.conftest import new_vin, poll, stock_row
from tests.e2e.rebuilding import idle

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.conftest import System
    from tests.e2e.conftest import Client, Group

PATH = "/policies"


def put(client: Client, version: int | None, rules: dict[str, Any], dealer_id: str | None = None) -> httpx.Response:
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    return client.http.put(PATH, json=rules, headers=headers, params={"dealer_id": dealer_id} if dealer_id else {})


def test_rules_are_versioned_and_an_older_one_is_not_replaced_unseen(group: Group) -> None:
    dealer = group.dealer()
    assert group.get(PATH, dealer_id=dealer)["version"] == 0
    first = put(group, 0, {"lot_slots": 40, "floorplan_line": "900000.00"}, dealer)
    assert (first.status_code, first.headers["etag"], first.json()["version"]) == (200, '"1"', 1)
    assert put(group, 0, {"lot_slots": 10}, dealer).status_code == 409
    second = put(group, 1, {"lot_slots": 50}, dealer)
    assert second.status_code == 200
    assert second.json()["rules"] == {"lot_slots": 50}
    history = group.get(f"{PATH}/history", dealer_id=dealer)["items"]
    assert [(each["version"], each["rules"]["lot_slots"]) for each in history] == [(2, 50), (1, 40)]
    assert all(each["set_by"] == group.admin.username and each["set_at"] for each in history)
    page = group.get(f"{PATH}/history", dealer_id=dealer, limit=1)
    assert [each["version"] for each in page["items"]] == [2]
    rest = group.get(f"{PATH}/history", dealer_id=dealer, limit=1, cursor=page["next_cursor"])
    assert ([each["version"] for each in rest["items"]], rest["next_cursor"]) == ([1], None)
    assert any(entry["action"] == "policy.set" for entry in group.get("/audit")["items"])


def test_the_stocks_holding_cost_goes_by_the_rules(new_group: Callable[[], Group]) -> None:
    group = new_group()
    dealers = [group.dealer(), group.dealer()]
    vins = [new_vin(), new_vin()]
    facts = {"make": "Toyota", "model": "Camry", "cost": "36500.00"}
    group.send(*(group.event(each, "vehicle.stocked", vin, **facts) for each, vin in zip(dealers, vins, strict=True)))
    for each, vin in zip(dealers, vins, strict=True):
        group.until(each, vin, status="in_stock")

    def cash() -> list[str]:
        shown = {each["dealer_id"]: each["all"]["holding"] for each in group.get("/inventory/summary")}
        return [shown[each]["cash_per_day"] for each in dealers]

    assert cash() == ["23.00", "23.00"]
    assert put(group, 0, {"floorplan_apr": 0.1, "overhead_per_day": "20.00"}).status_code == 200
    assert put(group, 0, {"overhead_per_day": "5.00"}, dealers[1]).status_code == 200
    assert cash() == ["30.00", "15.00"]


def test_what_is_wrong_is_told_by_field(group: Group) -> None:
    dealer = group.dealer()
    wrong = {"lot_slots": -1, "hold_out_share": 2}
    problem = group.problem(422, "PUT", PATH, json=wrong, headers={"If-Match": "0"}, params={"dealer_id": dealer})
    assert {error["field"] for error in problem["errors"]} == {"body.lot_slots", "body.hold_out_share"}
    problem = group.problem(422, "PUT", PATH, json={}, params={"dealer_id": dealer})
    assert problem["errors"][0]["field"] == "header.if-match"
    lane = {"lanes": [{"from_dealer_id": dealer, "to_dealer_id": str(uuid4()), "cost": "100.00"}]}
    problem = group.problem(422, "PUT", PATH, json=lane, headers={"If-Match": "0"})
    assert problem["errors"][0]["field"] == "body.lanes.0.to_dealer_id"


def test_only_admins_and_managers_and_only_in_their_scope(group: Group, new_group: Callable[[], Group]) -> None:
    mine, other = group.dealer(), group.dealer()
    for role in ("buyer", "viewer"):
        group.person(role).problem(403, "GET", PATH)
    manager = group.person("manager", [mine])
    assert put(manager, 0, {"cooling_days": 9}, mine).status_code == 200
    headers = {"If-Match": "0"}
    manager.problem(404, "PUT", PATH, json={}, headers=headers, params={"dealer_id": other})
    manager.problem(404, "GET", PATH, params={"dealer_id": other})
    manager.problem(403, "PUT", PATH, json={}, headers=headers)
    stranger = new_group()
    stranger.problem(404, "GET", PATH, params={"dealer_id": mine})
    stranger.problem(404, "PUT", PATH, json={}, headers=headers, params={"dealer_id": mine})
    group.problem(401, "GET", PATH, headers={"Authorization": ""})


def test_a_default_that_contradicts_a_rooftops_rules_is_refused(new_group: Callable[[], Group]) -> None:
    group = new_group()
    dealer = group.dealer()
    assert put(group, 0, {"ceiling_to_market": 0.95}, dealer).status_code == 200
    refused = put(group, 0, {"floor_to_market": 1.0})
    assert refused.status_code == 422
    assert dealer in refused.json()["detail"]
    assert put(group, 0, {"floor_to_market": 0.9, "cooling_days": 3}).status_code == 200
    effective = group.get(PATH, dealer_id=dealer)["effective"]
    assert effective == {"ceiling_to_market": 0.95, "floor_to_market": 0.9, "cooling_days": 3}


@pytest.fixture(scope="module")
def aged(system: System, new_group: Callable[[], Group]) -> tuple[Group, str, str]:
    """Give a group with one old car on which no advice but by rule is given."""
    group = new_group()
    dealer, vin = group.dealer(), new_vin()
    since = str(datetime.now(UTC).date() - timedelta(days=41))
    status = group.stock(dealer, [stock_row(vin, **{"Date In Stock": since})])
    assert status["accepted"] == 1, status
    poll(lambda: group.items("/forecasts", dealer_id=dealer), "a forecast")
    poll(lambda: idle(system), "everybody to know the car")
    return group, dealer, vin


def test_advice_follows_the_rules_and_learned_parameters_do_not_move(aged: tuple[Group, str, str]) -> None:
    group, dealer, vin = aged

    def lane() -> Any:
        found = group.items("/recommendations", dealer_id=dealer, action="wholesale")
        return [item for item in found if item["vin"] == vin]

    assert lane() == []
    before = group.get(PATH, dealer_id=dealer)["version"]  # another test may have set rules of its own
    assert put(group, before, {"max_age_days": 40, "age_out": "wholesale"}, dealer).status_code == 200
    (advice,) = poll(lane, "the age-out rule to be followed")
    detail = group.get(f"/recommendations/{advice['id']}")
    assert "nothing used stays past 40 days" in detail["reason"]
    rule = next(line for line in detail["evidence"] if line["name"] == "Age-out rule")
    assert f"rules, version {before + 1}" in rule["source"]
    assert group.items("/learning/policies", dealer_id=dealer) == []
    assert put(group, before + 1, {}, dealer).status_code == 200
    poll(lambda: not lane(), "the rule to be gone")


def test_rules_that_clash_are_explained(aged: tuple[Group, str, str]) -> None:
    group, dealer, _ = aged
    version = group.get(PATH, dealer_id=dealer)["version"]
    segment = group.items("/inventory", dealer_id=dealer)[0]["segment"]
    rules = {"lot_slots": 1, "segments": [{"segment": segment, "minimum_presence": 3}]}
    assert put(group, version, rules, dealer).status_code == 200
    clash = poll(lambda: group.get(PATH, dealer_id=dealer)["clashes"], "the clash to be told")[0]
    assert clash["segment"] == segment
    assert "minimum presence of 3" in clash["reason"]
    assert "the lot is full at 1" in clash["reason"]
    assert clash["rules"] == ["rules clash: minimum presence of 3 against the lot is full at 1"]
    detail = group.get(f"/recommendations/{clash['recommendation_id']}")
    shown = {line["name"]: line["value"] for line in detail["evidence"]}
    assert (shown["Units short of the rule"], shown["Room needed to keep the rule"]) == ("2", "2")
