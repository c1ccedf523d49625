"""SQL of advice and the answers to it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from services.feedback.translate import watched_subject
from shared.events import RecommendationAnswered, RecommendationIssued
from shared.postgres.pool import Connection


async def save_advice(connection: Connection, events: Sequence[RecommendationIssued]) -> None:
    """Keep advice as issued, and note when it was closed, in whichever order the two arrive."""
    for event in events:
        is_open = event.status.value == "issued"
        await connection.execute(
            """
            INSERT INTO advice AS a (tenant_id, recommendation_id, dealer_id, action, vehicle_key, segment, status,
                issued_at, closed_at, subject, is_first, opens, document)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
                $10::text IS NOT NULL AND NOT EXISTS (
                    SELECT FROM advice b WHERE b.tenant_id = $1 AND b.subject = $10 AND b.action = $4),
                $11 AND $10::text IS NOT NULL AND NOT EXISTS (
                    SELECT FROM advice b WHERE b.tenant_id = $1 AND b.subject = $10 AND b.opens),
                $12
            ON CONFLICT (tenant_id, recommendation_id) DO UPDATE SET
                status = CASE WHEN excluded.status = 'issued' THEN a.status ELSE excluded.status END,
                closed_at = coalesce(excluded.closed_at, a.closed_at),
                issued_at = least(a.issued_at, excluded.issued_at)
            """,
            event.tenant_id,
            event.recommendation_id,
            event.dealer_id,
            event.action.value,
            event.vehicle_key,
            event.segment,
            event.status.value,
            event.occurred_at,
            None if is_open else event.occurred_at,
            watched_subject(event),
            event.hold_out_share > 0,
            event.model_copy(update={"evidence": (), "alternatives": (), "similar": ()}),  # nothing is judged by them
        )


async def save_answers(connection: Connection, events: Sequence[RecommendationAnswered]) -> None:
    """Keep the newest answer to each piece of advice."""
    for event in events:
        await connection.execute(
            """
            INSERT INTO answer (tenant_id, recommendation_id, answered_at, document) VALUES ($1, $2, $3, $4)
            ON CONFLICT (tenant_id, recommendation_id) DO UPDATE
            SET answered_at = excluded.answered_at, document = excluded.document
            WHERE answer.answered_at <= excluded.answered_at
            """,
            event.tenant_id,
            event.recommendation_id,
            event.occurred_at,
            event,
        )


async def open_advice(
    connection: Connection, dealer_id: UUID, after: tuple[datetime, UUID], limit: int
) -> list[asyncpg.Record]:
    """Load a page of a rooftop's advice that is not settled, oldest first; documents as text, for who parses them."""
    return await connection.fetch(
        """
        SELECT a.recommendation_id, a.status, a.issued_at, a.closed_at, a.vehicle_key, a.segment, a.action,
            a.is_first, a.opens, a.document::text AS document, n.document::text AS answer,
            coalesce(o.version, 0) AS version, o.document::text AS outcome
        FROM advice a
        LEFT JOIN answer n ON n.tenant_id = a.tenant_id AND n.recommendation_id = a.recommendation_id
        LEFT JOIN outcome o ON o.tenant_id = a.tenant_id AND o.recommendation_id = a.recommendation_id
        WHERE a.dealer_id = $1 AND NOT a.settled AND (a.issued_at, a.recommendation_id) > ($2, $3)
        ORDER BY a.issued_at, a.recommendation_id LIMIT $4
        """,
        dealer_id,
        *after,
        limit,
    )


async def settle(connection: Connection, recommendation_ids: Sequence[UUID]) -> None:
    """Stop following advice whose outcome can no longer change."""
    await connection.execute(
        "UPDATE advice SET settled = true WHERE recommendation_id = ANY($1::uuid[])", list(recommendation_ids)
    )
