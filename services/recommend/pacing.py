"""What a tenant's own lives teach: learned once a day, and sooner where much was imported."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

import structlog

from services.recommend import store
from services.recommend.domain import (
    LIVES_DAYS,
    TenantBook,
    UnitLife,
    fit_pace,
    usual_stock,
)
from services.recommend.domain.time_to_sale import HazardModel, NotConverged
from services.recommend.translate import lives_of
from shared.messaging import ComputePool, UnitOfWork

MOST_TENANTS = 256
"""Those learned of last; each may take a hundred kilobytes, and many tenants may share a replica."""
_GROWN = 1.5
_log = structlog.stdlib.get_logger("doso.pace", service="recommend")


@dataclass(frozen=True, slots=True)
class Learned:
    """What the tenant's lives tell: the model of its pace and its usual stock by shelf."""

    model: HazardModel | None
    usual: dict[tuple[str, str], float]

    def attached(self, book: TenantBook) -> TenantBook:
        """Give a book with all of it."""
        demands = tuple(
            replace(each, usual_stock=self.usual.get((each.dealer_id, each.segment))) for each in book.demands
        )
        return replace(book, pace=self.model, demands=demands)


def learn(book: TenantBook, lives: Sequence[UnitLife], as_of: date) -> Learned:
    """Learn from lives; runs in a worker process. A pace that cannot be fitted leaves the usual one in force."""
    stays = [
        ((life.unit.dealer_id, life.unit.segment), life.unit.stock_date, life.left)
        for life in lives
        if life.unit.stock_date is not None
    ]
    usual = usual_stock(stays, as_of)
    try:
        return Learned(fit_pace(book, lives, as_of), usual)
    except NotConverged as error:
        _log.warning("time to sale not fitted: the usual pace holds", tenant_id=book.tenant_id, error=str(error))
        return Learned(None, usual)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was learned, on which day and from how many exits and markets."""

    day: date
    exits: int
    markets: int
    learned: "Learned"

    def holds(self, day: date, exits: int, markets: int) -> bool:
        """Tell whether it still does: of today, and not outgrown by what was imported since."""
        return self.day == day and exits <= _GROWN * self.exits and markets <= _GROWN * self.markets


class Pacing:
    """Keeps what was learned of the tenants that were learned of last."""

    def __init__(self, work: UnitOfWork, pool: ComputePool) -> None:
        self._work = work
        self._pool = pool
        self._kept: dict[UUID, _Kept] = {}

    async def attach(self, tenant_id: UUID, book: TenantBook, as_of: date) -> TenantBook:
        """Give the book with what was learned, anew where that is of another day or from far less."""
        since = as_of - timedelta(days=LIVES_DAYS)
        kept = self._kept.get(tenant_id)
        async with self._work.begin(tenant_id) as tx:
            exits = await store.count_exits(tx.connection, since)
            if kept is not None and kept.holds(as_of, exits, len(book.markets)):
                return kept.learned.attached(book)
            rows = await store.lives(tx.connection, since)
        known = {rooftop.dealer_id for rooftop in book.rooftops}
        lives = [life for life in lives_of(rows) if life.unit.dealer_id in known]
        learned = await self._pool.run(learn, book, lives, as_of)
        self._kept.pop(tenant_id, None)
        self._kept[tenant_id] = _Kept(as_of, exits, len(book.markets), learned)
        if len(self._kept) > MOST_TENANTS:
            del self._kept[next(iter(self._kept))]
        used = learned.model is not None
        _log.info("learned from lives", tenant_id=str(tenant_id), lives=len(lives), pace_fitted=used)
        return learned.attached(book)
