"""The people of a group."""

from dataclasses import dataclass
from uuid import UUID

from shared.postgres.pool import Connection


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
    second_factor: bool = False
    """Whether one is enrolled and confirmed."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What signing in needs to know of a user before it is known that it is them."""

    tenant_id: UUID
    user_id: UUID
    password_hash: str


_STORED = "tenant_id, user_id, username, password_hash, role, dealer_ids, active, platform"
_USER = """
    u.tenant_id, u.user_id, u.username, u.password_hash, u.role, u.dealer_ids, u.active, u.platform,
    EXISTS (SELECT FROM second_factor f WHERE f.tenant_id = u.tenant_id AND f.user_id = u.user_id
            AND f.confirmed_at IS NOT NULL) AS second_factor
"""


async def add_user(connection: Connection, user: User) -> None:
    """Add a user; raises ``asyncpg.UniqueViolationError`` when the name is taken."""
    await connection.execute(
        f"INSERT INTO app_user ({_STORED}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",  # noqa: S608  # constant
        user.tenant_id,
        user.user_id,
        user.username,
        user.password_hash,
        user.role,
        user.dealer_ids,
        user.active,
        user.platform,
    )


async def user_by_name(connection: Connection, username: str) -> Credentials | None:
    """Find who signs in; needs a lookup transaction for that name."""
    row = await connection.fetchrow(
        "SELECT tenant_id, user_id, password_hash FROM app_user WHERE username = $1", username
    )
    return Credentials(**row) if row else None


async def user_by_id(connection: Connection, user_id: UUID, *, lock: bool = False) -> User | None:
    """Find a user of the transaction's tenant; ``lock`` keeps others from changing it meanwhile."""
    if lock:  # first by itself: what is read then is what was committed while this waited
        await connection.execute("SELECT 1 FROM app_user WHERE user_id = $1 FOR UPDATE", user_id)
    row = await connection.fetchrow(
        f"SELECT {_USER} FROM app_user u WHERE user_id = $1",  # noqa: S608  # constant
        user_id,
    )
    return User(**row) if row else None


async def user_by_sign_in(connection: Connection, user_id: UUID, sign_in_id: UUID) -> User | None:
    """Find an active user by a sign-in that still stands; None when either is over."""
    row = await connection.fetchrow(
        f"SELECT {_USER} FROM app_user u JOIN sign_in s USING (tenant_id, user_id)"  # noqa: S608  # constant
        " WHERE u.user_id = $1 AND s.sign_in_id = $2 AND u.active AND s.ended_at IS NULL AND s.expires_at > now()",
        user_id,
        sign_in_id,
    )
    return User(**row) if row else None


async def lock_group_admins(connection: Connection) -> set[UUID]:
    """Give the active admins of the whole group, whom nobody else can change before this transaction ends.

    In one order, so that two admins who take each other's role away wait for each other.
    """
    rows = await connection.fetch(
        "SELECT user_id FROM app_user WHERE role = 'admin' AND active AND dealer_ids IS NULL"
        " ORDER BY user_id FOR UPDATE"
    )
    return {row["user_id"] for row in rows}


async def change_user(connection: Connection, user: User) -> None:
    """Store role, scope and whether the user is active."""
    await connection.execute(
        "UPDATE app_user SET role = $2, dealer_ids = $3, active = $4 WHERE user_id = $1",
        user.user_id,
        user.role,
        user.dealer_ids,
        user.active,
    )


async def set_password_hash(connection: Connection, user_id: UUID, password_hash: str) -> None:
    """Store another hash."""
    await connection.execute("UPDATE app_user SET password_hash = $2 WHERE user_id = $1", user_id, password_hash)
