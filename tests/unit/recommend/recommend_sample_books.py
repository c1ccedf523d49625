"""Made-up books for the tests of advice: one car at a time, and a whole group drawn from a seed."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import numpy as np

from services.recommend.domain import (
    GrossHistory,
    Parameters,
    Rooftop,
    SegmentDemand,
    SegmentMarket,
    TenantBook,
    Unit,
    UnitStatus,
)

AS_OF = date(2026, 3, 2)
CAMRY = "used/toyota/camry"
_YEARS = (AS_OF - date(2022, 1, 1)).days / 365.25

_MODELS = (
    ("Toyota", "Camry", 27_500, 1.6),
    ("Toyota", "RAV4", 31_000, 1.9),
    ("Honda", "Civic", 22_500, 1.2),
    ("Honda", "CR-V", 30_500, 1.5),
    ("Ford", "F-150", 44_000, 2.2),
    ("Ford", "Escape", 24_500, 0.6),
    ("Chevrolet", "Silverado 1500", 45_500, 1.4),
    ("Chevrolet", "Malibu", 19_500, 0.35),
    ("Nissan", "Altima", 20_500, 0.5),
    ("Jeep", "Grand Cherokee", 36_500, 0.8),
)
_STORES = ("Northside", "Lakeview", "Airport Road", "Downtown", "Westfield")


def camry(key: str = "CAMRY1", dealer: str = "north", **changes: Any) -> Unit:
    """Give a used Camry at market price, 20 days old, unless told otherwise."""
    fields: dict[str, Any] = {
        "dealer_id": dealer,
        "vehicle_key": key,
        "segment": CAMRY,
        "label": "used Toyota Camry",
        "condition": "used",
        "model_year": 2022,
        "make": "Toyota",
        "model": "Camry",
        "odometer_km": 60_000.0,
        "cost": 17_000.0,
        "recon_cost": 800.0,
        "list_price": 20_000.0,
        "stock_date": AS_OF - timedelta(days=20),
        "group_stock_date": AS_OF - timedelta(days=20),
    }
    return Unit(**(fields | changes))


def aged(days: int) -> dict[str, Any]:
    """Give the dates of a unit that has been here for so many days."""
    since = AS_OF - timedelta(days=days)
    return {"stock_date": since, "group_stock_date": since, "priced_on": since}


def market(dealer: str = "north", segment: str = CAMRY, price: float = 20_000.0, **changes: Any) -> SegmentMarket:
    """Give a market in which the Camry above is worth ``price``."""
    fields: dict[str, Any] = {
        "dealer_id": dealer,
        "segment": segment,
        "as_of": AS_OF,
        "active_listings": 90,
        "sold_per_day": 2.0,
        "market_days_supply": 45.0,
        "price_median": price,
        "price_log_reference": math.log(price) + _YEARS * 0.08 + 6 * 0.03,
        "price_age_slope": -0.08,
        "price_km_slope": -0.03,
        "priced_listings": 80,
    }
    return SegmentMarket(**(fields | changes))


def demand(dealer: str = "north", segment: str = CAMRY, weekly: float = 1.0, **changes: Any) -> SegmentDemand:
    """Give a flat forecast."""
    fields: dict[str, Any] = {
        "dealer_id": dealer,
        "segment": segment,
        "label": "used Toyota Camry",
        "as_of": AS_OF,
        "weekly_means": (weekly,) * 13,
        "dispersion": 1.2,
        "weekly_rate": weekly,
        "units_sold": 60,
        "strategy": "auto_ets",
    }
    return SegmentDemand(**(fields | changes))


def gross(dealer: str = "north", scope: str = "used", **changes: Any) -> GrossHistory:
    """Give a history of forty sales."""
    fields: dict[str, Any] = {
        "dealer_id": dealer,
        "scope": scope,
        "n": 40,
        "as_of": AS_OF,
        "average_front_gross": 1_700.0,
        "average_back_gross": 1_000.0,
        "average_cost": 17_800.0 if scope == CAMRY else None,
        "median_days_to_sell": 32.0,
    }
    return GrossHistory(**(fields | changes))


def rooftop(dealer: str = "north", currency: str = "USD", parameters: Parameters | None = None) -> Rooftop:
    """Give a store."""
    return Rooftop(
        dealer_id=dealer, name=dealer.capitalize(), currency=currency, parameters=parameters or Parameters()
    )


def book(*parts: object) -> TenantBook:
    """Bind parts of any kind into a book; stores that are named but not given get default parameters."""
    stores = {each.dealer_id: each for each in parts if isinstance(each, Rooftop)}
    for each in parts:
        stores.setdefault(each.dealer_id, rooftop(each.dealer_id))  # type: ignore[attr-defined]
    return TenantBook(
        tenant_id="group",
        rooftops=tuple(stores.values()),
        units=tuple(each for each in parts if isinstance(each, Unit)),
        markets=tuple(each for each in parts if isinstance(each, SegmentMarket)),
        demands=tuple(each for each in parts if isinstance(each, SegmentDemand)),
        grosses=tuple(each for each in parts if isinstance(each, GrossHistory)),
    )


def group_book(vehicles: int = 350, seed: int = 7) -> TenantBook:
    """Draw a five-store group whose stock is out of step with its demand, as real ones are."""
    rng = np.random.default_rng(seed)
    parts: list[object] = []
    for store in _STORES:
        dealer = store.split()[0].lower()
        parts += [Rooftop(dealer_id=dealer, name=store, currency="USD"), gross(dealer), gross(dealer, "new")]
        for make, model, price, weekly in _MODELS:
            for condition in ("used", "new"):
                segment = f"{condition}/{make}/{model}".lower().replace(" ", "").replace("-", "")
                rate = weekly * rng.lognormal(0, 0.5) * (0.6 if condition == "new" else 1.0)
                label = f"{condition} {make} {model}"
                parts += [
                    market(
                        dealer,
                        segment,
                        price,
                        price_log_reference=math.log(price * 1.15),
                        price_age_slope=-0.075,
                        price_km_slope=-0.025,
                        market_days_supply=float(rng.uniform(30, 80)),
                    ),
                    demand(dealer, segment, float(rate), label=label, units_sold=int(rate * 50)),
                    gross(
                        dealer,
                        segment,
                        n=max(3, int(rate * 30)),
                        average_front_gross=float(rng.normal(1_600, 350)),
                        average_cost=price * (0.87 if condition == "used" else 0.93),
                    ),
                ]
    for number in range(vehicles):
        parts.append(_drawn_unit(rng, number))
    return book(*parts)


def _drawn_unit(rng: np.random.Generator, number: int) -> Unit:
    weights = np.array([model[3] for model in _MODELS]) ** 0.8
    make, model, price, _ = _MODELS[int(rng.choice(len(_MODELS), p=weights / weights.sum()))]
    store = _STORES[int(rng.integers(len(_STORES)))].split()[0].lower()
    condition = "used" if rng.random() < 0.65 else "new"
    year = int(rng.integers(2019, 2025)) if condition == "used" else 2026
    km = float(rng.gamma(4, 18_000) * (2026 - year) / 4)
    worth = price * 1.15 * math.exp(-0.075 * (2026 - year) - 0.0025 * km / 1_000)
    days = int(rng.gamma(1.6, 36))
    cost = worth * (0.86 if condition == "used" else 0.91) * rng.lognormal(0, 0.03)
    asked = worth * rng.lognormal(0.0, 0.04)
    return Unit(
        dealer_id=store, vehicle_key=f"UNIT{number:05d}",
        stock_number=f"{condition[0].upper()}{1000 + number}",
        segment=f"{condition}/{make}/{model}".lower().replace(" ", "").replace("-", ""),
        label=f"{condition} {make} {model}",
        condition=condition, model_year=year, make=make, model=model,
        status=UnitStatus.ON_ORDER if condition == "new" and rng.random() < 0.2 else UnitStatus.IN_STOCK,
        odometer_km=km, cost=round(cost - 900 * (condition == "used")),
        recon_cost=900.0 if condition == "used" else 0.0,
        list_price=round(asked / 100) * 100 - 10, stock_date=AS_OF - timedelta(days=days),
        group_stock_date=AS_OF - timedelta(days=days),
        priced_on=AS_OF - timedelta(days=int(rng.integers(0, max(1, min(days, 40)) + 1))),
    )  # fmt: skip
