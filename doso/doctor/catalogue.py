"""What PostgreSQL's own catalogue says of tenancy: fences, keys, views, functions, roles.

Shared by ``doso doctor`` and the tests, so that a deployment is held to what the tests prove.
"""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg

from doso.doctor.exceptions import DEFINERS, KEYS_ACROSS_TENANTS, LOOKUPS, TABLES_OF_IDS, TABLES_OF_NO_TENANT
from shared.postgres.append_only import TRIGGER

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_TENANT_TABLES = """
    SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relrowsecurity, c.relforcerowsecurity, a.attnum
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p')
"""


async def unfenced_tables(connection: Connection, schemas: Sequence[str]) -> list[str]:
    """Name tables with a tenant whose rows are not kept apart for reading and writing, for their owner too."""
    rows = await connection.fetch(
        f"""
        SELECT t.*, EXISTS (
            SELECT FROM pg_policy p WHERE p.polrelid = t.oid AND p.polname = 'tenant_isolation' AND p.polcmd = '*'
              AND p.polpermissive AND p.polroles = '{{0}}'
              AND pg_get_expr(p.polqual, t.oid) LIKE '(tenant_id = ANY (%app.tenants%'
              AND pg_get_expr(p.polqual, t.oid) = pg_get_expr(p.polwithcheck, t.oid)) AS policy,
            (SELECT attnotnull FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum = t.attnum) AS filled
        FROM ({_TENANT_TABLES}) t ORDER BY 2, 3
        """,  # noqa: S608  # constants
        list(schemas),
    )
    problems = []
    for row in rows:
        if row["name"] in TABLES_OF_IDS:
            continue
        lacks = [
            text
            for missing, text in (
                (not row["relrowsecurity"], "row-level security is not enabled"),
                (not row["relforcerowsecurity"], "row-level security is not forced for the owner"),
                (not row["policy"], "the policy tenant_isolation, with USING and WITH CHECK alike, is missing"),
                (not row["filled"], "tenant_id may be null"),
            )
            if missing
        ]
        if lacks:
            problems.append(f"{row['schema']}.{row['name']}: {'; '.join(lacks)}")
    return problems


async def tables_of_nobody(connection: Connection, schemas: Sequence[str]) -> list[str]:
    """Name tables without a tenant that are not expected to have none, and open ones with more than ids."""
    rows = await connection.fetch(
        """
        SELECT n.nspname AS schema, c.relname AS name, array_agg(a.attname::text) AS columns
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p') GROUP BY 1, 2 ORDER BY 1, 2
        """,
        list(schemas),
    )
    problems = []
    for row in rows:
        name, columns = f"{row['schema']}.{row['name']}", set(row["columns"])
        if row["name"] in TABLES_OF_IDS:
            if extra := sorted(columns - TABLES_OF_IDS[row["name"]][1]):
                problems.append(f"{name} is open to workers of every tenant and holds more than ids: {extra}")
        elif "tenant_id" not in columns and row["name"] not in TABLES_OF_NO_TENANT:
            problems.append(f"{name} has no tenant_id and is not known to need none")
    return problems


async def other_policies(connection: Connection, schemas: Sequence[str]) -> list[str]:
    """Name policies that let anything through beside a tenant's own rows and the known lookups."""
    rows = await connection.fetch(
        "SELECT schemaname || '.' || tablename || ' ' || policyname AS name, cmd, permissive, qual FROM pg_policies"
        " WHERE schemaname = ANY($1) AND policyname <> 'tenant_isolation' AND permissive = 'PERMISSIVE' ORDER BY 1",
        list(schemas),
    )
    return [
        f"{row['name']}: FOR {row['cmd']} USING {row['qual']}"
        for row in rows
        if row["name"] not in LOOKUPS or row["cmd"] != "SELECT" or "app.lookup" not in (row["qual"] or "")
    ]


async def keys_across_tenants(connection: Connection, schemas: Sequence[str]) -> list[str]:
    """Name unique keys and foreign keys that are not each tenant's own."""
    unique = await connection.fetch(
        f"""
        SELECT t.schema || '.' || t.name || ' (' || (
                   SELECT string_agg(a.attname, ', ' ORDER BY k.n)
                   FROM unnest(i.indkey::int[]) WITH ORDINALITY k(c, n)
                   JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.c) || ')' AS name
        FROM ({_TENANT_TABLES}) t JOIN pg_index i ON i.indrelid = t.oid
        WHERE i.indisunique AND NOT t.attnum = ANY(i.indkey::int[]) ORDER BY 1
        """,  # noqa: S608  # constants
        list(schemas),
    )
    foreign = await connection.fetch(
        f"""
        SELECT t.schema || '.' || t.name || ': ' || f.conname || ' ' || pg_get_constraintdef(f.oid) AS name
        FROM ({_TENANT_TABLES}) t JOIN pg_constraint f ON f.conrelid = t.oid AND f.contype = 'f'
        LEFT JOIN pg_attribute r ON r.attrelid = f.confrelid AND r.attname = 'tenant_id'
        WHERE NOT EXISTS (SELECT FROM unnest(f.conkey, f.confkey) AS k(mine, theirs)
                          WHERE k.mine = t.attnum AND k.theirs = r.attnum) ORDER BY 1
        """,  # noqa: S608  # constants
        list(schemas),
    )
    return [
        *(f"unique across tenants: {row['name']}" for row in unique if row["name"] not in KEYS_ACROSS_TENANTS),
        *(f"foreign key without the tenant: {row['name']}" for row in foreign),
    ]


async def ways_around(connection: Connection, schemas: Sequence[str]) -> list[str]:
    """Name views and functions that see what their owner sees instead of what their caller may."""
    views = await connection.fetch(
        """
        SELECT n.nspname || '.' || c.relname AS name, c.relkind::text AS kind FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = ANY($1) AND (c.relkind = 'm' OR (c.relkind = 'v'
              AND NOT coalesce(c.reloptions && $2::text[], false)))
        """,
        list(schemas),
        [f"security_invoker={value}" for value in ("true", "on", "1")],
    )
    functions = await connection.fetch(
        "SELECT p.oid::regprocedure::text AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname = ANY($1) AND p.prosecdef",
        list(schemas),
    )
    return [
        *(
            f"{row['name']} is a materialised view: row-level security does not reach it"
            if row["kind"] == "m"
            else f"{row['name']} is a view without security_invoker"
            for row in views
        ),
        *(f"{row['name']} is SECURITY DEFINER" for row in functions if row["name"] not in DEFINERS),
    ]


async def changeable_trails(connection: Connection, trails: Sequence[str]) -> list[str]:
    """Name append-only tables (``schema.table``) that are not: somebody may change them, or the trigger is off."""
    problems = []
    for name in trails:
        table = await connection.fetchval("SELECT to_regclass($1)::oid", name)
        if table is None:
            problems.append(f"{name} is missing")
            continue
        enabled = await connection.fetchval(
            "SELECT tgenabled IN ('O', 'A') FROM pg_trigger WHERE tgrelid = $1 AND tgname = $2", table, TRIGGER
        )
        if not enabled:
            problems.append(f"{name}: the trigger that refuses changes is missing or disabled")
        granted = await connection.fetch(
            """
            SELECT coalesce(r.rolname, 'PUBLIC') AS role, string_agg(g.privilege_type, ', ' ORDER BY 1) AS rights
            FROM pg_class c, aclexplode(c.relacl) AS g LEFT JOIN pg_roles r ON r.oid = g.grantee
            WHERE c.oid = $1 AND g.grantee <> c.relowner AND g.privilege_type NOT IN ('SELECT', 'INSERT') GROUP BY 1
            """,
            table,
        )
        problems += [f"{name}: {row['role']} may {row['rights']}" for row in granted]
    return problems
