"""The only SQL of inventory; every statement handles a whole batch."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

import asyncpg

from services.inventory.domain import Change, Dealer, Life, Sale, Status, Vehicle
from services.inventory.domain.vehicle import COLUMNS
from shared.events import ReportedFields
from shared.postgres import lock_order
from shared.postgres.pool import Connection, as_json

_SALE_COLUMNS = tuple(Sale.__dataclass_fields__)
_SALE_LIST = ", ".join(("tenant_id", *_SALE_COLUMNS))
Key = tuple[UUID, str]
"""(tenant, vehicle key)."""

_UPDATES = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS if name != "vehicle_key")


async def remember_dealers(connection: Connection, dealers: Iterable[Dealer]) -> None:
    """Keep the newest description of each rooftop."""
    await connection.execute(
        """
        INSERT INTO dealer SELECT * FROM json_populate_recordset(NULL::dealer, $1::text::json)
        ON CONFLICT (tenant_id, dealer_id) DO UPDATE
        SET name = excluded.name, currency = excluded.currency, region = excluded.region
        WHERE (dealer.name, dealer.currency, dealer.region)
              IS DISTINCT FROM (excluded.name, excluded.currency, excluded.region)
        """,
        as_json([asdict(dealer) for dealer in dealers]),
    )


async def load_dealers(connection: Connection) -> dict[tuple[UUID, UUID], Dealer]:
    """Load the rooftops of the transaction's tenants, by (tenant, dealer): a stranger's may have our rooftop's id."""
    rows = await connection.fetch("SELECT tenant_id, dealer_id, name, currency, region FROM dealer")
    return {(row["tenant_id"], row["dealer_id"]): Dealer(**row) for row in rows}


# What a batch is about is read vehicle by vehicle (LATERAL, which OFFSET 0 and FOR UPDATE keep from becoming a join):
# the planner takes the fence for ten tenants of unknown size, and joined it reads all that they ever had.


async def keys_by_stock_number(
    connection: Connection, wanted: Iterable[tuple[UUID, UUID, str]]
) -> dict[tuple[UUID, UUID, str], str]:
    """Find the vehicles that (tenant, dealer, stock number) mean: of several that in stock, else the newest."""
    items = sorted(set(wanted), key=str)
    if not items:
        return {}
    rows = await connection.fetch(
        """
        SELECT v.tenant_id, v.dealer_id, v.stock_number, v.vehicle_key
        FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS u(t, d, s)
        CROSS JOIN LATERAL (
            SELECT * FROM vehicle WHERE tenant_id = t AND dealer_id = d AND stock_number = s OFFSET 0) AS v
        WHERE NOT starts_with(v.vehicle_key, 'order:')
        ORDER BY v.status = 'in_stock', v.last_at
        """,
        *_columns(items, 3),
    )
    return {(row["tenant_id"], row["dealer_id"], row["stock_number"]): row["vehicle_key"] for row in rows}


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order without a VIN: its key, how many are to come, and whether a number that means it is its car's own."""

    key: str
    quantity: int
    of_its_car: bool


async def open_orders(
    connection: Connection, wanted: Iterable[tuple[UUID, UUID, str]]
) -> dict[tuple[UUID, UUID, str], OpenOrder]:
    """Find the orders without a VIN that (tenant, dealer, stock or order number) mean.

    None where a vehicle of that number stands at the rooftop: it is that vehicle that is meant.
    """
    items = sorted(set(wanted), key=str)
    if not items:
        return {}
    rows = await connection.fetch(
        """
        SELECT t, d, s, v.vehicle_key, v.quantity, coalesce(v.stock_number = s, true) AS of_its_car
        FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS u(t, d, s)
        CROSS JOIN LATERAL (
            (SELECT vehicle_key, quantity, status, stock_number FROM vehicle
             WHERE tenant_id = t AND vehicle_key = 'order:' || d || ':' || s OFFSET 0)
            UNION ALL
            (SELECT vehicle_key, quantity, status, stock_number FROM vehicle
             WHERE tenant_id = t AND dealer_id = d AND stock_number = s OFFSET 0)) AS v
        WHERE v.status = 'on_order' AND starts_with(v.vehicle_key, 'order:') AND NOT EXISTS (
            SELECT FROM vehicle WHERE tenant_id = t AND dealer_id = d AND stock_number = s AND status = 'in_stock')
        """,
        *_columns(items, 3),
    )
    return {
        (row["t"], row["d"], row["s"]): OpenOrder(row["vehicle_key"], row["quantity"], row["of_its_car"])
        for row in rows
    }


async def load_lives(connection: Connection, keys: Iterable[Key]) -> dict[Key, Life]:
    """Load vehicles with their ledger lines, and hold them until the transaction ends."""
    arrays = _columns(sorted(set(keys), key=lock_order), 2)
    rows = await connection.fetch(
        """
        SELECT v.* FROM unnest($1::uuid[], $2::text[]) AS u(t, k)
        CROSS JOIN LATERAL (
            SELECT * FROM vehicle WHERE tenant_id = t AND vehicle_key = k FOR UPDATE) AS v
        """,
        *arrays,
    )
    sales = await connection.fetch(
        """
        SELECT s.* FROM unnest($1::uuid[], $2::text[]) AS u(t, k)
        CROSS JOIN LATERAL (SELECT * FROM sale WHERE tenant_id = t AND vehicle_key = k OFFSET 0) AS s
        ORDER BY s.sale_date
        """,
        *arrays,
    )
    ledger: dict[Key, list[Sale]] = defaultdict(list)
    for row in sales:
        line = Sale(**{name: row[name] for name in _SALE_COLUMNS})
        ledger[row["tenant_id"], row["vehicle_key"]].append(line)
    return {
        key: Life(vehicle_of(row), tuple(ledger.get(key, ())))
        for row in rows
        if (key := (row["tenant_id"], row["vehicle_key"]))
    }


async def claim(connection: Connection, keys: Iterable[Key]) -> None:
    """Hold vehicles that have no row yet until the transaction ends; always in the same order."""
    await connection.execute(
        """
        SELECT pg_advisory_xact_lock(hashtextextended(name, 0))
        FROM unnest($1::text[]) WITH ORDINALITY AS u(name, n) ORDER BY n
        """,
        sorted(f"{tenant}/{key}" for tenant, key in keys),
    )


async def load_history(connection: Connection, keys: Iterable[Key]) -> dict[Key, list[Change]]:
    """Load everything ever reported of some vehicles."""
    rows = await connection.fetch(
        """
        SELECT e.* FROM unnest($1::uuid[], $2::text[]) AS u(t, k)
        CROSS JOIN LATERAL (SELECT * FROM vehicle_event WHERE tenant_id = t AND vehicle_key = k OFFSET 0) AS e
        """,
        *_columns(sorted(set(keys), key=lock_order), 2),
    )
    history: dict[Key, list[Change]] = defaultdict(list)
    for row in rows:
        facts = ReportedFields.model_validate(row["facts"]).model_dump(exclude_none=True)
        change = Change(row["event_id"], row["at"], row["kind"], row["dealer_id"], facts, row["received_at"])
        history[row["tenant_id"], row["vehicle_key"]].append(change)
    return history


async def record(connection: Connection, changes: Mapping[Key, list[Change]]) -> None:
    """Append reports to the vehicles' history."""
    flat = [(tenant, key, change) for (tenant, key), many in changes.items() for change in many]
    await connection.execute(
        """
        INSERT INTO vehicle_event (tenant_id, vehicle_key, at, event_id, kind, dealer_id, facts, received_at)
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::uuid[], $5::text[], $6::uuid[],
                             $7::jsonb[], $8::timestamptz[])
        ON CONFLICT DO NOTHING
        """,
        [tenant for tenant, _, _ in flat],
        [key for _, key, _ in flat],
        [change.at for _, _, change in flat],
        [change.event_id for _, _, change in flat],
        [change.kind for _, _, change in flat],
        [change.dealer_id for _, _, change in flat],
        [change.facts for _, _, change in flat],
        [change.received_at for _, _, change in flat],
    )


async def save_vehicles(connection: Connection, lives: Mapping[Key, Life]) -> None:
    """Store the state of vehicles."""
    await connection.execute(
        f"""
        INSERT INTO vehicle SELECT * FROM json_populate_recordset(NULL::vehicle, $1::text::json)
        ON CONFLICT (tenant_id, vehicle_key) DO UPDATE SET {_UPDATES}
        """,  # noqa: S608  # column names of our own dataclass, no input
        as_json([{"tenant_id": tenant, **vars(life.vehicle)} for (tenant, _), life in lives.items()]),
    )


async def save_sales(connection: Connection, ledgers: Mapping[Key, Sequence[Sale]]) -> None:
    """Store all the ledger lines of vehicles in place of those that were there."""
    if not ledgers:
        return
    await connection.execute(
        # By where the rows lie, which does not change: their vehicles are held.
        """
        DELETE FROM sale WHERE ctid = ANY(ARRAY(
            SELECT s.ctid FROM unnest($1::uuid[], $2::text[]) AS u(t, k)
            CROSS JOIN LATERAL (SELECT ctid FROM sale WHERE tenant_id = t AND vehicle_key = k OFFSET 0) AS s))
        """,
        *_columns(sorted(ledgers, key=lock_order), 2),
    )
    await connection.execute(
        f"INSERT INTO sale ({_SALE_LIST}) SELECT {_SALE_LIST}"  # noqa: S608  # columns of our own dataclass, no input
        " FROM json_populate_recordset(NULL::sale, $1::text::json)",
        as_json(
            [
                {"tenant_id": tenant, **{name: getattr(sale, name) for name in _SALE_COLUMNS}}
                for (tenant, _), sales in ledgers.items()
                for sale in sales
            ]
        ),
    )


def vehicle_of(row: asyncpg.Record) -> Vehicle:
    """Read a stored vehicle; columns that a newer build has added are not ours."""
    values = {name: row[name] for name in COLUMNS}
    values["status"] = Status(values["status"])
    asked = values["price_history"]
    values["price_history"] = tuple((date.fromisoformat(on), Decimal(price)) for on, price in asked)
    return Vehicle.of(values)


def _columns(
    items: list[tuple[UUID, ...]] | list[Key] | list[tuple[UUID, UUID, str]], width: int
) -> list[list[object]]:
    return [[item[column] for item in items] for column in range(width)]
