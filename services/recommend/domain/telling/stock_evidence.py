"""The evidence of a purchase: what is there, what is wanted, and what each further unit is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from services.recommend.domain.stocking.newsvendor import at_least
from services.recommend.domain.telling.evidence import EvidenceSheet, Fact
from services.recommend.domain.telling.limit_evidence import write_allocation, write_limits
from services.recommend.domain.telling.odds import DRAWN_OF_A_PURCHASE, add_odds
from services.recommend.domain.telling.wording import decimal, money, pace, percent, roughly

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from services.recommend.domain.stocking.position import Position
    from services.recommend.domain.stocking.purchases import Purchase
    from services.recommend.domain.stocking.shelf_value import ShelfValue
    from services.recommend.domain.telling.evidence import Evidence


_WORTH_SAYING = 0.05
"""Of a car; less is nothing."""


def stock_evidence(
    purchase: Purchase, confidence: float, brand_sales: Mapping[tuple[str, str], int], as_of: date
) -> tuple[Evidence, ...]:
    """Write the evidence of a purchase; ``brand_sales`` are the new units sold by dealer and brand."""
    position = purchase.position
    sheet = EvidenceSheet(as_of)
    _shelf(sheet, purchase, position)
    _worth(sheet, position)
    _plan(sheet, purchase, position)
    add_odds(sheet, confidence, DRAWN_OF_A_PURCHASE)
    write_allocation(sheet, position, brand_sales)
    return sheet.lines()


def _shelf(sheet: EvidenceSheet, purchase: Purchase, position: Position) -> None:
    demand = position.demand
    sheet.add(Fact.SEGMENT, position.label, "forecast", as_of=demand.as_of)
    sheet.add(Fact.STORE, position.rooftop.name, "inventory")
    sheet.add(Fact.ON_HAND, str(position.on_hand), "inventory")
    sheet.add(Fact.INBOUND, str(position.inbound), "inventory")
    sheet.add(Fact.ARRIVING, str(purchase.arriving), "stocking", "transfers advised today")
    source = _forecast(position)
    weekly = position.demand_per_day * 7
    formula = f"{decimal(weekly)} a week over the next 4; {demand.units_sold} sales behind it"
    sheet.add(Fact.DEMAND, pace(weekly), source, formula, as_of=demand.as_of)
    if demand.variants:
        sold = ", ".join(f"{each.name} ({each.units_sold} sold)" for each in demand.variants)
        sheet.add(Fact.VARIANTS, sold, "forecast", "units sold of each configuration", as_of=demand.as_of)
    if demand.coverage80 is not None:
        doubt = None if position.shelf is not None else "fewer than 80% make the confidence lower"
        sheet.add(Fact.COVERAGE, percent(demand.coverage80), source, doubt, as_of=demand.as_of)
    if demand.lost_sales_per_week >= _WORTH_SAYING:
        lost = demand.lost_sales_per_week
        sheet.add(Fact.LOST_SALES, pace(lost), source, f"{decimal(lost)} a week", as_of=demand.as_of)
    sheet.add(Fact.LEAD_DAYS, f"{position.lead_days:.0f}", "parameters")
    if position.shelf is not None:
        _drawing(sheet, purchase, position.shelf)
    else:
        _covering(sheet, purchase, position)


def _drawing(sheet: EvidenceSheet, purchase: Purchase, shelf: ShelfValue) -> None:
    """Write what the shelf's own shoppers would do with the last of those bought."""
    learned = "shoppers learned from the group's own sales"
    if shelf.selling > 0:
        sheet.add(Fact.SELLING, pace(shelf.selling * 7), learned, f"{decimal(shelf.selling * 7)} a week")
    left = shelf.left_of(purchase.available)
    formula = f"{left:.1f}: those here sell on at {decimal(shelf.shoppers * 7)} shoppers a week"
    known = purchase.position.demand.yearly_mean is not None
    usual = "of " + ("the weeks ahead in an average time of year" if known else "the forecast's own average")
    sheet.add(Fact.SEASON, percent(shelf.season), _forecast(purchase.position), usual)
    sheet.add(Fact.LEFT_THEN, roughly(left), "stocking", formula)
    until, added, _ = _last(purchase, shelf)
    formula = "their rate × its pull ÷ (1 + the pulls of all there then)"
    sheet.add(Fact.NEXT_DAYS, f"{until:.0f}", learned, formula)
    sheet.add(Fact.ADDED_SALES, percent(added), learned, "the rest would have bought one of the others")


def _last(purchase: Purchase, shelf: ShelfValue) -> tuple[float, float, float]:
    """Give the days that the last unit stands, the sales it adds and the chance that it ends in the lane."""
    ahead = shelf.prospects(purchase.available, purchase.quantity)
    return float(ahead.days[-1]), float(ahead.added[-1]), 1 - float(ahead.sells[-1])


def _covering(sheet: EvidenceSheet, purchase: Purchase, position: Position) -> None:
    """Write how demand compares with what is there until the next purchase."""
    demand, source = position.demand, _forecast(position)
    until = position.lead_mean * position.growth_at(purchase.available)
    left = _left_then(purchase)
    formula = f"{left:.1f}: {purchase.available} less a demand of {decimal(until)} until then, never below none"
    sheet.add(Fact.LEFT_THEN, roughly(left), "stocking", formula)
    sheet.add(Fact.COVER_DAYS, f"{position.after_days:.0f}", "parameters", "review period + days on display")
    there = purchase.available + purchase.quantity
    more = position.growth_at(there)
    wanted = position.after_mean * more
    formula = f"{wanted:.1f}: forecast mean of {position.after_mean:.1f}"
    formula += f"; variance {decimal(demand.dispersion)} times the mean"
    if demand.usual_stock is not None:
        formula += f"; times {more:.2f} for the choice of {there} instead of the usual {demand.usual_stock:.1f}"
    sheet.add(Fact.COVER_DEMAND, roughly(wanted), source, formula, as_of=demand.as_of)


def _forecast(position: Position) -> str:
    return f"forecast ({position.demand.strategy or 'unnamed'})"


def _worth(sheet: EvidenceSheet, position: Position) -> None:
    gross, currency = position.gross, position.rooftop.currency
    if gross.today is not None:
        today = gross.today
        sheet.add(Fact.FORMER_PRICE, money(today.former, currency), "sales", "cost + front gross")
        sheet.add(Fact.MARKET_PRICE, money(today.amount, currency), "market", today.formula, as_of=today.as_of)
    sheet.add(Fact.UNIT_COST, money(gross.cost, currency), "sales and stock", gross.cost_formula)
    sheet.add(
        Fact.EXPECTED_GROSS,
        money(gross.front + gross.back, currency),
        "sales",
        f"front {money(gross.front, currency)} ({gross.front_formula}) + back {money(gross.back, currency)}",
    )
    sheet.add(Fact.HOLDING, money(position.holding.per_day, currency), "parameters", _holding_formula(position))
    if position.shelf is None:
        _newsvendor(sheet, position)


def _newsvendor(sheet: EvidenceSheet, position: Position) -> None:
    gross, worth, currency = position.gross, position.economics, position.rooftop.currency
    per_day = money(position.holding.per_day, currency)
    substitution = position.rooftop.parameters.substitution
    sheet.add(
        Fact.UNDERAGE,
        money(worth.underage, currency),
        "stocking",
        f"{percent(1 - substitution)} × {percent(1 - worth.unsold)} × "
        f"{money(gross.front + gross.back, currency)} - "
        f"{percent(worth.unsold)} × {money(worth.exit_loss, currency)} - "
        f"{worth.wait_days:.0f} days × {per_day}",
    )
    review = position.rooftop.parameters.review_days
    sheet.add(Fact.OVERAGE, money(worth.overage, currency), "stocking", f"{review:.0f} days × {per_day}")
    sheet.add(
        Fact.CRITICAL_RATIO,
        percent(position.critical_ratio),
        "stocking",
        "one too few ÷ (one too few + one too many)",
    )


def _plan(sheet: EvidenceSheet, purchase: Purchase, position: Position) -> None:
    currency = position.rooftop.currency
    sheet.add(
        Fact.TARGET,
        str(position.target),
        "stocking",
        "last unit, on the way included, that adds more than it costs"
        + (f" over {position.cover_days:.0f} days" if position.shelf is None else ""),
    )
    if position.least and position.target == position.least:
        sheet.add(Fact.PRESENCE, str(position.least), "rules", position.least_rule)
    sheet.add(
        Fact.WANTED,
        str(purchase.wanted),
        "stocking",
        "units worth the margin: "
        + (
            "sales each adds once here × one too few - the rest × one too many"
            if position.shelf is None
            else "sales each adds × gross - its days × holding"
        ),
    )
    sheet.add(Fact.MARGIN, money(position.margin, currency), "parameters", "per unit")
    sheet.add(Fact.QUANTITY, str(purchase.quantity), "stocking")
    values = " + ".join(money(value, currency) for value in purchase.values)
    sheet.add(Fact.GAIN, money(purchase.value, currency), "value", f"net of each further unit: {values}")
    sheet.add(Fact.LAST_UNIT_VALUE, money(purchase.values[-1], currency), "value", _last_formula(purchase))
    if purchase.most_to_pay is not None:
        most = money(purchase.most_to_pay, currency)
        sheet.add(Fact.MOST_TO_PAY, most, "value", "typical cost + value per unit, reconditioning included")
    how = "target ÷ demand per day" if position.shelf is None else "mean of those bought"
    sheet.add(Fact.SHELF_DAYS, f"{purchase.days_on_lot:.0f}", "stocking", how)
    per_day = purchase.value / purchase.quantity / purchase.days_on_lot
    sheet.add(Fact.VALUE_PER_DAY, money(per_day, currency), "value")
    sheet.add(Fact.PLAN_METHOD, purchase.method, "all rooftops and segments together, integer program")
    write_limits(sheet, purchase.bindings, position)


def _last_formula(purchase: Purchase) -> str | None:
    position = purchase.position
    if position.shelf is None:
        return None
    until, added, leaving = _last(purchase, position.shelf)
    earned, currency = position.gross.front + position.gross.back, position.rooftop.currency
    per_day = money(position.holding.per_day, currency)
    lane = f"{leaving:.0%} × {money(position.shelf.exit_loss, currency)} lost in the lane"
    return f"{percent(added)} × {money(earned, currency)} - {lane} - {until:.0f} days × {per_day}"


def _left_then(purchase: Purchase) -> float:
    """Give the mean of what is left when a purchase of today lands: the sum of P(at least n left) over n."""
    position = purchase.position
    count = np.arange(0, max(0, purchase.available), dtype=np.float64)
    until = position.lead_mean * position.growth_at(purchase.available)
    sold_at_most = 1 - at_least(count + 1, until, position.demand.dispersion)
    return float(sold_at_most.sum())


def _holding_formula(position: Position) -> str:
    holding, currency = position.holding, position.rooftop.currency
    return (
        f"cash: interest {money(holding.interest, currency)} + overhead {money(holding.overhead, currency)}; "
        f"economic: depreciation {money(holding.depreciation, currency)} + "
        f"worth of the place {money(holding.slot_value, currency)}"
    )
