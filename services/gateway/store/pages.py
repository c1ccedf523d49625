"""Reading the read model: keyset pages, in a stable order, under the tenant's fence."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list endpoint may filter and sort by; sort columns are sound only because they are named here."""

    table: str
    identity: str
    sorts: dict[str, str]
    filters: dict[str, str] = field(default_factory=dict)
    columns: str = "document"


@dataclass(frozen=True, slots=True)
class Page:
    """Rows and the position after the last of them, None at the end."""

    rows: list[dict[str, Any]]
    after: tuple[str | None, str] | None


VEHICLES = Listing(
    table="vehicle",
    identity="vehicle_key",
    sorts={
        "days": "current_date - group_stock_date",
        "price": "list_price",
        "key": "NULL::int",
    },
    filters={
        "dealer_ids": "dealer_id = ANY({}::uuid[])",
        "status": "status = {}::text",
        "condition": "condition = {}::text",
        "make": "lower(make) = lower({}::text)",
        "model": "lower(model) = lower({}::text)",
        "segment": "segment = {}::text",
        "min_days": "group_stock_date <= current_date - {}::int",
    },
    columns="document, (current_date - stock_date) AS days, (current_date - group_stock_date) AS group_days",
)
MARKET = Listing(
    table="market",
    identity="dealer_id::text || segment",
    sorts={"gap": "abs(gap)", "segment": "NULL::int"},
    filters={
        "dealer_ids": "dealer_id = ANY({}::uuid[])",
        "segment": "segment = {}::text",
        "has_gap": "gap IS NOT NULL AND {}::bool",
    },
)
FORECASTS = Listing(
    table="forecast",
    identity="dealer_id::text || segment",
    sorts={"rate": "(document->>'weekly_rate')::float8"},
    filters={"dealer_ids": "dealer_id = ANY({}::uuid[])", "segment": "segment = {}::text"},
)
RECOMMENDATIONS = Listing(
    table="recommendation",
    identity="recommendation_id::text",
    sorts={
        "value": "value",
        "value_per_day": "(document->>'value_per_day')::numeric",
        "issued_at": "extract(epoch FROM issued_at)",
    },
    filters={
        "dealer_ids": "dealer_id = ANY({}::uuid[])",
        "action": "action = {}::text",
        "status": "status = {}::text",
        "id": "recommendation_id = {}::uuid",
        "vehicle_key": "document->>'vehicle_key' = {}::text",
    },
    columns="document - '{evidence,alternatives,similar}'::text[] AS document, answer",
)
RECOMMENDATION_DETAILS = replace(RECOMMENDATIONS, columns="document, answer")
OUTCOMES = Listing(
    table="outcome",
    identity="outcome_id::text",
    sorts={"recorded_at": "extract(epoch FROM recorded_at)"},
    filters={
        "dealer_ids": "dealer_id = ANY({}::uuid[])",
        "recommendation_id": "recommendation_id = {}::uuid",
    },
)
POLICIES = Listing(
    table="policy",
    identity="dealer_id::text || lpad(version::text, 12, '0')",
    sorts={"version": "version"},
    filters={"dealer_ids": "dealer_id = ANY({}::uuid[])"},
)


async def read_page(
    connection: Connection,
    listing: Listing,
    *,
    filters: Mapping[str, object],
    sort: str,
    descending: bool,
    after: tuple[str | None, str] | None,
    limit: int,
) -> Page:
    """Read up to ``limit`` rows after a position; rows without a sort value come last, by identity."""
    arguments: list[object] = []
    conditions: list[str] = []
    for name, value in filters.items():
        if value is not None:
            arguments.append(value)
            conditions.append(listing.filters[name].format(f"${len(arguments)}"))
    # One text value makes a position for any sort column; numeric keeps its exact order.
    key = f"coalesce(({listing.sorts[sort]})::numeric, '{'-' if descending else ''}Infinity'::numeric)"
    compare, direction = ("<", "DESC") if descending else (">", "ASC")
    if after is not None:
        arguments += [after[0], after[1]]
        conditions.append(
            f"({key}, {listing.identity}) {compare} (${len(arguments) - 1}::text::numeric, ${len(arguments)}::text)"
        )
    where = " AND ".join(conditions) or "true"
    arguments.append(limit + 1)
    rows = await connection.fetch(
        f"SELECT {listing.columns}, ({key})::text AS page_key, {listing.identity} AS page_id"  # noqa: S608
        f" FROM {listing.table} WHERE {where}"
        f" ORDER BY {key} {direction}, {listing.identity} {direction} LIMIT ${len(arguments)}",
        *arguments,
    )
    kept = rows[:limit]
    more = len(rows) > limit
    return Page(
        rows=[{k: v for k, v in row.items() if k not in {"page_key", "page_id"}} for row in kept],
        after=(kept[-1]["page_key"], kept[-1]["page_id"]) if more else None,
    )


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
        """
        SELECT dealer_id, status, condition, stock_date, group_stock_date, list_price, cost, recon_cost,
               exit_date, purchase_type, front_gross, currency
        FROM vehicle
        WHERE ($1::uuid[] IS NULL OR dealer_id = ANY($1))
          AND (status IN ('in_stock', 'on_order') OR exit_date >= $2)
        """,
        dealer_ids,
        since,
    )
    return [dict(row) for row in rows]


async def outcome_documents(connection: Connection, dealer_ids: list[UUID] | None) -> list[dict[str, Any]]:
    """Read every outcome of some rooftops."""
    rows = await connection.fetch(
        "SELECT document FROM outcome WHERE $1::uuid[] IS NULL OR dealer_id = ANY($1)", dealer_ids
    )
    return [row["document"] for row in rows]


async def answered_counts(connection: Connection, dealer_ids: list[UUID] | None) -> dict[str, int]:
    """Count advice by the answer it got; ``none`` for what was not answered."""
    rows = await connection.fetch(
        "SELECT coalesce(answer->>'decision', 'none') AS decision, count(*) AS n FROM recommendation"
        " WHERE $1::uuid[] IS NULL OR dealer_id = ANY($1) GROUP BY 1",
        dealer_ids,
    )
    return {row["decision"]: row["n"] for row in rows}
