"""Books of groups that are made up: rooftops, units, markets, demand and shoppers, drawn from a seed."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np

from services.recommend.domain import (
    Attraction,
    BrandRule,
    BrandSales,
    GrossHistory,
    Parameters,
    Rooftop,
    Rules,
    SegmentDemand,
    SegmentMarket,
    TenantBook,
    Unit,
)

AS_OF = date(2026, 3, 2)
SEED = 11
_MAKES = ("toyota", "honda", "ford", "chevrolet", "nissan", "jeep")
_MODELS = 8


def generated_book(rooftops: int, vehicles: int, seed: int) -> TenantBook:
    """Draw a group whose stock is out of step with its demand; half of it near its limits. USD and kilometres."""
    rng = np.random.default_rng(seed)
    segments = [
        (f"{condition}/{make}/model{number}", 18_000.0 + 3_500 * number, 0.15 + 1.2 / (number + 1))
        for condition in ("used", "new")
        for make in _MAKES
        for number in range(_MODELS)
    ]
    weights = np.array([rate for *_, rate in segments])
    ids = [f"store{number:02d}" for number in range(rooftops)]
    units = [
        _unit(rng, number, ids[number % rooftops], *segments[at][:2])
        for number, at in enumerate(rng.choice(len(segments), vehicles, p=weights / weights.sum()))
    ]
    shelves = [(dealer_id, *segment) for dealer_id in ids for segment in segments]
    scale = vehicles / rooftops / 60 / weights.sum()
    rates = {(dealer, segment): rate * scale * 7 * rng.lognormal(0, 0.6) for dealer, segment, _, rate in shelves}
    return TenantBook(
        tenant_id="generated",
        rooftops=tuple(_rooftop(dealer_id, place, vehicles / rooftops) for place, dealer_id in enumerate(ids)),
        units=tuple(units),
        markets=tuple(_market(dealer, segment, price) for dealer, segment, price, _ in shelves),
        demands=tuple(
            SegmentDemand(
                dealer_id=dealer, segment=segment, label=segment, as_of=AS_OF, weekly_means=(float(weekly),) * 13,
                dispersion=1.3, weekly_rate=float(weekly), units_sold=int(weekly * 50),
            )
            for (dealer, segment), weekly in rates.items()
        ),
        grosses=tuple(
            GrossHistory(
                dealer_id=dealer, scope=segment, n=20, as_of=AS_OF,
                average_front_gross=float(rng.normal(1_700, 400)), average_cost=price * 0.89,
                average_back_gross=1_000.0, median_days_to_sell=35.0,
            )
            for dealer, segment, price, _ in shelves
        ),
        brand_sales=tuple(BrandSales(dealer_id=each, brand=make, units=40) for each in ids for make in _MAKES),
        attraction=_attraction({shelf: rate for shelf, rate in rates.items() if shelf[1].startswith("used/")}),
    )  # fmt: skip


def _attraction(weekly: dict[tuple[str, str], float]) -> Attraction:
    """Give shoppers of the used units, twice as many as buy."""
    shoppers = {shelf: rate * 2 / 7 for shelf, rate in weekly.items()}
    usual = sum(shoppers.values()) / len(shoppers)
    return Attraction(
        appeal=0.2, elasticity=11.0, elasticity_sd=0.6, staleness=0.4, shoppers=shoppers,
        by_rooftop={dealer: usual for dealer, _ in shoppers}, by_segment={name: usual for _, name in shoppers},
        usual=usual, sales=2_000,
    )  # fmt: skip


def _rooftop(dealer_id: str, place: int, vehicles: float) -> Rooftop:
    if place % 2:
        return Rooftop(dealer_id=dealer_id, name=dealer_id, currency="USD")
    brands = {make: BrandRule(allocation=4, pool_units=200, pool_sales=1_900) for make in _MAKES}
    return Rooftop(
        dealer_id=dealer_id,
        name=dealer_id,
        currency="USD",
        parameters=Parameters(
            floorplan_line=float(round(vehicles * 28_500)), lot_slots=float(round(vehicles * 1.06))
        ),
        rules=Rules(brands=brands, max_days_supply=70),
    )


def _market(dealer_id: str, segment: str, price: float) -> SegmentMarket:
    return SegmentMarket(
        dealer_id=dealer_id, segment=segment, as_of=AS_OF, active_listings=80, sold_per_day=1.6,
        market_days_supply=50.0, price_median=price, price_log_reference=math.log(price * 1.15),
        price_age_slope=-0.075, price_km_slope=-0.025, price_residual_sd=0.08, priced_listings=70,
    )  # fmt: skip


def _unit(rng: np.random.Generator, number: int, dealer_id: str, segment: str, price: float) -> Unit:
    new = segment.startswith("new/")
    year = 2026 if new else int(rng.integers(2019, 2025))
    km = 0.0 if new else float(rng.gamma(4, 18_000) * (2026 - year) / 4)
    worth = price * 1.15 * math.exp(-0.075 * (2026 - year) - 0.0025 * km / 1_000)
    since = AS_OF - timedelta(days=int(rng.gamma(1.6, 26)))
    return Unit(
        dealer_id=dealer_id, vehicle_key=f"UNIT{number:06d}", segment=segment, label=segment, make="Make",
        model="Model", model_year=year, odometer_km=km, cost=float(round(worth * 0.86)),
        recon_cost=0.0 if new else 900.0,
        list_price=float(round(worth * rng.lognormal(0, 0.04), -2)), stock_date=since, group_stock_date=since,
        priced_on=since,
    )  # fmt: skip
