"""The only SQL of feedback."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.feedback.domain import Outcome, Parameters
from services.feedback.translate import stored_outcome
from shared.events import ForecastReady, PolicyUpdated, RecommendationAnswered, RecommendationIssued
from shared.postgres import ONE_TENANT
from shared.postgres.pool import Connection


async def save_advice(connection: Connection, events: Sequence[RecommendationIssued]) -> None:
    """Keep advice as issued, and note when it was closed, in whichever order the two arrive."""
    for rows in _one_each(events):
        await connection.execute(
            """
            INSERT INTO advice AS a (tenant_id, recommendation_id, dealer_id, vehicle_key, segment, status,
                issued_at, closed_at, document)
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[],
                $7::timestamptz[], $8::timestamptz[], $9::jsonb[])
            ON CONFLICT (tenant_id, recommendation_id) DO UPDATE SET
                status = CASE WHEN excluded.status = 'issued' THEN a.status ELSE excluded.status END,
                closed_at = coalesce(excluded.closed_at, a.closed_at),
                issued_at = least(a.issued_at, excluded.issued_at)
            """,
            [e.tenant_id for e in rows],
            [e.recommendation_id for e in rows],
            [e.dealer_id for e in rows],
            [e.vehicle_key for e in rows],
            [e.segment for e in rows],
            [e.status.value for e in rows],
            [e.occurred_at for e in rows],
            [None if e.status.value == "issued" else e.occurred_at for e in rows],
            rows,
        )


def _one_each(events: Sequence[RecommendationIssued]) -> list[list[RecommendationIssued]]:
    """Part events so that no piece of advice comes twice in a part, as one statement requires; their order stays."""
    parts: list[list[RecommendationIssued]] = []
    met: Counter[tuple[UUID, UUID]] = Counter()
    for event in events:
        key = (event.tenant_id, event.recommendation_id)
        if met[key] == len(parts):
            parts.append([])
        parts[met[key]].append(event)
        met[key] += 1
    return parts


async def save_answers(connection: Connection, events: Sequence[RecommendationAnswered]) -> None:
    """Keep the newest answer to each piece of advice."""
    newest = {(e.tenant_id, e.recommendation_id): e for e in sorted(events, key=lambda e: e.occurred_at)}
    rows = [newest[key] for key in sorted(newest, key=str)]
    await connection.execute(
        """
        INSERT INTO answer (tenant_id, recommendation_id, answered_at, document)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::jsonb[])
        ON CONFLICT (tenant_id, recommendation_id) DO UPDATE
        SET answered_at = excluded.answered_at, document = excluded.document
        WHERE answer.answered_at <= excluded.answered_at
        """,
        [e.tenant_id for e in rows],
        [e.recommendation_id for e in rows],
        [e.occurred_at for e in rows],
        rows,
    )


async def save_states(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Keep how vehicles stood, version by version."""
    await connection.execute(
        "INSERT INTO vehicle_state SELECT * FROM jsonb_populate_recordset(NULL::vehicle_state, $1)"
        " ON CONFLICT DO NOTHING",
        list(rows),
    )


async def save_forecasts(connection: Connection, events: Sequence[ForecastReady]) -> None:
    """Keep the mean forecast of each week by the newest forecast that was made before the week began."""
    newest: dict[tuple[UUID, UUID, str, date], tuple[int, date, float]] = {}
    for event in sorted(events, key=lambda e: e.forecast_version):
        for week in event.weeks:
            if week.week > event.as_of:
                key = (event.tenant_id, event.dealer_id, event.segment, week.week)
                newest[key] = (event.forecast_version, event.as_of, week.mean)
    rows = [(*key, *newest[key]) for key in sorted(newest, key=str)]
    await connection.execute(
        """
        INSERT INTO weekly_forecast AS f (tenant_id, dealer_id, segment, week, version, made_on, mean)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::date[], $5::bigint[], $6::date[], $7::float8[])
        ON CONFLICT (tenant_id, dealer_id, segment, week) DO UPDATE
        SET version = excluded.version, made_on = excluded.made_on, mean = excluded.mean
        WHERE f.version < excluded.version
        """,
        *[[row[column] for row in rows] for column in range(7)],
    )


async def open_advice(connection: Connection, dealer_id: UUID) -> list[dict[str, Any]]:
    """Load a rooftop's advice that is not settled, with its answer."""
    rows = await connection.fetch(
        """
        SELECT a.recommendation_id, a.status, a.issued_at, a.closed_at, a.document, n.document AS answer
        FROM advice a LEFT JOIN answer n USING (tenant_id, recommendation_id)
        WHERE a.dealer_id = $1 AND NOT a.settled ORDER BY a.issued_at, a.recommendation_id
        """,
        dealer_id,
    )
    return [dict(row) for row in rows]


async def states(connection: Connection, vehicle_keys: Iterable[str]) -> list[dict[str, Any]]:
    """Load how vehicles stood, oldest first."""
    rows = await connection.fetch(
        "SELECT * FROM vehicle_state WHERE vehicle_key = ANY($1) ORDER BY version", sorted(set(vehicle_keys))
    )
    return [dict(row) for row in rows]


async def arrivals(connection: Connection, dealer_id: UUID, since: date) -> list[dict[str, Any]]:
    """Load the vehicles that came into the group at a rooftop since a day, with their sale where one stands."""
    rows = await connection.fetch(
        """
        SELECT DISTINCT ON (vehicle_key) vehicle_key, segment, stock_date,
               CASE WHEN status = 'sold' THEN exit_date END AS sold_on,
               CASE WHEN status = 'sold' THEN front_gross END AS gross
        FROM vehicle_state
        WHERE dealer_id = $1 AND group_stock_date >= $2 AND status <> 'on_order'
        ORDER BY vehicle_key, version DESC
        """,
        dealer_id,
        since,
    )
    return [dict(row) for row in rows]


async def outcomes(connection: Connection) -> list[tuple[UUID, int, Outcome]]:
    """Load the newest outcome of each recommendation of the tenant: (dealer, version, outcome), as recorded."""
    rows = await connection.fetch(
        f"SELECT dealer_id, version, document FROM outcome WHERE {ONE_TENANT} ORDER BY recorded_at, recommendation_id"  # noqa: S608
    )
    return [(row["dealer_id"], row["version"], stored_outcome(row["document"])) for row in rows]


async def save_outcomes(
    connection: Connection,
    tenant_id: UUID,
    dealer_id: UUID,
    rows: Sequence[tuple[int, Outcome]],
    at: datetime,
) -> None:
    """Store new outcomes and new versions of known ones."""
    await connection.execute(
        """
        INSERT INTO outcome (tenant_id, recommendation_id, dealer_id, recorded_at, version, document)
        SELECT $1, r, $2, $3, v, d FROM unnest($4::uuid[], $5::int[], $6::jsonb[]) AS u(r, v, d)
        ON CONFLICT (tenant_id, recommendation_id) DO UPDATE
        SET recorded_at = excluded.recorded_at, version = excluded.version, document = excluded.document
        """,
        tenant_id,
        dealer_id,
        at,
        [UUID(outcome.recommendation_id) for _, outcome in rows],
        [version for version, _ in rows],
        [asdict(outcome) for _, outcome in rows],
    )


async def settle(connection: Connection, recommendation_ids: Sequence[UUID]) -> None:
    """Stop following advice whose outcome can no longer change."""
    await connection.execute(
        "UPDATE advice SET settled = true WHERE recommendation_id = ANY($1::uuid[])", list(recommendation_ids)
    )


async def weekly_checks(connection: Connection, dealer_id: UUID, before: date) -> list[dict[str, Any]]:
    """Set forecast against sold, per past week, over the segments that were forecast."""
    rows = await connection.fetch(
        """
        SELECT f.week, sum(f.mean) AS forecast, sum(coalesce(s.n, 0))::float8 AS sales
        FROM weekly_forecast f
        LEFT JOIN LATERAL (
            SELECT count(DISTINCT v.vehicle_key) AS n FROM vehicle_state v
            WHERE v.tenant_id = f.tenant_id AND v.dealer_id = f.dealer_id AND v.segment = f.segment
              AND v.status = 'sold' AND v.exit_date >= f.week AND v.exit_date < f.week + 7
              AND NOT EXISTS (  -- unwound: in stock again, and not because it was stocked anew
                  SELECT 1 FROM vehicle_state x
                  WHERE x.tenant_id = v.tenant_id AND x.vehicle_key = v.vehicle_key AND x.version > v.version
                    AND x.status = 'in_stock' AND (x.stock_date IS NULL OR x.stock_date <= v.exit_date))) s ON true
        WHERE f.dealer_id = $1 AND f.week + 7 <= $2 GROUP BY f.week ORDER BY f.week DESC LIMIT 26
        """,
        dealer_id,
        before,
    )
    return [dict(row) for row in rows]


async def policies(connection: Connection) -> dict[tuple[UUID, int], Parameters]:
    """Load every version of every rooftop's parameters."""
    rows = await connection.fetch("SELECT dealer_id, version, parameters FROM policy")
    return {(row["dealer_id"], row["version"]): Parameters(**row["parameters"]) for row in rows}


async def newest_policy(connection: Connection, dealer_id: UUID) -> tuple[int, date | None, Parameters]:
    """Give a rooftop's newest version, the day it was learned, and its parameters; version 0 is the default."""
    row = await connection.fetchrow(
        "SELECT version, learned_on, parameters FROM policy WHERE dealer_id = $1 ORDER BY version DESC LIMIT 1",
        dealer_id,
    )
    return (row["version"], row["learned_on"], Parameters(**row["parameters"])) if row else (0, None, Parameters())


async def save_policy(connection: Connection, on: date, parameters: Parameters, published: PolicyUpdated) -> None:
    """Store a version of a rooftop's parameters, learned on a day, and how it is published."""
    await connection.execute(
        "INSERT INTO policy (tenant_id, dealer_id, version, learned_on, parameters, document)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        published.tenant_id,
        published.dealer_id,
        published.policy_version,
        on,
        asdict(parameters),
        published,
    )
