"""The only SQL of market."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from services.market.domain import SURVEYED_DAYS, Listing, OwnSale, OwnUnit, PricePoint, SegmentMarket
from shared.postgres import ONE_TENANT
from shared.postgres.pool import Connection, as_json

_FEW_LISTINGS = 5_000
_PUBLISHED = TypeAdapter(SegmentMarket)


@dataclass(frozen=True, slots=True)
class Rooftop:
    """A rooftop with stock or sales, and the region it competes in."""

    dealer_id: UUID
    region: str
    currency: str


async def bump_regions(connection: Connection, regions: Iterable[tuple[UUID, str, str]]) -> None:
    """Note that the listings of (tenant, region, currency) changed."""
    rows = sorted(set(regions), key=str)
    await connection.execute(
        """
        INSERT INTO region AS r (tenant_id, region, currency, generation)
        SELECT t, name, currency, 1 FROM unnest($1::uuid[], $2::text[], $3::text[]) AS u(t, name, currency)
        ON CONFLICT (tenant_id, region) DO UPDATE
        SET generation = r.generation + 1, currency = excluded.currency
        """,
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
    )


async def note_prices(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Add the prices that differ from the one before of their listing; what arrives late adds none.

    ``rows`` have a listing once a day at most.
    """
    await connection.execute(
        """
        INSERT INTO listing_price (tenant_id, region, listing_id, seen_on, price)
        SELECT tenant_id, region, listing_id, last_seen, price FROM (
            SELECT r.tenant_id, r.region, r.listing_id, r.last_seen, r.price,
                lag(r.price, 1, newest.price) OVER (
                    PARTITION BY r.tenant_id, r.region, r.listing_id ORDER BY r.last_seen) AS before
            FROM json_populate_recordset(NULL::listing, $1::text::json) AS r
            LEFT JOIN LATERAL (
                SELECT p.seen_on, p.price FROM listing_price p
                WHERE p.tenant_id = r.tenant_id AND p.region = r.region AND p.listing_id = r.listing_id
                ORDER BY p.seen_on DESC LIMIT 1
            ) AS newest ON true
            WHERE r.price > 0 AND (newest.seen_on IS NULL OR r.last_seen >= newest.seen_on)
        ) AS seen
        WHERE price IS DISTINCT FROM before
        ORDER BY tenant_id, region, listing_id, last_seen
        ON CONFLICT (tenant_id, region, listing_id, seen_on) DO UPDATE SET price = excluded.price
        """,
        as_json(rows),
    )


async def upsert_listings(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Store listings; what was seen last describes one, its first and last day only ever spread."""
    await connection.execute(
        """
        INSERT INTO listing AS l SELECT * FROM json_populate_recordset(NULL::listing, $1::text::json)
        ON CONFLICT (tenant_id, region, listing_id) DO UPDATE SET
            segment = CASE WHEN excluded.last_seen >= l.last_seen THEN excluded.segment ELSE l.segment END,
            label = CASE WHEN excluded.last_seen >= l.last_seen THEN excluded.label ELSE l.label END,
            price = CASE WHEN excluded.last_seen >= l.last_seen THEN coalesce(excluded.price, l.price)
                         ELSE l.price END,
            odometer_km = coalesce(excluded.odometer_km, l.odometer_km),
            model_year = coalesce(excluded.model_year, l.model_year),
            vin = coalesce(excluded.vin, l.vin),
            trim = coalesce(excluded.trim, l.trim),
            certified = coalesce(excluded.certified, l.certified),
            seller = CASE WHEN excluded.last_seen >= l.last_seen THEN coalesce(excluded.seller, l.seller)
                          ELSE l.seller END,
            active = CASE WHEN excluded.last_seen >= l.last_seen THEN excluded.active ELSE l.active END,
            first_seen = least(l.first_seen, excluded.first_seen),
            last_seen = greatest(l.last_seen, excluded.last_seen)
        """,
        as_json(rows),
    )


async def upsert_units(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Store own vehicles; older versions are dropped."""
    await connection.execute(
        """
        INSERT INTO own_unit AS o SELECT * FROM json_populate_recordset(NULL::own_unit, $1::text::json)
        ON CONFLICT (tenant_id, vehicle_key) DO UPDATE SET
            dealer_id = excluded.dealer_id, version = excluded.version, region = excluded.region,
            currency = excluded.currency, segment = excluded.segment, label = excluded.label,
            status = excluded.status, exit_date = excluded.exit_date, vin = excluded.vin,
            model_year = excluded.model_year, trim = excluded.trim, certified = excluded.certified,
            odometer_km = excluded.odometer_km, quantity = excluded.quantity
        WHERE o.version < excluded.version
        """,
        as_json(rows),
    )


async def dealers_of_region(connection: Connection, tenant_id: UUID, region: str) -> list[UUID]:
    """List the rooftops that compete in a region."""
    rows = await connection.fetch(
        "SELECT DISTINCT dealer_id FROM own_unit WHERE tenant_id = $1 AND region = $2", tenant_id, region
    )
    return [row["dealer_id"] for row in rows]


async def rooftop(connection: Connection, dealer_id: UUID) -> Rooftop | None:
    """Find a rooftop's region by any of its vehicles, which all tell the same; None while it has none."""
    row = await connection.fetchrow(
        "SELECT dealer_id, region, currency FROM own_unit WHERE dealer_id = $1 LIMIT 1", dealer_id
    )
    return Rooftop(**row) if row else None


async def generation(connection: Connection, region: str) -> int | None:
    """Tell which state a region's listings are in; None where there are none."""
    value: int | None = await connection.fetchval("SELECT generation FROM region WHERE region = $1", region)
    return value


async def load_listings(connection: Connection, region: str, today: date) -> list[Listing]:
    """Load a region's listings of the days that a survey looks at, up to the newest that was seen by today.

    However long a region has been watched, this is no more than it advertises in those days. One with few adverts is
    read whole: since when it was watched is told by the first that ended.
    """
    many = await connection.fetchrow(
        "SELECT least(max(last_seen), $2) AS newest FROM listing"  # noqa: S608
        f" WHERE {ONE_TENANT} AND region = $1 AND first_seen <= $2 HAVING count(*) > $3",
        region,
        today,
        _FEW_LISTINGS,
    )
    since = date.min if many is None else many["newest"] - timedelta(days=SURVEYED_DAYS)
    rows = await connection.fetch(
        "SELECT listing_id, segment, price::float8 AS price, odometer_km::float8 AS odometer_km, model_year,"  # noqa: S608
        " first_seen, last_seen, active, label, vin, trim, coalesce(certified, false) AS certified, seller"
        f" FROM listing WHERE {ONE_TENANT} AND region = $1 AND last_seen >= $2",
        region,
        since,
    )
    noted = await connection.fetch(
        "SELECT listing_id, seen_on, price::float8 AS price FROM listing_price"  # noqa: S608
        f" WHERE {ONE_TENANT} AND region = $1 AND listing_id IN"
        f" (SELECT listing_id FROM listing WHERE {ONE_TENANT} AND region = $1 AND last_seen >= $2)"
        " ORDER BY listing_id, seen_on",
        region,
        since,
    )
    prices = {
        listing_id: tuple(PricePoint(row["seen_on"], row["price"]) for row in points)
        for listing_id, points in groupby(noted, key=lambda row: str(row["listing_id"]))
    }
    return [
        Listing(
            key=row["listing_id"],
            segment=row["segment"],
            price=row["price"],
            odometer_km=row["odometer_km"],
            model_year=row["model_year"],
            first_seen=row["first_seen"],
            last_seen=row["last_seen"],
            active=row["active"],
            label=row["label"],
            vin=row["vin"],
            trim=row["trim"],
            certified=row["certified"],
            seller=row["seller"],
            prices=prices.get(row["listing_id"], ()),
        )
        for row in rows
    ]


async def load_own_vins(connection: Connection, region: str) -> frozenset[str]:
    """Load the VINs that the group has, or had, for sale in a region: none of them is a competitor's."""
    rows = await connection.fetch("SELECT vin FROM own_unit WHERE region = $1 AND vin IS NOT NULL", region)
    return frozenset(row["vin"] for row in rows)


async def load_own(connection: Connection, dealer_id: UUID, since: date) -> tuple[list[OwnUnit], list[OwnSale]]:
    """Load a rooftop's stock with what is on order, and its retail sales since a day."""
    rows = await connection.fetch(
        "SELECT vehicle_key, segment, label, status, exit_date, model_year, trim, odometer_km::float8 AS odometer_km,"
        " coalesce(certified, false) AS certified, quantity FROM own_unit"
        " WHERE dealer_id = $1 AND (status IN ('in_stock', 'on_order') OR (status = 'sold' AND exit_date >= $2))",
        dealer_id,
        since,
    )
    units = [
        OwnUnit(
            key=row["vehicle_key"],
            segment=row["segment"],
            label=row["label"],
            model_year=row["model_year"],
            trim=row["trim"],
            odometer_km=row["odometer_km"],
            certified=row["certified"],
            inbound=row["status"] == "on_order",
            quantity=row["quantity"],
        )
        for row in rows
        if row["status"] != "sold"
    ]
    sales = [
        OwnSale(r["vehicle_key"], r["segment"], r["exit_date"], r["label"]) for r in rows if r["status"] == "sold"
    ]
    return units, sales


async def load_statistics(connection: Connection, dealer_id: UUID) -> dict[str, tuple[int, SegmentMarket]]:
    """Load what was published last for a rooftop, by segment, with its version."""
    rows = await connection.fetch(
        "SELECT segment, version, document FROM statistic WHERE dealer_id = $1 FOR UPDATE", dealer_id
    )
    return {row["segment"]: (row["version"], published_market(row["document"])) for row in rows}


def published_market(document: dict[str, Any]) -> SegmentMarket:
    """Read what was kept of a published segment, by this version or an earlier one."""
    return _PUBLISHED.validate_python(document)


async def save_statistics(
    connection: Connection, tenant_id: UUID, dealer_id: UUID, rows: Sequence[tuple[int, SegmentMarket]], at: datetime
) -> None:
    """Keep what is published now."""
    await connection.execute(
        """
        INSERT INTO statistic (tenant_id, dealer_id, segment, version, published_at, document)
        SELECT $1, $2, s, v, $6, d FROM unnest($3::text[], $4::bigint[], $5::jsonb[]) AS u(s, v, d)
        ON CONFLICT (tenant_id, dealer_id, segment) DO UPDATE
        SET version = excluded.version, published_at = excluded.published_at, document = excluded.document
        """,
        tenant_id,
        dealer_id,
        [market.segment for _, market in rows],
        [version for version, _ in rows],
        [asdict(market) for _, market in rows],
        at,
    )


async def forget_statistics(connection: Connection, dealer_id: UUID, but: Iterable[str]) -> None:
    """Let go of what was published of a rooftop's segments, but for those that there still are."""
    await connection.execute(
        "DELETE FROM statistic WHERE dealer_id = $1 AND segment <> ALL($2::text[])", dealer_id, sorted(but)
    )
