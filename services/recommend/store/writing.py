"""The book as events tell it: only what is newer than what is stored."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.events import ForecastReady, InventoryUpdated, MarketUpdated, PolicyUpdated
from shared.postgres.pool import Connection, as_json


async def save_rooftops(connection: Connection, events: Sequence[InventoryUpdated]) -> None:
    """Keep name and currency of each rooftop as its newest vehicle states them."""
    newest = {(e.tenant_id, e.dealer_id): e for e in events}
    rows = [newest[key] for key in sorted(newest, key=str)]
    await connection.execute(
        """
        INSERT INTO rooftop (tenant_id, dealer_id, name, currency)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[])
        ON CONFLICT (tenant_id, dealer_id) DO UPDATE SET name = excluded.name, currency = excluded.currency
        WHERE (rooftop.name, rooftop.currency) IS DISTINCT FROM (excluded.name, excluded.currency)
        """,
        [e.tenant_id for e in rows],
        [e.dealer_id for e in rows],
        [e.dealer_name for e in rows],
        [e.currency for e in rows],
    )


async def save_units(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Store vehicles; older versions are dropped."""
    await connection.execute(
        """
        INSERT INTO unit AS u SELECT * FROM json_populate_recordset(NULL::unit, $1::text::json)
        ON CONFLICT (tenant_id, vehicle_key) DO UPDATE SET
            dealer_id = excluded.dealer_id, version = excluded.version, status = excluded.status,
            segment = excluded.segment, label = excluded.label, quantity = excluded.quantity,
            vin = excluded.vin, stock_number = excluded.stock_number, condition = excluded.condition,
            model_year = excluded.model_year, make = excluded.make, model = excluded.model, trim = excluded.trim,
            odometer_km = excluded.odometer_km, cost = excluded.cost, recon_cost = excluded.recon_cost,
            list_price = excluded.list_price, msrp = excluded.msrp, priced_on = excluded.priced_on,
            price_history = excluded.price_history,
            stock_date = excluded.stock_date, group_stock_date = excluded.group_stock_date,
            expected_date = excluded.expected_date, exit_date = excluded.exit_date,
            front_gross = excluded.front_gross, back_gross = excluded.back_gross,
            availability = excluded.availability
        WHERE u.version < excluded.version
        """,
        as_json(rows),
    )


async def save_markets(connection: Connection, events: Sequence[MarketUpdated]) -> None:
    """Keep the newest market of each segment at each rooftop."""
    await _save_newest(
        connection, "market", [(e.tenant_id, e.dealer_id, e.segment, e.market_version, e) for e in events]
    )


async def save_demands(connection: Connection, events: Sequence[ForecastReady]) -> None:
    """Keep the newest forecast of each segment at each rooftop."""
    await _save_newest(
        connection, "demand", [(e.tenant_id, e.dealer_id, e.segment, e.forecast_version, e) for e in events]
    )


async def save_policies(connection: Connection, events: Sequence[PolicyUpdated]) -> None:
    """Keep each rooftop's newest learned parameters and, apart from them, its newest rules."""
    for event in sorted(events, key=lambda e: e.policy_version):
        if event.kind == "rules":
            await _save_rules(connection, event)
        else:
            await connection.execute(
                "UPDATE rooftop SET policy_version = $3, parameters = $4"
                " WHERE tenant_id = $1 AND dealer_id = $2 AND policy_version < $3",
                event.tenant_id,
                event.dealer_id,
                event.policy_version,
                event.parameters,
            )


async def _save_rules(connection: Connection, event: PolicyUpdated) -> None:
    await connection.execute(
        """
        INSERT INTO rules AS r (tenant_id, dealer_id, version, document) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant_id, dealer_id) DO UPDATE SET version = excluded.version, document = excluded.document
        WHERE r.version < excluded.version
        """,
        event.tenant_id,
        event.dealer_id,
        event.policy_version,
        event.rules.model_dump(mode="json", exclude_unset=True, exclude_none=True) if event.rules else {},
    )


async def _save_newest(
    connection: Connection, table: str, rows: Sequence[tuple[UUID, UUID, str, int, object]]
) -> None:
    newest = {row[:3]: row for row in sorted(rows, key=lambda row: row[3])}
    ordered = [newest[key] for key in sorted(newest, key=str)]
    await connection.execute(
        f"""
        INSERT INTO {table} AS t (tenant_id, dealer_id, segment, version, document)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::jsonb[])
        ON CONFLICT (tenant_id, dealer_id, segment) DO UPDATE
        SET version = excluded.version, document = excluded.document WHERE t.version < excluded.version
        """,  # noqa: S608  # one of two constants
        *[[row[column] for row in ordered] for column in range(5)],
    )
