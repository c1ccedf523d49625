"""The database: who may sign in and what they may do, the tenants' fences, the migrations."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from deploy.local.pipeline import SERVICES
from doso.doctor import catalogue
from doso.doctor.deployment import Deployment, hosts_of, is_local
from doso.doctor.findings import Finding, judged, ok, unsafe, warn
from doso.doctor.roles import overmighty_roles
from shared.postgres.pool import role_of

ROLES, TENANCY, MIGRATIONS = "roles", "tenancy", "migrations"
TRAILS = ("gateway.audit",)
_SERVICES_FOLDER = Path(__file__).parents[2] / "services"
_WRONG_PASSWORD = "a password that doso doctor made up"  # noqa: S105
AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


@asynccontextmanager
async def connected(deployment: Deployment) -> AsyncIterator[catalogue.Connection]:
    """Connect as the role that the DSN names, or as the gateway's; raises what asyncpg raises."""
    named = "@" in (deployment.postgres_dsn or "")
    connection = await asyncpg.connect(
        deployment.postgres_dsn,
        user=None if named else role_of("gateway"),
        password=None if named else deployment.gateway_password,
        timeout=10,
    )
    try:
        yield connection
    finally:
        await connection.close()


async def check_roles(deployment: Deployment) -> list[Finding]:
    """Examine what the services' roles may do, and whether they have to prove who they are."""
    async with connected(deployment) as connection:
        problems = await overmighty_roles(connection, SERVICES)
    advice = "run `doso migrate` as the owner, and take back by hand what it did not give"
    found = judged(ROLES, problems, well=f"{len(SERVICES)} roles: own nothing, bypass nothing", advice=advice)
    return [*found, await _asked_for_a_password(deployment)]


async def check_tenancy(deployment: Deployment) -> list[Finding]:
    """Examine fences, keys, views and functions of every service's schema, and the audit trail's own protection."""
    async with connected(deployment) as connection:
        problems = [
            problem
            for rule in (
                catalogue.unfenced_tables,
                catalogue.tables_of_nobody,
                catalogue.other_policies,
                catalogue.keys_across_tenants,
                catalogue.ways_around,
            )
            for problem in await rule(connection, SERVICES)
        ]
        problems += await catalogue.changeable_trails(connection, TRAILS)
        fenced = await connection.fetchval(
            "SELECT count(*) FROM pg_policies WHERE policyname = 'tenant_isolation' AND schemaname = ANY($1)",
            list(SERVICES),
        )
    if not fenced and not problems:
        problems = ["there is no fenced table: the schemas are not here"]
    well = f"{fenced} tables keep tenants apart, and the audit trail only grows"
    return judged(TENANCY, problems, well=well, advice="run `doso migrate`; see docs/security.md for the rules")


async def check_migrations(deployment: Deployment) -> list[Finding]:
    """Compare each schema's version with the newest this program knows."""
    async with connected(deployment) as connection:
        found = []
        for service in SERVICES:
            try:
                versions = await connection.fetch(f"SELECT version_num FROM {service}.alembic_version")  # noqa: S608
            except asyncpg.InsufficientPrivilegeError:
                text = "this role may not read which migrations ran"
                return [warn(MIGRATIONS, text, "give the owner's DSN, as `doso migrate` gets it, with --dsn")]
            except asyncpg.UndefinedTableError:
                found.append(unsafe(MIGRATIONS, f"{service} was never migrated", "run `doso migrate`"))
                continue
            present, newest = {row["version_num"] for row in versions}, newest_version(service)
            if present != {newest}:
                text = f"{service} is at {', '.join(sorted(present)) or 'nothing'}, not at {newest}"
                found.append(unsafe(MIGRATIONS, text, "run `doso migrate` of the version that is deployed"))
    return found or [ok(MIGRATIONS, f"{len(SERVICES)} schemas are at their newest version")]


def newest_version(service: str) -> str:
    """Give the newest revision of a service's migrations."""
    newest = max((_SERVICES_FOLDER / service / "migrations").glob("[0-9]*.py"))
    for line in newest.read_text(encoding="utf-8").splitlines():
        if line.startswith("revision = "):
            return line.split('"')[1]
    message = f"{newest} names no revision"
    raise ValueError(message)


async def _asked_for_a_password(deployment: Deployment) -> Finding:
    dsn, role = deployment.postgres_dsn or "", role_of("gateway")
    try:
        connection = await asyncpg.connect(dsn, user=role, password=_WRONG_PASSWORD, timeout=10)
    except asyncpg.InvalidAuthorizationSpecificationError:  # a wrong password is one of these
        return ok(ROLES, f"{role} is let in by its own password only")
    await connection.close()
    if all(is_local(host) for host in hosts_of(dsn)):
        return ok(ROLES, "roles are trusted without a password, on this machine only")
    return unsafe(ROLES, f"{role} is let in over the network with any password", "set scram-sha-256 in pg_hba.conf")
