"""Sales: each is a line of the ledger, which whatever is told of it again corrects."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from services.inventory.domain.asking import priced
from services.inventory.domain.costs import paid_anew
from services.inventory.domain.grosses import front_gross
from services.inventory.domain.ledger import (
    FALLS_THROUGH,
    SOLD,
    after_sale,
    is_outdated,
    last_sale,
    line_of_earlier_stay,
    told_before,
)
from services.inventory.domain.life import Life, Sale
from services.inventory.domain.vehicle import Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from services.inventory.domain.life import Change
    from services.inventory.domain.vehicle import Vehicle


def sold(life: Life, change: Change, was: Vehicle) -> Life:
    """End the stay by a sale, and write the ledger's line; ``was``: the vehicle as it was known before the report."""
    return _left(life, change, was, trade=False)


def wholesaled(life: Life, change: Change, was: Vehicle) -> Life:
    """End the stay by a sale to the trade, and write the ledger's line; ``was`` as for a sale."""
    return _left(life, change, was, trade=True)


def _left(life: Life, change: Change, was: Vehicle, *, trade: bool) -> Life:
    earlier = line_of_earlier_stay(life, change)
    told = earlier or told_before(life, change)
    outdated = told is not None and is_outdated(change, told)
    wholesale = (trade and not outdated) or _is_wholesale(change, told)
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
    gross, stated = front_gross(change, told, was=was, now=vehicle)
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
        status=Status.WHOLESALED if wholesale else Status.SOLD,
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


def _is_wholesale(change: Change, told: Sale | None) -> bool:
    purchase_type = change.facts.get("purchase_type")
    if told is not None and (purchase_type is None or is_outdated(change, told)):
        return told.wholesale
    return (purchase_type or "").strip().lower() in {"wholesale", "auction"}
