"""Sales and what becomes of them: each is a line of the ledger, and stands until it is reported as unwound."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from services.inventory.domain.asking import priced
from services.inventory.domain.costs import paid_anew, worked_out
from services.inventory.domain.ledger import (
    FALLS_THROUGH,
    SOLD,
    after_sale,
    is_outdated,
    last_sale,
    line_of_earlier_stay,
    standing,
    told_before,
)
from services.inventory.domain.life import Life, Sale
from services.inventory.domain.vehicle import Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from decimal import Decimal

    from services.inventory.domain.life import Change
    from services.inventory.domain.vehicle import Vehicle

NOT_LEFT: dict[str, Any] = {
    "sale_date": None,
    "sale_price": None,
    "purchase_type": None,
    "front_gross": None,
    "back_gross": None,
    "exit_date": None,
}
"""What a vehicle that is in stock has not."""


def sold(life: Life, change: Change, was: Vehicle) -> Life:
    """End the stay by a sale, and write the ledger's line; ``was``: the vehicle as it was known before the report."""
    return _left(life, change, was, Status.SOLD)


def wholesaled(life: Life, change: Change, was: Vehicle) -> Life:
    """End the stay by a sale to the trade, and write the ledger's line; ``was`` as for a sale."""
    return _left(life, change, was, Status.WHOLESALED)


def _left(life: Life, change: Change, was: Vehicle, status: Status) -> Life:
    earlier = line_of_earlier_stay(life, change)
    told = earlier or told_before(life, change)
    outdated = told is not None and is_outdated(change, told)
    wholesale = (status is Status.WHOLESALED and not outdated) or _is_wholesale(change, told)
    if earlier is not None:
        others = tuple(sale for sale in life.sales if sale is not earlier)
        return Life(life.vehicle, (*others, _corrected(earlier, change, wholesale=wholesale)))
    facts, vehicle = change.facts, life.vehicle
    if told is not None:
        # A file that corrects the day of a sale to an earlier one stands before the wrong one: the newer file holds.
        facts = {**_of_outdated(facts, vehicle), **_figures(told)} if outdated else {**_figures(told), **facts}
    # What it is said to have been asked for at the sale may be what it went for: what was seen to be asked stands.
    if not vehicle.price_history:
        vehicle = priced(vehicle, change).altered(price_history=())
    on: date = facts.get("sale_date") or change.on
    # Reporting the same sale again, with better figures or another day, corrects the line instead of adding one.
    others = tuple(
        sale for sale in life.sales if sale.unwound_on is not None or (sale.sale_date != on and sale is not told)
    )
    past = replace(life, sales=others)
    since = after_sale(last_sale(past, before=on), facts.get("stock_date")) or vehicle.stock_date
    since = min(since, on) if since is not None else None
    if told is None and _sold_anew(was, on, facts.get("stock_date")):
        vehicle = paid_anew(vehicle, change)
    gross, stated = _front_gross(change, told, was=was, now=vehicle)
    sale = Sale(
        vehicle_key=vehicle.vehicle_key,
        dealer_id=change.dealer_id,
        event_id=change.event_id,
        sale_date=on,
        sale_price=facts.get("sale_price"),
        front_gross=gross,
        gross_stated=stated,
        back_gross=facts.get("back_gross"),
        purchase_type=facts.get("purchase_type"),
        wholesale=wholesale,
        stock_date=since,
        filed_at=_filed_at(change, told),
    )
    vehicle = vehicle.altered(
        status=Status.WHOLESALED if wholesale else status,
        dealer_id=change.dealer_id,
        stock_date=since,
        group_stock_date=min(filter(None, (vehicle.group_stock_date, since)), default=None),
        sale_date=on,
        sale_price=sale.sale_price,
        purchase_type=sale.purchase_type,
        front_gross=sale.front_gross,
        back_gross=sale.back_gross,
        exit_date=on,
    )
    return Life(vehicle, (*others, sale))


def _sold_anew(was: Vehicle, on: date, stocked: date | None) -> bool:
    """Tell whether a sale is of another stay than the last one known of, which ended by a sale too."""
    if was.status not in SOLD or was.exit_date is None:
        return False
    return on - was.exit_date > FALLS_THROUGH or (stocked is not None and stocked > was.exit_date)


def _of_outdated(facts: Mapping[str, Any], vehicle: Vehicle) -> Mapping[str, Any]:
    """Leave out the first day that an outdated file tells, where one is known."""
    return {name: value for name, value in facts.items() if name != "stock_date" or vehicle.stock_date is None}


def _filed_at(change: Change, told: Sale | None) -> datetime | None:
    known = told.filed_at if told is not None else None
    filed: datetime | None = change.facts.get("filed_at")
    return max(filed, known) if filed and known else filed or known


def _figures(line: Sale) -> Mapping[str, Any]:
    """Give what a line holds that a later report of its sale need not say again."""
    names = ("sale_date", "sale_price", "back_gross", "purchase_type")
    return {name: value for name in names if (value := getattr(line, name)) is not None}


def _front_gross(
    change: Change, told: Sale | None, *, was: Vehicle, now: Vehicle
) -> tuple[Decimal | None, bool | None]:
    """Give the gross that is stated, or was stated of this price before; else price less cost and reconditioning.

    And whether it was stated; of a line that does not say, it was where the cost before the report says otherwise.
    """
    facts = change.facts
    outdated = told is not None and is_outdated(change, told)
    stated = facts.get("front_gross")
    if stated is not None and not (outdated and _has_gross(told, facts.get("sale_price"))):
        return stated, True
    if told is None:
        return worked_out(facts.get("sale_price"), now), False
    price = facts.get("sale_price", told.sale_price)
    if outdated and told.sale_price is not None:
        price = told.sale_price
    another = told.sale_price is not None and price != told.sale_price
    if told.front_gross is None or another or told.gross_stated is False:
        return worked_out(price, now), False
    if told.gross_stated or told.front_gross != worked_out(price, was):
        return told.front_gross, told.gross_stated
    return worked_out(price, now), False


def _has_gross(line: Sale | None, price: Decimal | None) -> bool:
    """Tell whether a line has a gross that an outdated file, of another price or of none, knows no better."""
    return line is not None and (bool(line.gross_stated) or line.sale_price not in {None, price})


def reckoned_anew(life: Life) -> Life:
    """Work out the gross of the sale by which a vehicle left by the cost known now, unless it was stated."""
    vehicle = life.vehicle
    left_by = next((sale for sale in standing(life) if sale.sale_date == vehicle.sale_date), None)
    if vehicle.status not in SOLD or left_by is None or left_by.gross_stated is not False:
        return life
    gross = worked_out(left_by.sale_price, vehicle)
    sales = tuple(replace(sale, front_gross=gross) if sale is left_by else sale for sale in life.sales)
    return Life(vehicle.altered(front_gross=gross), sales)


def _corrected(line: Sale, change: Change, *, wholesale: bool) -> Sale:
    """Give the line of an earlier stay with what is told of it anew; that stay's cost is not known any more."""
    names = ("sale_price", "front_gross", "back_gross", "purchase_type")
    told = {name: change.facts[name] for name in names if change.facts.get(name) is not None}
    if is_outdated(change, line):
        told = {name: value for name, value in told.items() if getattr(line, name) is None}
        return replace(line, **told)
    on = change.facts.get("sale_date") or line.sale_date
    stated = True if "front_gross" in told else line.gross_stated
    if stated is False and line.front_gross is not None and line.sale_price is not None and "sale_price" in told:
        told["front_gross"] = line.front_gross + told["sale_price"] - line.sale_price
    return replace(
        line, filed_at=_filed_at(change, line), sale_date=on, wholesale=wholesale, gross_stated=stated, **told
    )


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


def _is_wholesale(change: Change, told: Sale | None) -> bool:
    purchase_type = change.facts.get("purchase_type")
    if told is not None and (purchase_type is None or is_outdated(change, told)):
        return told.wholesale
    return (purchase_type or "").strip().lower() in {"wholesale", "auction"}
