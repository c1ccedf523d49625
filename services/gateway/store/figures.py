"""Reading what figures are computed from, and what the market says of units."""

from typing import Any
from uuid import UUID

from shared.postgres import ONE_TENANT
from shared.postgres.pool import Connection


async def unit_markets(connection: Connection, vehicle_keys: list[str]) -> dict[str, dict[str, Any]]:
    """Read what the market asks for vehicles like these, where it is known; by vehicle key."""
    rows = await connection.fetch(
        """
        SELECT own->>'vehicle_key' AS vehicle_key, own AS market, m.document->>'as_of' AS as_of
        FROM (SELECT DISTINCT dealer_id, segment FROM vehicle WHERE vehicle_key = ANY($1)) AS v
        JOIN market m USING (dealer_id, segment), jsonb_array_elements(m.document->'own_units') AS own
        WHERE own->>'vehicle_key' = ANY($1)
        """,
        vehicle_keys,
    )
    return {row["vehicle_key"]: {**row["market"], "as_of": row["as_of"]} for row in rows}


async def stock_rows(connection: Connection, dealer_ids: list[UUID] | None, since: Any) -> list[dict[str, Any]]:
    """Read what stock figures are computed from: units on hand or on order, and what left since a date."""
    rows = await connection.fetch(
        f"""
        SELECT dealer_id, status, condition, stock_date, group_stock_date, list_price, cost, recon_cost,
               exit_date, purchase_type, front_gross, currency
        FROM vehicle
        WHERE {ONE_TENANT} AND ($1::uuid[] IS NULL OR dealer_id = ANY($1))
          AND (status IN ('in_stock', 'on_order') OR exit_date >= $2)
        """,  # noqa: S608  # a constant
        dealer_ids,
        since,
    )
    return [dict(row) for row in rows]


async def outcome_documents(connection: Connection, dealer_ids: list[UUID] | None) -> list[dict[str, Any]]:
    """Read every outcome of some rooftops."""
    rows = await connection.fetch(
        f"SELECT document FROM outcome WHERE {ONE_TENANT} AND ($1::uuid[] IS NULL OR dealer_id = ANY($1))",  # noqa: S608
        dealer_ids,
    )
    return [row["document"] for row in rows]


async def answered_counts(connection: Connection, dealer_ids: list[UUID] | None) -> dict[str, int]:
    """Count advice by the answer it got; ``none`` for what was not answered."""
    rows = await connection.fetch(
        "SELECT coalesce(answer->>'decision', 'none') AS decision, count(*) AS n FROM recommendation"  # noqa: S608
        f" WHERE {ONE_TENANT} AND ($1::uuid[] IS NULL OR dealer_id = ANY($1)) GROUP BY 1",
        dealer_ids,
    )
    return {row["decision"]: row["n"] for row in rows}
