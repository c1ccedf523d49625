"""Migrations: run by anyone, any number of times, and each service gets its own schema and no other."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from typer.testing import CliRunner

import shared.messaging.schema
from deploy.local.pipeline import SERVICES
from doso.main import app
from shared.migration import UnknownSchemaError, migrate
from shared.postgres import PostgresSettings, create_pool

ROOT = Path(__file__).parents[2]
MIGRATE = """
import asyncio, sys
from shared.migration import migrate
asyncio.run(migrate(sys.argv[1], sys.argv[2]))
"""
CATALOGUE = """
SELECT n.nspname, c.relname, c.relkind::text, c.relacl::text, c.relrowsecurity, a.columns
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (SELECT array_agg(attname || ' ' || atttypid::regtype ORDER BY attnum) AS columns
                   FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0) a ON true
WHERE n.nspname = ANY($1) ORDER BY 1, 2
"""


@pytest.fixture
async def empty_database(postgres_server):
    """Give the owner's DSN of an empty database."""
    name = f"test_{uuid4().hex[:12]}"
    connection = await asyncpg.connect(postgres_server.dsn())
    await connection.execute(f"CREATE DATABASE {name}")
    yield postgres_server.dsn(database=name)
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


async def catalogue(dsn: str) -> list[tuple]:
    connection = await asyncpg.connect(dsn)
    try:
        return [tuple(row) for row in await connection.fetch(CATALOGUE, list(SERVICES))]
    finally:
        await connection.close()


async def test_migrating_again_changes_nothing(migrated: str) -> None:
    before = await catalogue(migrated)
    assert {row[0] for row in before} == set(SERVICES)
    for service in SERVICES:
        await migrate(service, migrated)
    assert await catalogue(migrated) == before


async def test_migrating_from_several_processes_at_once_does_not_clash(empty_database: str, migrated: str) -> None:
    jobs = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", MIGRATE, service, empty_database, cwd=ROOT, stderr=subprocess.PIPE
        )
        for service in ("inventory", "inventory", "market", "market")
    ]
    ends = await asyncio.gather(*(job.communicate() for job in jobs))
    assert [job.returncode for job in jobs] == [0] * 4, b"\n".join(error for _, error in ends).decode()
    wanted = [row for row in await catalogue(migrated) if row[0] in {"inventory", "market"}]
    assert await catalogue(empty_database) == wanted


async def test_migrating_several_services_at_once_in_one_process_does_not_clash(empty_database: str) -> None:
    await asyncio.gather(*(migrate(service, empty_database) for service in SERVICES))
    assert {row[0] for row in await catalogue(empty_database)} == set(SERVICES)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ('COMMENT ON TABLE market.alembic_version IS \'{"market_0001": "another"}\'', "another build of DOSO"),
        ("COMMENT ON TABLE market.alembic_version IS NULL", "another build of DOSO"),
        ("UPDATE market.alembic_version SET version_num = 'market_9999'", "market_9999, which this version"),
    ],
)
async def test_a_schema_that_other_migrations_made_is_refused(empty_database: str, statement: str, said: str) -> None:
    await migrate("market", empty_database)
    connection = await asyncpg.connect(empty_database)
    await connection.execute(statement)
    await connection.close()
    with pytest.raises(UnknownSchemaError, match=said):
        await migrate("market", empty_database)
    await migrate("inventory", empty_database)
    told = await asyncio.to_thread(CliRunner().invoke, app, ["migrate", "--dsn", empty_database])
    assert told.exit_code == 1
    assert said in " ".join(told.output.split())


async def test_what_a_schema_is_made_of_is_noted_with_it_and_comments_are_no_part_of_it(
    empty_database: str, monkeypatch
) -> None:
    """Whatever ends the command after its transaction, the schema can be migrated again."""
    migrating = sys.modules["shared.migration.migrate"]  # the package's own name for it is the function
    upgrade = migrating._upgrade

    def then_killed(service: str, dsn: str) -> None:
        upgrade(service, dsn)
        raise ConnectionError("killed")

    monkeypatch.setattr(migrating, "_upgrade", then_killed)
    with pytest.raises(ConnectionError):
        await migrate("market", empty_database)
    monkeypatch.undo()
    reworded = shared.messaging.schema.MESSAGING_TABLES_V1.replace("--", "-- Reworded:")
    assert reworded != shared.messaging.schema.MESSAGING_TABLES_V1
    monkeypatch.setattr("shared.messaging.schema.MESSAGING_TABLES_V1", reworded)
    await migrate("market", empty_database)


async def test_a_failed_migration_leaves_the_schema_as_it_was(empty_database: str) -> None:
    connection = await asyncpg.connect(empty_database)
    await connection.execute("CREATE SCHEMA inventory; CREATE TABLE inventory.sale (in_the_way int)")
    before = await catalogue(empty_database)
    with pytest.raises(Exception, match='relation "sale" already exists'):
        await migrate("inventory", empty_database)
    assert await catalogue(empty_database) == before
    await connection.execute("DROP TABLE inventory.sale")
    await connection.close()
    await migrate("inventory", empty_database)
    assert len(await catalogue(empty_database)) > len(before)


async def test_a_password_with_quotes_is_set_as_it_is(empty_database: str) -> None:
    await migrate("inventory", empty_database, role_password="it's \\ odd")
    connection = await asyncpg.connect(empty_database)
    stored = await connection.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = 'doso_inventory'")
    await connection.execute("ALTER ROLE doso_inventory PASSWORD NULL")
    await connection.close()
    assert stored.startswith("SCRAM-SHA-256$")


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_reads_and_writes_its_own_schema_and_no_other(migrated: str, service: str) -> None:
    pool = await create_pool(service, PostgresSettings(dsn=migrated))
    try:
        assert await pool.fetchval("SELECT current_schema()") == service
        await pool.execute("INSERT INTO inbox (event_id, topic) VALUES (gen_random_uuid(), 'x')")
        for other in set(SERVICES) - {service}:
            for statement in (f"SELECT FROM {other}.outbox", f"DELETE FROM {other}.inbox"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError, match=f"schema {other}"):
                    await pool.execute(statement)
    finally:
        await pool.close()


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE inbox",
        "DROP TABLE inbox",
        "ALTER TABLE inbox ADD extra int",
        "CREATE TABLE mine (n int)",
        "SELECT FROM alembic_version",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "SET ROLE postgres",
    ],
)
async def test_a_service_cannot_change_what_the_migrations_made(migrated: str, statement: str) -> None:
    pool = await create_pool("inventory", PostgresSettings(dsn=migrated))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement)
    finally:
        await pool.close()
