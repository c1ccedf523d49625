"""Password resets: how somebody who forgot the password chooses another one, by a token an admin hands over."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class PasswordReset:
    """Whose password may be chosen anew until when; the token is only stored as a hash."""

    tenant_id: UUID
    reset_id: UUID
    user_id: UUID
    token_hash: str
    issued_by: UUID
    issued_at: datetime
    expires_at: datetime


_COLUMNS = "tenant_id, reset_id, user_id, token_hash, issued_by, issued_at, expires_at"


async def add_password_reset(connection: Connection, reset: PasswordReset) -> None:
    """Add a reset, in place of one for the same user, whose row the transaction holds."""
    await connection.execute("DELETE FROM password_reset WHERE user_id = $1", reset.user_id)
    await connection.execute(
        f"INSERT INTO password_reset ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)",  # noqa: S608  # constant
        reset.tenant_id,
        reset.reset_id,
        reset.user_id,
        reset.token_hash,
        reset.issued_by,
        reset.issued_at,
        reset.expires_at,
    )


async def password_reset_by_token(connection: Connection, token_hash: str, now: datetime) -> PasswordReset | None:
    """Find a reset that can be used; needs a lookup transaction for its token's hash."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM password_reset WHERE token_hash = $1 AND expires_at > $2",  # noqa: S608  # constant
        token_hash,
        now,
    )
    return PasswordReset(**row) if row else None


async def use_password_reset(connection: Connection, token_hash: str, now: datetime) -> PasswordReset | None:
    """Use a reset up; of several at the same time one gets it, the others None."""
    row = await connection.fetchrow(
        f"DELETE FROM password_reset WHERE token_hash = $1 AND expires_at > $2 RETURNING {_COLUMNS}",  # noqa: S608
        token_hash,
        now,
    )
    return PasswordReset(**row) if row else None


async def withdraw_password_resets(connection: Connection, user_id: UUID) -> None:
    """Take back the reset of somebody whose password is another by now, and those they issued themselves."""
    await connection.execute("DELETE FROM password_reset WHERE user_id = $1 OR issued_by = $1", user_id)
