"""What a vehicle was asked for, and since when each price is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.inventory.domain.vehicle import Status

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from services.inventory.domain.life import Change
    from services.inventory.domain.vehicle import Vehicle

MOST_PRICES = 60
"""Asking prices that are kept of a stay: a price a week for a year."""


def priced(vehicle: Vehicle, change: Change) -> Vehicle:
    """Take the asking price that a report tells of, if it tells of one that shoppers saw."""
    price, told = change.facts.get("list_price"), vehicle.price_history
    if price is None or (price == vehicle.list_price and told and told[-1][1] == price):
        return vehicle
    known: date = change.facts.get("priced_on") or change.on
    if told and (known < told[-1][0] or vehicle.status in {Status.SOLD, Status.WHOLESALED}):
        # An older price, told later; or one told once it was sold, which no shopper saw on the lot.
        return vehicle
    # The first price is no price move: the cooling period starts with a change.
    moved = known if vehicle.list_price not in {None, price} else vehicle.priced_on
    return vehicle.altered(list_price=price, priced_on=moved, price_history=_asked(told, known, price))


def _asked(told: tuple[tuple[date, Decimal], ...], on: date, price: Decimal) -> tuple[tuple[date, Decimal], ...]:
    """Add an asking price; of one day the last holds, and zero is none."""
    if not price:
        return told
    before = told[:-1] if told and told[-1][0] == on else told
    return (*before, (on, price))[-MOST_PRICES:]
