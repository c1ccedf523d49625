"""The survey worker: a region is surveyed once for all its rooftops, then set against each one's stock."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from services.market import store
from services.market.domain import (
    Listing,
    Listings,
    MarketSurvey,
    SegmentMarket,
    compare,
    materially_differs,
    nothing_left,
    one_advert_per_vehicle,
    survey,
)
from services.market.handlers import ANEW, SURVEYS
from services.market.store import Rooftop
from services.market.translate import market_updated
from shared.messaging import ComputePool, UnitOfWork
from shared.postgres import WorkItem

_OWN_SALES_DAYS = 400
"""Own sales are loaded this far back: the market's window may lie in the past where its data are old."""


def survey_region(listings: list[Listing], as_of: date, own_vins: frozenset[str]) -> MarketSurvey | None:
    """Survey a region, in a worker process; None where no listing is that old."""
    usable = one_advert_per_vehicle(listings, as_of)
    return survey(Listings.of(usable), as_of, own_vins=own_vins) if usable else None


class Surveyor:
    """Works off rooftops whose market or stock changed."""

    def __init__(self, work: UnitOfWork, pool: ComputePool) -> None:
        self._work = work
        self._pool = pool
        self._surveys: dict[tuple[UUID, str], tuple[int, date, MarketSurvey | None]] = {}

    async def compute(self, items: Sequence[WorkItem]) -> None:
        """Survey and publish what differs materially from what was published."""
        for item in items:
            await self._one(item)

    async def _one(self, item: WorkItem) -> None:
        now = datetime.now(UTC)
        today, anew = now.date(), item.key == ANEW
        async with self._work.begin(item.tenant_id) as tx:
            rooftop = await store.rooftop(tx.connection, item.dealer_id)
        market = await self._survey(item.tenant_id, rooftop, today, kept=not anew) if rooftop else None
        async with self._work.begin(item.tenant_id) as tx:
            if rooftop and market:
                # The shares of a market watched in the past are set against own sales of those same days.
                since = min(today, market.as_of) - timedelta(days=_OWN_SALES_DAYS)
                units, sales = await store.load_own(tx.connection, item.dealer_id, since)
                published = await store.load_statistics(tx.connection, item.dealer_id)
                found = compare(market, units, sales, min(today, market.as_of + timedelta(days=1)))
                rows = _news(found, published, market.as_of, anew=anew)
                for version, fresh in rows:
                    tx.emit(
                        market_updated(
                            fresh,
                            tenant_id=item.tenant_id,
                            dealer_id=rooftop.dealer_id,
                            region=rooftop.region,
                            currency=rooftop.currency,
                            version=version,
                            at=now,
                        )
                    )
                if rows:
                    await store.save_statistics(tx.connection, item.tenant_id, item.dealer_id, rows, now)
                if anew:
                    await store.forget_statistics(tx.connection, item.dealer_id, [each.segment for each in found])
            await SURVEYS.finish(tx.connection, [item])

    async def _survey(self, tenant_id: UUID, rooftop: Rooftop, today: date, *, kept: bool) -> MarketSurvey | None:
        async with self._work.begin(tenant_id) as tx:
            generation = await store.generation(tx.connection, rooftop.region)
            if generation is None:
                return None
            known = self._surveys.get((tenant_id, rooftop.region)) if kept else None
            if known is not None and known[:2] == (generation, today):
                return known[2]
            listings = await store.load_listings(tx.connection, rooftop.region, today)
            own_vins = await store.load_own_vins(tx.connection, rooftop.region)
        fresh = await self._pool.run(survey_region, listings, today, own_vins)
        if len(self._surveys) >= 64:  # noqa: PLR2004  # bounds memory where many tenants share a replica
            self._surveys.clear()
        self._surveys[tenant_id, rooftop.region] = (generation, today, fresh)
        return fresh


def _news(
    found: Sequence[SegmentMarket], published: Mapping[str, tuple[int, SegmentMarket]], as_of: date, *, anew: bool
) -> list[tuple[int, SegmentMarket]]:
    """Give what is to be published, each with its version: what differs, and what there is no more."""
    rows = []
    for fresh in found:
        version, old = published.get(fresh.segment, (0, None))
        if anew or materially_differs(old, fresh):
            rows.append((version + 1, fresh))
    gone = published.keys() - {fresh.segment for fresh in found}
    # Worked out anew, they are let go of instead: who rebuilds takes them from everybody who reads them.
    for segment in sorted(gone) if not anew else ():
        version, old = published[segment]
        if empty := nothing_left(old, as_of):
            rows.append((version + 1, empty))
    return rows
