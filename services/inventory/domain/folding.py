"""Folding what was reported of a vehicle, in order, into its state and its sales."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from services.inventory.domain.life import Change, Ended, Life, Sale
from services.inventory.domain.vehicle import DESCRIPTION, Status, Vehicle

if TYPE_CHECKING:
    from collections.abc import Iterable

RETURN_GRACE = timedelta(days=14)
"""A unit that vanished from a feed and is back within this time never left."""
_DAY = timedelta(days=1)
_SOLD = frozenset({Status.SOLD, Status.WHOLESALED})
MOST_PRICES = 60
"""Asking prices that are kept of a stay: a price a week for a year."""


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
        if life.sales != before.sales and now.status is Status.IN_STOCK:
            undone = was.exit_date
        if _another_stay(was, now) or _stocked_since(undone, was, now):
            ended.append(Ended(was, now.stock_date or change.on))
            undone = None
    if life is None:
        message = f"{vehicle_key}: nothing to fold"
        raise ValueError(message)
    # How it stood at the start is known; told once more it need be where a further stay came between.
    known = start is not None and [one.vehicle for one in ended] == [start.vehicle]
    return Life(life.vehicle, life.sales, () if known else tuple(ended))


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
    described = {name: value for name, value in change.facts.items() if name in DESCRIPTION}
    vehicle = vehicle.altered(**described, last_at=change.at, last_id=change.event_id, received_at=change.received_at)
    step = _STEPS.get(change.kind)
    if step is None:
        return Life(_priced(vehicle, change), sales)
    return step(Life(vehicle, sales), change)


def _unknown(vehicle_key: str, change: Change) -> Vehicle:
    return Vehicle(
        vehicle_key=vehicle_key,
        dealer_id=change.dealer_id,
        status=Status.IN_STOCK,
        last_at=change.at,
        last_id=change.event_id,
    )


def _priced(vehicle: Vehicle, change: Change) -> Vehicle:
    price, told = change.facts.get("list_price"), vehicle.price_history
    if price is None or (price == vehicle.list_price and told and told[-1][1] == price):
        return vehicle
    known: date = change.facts.get("priced_on") or change.on
    if told and (known < told[-1][0] or vehicle.status in _SOLD):
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


def _stocked(life: Life, change: Change) -> Life:
    vehicle = life.vehicle
    reported = _since_sold(life, change.facts.get("stock_date"))
    came_back = vehicle.exit_date is not None and change.on - vehicle.exit_date <= RETURN_GRACE
    # Some systems report no transfer, only the arrival at the other rooftop.
    moved = vehicle.dealer_id != change.dealer_id
    if vehicle.status is Status.IN_STOCK or (vehicle.status is Status.DEPARTED and came_back):
        vehicle = _priced(vehicle, change)
        since = reported or (None if moved else vehicle.stock_date) or change.on
        group_since = min(vehicle.group_stock_date or since, since)
    else:
        since = group_since = reported or _day_after_sale(life, change.on)
        vehicle = _priced(vehicle.altered(price_history=()), change)  # another stay, with prices of its own
    vehicle = vehicle.altered(
        status=Status.IN_STOCK,
        previous_dealer_id=vehicle.dealer_id if moved else vehicle.previous_dealer_id,
        dealer_id=change.dealer_id,
        stock_date=since,
        group_stock_date=group_since,
        **_NOT_LEFT,
    )
    return Life(vehicle, life.sales)


def _since_sold(life: Life, reported: date | None) -> date | None:
    """Give the first day that a car in stock is said to have; None where it was sold since, which stands.

    Systems carry the first stay's day on to the next one. A sale that fell through is reported as unwound.
    """
    sold = _sold_last(life)
    return None if reported is not None and sold is not None and reported <= sold else reported


def _day_after_sale(life: Life, on: date) -> date:
    """Give the day of a report, or the next: stocked again on the day of its sale, the sale would look undone.

    Of a sale that is dated further ahead than the clocks of the world differ, nothing is concluded.
    """
    sold = _sold_last(life)
    return sold + _DAY if sold is not None and on <= sold <= on + _DAY else on


def _sold_last(life: Life) -> date | None:
    return max((sale.sale_date for sale in life.sales if sale.unwound_on is None), default=None)


def _updated(life: Life, change: Change) -> Life:
    """Correct what was said before; of a unit that never moved, the first day at the group is corrected too."""
    vehicle = _priced(life.vehicle, change)
    since = _since_sold(life, change.facts.get("stock_date"))
    if since is None or vehicle.status is not Status.IN_STOCK:
        return Life(vehicle, life.sales)
    moved = vehicle.previous_dealer_id is not None and vehicle.group_stock_date is not None
    group_since = min(vehicle.group_stock_date or since, since) if moved else since
    return Life(vehicle.altered(stock_date=since, group_stock_date=group_since), life.sales)


def _transferred(life: Life, change: Change) -> Life:
    vehicle = _priced(life.vehicle, change)
    destination = change.facts.get("destination_dealer_id")
    if destination is None or destination == vehicle.dealer_id:
        return Life(vehicle, life.sales)
    since = _day_after_sale(life, change.on)
    vehicle = vehicle.altered(
        status=Status.IN_STOCK,
        previous_dealer_id=vehicle.dealer_id,
        dealer_id=destination,
        stock_date=since,
        group_stock_date=min(vehicle.group_stock_date or vehicle.stock_date or since, since),
        **_NOT_LEFT,
    )
    return Life(vehicle, life.sales)


def _sold(life: Life, change: Change) -> Life:
    return _left(life, change, Status.SOLD, wholesale=_is_wholesale(change.facts.get("purchase_type")))


def _wholesaled(life: Life, change: Change) -> Life:
    return _left(life, change, Status.WHOLESALED, wholesale=True)


def _left(life: Life, change: Change, status: Status, *, wholesale: bool) -> Life:
    facts = change.facts
    # What it is said to have been asked for at the sale may be what it went for: what was seen to be asked stands.
    vehicle = life.vehicle
    if not vehicle.price_history:
        vehicle = _priced(vehicle, change).altered(price_history=())
    on: date = facts.get("sale_date") or change.on
    since = facts.get("stock_date") or vehicle.stock_date
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
    # Reporting the same sale again, with better figures, corrects the line instead of adding one.
    others = tuple(s for s in life.sales if s.unwound_on is not None or s.sale_date != on)
    return Life(vehicle, (*others, sale))


def _unwound(life: Life, change: Change) -> Life:
    vehicle = life.vehicle
    if vehicle.status not in _SOLD:
        return life
    sales = tuple(
        replace(sale, unwound_on=change.on)
        if sale.unwound_on is None and sale.sale_date == vehicle.sale_date
        else sale
        for sale in life.sales
    )
    return Life(vehicle.altered(status=Status.IN_STOCK, **_NOT_LEFT), sales)


def _departed(life: Life, change: Change) -> Life:
    if life.vehicle.status in _SOLD:
        return life  # it left the feed because it was sold: no news
    return Life(life.vehicle.altered(status=Status.DEPARTED, exit_date=change.on), life.sales)


def _ordered(life: Life, change: Change) -> Life:
    if life.vehicle.stock_date is not None or life.vehicle.exit_date is not None:
        return Life(_priced(life.vehicle, change), life.sales)  # an echo: it came, or was sold, since
    return Life(_priced(life.vehicle, change).altered(status=Status.ON_ORDER), life.sales)


def _fulfilled(life: Life, change: Change) -> Life:
    """One unit of an order has come: it is a vehicle of its own now."""
    left = life.vehicle.quantity - 1
    if left > 0:
        return Life(life.vehicle.altered(quantity=left), life.sales)
    return Life(life.vehicle.altered(status=Status.DEPARTED, exit_date=change.on), life.sales)


def _engaged(life: Life, change: Change) -> Life:
    leads = change.facts.get("leads")
    return life if leads is None else Life(life.vehicle.altered(leads=leads), life.sales)


def _is_wholesale(purchase_type: str | None) -> bool:
    return (purchase_type or "").strip().lower() in {"wholesale", "auction"}


_NOT_LEFT: dict[str, Any] = {
    "sale_date": None,
    "sale_price": None,
    "purchase_type": None,
    "front_gross": None,
    "back_gross": None,
    "exit_date": None,
}

_STEPS = {
    "vehicle.stocked": _stocked,
    "order.received": _stocked,
    "vehicle.updated": _updated,
    "vehicle.transferred": _transferred,
    "vehicle.sold": _sold,
    "vehicle.wholesaled": _wholesaled,
    "vehicle.sale_unwound": _unwound,
    "vehicle.departed": _departed,
    "order.placed": _ordered,
    "order.fulfilled": _fulfilled,
    "engagement.daily": _engaged,
}
