"""Holding inventory's vehicles against all that was ever reported of them, before anything is held against those."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from doso.rebuild.connections import Connections
from doso.rebuild.step import Note, Piece
from services.inventory.restating import refold
from shared.messaging import Transaction
from shared.postgres.spans import Key, Span

PIECE = 500


@dataclass(frozen=True, slots=True)
class Folding:
    """The step that folds every vehicle's history anew; what comes out otherwise is stored and published."""

    rows: int = PIECE
    name: str = "histories"

    async def size(self, connections: Connections, tenant_id: UUID) -> int:
        """Count the vehicles."""
        inventory = await connections.of("inventory")
        query = "SELECT count(*) FROM (SELECT DISTINCT vehicle_key FROM vehicle_event WHERE tenant_id = $1) AS v"
        return int(await inventory.fetchval(query, tenant_id))

    async def piece(self, connections: Connections, tenant_id: UUID, after: Key | None, note: Note | None) -> Piece:
        """Fold the next histories; reports that come meanwhile wait for those vehicles."""
        inventory = await connections.of("inventory")
        async with inventory.transaction():
            tx = Transaction(inventory, "inventory")
            found = await refold(tx, tenant_id, Span(after), self.rows, mend=note is not None)
            counts = Counter(checked=found.checked, differing=len(found.wrong), missing=len(found.missing))
            piece = Piece((found.last,) if found.last is not None else None, counts)
            if note is not None:
                await note(inventory, piece)
        return piece
