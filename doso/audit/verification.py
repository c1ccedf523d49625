"""Checking trails, each of one tenant, against their own hashes and against heads that were noted earlier."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from services.gateway.domain.audit_chain import Break, Chain
from services.gateway.store.audit import Row


@dataclass(slots=True)
class Verification:
    """The state of a check: a chain per tenant, and the noted heads that were met nowhere yet."""

    sought: set[str] = field(default_factory=set)
    first: int = 1
    on_row: Callable[[int], None] = lambda _: None
    chains: dict[UUID, Chain] = field(default_factory=dict)
    rows: int = 0

    def expect(self, tenants: Iterable[UUID]) -> None:
        """Have these tenants in the result although no row of theirs may come."""
        for tenant_id in tenants:
            self.chains.setdefault(tenant_id, Chain(tenant_id, self.first))

    def add(self, row: Row) -> None:
        """Check the next row; those of a tenant come in order."""
        self.expect([row.entry.tenant_id])
        chain = self.chains[row.entry.tenant_id]
        chain.add(row.entry, row.hash)
        if chain.broken is None:
            self.sought.discard(row.hash)
        self.rows += 1
        self.on_row(self.rows)

    def conclude(self) -> list[Chain]:
        """End the check: a known tenant without a row lost its trail, since every tenant's begins with its making."""
        for chain in self.chains.values():
            if chain.rows == 0:
                chain.broken = Break(self.first, "there is no row at all: the trail was removed")
        return sorted(self.chains.values(), key=lambda chain: str(chain.tenant_id))

    @property
    def holds(self) -> bool:
        """Tell whether every chain holds and every noted head was met."""
        return not self.sought and all(chain.broken is None for chain in self.chains.values())

    def as_json(self) -> dict[str, Any]:
        """Give the result as ``--json`` writes it."""
        return {
            "holds": self.holds,
            "rows": self.rows,
            "heads_not_found": sorted(self.sought),
            "chains": [
                {
                    "tenant_id": str(chain.tenant_id),
                    "rows": chain.rows,
                    "head": chain.head,
                    "first_broken_row": chain.broken.seq if chain.broken else None,
                    "reason": chain.broken.reason if chain.broken else None,
                }
                for chain in self.conclude()
            ],
        }
