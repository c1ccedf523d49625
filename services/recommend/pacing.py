"""What a tenant's own lives teach: learned once a day, and sooner where much was imported."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import structlog

from services.recommend import store
from services.recommend.computing import Learned, Material, learn
from services.recommend.domain import LIVES_DAYS
from shared.messaging import ComputePool, UnitOfWork

MOST_TENANTS = 256
"""Those learned of last; each may take a hundred kilobytes, and many tenants may share a replica."""
_GROWN = 1.5
_log = structlog.stdlib.get_logger("doso.pace", service="recommend")


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was learned, on which day and from how many exits and markets."""

    day: date
    exits: int
    markets: int
    learned: Learned

    def holds(self, day: date, exits: int, markets: int) -> bool:
        """Tell whether it still does: of today, and not outgrown by what was imported since."""
        return self.day == day and exits <= _GROWN * self.exits and markets <= _GROWN * self.markets


class Pacing:
    """Keeps what was learned of the tenants that were learned of last."""

    def __init__(self, work: UnitOfWork, pool: ComputePool) -> None:
        self._work = work
        self._pool = pool
        self._kept: dict[UUID, _Kept] = {}

    async def learned(self, material: Material) -> Learned:
        """Give what was learned of a tenant, anew where that is of another day or from far less."""
        tenant_id, as_of, markets = material.tenant_id, material.as_of, len(material.markets)
        since = as_of - timedelta(days=LIVES_DAYS)
        kept = self._kept.get(tenant_id)
        async with self._work.begin(tenant_id) as tx:
            exits = await store.count_exits(tx.connection, since)
            if kept is not None and kept.holds(as_of, exits, markets):
                return kept.learned
            packed = await store.lives(tx.connection, since)
        learned, lives = await self._pool.run(learn, material, packed)
        self._kept.pop(tenant_id, None)
        self._kept[tenant_id] = _Kept(as_of, exits, markets, learned)
        if len(self._kept) > MOST_TENANTS:
            del self._kept[next(iter(self._kept))]
        _log.info(
            "learned from lives",
            tenant_id=str(tenant_id),
            lives=lives,
            pace_fitted=learned.model is not None,
            shoppers_fitted=learned.attraction is not None,
        )
        return learned
