"""Answers, outcomes and policies as they were published last, read again: what copies are held against."""

from collections.abc import Sequence
from uuid import UUID

from services.feedback.translate import outcome_event, stored_outcome
from shared.events import OutcomeRecorded, PolicyUpdated, RecommendationAnswered
from shared.postgres.pool import Connection
from shared.postgres.spans import Span, within

BY_ADVICE = {"recommendation_id": "uuid"}
BY_ROOFTOP = {"dealer_id": "uuid"}


async def answers(connection: Connection, tenant_id: UUID, advice: Sequence[UUID]) -> list[RecommendationAnswered]:
    """Give the newest answer to each of some pieces of advice; the gateway asks, and this is where it is kept."""
    rows = await connection.fetch(
        "SELECT document FROM answer WHERE tenant_id = $1 AND recommendation_id = ANY($2::uuid[])"
        " ORDER BY recommendation_id",
        tenant_id,
        list(advice),
    )
    return [RecommendationAnswered.model_validate(row["document"]) for row in rows]


async def outcomes(connection: Connection, tenant_id: UUID, span: Span) -> list[OutcomeRecorded]:
    """Give the newest outcome of each piece of advice of a span."""
    rows = await connection.fetch(
        f"SELECT o.dealer_id, o.version, o.recorded_at, o.document, a.document->>'currency' AS currency"  # noqa: S608
        f" FROM (SELECT * FROM outcome WHERE tenant_id = $1 AND {within(BY_ADVICE)}) AS o"
        f" JOIN advice a USING (tenant_id, recommendation_id) ORDER BY recommendation_id",
        tenant_id,
        span.after,
        span.up_to,
    )
    return [
        outcome_event(
            tenant_id,
            row["dealer_id"],
            row["currency"],
            row["version"],
            stored_outcome(row["document"]),
            row["recorded_at"],
        )
        for row in rows
    ]


async def policies(connection: Connection, tenant_id: UUID, span: Span) -> list[PolicyUpdated]:
    """Give every version of what was learned for the rooftops of a span."""
    rows = await connection.fetch(
        f"SELECT document FROM policy WHERE tenant_id = $1 AND {within(BY_ROOFTOP)} ORDER BY dealer_id, version",  # noqa: S608
        tenant_id,
        span.after,
        span.up_to,
    )
    return [PolicyUpdated.model_validate(row["document"]) for row in rows]
