"""What dealers answered to advice."""

from collections.abc import Sequence
from datetime import datetime

from shared.events import RecommendationAnswered
from shared.postgres.pool import Connection

_TOLD = {"decision", "reason", "quantity"}


async def save_answers(connection: Connection, events: Sequence[RecommendationAnswered]) -> None:
    """Keep the newest answer to each piece of advice, and with it what is on the way to the advice's shelf by now."""
    newest = {(e.tenant_id, e.recommendation_id): e for e in sorted(events, key=lambda e: e.occurred_at)}
    rows = [newest[key] for key in sorted(newest, key=str)]
    await connection.execute(
        """
        UPDATE advice AS a SET answered_at = u.at, answer = u.answer || jsonb_build_object('inbound', (
            SELECT coalesce(sum(unit.quantity), 0) FROM unit
            WHERE unit.tenant_id = a.tenant_id AND unit.dealer_id = a.dealer_id AND unit.status = 'on_order'
                AND unit.segment = a.event->>'segment'))
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
    """Load what the transaction's tenant answered since then: the call, its end and the answer, each as text."""
    rows = await connection.fetch(
        """
        SELECT jsonb_build_object(
            'recommendation_id', recommendation_id, 'dealer_id', dealer_id, 'action', event->'action',
            'segment', event->'segment', 'label', event->'label', 'vehicle_key', event->'vehicle_key',
            'destination_dealer_id', event->'destination_dealer_id', 'value', event->'value',
            'quantity', event->'quantity', 'status', status, 'answered_at', answered_at, 'answer', answer
        )::text AS call
        FROM advice WHERE answered_at >= $1
        """,
        since,
    )
    return [row["call"] for row in rows]
