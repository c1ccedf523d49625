"""SQL of stays, as they are told of."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg

from services.forecast.domain.configuration import Configuration
from services.forecast.domain.stays import Visit
from shared.postgres import lock_order
from shared.postgres.pool import Connection

Key = tuple[UUID, str]
"""(tenant, vehicle key)."""

_INSERT = """
    INSERT INTO stay (tenant_id, vehicle_key, n, dealer_id, version, segment, label, stocked, left_on, sold,
                      first_year, last_year, trim, body, drivetrain, fuel)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::uuid[], $5::bigint[], $6::text[], $7::text[],
                         $8::date[], $9::date[], $10::bool[], $11::int[], $12::int[], $13::text[], $14::text[],
                         $15::text[], $16::text[])
    """


async def load_visits(connection: Connection, keys: Iterable[Key]) -> dict[Key, list[Visit]]:
    """Load the stays of vehicles, in order, and hold the vehicles until the transaction ends.

    Rooftops are read side by side, by replicas too: of two that are told of one vehicle, the second must see all
    that the first made of it. So they are held before they are read, each by its first stay.
    """
    wanted = sorted(set(keys), key=lock_order)
    arrays = [key[0] for key in wanted], [key[1] for key in wanted]
    # Vehicle by vehicle: in a join the planner, who takes the fence for ten tenants, reads all they ever had.
    await connection.fetchval(
        """
        SELECT count(*) FROM unnest($1::uuid[], $2::text[]) AS u(t, k)
        CROSS JOIN LATERAL (
            SELECT 1 FROM stay WHERE tenant_id = t AND vehicle_key = k AND n = 0 FOR UPDATE) AS s
        """,
        *arrays,
    )
    rows = await connection.fetch(
        """
        SELECT s.* FROM unnest($1::uuid[], $2::text[]) AS u(t, k)
        CROSS JOIN LATERAL (SELECT * FROM stay WHERE tenant_id = t AND vehicle_key = k OFFSET 0) AS s
        ORDER BY s.n
        """,
        *arrays,
    )
    visits: dict[Key, list[Visit]] = defaultdict(list)
    for row in rows:
        visits[row["tenant_id"], row["vehicle_key"]].append(
            Visit(
                row["dealer_id"], row["version"], row["segment"], row["label"], row["stocked"], row["left_on"],
                row["sold"], configuration_in(row),
            )
        )  # fmt: skip
    return visits


async def save_visits(
    connection: Connection, visits: Mapping[Key, Sequence[Visit]], before: Mapping[Key, Sequence[Visit]]
) -> None:
    """Store the stays of vehicles that were loaded as they were ``before``, and so are held."""
    if not visits:
        return
    fewer = [key for key in sorted(visits, key=lock_order) if len(visits[key]) < len(before[key])]
    if fewer:  # a sale that stood between two stays was undone
        await connection.execute(
            """
            DELETE FROM stay AS s USING unnest($1::uuid[], $2::text[], $3::int[]) AS u(t, k, kept)
            WHERE s.tenant_id = u.t AND s.vehicle_key = u.k AND s.n >= u.kept
            """,
            [tenant for tenant, _ in fewer],
            [vehicle for _, vehicle in fewer],
            [len(visits[key]) for key in fewer],
        )
    await connection.execute(
        f"""
        {_INSERT} ON CONFLICT (tenant_id, vehicle_key, n) DO UPDATE SET
            dealer_id = excluded.dealer_id, version = excluded.version, segment = excluded.segment,
            label = excluded.label, stocked = excluded.stocked, left_on = excluded.left_on, sold = excluded.sold,
            first_year = excluded.first_year, last_year = excluded.last_year, trim = excluded.trim,
            body = excluded.body, drivetrain = excluded.drivetrain, fuel = excluded.fuel
        """,
        *_columns(visits),
    )


async def save_first_visits(connection: Connection, visits: Mapping[Key, Sequence[Visit]]) -> None:
    """Store the stays of vehicles that had none.

    Raises ``asyncpg.SerializationError``, to be tried again, where another replica has told of one meanwhile.
    """
    if not visits:
        return
    columns = _columns(visits)
    tag = await connection.execute(f"{_INSERT} ON CONFLICT DO NOTHING", *columns)
    if tag != f"INSERT 0 {len(columns[0])}":
        raise asyncpg.SerializationError("another replica is told of the same vehicles: their stays are to be read")


def _columns(visits: Mapping[Key, Sequence[Visit]]) -> list[list[Any]]:
    rows = [
        (
            tenant, key, n, visit.dealer_id, visit.version, visit.segment, visit.label, visit.stocked, visit.left,
            visit.sold, *(visit.configuration.years or (None, None)), visit.configuration.trim,
            visit.configuration.body, visit.configuration.drivetrain, visit.configuration.fuel,
        )
        for tenant, key in sorted(visits, key=lock_order)
        for n, visit in enumerate(visits[tenant, key])
    ]  # fmt: skip
    return [[row[column] for row in rows] for column in range(16)]


def configuration_in(row: asyncpg.Record) -> Configuration:
    """Read the configuration that a stay is stored with."""
    years = None if row["first_year"] is None else (row["first_year"], row["last_year"])
    return Configuration(years, row["trim"], row["body"], row["drivetrain"], row["fuel"])
