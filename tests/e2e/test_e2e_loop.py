"""The whole loop on a generated store: data in, advice out, an answer, a deed, and what came of it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from doso.sample_group import write_sample_group
from tests.e2e.conftest import poll
from tests.e2e.rebuilding import idle

if TYPE_CHECKING:
    from tests.conftest import System
    from tests.e2e.conftest import Group

SEED = 11
DETAIL = ("evidence", "alternatives", "similar")


@pytest.fixture(scope="module")
def store(system: System, group: Group, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Import two years of one generated store and its market; gives its id once all advice on it stands."""
    sample = write_sample_group(tmp_path_factory.mktemp("sample"), SEED, datetime.now(UTC).date())
    source = sample.stores[0]
    dealer = group.dealer(source.name, currency=sample.currency, region=sample.region)
    files = (("sales", source.sales_file), ("inventory", source.inventory_file), ("market", sample.market_file))
    for kind, path in files:
        status = group.upload(kind, dealer, path.read_bytes(), path.name)
        assert status["status"] == "done", status["error"]
    for path in ("/inventory", "/forecasts", "/market", "/market/gaps"):
        poll(lambda path=path: group.get(path, dealer_id=dealer)["items"], f"something at {path}")
    poll(lambda: _reprice(group, dealer), "advice on a price")
    settle(system)
    return dealer


def settle(system: System) -> None:
    """Wait until nothing goes on that would change what one read says before the next."""
    poll(lambda: idle(system), "nothing to be under way")


def _reprice(group: Group, dealer: str) -> list[dict[str, Any]]:
    return group.items("/recommendations", dealer_id=dealer, action="reprice")


def test_stock_figures_hold_together(group: Group, store: str) -> None:
    (summary,) = group.get("/inventory/summary", dealer_id=store)
    units = group.items("/inventory", dealer_id=store)
    assert summary["all"]["units"] == len(units) == summary["used"]["units"] + summary["new"]["units"]
    assert Decimal(summary["all"]["value_at_list"]) == sum(Decimal(u["list_price"]) for u in units if u["list_price"])
    dated = [u for u in units if u["stock_date"]]
    assert sum(b["units"] for b in summary["all"]["buckets"]) == len(dated)
    assert summary["all"]["retail_sales"] > 0
    assert summary["all"]["turn"] == pytest.approx(365 / summary["all"]["days_supply"], abs=0.06)


def test_forecast_has_weeks_quantiles_and_its_own_accuracy(group: Group, store: str) -> None:
    def scored() -> Any:
        found = group.items("/forecasts", dealer_id=store)
        return found if any(forecast["scores"] for forecast in found) else None

    forecasts = poll(scored, "a forecast by a strategy that was scored on the past")
    rates = [forecast["weekly_rate"] for forecast in forecasts]
    assert rates == sorted(rates, reverse=True)
    for forecast in forecasts:
        assert len(forecast["weeks"]) == 13
        assert all(0 <= week["q05"] <= week["q50"] <= week["q95"] for week in forecast["weeks"])
        assert forecast["strategy"]
        assert forecast["series_weeks"] > 0
        assert forecast["strategy"] in forecast["scores"] or not forecast["scores"]
    first = forecasts[0]
    narrowed = group.items("/forecasts", dealer_id=store, segment=first["segment"])
    assert [f["segment"] for f in narrowed] == [first["segment"]]


def test_gaps_come_largest_first(group: Group, store: str) -> None:
    gaps = [abs(item["gap"]) for item in group.items("/market/gaps", dealer_id=store)]
    assert gaps
    assert gaps == sorted(gaps, reverse=True)


def test_a_vehicle_shows_its_place_in_the_market(group: Group, store: str) -> None:
    placed = [item for item in group.items("/inventory", dealer_id=store) if item["market"]]
    assert placed
    priced = next(item for item in placed if item["market"]["price_to_market"])
    market = priced["market"]
    assert market["price_to_market"] == pytest.approx(
        float(priced["list_price"]) / float(market["expected_price"]), abs=1e-4
    )
    assert market["cost_to_market"] is None or 0.3 < market["cost_to_market"] < 1.5
    assert market["as_of"]
    assert all("own_units" not in segment for segment in group.items("/market", dealer_id=store))


def test_advice_is_ranked_by_value_and_detailed_one_by_one(group: Group, store: str) -> None:
    listed = group.items("/recommendations", dealer_id=store)
    values = [Decimal(item["value"]) for item in listed]
    assert values == sorted(values, reverse=True)
    assert not set(DETAIL) & listed[0].keys()
    detail = group.get(f"/recommendations/{listed[0]['id']}")
    assert all(name in detail for name in DETAIL)
    assert detail["evidence"]
    assert all(e["name"] and e["value"] and e["source"] and e["as_of"] for e in detail["evidence"])
    assert detail["reason"]
    assert 0 <= detail["confidence"] <= 1
    assert (detail["currency"], detail["status"], detail["answer"]) == ("USD", "issued", None)


def test_answer_that_makes_no_sense_is_refused(group: Group, store: str) -> None:
    advice = _reprice(group, store)[-1]
    path = f"/recommendations/{advice['id']}/response"
    for body in ({}, {"decision": "maybe"}, {"decision": "modified"}, {"decision": "accepted", "price": "-1"}):
        assert group.problem(422, "POST", path, json=body)["errors"]


def test_advice_followed_and_sold_is_counted(system: System, group: Group, store: str) -> None:
    advice = next(a for a in _reprice(group, store) if a["vin"])
    before = group.get("/feedback/summary", dealer_id=store)
    assert before["actions"].get("reprice", {"outcomes": 0})["outcomes"] == 0
    answer = {"decision": "accepted", "reason": "as advised"}
    given = group.http.post(f"/recommendations/{advice['id']}/response", json=answer)
    assert (given.status_code, given.json()["decision"]) == (200, "accepted")
    detail = f"/recommendations/{advice['id']}"
    shown = poll(lambda: group.get(detail)["answer"], "the answer to be shown")
    assert (shown["decision"], shown["reason"]) == ("accepted", "as advised")

    group.send(group.event(store, "vehicle.priced", advice["vin"], list_price=advice["price"]))
    unit = group.until(store, advice["vin"], list_price=advice["price"])
    # As many systems report it: by stock number, without the VIN, the cost or the gross.
    sale = {"sale_price": advice["price"], "sale_date": str(datetime.now(UTC).date())}
    event = group.event(store, "vehicle.sold", advice["vin"], stock_number=unit["stock_number"], **sale)
    del event["data"]["vin"]
    group.send({**event, "subject": unit["stock_number"]})
    sold = group.until(store, advice["vin"], status="sold")
    gross = str(Decimal(advice["price"]) - Decimal(unit["cost"]) - Decimal(unit["recon_cost"] or 0))
    assert (sold["front_gross"], sold["days"]) == (gross, None)

    def sold_outcome() -> Any:
        found = group.items("/feedback", recommendation_id=advice["id"])
        return [item for item in found if item["kind"] == "sold"]

    (outcome,) = poll(sold_outcome, "the outcome of the advice")
    assert outcome["realised_gross"] == gross
    assert (outcome["action"], outcome["decision"], outcome["observational"]) == ("reprice", "accepted", True)
    assert outcome["expected_value"] == advice["value"]

    closed = poll(lambda: group.get(detail)["status"] != "issued" and group.get(detail), "the advice to be closed")
    assert closed["status"] in {"withdrawn", "superseded"}
    assert closed["closed_because"]
    poll(
        lambda: all(a["vin"] != advice["vin"] for a in group.items("/recommendations", dealer_id=store)),
        "the list without the sold vehicle",
    )
    late = group.problem(409, "POST", f"{detail}/response", json=answer)
    assert closed["status"] in late["detail"]

    settle(system)
    after = group.get("/feedback/summary", dealer_id=store)
    assert after["answers"]["accepted"] == 1
    told = [
        o for o in group.items("/feedback", dealer_id=store) if o["action"] == "reprice" and o["kind"] != "reversed"
    ]
    judged = [o for o in told if o.get("realised_value") is not None]
    assert outcome["recommendation_id"] in {o["recommendation_id"] for o in judged}
    counted = after["actions"]["reprice"]
    assert (counted["outcomes"], counted["judged"]) == (len(told), len(judged))
    assert Decimal(counted["realised_value"]) == sum(Decimal(o["realised_value"]) for o in judged)
    assert after["observational"] is True


def test_sale_unwound_takes_the_outcome_back(group: Group, store: str) -> None:
    advice = [a for a in _reprice(group, store) if a["vin"]][-1]
    declined = group.http.post(f"/recommendations/{advice['id']}/response", json={"decision": "declined"})
    assert declined.status_code == 200, declined.text
    sale = {"sale_price": advice["current_price"], "front_gross": "500.00"}
    group.send(group.event(store, "vehicle.sold", advice["vin"], **sale))

    def kinds() -> list[str]:
        return [item["kind"] for item in group.items("/feedback", recommendation_id=advice["id"])]

    poll(lambda: kinds() == ["sold"], "the sale to be judged")
    group.send(group.event(store, "vehicle.sale_unwound", advice["vin"]))
    group.until(store, advice["vin"], status="in_stock")
    poll(lambda: kinds() == ["reversed"], "the outcome to be taken back")
