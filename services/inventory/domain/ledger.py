"""Reading the sales ledger of a vehicle: which line a report is about, and what a sale says of the stay after it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from services.inventory.domain.vehicle import Status

if TYPE_CHECKING:
    from services.inventory.domain.life import Change, Life, Sale

SOLD = frozenset({Status.SOLD, Status.WHOLESALED})
FALLS_THROUGH = timedelta(days=30)
"""Deals fall through within weeks: when financing is refused, or while the buyer may return the car."""
_DAY = timedelta(days=1)


def standing(life: Life) -> list[Sale]:
    """Give the sales that were not undone."""
    return [sale for sale in life.sales if sale.unwound_on is None]


def last_sale(life: Life, before: date = date.max) -> Sale | None:
    """Give the last standing sale before a day."""
    sales = (sale for sale in standing(life) if sale.sale_date < before)
    return max(sales, key=lambda sale: sale.sale_date, default=None)


def told_before(life: Life, change: Change) -> Sale | None:
    """Give the line of the sale by which the vehicle left, where a report tells of that sale once more.

    Systems tell of a sale again as its figures come in, with another day or none, and list a sold car for weeks: it
    cannot be sold twice without having come back. A day further off than deals fall through is another sale's.
    """
    vehicle, named = life.vehicle, change.facts.get("sale_date")
    if vehicle.status not in SOLD:
        return None
    left_by = (vehicle.sale_date, change.dealer_id)
    line = next((sale for sale in standing(life) if (sale.sale_date, sale.dealer_id) == left_by), None)
    if line is None or _sells_anew(line, change):
        return None
    if named not in {None, line.sale_date} and any(sale.sale_date == named for sale in standing(life)):
        return None  # that is another sale's day
    return line


def is_outdated(change: Change, line: Sale) -> bool:
    """Tell whether a report is a row of an older file than one that told of the same sale."""
    filed = change.facts.get("filed_at")
    return filed is not None and line.filed_at is not None and filed < line.filed_at


def line_of_earlier_stay(life: Life, change: Change) -> Sale | None:
    """Give the line that a sale reported once more is of, where another stay has begun since, there or elsewhere."""
    since, named = life.vehicle.stock_date, change.facts.get("sale_date")
    if since is None:
        return None
    there = [sale for sale in standing(life) if sale.dealer_id == change.dealer_id]
    if named is None and change.dealer_id != life.vehicle.dealer_id:
        last = max((sale for sale in there if sale.sale_date <= since), key=lambda sale: sale.sale_date, default=None)
        return None if last is None or _sells_anew(last, change) else last
    on: date = named or change.on
    nearest = min(there, key=lambda sale: abs(sale.sale_date - on), default=None)
    if since <= on or nearest is None or nearest.sale_date >= since:
        return None
    within = nearest.stock_date is not None and nearest.stock_date <= on
    return nearest if on == nearest.sale_date or (within and abs(nearest.sale_date - on) <= FALLS_THROUGH) else None


def _sells_anew(last: Sale, change: Change) -> bool:
    """Tell whether a report is of another sale than the last one known of at its rooftop."""
    facts = change.facts
    stocked: date | None = facts.get("stock_date")
    if stocked is not None and stocked > last.sale_date:
        return True
    # A list of sold cars names neither day nor price, for as long as it has them.
    told: date | None = facts.get("sale_date") or (change.on if "sale_price" in facts else None)
    return told is not None and abs(told - last.sale_date) > FALLS_THROUGH


def since_sold(life: Life, reported: date | None) -> date | None:
    """Give the first day that a car in stock is said to have; None where it was sold since, which stands.

    Systems carry the first stay's day on to the next one. A sale that fell through is reported as unwound.
    """
    return after_sale(last_sale(life), reported)


def day_after_sale(life: Life, on: date) -> date:
    """Give the day of a report, or the next: stocked on the day on which it was sold, the sale would look undone.

    Of a sale that is dated further ahead than the clocks of the world differ, nothing is concluded.
    """
    last = last_sale(life)
    return last.sale_date + _DAY if last and on <= last.sale_date <= on + _DAY else on


def after_sale(sale: Sale | None, reported: date | None) -> date | None:
    """Leave out a first day that is before a sale; on the day of the sale it is that after it."""
    if sale is None or reported is None or reported > sale.sale_date:
        return reported
    return reported + _DAY if reported == sale.sale_date else None
