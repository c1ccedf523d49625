"""What one dealer group is asked about by keys is read by those keys, whatever is known of the tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import pytest

from services.feedback import store as feedback
from services.feedback.judging import BEGINNING
from services.gateway.store import figures, imports
from shared import events
from shared.events import RecommendationIssued
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Read = Callable[[asyncpg.Connection, list[str]], Awaitable[object]]

EXAMPLE = min((Path(events.__file__).parent / "examples" / "recommendation-issued" / "v1").glob("*.json"))
TENANT, DEALER = uuid4(), uuid4()
OWNED, ASKED = 3_000, 400
ID = "md5(n::text)::uuid"
ROWS = {
    "gateway.vehicle": (
        "(tenant_id, vehicle_key, dealer_id, version, status, segment, group_stock_date, currency, document)"
        " SELECT $1, n::text, $2, 1, 'in_stock', n::text, current_date, 'USD', '{}'"
    ),
    "gateway.market": (
        "(tenant_id, dealer_id, segment, version, document) SELECT $1, $2, n::text, 1,"
        """ jsonb_build_object('as_of', '2026-01-01', 'own_units', json_build_array(json_build_object('vehicle_key', n::text)))"""
    ),
    "feedback.vehicle_state": (
        "(tenant_id, vehicle_key, version, dealer_id, segment, at, status, group_stock_date)"
        " SELECT $1, n::text, 1, $2, 'a', now(), 'in_stock', current_date"
    ),
    "feedback.advice": (
        "(tenant_id, recommendation_id, dealer_id, action, vehicle_key, segment, status, issued_at, subject, is_first,"
        f" opens, document) SELECT $1, {ID}, $2, 'reprice', n::text, 'a', 'issued', now() + n * interval '1 second',"
        " n::text, true, true, '{}'"
    ),
    "feedback.answer": (
        f"(tenant_id, recommendation_id, answered_at, document) SELECT $1, {ID}, now(), to_jsonb($2::uuid)"
    ),
    "feedback.outcome": (
        "(tenant_id, recommendation_id, dealer_id, recorded_at, version, action, ended_on, vehicle_keys, counts, sales,"
        f" expected_sales, arrivals, lead_days, is_right, document) SELECT $1, {ID}, $2, now(), 1, 'hold',"
        " current_date, '{}', 0, 0, 0, 0, 0, 0, '{}'"
    ),
}


@pytest.fixture
async def owner(migrated: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(migrated)
    yield connection
    await connection.close()


async def open_advice(connection: asyncpg.Connection, keys: list[str]) -> object:
    return await feedback.open_advice(connection, DEALER, BEGINNING, len(keys))


async def first_of_subjects(connection: asyncpg.Connection, keys: list[str]) -> object:
    told = RecommendationIssued.model_validate_json(EXAMPLE.read_bytes())
    changes = {"tenant_id": TENANT, "dealer_id": DEALER, "hold_out_share": 0.1}
    await feedback.save_advice(
        connection,
        [told.model_copy(update={**changes, "vehicle_key": key, "recommendation_id": uuid4()}) for key in keys],
    )
    return keys


READS: dict[str, tuple[Read, dict[str, int]]] = {
    "vehicles of an import": (imports.known_vehicles, {"gateway.vehicle": 1}),
    "markets of units": (figures.unit_markets, {"gateway.vehicle": 1, "gateway.market": 1}),
    "states": (feedback.states, {"feedback.vehicle_state": 1}),
    "open advice": (open_advice, {"feedback.advice": 1, "feedback.answer": 1, "feedback.outcome": 1}),
    "first advice": (first_of_subjects, {"feedback.advice": 2}),
}


@pytest.mark.parametrize("analyzed", [False, True], ids=["tables nobody knows", "tables with statistics"])
@pytest.mark.parametrize("name", READS)
async def test_no_more_is_read_than_is_asked_for(
    migrated: str, owner: asyncpg.Connection, name: str, analyzed: bool
) -> None:
    read, expected = READS[name]
    for table in expected:
        await owner.execute(
            f"INSERT INTO {table} {ROWS[table]} FROM generate_series(1, {OWNED}) AS n", TENANT, DEALER
        )
        if analyzed:
            await owner.execute(f"ANALYZE {table}")
    service = next(iter(expected)).split(".")[0]
    keys = [str(n) for n in range(1, 1 + ASKED)]
    pool = await create_pool(service, PostgresSettings(dsn=migrated))
    try:
        async with UnitOfWork(pool, service).begin(TENANT) as tx:
            assert len(await read(tx.connection, keys)) == ASKED
            rows = await tx.connection.fetch(
                "SELECT schemaname || '.' || relname AS name, seq_tup_read, idx_tup_fetch FROM pg_stat_xact_user_tables"
                " WHERE schemaname = $1",
                service,
            )
    finally:
        await pool.close()
    fetched = {row["name"]: row["seq_tup_read"] + (row["idx_tup_fetch"] or 0) for row in rows}
    assert {table: fetched[table] for table in expected} == {table: n * ASKED for table, n in expected.items()}
