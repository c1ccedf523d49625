"""Stock figures of a rooftop as of a day: age, days' supply, turn, holding cost.

They change with the calendar, not only with events, so they are computed when asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

WINDOW_DAYS = 45
BUCKET_EDGES = (30, 60, 90)
DEPRECIATION_PER_MONTH = Decimal("0.015")
_CENT = Decimal("0.01")
_LACKING = {
    "stock_date": "advice takes them for new arrivals, and sends none to the lane",
    "list_price": "no new price is advised for them, and without a market to price them by nothing at all",
    "cost": "none goes to the lane but by your own rules, and nothing is said of profit",
}
"""What advice has to leave out for want of a field."""
_TARGET = {"used": "35-45", "new": "60-90"}


@dataclass(frozen=True, slots=True)
class Bucket:
    """Units of an age range, by days at this store and by days in the group."""

    label: str
    units: int
    group_units: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class HoldingCost:
    """What the stock costs a day: cash out of the door, and what it loses in value."""

    cash_per_day: Decimal
    depreciation_per_day: Decimal
    per_day: Decimal
    formula: str


@dataclass(frozen=True, slots=True)
class HoldingRates:
    """What holding is reckoned by: a year's interest on cost, and what a unit's place costs a day."""

    floorplan_apr: Decimal = Decimal("0.08")
    overhead_per_day: Decimal = Decimal(15)


def holding_rates(rules: Mapping[str, Any]) -> HoldingRates:
    """Read the rates that a rooftop's rules set, as stored; the usual ones stand in for what they leave open."""
    told = {field.name: rules.get(field.name) for field in fields(HoldingRates)}
    return HoldingRates(**{name: Decimal(str(rate)) for name, rate in told.items() if rate is not None})


@dataclass(frozen=True, slots=True)
class StockFigures:
    """Figures of one condition (or all) at one rooftop; money in its currency."""

    units: int
    on_order: int
    units_without_cost: int
    units_without_stock_date: int
    units_without_list_price: int
    value_at_cost: Decimal
    value_at_list: Decimal
    buckets: tuple[Bucket, ...]
    average_age_days: float | None
    average_group_days: float | None
    """The same since the group took them in: a transfer does not restart that clock."""
    retail_sales: int
    average_front_gross: Decimal | None
    days_supply: float | None
    turn: float | None
    holding: HoldingCost
    window_days: int
    as_of: date
    note: str | None = None
    advice_lacks: tuple[str, ...] = ()
    """What advice on these units has to do without, in sentences."""


def figures(
    rows: Iterable[Mapping[str, Any]],
    as_of: date,
    condition: str | None = None,
    rates: HoldingRates = HoldingRates(),
) -> StockFigures:
    """Compute the figures from read-model rows; ``condition`` narrows to ``new`` or ``used``.

    Days' supply = units on hand / (retail sales in the window / window). Turn = 365 / days' supply. Without a
    sale in the window both are None: nothing divided by nothing is no number of days.
    """
    mine = [row for row in rows if condition is None or _group(row["condition"]) == condition]
    stock = [row for row in mine if row["status"] == "in_stock"]
    sold = [row for row in mine if _retail_sale(row, as_of)]
    days_supply = len(stock) / (len(sold) / WINDOW_DAYS) if sold else None
    grosses = [row["front_gross"] for row in sold if row["front_gross"] is not None]
    without = {field: sum(row[field] is None for row in stock) for field in _LACKING}
    return StockFigures(
        units=len(stock),
        on_order=sum(row["quantity"] or 1 for row in mine if row["status"] == "on_order"),
        units_without_cost=without["cost"],
        units_without_stock_date=without["stock_date"],
        units_without_list_price=without["list_price"],
        value_at_cost=sum((_invested(row) for row in stock), Decimal(0)),
        value_at_list=sum((row["list_price"] or Decimal(0) for row in stock), Decimal(0)),
        buckets=_buckets(stock, as_of),
        average_age_days=_average_days(stock, "stock_date", as_of),
        average_group_days=_average_days(stock, "group_stock_date", as_of),
        retail_sales=len(sold),
        average_front_gross=_cents(sum(grosses, Decimal(0)) / len(grosses)) if grosses else None,
        days_supply=round(days_supply, 1) if days_supply is not None else None,
        turn=round(365 / days_supply, 1) if days_supply else None,
        holding=_holding(stock, rates),
        window_days=WINDOW_DAYS,
        as_of=as_of,
        note=None if sold else f"no retail sales in the last {WINDOW_DAYS} days",
        advice_lacks=tuple(
            f"{missing} of {len(stock)} in stock have no {field.replace('_', ' ')}: {_LACKING[field]}"
            for field, missing in without.items()
            if missing
        ),
    )


def target_days_supply(condition: str) -> str:
    """Name the usual target range of days' supply for a condition."""
    return _TARGET[condition]


def _average_days(stock: Sequence[Mapping[str, Any]], since: str, as_of: date) -> float | None:
    ages = [max(0, (as_of - row[since]).days) for row in stock if row[since] is not None]
    return round(sum(ages) / len(ages), 1) if ages else None


def _buckets(stock: Sequence[Mapping[str, Any]], as_of: date) -> tuple[Bucket, ...]:
    edges = (0, *(edge + 1 for edge in BUCKET_EDGES))
    ends: tuple[int | None, ...] = (*BUCKET_EDGES, None)

    def within(row: Mapping[str, Any], field: str, low: int, high: int | None) -> bool:
        if row[field] is None:
            return False
        age = max(0, (as_of - row[field]).days)
        return age >= low and (high is None or age <= high)

    return tuple(
        Bucket(
            label=f"{low}-{high}" if high is not None else f"{low}+",
            units=sum(within(row, "stock_date", low, high) for row in stock),
            group_units=sum(within(row, "group_stock_date", low, high) for row in stock),
            cost=sum((_invested(row) for row in stock if within(row, "stock_date", low, high)), Decimal(0)),
        )
        for low, high in zip(edges, ends, strict=True)
    )


def _holding(stock: Sequence[Mapping[str, Any]], rates: HoldingRates) -> HoldingCost:
    invested = sum((_invested(row) for row in stock), Decimal(0))
    interest = invested * rates.floorplan_apr / 365
    overhead = rates.overhead_per_day * len(stock)
    depreciation = invested * DEPRECIATION_PER_MONTH * 12 / 365
    return HoldingCost(
        cash_per_day=_cents(interest + overhead),
        depreciation_per_day=_cents(depreciation),
        per_day=_cents(interest + overhead + depreciation),
        formula=(
            f"cost x {_percent(rates.floorplan_apr)} / 365 + {rates.overhead_per_day} a unit"
            f" + cost x {DEPRECIATION_PER_MONTH:.1%} a month"
        ),
    )


def _percent(share: Decimal) -> str:
    return f"{(100 * share).normalize():f}%"


def _invested(row: Mapping[str, Any]) -> Decimal:
    return (row["cost"] or Decimal(0)) + (row["recon_cost"] or Decimal(0))


def _retail_sale(row: Mapping[str, Any], as_of: date) -> bool:
    return (
        row["status"] == "sold"
        and row["exit_date"] is not None
        and 0 <= (as_of - row["exit_date"]).days < WINDOW_DAYS
    )


def _group(condition: str | None) -> str:
    return "new" if condition == "new" else "used"


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)
