"""The advice that stands or ended, and which tenants are to be reviewed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from shared.events import RecommendationIssued
from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Case:
    """Past advice, how it ended in words, and how often that was told."""

    event: dict[str, Any]
    outcome: str | None
    version: int


async def save_outcome(
    connection: Connection, tenant_id: UUID, recommendation_id: UUID, text: str, recorded_at: datetime
) -> bool:
    """Note how advice ended; tells whether that is news: the advice is known, and of its end nothing later."""
    news = await connection.fetchval(
        "UPDATE advice SET outcome = $3, outcome_at = $4, case_version = case_version + 1"
        " WHERE tenant_id = $1 AND recommendation_id = $2 AND (outcome_at IS NULL OR outcome_at <= $4)"
        " RETURNING true",
        tenant_id,
        recommendation_id,
        text,
        recorded_at,
    )
    return news is not None


@dataclass(frozen=True, slots=True)
class Standing:
    """Advice that stands, as text and without what is said of it, and when it was answered last."""

    event: str
    answered_at: datetime | None


async def standing(connection: Connection) -> dict[UUID, Standing]:
    """Load the advice of the transaction's tenant that stands, by id."""
    rows = await connection.fetch(
        "SELECT recommendation_id, (event - '{evidence,alternatives,similar}'::text[])::text AS event, answered_at"
        " FROM advice WHERE status = 'issued'"
    )
    return {row["recommendation_id"]: Standing(row["event"], row["answered_at"]) for row in rows}


async def lock_standing(connection: Connection) -> dict[UUID, datetime | None]:
    """Give when each piece of advice that stands was answered; reviews of one tenant wait for each other here."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('advice ' || current_setting('app.tenants')))")
    rows = await connection.fetch(
        "SELECT recommendation_id, answered_at FROM advice WHERE status = 'issued' FOR UPDATE"
    )
    return {row["recommendation_id"]: row["answered_at"] for row in rows}


async def save_advice(connection: Connection, events: Sequence[RecommendationIssued]) -> None:
    """Store advice as issued, or close it."""
    await connection.execute(
        """
        INSERT INTO advice AS a (tenant_id, recommendation_id, dealer_id, status, expires_at, event, closed_because)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::jsonb[],
                             $7::text[])
        ON CONFLICT (tenant_id, recommendation_id) DO UPDATE
        SET status = excluded.status, closed_because = excluded.closed_because
        """,
        [e.tenant_id for e in events],
        [e.recommendation_id for e in events],
        [e.dealer_id for e in events],
        [e.status.value for e in events],
        [e.expires_at for e in events],
        list(events),
        [e.closed_because for e in events],
    )


async def cases(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Case]:
    """Load past advice by id."""
    rows = await connection.fetch(
        "SELECT recommendation_id, event, outcome, case_version FROM advice"
        " WHERE recommendation_id = ANY($1::uuid[])",
        list(ids),
    )
    return {row["recommendation_id"]: Case(row["event"], row["outcome"], row["case_version"]) for row in rows}


async def reviewed(connection: Connection, tenant_id: UUID, on: date) -> None:
    """Note the day of a tenant's newest review."""
    await connection.execute(
        "INSERT INTO review (tenant_id, reviewed_on) VALUES ($1, $2)"
        " ON CONFLICT (tenant_id) DO UPDATE SET reviewed_on = excluded.reviewed_on",
        tenant_id,
        on,
    )


async def tenants_to_review(connection: Connection) -> list[UUID]:
    """List the tenants whose advice was last computed on an earlier day; ids only, across tenants."""
    rows = await connection.fetch("SELECT tenant_id FROM review WHERE reviewed_on < (now() AT TIME ZONE 'UTC')::date")
    return [row["tenant_id"] for row in rows]
