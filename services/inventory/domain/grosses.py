"""The front gross of a sale: as it was stated, or worked out of price and cost for as long as those change."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.inventory.domain.costs import worked_out
from services.inventory.domain.ledger import SOLD, is_outdated, standing
from services.inventory.domain.life import Life

if TYPE_CHECKING:
    from decimal import Decimal

    from services.inventory.domain.life import Change, Sale
    from services.inventory.domain.vehicle import Vehicle


def front_gross(
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
