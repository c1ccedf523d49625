"""Sales that fell through: the line stays in the ledger, marked, and the stay that it ended goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from services.inventory.domain.ledger import FALLS_THROUGH, SOLD, standing
from services.inventory.domain.life import Life
from services.inventory.domain.vehicle import Status

if TYPE_CHECKING:
    from services.inventory.domain.life import Change, Sale

NOT_LEFT: dict[str, Any] = {
    "sale_date": None,
    "sale_price": None,
    "purchase_type": None,
    "front_gross": None,
    "back_gross": None,
    "exit_date": None,
}
"""What a vehicle that is in stock has not."""


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
    lines = standing(life)
    left_by = next((sale for sale in lines if sale.sale_date == vehicle.sale_date), None)
    if left_by and named in {None, left_by.sale_date}:
        return left_by
    before = max((sale for sale in lines if sale is not left_by), key=lambda sale: sale.sale_date, default=None)
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
