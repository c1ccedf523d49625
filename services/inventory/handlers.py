"""Kafka in: what a dealer's system reported becomes vehicle state, history and sales."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from services.inventory import store
from services.inventory.domain import Change, Dealer, Life, fold, is_late, refold
from services.inventory.store import Key, OpenOrder
from services.inventory.translate import change_of, order_key, updates
from shared.events import DmsEventKind, DmsEventReceived
from shared.events.topics import DMS_EVENT_RECEIVED
from shared.messaging import EventRouter, Transaction
from shared.postgres.pool import Connection

router = EventRouter("inventory")
_ARRIVALS = frozenset({DmsEventKind.STOCKED, DmsEventKind.ORDER_RECEIVED})
_BY_VIN = _ARRIVALS | {DmsEventKind.ORDER_PLACED}
"""What tells that an order without a VIN is a vehicle of its own by now."""
_HISTORIES = 100
"""Vehicles of which everything ever reported, which may be hundreds of reports, is in memory at once."""
_OF_ORDERS = frozenset({DmsEventKind.UPDATED, DmsEventKind.PRICED, DmsEventKind.DEPARTED})
"""What may be said of an order by its number alone; a sale is of a vehicle that came."""
Numbered = tuple[UUID, UUID, str]
"""Tenant, dealer and the number that a rooftop calls a vehicle, or an order, by."""


@router.on(DMS_EVENT_RECEIVED)
async def on_dms_event_received(events: Sequence[DmsEventReceived], tx: Transaction) -> None:
    """Fold new reports into their vehicles; one with several reports is published once for each stay they tell of."""
    connection = tx.connection
    dealers = await store.load_dealers(connection)
    if news := {key: dealer for key, dealer in _dealers(events).items() if dealers.get(key) != dealer}:
        await store.remember_dealers(connection, news.values())
        dealers |= news
    changes, causes = await _by_vehicle(events, tx)
    lives = await store.load_lives(connection, changes)
    if unknown := [key for key in changes if key not in lives]:
        # No row to lock yet: another replica may be told of the same VIN by another rooftop right now.
        await store.claim(connection, unknown)
        lives |= await store.load_lives(connection, unknown)
    late = [key for key, new in changes.items() if (life := lives.get(key)) and is_late(life, new)]
    retold: dict[Key, Life] = {}
    for start in range(0, len(late), _HISTORIES):
        retold |= await _retold(connection, late[start : start + _HISTORIES], changes)
    await store.record(connection, changes)
    after: dict[Key, Life] = {}
    for key, new in changes.items():
        before = lives.get(key)
        life = retold[key] if key in retold else fold(key[1], before, new)
        after[key] = life.versioned(before.vehicle.version if before else 0)
    await store.save_vehicles(connection, after)
    sold = {key for key, life in after.items() if life.sales != (lives[key].sales if key in lives else ())}
    await store.save_sales(connection, {key: after[key].sales for key in sold})
    for key, life in after.items():
        for event in updates(key[0], life, dealers, changes[key]):
            tx.emit(event, caused_by=causes[key])


async def _retold(
    connection: Connection, keys: Sequence[Key], changes: Mapping[Key, list[Change]]
) -> dict[Key, Life]:
    """Tell lives from their beginning, with what was reported now."""
    histories = await store.load_history(connection, keys)
    return {key: refold(key[1], history, changes[key]) for key, history in histories.items()}


async def _by_vehicle(
    events: Sequence[DmsEventReceived], tx: Transaction
) -> tuple[dict[Key, list[Change]], dict[Key, UUID]]:
    numbered = [
        (e.tenant_id, e.dealer_id, e.stock_number or e.subject or "")
        for e in events
        if e.vin is None and not _is_order(e)
    ]
    known = await store.keys_by_stock_number(tx.connection, numbered)
    orders = await store.open_orders(
        tx.connection,
        [
            (e.tenant_id, e.dealer_id, e.stock_number or e.subject or "")
            for e in events
            if (e.kind in _OF_ORDERS if e.vin is None else e.stock_number and e.kind in _BY_VIN)
        ],
    )
    for event in events:  # a unit may be stocked in this very batch
        if event.vin and event.stock_number:
            known.setdefault((event.tenant_id, event.dealer_id, event.stock_number), event.vin)
    changes: dict[Key, list[Change]] = defaultdict(list)
    causes: dict[Key, UUID] = {}
    for event in events:
        if event.kind is DmsEventKind.ORDER_PLACED and event.vin is None:
            for number in filter(None, (event.stock_number, event.subject)):
                of_its_car = event.stock_number in {None, number}
                placed = OpenOrder(order_key(event), event.quantity or 1, of_its_car)
                orders.setdefault((event.tenant_id, event.dealer_id, number), placed)
        if event.vin and event.stock_number and event.kind in _ARRIVALS:
            # A number that was another vehicle's before is this one's from here on, as if it came in by itself.
            known[event.tenant_id, event.dealer_id, event.stock_number] = event.vin
        for vehicle_key, change in _targets(event, known, orders):
            key = (event.tenant_id, vehicle_key)
            changes[key].append(change)
            causes[key] = event.event_id
    return changes, causes


def _targets(
    event: DmsEventReceived, known: dict[Numbered, str], orders: dict[Numbered, OpenOrder]
) -> list[tuple[str, Change]]:
    """Say which vehicles a report is about: one, or two where an ordered unit turns out to be a VIN."""
    change = change_of(event)
    if event.vin is None:
        if _is_order(event):
            return [(order_key(event), change)]
        number = event.stock_number or event.subject or ""
        numbered = (event.tenant_id, event.dealer_id, number)
        order = orders.get(numbered) if event.kind in _OF_ORDERS else None
        found = order.key if order else known.get(numbered)
        if found is None:
            message = (
                f"no vehicle with stock number {number!r} is known at {event.dealer_name}: "
                f"send vehicle.stocked with its VIN first, or put the VIN into data.vin"
            )
            raise LookupError(message)
        return [(found, change)]
    targets: list[tuple[str, Change]] = [(event.vin, change)]
    if event.kind is DmsEventKind.ORDER_RECEIVED and event.subject and event.subject != event.vin:
        targets.append((order_key(event), change.bare("order.fulfilled")))
    elif event.kind in _BY_VIN and event.stock_number:
        # The car that an order was for has its number. An order of several is closed by its own number alone: a feed
        # that lists a car night after night would take one off each time.
        order = orders.pop((event.tenant_id, event.dealer_id, event.stock_number), None)
        if order and order.of_its_car and order.quantity == 1:
            targets.append((order.key, change.bare("order.fulfilled")))
    return targets


def _is_order(event: DmsEventReceived) -> bool:
    return event.kind in {DmsEventKind.ORDER_PLACED, DmsEventKind.ORDER_RECEIVED}


def _dealers(events: Sequence[DmsEventReceived]) -> dict[tuple[UUID, UUID], Dealer]:
    newest = {(e.tenant_id, e.dealer_id): e for e in events}
    return {key: Dealer(*key, e.dealer_name, e.currency, e.region) for key, e in newest.items()}
