"""Token pairs: what a sign-in is given, and given again."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from pydantic import BaseModel

from services.gateway.api.principal import Gate
from services.gateway.security import ACCESS_SECONDS, Claims, digest, new_secret
from services.gateway.store.accounts import sign_ins
from services.gateway.store.accounts.sign_ins import SignIn
from shared.messaging.unit_of_work import Transaction

REFRESH_LIFETIME = timedelta(days=14)
"""A sign-in that nobody refreshes for this long is over."""
SIGN_IN_LIFETIME = timedelta(days=30)
"""A sign-in is over then, however often it was refreshed."""


class TokenPair(BaseModel):
    """An access token and the refresh token that replaces it, once."""

    access_token: str
    refresh_token: str
    token_type: str = "bearer"  # noqa: S105  # the scheme's name
    expires_in: int = ACCESS_SECONDS


def new_sign_in(tenant_id: UUID, user_id: UUID, sign_in_id: UUID, address: str, device: str) -> SignIn:
    """Make a sign-in that begins now."""
    now = datetime.now(UTC)
    shown = device.replace("\x00", "")[:200]
    return SignIn(tenant_id, sign_in_id, user_id, now, now, now + SIGN_IN_LIFETIME, address, shown)


async def grant(gate: Gate, tx: Transaction, sign_in: SignIn) -> TokenPair:
    """Give a sign-in, whose row is held by the transaction, its next pair."""
    refresh_token = new_secret()
    expires_at = min(datetime.now(UTC) + REFRESH_LIFETIME, sign_in.expires_at)
    await sign_ins.add_refresh_token(
        tx.connection, sign_in.tenant_id, sign_in.sign_in_id, digest(refresh_token), expires_at
    )
    claims = Claims(sign_in.user_id, sign_in.tenant_id, sign_in.sign_in_id)
    return TokenPair(access_token=gate.tokens.issue(claims), refresh_token=refresh_token)
