"""Tenancy in PostgreSQL: a transaction sees only the tenants it was opened for.

Row-level security reads the setting ``app.tenants`` (a uuid array literal). It is set inside the transaction
only, so nothing leaks through the pool. Outside one, a service's role sees no tenant's row, and no error.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from uuid import UUID

from shared.postgres.pool import Connection, Pool

ONE_TENANT = "tenant_id = (SELECT trim(BOTH '{}' FROM current_setting('app.tenants'))::uuid)"
"""A condition for statements that read a large share of a group's rows, in a transaction of one tenant.

The fence alone says as much, but the planner takes any array that it cannot see for ten elements: where there
are ten groups it would read all of everybody's rows. A transaction of several tenants gets an error from it.
"""


@asynccontextmanager
async def tenant_transaction(pool: Pool, tenants: Iterable[UUID]) -> AsyncIterator[Connection]:
    """Open a transaction in which the rows of ``tenants``, and no others, can be read and written."""
    literal = "{" + ",".join(sorted({str(tenant) for tenant in tenants})) + "}"
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('app.tenants', $1, true)", literal)
        yield connection


def tenant_isolation(*tables: str) -> str:
    """Give the SQL that fences tables with a ``tenant_id`` column, for their owner too."""
    # The scalar subquery makes the planner read the setting once a statement instead of once a row.
    mine = "tenant_id = ANY ((SELECT NULLIF(current_setting('app.tenants', true), '')::uuid[])::uuid[])"
    return "\n".join(
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;\n"
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;\n"
        f"CREATE POLICY tenant_isolation ON {table} USING ({mine}) WITH CHECK ({mine});"
        for table in tables
    )


@asynccontextmanager
async def lookup_transaction(pool: Pool, credential: str) -> AsyncIterator[Connection]:
    """Open a transaction that may read, besides nothing, the one row which ``credential`` names.

    For signing in: whose tenant it is only becomes known by finding the row.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('app.lookup', $1, true)", credential)
        yield connection


def lookup_exception(table: str, column: str) -> str:
    """Give the SQL that lets a lookup transaction read the row whose ``column`` it names, and no other."""
    return (
        f"CREATE POLICY credential_lookup ON {table} FOR SELECT"
        f" USING ({column} = NULLIF(current_setting('app.lookup', true), ''));"
    )
