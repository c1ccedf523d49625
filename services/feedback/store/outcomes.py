"""SQL of outcomes, what they have claimed, and what they teach together."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

from services.feedback.domain import Action, Lesson, Outcome, lesson_of
from shared.postgres import ONE_TENANT
from shared.postgres.pool import Connection


async def save_outcomes(
    connection: Connection, tenant_id: UUID, dealer_id: UUID, rows: Sequence[tuple[int, Outcome]], at: datetime
) -> dict[str, datetime]:
    """Store new outcomes and new versions of known ones; gives when each that is new here counts as recorded.

    A later version is recorded later than the one before it, whatever the clocks say: who keeps copies goes by that.
    """
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
        SET recorded_at = greatest(excluded.recorded_at, o.recorded_at + interval '1 microsecond'),
            version = excluded.version, ended_on = excluded.ended_on,
            vehicle_keys = excluded.vehicle_keys, counts = excluded.counts, sales = excluded.sales,
            expected_sales = excluded.expected_sales, gross_error = excluded.gross_error,
            discount = excluded.discount, arrivals = excluded.arrivals, lead_days = excluded.lead_days,
            claimed = excluded.claimed, is_right = excluded.is_right, document = excluded.document
        WHERE o.version < excluded.version RETURNING recommendation_id, recorded_at
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
    return {str(row["recommendation_id"]): row["recorded_at"] for row in saved}


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
