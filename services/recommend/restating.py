"""Advice as it was published last, read again: what copies and the vector store are held against."""

from uuid import UUID

from services.recommend.similar import CASES
from shared.events import RecommendationIssued
from shared.postgres.pool import Connection
from shared.postgres.spans import Span, within

BY_ID = {"recommendation_id": "uuid"}


async def advice(connection: Connection, tenant_id: UUID, span: Span) -> list[RecommendationIssued]:
    """Give each piece of advice of a span as it was issued, with how it stands now."""
    rows = await connection.fetch(
        f"SELECT event, status, closed_because FROM advice"  # noqa: S608
        f" WHERE tenant_id = $1 AND {within(BY_ID)} ORDER BY recommendation_id",
        tenant_id,
        span.after,
        span.up_to,
    )
    return [
        RecommendationIssued.model_validate(
            {**row["event"], "status": row["status"], "closed_because": row["closed_because"]}
        )
        for row in rows
    ]


async def embed_anew(connection: Connection, tenant_id: UUID, span: Span) -> int:
    """Have the ended advice of a span made searchable again; returns how many cases there are."""
    rows = await connection.fetch(
        f"UPDATE advice SET case_version = case_version + 1"  # noqa: S608
        f" WHERE tenant_id = $1 AND {within(BY_ID)} AND outcome IS NOT NULL RETURNING dealer_id, recommendation_id",
        tenant_id,
        span.after,
        span.up_to,
    )
    await CASES.mark(connection, [(tenant_id, row["dealer_id"], str(row["recommendation_id"])) for row in rows])
    return len(rows)
