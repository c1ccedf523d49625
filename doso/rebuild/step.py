"""A rebuild is steps, and a step is pieces: each a transaction of its own, after which it may be cut off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from doso.rebuild.connections import Connections
from shared.postgres.pool import Connection
from shared.postgres.spans import Key

Note = Callable[[Connection, "Piece"], Awaitable[None]]
"""Writes down, in the piece's own transaction, that it is done; there is none in a dry run, which changes nothing."""


class RebuildError(Exception):
    """A rebuild that cannot go on, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What one piece came to: ``after`` is the last key that is done, None where the step is."""

    after: Key | None
    counts: Counter[str] = field(default_factory=Counter)


class Step(Protocol):
    """Something that is gone through piece by piece."""

    @property
    def name(self) -> str:
        """What is rebuilt, for people and for the journal."""

    async def size(self, connections: Connections, tenant_id: UUID) -> int:
        """Count how much there is of a tenant, in the unit that ``checked`` counts."""

    async def piece(self, connections: Connections, tenant_id: UUID, after: Key | None, note: Note | None) -> Piece:
        """Do the piece that comes after a key; without ``note`` only say what it would come to."""
