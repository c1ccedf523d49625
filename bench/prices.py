"""New prices for the vehicles of a loaded group: most change nothing else, some do what was advised."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from bench.connection import Request
from bench.load import priced

if TYPE_CHECKING:
    import asyncpg

    from bench.watching import Watch

_SOURCE = "urn:dms:bench:latency"
_PATH = "/api/v1/dms/events"
_SWING = 40
"""Dollars over which a plain price moves: too little for anybody to advise about."""

_VEHICLES = """
SELECT v.dealer_id, v.vehicle_key, v.list_price, r.recommendation_id, (r.document->>'price')::numeric AS advised
FROM gateway.vehicle v
LEFT JOIN gateway.recommendation r
  ON r.tenant_id = v.tenant_id AND r.status = 'issued' AND r.document->>'vehicle_key' = v.vehicle_key
WHERE v.status = 'in_stock' AND v.list_price IS NOT NULL AND (r.action IS NULL OR r.action = 'reprice')
ORDER BY v.vehicle_key
"""


@dataclass(frozen=True, slots=True)
class Repricing:
    """Standing advice to ask ``price`` for a vehicle."""

    recommendation_id: UUID
    dealer_id: str
    vin: str
    price: Decimal


@dataclass(slots=True)
class Prices:
    """Vehicles without advice, which are priced in turn, and repricings, which are followed one after another."""

    vehicles: list[tuple[str, str, Decimal]]
    repricings: list[Repricing]
    api_key: str

    def plain(self, watch: Watch, number: int, due: float) -> Request:
        """Move the price of the next vehicle by a few dollars."""
        turn, place = divmod(number, len(self.vehicles))
        dealer_id, vin, listed = self.vehicles[place]
        price = listed + 1 + turn % _SWING
        watch.price_sent(vin, price, due)
        return self._request(dealer_id, vin, price, number)

    def probe(self, watch: Watch, number: int, due: float) -> Request:
        """Follow the next advised price; when none is left, a plain one."""
        if not self.repricings:
            return self.plain(watch, number, due)
        advised = self.repricings.pop()
        watch.price_sent(advised.vin, advised.price, due)
        watch.advice[advised.recommendation_id] = due
        return self._request(advised.dealer_id, advised.vin, advised.price, number)

    def _request(self, dealer_id: str, vin: str, price: Decimal, number: int) -> Request:
        event = priced(dealer_id, vin, f"{price:.2f}", source=_SOURCE, number=number, at=datetime.now(UTC))
        headers = {"content-type": "application/json", "x-api-key": self.api_key}
        return Request("POST", _PATH, headers, json.dumps(event).encode())


async def read_prices(connection: asyncpg.Connection[asyncpg.Record], api_key: str) -> Prices:
    """Find the vehicles in stock that no advice is about, and those that are to be repriced.

    Raises ValueError when the group has none of either, since there would be nothing to measure.
    """
    rows = await connection.fetch(_VEHICLES)
    vehicles = [
        (str(row["dealer_id"]), row["vehicle_key"], row["list_price"])
        for row in rows
        if row["recommendation_id"] is None
    ]
    repricings = [
        Repricing(row["recommendation_id"], str(row["dealer_id"]), row["vehicle_key"], row["advised"])
        for row in rows
        if row["advised"] is not None
    ]
    if not vehicles or not repricings:
        message = f"{len(vehicles)} vehicles without advice and {len(repricings)} to reprice: both are needed"
        raise ValueError(message)
    return Prices(vehicles, repricings, api_key)
