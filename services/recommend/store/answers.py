"""What dealers answered to advice."""

from collections.abc import Sequence
from datetime import date, datetime

from shared.events import RecommendationAnswered
from shared.postgres import ONE_TENANT
from shared.postgres.pool import Connection

_TOLD = {"decision", "reason", "quantity"}


async def save_answers(connection: Connection, events: Sequence[RecommendationAnswered]) -> None:
    """Keep the newest answer to each piece of advice, and what a shelf has when it is first agreed to fill it."""
    newest = {(e.tenant_id, e.recommendation_id): e for e in sorted(events, key=lambda e: e.occurred_at)}
    rows = [newest[key] for key in sorted(newest, key=str)]
    await connection.execute(
        """
        UPDATE advice AS a SET answered_at = n.at, answer = n.answer, shelf = CASE
            WHEN n.answer->>'decision' = 'declined' OR a.event->>'action' NOT IN ('order', 'acquire') THEN NULL
            ELSE coalesce(a.shelf, (
                SELECT jsonb_build_object(
                    'since', (n.at AT TIME ZONE 'UTC')::date,
                    'inbound', coalesce(sum(u.quantity) FILTER (WHERE u.status = 'on_order'), 0),
                    'stands', coalesce(jsonb_agg(u.vehicle_key) FILTER (
                        WHERE u.status = 'in_stock' AND (u.stock_date IS NULL
                            OR coalesce(u.group_stock_date, u.stock_date) <= (n.at AT TIME ZONE 'UTC')::date)), '[]'))
                FROM unit AS u
                WHERE u.tenant_id = a.tenant_id AND u.status IN ('in_stock', 'on_order')
                    AND u.dealer_id = a.dealer_id AND u.segment = a.event->>'segment'))
            END,
            arrived = CASE WHEN n.answer->>'decision' = 'declined' THEN 0 ELSE a.arrived END
        FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::jsonb[]) AS n(tenant_id, id, at, answer)
        WHERE a.tenant_id = n.tenant_id AND a.recommendation_id = n.id
            AND (a.answered_at IS NULL OR a.answered_at <= n.at)
        """,
        [e.tenant_id for e in rows],
        [e.recommendation_id for e in rows],
        [e.occurred_at for e in rows],
        [e.model_dump(mode="json", include=_TOLD) for e in rows],
    )


async def count_arrived(connection: Connection, since: date) -> None:
    """Count what has come to the shelves that the transaction's tenant agreed to fill since a day, each once.

    It never counts back: what was sold again, or moved to a sister, has come all the same.
    """
    await connection.execute(
        f"""
        WITH come AS (
            SELECT a.tenant_id, a.recommendation_id, a.shelf, count(*) AS units, jsonb_agg(u.vehicle_key) AS keys
            FROM advice AS a JOIN unit AS u ON u.tenant_id = a.tenant_id AND u.dealer_id = a.dealer_id
                AND u.segment = a.event->>'segment'
                AND coalesce(u.group_stock_date, u.stock_date) >= (a.shelf->>'since')::date
            WHERE a.{ONE_TENANT} AND u.{ONE_TENANT} AND a.answered_at >= $1 AND a.shelf IS NOT NULL
                AND (u.status = 'in_stock' OR u.exit_date >= $1) AND NOT a.shelf->'stands' ? u.vehicle_key
            GROUP BY a.tenant_id, a.recommendation_id)
        UPDATE advice AS a SET arrived = a.arrived + come.units,
            shelf = jsonb_set(a.shelf, '{{stands}}', a.shelf->'stands' || come.keys)
        FROM come
        -- Of two replicas that counted, or one and an answer, the later counts anew at the next review.
        WHERE a.tenant_id = come.tenant_id AND a.recommendation_id = come.recommendation_id AND a.shelf = come.shelf
        """,  # noqa: S608  # a constant of ours
        since,
    )


async def answered_since(connection: Connection, since: datetime) -> list[str]:
    """Load what the transaction's tenant answered since then: call, end, answer and what has come, each as text."""
    rows = await connection.fetch(
        """
        SELECT jsonb_build_object(
            'recommendation_id', recommendation_id, 'dealer_id', dealer_id, 'action', event->'action',
            'segment', event->'segment', 'label', event->'label', 'vehicle_key', event->'vehicle_key',
            'destination_dealer_id', event->'destination_dealer_id', 'value', event->'value',
            'quantity', event->'quantity', 'closed_because', closed_because, 'answered_at', answered_at,
            'answer', answer, 'inbound', shelf->'inbound', 'arrived', arrived
        )::text AS call
        FROM advice WHERE answered_at >= $1
        """,
        since,
    )
    return [row["call"] for row in rows]
