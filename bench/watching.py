"""Watching the read model for what was sent: each price, and each piece of advice that must end."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

    import asyncpg

PRICE_LOOK_SECONDS = 0.005
ADVICE_LOOK_SECONDS = 0.05


@dataclass(slots=True)
class Watch:
    """What is waited for, and how long what came took, in seconds from when it was due to be sent.

    ``prices``: by VIN, the prices sent and not seen yet, oldest first, each with when it was due. A price
    that another overtook counts as seen with it. ``advice``: by recommendation, when the event was due
    that must end it. ``endings``: why each that ended says it did.
    """

    prices: dict[str, list[tuple[Decimal, float]]] = field(default_factory=dict)
    advice: dict[UUID, float] = field(default_factory=dict)
    price_seconds: list[float] = field(default_factory=list)
    advice_seconds: list[float] = field(default_factory=list)
    endings: list[str] = field(default_factory=list)

    def price_sent(self, vin: str, price: Decimal, due: float) -> None:
        """Wait for a price."""
        self.prices.setdefault(vin, []).append((price, due))

    def price_seen(self, vin: str, price: Decimal, now: float) -> None:
        """Settle a price that is visible, and those sent before it."""
        waiting = self.prices[vin]
        place = next((place for place, (sent, _) in enumerate(waiting) if sent == price), None)
        if place is None:
            return
        self.price_seconds += [now - due for _, due in waiting[: place + 1]]
        del waiting[: place + 1]
        if not waiting:
            del self.prices[vin]

    @property
    def waiting(self) -> int:
        """Count what has not come yet."""
        return sum(map(len, self.prices.values())) + len(self.advice)


async def watch_prices(watch: Watch, connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Look for prices in the table that ``GET /inventory`` reads, every five milliseconds, until cancelled."""
    look = await connection.prepare(
        "SELECT vehicle_key, list_price FROM gateway.vehicle WHERE vehicle_key = ANY($1::text[])"
    )
    while True:
        if watch.prices:
            rows = await look.fetch(list(watch.prices))
            now = time.perf_counter()
            for row in rows:
                if row["vehicle_key"] in watch.prices:
                    watch.price_seen(row["vehicle_key"], row["list_price"], now)
        await asyncio.sleep(PRICE_LOOK_SECONDS)


async def watch_advice(watch: Watch, connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Look for ended advice in the table that ``GET /recommendations`` reads, every 50 ms, until cancelled."""
    look = await connection.prepare(
        "SELECT recommendation_id, status, document->>'closed_because' AS because FROM gateway.recommendation"
        " WHERE recommendation_id = ANY($1::uuid[]) AND status <> 'issued'"
    )
    while True:
        if watch.advice:
            rows = await look.fetch(list(watch.advice))
            now = time.perf_counter()
            for row in rows:
                watch.advice_seconds.append(now - watch.advice.pop(row["recommendation_id"]))
                watch.endings.append(f"{row['status']}: {row['because']}")
        await asyncio.sleep(ADVICE_LOOK_SECONDS)
