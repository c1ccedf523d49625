"""Where a unit stands in the market: its price and its cost against what the market asks for one like it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

STALE_MARKET_DAYS = 60
"""Asking prices seen longer ago say nothing of today's; advice does not price by them either."""


@dataclass(frozen=True, slots=True)
class MarketPosition:
    """Ratios are fractions of one: a unit at 0.97 asks 3 % less than the market does for one like it.

    ``expected_price``: the market's mileage- and age-adjusted asking price, dealer's currency. ``days_supply``:
    market days' supply of vehicles like it. ``n``: the adverts like it that were seen. ``as_of``: the market's day.
    By a ``stale`` market, seen over STALE_MARKET_DAYS ago, nothing is priced.
    """

    expected_price: str | None
    price_to_market: float | None
    cost_to_market: float | None
    days_supply: float | None
    n: int
    as_of: str
    stale: bool


def market_position(vehicle: Mapping[str, Any], market: Mapping[str, Any], today: date) -> MarketPosition:
    """Set a vehicle's price and total cost (with reconditioning) against its market; ratios of today's price."""
    stale = (today - date.fromisoformat(market["as_of"])).days > STALE_MARKET_DAYS
    expected = None if stale else _amount(market.get("expected_price"))
    cost = _amount(vehicle.get("cost"))
    total = None if cost is None else cost + (_amount(vehicle.get("recon_cost")) or Decimal(0))
    return MarketPosition(
        expected_price=None if stale else market.get("expected_price"),
        price_to_market=_ratio(_amount(vehicle.get("list_price")), expected),
        cost_to_market=_ratio(total, expected),
        days_supply=market.get("days_supply"),
        n=market.get("n", 0),
        as_of=market["as_of"],
        stale=stale,
    )


def _ratio(amount: Decimal | None, expected: Decimal | None) -> float | None:
    return round(float(amount / expected), 4) if amount is not None and expected else None


def _amount(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)
