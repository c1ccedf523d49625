"""SQL of stays and sales, as forecasts are made of them."""

from collections import defaultdict
from collections.abc import Hashable
from datetime import date
from typing import Any
from uuid import UUID

from services.forecast.domain.configurations import group_of
from services.forecast.domain.history import Stay
from services.forecast.domain.sister_sales import SisterSales, TenantSales, country_of
from services.forecast.store.visits import configuration_in
from shared.postgres import ONE_TENANT
from shared.postgres.pool import Connection


async def load_stays(connection: Connection, dealer_id: UUID, since: date) -> tuple[list[Stay], dict[str, str]]:
    """Load a rooftop's stays that reach past a day, and the label of each segment."""
    rows = await connection.fetch(
        "SELECT segment, label, stocked, left_on, sold, first_year, last_year, trim, body, drivetrain, fuel FROM stay"
        " WHERE dealer_id = $1 AND (left_on IS NULL OR left_on >= $2)",
        dealer_id,
        since,
    )
    stays = [Stay(row["segment"], row["stocked"], row["left_on"], row["sold"], configuration_in(row)) for row in rows]
    return stays, {row["segment"]: row["label"] for row in rows}


async def sales_version(connection: Connection) -> int:
    """Give a number that grows whenever what one tenant's rooftops lend each other has changed."""
    return await connection.fetchval(  # type: ignore[no-any-return]
        f"SELECT coalesce(sum(sales_version), 0)::bigint FROM rooftop WHERE {ONE_TENANT}"  # noqa: S608  # a constant
    )


async def load_tenant_sales(connection: Connection, since: date) -> TenantSales:
    """Add up by rooftop, group and week what all of one tenant's rooftops retailed since a day."""
    rows = await connection.fetch(
        f"""
        SELECT dealer_id, split_part(segment, '/', 1) AS condition, lower(coalesce(body, '')) AS body,
            date_trunc('week', left_on::timestamp)::date AS week, count(*) AS units
        FROM stay WHERE {ONE_TENANT} AND sold AND left_on >= $1
        GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
        """,  # noqa: S608  # a constant
        since,
    )
    sales: dict[UUID, list[SisterSales]] = defaultdict(list)
    same: dict[Hashable, Any] = {}  # what is one object goes to the computing process once: a third of the time
    for row in rows:
        group = group_of(row["condition"], row["body"])
        rooftop, group, week = (same.setdefault(each, each) for each in (row["dealer_id"], group, row["week"]))
        sales[rooftop].append(SisterSales(rooftop, group, week, row["units"]))
    places = await connection.fetch(f"SELECT dealer_id, region FROM rooftop WHERE {ONE_TENANT}")  # noqa: S608
    return TenantSales(sales, {row["dealer_id"]: country_of(row["region"]) for row in places})
