"""How far a rebuild has come, in the database itself: written with each piece, so it is never ahead or behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from doso.rebuild.step import Note, Piece
from services.gateway.store.audit import write_audit
from shared.postgres.pool import Connection
from shared.postgres.spans import Key


@dataclass(slots=True)
class Entry:
    """One tenant's rebuild: who began it, the step it is at and the last key that is done there."""

    tenant_id: UUID
    target: str
    begun_at: datetime
    begun_by: str
    step: str | None = None
    after: Key | None = None
    counts: Counter[str] = field(default_factory=Counter)

    def noting(self, step: str) -> Note:
        """Give what writes a piece of a step down, in that piece's transaction."""

        async def note(connection: Connection, piece: Piece) -> None:
            total = self.counts + Counter({f"{step}: {what}": count for what, count in piece.counts.items()})
            # With no key left the step is done: the next one begins with no key.
            await connection.execute(
                "UPDATE gateway.rebuild SET copy = $3, after = $4, counts = $5 WHERE tenant_id = $1 AND target = $2",
                self.tenant_id,
                self.target,
                step,
                piece.after or (),
                dict(total),
            )

        return note


async def open_entries(connection: Connection, target: str, tenants: Sequence[UUID]) -> list[Entry]:
    """Load the rebuilds of a target that were begun and not ended, of some tenants."""
    rows = await connection.fetch(
        "SELECT tenant_id, target, begun_at, begun_by, copy AS step, after, counts FROM gateway.rebuild"
        " WHERE target = $1 AND tenant_id = ANY($2::uuid[]) ORDER BY tenant_id",
        target,
        list(tenants),
    )
    return [
        Entry(**{**row, "after": tuple(row["after"]) if row["after"] else None, "counts": Counter(row["counts"])})
        for row in rows
    ]


async def begin(connection: Connection, target: str, tenants: Sequence[UUID], by: str) -> list[Entry]:
    """Enter a rebuild of each tenant, from the beginning, in place of any that was begun before."""
    async with connection.transaction():
        await connection.execute(
            "DELETE FROM gateway.rebuild WHERE target = $1 AND tenant_id = ANY($2::uuid[])", target, list(tenants)
        )
        await connection.execute(
            "INSERT INTO gateway.rebuild (tenant_id, target, begun_by)"
            " SELECT id, $1, $3 FROM unnest($2::uuid[]) AS id",
            target,
            list(tenants),
            by,
        )
    return await open_entries(connection, target, tenants)


async def end(connection: Connection, entry: Entry) -> None:
    """Close a tenant's rebuild, and say in its audit trail that it was, by whom, and what it mended."""
    async with connection.transaction():
        await connection.execute(
            "DELETE FROM gateway.rebuild WHERE tenant_id = $1 AND target = $2", entry.tenant_id, entry.target
        )
        details = {"begun_at": entry.begun_at.isoformat(), **{name: n for name, n in entry.counts.items() if n}}
        await write_audit(connection, entry.tenant_id, f"operator:{entry.begun_by}", "rebuilt", entry.target, details)
