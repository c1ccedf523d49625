"""Reading what figures are computed from, and what the market says of units."""

from typing import Any
from uuid import UUID

from services.gateway.domain.uplift import Arm
from shared.postgres import ONE_TENANT
from shared.postgres.pool import Connection


async def unit_markets(connection: Connection, vehicle_keys: list[str]) -> dict[str, dict[str, Any]]:
    """Read what the market asks for vehicles like these, where it is known; by vehicle key."""
    rows = await connection.fetch(
        f"""
        SELECT own->>'vehicle_key' AS vehicle_key, own AS market, m.document->>'as_of' AS as_of
        FROM (
            SELECT DISTINCT v.dealer_id, v.segment FROM unnest($1::text[]) AS u(k) CROSS JOIN LATERAL (
                SELECT dealer_id, segment FROM vehicle WHERE {ONE_TENANT} AND vehicle_key = k OFFSET 0) AS v) AS s
        CROSS JOIN LATERAL (
            SELECT document FROM market
            WHERE {ONE_TENANT} AND dealer_id = s.dealer_id AND segment = s.segment OFFSET 0) AS m,
            jsonb_array_elements(m.document->'own_units') AS own
        WHERE own->>'vehicle_key' = ANY($1)
        """,  # noqa: S608  # a constant of ours
        sorted(set(vehicle_keys)),
    )
    return {row["vehicle_key"]: {**row["market"], "as_of": row["as_of"]} for row in rows}


async def stock_rows(connection: Connection, dealer_ids: list[UUID] | None, since: Any) -> list[dict[str, Any]]:
    """Read what stock figures are computed from: units on hand or on order, and what left since a date."""
    rows = await connection.fetch(
        f"""
        SELECT dealer_id, status, condition, stock_date, group_stock_date, list_price, cost, recon_cost,
               exit_date, purchase_type, front_gross, currency,
               CASE WHEN status = 'on_order' THEN (document->>'quantity')::int END AS quantity
        FROM vehicle
        WHERE {ONE_TENANT} AND ($1::uuid[] IS NULL OR dealer_id = ANY($1))
          AND (status IN ('in_stock', 'on_order') OR exit_date >= $2)
        """,  # noqa: S608  # a constant
        dealer_ids,
        since,
    )
    return [dict(row) for row in rows]


async def outcome_sums(connection: Connection, dealer_ids: list[UUID] | None) -> list[dict[str, Any]]:
    """Add up outcomes by action: those shown, those held out, and of the judged value expected and realised.

    What was held out is not the advice's doing, and what was reversed never happened.
    """
    rows = await connection.fetch(
        f"""
        SELECT document->>'action' AS action,
            count(*) FILTER (WHERE NOT held_out)::int AS outcomes,
            count(*) FILTER (WHERE held_out)::int AS held_out,
            count(realised) FILTER (WHERE NOT held_out)::int AS judged,
            coalesce(sum((document->>'expected_value')::numeric)
                FILTER (WHERE NOT held_out AND realised IS NOT NULL), 0) AS expected_value,
            coalesce(sum(realised) FILTER (WHERE NOT held_out), 0) AS realised_value,
            count(bore_out) FILTER (WHERE NOT held_out)::int AS calls,
            count(*) FILTER (WHERE NOT held_out AND bore_out)::int AS right,
            avg(call_confidence) FILTER (WHERE NOT held_out AND bore_out IS NOT NULL) AS claimed
        FROM outcome, LATERAL (SELECT coalesce((document->>'held_out')::bool, false) AS held_out,
            (document->>'call_confidence')::float8 AS call_confidence,
            (document->>'realised_value')::numeric AS realised, (document->>'bore_out')::bool AS bore_out) AS o
        WHERE {ONE_TENANT} AND ($1::uuid[] IS NULL OR dealer_id = ANY($1)) AND document->>'kind' <> 'reversed'
        GROUP BY 1 ORDER BY 1
        """,  # noqa: S608  # a constant of ours
        dealer_ids,
    )
    return [dict(row) for row in rows]


async def observed_arms(connection: Connection, dealer_ids: list[UUID] | None) -> list[tuple[int, Arm]]:
    """Sum up subjects watched for a fixed number of days, by those days, rooftop, share held out, and side."""
    rows = await connection.fetch(
        f"""
        SELECT (document->>'observed_days')::int AS days, dealer_id, document->>'hold_out_share' AS share,
            coalesce((document->>'held_out')::bool, false) AS held_out, count(*)::int AS n,
            avg(value)::float8 AS mean, coalesce(var_samp(value), 0)::float8 AS variance
        FROM outcome, LATERAL (SELECT (document->>'observed_value')::numeric AS value) AS o
        WHERE {ONE_TENANT} AND ($1::uuid[] IS NULL OR dealer_id = ANY($1)) AND value IS NOT NULL
        GROUP BY 1, 2, 3, 4
        """,  # noqa: S608  # a constant of ours
        dealer_ids,
    )
    return [
        (row["days"], Arm((row["dealer_id"], row["share"]), row["held_out"], row["n"], row["mean"], row["variance"]))
        for row in rows
    ]


async def answered_counts(connection: Connection, dealer_ids: list[UUID] | None) -> dict[str, int]:
    """Count advice by the answer it got; ``none`` for what was not answered."""
    rows = await connection.fetch(
        "SELECT decision, count(*) AS n FROM recommendation"  # noqa: S608
        f" WHERE {ONE_TENANT} AND ($1::uuid[] IS NULL OR dealer_id = ANY($1)) GROUP BY 1",
        dealer_ids,
    )
    return {row["decision"]: row["n"] for row in rows}
