"""A book as it is stored, read in the worker process."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from services.recommend import computing
from services.recommend.computing import Learned, Material, learn, review_tenant
from services.recommend.domain.time_to_sale import NotConverged
from services.recommend.packs import pack
from services.recommend.translate import stored_document
from shared.events import RecommendationIssued

EXAMPLES = Path(__file__).parents[3] / "shared" / "events" / "examples"
FORECAST = json.loads((EXAMPLES / "forecast-ready" / "v1" / "used-pickup.json").read_text())
DEALER, TENANT = FORECAST["dealer_id"], UUID(FORECAST["tenant_id"])
AS_OF = date.fromisoformat(FORECAST["as_of"])
NOW = datetime(AS_OF.year, AS_OF.month, AS_OF.day, 12, tzinfo=UTC)
UNIT = {
    "tenant_id": FORECAST["tenant_id"], "vehicle_key": "1FTEW1EP3MKD90117", "dealer_id": DEALER, "version": 1,
    "status": "in_stock", "segment": FORECAST["segment"], "label": FORECAST["label"], "quantity": 1, "vin": None,
    "stock_number": "A1", "condition": "used", "model_year": 2021, "make": "Ford", "model": "F-150", "trim": "XLT",
    "odometer_km": 40_000.0, "cost": 28_000.0, "recon_cost": 500.0, "list_price": 34_000.0,
    "msrp": None, "priced_on": "2026-01-15", "stock_date": "2026-01-02", "group_stock_date": "2026-01-02",
    "expected_date": None, "exit_date": None, "front_gross": None, "back_gross": None, "availability": None,
    "price_history": [["2026-01-04", 35_000.0], ["2026-01-15", 34_000.0]],
}  # fmt: skip


def material(**changes: object) -> Material:
    rooftop = {
        "dealer_id": UUID(DEALER), "name": "A store", "currency": "USD", "policy_version": 3,
        "parameters": {"confidence_wholesale": -0.4},
    }  # fmt: skip
    demand = json.dumps({**FORECAST, **changes})
    return Material(
        tenant_id=TENANT, as_of=AS_OF, rooftops=[rooftop], units=[json.dumps(UNIT)], markets=[], demands=[demand],
        grosses=[], rules={}, new_sales=[],
    )  # fmt: skip


def test_days_are_read_as_days() -> None:
    read = stored_document(json.dumps(UNIT))
    assert (read["stock_date"], read["exit_date"]) == (date(2026, 1, 2), None)


def test_the_first_price_that_was_asked_is_what_the_store_thought_of_it() -> None:
    (unit,) = material().book().units
    assert (unit.first_price, unit.list_price) == (35_000.0, 34_000.0)
    never = json.dumps({**UNIT, "price_history": []})
    (unit,) = replace(material(), units=[never]).book().units
    assert unit.first_price == 34_000.0


def test_a_book_knows_what_sold_and_which_forecast_won() -> None:
    (demand,) = material().book().demands
    sold = sorted((each["units_sold"] for each in FORECAST["configurations"]), reverse=True)
    assert [each.units_sold for each in demand.variants] == sold[: len(demand.variants)]
    assert demand.variants[0].name
    assert demand.coverage80 == FORECAST["coverage80"]
    parts = [
        {"strategy": "tsb", "weight": 0.3},
        {"strategy": "ses", "weight": 0.65},
        {"strategy": "mstl", "weight": 0.05},
    ]
    (blended,) = material(strategy="ensemble", ensemble=parts).book().demands
    assert blended.strategy == "ensemble of ses 65%, tsb 30%"
    assert material().book().rooftops[0].parameters.confidence_wholesale == -0.4


def test_what_is_advised_comes_back_as_events_and_standing_advice_is_not_issued_again() -> None:
    first = review_tenant(material(), Learned(None, {}, None), [], NOW)
    events = [RecommendationIssued.model_validate_json(text) for text in first.issued]
    assert events
    assert first.closed == ()
    assert (first.units, first.advice) == (1, len(events))
    standing = [text.decode() for text in first.issued]
    again = review_tenant(material(), Learned(None, {}, None), standing, NOW)
    assert (again.issued, again.closed) == ((), ())


def test_advice_that_no_longer_holds_is_closed() -> None:
    gone = str(uuid4())
    standing = json.loads(review_tenant(material(), Learned(None, {}, None), [], NOW).issued[0])
    stale = json.dumps({**standing, "recommendation_id": gone, "vehicle_key": "1M8GDM9AXKP042788"})
    (text,) = review_tenant(material(), Learned(None, {}, None), [stale], NOW).closed
    closed = RecommendationIssued.model_validate_json(text)
    assert (str(closed.recommendation_id), closed.status.value) == (gone, "withdrawn")
    assert closed.closed_because


def test_a_tenant_with_few_lives_keeps_the_usual_pace() -> None:
    learned, lives = learn(material(), [pack([json.dumps(UNIT)])])
    assert (learned.model, lives) == (None, 1)
    assert learned.usual[DEALER, FORECAST["segment"]] > 0


def test_shoppers_that_cannot_be_learned_leave_the_forecast_in_force_and_are_told_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unsettled(*_: object) -> None:
        message = "dearer units sold sooner than cheaper ones"
        raise NotConverged(message)

    monkeypatch.setattr(computing, "fit_attraction", unsettled)
    with capture_logs() as logs:
        learned, lives = learn(material(), [pack([json.dumps(UNIT)])])
    assert lives == 1
    assert learned.attraction is None
    told = [each for each in logs if each["log_level"] == "warning"]
    assert [each["error"] for each in told] == ["dearer units sold sooner than cheaper ones"]
    assert review_tenant(material(), learned, [], NOW).units == 1
