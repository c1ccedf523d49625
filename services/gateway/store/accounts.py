"""Tenants, dealers, users, API keys, refresh tokens."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.gateway.store.audit import write_audit
from shared.postgres.pool import Connection

__all__ = ["write_audit"]  # kept here for those who write accounts


@dataclass(frozen=True, slots=True)
class Dealer:
    """A rooftop."""

    tenant_id: UUID
    dealer_id: UUID
    name: str
    currency: str
    region: str
    timezone: str


@dataclass(frozen=True, slots=True)
class User:
    """A person who can sign in; ``dealer_ids`` None means every rooftop of the tenant."""

    tenant_id: UUID
    user_id: UUID
    username: str
    password_hash: str
    role: str
    dealer_ids: list[UUID] | None
    active: bool
    platform: bool


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A machine's credential, without its secret."""

    tenant_id: UUID
    key_id: str
    name: str
    secret_hash: str
    dealer_ids: list[UUID] | None
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    @classmethod
    def fresh(
        cls,
        tenant_id: UUID,
        key_id: str,
        name: str,
        secret_hash: str,
        dealer_ids: list[UUID] | None = None,
        expires_at: datetime | None = None,
    ) -> "ApiKey":
        """Make a key that was never used."""
        return cls(tenant_id, key_id, name, secret_hash, dealer_ids, datetime.now(UTC), expires_at)


_USER = "tenant_id, user_id, username, password_hash, role, dealer_ids, active, platform"


async def add_tenant(connection: Connection, tenant_id: UUID, name: str) -> None:
    """Add a tenant."""
    await connection.execute("INSERT INTO tenant (tenant_id, name) VALUES ($1, $2)", tenant_id, name)


async def tenants(connection: Connection) -> list[dict[str, Any]]:
    """List the transaction's tenants."""
    rows = await connection.fetch("SELECT tenant_id AS id, name, created_at FROM tenant ORDER BY name")
    return [dict(row) for row in rows]


async def add_dealer(connection: Connection, dealer: Dealer) -> None:
    """Add a rooftop; raises ``asyncpg.UniqueViolationError`` when the name is taken."""
    await connection.execute(
        "INSERT INTO dealer (tenant_id, dealer_id, name, currency, region, timezone) VALUES ($1, $2, $3, $4, $5, $6)",
        dealer.tenant_id,
        dealer.dealer_id,
        dealer.name,
        dealer.currency,
        dealer.region,
        dealer.timezone,
    )


async def dealers(connection: Connection) -> list[Dealer]:
    """List the rooftops of the transaction's tenant."""
    rows = await connection.fetch(
        "SELECT tenant_id, dealer_id, name, currency, region, timezone FROM dealer ORDER BY name"
    )
    return [Dealer(**row) for row in rows]


async def add_user(connection: Connection, user: User) -> None:
    """Add a user; raises ``asyncpg.UniqueViolationError`` when the name is taken."""
    await connection.execute(
        f"INSERT INTO app_user ({_USER}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",  # noqa: S608  # constant
        user.tenant_id,
        user.user_id,
        user.username,
        user.password_hash,
        user.role,
        user.dealer_ids,
        user.active,
        user.platform,
    )


async def users(connection: Connection) -> list[User]:
    """List the users of the transaction's tenant."""
    rows = await connection.fetch(f"SELECT {_USER} FROM app_user ORDER BY username")  # noqa: S608  # constant
    return [User(**row) for row in rows]


async def user_by_name(connection: Connection, username: str) -> User | None:
    """Find who signs in; needs a lookup transaction for that name."""
    row = await connection.fetchrow(f"SELECT {_USER} FROM app_user WHERE username = $1", username)  # noqa: S608
    return User(**row) if row else None


async def user_by_id(connection: Connection, user_id: UUID) -> User | None:
    """Find a user of the transaction's tenant."""
    row = await connection.fetchrow(f"SELECT {_USER} FROM app_user WHERE user_id = $1", user_id)  # noqa: S608
    return User(**row) if row else None


async def add_api_key(connection: Connection, key: ApiKey) -> None:
    """Add an API key."""
    await connection.execute(
        "INSERT INTO api_key (tenant_id, key_id, name, secret_hash, dealer_ids, expires_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        key.tenant_id,
        key.key_id,
        key.name,
        key.secret_hash,
        key.dealer_ids,
        key.expires_at,
    )


async def api_keys(connection: Connection) -> list[ApiKey]:
    """List the API keys of the transaction's tenant."""
    return [ApiKey(**row) for row in await connection.fetch("SELECT * FROM api_key ORDER BY created_at")]


async def api_key(connection: Connection, key_id: str) -> ApiKey | None:
    """Find an API key; needs a lookup transaction for its id."""
    row = await connection.fetchrow("SELECT * FROM api_key WHERE key_id = $1", key_id)
    return ApiKey(**row) if row else None


async def touch_api_key(connection: Connection, key_id: str) -> None:
    """Note that an API key was used now."""
    await connection.execute("UPDATE api_key SET last_used_at = now() WHERE key_id = $1", key_id)


async def add_refresh_token(
    connection: Connection, user: User, token_hash: str, family: UUID, expires_at: datetime
) -> None:
    """Store the hash of a refresh token."""
    await connection.execute(
        "INSERT INTO refresh_token (tenant_id, user_id, token_hash, family, expires_at) VALUES ($1, $2, $3, $4, $5)",
        user.tenant_id,
        user.user_id,
        token_hash,
        family,
        expires_at,
    )


async def refresh_token_owner(connection: Connection, token_hash: str) -> tuple[UUID, UUID, UUID] | None:
    """Find tenant, user and family of a refresh token; needs a lookup transaction for its hash."""
    row = await connection.fetchrow(
        "SELECT tenant_id, user_id, family FROM refresh_token WHERE token_hash = $1", token_hash
    )
    return (row["tenant_id"], row["user_id"], row["family"]) if row else None


async def use_refresh_token(connection: Connection, token_hash: str) -> bool:
    """Use a refresh token up; False when it was used before or has expired."""
    used = await connection.fetchval(
        "UPDATE refresh_token SET used_at = now() WHERE token_hash = $1 AND used_at IS NULL"
        " AND expires_at > now() RETURNING true",
        token_hash,
    )
    return bool(used)


async def revoke_family(connection: Connection, family: UUID) -> None:
    """End every refresh token that descends from one sign-in."""
    await connection.execute("DELETE FROM refresh_token WHERE family = $1", family)
