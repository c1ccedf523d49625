"""The services' database roles: they own nothing, and cannot step over a fence or out of their schema."""

from collections.abc import Sequence

from doso.doctor.catalogue import Connection
from shared.postgres.pool import role_of

_FLAGS = {
    "rolsuper": "is a superuser",
    "rolbypassrls": "bypasses row-level security",
    "rolcreaterole": "may create roles",
    "rolcreatedb": "may create databases",
    "rolreplication": "may replicate",
}
_RIGHTS = {"SELECT", "INSERT", "UPDATE", "DELETE"}


async def overmighty_roles(connection: Connection, services: Sequence[str]) -> list[str]:
    """Say of each service's role what it could do that would let it see or change more than its tenants' rows."""
    problems = []
    for service in services:
        name = role_of(service)
        role = await connection.fetchrow("SELECT * FROM pg_roles WHERE rolname = $1", name)
        if role is None:
            problems.append(f"the role {name} is missing")
            continue
        problems += [f"{name} {text}" for flag, text in _FLAGS.items() if role[flag]]
        problems += await _owned(connection, name)
        problems += await _inherited(connection, name)
        problems += await _granted(connection, service, name)
    return problems


async def _owned(connection: Connection, name: str) -> list[str]:
    rows = await connection.fetch(
        """
        SELECT kind || ' ' || name AS what FROM (
            SELECT 'schema' AS kind, nspname::text AS name, nspowner AS owner FROM pg_namespace
            UNION ALL SELECT 'table', oid::regclass::text, relowner FROM pg_class
            UNION ALL SELECT 'function', oid::regproc::text, proowner FROM pg_proc
            UNION ALL SELECT 'database', datname::text, datdba FROM pg_database
        ) AS o WHERE owner = $1::regrole
        """,
        name,
    )
    return [f"{name} owns {row['what']}" for row in rows]


async def _inherited(connection: Connection, name: str) -> list[str]:
    rows = await connection.fetch(
        "SELECT roleid::regrole::text AS of FROM pg_auth_members WHERE member = $1::regrole", name
    )
    return [f"{name} is a member of {row['of']}" for row in rows]


async def _granted(connection: Connection, service: str, name: str) -> list[str]:
    tables = await connection.fetch(
        """
        SELECT n.nspname AS schema, c.relname AS name, array_agg(DISTINCT g.privilege_type) AS rights
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) AS g
        WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
          AND g.grantee IN ($1::regrole, 0) GROUP BY 1, 2
        """,
        name,
    )
    problems = []
    for row in tables:
        if extra := sorted(set(row["rights"]) - _RIGHTS):
            problems.append(f"{name} may {', '.join(extra)} on {row['schema']}.{row['name']}")
        if row["schema"] != service:
            problems.append(f"{name} reaches {row['schema']}.{row['name']}, which is another's")
    creating = await connection.fetch(
        "SELECT nspname FROM pg_namespace WHERE has_schema_privilege($1, oid, 'CREATE')",
        name,
    )
    return problems + [f"{name} may create in the schema {row['nspname']}" for row in creating]
