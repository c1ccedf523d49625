"""A forgotten password, chosen anew by the token an admin handed over."""

from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, SecretStr

from services.gateway.api.auth.tries import client_address, try_reset
from services.gateway.api.passwords import hash_chosen
from services.gateway.api.principal import GateDep
from services.gateway.api.problems import ProblemError
from services.gateway.security import digest
from services.gateway.store import accounts
from services.gateway.store.accounts import password_resets, sign_ins
from shared.postgres.tenancy import lookup_transaction

router = APIRouter()


class ChosenAnew(BaseModel):
    """The token, and the password one chooses (12 to 256 characters)."""

    token: str = Field(min_length=1, max_length=200)
    new_password: SecretStr


@router.post("/password-reset", status_code=204)
async def reset_password(body: ChosenAnew, request: Request, gate: GateDep) -> None:
    """Choose a new password by a token, which works once; every sign-in ends. A second factor stays as it is."""
    tries = await try_reset(gate, client_address(request, gate))
    token_hash = digest(body.token)
    async with lookup_transaction(gate.work.pool, token_hash) as connection:
        found = await password_resets.password_reset_by_token(connection, token_hash, datetime.now(UTC))
    if found is None:
        raise _used_up()
    async with gate.work.begin(found.tenant_id) as tx:
        user = await accounts.user_by_id(tx.connection, found.user_id)
    if user is None or not user.active:
        raise _used_up()
    # What is refused here leaves the token as it is: one may choose better.
    hashed = await hash_chosen(gate, found.tenant_id, user.username, body.new_password, "body.new_password")
    async with gate.work.begin(found.tenant_id) as tx:
        held = await accounts.user_by_id(tx.connection, found.user_id, lock=True)
        taken = await password_resets.use_password_reset(tx.connection, token_hash, datetime.now(UTC))
        if held is None or not held.active or taken is None:
            raise _used_up()
        await accounts.set_password_hash(tx.connection, held.user_id, hashed)
        await password_resets.withdraw_password_resets(tx.connection, held.user_id)
        ended = await sign_ins.end_sign_ins_of(tx.connection, held.user_id)
        await accounts.write_audit(
            tx.connection, held.tenant_id, held.username, "password.reset", held.username, {"sign_ins_ended": ended}
        )
    await tries.succeeded(gate)


def _used_up() -> ProblemError:
    message = "No such reset: it was used, replaced or has expired. Ask an admin for another one."
    return ProblemError(HTTPStatus.NOT_FOUND, message)
