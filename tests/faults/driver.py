"""A dealer's system that never stops reporting: it sends an event until it is acknowledged, then notes it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx

from services.gateway.bootstrap import FirstAdmin, bootstrap
from shared.events import deterministic_id
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool
from tests.e2e.conftest import new_vin, sign_in
from tests.faults.at_work import at_work
from tests.faults.ledger import Entry, Ledger
from tests.faults.people import People
from tests.faults.persistence import CLIENT_SECONDS, Persistence

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.faults.fleet import Fleet

SOURCE = "urn:dms:faults"
ORDERED = 1000
SOME_EVENTS = 5
FIRST_ADVERTS = 40
ROOFTOP = "The first store"


class Driver(Persistence):
    """One dealer group with one rooftop, its vehicles, and what it was promised."""

    def __init__(self, fleet: Fleet, ledger: Ledger, *, admin: FirstAdmin, dealer: str) -> None:
        super().__init__()
        self.ledger = ledger
        self.people = People(fleet, ledger, self, admin=admin, dealer=dealer)
        self.admin = admin
        self.tenant = admin.tenant_id
        self.dealer = dealer
        self.order = f"PO-{uuid4().hex[:8]}"
        self.pool: list[str] = []
        self.duplicates = 0
        self._fleet = fleet
        self._http = httpx.AsyncClient(timeout=CLIENT_SECONDS, headers={"X-API-Key": admin.dms_api_key})
        self._numbers = itertools.count(1)
        self._last = datetime.now(UTC)

    async def open(self, vehicles: int = 24) -> None:
        """Order units, stock the first vehicles, and tell what the market has."""
        place = self._event("order.placed", None, subject=self.order, quantity=ORDERED, make="Toyota", model="RAV4")
        await self.send([place])
        await self.stock([new_vin() for _ in range(vehicles)])
        await self.people.advertise(FIRST_ADVERTS)

    async def stock(self, vins: list[str]) -> None:
        """Take vehicles into stock, and report on them from now on."""
        await self.send([self.stocked(vin) for vin in vins])
        self.pool += vins

    async def close(self) -> None:
        """Hang up."""
        await self._http.aclose()
        await self.people.close()
        self.ledger.close()

    @asynccontextmanager
    async def reporting(
        self, *, senders: int = 2, pause: float = 0.2, skew: timedelta | None = None
    ) -> AsyncIterator[None]:
        """Report on for as long as the block runs; every event that was sent is acknowledged when it ends."""
        done = asyncio.Event()
        async with at_work(done, *(self._report(done, pause, skew) for _ in range(senders))):
            yield

    async def report(self, count: int, *, skew: timedelta | None = None) -> None:
        """Report ``count`` times."""
        for _ in range(count):
            await self.send(self.some(skew))

    async def send(self, events: list[dict[str, Any]]) -> None:
        """Send events until they are acknowledged."""
        answer = await self.insist(lambda: self._http.post(f"{self._fleet.url}/dms/events", json=events), 202)
        self.acknowledged(events, answer.json())

    def acknowledged(self, events: list[dict[str, Any]], answer: dict[str, Any]) -> None:
        """Enter events that were answered with 202 in the ledger."""
        assert answer["rejected"] == [], answer["rejected"]
        assert answer["accepted"] + answer["duplicates"] == len(events), answer
        self.duplicates += answer["duplicates"]
        for event in events:
            data = event["data"]
            self.ledger.acknowledged(
                Entry(
                    event_id=deterministic_id("dms", self.tenant, SOURCE, event["id"]),
                    kind=event["type"],
                    vin=data.get("vin"),
                    at=datetime.fromisoformat(event["time"]),
                    price=data.get("list_price"),
                    # An ordered unit that came is news of two: of the order, and of the vehicle.
                    effects=2 if event["type"] == "order.received" else 1,
                )
            )

    async def _report(self, done: asyncio.Event, pause: float, skew: timedelta | None) -> None:
        while not done.is_set():
            await self.send(self.some(skew))
            await asyncio.sleep(pause)

    def some(self, skew: timedelta | None = None) -> list[dict[str, Any]]:
        """Make the next few events, for `send`."""
        events = []
        for _ in range(SOME_EVENTS):
            number = next(self._numbers)
            vin = self.pool[number % len(self.pool)]
            late = None if skew is None else skew * (number % 3 - 1)
            if number % 24 == 11:
                vin = new_vin()
                events.append(self.delivered(vin))
                self.pool.append(vin)
            elif number % 48 == 23:
                self.pool.remove(vin)
                events.append(self.sold(vin))
            else:
                events.append(self._event("vehicle.priced", vin, late=late, list_price=self.price()))
        return events

    def stocked(self, vin: str, dealer: str | None = None) -> dict[str, Any]:
        """Report that a vehicle was taken into stock, here or at another rooftop of the group."""
        event = self._event("vehicle.stocked", vin, **self._facts())
        return event if dealer is None else {**event, "dealerid": dealer}

    def sold(self, vin: str) -> dict[str, Any]:
        """Report that a vehicle was sold."""
        return self._event("vehicle.sold", vin, sale_price=self.price())

    def delivered(self, vin: str) -> dict[str, Any]:
        """Report that an ordered unit came, the one event whose second application would show."""
        return self._event("order.received", vin, subject=self.order, **self._facts())

    def _facts(self) -> dict[str, Any]:
        return {
            "make": "Toyota", "model": "RAV4", "condition": "used", "model_year": 2022, "odometer": 30_000,
            "odometer_unit": "mi", "cost": "17000.00", "stock_date": "2026-03-02", "list_price": self.price(),
        }  # fmt: skip

    def price(self) -> str:
        """Give a price that nothing else has."""
        return f"{15_000 + next(self._numbers) / 100:.2f}"

    def _event(
        self, kind: str, vin: str | None, *, subject: str | None = None, late: timedelta | None = None, **data: Any
    ) -> dict[str, Any]:
        self._last = max(self._last + timedelta(microseconds=1), datetime.now(UTC))
        at = self._last + (late or timedelta())
        event = {
            "specversion": "1.0", "id": uuid4().hex, "source": SOURCE, "type": kind, "time": at.isoformat(),
            "dealerid": self.dealer, "data": {"vin": vin, **data} if vin else data,
        }  # fmt: skip
        return event if subject is None else {**event, "subject": subject}


async def new_driver(fleet: Fleet, name: str) -> Driver:
    """Make a dealer group that nothing else reports for."""
    pool = await create_pool("gateway", PostgresSettings(dsn=fleet.dsn))
    try:
        admin = await bootstrap(UnitOfWork(pool, "gateway"), tenant_name=name, username=f"admin-{uuid4().hex[:8]}")
    finally:
        await pool.close()
    assert admin is not None
    dealer = await asyncio.to_thread(_new_dealer, fleet.url, admin.username, admin.password)
    ledger = Ledger(fleet.directory / "ledgers" / f"{uuid4().hex[:8]}.jsonl")
    return Driver(fleet, ledger, admin=admin, dealer=dealer)


def _new_dealer(api: str, username: str, password: str) -> str:
    with contextlib.closing(sign_in(api, username, password)) as client:
        return new_rooftop(client, ROOFTOP)


def new_rooftop(admin: httpx.Client, name: str) -> str:
    """Make a rooftop of an admin's group; gives its id."""
    body = {"name": name, "currency": "USD", "region": "US-MI", "timezone": "UTC"}
    answer = admin.post("/dealers", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])
