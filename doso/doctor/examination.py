"""Every check, and running them: one that cannot be done is a finding too."""

import asyncio
from collections.abc import Awaitable, Callable, Collection

import httpx

from doso.doctor import clocks, database, files, flags, secrets, sources, topics, transport
from doso.doctor.deployment import Deployment
from doso.doctor.findings import Finding, unsafe

Check = Callable[[Deployment], Awaitable[list[Finding]]]
CHECKS: dict[str, Check] = {
    secrets.NAME: secrets.check,
    transport.NAME: transport.check,
    database.ROLES: database.check_roles,
    database.TENANCY: database.check_tenancy,
    database.MIGRATIONS: database.check_migrations,
    sources.NAME: sources.check,
    topics.NAME: topics.check,
    clocks.NAME: clocks.check,
    flags.NAME: flags.check,
    files.NAME: files.check,
    files.DISK: files.check_disk,
}
_NEED_POSTGRES = {database.ROLES, database.TENANCY, database.MIGRATIONS, sources.NAME}
_AWAY = (*database.AWAY, *topics.AWAY, httpx.HTTPError, ValueError)
_PATIENCE_SECONDS = 60.0


async def examine(
    deployment: Deployment, names: Collection[str], on_check: Callable[[str], None] = lambda _: None
) -> list[Finding]:
    """Run the checks of these names, one after the other."""
    found: list[Finding] = []
    for name, check in CHECKS.items():
        if name not in names:
            continue
        on_check(name)
        if name in _NEED_POSTGRES and not deployment.postgres_dsn:
            found.append(unsafe(name, "no database is named", "set DOSO_POSTGRES_DSN"))
            continue
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                found += await check(deployment)
        except _AWAY as error:
            text = f"could not be examined: {type(error).__name__}: {error}"
            found.append(unsafe(name, text, "is the server up, the address right, and the role let in?"))
    return found
