"""Tenancy: the database itself keeps each tenant's rows from every other, whatever a query forgets."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import asyncpg
import pytest

from deploy.local.pipeline import SERVICES
from shared.postgres import ONE_TENANT, PostgresSettings, create_pool, tenant_transaction
from shared.postgres.pool import role_of
from shared.postgres.tenancy import lookup_transaction

MINE, THEIRS = uuid4(), uuid4()
IDS_ONLY = {"work", "series", "review", "live_position"}
"""Tables that hold nothing but ids, days and counters, so that workers may look across tenants."""


@pytest.fixture
async def owner(migrated: str):
    connection = await asyncpg.connect(migrated)
    yield connection
    await connection.close()


@pytest.fixture
async def inventory(migrated: str):
    """Give inventory's pool of one connection, and a rooftop of each of two tenants."""
    pool = await create_pool("inventory", PostgresSettings(dsn=migrated, pool_max=1))
    for tenant in (MINE, THEIRS):
        async with tenant_transaction(pool, [tenant]) as connection:
            await add_dealer(connection, tenant)
    yield pool
    await pool.close()


async def add_dealer(connection, tenant: UUID) -> None:
    await connection.execute("INSERT INTO dealer VALUES ($1, $2, 'Midtown', 'CAD', 'ON')", tenant, uuid4())


async def tenants_seen(connection) -> set[UUID]:
    return {row["tenant_id"] for row in await connection.fetch("SELECT tenant_id FROM dealer")}


async def test_every_table_with_tenants_is_fenced_for_reading_and_writing(owner) -> None:
    tables = await owner.fetch(
        """
        SELECT n.nspname AS schema, c.relname AS name, c.relrowsecurity, c.relforcerowsecurity,
               EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polcmd = '*' AND p.polpermissive
                       AND pg_get_expr(p.polqual, c.oid) LIKE '%tenant_id = ANY%app.tenants%'
                       AND pg_get_expr(p.polqual, c.oid) = pg_get_expr(p.polwithcheck, c.oid)) AS policy
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
        WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p')
        """,
        list(SERVICES),
    )
    assert {row["schema"] for row in tables} == set(SERVICES)
    assert len(tables) > 30
    open_ones = [
        f"{row['schema']}.{row['name']}"
        for row in tables
        if row["name"] not in IDS_ONLY
        and not (row["relrowsecurity"] and row["relforcerowsecurity"] and row["policy"])
    ]
    assert open_ones == []


async def test_every_table_without_tenants_is_messaging_or_bookkeeping(owner) -> None:
    names = await owner.fetchval(
        """
        SELECT array_agg(DISTINCT c.relname::text) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT EXISTS (
            SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')
        """,
        list(SERVICES),
    )
    before_anybody_is_known = {"sign_in_failure", "sign_in_place"}
    messaging = {"dead_letter", "inbox", "outbox", "outbox_waiting"}
    assert set(names) == {"alembic_version"} | messaging | before_anybody_is_known


async def test_tables_of_failed_sign_ins_hold_hashes_and_times_only(owner) -> None:
    columns = await owner.fetch(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'gateway' AND table_name IN ('sign_in_failure', 'sign_in_place')"
    )
    assert {(row["column_name"], row["data_type"]) for row in columns} == {
        ("key", "bytea"),
        ("failures", "integer"),
        ("last_at", "timestamp with time zone"),
        ("retry_at", "timestamp with time zone"),
    }


async def test_tables_that_are_open_to_workers_hold_ids_and_days_only(owner) -> None:
    columns = await owner.fetch(
        "SELECT DISTINCT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = ANY($1) AND table_name = ANY($2)",
        list(SERVICES),
        list(IDS_ONLY),
    )
    named = {name: {row["column_name"] for row in columns if row["table_name"] == name} for name in IDS_ONLY}
    assert named["series"] == {"tenant_id", "dealer_id", "segment", "week"}
    assert named["review"] == {"tenant_id", "reviewed_on"}
    assert named["live_position"] == {"tenant_id", "last"}
    bookkeeping = {"generation", "due_at", "latest_at", "leased_until", "claim", "attempts", "error"}
    assert named["work"] == {"queue", "key", "tenant_id", "dealer_id"} | bookkeeping


async def test_only_the_lookup_policies_stand_beside_tenant_isolation(owner) -> None:
    rows = await owner.fetch("SELECT * FROM pg_policies WHERE policyname <> 'tenant_isolation'")
    assert {(row["schemaname"], row["tablename"], row["cmd"]) for row in rows} == {
        ("gateway", "app_user", "SELECT"),
        ("gateway", "api_key", "SELECT"),
        ("gateway", "refresh_token", "SELECT"),
        ("gateway", "dms_source", "SELECT"),
        ("gateway", "invitation", "SELECT"),
        ("gateway", "password_reset", "SELECT"),
    }
    assert all("app.lookup" in row["qual"] for row in rows)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_role_owns_nothing_and_cannot_step_over_the_fence(owner, service: str) -> None:
    role = await owner.fetchrow("SELECT * FROM pg_roles WHERE rolname = $1", role_of(service))
    forbidden = ("rolsuper", "rolbypassrls", "rolcreatedb", "rolcreaterole", "rolreplication")
    assert [flag for flag in forbidden if role[flag]] == []
    owned = "SELECT count(*) FROM pg_shdepend WHERE refobjid = $1 AND deptype = 'o'"
    assert await owner.fetchval(owned, role["oid"]) == 0
    assert await owner.fetchval("SELECT count(*) FROM pg_auth_members WHERE member = $1", role["oid"]) == 0
    privileges = await owner.fetch(
        "SELECT DISTINCT privilege_type FROM information_schema.role_table_grants WHERE grantee = $1",
        role_of(service),
    )
    assert {row[0] for row in privileges} == {"SELECT", "INSERT", "UPDATE", "DELETE"}


@pytest.mark.parametrize("service", SERVICES)
async def test_without_a_tenant_every_fenced_table_is_empty_and_no_error(migrated, owner, service: str) -> None:
    tables = await owner.fetch(
        "SELECT tablename FROM pg_policies WHERE schemaname = $1 AND policyname = 'tenant_isolation'", service
    )
    pool = await create_pool(service, PostgresSettings(dsn=migrated, pool_max=1))
    try:
        for _ in range(2):  # Before the setting was ever made, and after a transaction that made it is over.
            for row in tables:
                assert await pool.fetchval(f"SELECT count(*) FROM {row['tablename']}") == 0
            async with tenant_transaction(pool, [MINE]):
                pass
    finally:
        await pool.close()


async def test_rows_are_there_yet_unseen_without_a_tenant(inventory, owner) -> None:
    assert await owner.fetchval("SELECT count(*) FROM inventory.dealer") == 2
    assert await inventory.fetchval("SELECT count(*) FROM dealer") == 0
    async with tenant_transaction(inventory, []) as connection:
        assert await tenants_seen(connection) == set()


async def test_a_transaction_sees_the_tenants_it_was_opened_for(inventory) -> None:
    async with tenant_transaction(inventory, [MINE]) as connection:
        assert await tenants_seen(connection) == {MINE}
    async with tenant_transaction(inventory, [MINE, THEIRS]) as connection:
        assert await tenants_seen(connection) == {MINE, THEIRS}


async def test_another_tenants_row_cannot_be_written(inventory, owner) -> None:
    for statement in (
        "INSERT INTO dealer VALUES ($1, gen_random_uuid(), 'Forged', 'CAD', 'ON')",
        "UPDATE dealer SET tenant_id = $1",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            async with tenant_transaction(inventory, [MINE]) as connection:
                await connection.execute(statement, THEIRS)
    async with tenant_transaction(inventory, [MINE]) as connection:
        assert await connection.execute("UPDATE dealer SET name = 'x' WHERE tenant_id = $1", THEIRS) == "UPDATE 0"
        assert await connection.execute("DELETE FROM dealer WHERE tenant_id = $1", THEIRS) == "DELETE 0"
    assert await owner.fetchval("SELECT name FROM inventory.dealer WHERE tenant_id = $1", THEIRS) == "Midtown"


async def test_interleaved_transactions_over_one_connection_never_mix(inventory) -> None:
    async def look(tenant: UUID) -> bool:
        async with tenant_transaction(inventory, [tenant]) as connection:
            return await tenants_seen(connection) == {tenant}

    assert all(await asyncio.gather(*(look(tenant) for _ in range(200) for tenant in (MINE, THEIRS))))


async def test_a_lookup_reads_the_one_row_its_credential_names(migrated: str) -> None:
    pool = await create_pool("gateway", PostgresSettings(dsn=migrated, pool_max=1))
    try:
        for tenant, key in ((MINE, "mine"), (THEIRS, "theirs")):
            async with tenant_transaction(pool, [tenant]) as connection:
                await connection.execute("INSERT INTO tenant VALUES ($1, 'Group')", tenant)
                await connection.execute(
                    "INSERT INTO api_key (tenant_id, key_id, name, secret_hash) VALUES ($1, $2, 'DMS', '')",
                    tenant,
                    key,
                )
        async with lookup_transaction(pool, "theirs") as connection:
            found = await connection.fetch("SELECT tenant_id, key_id FROM api_key")
            assert [tuple(row) for row in found] == [(THEIRS, "theirs")]
            assert await connection.fetchval("SELECT count(*) FROM tenant") == 0
            assert await connection.execute("UPDATE api_key SET name = 'x'") == "UPDATE 0"
            assert await connection.execute("DELETE FROM api_key") == "DELETE 0"
        async with lookup_transaction(pool, "") as connection:
            assert await connection.fetchval("SELECT count(*) FROM api_key") == 0
        assert await pool.fetchval("SELECT count(*) FROM api_key") == 0
    finally:
        await pool.close()


async def test_a_statement_about_one_tenant_reads_that_one_and_refuses_several(inventory) -> None:
    statement = f"SELECT DISTINCT tenant_id FROM dealer WHERE {ONE_TENANT}"
    async with tenant_transaction(inventory, [MINE]) as connection:
        assert [row["tenant_id"] for row in await connection.fetch(statement)] == [MINE]
    with pytest.raises(asyncpg.InvalidTextRepresentationError):
        async with tenant_transaction(inventory, [MINE, THEIRS]) as connection:
            await connection.fetch(statement)
