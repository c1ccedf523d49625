"""Writing the read model: newer versions replace older ones, whatever order they come in."""

from collections.abc import Sequence

from shared.events import (
    ForecastReady,
    InventoryUpdated,
    MarketUpdated,
    OutcomeRecorded,
    PolicyUpdated,
    RecommendationAnswered,
    RecommendationIssued,
)
from shared.postgres.pool import Connection


async def project_vehicles(connection: Connection, events: Sequence[InventoryUpdated]) -> None:
    """Store the newest state of each vehicle."""
    newest = {(e.tenant_id, e.vehicle_key): e for e in sorted(events, key=lambda e: e.aggregate_version)}
    await connection.execute(
        """
        INSERT INTO vehicle AS v (tenant_id, vehicle_key, dealer_id, version, status, condition, segment, make,
            model, stock_date, group_stock_date, list_price, cost, recon_cost, exit_date, purchase_type,
            front_gross, currency, document)
        SELECT d.tenant_id, d.vehicle_key, d.dealer_id, d.aggregate_version, d.status, d.condition, d.segment,
            d.make, d.model, d.stock_date, d.group_stock_date, d.list_price, d.cost, d.recon_cost, d.exit_date,
            d.purchase_type, d.front_gross, d.currency, u.document
        FROM unnest($1::jsonb[]) AS u(document), jsonb_to_record(u.document) AS d(
            tenant_id uuid, vehicle_key text, dealer_id uuid, aggregate_version bigint, status text,
            condition text, segment text, make text, model text, stock_date date, group_stock_date date,
            list_price numeric, cost numeric, recon_cost numeric, exit_date date, purchase_type text,
            front_gross numeric, currency text)
        ON CONFLICT (tenant_id, vehicle_key) DO UPDATE SET
            dealer_id = excluded.dealer_id, version = excluded.version, status = excluded.status,
            condition = excluded.condition, segment = excluded.segment, make = excluded.make,
            model = excluded.model, stock_date = excluded.stock_date,
            group_stock_date = excluded.group_stock_date, list_price = excluded.list_price,
            cost = excluded.cost, recon_cost = excluded.recon_cost, exit_date = excluded.exit_date,
            purchase_type = excluded.purchase_type, front_gross = excluded.front_gross,
            currency = excluded.currency, document = excluded.document
        WHERE v.version < excluded.version
        """,
        [newest[key] for key in sorted(newest, key=str)],
    )


async def project_market(connection: Connection, events: Sequence[MarketUpdated]) -> None:
    """Store the newest statistics of each segment at each rooftop."""
    newest = {(e.tenant_id, e.dealer_id, e.segment): e for e in sorted(events, key=lambda e: e.market_version)}
    rows = [newest[key] for key in sorted(newest, key=str)]
    await connection.execute(
        """
        INSERT INTO market AS m (tenant_id, dealer_id, segment, version, gap, document)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::float8[], $6::jsonb[])
        ON CONFLICT (tenant_id, dealer_id, segment) DO UPDATE
        SET version = excluded.version, gap = excluded.gap, document = excluded.document
        WHERE m.version < excluded.version
        """,
        [e.tenant_id for e in rows],
        [e.dealer_id for e in rows],
        [e.segment for e in rows],
        [e.market_version for e in rows],
        [None if e.suppressed else e.gap for e in rows],
        rows,
    )


async def project_forecasts(connection: Connection, events: Sequence[ForecastReady]) -> None:
    """Store the newest forecast of each segment at each rooftop."""
    newest = {(e.tenant_id, e.dealer_id, e.segment): e for e in sorted(events, key=lambda e: e.forecast_version)}
    rows = [newest[key] for key in sorted(newest, key=str)]
    await connection.execute(
        """
        INSERT INTO forecast AS f (tenant_id, dealer_id, segment, version, document)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::jsonb[])
        ON CONFLICT (tenant_id, dealer_id, segment) DO UPDATE
        SET version = excluded.version, document = excluded.document WHERE f.version < excluded.version
        """,
        [e.tenant_id for e in rows],
        [e.dealer_id for e in rows],
        [e.segment for e in rows],
        [e.forecast_version for e in rows],
        rows,
    )


async def project_recommendations(connection: Connection, events: Sequence[RecommendationIssued]) -> None:
    """Store advice; once closed it stays closed, even if its issue arrives late. Held-out advice is not shown."""
    newest: dict[object, RecommendationIssued] = {}
    for event in (each for each in events if not each.held_out):
        known = newest.get(event.recommendation_id)
        if known is None or known.status.value == "issued":
            newest[event.recommendation_id] = event
    rows = sorted(newest.values(), key=lambda e: str(e.recommendation_id))
    await connection.execute(
        """
        INSERT INTO recommendation AS r (tenant_id, recommendation_id, dealer_id, action, status, value,
            issued_at, expires_at, document)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::numeric[],
            $7::timestamptz[], $8::timestamptz[], $9::jsonb[])
        ON CONFLICT (tenant_id, recommendation_id) DO UPDATE
        SET status = excluded.status,
            document = r.document || jsonb_build_object(
                'status', excluded.status, 'closed_because', excluded.document->'closed_because')
        WHERE r.status = 'issued'
        """,
        [e.tenant_id for e in rows],
        [e.recommendation_id for e in rows],
        [e.dealer_id for e in rows],
        [e.action.value for e in rows],
        [e.status.value for e in rows],
        [e.value for e in rows],
        [e.occurred_at for e in rows],
        [e.expires_at for e in rows],
        rows,
    )


async def project_answers(connection: Connection, events: Sequence[RecommendationAnswered]) -> None:
    """Store the newest answer to each piece of advice."""
    for event in events:
        answer = event.model_dump(
            mode="json", include={"decision", "reason", "quantity", "price", "user_id", "occurred_at"}
        )
        await connection.execute(
            "UPDATE recommendation SET answer = $3 WHERE tenant_id = $1 AND recommendation_id = $2"
            " AND (answer IS NULL OR (answer->>'occurred_at')::timestamptz <= $4)",
            event.tenant_id,
            event.recommendation_id,
            answer,
            event.occurred_at,
        )


async def project_outcomes(connection: Connection, events: Sequence[OutcomeRecorded]) -> None:
    """Store outcomes; one that reverses another takes its place."""
    newest = {(e.tenant_id, e.outcome_id): e for e in events}
    rows = [newest[key] for key in sorted(newest, key=str)]
    await connection.execute(
        """
        INSERT INTO outcome (tenant_id, outcome_id, dealer_id, recommendation_id, recorded_at, document)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::jsonb[])
        ON CONFLICT (tenant_id, outcome_id) DO UPDATE
        SET recorded_at = excluded.recorded_at, document = excluded.document
        WHERE outcome.recorded_at <= excluded.recorded_at
        """,
        [e.tenant_id for e in rows],
        [e.outcome_id for e in rows],
        [e.dealer_id for e in rows],
        [e.recommendation_id for e in rows],
        [e.occurred_at for e in rows],
        rows,
    )


async def project_policies(connection: Connection, events: Sequence[PolicyUpdated]) -> None:
    """Store every version of each rooftop's policy."""
    await connection.execute(
        """
        INSERT INTO policy (tenant_id, dealer_id, version, document)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::jsonb[])
        ON CONFLICT (tenant_id, dealer_id, version) DO NOTHING
        """,
        [e.tenant_id for e in events],
        [e.dealer_id for e in events],
        [e.policy_version for e in events],
        list(events),
    )
