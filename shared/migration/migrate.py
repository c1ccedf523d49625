"""Migrations: each service owns a schema, a role and its Alembic versions; an owner role runs them."""

import asyncio
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.operations import Operations
from alembic.script import ScriptDirectory

from shared.migration.digests import as_literal, digests, refuse_unknown
from shared.postgres.append_only import withheld
from shared.postgres.pool import role_of

_HERE = Path(__file__).parent
_SERVICES = _HERE.parent.parent / "services"


async def migrate(service: str, owner_dsn: str, *, role_password: str | None = None) -> None:
    """Bring a service's schema to its newest version, creating the schema and its role where missing.

    ``owner_dsn`` names a role that may create schemas and roles. Safe to run from several places at once.
    Raises ``UnknownSchemaError`` where another build's migrations made it, ``asyncpg.PostgresError`` or Alembic's
    errors; a failed migration leaves the schema as it was.
    """
    connection = await asyncpg.connect(owner_dsn, timeout=10)
    try:
        # Concurrent migration jobs wait for each other here instead of racing on CREATE ROLE.
        await connection.execute("SELECT pg_advisory_lock(hashtext('doso-migrate'))")
        await refuse_unknown(connection, service, _config(service))
        await _create_schema_and_role(connection, service, role_password)
        await asyncio.to_thread(_upgrade, service, owner_dsn)
        await _grant(connection, service)
    finally:
        await connection.close()


def run_script(op: Operations, script: str) -> None:
    """Run a migration's statements one by one; a line that ends with ``;`` outside ``$$`` ends a statement."""
    statement: list[str] = []
    quoted = False
    for line in script.strip().splitlines():
        statement.append(line)
        quoted ^= line.count("$$") % 2 == 1
        if line.rstrip().endswith(";") and not quoted:
            op.execute("\n".join(statement).replace(":", r"\:"))
            statement = []
    if "".join(statement).strip():
        message = f"the migration's last statement does not end with ';': {statement[-1]!r}"
        raise ValueError(message)


def known_revisions(service: str) -> set[str]:
    """Give the migrations that this version has for a service."""
    return {script.revision for script in ScriptDirectory.from_config(_config(service)).walk_revisions()}


def statement_digests(service: str) -> dict[str, str]:
    """Give the digest of the statements of each of a service's migrations, by its name."""
    return digests(_config(service), "head")


async def create_role(connection: "asyncpg.Connection[asyncpg.Record]", service: str) -> None:
    """Create the role that a service runs under, where it is missing."""
    role = role_of(service)
    if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
        await connection.execute(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE")


async def _create_schema_and_role(
    connection: "asyncpg.Connection[asyncpg.Record]", service: str, password: str | None
) -> None:
    role = role_of(service)
    await create_role(connection, service)
    if password is not None:
        quoted = await connection.fetchval("SELECT quote_literal($1)", password)
        await connection.execute(f"ALTER ROLE {role} PASSWORD {quoted}")
    await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {service}")


async def _grant(connection: "asyncpg.Connection[asyncpg.Record]", service: str) -> None:
    role = role_of(service)
    await connection.execute(
        f"GRANT USAGE ON SCHEMA {service} TO {role};"
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {service} TO {role};"
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {service} TO {role};"
        f"REVOKE ALL ON {service}.alembic_version FROM {role};" + withheld(service, role)
    )


def _config(service: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE / "alembic"))
    config.set_main_option("version_locations", str(_SERVICES / service / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(service: str, owner_dsn: str) -> None:
    config = _config(service)
    config.attributes["dsn"] = owner_dsn
    config.attributes["schema"] = service
    config.attributes["made_of"] = as_literal(config)
    command.upgrade(config, "head")
