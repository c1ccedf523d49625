"""The only SQL of forecast."""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from services.forecast.domain.configuration import Configuration
from services.forecast.domain.configurations import group_of
from services.forecast.domain.history import Stay
from services.forecast.domain.prior import MarketRate, market_rate
from services.forecast.domain.sister_sales import SisterSales, TenantSales, country_of
from services.forecast.domain.stays import Visit
from shared.events import ForecastReady, MarketUpdated, PolicyUpdated
from shared.postgres import ONE_TENANT, lock_order
from shared.postgres.pool import Connection

Key = tuple[UUID, str]
"""(tenant, vehicle key)."""


async def load_visits(connection: Connection, keys: Iterable[Key]) -> dict[Key, list[Visit]]:
    """Load the stays of vehicles, in order."""
    wanted = sorted(set(keys), key=lock_order)
    rows = await connection.fetch(
        # Vehicle by vehicle: in a join the planner, who takes the fence for ten tenants, reads all they ever had.
        """
        SELECT s.* FROM unnest($1::uuid[], $2::text[]) AS u(t, k)
        CROSS JOIN LATERAL (SELECT * FROM stay WHERE tenant_id = t AND vehicle_key = k OFFSET 0) AS s
        ORDER BY s.n
        """,
        [key[0] for key in wanted],
        [key[1] for key in wanted],
    )
    visits: dict[Key, list[Visit]] = defaultdict(list)
    for row in rows:
        visits[row["tenant_id"], row["vehicle_key"]].append(
            Visit(
                row["dealer_id"], row["version"], row["segment"], row["label"], row["stocked"], row["left_on"],
                row["sold"], _configuration(row),
            )
        )  # fmt: skip
    return visits


async def save_visits(connection: Connection, visits: Mapping[Key, Sequence[Visit]]) -> None:
    """Store the stays of vehicles."""
    rows = [
        (tenant, key, n, visit)
        for tenant, key in sorted(visits, key=lock_order)
        for n, visit in enumerate(visits[tenant, key])
    ]
    await connection.execute(
        """
        INSERT INTO stay (tenant_id, vehicle_key, n, dealer_id, version, segment, label, stocked, left_on, sold,
                          first_year, last_year, trim, body, drivetrain, fuel)
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::uuid[], $5::bigint[], $6::text[], $7::text[],
                             $8::date[], $9::date[], $10::bool[], $11::int[], $12::int[], $13::text[], $14::text[],
                             $15::text[], $16::text[])
        ON CONFLICT (tenant_id, vehicle_key, n) DO UPDATE SET
            dealer_id = excluded.dealer_id, version = excluded.version, segment = excluded.segment,
            label = excluded.label, stocked = excluded.stocked, left_on = excluded.left_on, sold = excluded.sold,
            first_year = excluded.first_year, last_year = excluded.last_year, trim = excluded.trim,
            body = excluded.body, drivetrain = excluded.drivetrain, fuel = excluded.fuel
        WHERE stay.version < excluded.version
        """,
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        [row[3].dealer_id for row in rows],
        [row[3].version for row in rows],
        [row[3].segment for row in rows],
        [row[3].label for row in rows],
        [row[3].stocked for row in rows],
        [row[3].left for row in rows],
        [row[3].sold for row in rows],
        [row[3].configuration.years and row[3].configuration.years[0] for row in rows],
        [row[3].configuration.years and row[3].configuration.years[1] for row in rows],
        [row[3].configuration.trim for row in rows],
        [row[3].configuration.body for row in rows],
        [row[3].configuration.drivetrain for row in rows],
        [row[3].configuration.fuel for row in rows],
    )


async def save_market_rates(connection: Connection, events: Sequence[MarketUpdated]) -> None:
    """Keep the market's rate of sale per segment, for segments without a history of their own."""
    newest = {(e.tenant_id, e.dealer_id, e.segment): e for e in sorted(events, key=lambda e: e.market_version)}
    rows = [newest[key] for key in sorted(newest, key=str)]
    await connection.execute(
        """
        INSERT INTO market_rate AS m (tenant_id, dealer_id, segment, version, label, sold_per_day, own_share)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::float8[],
                             $7::float8[])
        ON CONFLICT (tenant_id, dealer_id, segment) DO UPDATE SET
            version = excluded.version, label = excluded.label, sold_per_day = excluded.sold_per_day,
            own_share = excluded.own_share
        WHERE m.version < excluded.version
        """,
        [e.tenant_id for e in rows],
        [e.dealer_id for e in rows],
        [e.segment for e in rows],
        [e.market_version for e in rows],
        [e.label for e in rows],
        [e.sold_per_day for e in rows],
        [_share_of_market(e) for e in rows],
    )


def _share_of_market(event: MarketUpdated) -> float | None:
    """Give the rooftop's sales as a share of the market's, over the segment's whole condition group."""
    if not event.market_total or event.own_sales_total is None:
        return None
    return min(1.0, event.own_sales_total / event.market_total)


async def save_policies(connection: Connection, events: Sequence[PolicyUpdated]) -> None:
    """Keep each rooftop's newest demand scale."""
    for event in sorted(events, key=lambda e: e.policy_version):
        await connection.execute(
            """
            INSERT INTO policy (tenant_id, dealer_id, version, demand_scale) VALUES ($1, $2, $3, $4)
            ON CONFLICT (tenant_id, dealer_id) DO UPDATE
            SET version = excluded.version, demand_scale = excluded.demand_scale
            WHERE policy.version < excluded.version
            """,
            event.tenant_id,
            event.dealer_id,
            event.policy_version,
            event.parameters.get("demand_scale", 1.0),
        )


async def save_regions(
    connection: Connection, regions: Mapping[tuple[UUID, UUID], str], resold: Collection[tuple[UUID, UUID]] = ()
) -> None:
    """Keep where each rooftop is, by tenant and dealer: its country's calendar may matter.

    ``resold``: those of them whose events changed what the tenant's rooftops lend each other, which counts a
    ``sales_version`` up, as a move to another region does.
    """
    rows = sorted(regions.items(), key=str)
    await connection.execute(
        """
        INSERT INTO rooftop AS r (tenant_id, dealer_id, region, sales_version)
        SELECT t, d, region, resold::int
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bool[]) AS u(t, d, region, resold)
        ON CONFLICT (tenant_id, dealer_id) DO UPDATE
        SET region = excluded.region, sales_version = r.sales_version + 1
        WHERE r.region <> excluded.region OR excluded.sales_version > 0
        """,
        [key[0] for key, _ in rows],
        [key[1] for key, _ in rows],
        [region for _, region in rows],
        [key in resold for key, _ in rows],
    )


async def region_of(connection: Connection, dealer_id: UUID) -> str:
    """Give where a rooftop is, such as ``US-MI``; empty where nobody said."""
    return await connection.fetchval("SELECT region FROM rooftop WHERE dealer_id = $1", dealer_id) or ""


async def load_stays(connection: Connection, dealer_id: UUID, since: date) -> tuple[list[Stay], dict[str, str]]:
    """Load a rooftop's stays that reach past a day, and the label of each segment."""
    rows = await connection.fetch(
        "SELECT segment, label, stocked, left_on, sold, first_year, last_year, trim, body, drivetrain, fuel FROM stay"
        " WHERE dealer_id = $1 AND (left_on IS NULL OR left_on >= $2)",
        dealer_id,
        since,
    )
    stays = [Stay(row["segment"], row["stocked"], row["left_on"], row["sold"], _configuration(row)) for row in rows]
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


async def load_market_rates(connection: Connection, dealer_id: UUID) -> tuple[dict[str, MarketRate], dict[str, str]]:
    """Load what the market suggests per segment, and the labels of those segments."""
    rows = await connection.fetch(
        "SELECT segment, label, sold_per_day, own_share FROM market_rate WHERE dealer_id = $1", dealer_id
    )
    rates = {
        row["segment"]: market_rate(row["sold_per_day"], row["own_share"])
        for row in rows
        if row["own_share"] is not None and row["own_share"] > 0 and row["sold_per_day"] > 0
    }
    return rates, {row["segment"]: row["label"] for row in rows}


async def demand_scale(connection: Connection, dealer_id: UUID) -> float:
    """Give the learned factor on a rooftop's demand, 1 where nothing was learned."""
    value = await connection.fetchval("SELECT demand_scale FROM policy WHERE dealer_id = $1", dealer_id)
    return 1.0 if value is None else float(value)


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


def _configuration(row: asyncpg.Record) -> Configuration:
    years = None if row["first_year"] is None else (row["first_year"], row["last_year"])
    return Configuration(years, row["trim"], row["body"], row["drivetrain"], row["fuel"])
