"""SQL of forecasts that were made and are to be made."""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from shared.events import ForecastReady
from shared.postgres.pool import Connection


async def segments_of(connection: Connection, tenant_id: UUID, dealer_id: UUID) -> list[str]:
    """List the segments that a rooftop has a forecast of."""
    rows = await connection.fetch(
        "SELECT segment FROM forecast WHERE tenant_id = $1 AND dealer_id = $2", tenant_id, dealer_id
    )
    return [row["segment"] for row in rows]


async def published(connection: Connection, dealer_id: UUID) -> dict[str, tuple[int, str]]:
    """Give version and digest of each forecast that was published last."""
    rows = await connection.fetch(
        "SELECT segment, version, digest FROM forecast WHERE dealer_id = $1 FOR UPDATE", dealer_id
    )
    return {row["segment"]: (row["version"], row["digest"]) for row in rows}


async def save_published(
    connection: Connection, tenant_id: UUID, dealer_id: UUID, rows: Sequence[tuple[ForecastReady, str]]
) -> None:
    """Keep the forecasts that are published now, each with its digest."""
    await connection.execute(
        """
        INSERT INTO forecast (tenant_id, dealer_id, segment, version, as_of, digest, document)
        SELECT $1, $2, * FROM unnest($3::text[], $4::bigint[], $5::date[], $6::text[], $7::jsonb[])
        ON CONFLICT (tenant_id, dealer_id, segment) DO UPDATE
        SET version = excluded.version, as_of = excluded.as_of, digest = excluded.digest,
            document = excluded.document
        """,
        tenant_id,
        dealer_id,
        [event.segment for event, _ in rows],
        [event.forecast_version for event, _ in rows],
        [event.as_of for event, _ in rows],
        [digest for _, digest in rows],
        [event for event, _ in rows],
    )


async def schedule_new_week(connection: Connection, queue: str) -> None:
    """Mark every rooftop's segments whose forecast is from an earlier week; ids only, across tenants."""
    await connection.execute(
        """
        INSERT INTO work AS w (queue, tenant_id, dealer_id, key, due_at, latest_at)
        SELECT $1, tenant_id, dealer_id, segment, now(), now() FROM series
        WHERE week < date_trunc('week', now())::date
        ON CONFLICT (queue, tenant_id, dealer_id, key) DO NOTHING
        """,
        queue,
    )


async def track_series(connection: Connection, items: Iterable[tuple[UUID, UUID, str]], week: date) -> None:
    """Note the week that forecasts were made in."""
    rows = sorted(set(items), key=str)
    await connection.execute(
        """
        INSERT INTO series (tenant_id, dealer_id, segment, week)
        SELECT t, d, s, $4 FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS u(t, d, s)
        ON CONFLICT (tenant_id, dealer_id, segment) DO UPDATE SET week = excluded.week
        """,
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        week,
    )
