"""What a tenant's own sales teach of the time to sale: fitted once a day, and sooner where much was imported."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

import structlog

from services.recommend import store
from services.recommend.domain import LIVES_DAYS, TenantBook, fit_pace
from services.recommend.domain.time_to_sale import HazardModel, NotConverged
from services.recommend.translate import lives_of
from shared.messaging import ComputePool, UnitOfWork

_GROWN = 1.5
_log = structlog.stdlib.get_logger("doso.pace", service="recommend")


@dataclass(frozen=True, slots=True)
class _Kept:
    """A model, the day it was fitted and by how many exits and markets."""

    day: date
    exits: int
    markets: int
    model: HazardModel | None

    def holds(self, day: date, exits: int, markets: int) -> bool:
        """Tell whether it still does: of today, and not outgrown by what was imported since."""
        return self.day == day and exits <= _GROWN * self.exits and markets <= _GROWN * self.markets


class Pacing:
    """Keeps each tenant's fitted model; one that cannot be had leaves the parameters' pace in force."""

    def __init__(self, work: UnitOfWork, pool: ComputePool) -> None:
        self._work = work
        self._pool = pool
        self._kept: dict[UUID, _Kept] = {}

    async def attach(self, tenant_id: UUID, book: TenantBook, as_of: date) -> TenantBook:
        """Give the book with the tenant's model, fitted anew where that is of another day or of far less."""
        since = as_of - timedelta(days=LIVES_DAYS)
        kept = self._kept.get(tenant_id)
        async with self._work.begin(tenant_id) as tx:
            exits = await store.count_exits(tx.connection, since)
            if kept is not None and kept.holds(as_of, exits, len(book.markets)):
                return replace(book, pace=kept.model)
            rows = await store.lives(tx.connection, since)
        known = {rooftop.dealer_id for rooftop in book.rooftops}
        lives = [life for life in lives_of(rows) if life.unit.dealer_id in known]
        try:
            model = await self._pool.run(fit_pace, book, lives, as_of)
        except NotConverged as error:
            _log.warning("time to sale not fitted: the usual pace holds", tenant_id=str(tenant_id), error=str(error))
            model = None
        self._kept[tenant_id] = _Kept(as_of, exits, len(book.markets), model)
        _log.info("time to sale fitted", tenant_id=str(tenant_id), lives=len(lives), used=model is not None)
        return replace(book, pace=model)
