"""Writing the read model: newer versions replace older ones, whatever order they come in."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.gateway.store.live import announced, tell
from shared.events import (
    AdviceStatus,
    ForecastReady,
    InventoryUpdated,
    MarketUpdated,
    OutcomeRecorded,
    PolicyUpdated,
    RecommendationAnswered,
    RecommendationIssued,
)
from shared.postgres import lock_order
from shared.postgres.pool import Connection

_VEHICLES = announced(
    """
    INSERT INTO vehicle AS v (tenant_id, vehicle_key, dealer_id, version, status, condition, segment, make,
        model, stock_date, group_stock_date, list_price, cost, recon_cost, exit_date, purchase_type,
        front_gross, currency, document)
    SELECT d.tenant_id, d.vehicle_key, d.dealer_id, d.aggregate_version, d.status, d.condition, d.segment,
        d.make, d.model, d.stock_date, d.group_stock_date, d.list_price, d.cost, d.recon_cost, d.exit_date,
        d.purchase_type, d.front_gross, d.currency, u.document
    FROM (SELECT told::jsonb AS document FROM unnest($1::text[]) AS e(told) OFFSET 0) AS u,  -- read once, not twice
        jsonb_to_record(u.document) AS d(
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
    RETURNING v.tenant_id, v.dealer_id, 'vehicle.changed' AS kind,
        json_build_object('vehicle_key', v.vehicle_key, 'status', v.status, 'version', v.version) AS item
    """
)


async def project_vehicles(connection: Connection, events: Sequence[InventoryUpdated]) -> None:
    """Store the newest state of each vehicle, and tell of those that changed; a stay that is over changes nothing."""
    standing = [event for event in events if event.followed_on is None]
    newest = {(e.tenant_id, e.vehicle_key): e for e in sorted(standing, key=lambda e: e.aggregate_version)}
    await connection.execute(
        _VEHICLES,
        # Without what is not known, which is half of it; who shows a vehicle puts that back.
        [newest[key].model_dump_json(exclude_none=True) for key in sorted(newest, key=lock_order)],
    )
    moved = {(e.tenant_id, e.vehicle_key, e.previous_dealer_id) for e in events if e.previous_dealer_id}
    if moved:
        await tell(connection, await _left(connection, sorted(moved, key=str)))


async def _left(
    connection: Connection, moved: Sequence[tuple[UUID, str, UUID]]
) -> list[tuple[UUID, UUID, str, dict[str, Any]]]:
    """Tell rooftops of the vehicles that stood there, but for those that are back: rooftops are read side by side."""
    rows = await connection.fetch(
        """
        SELECT t, k, p FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS u(t, k, p)
        CROSS JOIN LATERAL (SELECT dealer_id FROM vehicle WHERE tenant_id = t AND vehicle_key = k OFFSET 0) AS v
        WHERE v.dealer_id <> p
        """,
        *[[row[column] for row in moved] for column in range(3)],
    )
    return [(row["t"], row["p"], "vehicle.left", {"vehicle_key": row["k"]}) for row in rows]


async def project_market(connection: Connection, events: Sequence[MarketUpdated]) -> None:
    """Store the newest statistics of each segment at each rooftop."""
    newest = {(e.tenant_id, e.dealer_id, e.segment): e for e in sorted(events, key=lambda e: e.market_version)}
    rows = [newest[key] for key in sorted(newest, key=str)]
    await connection.execute(
        announced("""
        INSERT INTO market AS m (tenant_id, dealer_id, segment, version, gap, document)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::float8[], $6::jsonb[])
        ON CONFLICT (tenant_id, dealer_id, segment) DO UPDATE
        SET version = excluded.version, gap = excluded.gap, document = excluded.document
        WHERE m.version < excluded.version
        RETURNING m.tenant_id, m.dealer_id, 'market.changed' AS kind,
            json_build_object('segment', m.segment, 'version', m.version) AS item
        """),
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
        announced("""
        INSERT INTO forecast AS f (tenant_id, dealer_id, segment, version, document)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::jsonb[])
        ON CONFLICT (tenant_id, dealer_id, segment) DO UPDATE
        SET version = excluded.version, document = excluded.document WHERE f.version < excluded.version
        RETURNING f.tenant_id, f.dealer_id, 'forecast.ready' AS kind,
            json_build_object('segment', f.segment, 'version', f.version) AS item
        """),
        [e.tenant_id for e in rows],
        [e.dealer_id for e in rows],
        [e.segment for e in rows],
        [e.forecast_version for e in rows],
        rows,
    )


_ADVICE = announced(
    """
    INSERT INTO recommendation AS r (tenant_id, recommendation_id, dealer_id, action, status, value,
        issued_at, expires_at, document)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::numeric[],
        $7::timestamptz[], $8::timestamptz[], $9::jsonb[])
    ON CONFLICT (tenant_id, recommendation_id) DO UPDATE SET
        status = CASE WHEN r.status = 'issued' THEN excluded.status ELSE r.status END,
        -- An end has no more to say than that it is one: what the issue said stays, or takes its place.
        issued_at = CASE WHEN (excluded.document->>'event_id')::uuid = ANY($10) THEN excluded.issued_at
            ELSE r.issued_at END,
        document = CASE WHEN (excluded.document->>'event_id')::uuid = ANY($10) THEN excluded.document
            ELSE r.document END || CASE WHEN r.status = 'issued'
            THEN jsonb_build_object('status', excluded.status, 'closed_because', excluded.document->'closed_because')
            ELSE jsonb_build_object('status', r.status, 'closed_because', r.document->'closed_because') END
    WHERE (r.status = 'issued' AND excluded.status <> 'issued')
        OR ((excluded.document->>'event_id')::uuid = ANY($10)
            AND r.document->>'event_id' <> excluded.document->>'event_id')
    RETURNING r.tenant_id, r.dealer_id, 'recommendation.' || r.status AS kind,
        json_build_object('id', r.recommendation_id, 'action', r.action, 'value', r.value::text,
            'segment', r.document->>'segment', 'vehicle_key', r.document->>'vehicle_key') AS item
    """
)


async def project_recommendations(connection: Connection, events: Sequence[RecommendationIssued]) -> None:
    """Store advice; once closed it stays closed, even if its issue arrives late. Held-out advice is not shown.

    What was said of advice (evidence, alternatives, similar cases) stands in its issue alone, and an end that is read
    with it or before it does not take its place. Advice that its owner tells anew says all of it, ended or not.
    """
    issued: dict[tuple[UUID, UUID], RecommendationIssued] = {}
    closed: dict[tuple[UUID, UUID], RecommendationIssued] = {}
    for event in (each for each in events if not each.held_out):
        known = issued if event.status is AdviceStatus.ISSUED else closed
        known.setdefault((event.tenant_id, event.recommendation_id), event)
    ended = {key: {"status": end.status, "closed_because": end.closed_because} for key, end in closed.items()}
    whole = {key: event.model_copy(update=ended.get(key, {})) for key, event in issued.items()}
    told = {key: event for key, event in closed.items() if event.evidence} | whole
    newest = closed | told
    rows = [newest[key] for key in sorted(newest)]
    await connection.execute(
        _ADVICE,
        [e.tenant_id for e in rows],
        [e.recommendation_id for e in rows],
        [e.dealer_id for e in rows],
        [e.action.value for e in rows],
        [e.status.value for e in rows],
        [e.value for e in rows],
        [e.occurred_at for e in rows],
        [e.expires_at for e in rows],
        rows,
        [e.event_id for e in told.values()],
    )


async def project_answers(connection: Connection, events: Sequence[RecommendationAnswered]) -> None:
    """Store the newest answer to each piece of advice."""
    newest = {(e.tenant_id, e.recommendation_id): e for e in sorted(events, key=lambda e: e.occurred_at)}
    rows = [newest[key] for key in sorted(newest)]
    shown = {"decision", "reason", "quantity", "price", "user_id", "occurred_at"}
    # Waited for by a statement of its own: an UPDATE that waited on a row which a rebuild then made anew finds none.
    await connection.execute(
        "SELECT 1 FROM recommendation WHERE (tenant_id, recommendation_id) IN"
        " (SELECT * FROM unnest($1::uuid[], $2::uuid[])) ORDER BY tenant_id, recommendation_id FOR UPDATE",
        [e.tenant_id for e in rows],
        [e.recommendation_id for e in rows],
    )
    await connection.execute(
        announced("""
        UPDATE recommendation AS r SET answer = u.answer
        FROM unnest($1::uuid[], $2::uuid[], $3::jsonb[], $4::timestamptz[]) AS u(tenant_id, id, answer, at)
        WHERE r.tenant_id = u.tenant_id AND r.recommendation_id = u.id
          AND (r.answer IS NULL OR (r.answer->>'occurred_at')::timestamptz <= u.at)
        RETURNING r.tenant_id, r.dealer_id, 'recommendation.answered' AS kind,
            json_build_object('id', r.recommendation_id, 'decision', r.answer->>'decision') AS item
        """),
        [e.tenant_id for e in rows],
        [e.recommendation_id for e in rows],
        [e.model_dump(mode="json", include=shown) for e in rows],
        [e.occurred_at for e in rows],
    )


async def project_outcomes(connection: Connection, events: Sequence[OutcomeRecorded]) -> None:
    """Store outcomes; one that reverses another takes its place."""
    newest = {(e.tenant_id, e.outcome_id): e for e in sorted(events, key=lambda e: e.occurred_at)}
    rows = [newest[key] for key in sorted(newest, key=str)]
    await connection.execute(
        announced("""
        INSERT INTO outcome (tenant_id, outcome_id, dealer_id, recommendation_id, recorded_at, document)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::jsonb[])
        ON CONFLICT (tenant_id, outcome_id) DO UPDATE
        SET recorded_at = excluded.recorded_at, document = excluded.document
        WHERE outcome.recorded_at <= excluded.recorded_at
        RETURNING tenant_id, dealer_id, 'outcome.recorded' AS kind,
            json_build_object('id', outcome_id, 'recommendation_id', recommendation_id,
                'kind', document->>'kind', 'realised_value', document->>'realised_value') AS item
        """),
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
        announced("""
        INSERT INTO policy (tenant_id, dealer_id, version, document)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::jsonb[])
        ON CONFLICT (tenant_id, dealer_id, version) DO NOTHING
        RETURNING tenant_id, dealer_id, 'policy.learned' AS kind, json_build_object('version', version) AS item
        """),
        [e.tenant_id for e in events],
        [e.dealer_id for e in events],
        [e.policy_version for e in events],
        list(events),
    )


async def tell_of_rules(connection: Connection, events: Sequence[PolicyUpdated]) -> None:
    """Tell of rules that were set; they are kept where they are set."""
    await tell(connection, [(e.tenant_id, e.dealer_id, "policy.set", {"version": e.policy_version}) for e in events])
