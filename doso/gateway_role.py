"""Commands that act as the gateway: its own database role, held to the same rules as the service."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from doso.secrets import password_variable

if TYPE_CHECKING:
    from shared.messaging import UnitOfWork


@asynccontextmanager
async def gateway_work(dsn: str) -> AsyncIterator["UnitOfWork"]:
    """Open the gateway's unit of work on a database; raises what asyncpg raises where it does not let us in."""
    from shared.messaging import UnitOfWork
    from shared.postgres import PostgresSettings, create_pool

    pool = await create_pool("gateway", PostgresSettings(dsn=dsn, password=password_of_the_role(os.environ)))
    try:
        yield UnitOfWork(pool, "gateway")
    finally:
        await pool.close()


def password_of_the_role(environment: Mapping[str, str]) -> str | None:
    """Give the password as the gateway has it or, where `doso migrate` runs, as that has it; None without either."""
    return environment.get("DOSO_POSTGRES_PASSWORD") or environment.get(password_variable("gateway")) or None
