"""The connection pool of a service: its own role, its own schema, bounded waits."""

from typing import TYPE_CHECKING, Any

import asyncpg
from pydantic import Field
from pydantic_core import from_json, to_json
from pydantic_settings import BaseSettings, SettingsConfigDict

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
else:  # asyncpg's classes are generic for type checkers only
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection


class PostgresSettings(BaseSettings):
    """Where PostgreSQL is and how long anything may wait for it."""

    model_config = SettingsConfigDict(env_prefix="DOSO_POSTGRES_", extra="ignore")

    dsn: str = Field(description="postgresql://host/database; each service adds its own role")
    password: str | None = Field(default=None, description="of the service's role, where the server asks")
    pool_min: int = 1
    pool_max: int = 6
    command_timeout: float = Field(default=30.0, ge=0.1)
    """Seconds that a statement may take, and its wait for a lock half of that; then the server ends it."""
    connect_timeout: float = 10.0
    silence_timeout: float = 60.0
    """Seconds after which the server lets go of one that froze in mid-transaction, or as the active relay."""


_SILENCE_SECONDS = 5.0
"""How much longer we wait: then it is not the statement that took too long, but the server that says nothing."""


async def create_pool(service: str, settings: PostgresSettings) -> Pool:
    """Open the pool of ``service`` under its own role, with its own schema as search path.

    Raises whatever asyncpg raises when the server cannot be reached within ``connect_timeout`` seconds.
    """
    return await asyncpg.create_pool(
        settings.dsn,
        user=role_of(service),
        password=settings.password,
        min_size=settings.pool_min,
        max_size=settings.pool_max,
        timeout=settings.connect_timeout,
        command_timeout=settings.command_timeout + _SILENCE_SECONDS,
        max_inactive_connection_lifetime=120.0,
        server_settings={
            "search_path": service,
            "application_name": f"doso-{service}",
            "statement_timeout": milliseconds(settings.command_timeout),
            # Shorter, so that who waits for others is not taken for slow.
            "lock_timeout": milliseconds(settings.command_timeout / 2),
            # Else what a frozen process had locked would stay locked, and every replica wait for it.
            "idle_in_transaction_session_timeout": milliseconds(settings.silence_timeout),
            # A plan kept from when a table was empty scans it for ever; batches are worth a fresh plan each.
            "plan_cache_mode": "force_custom_plan",
        },
        init=speak_json,
        reset=_leave_as_is,
    )


def milliseconds(seconds: float) -> str:
    """Write a duration as PostgreSQL's settings want it."""
    return str(round(seconds * 1000))


def role_of(service: str) -> str:
    """Name the database role that a service runs under."""
    return f"doso_{service}"


async def speak_json(connection: Any) -> None:
    """Have a connection write and read ``jsonb`` as values."""
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=as_json, decoder=from_json)


def as_json(value: Any) -> str:
    """Write a value as JSON text.

    Rows for ``json_populate_recordset`` go as text: it reads ``json`` at three quarters of what ``jsonb`` costs.
    """
    return to_json(value).decode()


async def _leave_as_is(_: Any) -> None:
    """Reset nothing on the server when a connection comes back to the pool; a round trip less for everybody.

    A transaction left open is rolled back by the client all the same. Sessions here have no state besides:
    settings and advisory locks are a transaction's own, and who listens does so on a connection of its own.
    """
