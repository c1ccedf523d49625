"""Running a rebuild: tenant by tenant, step by step, piece by piece, from where it was cut off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from doso.rebuild import journal
from doso.rebuild.connections import Connections
from doso.rebuild.copies import MARKETS, OWN_UNITS, READ_MODEL
from doso.rebuild.folding import Folding
from doso.rebuild.journal import Entry
from doso.rebuild.mending import Mending
from doso.rebuild.step import RebuildError, Step
from doso.rebuild.working_off import EMBEDDED, SURVEYED, Cases, Surveys
from shared.postgres.pool import Connection

TARGETS: dict[str, tuple[Step, ...]] = {
    "read-model": (Folding(), *(Mending(copy) for copy in READ_MODEL)),
    "market": (Mending(OWN_UNITS), Surveys(), SURVEYED, *(Mending(copy) for copy in MARKETS)),
    "vectors": (Cases(), EMBEDDED),
}

OnPiece = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rebuild came to: counts by step, over all tenants, and how many of them it took up again."""

    tenants: int
    continued: int
    counts: dict[str, Counter[str]] = field(default_factory=dict)


async def rebuild(
    connections: Connections,
    target: str,
    tenants: Sequence[UUID],
    *,
    by: str,
    restart: bool = False,
    steps: Sequence[Step] | None = None,
    on_piece: OnPiece = lambda _step, _checked: None,
) -> Outcome:
    """Rebuild a target of some tenants; those of an earlier run that was cut off go on where they were.

    While one was cut off and ``restart`` is not set, only what it left is done. Raises ``RebuildError`` where
    another rebuild of the target is running or a service does not do its part.
    """
    steps = TARGETS[target] if steps is None else steps
    await connections.see(*tenants)
    gateway = await connections.of("gateway")
    if not await gateway.fetchval("SELECT pg_try_advisory_lock(hashtext($1))", f"rebuild {target}"):
        message = f"{target} is being rebuilt by somebody else right now; wait for that to end"
        raise RebuildError(message)
    left = [] if restart else await journal.open_entries(gateway, target, tenants)
    outcome = Outcome(len(left or tenants), len(left))
    for entry in left or await journal.begin(gateway, target, tenants, by):
        await connections.see(entry.tenant_id)
        await _one(connections, gateway, entry, steps, on_piece)
        for name, count in entry.counts.items():
            step, _, what = name.rpartition(": ")
            outcome.counts.setdefault(step, Counter())[what] += count
    return outcome


async def _one(
    connections: Connections, gateway: Connection, entry: Entry, steps: Sequence[Step], on_piece: OnPiece
) -> None:
    names = [step.name for step in steps]
    first = names.index(entry.step) if entry.step in names else 0
    if entry.step is not None and entry.after is None:
        first += 1  # that step was done
    for step in steps[first:]:
        while True:
            piece = await step.piece(connections, entry.tenant_id, entry.after, entry.noting(step.name))
            entry.counts.update({f"{step.name}: {what}": count for what, count in piece.counts.items()})
            entry.step, entry.after = step.name, piece.after
            on_piece(step.name, piece.counts["checked"])
            if piece.after is None:
                break
    await journal.end(gateway, entry)


async def compare(
    connections: Connections,
    target: str,
    tenants: Sequence[UUID],
    *,
    steps: Sequence[Step] | None = None,
    on_piece: OnPiece = lambda _step, _checked: None,
) -> Outcome:
    """Say what a rebuild would find, and change nothing; events that are on their way count as differences."""
    outcome = Outcome(len(tenants), 0)
    for tenant_id in tenants:
        await connections.see(tenant_id)
        for step in TARGETS[target] if steps is None else steps:
            after = None
            while True:
                piece = await step.piece(connections, tenant_id, after, None)
                outcome.counts.setdefault(step.name, Counter()).update(piece.counts)
                on_piece(step.name, piece.counts["checked"])
                after = piece.after
                if after is None:
                    break
    return outcome


async def total(connections: Connections, target: str, tenants: Sequence[UUID]) -> int:
    """Count what there is to go through."""
    size = 0
    for tenant_id in tenants:
        await connections.see(tenant_id)
        for step in TARGETS[target]:
            size += await step.size(connections, tenant_id)
    return size
