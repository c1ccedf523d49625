"""Imports: the file as it came (durable before it is accepted), its progress and its rejected rows."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from services.gateway.imports import Rejection
from services.gateway.store.live import announced
from shared.postgres import ONE_TENANT
from shared.postgres.pool import Connection

_TOLD = """
    RETURNING tenant_id, dealer_id,
        'import.' || CASE status WHEN 'running' THEN 'progress' ELSE status END AS kind,
        json_build_object('id', import_id, 'kind', kind, 'rows', rows, 'accepted', accepted,
            'rejected', rejected) AS item
"""


@dataclass(frozen=True, slots=True)
class Import:
    """A file that was handed in."""

    tenant_id: UUID
    import_id: UUID
    dealer_id: UUID
    kind: str
    mode: str
    filename: str
    as_of: date
    override: dict[str, str | None] | None
    confirm: bool
    by_store: bool
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    """When it was handed in."""


@dataclass(frozen=True, slots=True)
class KnownVehicle:
    """What the read model knows of a vehicle that an import speaks of."""

    vehicle_key: str
    dealer_id: UUID
    status: str
    exit_date: date | None
    document: Mapping[str, Any]


async def store_file(connection: Connection, new: Import, chunks: AsyncIterator[bytes]) -> int:
    """Store a file with its import; returns its size in bytes."""
    await connection.execute(
        "INSERT INTO import (tenant_id, import_id, dealer_id, kind, mode, filename, bytes, as_of, override,"
        " confirm, by_store, created_at, status) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $10, $11, 'running')",
        new.tenant_id,
        new.import_id,
        new.dealer_id,
        new.kind,
        new.mode,
        new.filename,
        new.as_of,
        new.override,
        new.confirm,
        new.by_store,
        new.created_at,
    )
    size = n = 0
    async for chunk in chunks:
        await connection.execute(
            "INSERT INTO import_chunk (tenant_id, import_id, n, data) VALUES ($1, $2, $3, $4)",
            new.tenant_id,
            new.import_id,
            n,
            chunk,
        )
        n, size = n + 1, size + len(chunk)
    await connection.execute("UPDATE import SET bytes = $2 WHERE import_id = $1", new.import_id, size)
    return size


async def start(connection: Connection, import_id: UUID) -> int | None:
    """Note that an import is begun; returns how often it has been, this time included, or None where it has ended."""
    starts: int | None = await connection.fetchval(
        "UPDATE import SET starts = starts + 1 WHERE import_id = $1 AND status = 'running' RETURNING starts",
        import_id,
    )
    return starts


async def forgive_start(connection: Connection, import_id: UUID) -> None:
    """Take back a start that failed through no fault of the file's, unless another has ended the import by now.

    Taken back twice, where the answer to the first time was lost, it is the one before that is forgiven, or none.
    """
    await connection.execute(
        "UPDATE import SET starts = greatest(starts - 1, 0) WHERE import_id = $1 AND status = 'running'", import_id
    )


async def load(connection: Connection, import_id: UUID) -> Import | None:
    """Load an import of the transaction's tenant."""
    row = await connection.fetchrow(
        "SELECT tenant_id, import_id, dealer_id, kind, mode, filename, as_of, override, confirm, by_store,"
        " created_at FROM import WHERE import_id = $1",
        import_id,
    )
    return Import(**row) if row else None


async def write_file(connection: Connection, import_id: UUID, path: Path) -> None:
    """Write an import's file to disk, a chunk at a time."""
    with path.open("wb") as file:
        async for row in connection.cursor(
            "SELECT data FROM import_chunk WHERE import_id = $1 ORDER BY n", import_id, prefetch=2
        ):
            file.write(row["data"])


async def report(
    connection: Connection,
    import_id: UUID,
    *,
    rows: int,
    accepted: int,
    rejected: int,
    report: dict[str, Any],
) -> None:
    """Note progress."""
    await connection.execute(
        announced(
            f"UPDATE import SET rows = $2, accepted = $3, rejected = $4, report = $5 WHERE import_id = $1 {_TOLD}"  # noqa: S608
        ),
        import_id,
        rows,
        accepted,
        rejected,
        report,
    )


async def finish(connection: Connection, import_id: UUID, *, error: str | None = None) -> None:
    """End an import and drop its file."""
    # First what takes long: telling of the end holds up every other teller of the tenant until we commit.
    await connection.execute("DELETE FROM import_chunk WHERE import_id = $1", import_id)
    await connection.execute(
        announced(
            f"UPDATE import SET status = $2, error = $3, finished_at = now() WHERE import_id = $1 {_TOLD}"  # noqa: S608
        ),
        import_id,
        "failed" if error else "done",
        error,
    )


async def add_rejections(
    connection: Connection, work: Import, rows: Sequence[tuple[int, str, str, Sequence[str | None]]]
) -> None:
    """Keep rejected rows (line, field, reason, cells) so that they can be downloaded and mended."""
    await connection.execute(
        """
        INSERT INTO import_rejection (tenant_id, import_id, line, field, reason, cells)
        SELECT $1, $2, r.* FROM jsonb_to_recordset($3) AS r(line int, field text, reason text, cells jsonb)
        ON CONFLICT DO NOTHING
        """,
        work.tenant_id,
        work.import_id,
        [dict(zip(("line", "field", "reason", "cells"), row, strict=True)) for row in rows],
    )


async def status(connection: Connection, import_id: UUID) -> dict[str, Any] | None:
    """Read how an import stands."""
    row = await connection.fetchrow(
        "SELECT import_id, dealer_id, kind, mode, filename, bytes, as_of, status, rows, accepted, rejected,"
        " report, error, created_at, finished_at FROM import WHERE import_id = $1",
        import_id,
    )
    return dict(row) if row else None


async def first_rejections(connection: Connection, import_id: UUID, limit: int) -> list[dict[str, Any]]:
    """Read the first refused rows in the file's order: line, field and reason, without the cells."""
    rows = await connection.fetch(
        "SELECT line, field, reason FROM import_rejection WHERE import_id = $1 ORDER BY line LIMIT $2",
        import_id,
        limit,
    )
    return [dict(row) for row in rows]


async def rejections_after(connection: Connection, import_id: UUID, line: int, limit: int) -> list[Rejection]:
    """Read refused rows below a line of the file, in its order, so that any number can be read bit by bit."""
    rows = await connection.fetch(
        "SELECT line, reason, cells FROM import_rejection WHERE import_id = $1 AND line > $2 ORDER BY line LIMIT $3",
        import_id,
        line,
        limit,
    )
    return [Rejection(**row) for row in rows]


async def purge_rejections(connection: Connection, ended_before: datetime, limit: int) -> int:
    """Delete up to ``limit`` refused rows of imports of the transaction's tenants that ended before a time."""
    status = await connection.execute(
        """
        DELETE FROM import_rejection WHERE (tenant_id, import_id, line) IN (
            SELECT r.tenant_id, r.import_id, r.line FROM import_rejection r JOIN import i USING (tenant_id, import_id)
            WHERE i.finished_at < $1 LIMIT $2 FOR UPDATE OF r SKIP LOCKED)
        """,
        ended_before,
        limit,
    )
    return int(status.split()[-1])


async def known_vehicles(connection: Connection, vins: Sequence[str]) -> dict[str, KnownVehicle]:
    """Look vehicles up by VIN."""
    rows = await connection.fetch(
        f"""
        SELECT v.* FROM unnest($1::text[]) AS u(k) CROSS JOIN LATERAL (
            SELECT vehicle_key, dealer_id, status, exit_date, document FROM vehicle
            WHERE {ONE_TENANT} AND vehicle_key = k OFFSET 0) AS v
        """,  # noqa: S608  # a constant of ours
        sorted(set(vins)),
    )
    return {row["vehicle_key"]: KnownVehicle(**row) for row in rows}


async def known_dealers(connection: Connection) -> set[UUID]:
    """Give the rooftops of which any vehicle is known."""
    rows = await connection.fetch(
        "SELECT dealer_id FROM dealer AS d WHERE EXISTS ("
        "SELECT FROM vehicle AS v WHERE v.tenant_id = d.tenant_id AND v.dealer_id = d.dealer_id OFFSET 0)"
    )
    return {row["dealer_id"] for row in rows}


async def in_stock(connection: Connection, dealer_id: UUID) -> set[str]:
    """Give the keys of what stands at a rooftop."""
    rows = await connection.fetch(
        "SELECT vehicle_key FROM vehicle WHERE dealer_id = $1 AND status = 'in_stock'", dealer_id
    )
    return {row["vehicle_key"] for row in rows}


async def awaited(connection: Connection) -> dict[UUID, set[str]]:
    """Give, by rooftop, the keys of what stands there or was counted as missing: what a snapshot can lack."""
    rows = await connection.fetch(
        "SELECT dealer_id, vehicle_key FROM vehicle WHERE status = 'in_stock'"
        " UNION SELECT dealer_id, vehicle_key FROM missing_vehicle"
    )
    found: dict[UUID, set[str]] = {}
    for row in rows:
        found.setdefault(row["dealer_id"], set()).add(row["vehicle_key"])
    return found


async def missing_again(
    connection: Connection, work: Import, dealer_id: UUID, *, missing: set[str], present: set[str], grace: int
) -> set[str]:
    """Count a snapshot's missing vehicles; returns those that were missing on ``grace`` days in a row.

    However many snapshots a day brings, it counts once: a feed may be broken for an hour.
    """
    await connection.execute(
        "DELETE FROM missing_vehicle WHERE dealer_id = $1 AND vehicle_key = ANY($2)",
        dealer_id,
        sorted(present),
    )
    rows = await connection.fetch(
        """
        INSERT INTO missing_vehicle AS m (tenant_id, dealer_id, vehicle_key, missing_since, days, last_day)
        SELECT $1, $2, key, $4, 1, $4 FROM unnest($3::text[]) AS u(key)
        ON CONFLICT (tenant_id, dealer_id, vehicle_key) DO UPDATE
        SET days = m.days + (m.last_day < excluded.last_day)::int, last_day = greatest(m.last_day, excluded.last_day)
        RETURNING vehicle_key, days
        """,
        work.tenant_id,
        dealer_id,
        sorted(missing),
        work.as_of,
    )
    return {row["vehicle_key"] for row in rows if row["days"] >= grace}


async def forget_missing(connection: Connection, dealer_id: UUID, keys: set[str]) -> None:
    """Stop counting vehicles, in the transaction that lets them depart."""
    await connection.execute(
        "DELETE FROM missing_vehicle WHERE dealer_id = $1 AND vehicle_key = ANY($2)", dealer_id, sorted(keys)
    )
