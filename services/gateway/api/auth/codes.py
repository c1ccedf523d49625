"""Whether a code is a user's second factor; right or wrong, it is used up."""

from datetime import UTC, datetime
from typing import Literal

from services.gateway.api.principal import Gate
from services.gateway.security import digest
from services.gateway.security.second_factor import fitting_step, plain
from services.gateway.store.accounts import User, second_factors
from shared.messaging.unit_of_work import Transaction


async def fits_second_factor(
    gate: Gate, tx: Transaction, user: User, code: str, *, confirmed: bool = True
) -> Literal["one-time password", "recovery code"] | None:
    """Use up a one-time password or a recovery code of a user; None when it is neither, or was used before.

    With ``confirmed`` false it is the code that confirms an enrolment. Raises ``CannotOpenError`` where the
    encryption key that sealed the secret is gone.
    """
    known = await second_factors.second_factor(tx.connection, user.user_id)
    if known is None or (known.confirmed_at is not None) != confirmed:
        return None
    typed = plain(code)
    step = fitting_step(gate.sealer.open(known.sealed_secret, sealed_for(user)), typed, datetime.now(UTC))
    if step is not None:
        return "one-time password" if await second_factors.use_step(tx.connection, user.user_id, step) else None
    if confirmed and await second_factors.use_recovery_code(tx.connection, user.user_id, digest(typed)):
        return "recovery code"
    return None


def sealed_for(user: User) -> str:
    """Name whose secret it is: sealed for one user, it does not open in another's row."""
    return f"second factor of {user.tenant_id}/{user.user_id}"
