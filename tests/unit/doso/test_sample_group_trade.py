"""How the sample group trades: consistency of stock and sales, and the patterns it claims to hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from itertools import groupby
from statistics import mean, median

import numpy as np
import pytest

from doso.sample_group import demand
from doso.sample_group.catalogue import CATALOGUE
from doso.sample_group.market import WINDOW_DAYS, competitor_listings
from doso.sample_group.stores import IMBALANCES, STORES, Imbalance
from doso.sample_group.trading import Sale, trade
from doso.sample_group.valuation import value_at
from doso.sample_group.vehicle import Unit

RUNS = [(7, date(2026, 11, 21)), (1, date(2026, 3, 2)), (3, date(2027, 7, 15)), (4, date(2025, 5, 5))]
History = dict[str, tuple[list[Sale], list[Unit]]]


@cache
def traded(seed: int, as_of: date) -> History:
    rng = np.random.default_rng([seed, as_of.toordinal()])
    serials = iter((rng.permutation(900_000) + 100_000).tolist())
    return {store.name: trade(store, as_of, rng, serials) for store in STORES}


@pytest.fixture(params=RUNS, ids=lambda run: f"{run[0]}-{run[1]}")
def run(request: pytest.FixtureRequest) -> tuple[History, date]:
    seed, as_of = request.param
    return traded(seed, as_of), as_of


def all_sales(history: History) -> list[Sale]:
    return [sale for sales, _ in history.values() for sale in sales]


def all_stock(history: History) -> list[Unit]:
    return [unit for _, units in history.values() for unit in units]


def retail(sales: list[Sale]) -> list[Sale]:
    return [sale for sale in sales if sale.purchase_type in {"Retail", "Lease"}]


def test_counts(run: tuple[History, date]) -> None:
    history, _ = run
    assert 4_500 <= len(all_sales(history)) <= 5_500
    assert 280 <= len(all_stock(history)) <= 420
    for sales, units in history.values():
        assert 50 <= len(sales) / 24 <= 85
        assert len(units) >= 75


def test_shares_of_aged_stock(run: tuple[History, date]) -> None:
    history, as_of = run
    ages = np.array([unit.age(as_of) for unit in all_stock(history)])
    assert 0.07 <= np.mean(ages > 60) <= 0.20
    assert 0.025 <= np.mean(ages > 90) <= 0.11
    assert ages.min() >= 1


def test_every_unit_is_stocked_before_it_is_sold_and_sold_once(run: tuple[History, date]) -> None:
    history, as_of = run
    sales = all_sales(history)
    first_sale = as_of - timedelta(days=demand.HISTORY_DAYS)
    assert all(sale.unit.stock_date <= sale.sale_date < as_of for sale in sales)
    assert min(sale.sale_date for sale in sales) >= first_sale
    gone = Counter(sale.unit.vehicle.vin for sale in sales if sale.purchase_type != "Unwound")
    assert set(gone.values()) == {1}
    assert not {unit.vehicle.vin for unit in all_stock(history)} & {sale.unit.vehicle.vin for sale in sales}


def test_an_unwound_unit_leaves_for_good_later(run: tuple[History, date]) -> None:
    history, _ = run
    sales = all_sales(history)
    final = {sale.unit.vehicle.vin: sale.sale_date for sale in sales if sale.purchase_type != "Unwound"}
    unwound = [sale for sale in sales if sale.purchase_type == "Unwound"]
    assert 5 <= len(unwound) <= 60
    assert all(final[sale.unit.vehicle.vin] > sale.sale_date for sale in unwound)


def test_wholesale_is_a_small_part_and_loses_money(run: tuple[History, date]) -> None:
    sales = all_sales(run[0])
    wholesaled = [sale for sale in sales if sale.purchase_type == "Wholesale"]
    assert 0.01 <= len(wholesaled) / len(sales) <= 0.09
    assert mean(sale.front_gross for sale in wholesaled) < 0


def test_front_gross_falls_with_age_and_is_lower_on_new_vehicles(run: tuple[History, date]) -> None:
    sold = retail(all_sales(run[0]))

    def gross(*, new: bool, ages: tuple[int, int]) -> float:
        youngest, oldest = ages
        return mean(
            sale.front_gross
            for sale in sold
            if sale.unit.vehicle.new is new and youngest <= sale.unit.age(sale.sale_date) <= oldest
        )

    curve = [gross(new=False, ages=ages) for ages in ((0, 15), (16, 30), (31, 45), (46, 60), (61, 400))]
    assert curve == sorted(curve, reverse=True)
    assert 1_500 <= curve[0] <= 2_200
    assert curve[-1] < 500
    assert gross(new=True, ages=(0, 15)) < 0.75 * curve[0]


def test_a_configuration_rarely_sells_once_a_month(run: tuple[History, date]) -> None:
    sold = Counter(
        (name, car.condition, car.model.name, car.model_year, car.trim, car.drivetrain)
        for name, (sales, _) in run[0].items()
        for car in (sale.unit.vehicle for sale in sales)
    )
    assert median(sold.values()) / 24 < 1


def test_no_deal_on_a_sunday_and_most_on_saturdays(run: tuple[History, date]) -> None:
    days = Counter(sale.sale_date.weekday() for sale in retail(all_sales(run[0])))
    assert days[6] == 0
    assert max(days, key=lambda day: days[day]) == 5


def test_dear_units_stand_longer() -> None:
    aged: dict[bool, list[int]] = {True: [], False: []}
    for seed, as_of in RUNS:
        for sale in retail(all_sales(traded(seed, as_of))):
            opening = sale.unit.offer.opening / sale.unit.vehicle.market_value
            if not sale.unit.vehicle.new and not 0.97 < opening < 1.05:
                aged[opening > 1].append(sale.unit.age(sale.sale_date))
    assert median(aged[True]) > 1.2 * median(aged[False])


def test_prices_lie_around_the_market_with_some_over_and_some_under(run: tuple[History, date]) -> None:
    history, as_of = run
    positions = np.array(
        [
            unit.offer.price(unit.age(as_of))
            / value_at(unit.vehicle.market_value, unit.age(as_of), new=unit.vehicle.new)
            for unit in all_stock(history)
        ]
    )
    assert 0.97 <= np.median(positions) <= 1.03
    assert 0.04 <= np.mean(positions > 1.06) <= 0.18
    assert 0.04 <= np.mean(positions < 0.95) <= 0.22


def test_total_cost_of_used_stock_is_80_to_90_percent_of_the_market(run: tuple[History, date]) -> None:
    used = [unit for unit in all_stock(run[0]) if not unit.vehicle.new]
    assert 0.80 <= mean((unit.cost + unit.recon_cost) / unit.vehicle.market_value for unit in used) <= 0.90


def days_supply(history: History, store: str, models: tuple[str, ...], as_of: date, window: int = 120) -> float:
    sales, units = history[store]

    def concerned(unit: Unit) -> bool:
        return unit.vehicle.model.name in models and not unit.vehicle.new

    sold = sum(concerned(sale.unit) and (as_of - sale.sale_date).days <= window for sale in retail(sales))
    return sum(map(concerned, units)) / max(sold, 0.5) * window


@pytest.mark.parametrize("imbalance", IMBALANCES, ids=lambda imbalance: imbalance.models[0])
def test_one_rooftop_has_too_many_of_what_a_sister_store_lacks(
    imbalance: Imbalance, run: tuple[History, date]
) -> None:
    history, as_of = run
    over = days_supply(history, imbalance.over_store, imbalance.models, as_of)
    short = days_supply(history, imbalance.short_store, imbalance.models, as_of)
    assert over > 55
    assert short < 40
    assert over > 1.8 * short


def sold_in(history: History, wanted: Callable[[Sale], bool], as_of: date, days: range) -> int:
    return sum(wanted(sale) and (as_of - sale.sale_date).days in days for sale in retail(all_sales(history)))


def test_rising_fading_discontinued_and_introduced_models(run: tuple[History, date]) -> None:
    history, as_of = run
    old_year, last_year = range(366, 731), range(1, 366)

    def of(name: str) -> Callable[[Sale], bool]:
        return lambda sale: sale.unit.vehicle.model.name == name and sale.unit.vehicle.new

    assert sold_in(history, of(demand.RISING), as_of, last_year) > 1.3 * sold_in(
        history, of(demand.RISING), as_of, old_year
    )
    assert sold_in(history, of(demand.FADING), as_of, last_year) < 0.8 * sold_in(
        history, of(demand.FADING), as_of, old_year
    )
    assert sold_in(history, of(demand.DISCONTINUED), as_of, range(430, 731)) > 10
    assert sold_in(history, of(demand.DISCONTINUED), as_of, range(1, 120)) == 0
    assert sold_in(history, of(demand.INTRODUCED), as_of, range(1, 201)) > 3
    assert sold_in(history, of(demand.INTRODUCED), as_of, range(201, 731)) == 0


def test_convertibles_sell_in_spring_and_cheap_used_cars_when_taxes_are_refunded() -> None:
    warm, cold, refunds, rest = 0, 0, 0, 0
    for seed, as_of in RUNS:
        for name, (sales, _) in traded(seed, as_of).items():
            for sale in retail(sales):
                month = sale.sale_date.month
                if sale.unit.vehicle.model.body == "Convertible":
                    warm, cold = (warm + (month in {4, 5, 6}), cold + (month in {10, 11, 12}))
                if name == STORES[2].name:
                    refunds, rest = (refunds + (month in {3, 4}), rest + (month in {6, 7, 8, 9, 10, 11}))
    assert warm > 1.6 * cold
    assert refunds / 2 > 1.1 * rest / 6


@pytest.mark.parametrize("model", demand.STOCKED_OUT)
def test_fast_new_models_are_at_times_out_of_stock_and_then_do_not_sell(
    model: str, run: tuple[History, date]
) -> None:
    history, as_of = run
    sales = [sale for sale in all_sales(history) if sale.unit.vehicle.model.name == model and sale.unit.vehicle.new]
    units = [unit for unit in all_stock(history) if unit.vehicle.model.name == model and unit.vehicle.new]
    days = [as_of - timedelta(days=ago) for ago in range(demand.HISTORY_DAYS, 0, -1)]
    on_hand = [
        sum(sale.unit.stock_date <= day <= sale.sale_date for sale in sales)
        + sum(unit.stock_date <= day for unit in units)
        for day in days
    ]
    longest_spell = max(len(list(spell)) for empty, spell in groupby(count == 0 for count in on_hand) if empty)
    assert longest_spell >= 14
    assert sum(count == 0 for count in on_hand) < 0.5 * len(days)


def test_competitors_listings_came_or_went_within_the_window() -> None:
    as_of = date(2026, 11, 21)
    rng = np.random.default_rng(5)
    listings = competitor_listings(as_of, rng, iter(range(100_000, 200_000)))
    assert len(listings) == 3_000
    assert all(listing.first_seen <= listing.last_seen < as_of for listing in listings)
    assert min(listing.last_seen for listing in listings) >= as_of - timedelta(days=WINDOW_DAYS + 1)
    active = mean(listing.last_seen == as_of - timedelta(days=1) for listing in listings)
    assert 0.2 < active < 0.6
    assert all("(sample)" in listing.seller for listing in listings)


def test_the_catalogue_holds_some_45_models() -> None:
    assert 40 <= len(CATALOGUE) <= 50
    assert len({(model.make, model.name) for model in CATALOGUE}) == len(CATALOGUE)
