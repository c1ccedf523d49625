"""SQL of what is known of a rooftop beside its stays: where it is, its market, what was learned."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from services.forecast.domain.prior import MarketRate, market_rate
from shared.events import MarketUpdated, PolicyUpdated
from shared.postgres.pool import Connection


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
