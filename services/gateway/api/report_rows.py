"""The rows of a report, read as its page reads them: by keyset, a few hundred at a time, never all in one query."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.gateway.api.inventory import Summary, shown_vehicle
from services.gateway.api.principal import Gate, Principal
from services.gateway.api.recommendations import shown_advice
from services.gateway.store.figures import unit_markets
from services.gateway.store.listings import MARKET, OUTCOMES, RECOMMENDATIONS, VEHICLES
from services.gateway.store.pages import Listing, read_page

CHUNK = 500
Chunk = list[dict[str, Any]]
Filters = Mapping[str, object]
Order = tuple[tuple[str, bool], ...]


async def vehicles(gate: Gate, person: Principal, filters: Filters, order: Order) -> AsyncIterator[Chunk]:
    """Give vehicles with their place in the market."""
    async for rows in _pages(gate, person, VEHICLES, filters, order):
        async with gate.work.begin(person.tenant_id) as tx:
            markets = await unit_markets(tx.connection, [row["document"]["vehicle_key"] for row in rows])
        today = datetime.now(UTC).date()
        yield [shown_vehicle(row, markets, today) for row in rows]


async def advice(gate: Gate, person: Principal, filters: Filters, order: Order) -> AsyncIterator[Chunk]:
    """Give advice with its answers."""
    dealers = await gate.dealers(person.tenant_id)
    async for rows in _pages(gate, person, RECOMMENDATIONS, filters, order):
        yield [shown_advice(row, dealers) for row in rows]


async def gaps(gate: Gate, person: Principal, filters: Filters, order: Order) -> AsyncIterator[Chunk]:
    """Give mix gaps."""
    async for rows in _pages(gate, person, MARKET, filters, order):
        yield [row["document"] for row in rows]


async def outcomes(gate: Gate, person: Principal, filters: Filters, order: Order) -> AsyncIterator[Chunk]:
    """Give outcomes."""
    async for rows in _pages(gate, person, OUTCOMES, filters, order):
        yield [row["document"] for row in rows]


async def summary_lines(summaries: list[Summary]) -> AsyncIterator[Chunk]:
    """Give stock figures, three lines a rooftop: all of it, used, new."""
    yield [
        line(each.dealer_id, each.currency, part, figures)
        for each in summaries
        for part, figures in (("all", each.all), ("used", each.used), ("new", each.new))
    ]


def line(dealer_id: UUID, currency: str, part: str, figures: Mapping[str, Any]) -> dict[str, Any]:
    """Lay stock figures flat."""
    return {
        **figures,
        "dealer_id": dealer_id,
        "currency": currency,
        "part": part,
        "ages": {bucket["label"]: bucket["units"] for bucket in figures["buckets"]},
        "group_ages": {bucket["label"]: bucket["group_units"] for bucket in figures["buckets"]},
        "holding_per_day": figures["holding"]["per_day"],
    }


async def _pages(
    gate: Gate, person: Principal, listing: Listing, filters: Filters, order: Order
) -> AsyncIterator[Chunk]:
    after: tuple[str, ...] | None = None
    more = True
    while more:
        async with gate.work.begin(person.tenant_id) as tx:
            page = await read_page(tx.connection, listing, filters=filters, order=order, after=after, limit=CHUNK)
        if page.rows:
            yield page.rows
        after, more = page.after, page.after is not None
