"""Second factors: the sealed secret, the last step used, the recovery codes as hashes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """A user's second factor; it counts once it is confirmed."""

    sealed_secret: bytes
    confirmed_at: datetime | None


async def second_factor(connection: Connection, user_id: UUID) -> SecondFactor | None:
    """Find a user's second factor and hold it until the transaction ends."""
    row = await connection.fetchrow(
        "SELECT sealed_secret, confirmed_at FROM second_factor WHERE user_id = $1 FOR UPDATE", user_id
    )
    return SecondFactor(**row) if row else None


async def enrol_second_factor(connection: Connection, tenant_id: UUID, user_id: UUID, sealed_secret: bytes) -> bool:
    """Store a second factor that has yet to be confirmed; False where a confirmed one stands."""
    return bool(
        await connection.fetchval(
            """
            INSERT INTO second_factor AS f (tenant_id, user_id, sealed_secret) VALUES ($1, $2, $3)
            ON CONFLICT (tenant_id, user_id) DO UPDATE SET sealed_secret = excluded.sealed_secret, last_step = 0
            WHERE f.confirmed_at IS NULL RETURNING true
            """,
            tenant_id,
            user_id,
            sealed_secret,
        )
    )


async def confirm_second_factor(connection: Connection, user_id: UUID, now: datetime) -> bool:
    """Have a second factor count from now on; False where no code of it was used yet, or it counts already."""
    return bool(
        await connection.fetchval(
            "UPDATE second_factor SET confirmed_at = $2"
            " WHERE user_id = $1 AND confirmed_at IS NULL AND last_step > 0 RETURNING true",
            user_id,
            now,
        )
    )


async def use_step(connection: Connection, user_id: UUID, step: int) -> bool:
    """Use a time step up; False when it, or a later one, was used before."""
    return bool(
        await connection.fetchval(
            "UPDATE second_factor SET last_step = $2 WHERE user_id = $1 AND last_step < $2 RETURNING true",
            user_id,
            step,
        )
    )


async def remove_second_factor(connection: Connection, user_id: UUID) -> bool:
    """Remove a second factor with its recovery codes; False where there was none."""
    await connection.execute("DELETE FROM recovery_code WHERE user_id = $1", user_id)
    return await connection.execute("DELETE FROM second_factor WHERE user_id = $1", user_id) != "DELETE 0"


async def replace_recovery_codes(connection: Connection, tenant_id: UUID, user_id: UUID, hashes: list[str]) -> None:
    """Store new recovery codes; those before end."""
    await connection.execute("DELETE FROM recovery_code WHERE user_id = $1", user_id)
    await connection.execute(
        "INSERT INTO recovery_code (tenant_id, user_id, code_hash) SELECT $1, $2, unnest($3::text[])",
        tenant_id,
        user_id,
        hashes,
    )


async def use_recovery_code(connection: Connection, user_id: UUID, code_hash: str) -> bool:
    """Use a recovery code up; False when there is no such one any more."""
    done = await connection.execute(
        "DELETE FROM recovery_code WHERE user_id = $1 AND code_hash = $2", user_id, code_hash
    )
    return done != "DELETE 0"
