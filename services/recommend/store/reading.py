"""The book as it is read for a review, of the transaction's tenant."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID

from services.recommend.packs import pack
from shared.postgres import ONE_TENANT
from shared.postgres.pool import Connection

_UNREAD = {"market": ("own_units",), "demand": ("scores",)}
"""The long parts of events that no advice is computed from."""
GROSS_DAYS = 180
"""Front grosses are averaged over the retail sales of this many days."""
_AT_ONCE = 250
"""Rows of lives held as text, some 200 kB: packing them takes a millisecond or two."""
_LIVES_SECONDS = 60.0


async def rooftops(connection: Connection) -> list[dict[str, Any]]:
    """Load the rooftops of the transaction's tenant."""
    rows = await connection.fetch("SELECT dealer_id, name, currency, policy_version, parameters FROM rooftop")
    return [dict(row) for row in rows]


async def units(connection: Connection) -> list[str]:
    """Load what is in stock or on order, each row as text for who parses it."""
    rows = await connection.fetch(
        "SELECT to_jsonb(unit)::text AS row FROM unit WHERE status IN ('in_stock', 'on_order')"
    )
    return [row["row"] for row in rows]


async def rules(connection: Connection) -> dict[UUID, tuple[int, dict[str, Any]]]:
    """Load version and document of the rules of the tenant (dealer id zero) and of each rooftop that has any."""
    rows = await connection.fetch("SELECT dealer_id, version, document FROM rules")
    return {row["dealer_id"]: (row["version"], row["document"]) for row in rows}


async def new_sales(connection: Connection, since: date) -> list[dict[str, Any]]:
    """Count retail sales of new units since a day, per rooftop, brand and day."""
    rows = await connection.fetch(
        """
        SELECT dealer_id, split_part(segment, '/', 2) AS brand, exit_date, count(*)::int AS units
        FROM unit WHERE status = 'sold' AND exit_date >= $1 AND segment LIKE 'new/%'
        GROUP BY dealer_id, brand, exit_date
        """,
        since,
    )
    return [dict(row) for row in rows]


async def lives(connection: Connection, since: date) -> list[bytes]:
    """Load what is in stock and what left since a day, however it left, as packs of the text of each row.

    Raises TimeoutError after a minute: a statement's own limit is for each few rows here.
    """
    packs: list[bytes] = []
    rows: list[str] = []
    async with asyncio.timeout(_LIVES_SECONDS):
        async for row in connection.cursor(
            "SELECT to_jsonb(unit)::text AS row FROM unit WHERE status = 'in_stock' OR exit_date >= $1",
            since,
            prefetch=_AT_ONCE,
        ):
            rows.append(row["row"])
            if len(rows) == _AT_ONCE:
                packs.append(pack(rows))
                rows = []
    return [*packs, pack(rows)] if rows else packs


async def count_exits(connection: Connection, since: date) -> int:
    """Count the units that left since a day."""
    return int(await connection.fetchval("SELECT count(*) FROM unit WHERE exit_date >= $1", since))


async def documents(connection: Connection, table: str) -> list[str]:
    """Load the newest ``market`` or ``demand`` events, as text for who parses them."""
    if table not in {"market", "demand"}:
        message = f"no table {table!r} of documents"
        raise ValueError(message)
    rows = await connection.fetch(
        f"SELECT (document - '{{{','.join(_UNREAD[table])}}}'::text[])::text AS document FROM {table}"  # noqa: S608
        f" WHERE {ONE_TENANT}"
    )
    return [row["document"] for row in rows]


async def grosses(connection: Connection, since: date) -> list[dict[str, Any]]:
    """Average the retail sales since a day, per rooftop and segment, and per rooftop and condition.

    ``went_for`` is of those of a segment that tell cost, age and distance, ``years`` and ``odometer_km`` what these
    were when they were sold.
    """
    rows = await connection.fetch(
        """
        SELECT dealer_id, scope, count(*)::int AS n, avg(front_gross) AS average_front_gross,
               avg(back_gross) AS average_back_gross, avg(cost + coalesce(recon_cost, 0)) AS average_cost,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY exit_date - stock_date)
                   FILTER (WHERE stock_date IS NOT NULL) AS median_days_to_sell,
               (avg((exit_date - make_date(model_year, 1, 1)) / 365.25) FILTER (WHERE described))::float8 AS years,
               avg(odometer_km) FILTER (WHERE described) AS odometer_km,
               (avg(coalesce(condition = 'certified', false)::int) FILTER (WHERE described))::float8 AS certified,
               avg(cost + coalesce(recon_cost, 0) + front_gross) FILTER (WHERE described) AS went_for,
               array_agg(trim) FILTER (WHERE described) AS trims
        FROM unit, LATERAL (VALUES
                 (segment, model_year IS NOT NULL AND odometer_km IS NOT NULL AND cost IS NOT NULL),
                 (split_part(segment, '/', 1), false)
             ) AS s(scope, described)
        WHERE status = 'sold' AND exit_date >= $1 AND front_gross IS NOT NULL
        GROUP BY dealer_id, scope
        """,
        since,
    )
    return [dict(row) for row in rows]
