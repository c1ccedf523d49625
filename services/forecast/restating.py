"""Forecasts as they were published last, read again: what copies elsewhere are held against."""

from uuid import UUID

from shared.events import ForecastReady
from shared.postgres.pool import Connection
from shared.postgres.spans import Span, within

BY_SEGMENT = {"dealer_id": "uuid", "segment": "text"}


async def forecasts(connection: Connection, tenant_id: UUID, span: Span) -> list[ForecastReady]:
    """Give the newest forecast of each segment of a span."""
    rows = await connection.fetch(
        f"SELECT document FROM forecast WHERE tenant_id = $1 AND {within(BY_SEGMENT)} ORDER BY dealer_id, segment",  # noqa: S608
        tenant_id,
        span.after,
        span.up_to,
    )
    return [ForecastReady.model_validate(row["document"]) for row in rows]
