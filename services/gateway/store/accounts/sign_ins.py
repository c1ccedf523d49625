"""Sign-ins and the refresh tokens that descend from each.

A sign-in is the family: a token used twice ends it. Its row is locked before a token of it is used, so
that of two uses at the same time the second one sees the first, and no token outlives its family.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class SignIn:
    """That somebody signed in somewhere, and until when at most it stands, however often it is refreshed."""

    tenant_id: UUID
    sign_in_id: UUID
    user_id: UUID
    began_at: datetime
    last_used_at: datetime
    expires_at: datetime
    address: str
    device: str


_SIGN_IN = "tenant_id, sign_in_id, user_id, began_at, last_used_at, expires_at, address, device"


async def add_sign_in(connection: Connection, sign_in: SignIn) -> None:
    """Add a sign-in, and forget the tenant's expired ones with their tokens."""
    await connection.execute("DELETE FROM sign_in WHERE expires_at < $1", sign_in.began_at)
    await connection.execute(
        f"INSERT INTO sign_in ({_SIGN_IN}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",  # noqa: S608  # constant
        sign_in.tenant_id,
        sign_in.sign_in_id,
        sign_in.user_id,
        sign_in.began_at,
        sign_in.last_used_at,
        sign_in.expires_at,
        sign_in.address,
        sign_in.device,
    )


async def lock_sign_in(connection: Connection, sign_in_id: UUID, now: datetime) -> SignIn | None:
    """Find a sign-in that still stands and hold it until the transaction ends."""
    row = await connection.fetchrow(
        f"SELECT {_SIGN_IN} FROM sign_in"  # noqa: S608  # constant
        " WHERE sign_in_id = $1 AND ended_at IS NULL AND expires_at > $2 FOR UPDATE",
        sign_in_id,
        now,
    )
    return SignIn(**row) if row else None


async def touch_sign_in(connection: Connection, sign_in_id: UUID, now: datetime, address: str) -> None:
    """Note when and from where a sign-in was last refreshed."""
    await connection.execute(
        "UPDATE sign_in SET last_used_at = $2, address = $3 WHERE sign_in_id = $1", sign_in_id, now, address
    )


async def sign_ins_of(connection: Connection, user_id: UUID, now: datetime) -> list[SignIn]:
    """List the sign-ins of a user that still stand, the last used first."""
    rows = await connection.fetch(
        f"SELECT {_SIGN_IN} FROM sign_in WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2"  # noqa: S608
        " ORDER BY last_used_at DESC, sign_in_id",
        user_id,
        now,
    )
    return [SignIn(**row) for row in rows]


async def end_sign_in(connection: Connection, sign_in_id: UUID) -> UUID | None:
    """End a sign-in, its tokens with it; gives whose it was, None where it was over already."""
    user_id: UUID | None = await connection.fetchval(
        "UPDATE sign_in SET ended_at = now() WHERE sign_in_id = $1 AND ended_at IS NULL RETURNING user_id", sign_in_id
    )
    await connection.execute("DELETE FROM refresh_token WHERE sign_in_id = $1", sign_in_id)
    return user_id


async def end_sign_ins_of(connection: Connection, user_id: UUID, *, but: UUID | None = None) -> int:
    """End every sign-in of a user, or every other one; gives how many."""
    rows = await connection.fetch(
        "UPDATE sign_in SET ended_at = now() WHERE user_id = $1 AND ended_at IS NULL"
        " AND sign_in_id IS DISTINCT FROM $2 RETURNING sign_in_id",
        user_id,
        but,
    )
    ended = [row["sign_in_id"] for row in rows]
    await connection.execute("DELETE FROM refresh_token WHERE sign_in_id = ANY($1)", ended)
    return len(ended)


async def add_refresh_token(
    connection: Connection, tenant_id: UUID, sign_in_id: UUID, token_hash: str, expires_at: datetime
) -> None:
    """Store the hash of a refresh token."""
    await connection.execute(
        "INSERT INTO refresh_token (tenant_id, sign_in_id, token_hash, expires_at) VALUES ($1, $2, $3, $4)",
        tenant_id,
        sign_in_id,
        token_hash,
        expires_at,
    )


async def refresh_token_owner(connection: Connection, token_hash: str) -> tuple[UUID, UUID] | None:
    """Find tenant and sign-in of a refresh token; needs a lookup transaction for its hash."""
    row = await connection.fetchrow(
        "SELECT tenant_id, sign_in_id FROM refresh_token WHERE token_hash = $1", token_hash
    )
    return (row["tenant_id"], row["sign_in_id"]) if row else None


async def use_refresh_token(connection: Connection, token_hash: str, now: datetime) -> str:
    """Use a refresh token up, its sign-in being locked: ``fresh``, ``used`` (somebody has a copy) or ``expired``.

    The sign-in's tokens that have expired go with it; the used ones stay until then, to be recognised.
    """
    row = await connection.fetchrow(
        "SELECT sign_in_id, used_at, expires_at FROM refresh_token WHERE token_hash = $1", token_hash
    )
    if row is None or row["expires_at"] <= now:
        return "expired"
    if row["used_at"] is not None:
        return "used"
    await connection.execute("UPDATE refresh_token SET used_at = $2 WHERE token_hash = $1", token_hash, now)
    await connection.execute(
        "DELETE FROM refresh_token WHERE sign_in_id = $1 AND expires_at <= $2", row["sign_in_id"], now
    )
    return "fresh"
