"""The only SQL of feedback."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.feedback.domain import Action, Lesson, Outcome, Parameters, lesson_of
from services.feedback.translate import watched_subject
from shared.events import ForecastReady, PolicyUpdated, RecommendationAnswered, RecommendationIssued
from shared.postgres import ONE_TENANT
from shared.postgres.pool import Connection


async def save_advice(connection: Connection, events: Sequence[RecommendationIssued]) -> None:
    """Keep advice as issued, and note when it was closed, in whichever order the two arrive."""
    for rows in _one_each(events):
        await connection.execute(
            """
            INSERT INTO advice AS a (tenant_id, recommendation_id, dealer_id, action, vehicle_key, segment, status,
                issued_at, closed_at, subject, is_first, opens, document)
            SELECT t, id, dealer, action, vehicle, segment, status, issued, closed, subject,
                subject IS NOT NULL AND NOT EXISTS (
                    SELECT FROM advice b WHERE b.tenant_id = t AND b.subject = u.subject AND b.action = u.action),
                shares AND subject IS NOT NULL AND NOT EXISTS (
                    SELECT FROM advice b WHERE b.tenant_id = t AND b.subject = u.subject AND b.opens),
                document
            FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[],
                $8::timestamptz[], $9::timestamptz[], $10::text[], $11::bool[], $12::jsonb[])
                AS u(t, id, dealer, action, vehicle, segment, status, issued, closed, subject, shares, document)
            ON CONFLICT (tenant_id, recommendation_id) DO UPDATE SET
                status = CASE WHEN excluded.status = 'issued' THEN a.status ELSE excluded.status END,
                closed_at = coalesce(excluded.closed_at, a.closed_at),
                issued_at = least(a.issued_at, excluded.issued_at)
            """,
            [e.tenant_id for e in rows],
            [e.recommendation_id for e in rows],
            [e.dealer_id for e in rows],
            [e.action.value for e in rows],
            [e.vehicle_key for e in rows],
            [e.segment for e in rows],
            [e.status.value for e in rows],
            [e.occurred_at for e in rows],
            [None if e.status.value == "issued" else e.occurred_at for e in rows],
            [watched_subject(e) for e in rows],
            [e.hold_out_share > 0 for e in rows],
            # Nothing is judged by what is left out.
            [e.model_copy(update={"evidence": (), "alternatives": (), "similar": ()}) for e in rows],
        )


def _one_each(events: Sequence[RecommendationIssued]) -> list[list[RecommendationIssued]]:
    """Part events so that no advice and no subject comes twice in a part; what came first is in an earlier one.

    A statement may not touch a row twice, and does not see what it has just written of a subject.
    """
    parts: list[list[RecommendationIssued]] = []
    met: dict[tuple[UUID, str], int] = {}
    for event in events:
        names = (str(event.recommendation_id), watched_subject(event))
        keys = [(event.tenant_id, name) for name in names if name]
        place = max(met.get(key, 0) for key in keys)
        if place == len(parts):
            parts.append([])
        parts[place].append(event)
        met |= dict.fromkeys(keys, place + 1)
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


async def open_advice(
    connection: Connection, dealer_id: UUID, after: tuple[datetime, UUID], limit: int
) -> list[asyncpg.Record]:
    """Load a page of a rooftop's advice that is not settled, oldest first; documents as text, for who parses them."""
    return await connection.fetch(
        """
        SELECT a.recommendation_id, a.status, a.issued_at, a.closed_at, a.vehicle_key, a.segment, a.action,
            a.is_first, a.opens, a.document::text AS document, n.document::text AS answer,
            coalesce(o.version, 0) AS version, o.document::text AS outcome
        FROM advice a
        LEFT JOIN answer n ON n.tenant_id = a.tenant_id AND n.recommendation_id = a.recommendation_id
        LEFT JOIN outcome o ON o.tenant_id = a.tenant_id AND o.recommendation_id = a.recommendation_id
        WHERE a.dealer_id = $1 AND NOT a.settled AND (a.issued_at, a.recommendation_id) > ($2, $3)
        ORDER BY a.issued_at, a.recommendation_id LIMIT $4
        """,
        dealer_id,
        *after,
        limit,
    )


async def states(connection: Connection, vehicle_keys: Iterable[str]) -> dict[str, str]:
    """Load how vehicles stood, each one's states as the text of an array, oldest first."""
    rows = await connection.fetch(
        """
        SELECT vehicle_key, json_agg(json_build_object('status', status, 'dealer_id', dealer_id, 'at', at,
            'list_price', list_price, 'priced_on', priced_on, 'stock_date', stock_date, 'exit_date', exit_date,
            'front_gross', front_gross) ORDER BY version)::text AS states
        FROM vehicle_state WHERE vehicle_key = ANY($1) GROUP BY vehicle_key
        """,
        sorted(set(vehicle_keys)),
    )
    return {row["vehicle_key"]: row["states"] for row in rows}


async def arrivals(
    connection: Connection, dealer_id: UUID, segments: Iterable[str], since: date
) -> list[tuple[str, str, date, date | None, float | None]]:
    """Load what came into the group at a rooftop since a day: key, segment, day, and day and gross of a sale."""
    rows = await connection.fetch(
        """
        SELECT DISTINCT ON (vehicle_key) vehicle_key, segment, stock_date,
               CASE WHEN status = 'sold' THEN exit_date END AS sold_on,
               CASE WHEN status = 'sold' THEN front_gross::float8 END AS gross
        FROM vehicle_state
        WHERE dealer_id = $1 AND group_stock_date >= $2 AND status <> 'on_order' AND segment = ANY($3)
        ORDER BY vehicle_key, version DESC
        """,
        dealer_id,
        since,
        sorted(set(segments)),
    )
    return [tuple(row) for row in rows]


async def shelf_stays(
    connection: Connection, dealer_id: UUID, segments: Iterable[str]
) -> dict[str, list[tuple[date | None, date | None, float | None]]]:
    """Load when each vehicle of some segments came to a rooftop and left it, with its gross where it sold there."""
    rows = await connection.fetch(
        """
        WITH mine AS (
            SELECT vehicle_key, max(stock_date) AS came FROM vehicle_state
            WHERE dealer_id = $1 AND segment = ANY($2) AND status <> 'on_order' GROUP BY vehicle_key)
        SELECT DISTINCT ON (v.vehicle_key) v.segment, mine.came,
               CASE WHEN v.dealer_id = $1 THEN v.exit_date ELSE v.stock_date END AS gone,
               CASE WHEN v.dealer_id = $1 AND v.status IN ('sold', 'wholesaled')
                    THEN v.front_gross::float8 END AS gross
        FROM mine JOIN vehicle_state v USING (vehicle_key) ORDER BY v.vehicle_key, v.version DESC
        """,
        dealer_id,
        sorted(set(segments)),
    )
    stays: dict[str, list[tuple[date | None, date | None, float | None]]] = {}
    for row in rows:
        stays.setdefault(row["segment"], []).append((row["came"], row["gone"], row["gross"]))
    return stays


async def claims(connection: Connection, vehicle_keys: Iterable[str]) -> dict[str, str]:
    """Give the recommendation that has claimed each vehicle as brought in on its advice."""
    rows = await connection.fetch(
        """
        SELECT k AS vehicle_key, o.recommendation_id::text AS claimed_by
        FROM outcome o CROSS JOIN unnest(o.vehicle_keys) AS k
        WHERE o.vehicle_keys <> '{}' AND k = ANY($1)
        """,
        sorted(set(vehicle_keys)),
    )
    return {row["vehicle_key"]: row["claimed_by"] for row in rows}


async def lessons(connection: Connection, since: date) -> dict[UUID, dict[Action, Lesson]]:
    """Add up what the tenant's outcomes since a day teach, by rooftop and action."""
    rows = await connection.fetch(
        f"""
        SELECT dealer_id, action, sum(counts)::int AS outcomes, sum(sales)::int AS sales,
            sum(expected_sales) AS expected_sales,
            count(gross_error)::int AS gross_errors, coalesce(sum(gross_error), 0) AS gross_error,
            count(discount)::int AS wholesales, coalesce(sum(discount), 0) AS discount,
            sum(arrivals)::int AS arrivals, sum(lead_days) AS lead_days,
            count(claimed)::int AS calls, coalesce(sum(claimed), 0) AS claimed, sum(is_right)::int AS "right"
        FROM outcome WHERE {ONE_TENANT} AND ended_on >= $1 GROUP BY dealer_id, action
        """,  # noqa: S608  # a constant of ours
        since,
    )
    found: dict[UUID, dict[Action, Lesson]] = {}
    for row in rows:
        known = dict(row)
        dealer_id, action = known.pop("dealer_id"), Action(known.pop("action"))
        found.setdefault(dealer_id, {})[action] = Lesson(**known)
    return found


async def save_outcomes(
    connection: Connection, tenant_id: UUID, dealer_id: UUID, rows: Sequence[tuple[int, Outcome]], at: datetime
) -> set[str]:
    """Store new outcomes and new versions of known ones; gives the recommendations whose outcome is new here."""
    taught = [(version, outcome, lesson_of(outcome)) for version, outcome in rows]
    saved = await connection.fetch(
        """
        INSERT INTO outcome AS o (tenant_id, dealer_id, recorded_at, recommendation_id, version, action, ended_on,
            vehicle_keys, counts, sales, expected_sales, gross_error, discount, arrivals, lead_days, claimed,
            is_right, document)
        SELECT $1, $2, $3, r, v, a, e, array(SELECT jsonb_array_elements_text(d->'vehicle_keys')), c, s, x, g, l, n,
            t, p, q, d
        FROM unnest($4::uuid[], $5::int[], $6::text[], $7::date[], $8::int[], $9::int[], $10::float8[],
            $11::float8[], $12::float8[], $13::int[], $14::float8[], $15::float8[], $16::int[], $17::jsonb[])
            AS u(r, v, a, e, c, s, x, g, l, n, t, p, q, d)
        ON CONFLICT (tenant_id, recommendation_id) DO UPDATE
        SET recorded_at = excluded.recorded_at, version = excluded.version, ended_on = excluded.ended_on,
            vehicle_keys = excluded.vehicle_keys, counts = excluded.counts, sales = excluded.sales,
            expected_sales = excluded.expected_sales, gross_error = excluded.gross_error,
            discount = excluded.discount, arrivals = excluded.arrivals, lead_days = excluded.lead_days,
            claimed = excluded.claimed, is_right = excluded.is_right, document = excluded.document
        WHERE o.version < excluded.version RETURNING recommendation_id
        """,
        tenant_id,
        dealer_id,
        at,
        [UUID(outcome.recommendation_id) for _, outcome, _ in taught],
        [version for version, _, _ in taught],
        [outcome.action.value for _, outcome, _ in taught],
        [outcome.on for _, outcome, _ in taught],
        [lesson.outcomes for _, _, lesson in taught],
        [lesson.sales for _, _, lesson in taught],
        [lesson.expected_sales for _, _, lesson in taught],
        [lesson.gross_error if lesson.gross_errors else None for _, _, lesson in taught],
        [lesson.discount if lesson.wholesales else None for _, _, lesson in taught],
        [lesson.arrivals for _, _, lesson in taught],
        [lesson.lead_days for _, _, lesson in taught],
        [lesson.claimed if lesson.calls else None for _, _, lesson in taught],
        [lesson.right for _, _, lesson in taught],
        [asdict(outcome) for _, outcome, _ in taught],
    )
    return {str(row["recommendation_id"]) for row in saved}


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


async def policies(connection: Connection, dealer_id: UUID) -> dict[int, Parameters]:
    """Load every version of a rooftop's parameters; there is one a day at most."""
    rows = await connection.fetch("SELECT version, parameters FROM policy WHERE dealer_id = $1", dealer_id)
    return {row["version"]: Parameters(**row["parameters"]) for row in rows}


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
