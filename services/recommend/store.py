"""The only SQL of recommend: the book it is computed from, and the advice that stands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from shared.events import ForecastReady, InventoryUpdated, MarketUpdated, PolicyUpdated, RecommendationIssued
from shared.postgres import ONE_TENANT
from shared.postgres.pool import Connection

_UNREAD = {"market": ("own_units",), "demand": ("scores",)}
"""The long parts of events that no advice is computed from."""
GROSS_DAYS = 180
"""Front grosses are averaged over the retail sales of this many days."""


@dataclass(frozen=True, slots=True)
class Case:
    """Past advice, how it ended in words, and how often that was told."""

    event: dict[str, Any]
    outcome: str | None
    version: int


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
    """Store vehicles; older versions are dropped. The first asking price of a stay is kept through its changes."""
    await connection.execute(
        """
        INSERT INTO unit AS u SELECT * FROM jsonb_populate_recordset(NULL::unit, $1)
        ON CONFLICT (tenant_id, vehicle_key) DO UPDATE SET
            dealer_id = excluded.dealer_id, version = excluded.version, status = excluded.status,
            segment = excluded.segment, label = excluded.label, quantity = excluded.quantity,
            vin = excluded.vin, stock_number = excluded.stock_number, condition = excluded.condition,
            model_year = excluded.model_year, make = excluded.make, model = excluded.model, trim = excluded.trim,
            odometer_km = excluded.odometer_km, cost = excluded.cost, recon_cost = excluded.recon_cost,
            list_price = excluded.list_price, msrp = excluded.msrp, priced_on = excluded.priced_on,
            first_price = CASE
                WHEN u.exit_date IS NOT NULL AND excluded.exit_date IS NULL THEN excluded.first_price
                ELSE coalesce(u.first_price, excluded.first_price)
            END,
            stock_date = excluded.stock_date, group_stock_date = excluded.group_stock_date,
            expected_date = excluded.expected_date, exit_date = excluded.exit_date,
            front_gross = excluded.front_gross, back_gross = excluded.back_gross
        WHERE u.version < excluded.version
        """,
        list(rows),
    )


async def save_prices(connection: Connection, events: Sequence[InventoryUpdated]) -> None:
    """Keep each moved asking price with the day from which it held; of one day the last."""
    told = sorted((e for e in events if e.list_price and e.priced_on), key=lambda e: e.aggregate_version)
    newest = {(e.tenant_id, e.vehicle_key, e.priced_on): e for e in told}
    rows = [newest[key] for key in sorted(newest, key=str)]
    await connection.execute(
        """
        INSERT INTO unit_price (tenant_id, vehicle_key, priced_on, version, price)
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::date[], $4::bigint[], $5::double precision[])
        ON CONFLICT (tenant_id, vehicle_key, priced_on) DO UPDATE
        SET version = excluded.version, price = excluded.price
        WHERE unit_price.version < excluded.version AND unit_price.price IS DISTINCT FROM excluded.price
        """,
        [e.tenant_id for e in rows],
        [e.vehicle_key for e in rows],
        [e.priced_on for e in rows],
        [e.aggregate_version for e in rows],
        [float(e.list_price or 0) for e in rows],
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


async def save_outcome(
    connection: Connection, tenant_id: UUID, recommendation_id: UUID, text: str
) -> dict[str, Any] | None:
    """Note how advice ended; returns the advice, None where it is not known."""
    event: dict[str, Any] | None = await connection.fetchval(
        "UPDATE advice SET outcome = $3, case_version = case_version + 1"
        " WHERE tenant_id = $1 AND recommendation_id = $2 RETURNING event",
        tenant_id,
        recommendation_id,
        text,
    )
    return event


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


async def lives(connection: Connection, since: date) -> list[str]:
    """Load what is in stock and what left since a day, however it left, with the prices of its stay in order.

    Each row is text for who parses it; ``price_days`` and ``prices`` are none where no price is on record.
    """
    rows = await connection.fetch(
        """
        SELECT (to_jsonb(unit) || jsonb_build_object('price_days', told.days, 'prices', told.prices))::text AS row
        FROM unit LEFT JOIN (
            SELECT tenant_id, vehicle_key, array_agg(moved.priced_on ORDER BY moved.priced_on) AS days,
                   array_agg(moved.price ORDER BY moved.priced_on) AS prices
            FROM unit_price AS moved JOIN unit AS stay USING (tenant_id, vehicle_key)
            WHERE (stay.status = 'in_stock' OR stay.exit_date >= $1)
                AND moved.priced_on >= coalesce(stay.group_stock_date, stay.stock_date)
            GROUP BY tenant_id, vehicle_key
        ) AS told USING (tenant_id, vehicle_key)
        WHERE status = 'in_stock' OR exit_date >= $1
        """,
        since,
    )
    return [row["row"] for row in rows]


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
    """Average the retail sales since a day, per rooftop and segment, and per rooftop and condition."""
    rows = await connection.fetch(
        """
        SELECT dealer_id, scope, count(*)::int AS n, avg(front_gross) AS average_front_gross,
               avg(back_gross) AS average_back_gross, avg(cost + coalesce(recon_cost, 0)) AS average_cost,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY exit_date - stock_date)
                   FILTER (WHERE stock_date IS NOT NULL) AS median_days_to_sell
        FROM unit, LATERAL (VALUES (segment), (split_part(segment, '/', 1))) AS s(scope)
        WHERE status = 'sold' AND exit_date >= $1 AND front_gross IS NOT NULL
        GROUP BY dealer_id, scope
        """,
        since,
    )
    return [dict(row) for row in rows]


async def standing(connection: Connection) -> dict[UUID, str]:
    """Load the advice of the transaction's tenant that stands, as text and without what is said of it, by id."""
    rows = await connection.fetch(
        "SELECT recommendation_id, (event - '{evidence,alternatives,similar}'::text[])::text AS event FROM advice"
        " WHERE status = 'issued'"
    )
    return {row["recommendation_id"]: row["event"] for row in rows}


async def lock_standing(connection: Connection) -> set[UUID]:
    """Give the ids of the advice that stands; reviews of one tenant wait for each other here."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('advice ' || current_setting('app.tenants')))")
    rows = await connection.fetch("SELECT recommendation_id FROM advice WHERE status = 'issued' FOR UPDATE")
    return {row["recommendation_id"] for row in rows}


async def save_advice(connection: Connection, events: Sequence[RecommendationIssued]) -> None:
    """Store advice as issued, or close it."""
    await connection.execute(
        """
        INSERT INTO advice AS a (tenant_id, recommendation_id, dealer_id, status, expires_at, event, closed_because)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::jsonb[],
                             $7::text[])
        ON CONFLICT (tenant_id, recommendation_id) DO UPDATE
        SET status = excluded.status, closed_because = excluded.closed_because
        """,
        [e.tenant_id for e in events],
        [e.recommendation_id for e in events],
        [e.dealer_id for e in events],
        [e.status.value for e in events],
        [e.expires_at for e in events],
        list(events),
        [e.closed_because for e in events],
    )


async def cases(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Case]:
    """Load past advice by id."""
    rows = await connection.fetch(
        "SELECT recommendation_id, event, outcome, case_version FROM advice"
        " WHERE recommendation_id = ANY($1::uuid[])",
        list(ids),
    )
    return {row["recommendation_id"]: Case(row["event"], row["outcome"], row["case_version"]) for row in rows}


async def reviewed(connection: Connection, tenant_id: UUID, on: date) -> None:
    """Note the day of a tenant's newest review."""
    await connection.execute(
        "INSERT INTO review (tenant_id, reviewed_on) VALUES ($1, $2)"
        " ON CONFLICT (tenant_id) DO UPDATE SET reviewed_on = excluded.reviewed_on",
        tenant_id,
        on,
    )


async def tenants_to_review(connection: Connection) -> list[UUID]:
    """List the tenants whose advice was last computed on an earlier day; ids only, across tenants."""
    rows = await connection.fetch("SELECT tenant_id FROM review WHERE reviewed_on < (now() AT TIME ZONE 'UTC')::date")
    return [row["tenant_id"] for row in rows]


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
