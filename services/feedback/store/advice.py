"""SQL of advice and the answers to it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from services.feedback.translate import watched_subject
from shared.events import RecommendationAnswered, RecommendationIssued
from shared.postgres.pool import Connection


async def save_advice(connection: Connection, events: Sequence[RecommendationIssued]) -> set[tuple[UUID, UUID]]:
    """Keep advice as issued, and note when it was closed; gives the (tenant, dealer) with ended advice to judge.

    Issue and end may come in either order. An end that is read first (its issue was parked, or lies in a partition
    that is read later) does not say what was issued when: it opens no window and is not judged until its issue comes.
    """
    to_judge: set[tuple[UUID, UUID]] = set()
    await _in_turn(connection, {event.tenant_id for event in events})
    for rows in _one_each(events):
        stored = await connection.fetch(
            """
            INSERT INTO advice AS a (tenant_id, recommendation_id, dealer_id, action, vehicle_key, segment, status,
                issued_at, closed_at, settled, subject, is_first, opens, document)
            SELECT t, id, dealer, action, vehicle, segment, status, issued, closed, status <> 'issued', subject,
                -- OFFSET 0: one look-up for each, where a hash would be made of all that the group was ever advised.
                subject IS NOT NULL AND NOT EXISTS (
                    SELECT FROM advice b WHERE b.tenant_id = t AND b.subject = u.subject AND b.action = u.action
                        AND b.is_first AND b.recommendation_id <> u.id OFFSET 0),
                shares AND subject IS NOT NULL AND NOT EXISTS (
                    SELECT FROM advice b WHERE b.tenant_id = t AND b.subject = u.subject AND b.opens
                        AND b.recommendation_id <> u.id OFFSET 0),
                document
            FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[],
                $8::timestamptz[], $9::timestamptz[], $10::text[], $11::bool[], $12::jsonb[])
                AS u(t, id, dealer, action, vehicle, segment, status, issued, closed, subject, shares, document)
            ON CONFLICT (tenant_id, recommendation_id) DO UPDATE SET
                status = CASE WHEN excluded.status = 'issued' THEN a.status ELSE excluded.status END,
                closed_at = coalesce(excluded.closed_at, a.closed_at),
                -- The issue is news once, and says it all; an end adds no more to it than that it is one.
                (issued_at, subject, is_first, opens, settled, document) = (
                    SELECT excluded.issued_at, excluded.subject, excluded.is_first, excluded.opens, false,
                        excluded.document
                    WHERE excluded.status = 'issued' AND a.document->>'status' <> 'issued'
                    UNION ALL
                    SELECT a.issued_at, a.subject, a.is_first, a.opens, a.settled, a.document
                    WHERE excluded.status <> 'issued' OR a.document->>'status' = 'issued')
            RETURNING a.tenant_id, a.dealer_id, a.status <> 'issued' AND NOT a.settled AS to_judge
            """,
            [e.tenant_id for e in rows],
            [e.recommendation_id for e in rows],
            [e.dealer_id for e in rows],
            [e.action.value for e in rows],
            [e.vehicle_key for e in rows],
            [e.segment for e in rows],
            [e.status.value for e in rows],
            [e.occurred_at for e in rows],
            [None if e.status.value == "issued" else e.occurred_at for e in rows],
            [watched_subject(e) for e in rows],
            [e.hold_out_share > 0 for e in rows],
            # Nothing is judged by what is left out.
            [e.model_copy(update={"evidence": (), "alternatives": (), "similar": ()}) for e in rows],
        )
        to_judge |= {(row["tenant_id"], row["dealer_id"]) for row in stored if row["to_judge"]}
    return to_judge


async def _in_turn(connection: Connection, tenant_ids: Iterable[UUID]) -> None:
    """Have whoever writes advice of a group wait for each other, until the transaction ends.

    A statement does not see what another transaction is about to store: two would open a window each on one subject,
    and an answer would pass by the issue it is to. It also spares them an order in which to lock rows.
    """
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(name, 0))"
        " FROM unnest($1::text[]) WITH ORDINALITY AS u(name, n) ORDER BY n",
        sorted(f"advice followed {tenant_id}" for tenant_id in tenant_ids),
    )


def _one_each(events: Sequence[RecommendationIssued]) -> list[list[RecommendationIssued]]:
    """Part events so that no advice and no subject comes twice in a part; what came first is in an earlier one.

    A statement may not touch a row twice, and does not see what it has just written of a subject.
    """
    parts: list[list[RecommendationIssued]] = []
    met: dict[tuple[UUID, str], int] = {}
    for event in events:
        names = (str(event.recommendation_id), watched_subject(event))
        keys = [(event.tenant_id, name) for name in names if name]
        place = max(met.get(key, 0) for key in keys)
        if place == len(parts):
            parts.append([])
        parts[place].append(event)
        met |= dict.fromkeys(keys, place + 1)
    return parts


async def save_answers(connection: Connection, events: Sequence[RecommendationAnswered]) -> None:
    """Keep the newest answer to each piece of advice, and follow that on, though it was let go for want of one."""
    newest = {(e.tenant_id, e.recommendation_id): e for e in sorted(events, key=lambda e: e.occurred_at)}
    rows = [newest[key] for key in sorted(newest, key=str)]
    await _in_turn(connection, {e.tenant_id for e in rows})
    await connection.execute(
        """
        WITH told AS (
            INSERT INTO answer (tenant_id, recommendation_id, answered_at, document)
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::jsonb[])
            ON CONFLICT (tenant_id, recommendation_id) DO UPDATE
            SET answered_at = excluded.answered_at, document = excluded.document
            WHERE answer.answered_at <= excluded.answered_at
            RETURNING tenant_id, recommendation_id)
        UPDATE advice AS a SET settled = false FROM told
        WHERE a.tenant_id = told.tenant_id AND a.recommendation_id = told.recommendation_id
            AND a.document->>'status' = 'issued'
        """,
        [e.tenant_id for e in rows],
        [e.recommendation_id for e in rows],
        [e.occurred_at for e in rows],
        rows,
    )


async def open_advice(
    connection: Connection, dealer_id: UUID, after: tuple[datetime, UUID], limit: int
) -> list[asyncpg.Record]:
    """Load a page of a rooftop's advice that is not settled, oldest first; documents as text, for who parses them."""
    return await connection.fetch(
        """
        SELECT a.recommendation_id, a.status, a.issued_at, a.closed_at, a.vehicle_key, a.segment, a.action,
            a.is_first, a.opens, a.row_version, a.document::text AS document, n.document::text AS answer,
            coalesce(o.version, 0) AS version, o.document::text AS outcome
        FROM (
            SELECT *, xmin::text AS row_version FROM advice
            WHERE dealer_id = $1 AND NOT settled AND (issued_at, recommendation_id) > ($2, $3)
            ORDER BY issued_at, recommendation_id LIMIT $4) AS a
        LEFT JOIN LATERAL (
            SELECT document FROM answer
            WHERE tenant_id = a.tenant_id AND recommendation_id = a.recommendation_id OFFSET 0) AS n ON true
        LEFT JOIN LATERAL (
            SELECT version, document FROM outcome
            WHERE tenant_id = a.tenant_id AND recommendation_id = a.recommendation_id OFFSET 0) AS o ON true
        ORDER BY a.issued_at, a.recommendation_id
        """,
        dealer_id,
        *after,
        limit,
    )


async def settle(connection: Connection, tenant_id: UUID, advice: Sequence[tuple[UUID, str]]) -> None:
    """Stop following advice (id, row version as read) with no more to come; what was stored anew since goes on."""
    await _in_turn(connection, [tenant_id])
    await connection.execute(
        # Of several rows read together: what changed one of them since is none of the transactions that made them.
        "UPDATE advice SET settled = true WHERE recommendation_id = ANY($1::uuid[]) AND xmin::text = ANY($2::text[])",
        [recommendation_id for recommendation_id, _ in advice],
        [row_version for _, row_version in advice],
    )
