"""Stock figures with numbers worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.gateway.domain.stock import HoldingRates, figures, holding_rates, target_days_supply

AS_OF = date(2026, 4, 15)


def unit(age: int | None = 10, group_age: int | None = None, **fields: Any) -> dict[str, Any]:
    stock_date = None if age is None else AS_OF - timedelta(days=age)
    group = stock_date if group_age is None else AS_OF - timedelta(days=group_age)
    return {
        "status": "in_stock", "condition": "used", "stock_date": stock_date, "group_stock_date": group,
        "list_price": Decimal(20_000), "cost": Decimal(17_000), "recon_cost": Decimal(500), "exit_date": None,
        "front_gross": None, "quantity": None, **fields,
    }  # fmt: skip


def sale(days_ago: int = 5, gross: Decimal | None = None, **fields: Any) -> dict[str, Any]:
    exit_date = AS_OF - timedelta(days=days_ago)
    return unit(40, **{"status": "sold", "exit_date": exit_date, "front_gross": gross, **fields})


def test_days_supply_and_turn() -> None:
    # 30 units, 18 sold in 45 days: 0.4 a day, so 75 days' supply, and 365 / 75 = 4.9 turns a year.
    found = figures([unit() for _ in range(30)] + [sale() for _ in range(18)], AS_OF)
    assert (found.units, found.retail_sales, found.days_supply, found.turn) == (30, 18, 75.0, 4.9)
    assert found.note is None


def test_without_a_sale_there_is_no_rate_and_it_says_so() -> None:
    found = figures([unit(), sale(days_ago=45)], AS_OF)
    assert (found.days_supply, found.turn, found.average_front_gross) == (None, None, None)
    assert found.note == "no retail sales in the last 45 days"


def test_nothing_in_stock_is_no_supply_and_no_turn() -> None:
    found = figures([sale()], AS_OF)
    assert (found.units, found.days_supply, found.turn, found.average_age_days) == (0, 0.0, None, None)


@pytest.mark.parametrize(("days_ago", "counted"), [(-1, 0), (0, 1), (44, 1), (45, 0)])
def test_the_window_has_forty_five_days(days_ago: int, counted: int) -> None:
    assert figures([sale(days_ago)], AS_OF).retail_sales == counted


def test_wholesaled_and_departed_units_are_no_retail_sales() -> None:
    rows = [sale(status="wholesaled"), sale(status="departed"), unit(status="on_order", age=None)]
    found = figures(rows, AS_OF)
    assert (found.retail_sales, found.units, found.on_order) == (0, 0, 1)


def test_an_order_of_several_is_several_on_order() -> None:
    rows = [unit(status="on_order", age=None, quantity=12), unit(status="on_order", age=None)]
    assert figures(rows, AS_OF).on_order == 13


@pytest.mark.parametrize(
    ("age", "bucket"),
    [(0, 0), (30, 0), (31, 1), (60, 1), (61, 2), (90, 2), (91, 3), (4000, 3), (-1, 0)],
)
def test_bucket_edges(age: int, bucket: int) -> None:
    found = figures([unit(age)], AS_OF).buckets
    assert [b.label for b in found] == ["0-30", "31-60", "61-90", "91+"]
    assert [b.units for b in found] == [int(place == bucket) for place in range(4)]
    assert found[bucket].cost == Decimal(17_500)


def test_a_transferred_unit_is_fresh_at_the_store_and_old_in_the_group() -> None:
    found = figures([unit(5, group_age=95)], AS_OF)
    assert [b.units for b in found.buckets] == [1, 0, 0, 0]
    assert [b.group_units for b in found.buckets] == [0, 0, 0, 1]
    assert (found.average_age_days, found.average_group_days) == (5.0, 95.0)


def test_a_unit_without_a_stock_date_has_no_age_but_counts() -> None:
    found = figures([unit(None), unit(20)], AS_OF)
    assert (found.units, found.units_without_stock_date, found.average_age_days) == (2, 1, 20.0)
    assert sum(b.units for b in found.buckets) == 1


def test_value_counts_cost_with_reconditioning_and_notes_units_without_cost() -> None:
    found = figures([unit(), unit(cost=None, list_price=None), unit(recon_cost=None)], AS_OF)
    assert found.value_at_cost == Decimal(17_500) + Decimal(500) + Decimal(17_000)
    assert (found.value_at_list, found.units_without_cost) == (Decimal(40_000), 1)


def test_what_advice_has_to_do_without_is_said() -> None:
    assert figures([unit(), sale()], AS_OF).advice_lacks == ()
    lacking = [unit(None), unit(None), unit(cost=None, list_price=None)]
    dates, prices, costs = figures([*lacking, sale()], AS_OF).advice_lacks
    assert dates.startswith("2 of 3 in stock have no stock date: ")
    assert prices.startswith("1 of 3 in stock have no list price: ")
    assert costs.startswith("1 of 3 in stock have no cost: ")


def test_average_front_gross_leaves_unknown_grosses_out() -> None:
    rows = [sale(gross=Decimal(1_000)), sale(gross=Decimal(-250)), sale(gross=None), sale(gross=Decimal("0.01"))]
    assert figures(rows, AS_OF).average_front_gross == Decimal("250.00")


def test_holding_cost_follows_its_formula() -> None:
    # 36,500 invested: 36,500 x 8 % / 365 = 8.00 interest, 2 x 15.00 overhead, 36,500 x 18 % / 365 = 18.00 in value.
    holding = figures([unit(cost=Decimal(18_250), recon_cost=None)] * 2, AS_OF).holding
    assert holding.cash_per_day == Decimal("38.00")
    assert holding.depreciation_per_day == Decimal("18.00")
    assert holding.per_day == Decimal("56.00")
    assert holding.formula == "cost x 8% / 365 + 15 a unit + cost x 1.5% a month"


def test_holding_goes_by_the_rates_that_the_rules_set() -> None:
    rates = holding_rates({"floorplan_apr": 0.0725, "overhead_per_day": "22.50", "lot_slots": 180})
    holding = figures([unit(cost=Decimal(36_500), recon_cost=None)] * 2, AS_OF, rates=rates).holding
    assert holding.cash_per_day == Decimal("59.50")
    assert holding.formula == "cost x 7.25% / 365 + 22.50 a unit + cost x 1.5% a month"
    assert holding_rates({"overhead_per_day": None}) == HoldingRates()


def test_empty_stock_costs_nothing() -> None:
    holding = figures([], AS_OF).holding
    assert (holding.per_day, holding.cash_per_day) == (Decimal("0.00"), Decimal("0.00"))


def test_condition_narrows_and_certified_and_demo_count_as_used() -> None:
    rows = [unit(condition=name) for name in ("new", "used", "certified", "demo", None)]
    rows += [sale(condition="new"), sale(condition="certified")]
    new, used, both = (figures(rows, AS_OF, narrowed) for narrowed in ("new", "used", None))
    assert (new.units, used.units, both.units) == (1, 4, 5)
    assert (new.retail_sales, used.retail_sales) == (1, 1)


def test_target_ranges_are_those_of_the_trade() -> None:
    assert (target_days_supply("used"), target_days_supply("new")) == ("35-45", "60-90")
