"""The credentials of machines."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from shared.postgres.pool import Connection

DEFAULT_SCOPES = ("events:write", "imports:write")
"""Of a key that was made without naming any."""


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
    scopes: list[str] = field(default_factory=lambda: list(DEFAULT_SCOPES))

    @classmethod
    def fresh(
        cls,
        tenant_id: UUID,
        key_id: str,
        name: str,
        secret_hash: str,
        dealer_ids: list[UUID] | None = None,
        expires_at: datetime | None = None,
        scopes: list[str] | None = None,
    ) -> "ApiKey":
        """Make a key that was never used."""
        now = datetime.now(UTC)
        granted = list(DEFAULT_SCOPES) if scopes is None else scopes
        return cls(tenant_id, key_id, name, secret_hash, dealer_ids, now, expires_at, scopes=granted)


async def add_api_key(connection: Connection, key: ApiKey) -> None:
    """Add an API key."""
    await connection.execute(
        "INSERT INTO api_key (tenant_id, key_id, name, secret_hash, dealer_ids, expires_at, scopes)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        key.tenant_id,
        key.key_id,
        key.name,
        key.secret_hash,
        key.dealer_ids,
        key.expires_at,
        key.scopes,
    )


async def api_key(connection: Connection, key_id: str) -> ApiKey | None:
    """Find an API key; needs a lookup transaction for its id."""
    row = await connection.fetchrow("SELECT * FROM api_key WHERE key_id = $1", key_id)
    return ApiKey(**row) if row else None


async def api_key_of_tenant(connection: Connection, key_id: str) -> ApiKey | None:
    """Find an API key of the transaction's tenant that is not revoked, and keep others from changing it."""
    row = await connection.fetchrow(
        "SELECT * FROM api_key WHERE key_id = $1 AND revoked_at IS NULL FOR UPDATE", key_id
    )
    return ApiKey(**row) if row else None


async def revoke_api_key(connection: Connection, key_id: str) -> None:
    """End an API key; it stays listed."""
    await connection.execute("UPDATE api_key SET revoked_at = now() WHERE key_id = $1", key_id)


async def expire_api_key(connection: Connection, key_id: str, at: datetime) -> None:
    """Have an API key end at a time, unless it ends before."""
    await connection.execute("UPDATE api_key SET expires_at = least(expires_at, $2) WHERE key_id = $1", key_id, at)


async def touch_api_key(connection: Connection, key_id: str) -> None:
    """Note that an API key was used now; at most once a minute, since a key may be used all the time."""
    await connection.execute(
        "UPDATE api_key SET last_used_at = now() WHERE key_id = $1"
        " AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')",
        key_id,
    )
