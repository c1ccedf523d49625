"""Sales and what becomes of them: each is a line of the ledger, and stands until it is reported as unwound."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from services.inventory.domain.asking import priced
from services.inventory.domain.life import Life, Sale
from services.inventory.domain.vehicle import Status

if TYPE_CHECKING:
    from services.inventory.domain.life import Change

SOLD = frozenset({Status.SOLD, Status.WHOLESALED})
FALLS_THROUGH = timedelta(days=30)
"""Deals fall through within weeks: when financing is refused, or while the buyer may return the car."""
_DAY = timedelta(days=1)
NOT_LEFT: dict[str, Any] = {
    "sale_date": None,
    "sale_price": None,
    "purchase_type": None,
    "front_gross": None,
    "back_gross": None,
    "exit_date": None,
}
"""What a vehicle that is in stock has not."""


def sold(life: Life, change: Change) -> Life:
    """End the stay by a sale, and write the ledger's line."""
    return _left(life, change, Status.SOLD, wholesale=_is_wholesale(change.facts.get("purchase_type")))


def wholesaled(life: Life, change: Change) -> Life:
    """End the stay by a sale to the trade, and write the ledger's line."""
    return _left(life, change, Status.WHOLESALED, wholesale=True)


def _left(life: Life, change: Change, status: Status, *, wholesale: bool) -> Life:
    facts = change.facts
    # What it is said to have been asked for at the sale may be what it went for: what was seen to be asked stands.
    vehicle = life.vehicle
    if not vehicle.price_history:
        vehicle = priced(vehicle, change).altered(price_history=())
    on: date = facts.get("sale_date") or change.on
    # Reporting the same sale again, with better figures, corrects the line instead of adding one.
    others = tuple(sale for sale in life.sales if sale.unwound_on is not None or sale.sale_date != on)
    if line := line_of_earlier_stay(life, change):
        return Life(life.vehicle, (*others, _corrected(line, change, wholesale=wholesale)))
    since = _after_sale(_last_sale(life, before=on), facts.get("stock_date")) or vehicle.stock_date
    since = min(since, on) if since is not None else None
    gross = facts.get("front_gross")
    price, cost = facts.get("sale_price"), vehicle.cost
    if gross is None and price is not None and cost is not None:
        gross = price - cost - (vehicle.recon_cost or Decimal(0))
    sale = Sale(
        vehicle_key=vehicle.vehicle_key,
        dealer_id=change.dealer_id,
        event_id=change.event_id,
        sale_date=on,
        sale_price=price,
        front_gross=gross,
        back_gross=facts.get("back_gross"),
        purchase_type=facts.get("purchase_type"),
        wholesale=wholesale,
        stock_date=since,
    )
    vehicle = vehicle.altered(
        status=Status.WHOLESALED if wholesale else status,
        dealer_id=change.dealer_id,
        stock_date=since,
        group_stock_date=min(filter(None, (vehicle.group_stock_date, since)), default=None),
        sale_date=on,
        sale_price=price,
        purchase_type=sale.purchase_type,
        front_gross=gross,
        back_gross=sale.back_gross,
        exit_date=on,
    )
    return Life(vehicle, (*others, sale))


def line_of_earlier_stay(life: Life, change: Change) -> Sale | None:
    """Give the line that a sale reported once more is of, where another stay at its rooftop has begun since."""
    on: date = change.facts.get("sale_date") or change.on
    line = next(
        (sale for sale in _standing(life) if (sale.sale_date, sale.dealer_id) == (on, change.dealer_id)), None
    )
    return line if life.vehicle.stock_date and life.vehicle.stock_date > on else None


def _corrected(line: Sale, change: Change, *, wholesale: bool) -> Sale:
    """Give the line of an earlier stay with what is told of it anew; that stay's cost is not known any more."""
    names = ("sale_price", "front_gross", "back_gross", "purchase_type")
    told = {name: change.facts[name] for name in names if change.facts.get(name) is not None}
    return replace(line, wholesale=wholesale, **told)


def unwound(life: Life, change: Change) -> Life:
    """Mark the line of a sale that fell through: the stay goes on, also where it was told to be back before."""
    vehicle = life.vehicle
    undone = _undone_by(life, change)
    if undone is None:
        return life
    sales = tuple(replace(sale, unwound_on=change.on) if sale == undone else sale for sale in life.sales)
    if vehicle.status in SOLD and vehicle.sale_date == undone.sale_date:
        return Life(vehicle.altered(status=Status.IN_STOCK, **NOT_LEFT), sales)
    # It was told to be back, or even sold again, before it was told why: it never left.
    since = undone.stock_date or undone.sale_date
    sales = tuple(replace(sale, stock_date=since) if sale.sale_date == vehicle.sale_date else sale for sale in sales)
    vehicle = vehicle.altered(stock_date=since, group_stock_date=min(vehicle.group_stock_date or since, since))
    return Life(vehicle, sales)


def _undone_by(life: Life, change: Change) -> Sale | None:
    """Give the sale that fell through: that by which it left, or the one before the present stay at this rooftop."""
    vehicle, named = life.vehicle, change.facts.get("sale_date")
    standing = _standing(life)
    left_by = next((sale for sale in standing if sale.sale_date == vehicle.sale_date), None)
    if left_by and named in {None, left_by.sale_date}:
        return left_by
    before = max((sale for sale in standing if sale is not left_by), key=lambda sale: sale.sale_date, default=None)
    if before and (before.dealer_id != vehicle.dealer_id or vehicle.status not in {Status.IN_STOCK, *SOLD}):
        before = None
    if named is not None:
        if before and named == before.sale_date:
            return before
        # Some date a deal by its delivery; but a day that another sale has is that sale's.
        return None if any(sale.sale_date == named for sale in life.sales) else left_by
    if before is None or change.on - before.sale_date > FALLS_THROUGH:
        return None
    # Told once more, an undoing is that of the sale that was undone last.
    return None if any(sale.unwound_on and sale.sale_date > before.sale_date for sale in life.sales) else before


def since_sold(life: Life, reported: date | None) -> date | None:
    """Give the first day that a car in stock is said to have; None where it was sold since, which stands.

    Systems carry the first stay's day on to the next one. A sale that fell through is reported as unwound.
    """
    return _after_sale(_last_sale(life), reported)


def day_after_sale(life: Life, on: date) -> date:
    """Give the day of a report, or the next: stocked on the day on which it was sold, the sale would look undone.

    Of a sale that is dated further ahead than the clocks of the world differ, nothing is concluded.
    """
    last = _last_sale(life)
    return last.sale_date + _DAY if last and on <= last.sale_date <= on + _DAY else on


def _after_sale(sale: Sale | None, reported: date | None) -> date | None:
    """Leave out a first day that is before a sale; on the day of the sale it is that after it."""
    if sale is None or reported is None or reported > sale.sale_date:
        return reported
    return reported + _DAY if reported == sale.sale_date else None


def _last_sale(life: Life, before: date = date.max) -> Sale | None:
    standing = (sale for sale in _standing(life) if sale.sale_date < before)
    return max(standing, key=lambda sale: sale.sale_date, default=None)


def _standing(life: Life) -> list[Sale]:
    return [sale for sale in life.sales if sale.unwound_on is None]


def _is_wholesale(purchase_type: str | None) -> bool:
    return (purchase_type or "").strip().lower() in {"wholesale", "auction"}
