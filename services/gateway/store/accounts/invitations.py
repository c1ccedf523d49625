"""Invitations: how somebody becomes a user and chooses the password themselves."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Invitation:
    """Who is invited as what; the token is only stored as a hash."""

    tenant_id: UUID
    invitation_id: UUID
    token_hash: str
    username: str
    role: str
    dealer_ids: list[UUID] | None
    invited_by: UUID
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None = None


_COLUMNS = """
    tenant_id, invitation_id, token_hash, username, role, dealer_ids, invited_by, created_at, expires_at, accepted_at
"""


async def add_invitation(connection: Connection, invitation: Invitation) -> None:
    """Add an invitation, in place of one for the same name that was not accepted."""
    await connection.execute(
        "DELETE FROM invitation WHERE username = $1 AND accepted_at IS NULL", invitation.username
    )
    await connection.execute(
        f"INSERT INTO invitation ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL)",  # noqa: S608
        invitation.tenant_id,
        invitation.invitation_id,
        invitation.token_hash,
        invitation.username,
        invitation.role,
        invitation.dealer_ids,
        invitation.invited_by,
        invitation.created_at,
        invitation.expires_at,
    )


async def invitations(connection: Connection) -> list[Invitation]:
    """List the invitations of the transaction's tenant, newest first."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM invitation ORDER BY created_at DESC, invitation_id"  # noqa: S608  # constant
    )
    return [Invitation(**row) for row in rows]


async def invitation_by_token(connection: Connection, token_hash: str, now: datetime) -> Invitation | None:
    """Find an invitation that can be accepted; needs a lookup transaction for its token's hash."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM invitation"  # noqa: S608  # constant
        " WHERE token_hash = $1 AND accepted_at IS NULL AND expires_at > $2",
        token_hash,
        now,
    )
    return Invitation(**row) if row else None


async def use_invitation(connection: Connection, token_hash: str, now: datetime) -> Invitation | None:
    """Accept an invitation; of several at the same time one gets it, the others None."""
    row = await connection.fetchrow(
        "UPDATE invitation SET accepted_at = $2"  # noqa: S608  # constant
        f" WHERE token_hash = $1 AND accepted_at IS NULL AND expires_at > $2 RETURNING {_COLUMNS}",
        token_hash,
        now,
    )
    return Invitation(**row) if row else None


async def withdraw_invitation(connection: Connection, invitation_id: UUID) -> Invitation | None:
    """Take an invitation back that was not accepted; None where there is none."""
    row = await connection.fetchrow(
        f"DELETE FROM invitation WHERE invitation_id = $1 AND accepted_at IS NULL RETURNING {_COLUMNS}",  # noqa: S608
        invitation_id,
    )
    return Invitation(**row) if row else None


async def withdraw_invitations_of(connection: Connection, user_id: UUID) -> None:
    """Take back every invitation of somebody who may invite no longer."""
    await connection.execute("DELETE FROM invitation WHERE invited_by = $1 AND accepted_at IS NULL", user_id)
