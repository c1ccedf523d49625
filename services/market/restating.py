"""Markets as they were published last, read again: what copies elsewhere are held against."""

from uuid import UUID

from services.market import store
from services.market.handlers import ANEW, SURVEYS
from services.market.translate import market_updated
from shared.events import MarketUpdated
from shared.postgres.pool import Connection
from shared.postgres.spans import Span, within

BY_SEGMENT = {"dealer_id": "uuid", "segment": "text"}


async def markets(connection: Connection, tenant_id: UUID, span: Span) -> list[MarketUpdated]:
    """Give the market of each segment of a span; of a rooftop without any vehicle nothing can be told."""
    rows = await connection.fetch(
        f"SELECT dealer_id, segment, version, published_at, document FROM statistic"  # noqa: S608
        f" WHERE tenant_id = $1 AND {within(BY_SEGMENT)} ORDER BY dealer_id, segment",
        tenant_id,
        span.after,
        span.up_to,
    )
    rooftops = {row["dealer_id"]: None for row in rows}
    found = {dealer_id: await store.rooftop(connection, dealer_id) for dealer_id in rooftops}
    return [
        market_updated(
            store.published_market(row["document"]),
            tenant_id=tenant_id,
            dealer_id=rooftop.dealer_id,
            region=rooftop.region,
            currency=rooftop.currency,
            version=row["version"],
            at=row["published_at"],
        )
        for row in rows
        if (rooftop := found[row["dealer_id"]])
    ]


async def survey_anew(connection: Connection, tenant_id: UUID) -> int:
    """Have the whole market of every rooftop worked out and told again; returns how many rooftops there are."""
    rows = await connection.fetch("SELECT DISTINCT dealer_id FROM own_unit WHERE tenant_id = $1", tenant_id)
    await SURVEYS.mark(connection, [(tenant_id, row["dealer_id"], ANEW) for row in rows])
    return len(rows)
