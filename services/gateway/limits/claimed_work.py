"""Transactions that note, as they commit, which idempotency key they were made for."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from http import HTTPStatus
from uuid import UUID

from services.gateway.api.problems import ProblemError
from services.gateway.store import idempotency
from services.gateway.store.idempotency import Claim
from shared.messaging import Transaction, UnitOfWork
from shared.messaging.unit_of_work import Causes

HELD: ContextVar[Claim | None] = ContextVar("idempotency_claim", default=None)


class ClaimedWork(UnitOfWork):
    """A unit of work that commits "this key took effect" with the effect.

    So a crash, or a connection that is cut while committing, leaves no doubt: a key whose effect is there is
    never run again, and one whose effect is not may be.
    """

    @asynccontextmanager
    async def begin(self, *tenants: UUID, causes: Callable[[], Causes] = dict) -> AsyncIterator[Transaction]:
        """Open a transaction; raises a problem 409 if the key has gone to another request meanwhile."""
        async with super().begin(*tenants, causes=causes) as tx:
            yield tx
            held = HELD.get()
            if held is None or held.tenant_id not in tenants:
                return
            await tx.flush()
            if not await idempotency.mark(tx.connection, held):
                message = "This request took so long that its Idempotency-Key was given to its repetition."
                raise ProblemError(HTTPStatus.CONFLICT, message)
