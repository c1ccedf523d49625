"""What dealers answered to advice."""

from collections.abc import Sequence
from datetime import datetime

from shared.events import RecommendationAnswered
from shared.postgres import ONE_TENANT
from shared.postgres.pool import Connection

_TOLD = {"decision", "reason", "quantity"}


async def save_answers(connection: Connection, events: Sequence[RecommendationAnswered]) -> None:
    """Keep the newest answer to each piece of advice."""
    newest = {(e.tenant_id, e.recommendation_id): e for e in sorted(events, key=lambda e: e.occurred_at)}
    rows = [newest[key] for key in sorted(newest, key=str)]
    await connection.execute(
        """
        UPDATE advice AS a SET answered_at = u.at, answer = u.answer
        FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::jsonb[]) AS u(tenant_id, id, at, answer)
        WHERE a.tenant_id = u.tenant_id AND a.recommendation_id = u.id
            AND (a.answered_at IS NULL OR a.answered_at <= u.at)
        """,
        [e.tenant_id for e in rows],
        [e.recommendation_id for e in rows],
        [e.occurred_at for e in rows],
        [e.model_dump(mode="json", include=_TOLD) for e in rows],
    )


async def answered_since(connection: Connection, since: datetime) -> list[str]:
    """Load what the transaction's tenant answered since then: call, end, answer and what has come, each as text."""
    rows = await connection.fetch(
        f"""
        WITH arrived AS (
            SELECT a.recommendation_id, count(*) AS units FROM advice AS a JOIN unit AS u
                ON u.dealer_id = a.dealer_id AND u.segment = a.event->>'segment' AND u.status <> 'on_order'
                AND coalesce(u.group_stock_date, u.stock_date) >= (a.answered_at AT TIME ZONE 'UTC')::date
            WHERE a.answered_at >= $1 AND a.event->>'action' IN ('order', 'acquire')
            GROUP BY a.recommendation_id)
        SELECT jsonb_build_object(
            'recommendation_id', recommendation_id, 'dealer_id', dealer_id, 'action', event->'action',
            'segment', event->'segment', 'label', event->'label', 'vehicle_key', event->'vehicle_key',
            'destination_dealer_id', event->'destination_dealer_id', 'value', event->'value',
            'quantity', event->'quantity', 'closed_because', closed_because, 'answered_at', answered_at,
            'answer', answer, 'inbound', inbound, 'arrived', arrived.units
        )::text AS call
        FROM advice LEFT JOIN arrived USING (recommendation_id) WHERE {ONE_TENANT} AND answered_at >= $1
        """,  # noqa: S608  # a constant of ours
        since,
    )
    return [row["call"] for row in rows]
