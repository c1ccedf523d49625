"""SQL of what happened: how vehicles stood, and what was forecast for each week."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from shared.events import ForecastReady
from shared.postgres import ONE_TENANT
from shared.postgres.pool import Connection, as_json

_FALLS_THROUGH_DAYS = 30
"""A sale of one stay that is told anew within so many days, with another day, is one sale; as inventory has it."""
_LONGEST_ORDER = timedelta(days=400)
"""What was on order longer ago came then, left and is back."""


async def save_states(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Keep how vehicles stood, version by version."""
    await connection.execute(
        "INSERT INTO vehicle_state SELECT * FROM json_populate_recordset(NULL::vehicle_state, $1::text::json)"
        " ON CONFLICT DO NOTHING",
        as_json(rows),
    )


async def save_forecasts(connection: Connection, events: Sequence[ForecastReady]) -> None:
    """Keep the mean of each week by the newest forecast that was made before the week began.

    Without the scale that was in it then: the next scale is learned from these, and would run away from itself.
    """
    newest: dict[tuple[UUID, UUID, str, date], tuple[int, date, float]] = {}
    for event in sorted(events, key=lambda e: e.forecast_version):
        for week in event.weeks:
            if week.week > event.as_of:
                key = (event.tenant_id, event.dealer_id, event.segment, week.week)
                newest[key] = (event.forecast_version, event.as_of, week.mean / event.demand_scale)
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


async def states(connection: Connection, vehicle_keys: Iterable[str]) -> dict[str, str]:
    """Load how vehicles stood, each one's states as the text of an array, in the order in which they stood so.

    A stay that is over may be told once more after the next one began, under a higher version.
    """
    rows = await connection.fetch(
        # Vehicle by vehicle: by all keys at once, a planner that knows nothing of the table reads the group's.
        f"""
        SELECT k AS vehicle_key, v.states FROM unnest($1::text[]) AS u(k) CROSS JOIN LATERAL (
            SELECT json_agg(json_build_object('status', status, 'dealer_id', dealer_id, 'at', at,
                'list_price', list_price, 'priced_on', priced_on, 'stock_date', stock_date, 'exit_date', exit_date,
                'front_gross', front_gross) ORDER BY at, version)::text AS states
            FROM vehicle_state WHERE {ONE_TENANT} AND vehicle_key = k) AS v
        WHERE v.states IS NOT NULL
        """,  # noqa: S608  # a constant of ours
        sorted(set(vehicle_keys)),
    )
    return {row["vehicle_key"]: row["states"] for row in rows}


async def arrivals(
    connection: Connection, dealer_id: UUID, segments: Iterable[str], since: date
) -> list[tuple[str, str, date, date | None, float | None, bool, date | None]]:
    """Load what came into the group at a rooftop since a day.

    Each is its key, segment and day, the day and gross of its sale or of its going to the lane, which it was, and
    the day (in UTC) since which it was on order.
    """
    rows = await connection.fetch(
        """
        SELECT came.vehicle_key, segment, stock_date, gone, gross, retailed, (
            SELECT min(o.at AT TIME ZONE 'UTC')::date FROM vehicle_state AS o
            WHERE o.tenant_id = came.tenant_id AND o.vehicle_key = came.vehicle_key AND o.status = 'on_order'
                AND o.at > came.group_stock_date - $4::interval) AS ordered
        FROM (
            SELECT DISTINCT ON (vehicle_key) tenant_id, vehicle_key, segment, stock_date, group_stock_date,
                CASE WHEN status IN ('sold', 'wholesaled') THEN exit_date END AS gone,
                CASE WHEN status IN ('sold', 'wholesaled') THEN front_gross::float8 END AS gross,
                status = 'sold' AS retailed
            FROM vehicle_state
            WHERE dealer_id = $1 AND group_stock_date >= $2 AND status <> 'on_order' AND segment = ANY($3)
            ORDER BY vehicle_key, at DESC, version DESC) AS came
        """,
        dealer_id,
        since,
        sorted(set(segments)),
        _LONGEST_ORDER,
    )
    return [tuple(row) for row in rows]


async def shelf_stays(
    connection: Connection, dealer_id: UUID, segments: Iterable[str]
) -> dict[str, list[tuple[date | None, date | None, float | None, bool]]]:
    """Load when each vehicle of some segments came to a rooftop and left it.

    With its gross where it sold there or went to the lane, and whether it was retailed there.
    """
    rows = await connection.fetch(
        """
        WITH mine AS (
            SELECT vehicle_key, max(stock_date) AS came FROM vehicle_state
            WHERE dealer_id = $1 AND segment = ANY($2) AND status <> 'on_order' GROUP BY vehicle_key)
        SELECT DISTINCT ON (v.vehicle_key) v.segment, mine.came,
               CASE WHEN v.dealer_id = $1 THEN v.exit_date ELSE v.stock_date END AS gone,
               CASE WHEN v.dealer_id = $1 AND v.status IN ('sold', 'wholesaled')
                    THEN v.front_gross::float8 END AS gross,
               v.dealer_id = $1 AND v.status = 'sold' AS retailed
        FROM mine JOIN vehicle_state v USING (vehicle_key) ORDER BY v.vehicle_key, v.at DESC, v.version DESC
        """,
        dealer_id,
        sorted(set(segments)),
    )
    stays: dict[str, list[tuple[date | None, date | None, float | None, bool]]] = {}
    for row in rows:
        stays.setdefault(row["segment"], []).append((row["came"], row["gone"], row["gross"], row["retailed"]))
    return stays


async def weekly_checks(connection: Connection, dealer_id: UUID, before: date) -> list[dict[str, Any]]:
    """Set forecast against sold, per segment and past week, for the 26 newest weeks that were forecast."""
    rows = await connection.fetch(
        """
        SELECT f.segment, f.week, f.mean AS forecast, coalesce(s.n, 0)::float8 AS sales
        FROM weekly_forecast f
        LEFT JOIN LATERAL (
            SELECT count(DISTINCT v.vehicle_key) AS n FROM vehicle_state v
            WHERE v.tenant_id = f.tenant_id AND v.dealer_id = f.dealer_id AND v.segment = f.segment
              AND v.status = 'sold' AND v.exit_date >= f.week AND v.exit_date < f.week + 7
              -- Undone (in stock again, and not because it was stocked anew), or told anew with another day or buyer.
              AND NOT EXISTS (
                  SELECT 1 FROM vehicle_state x
                  WHERE x.tenant_id = v.tenant_id AND x.vehicle_key = v.vehicle_key
                    AND (x.at, x.version) > (v.at, v.version)
                    AND CASE WHEN x.status = 'in_stock' THEN x.stock_date IS NULL OR x.stock_date <= v.exit_date
                        ELSE x.status IN ('sold', 'wholesaled') AND x.dealer_id = v.dealer_id
                             AND (x.stock_date IS NULL OR x.stock_date <= v.exit_date)
                             AND abs(x.exit_date - v.exit_date) <= $3
                             AND (x.status, x.exit_date) IS DISTINCT FROM (v.status, v.exit_date) END)) s ON true
        WHERE f.dealer_id = $1 AND f.week + 7 <= $2 AND f.week >= (
            SELECT min(week) FROM (
                SELECT DISTINCT week FROM weekly_forecast WHERE dealer_id = $1 AND week + 7 <= $2
                ORDER BY week DESC LIMIT 26) AS newest)
        ORDER BY f.week DESC, f.segment
        """,
        dealer_id,
        before,
        _FALLS_THROUGH_DAYS,
    )
    return [dict(row) for row in rows]
