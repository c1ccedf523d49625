"""Folding what was reported of a vehicle, in order, into its state and its sales."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from services.inventory.domain.asking import priced
from services.inventory.domain.costs import anew, described_by, resumed
from services.inventory.domain.grosses import reckoned_anew
from services.inventory.domain.ledger import (
    SOLD,
    day_after_sale,
    is_outdated,
    line_of_earlier_stay,
    since_sold,
    told_before,
)
from services.inventory.domain.life import Change, Ended, Life
from services.inventory.domain.selling import sold, wholesaled
from services.inventory.domain.unwinding import NOT_LEFT, unwound
from services.inventory.domain.vehicle import Status, Vehicle

if TYPE_CHECKING:
    from collections.abc import Iterable

RETURN_GRACE = timedelta(days=14)
"""A unit that vanished from a feed and is back within this time never left."""


def fold(vehicle_key: str, start: Life | None, changes: Iterable[Change]) -> Life:
    """Apply changes in per-vehicle order to a starting state (None: never heard of).

    Changes older than the starting state must not be given: fold the whole history anew for those.
    """
    life = start
    ended: list[Ended] = []
    undone: date | None = None
    for change in sorted(changes, key=lambda change: change.order):
        before, life = life, _apply(vehicle_key, life, change)
        if before is None:
            continue
        was, now = before.vehicle, life.vehicle
        if _undoings(life) > _undoings(before):
            undone = was.exit_date if now.status is Status.IN_STOCK else None
            for one in [one for one in ended if _never_ended(one, now)]:
                ended.remove(one)
                life = reckoned_anew(replace(life, vehicle=resumed(life.vehicle, one.vehicle)))
            now = life.vehicle
        if _another_stay(was, now) or _stocked_since(undone, was, now):
            ended.append(Ended(was, now.stock_date or change.on))
            undone = None
    if life is None:
        message = f"{vehicle_key}: nothing to fold"
        raise ValueError(message)
    # How it stood at the start is known; told once more it need be where a further stay came between.
    known = start is not None and [one.vehicle for one in ended] == [start.vehicle]
    return Life(life.vehicle, life.sales, () if known else tuple(ended))


def _undoings(life: Life) -> int:
    return sum(sale.unwound_on is not None for sale in life.sales)


def _never_ended(one: Ended, now: Vehicle) -> bool:
    """Tell whether a stay that ended by a sale goes on, since that sale was undone when the car was back already."""
    left, since = one.vehicle.exit_date, now.stock_date
    return one.vehicle.dealer_id == now.dealer_id and left is not None and since is not None and since <= left


def _stocked_since(undone: date | None, before: Vehicle, now: Vehicle) -> bool:
    """Tell whether a vehicle, back because its sale was undone, was stocked anew after the day of that sale."""
    if undone is None or now.stock_date is None or now.stock_date <= undone:
        return False
    return before.stock_date is None or before.stock_date <= undone


def _another_stay(before: Vehicle, now: Vehicle) -> bool:
    """Tell whether a vehicle is at another rooftop, or was stocked again since it left."""
    if before.status is Status.ON_ORDER:
        return False
    if now.dealer_id != before.dealer_id:
        return True
    left, came = before.exit_date, now.stock_date
    if left is None or came is None or came <= left:
        return False
    return before.status is not Status.DEPARTED or came - left > RETURN_GRACE


def _apply(vehicle_key: str, life: Life | None, change: Change) -> Life:
    vehicle = life.vehicle if life else _unknown(vehicle_key, change)
    sales = life.sales if life else ()
    described = described_by(vehicle, change)
    leaving = _SALES.get(change.kind)
    if life and leaving and line_of_earlier_stay(life, change):
        described = {}  # the car as it was then
    elif life and leaving and (told := told_before(life, change)) and is_outdated(change, told):
        described = {name: value for name, value in described.items() if vars(vehicle)[name] is None}
    was = vehicle
    vehicle = vehicle.altered(**described, last_at=change.at, last_id=change.event_id, received_at=change.received_at)
    if leaving is not None:
        return leaving(Life(vehicle, sales), change, was)
    step = _STEPS.get(change.kind)
    if step is None:
        return Life(priced(vehicle, change), sales)
    return step(Life(vehicle, sales), change)


def _unknown(vehicle_key: str, change: Change) -> Vehicle:
    return Vehicle(
        vehicle_key=vehicle_key,
        dealer_id=change.dealer_id,
        status=Status.IN_STOCK,
        last_at=change.at,
        last_id=change.event_id,
    )


def _stocked(life: Life, change: Change) -> Life:
    vehicle = life.vehicle
    reported = since_sold(life, change.facts.get("stock_date"))
    came_back = vehicle.exit_date is not None and change.on - vehicle.exit_date <= RETURN_GRACE
    # Some systems report no transfer, only the arrival at the other rooftop.
    moved = vehicle.dealer_id != change.dealer_id
    if vehicle.status is Status.IN_STOCK or (vehicle.status is Status.DEPARTED and came_back):
        vehicle = priced(vehicle, change)
        since = reported or (None if moved else vehicle.stock_date) or change.on
        group_since = min(vehicle.group_stock_date or since, since)
    else:
        since = group_since = reported or day_after_sale(life, change.on)
        vehicle = priced(anew(vehicle, change, reported), change)
    vehicle = vehicle.altered(
        status=Status.IN_STOCK,
        previous_dealer_id=vehicle.dealer_id if moved else vehicle.previous_dealer_id,
        dealer_id=change.dealer_id,
        stock_date=since,
        group_stock_date=group_since,
        **NOT_LEFT,
    )
    return Life(vehicle, life.sales)


def _updated(life: Life, change: Change) -> Life:
    """Correct what was said before; of a unit that never moved, the first day at the group is corrected too."""
    vehicle = priced(life.vehicle, change)
    since = since_sold(life, change.facts.get("stock_date"))
    if vehicle.status in SOLD:
        return reckoned_anew(Life(vehicle, life.sales))
    if since is None or vehicle.status is not Status.IN_STOCK:
        return Life(vehicle, life.sales)
    moved = vehicle.previous_dealer_id is not None and vehicle.group_stock_date is not None
    group_since = min(vehicle.group_stock_date or since, since) if moved else since
    return Life(vehicle.altered(stock_date=since, group_stock_date=group_since), life.sales)


def _transferred(life: Life, change: Change) -> Life:
    vehicle = life.vehicle
    destination = change.facts.get("destination_dealer_id")
    if destination is None or destination == vehicle.dealer_id:
        return Life(priced(vehicle, change), life.sales)
    vehicle = priced(anew(vehicle, change, None) if vehicle.status in SOLD else vehicle, change)
    since = day_after_sale(life, change.on)
    vehicle = vehicle.altered(
        status=Status.IN_STOCK,
        previous_dealer_id=vehicle.dealer_id,
        dealer_id=destination,
        stock_date=since,
        group_stock_date=min(vehicle.group_stock_date or vehicle.stock_date or since, since),
        **NOT_LEFT,
    )
    return Life(vehicle, life.sales)


def _departed(life: Life, change: Change) -> Life:
    if life.vehicle.status in SOLD or life.vehicle.status is Status.DEPARTED:
        return life  # it left the feed because it was sold, or is told once more to have left: no news
    if life.vehicle.dealer_id != change.dealer_id:
        return life  # it left the feed of a rooftop because it went to another, where it stands
    return Life(life.vehicle.altered(status=Status.DEPARTED, exit_date=change.on), life.sales)


def _ordered(life: Life, change: Change) -> Life:
    if life.vehicle.stock_date is not None or life.vehicle.exit_date is not None:
        return Life(priced(life.vehicle, change), life.sales)  # an echo: it came, or was sold, since
    return Life(priced(life.vehicle, change).altered(status=Status.ON_ORDER), life.sales)


def _fulfilled(life: Life, change: Change) -> Life:
    """One unit of an order has come: it is a vehicle of its own now."""
    if life.vehicle.status is not Status.ON_ORDER:
        return life
    left = life.vehicle.quantity - 1
    if left > 0:
        return Life(life.vehicle.altered(quantity=left), life.sales)
    return Life(life.vehicle.altered(status=Status.DEPARTED, exit_date=change.on), life.sales)


def _engaged(life: Life, change: Change) -> Life:
    leads = change.facts.get("leads")
    return life if leads is None else Life(life.vehicle.altered(leads=leads), life.sales)


_SALES = {"vehicle.sold": sold, "vehicle.wholesaled": wholesaled}

_STEPS = {
    "vehicle.stocked": _stocked,
    "order.received": _stocked,
    "vehicle.updated": _updated,
    "vehicle.transferred": _transferred,
    "vehicle.sale_unwound": unwound,
    "vehicle.departed": _departed,
    "order.placed": _ordered,
    "order.fulfilled": _fulfilled,
    "engagement.daily": _engaged,
}
