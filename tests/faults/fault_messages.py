"""Messages that come twice, in the wrong order, unreadable, or all at once."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psutil

from shared.events import DmsEventReceived, new_event_id
from shared.events.topics import DMS_EVENT_RECEIVED, INVENTORY_UPDATED
from tests.e2e.conftest import new_vin
from tests.faults import kafka, proof
from tests.faults.driver import ROOFTOP
from tests.faults.ledger import Entry

if TYPE_CHECKING:
    from tests.faults.driver import Driver
    from tests.faults.row import Row

BOTH = (DMS_EVENT_RECEIVED, INVENTORY_UPDATED)
POISON: tuple[dict[str, Any], ...] = (
    {"value": b'{"event_id": '},
    {"value": b'{"not": "an event"}'},
    {"value": b"[1, 2, 3]"},
    {"value": b"\xff\xfe\x00"},
    {"value": None},
    {"value": b"{}", "headers": [("ce_id", b"\xff\xfe"), ("x-nothing", None)]},
)
BURST = 2.0
"""How many times the usual events a second must have come at least; how many came is in the table. Twenty times as many
are asked for, but who asks waits for answers: a slow machine that is full at ten requests a second can give no more."""
BAD_HEADERS = [("ce_id", b"\xc3\x28"), ("traceparent", b"\xff" * 55), ("nothing", None)]


async def test_whole_topics_republished(row: Row) -> None:
    servers = row.fleet.kafka.bootstrap_servers
    await row.driver.report(40)
    await proof.settle(row.fleet, row.driver)
    before = await proof.fingerprint(row.fleet)
    sent = 0
    for topic in BOTH:
        copies = [kafka.again(record) for record in await kafka.records(servers, topic.name)]
        copies = [copy for copy in copies if _readable(copy)]
        await kafka.produce(servers, topic.name, copies)
        sent += len(copies) * len(topic.consumers)
    assert sent > len(row.driver.ledger)
    row.lifted()
    result = await row.prove()
    assert result.duplicates >= sent, "each copy was seen, and let pass"
    assert await proof.fingerprint(row.fleet) == before


async def test_offsets_reset_to_the_beginning(row: Row) -> None:
    fleet = row.fleet
    await row.driver.report(40)
    await proof.settle(fleet, row.driver)
    before = await proof.fingerprint(fleet)
    for name in ("inventory", "gateway"):
        await asyncio.to_thread(fleet.services[name].stop)
        await asyncio.to_thread(kafka.rewind, fleet.kafka.bootstrap_servers, name)
    row.lifted()
    await fleet.heal()
    result = await row.prove()
    assert result.duplicates >= len(row.driver.ledger)
    assert await proof.fingerprint(fleet) == before


async def test_states_in_reverse_order(row: Row) -> None:
    """The read model is built from nothing by states that come newest first."""
    servers = row.fleet.kafka.bootstrap_servers
    for _ in range(10):  # a vehicle has one state a batch, so there are ten batches at least
        await row.driver.report(4)
        await proof.arrive(row.fleet, row.driver)
    await proof.settle(row.fleet, row.driver)
    async with row.fleet.owner() as connection:
        mine = await connection.fetch(
            "SELECT id FROM inventory.outbox WHERE topic = $1 AND key = $2", INVENTORY_UPDATED.name, row.driver.dealer
        )
        await connection.execute("DELETE FROM gateway.inbox WHERE event_id = ANY($1)", [one["id"] for one in mine])
        await connection.execute("DELETE FROM gateway.vehicle WHERE tenant_id = $1", row.driver.tenant)
    found = await kafka.records(servers, INVENTORY_UPDATED.name)
    copies = [kafka.again(record) for record in found if record.key == row.driver.dealer.encode()]
    assert len(copies) >= len(mine) > 100
    await kafka.produce(servers, INVENTORY_UPDATED.name, copies[::-1])
    row.lifted()
    await row.prove()


async def test_reports_shuffled(row: Row) -> None:
    """What was true last wins, in whatever order it was told."""
    held = [event for _ in range(40) for event in row.driver.some()]
    priced = [event for event in held if event["type"] == "vehicle.priced"]
    random.Random(row.repetition).shuffle(priced)
    await row.driver.send([event for event in held if event["type"] != "vehicle.priced"])
    for start in range(0, len(priced), 7):
        await row.driver.send(priced[start : start + 7])
    resold = [new_vin() for _ in range(6)]
    await row.driver.send([row.driver.stocked(vin) for vin in resold])
    sales = [row.driver.sold(vin) for vin in resold]
    await row.driver.send([row.driver.stocked(vin) for vin in resold])
    await proof.arrive(row.fleet, row.driver)
    await row.driver.send(sales)  # told when each stands in stock again
    row.lifted()
    await row.prove()
    async with row.fleet.owner() as connection:
        lines = await connection.fetch(
            "SELECT vehicle_key, sale_price FROM inventory.sale"
            " WHERE tenant_id = $1 AND vehicle_key = ANY($2) AND unwound_on IS NULL",
            row.driver.tenant,
            resold,
        )
    told = {event["data"]["vin"]: Decimal(event["data"]["sale_price"]) for event in sales}
    assert sorted(map(tuple, lines)) == sorted(told.items()), "each was sold once, and is in stock again"


async def test_poison_between_good_ones(row: Row) -> None:
    servers = row.fleet.kafka.bootstrap_servers
    letters = {topic.name: Counter(await _letters(row, topic.name)) for topic in BOTH}
    async with row.reporting():
        for number, poison in enumerate(POISON):
            for topic in BOTH:
                await kafka.produce(servers, topic.name, [{"key": f"k{number}".encode(), **poison}])
            await kafka.produce(servers, DMS_EVENT_RECEIVED.name, [_stranger(row.driver)])
        await asyncio.sleep(1)
    row.lifted()
    await row.prove(dead_letters=len(POISON) * sum(len(topic.consumers) for topic in BOTH))
    for topic in BOTH:
        new = Counter(await _letters(row, topic.name)) - letters[topic.name]
        assert len(new) == new.total() == len(POISON) * len(topic.consumers), "each is parked once"


async def test_ten_times_burst(row: Row, short: bool) -> None:
    """Twenty desks send where one did."""
    seconds = 8 if short else 60
    usual = await _rate(row, 6.0, senders=1)
    async with row.reporting(senders=20, pause=0.5):
        began, before = time.monotonic(), len(row.driver.ledger)
        await asyncio.sleep(seconds / 2)
        half = _memory(row)
        await asyncio.sleep(seconds / 2)
        full = _memory(row)
        rate = (len(row.driver.ledger) - before) / (time.monotonic() - began)
    row.lifted()
    row.note = f"{rate:.0f} events/s instead of {usual:.0f}"
    assert rate > usual * BURST, row.note
    assert set(row.driver.statuses) <= {202, 429, 503}, "it is taken in, or told to come later"
    for name, size in full.items():
        assert size < half[name] * 1.25 + 64e6, f"{name} grew from {half[name] / 1e6:.0f} to {size / 1e6:.0f} MB"
    await row.prove()  # what waits is worked off; the table has how long that took


async def _rate(row: Row, seconds: float, *, senders: int) -> float:
    """Have events reported, and give how many were acknowledged a second."""
    before, began = len(row.driver.ledger), time.monotonic()
    async with row.reporting(senders=senders, pause=0.5):
        await asyncio.sleep(seconds)
    return (len(row.driver.ledger) - before) / (time.monotonic() - began)


def _memory(row: Row) -> dict[str, int]:
    return {name: psutil.Process(one.pid).memory_info().rss for name, one in row.fleet.services.items()}


def _readable(copy: dict[str, Any]) -> bool:
    """Tell whether it is an event: letters that were parked before would be parked anew, at their new place."""
    try:
        return "event_id" in json.loads(copy["value"] or b"")
    except ValueError:
        return False


def _stranger(driver: Driver) -> dict[str, Any]:
    """Give a good event under headers that cannot be read, and enter it as acknowledged."""
    at = datetime.now(UTC)
    vin, price = driver.pool[0], driver.price()
    event = DmsEventReceived(
        event_id=new_event_id(), occurred_at=at, tenant_id=driver.tenant, dealer_id=UUID(driver.dealer), vin=vin,
        kind="vehicle.priced", list_price=price, source="urn:dms:stranger", source_event_id=price, received_at=at,
        dealer_name=ROOFTOP, currency="USD", region="US-MI",
    )  # fmt: skip
    driver.ledger.acknowledged(Entry(event.event_id, "vehicle.priced", vin, at, price))
    return {"key": driver.dealer.encode(), "value": event.model_dump_json().encode(), "headers": BAD_HEADERS}


async def _letters(row: Row, topic: str) -> list[tuple[str, str, str]]:
    """Give reader, partition and offset of each letter; twice the same is the same letter twice."""
    consumers = next(one.consumers for one in BOTH if one.name == topic)
    found = []
    for group in consumers:
        name = f"{topic}.dlq.{group}"
        for record in await kafka.records(row.fleet.kafka.bootstrap_servers, name):
            headers = {key: value.decode() for key, value in record.headers if value}
            found.append((group, headers["x-partition"], headers["x-offset"]))
    return found
