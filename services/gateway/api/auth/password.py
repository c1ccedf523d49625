"""One's own password: asked for again before something that matters, and changed."""

from http import HTTPStatus

from fastapi import APIRouter
from pydantic import BaseModel, SecretStr

from services.gateway.api.auth.tries import try_own_password
from services.gateway.api.passwords import hash_chosen
from services.gateway.api.principal import Gate, GateDep, Principal, SignedIn, unauthorised
from services.gateway.api.problems import FieldError, ProblemError
from services.gateway.store import accounts
from services.gateway.store.accounts import User, password_resets, sign_ins

router = APIRouter()


class PasswordChange(BaseModel):
    """The password as it is, and as it shall be (12 to 256 characters)."""

    current_password: SecretStr
    new_password: SecretStr


@router.post("/password", status_code=204)
async def change_password(body: PasswordChange, person: SignedIn, gate: GateDep) -> None:
    """Change one's own password; every other sign-in ends."""
    user = await ask_password_again(gate, person, body.current_password, "current_password")
    if body.new_password == body.current_password:
        fields = [FieldError(field="new_password", message="is the one it was: choose another")]
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "The new password is the old one.", errors=fields)
    hashed = await hash_chosen(gate, person.tenant_id, person.actor, body.new_password, "new_password")
    async with gate.work.begin(person.tenant_id) as tx:
        held = await accounts.user_by_id(tx.connection, user.user_id, lock=True)
        if held is None or held.password_hash != user.password_hash:  # changed from elsewhere meanwhile
            raise unauthorised()
        await accounts.set_password_hash(tx.connection, user.user_id, hashed)
        await password_resets.withdraw_password_resets(tx.connection, user.user_id)
        ended = await sign_ins.end_sign_ins_of(tx.connection, user.user_id, but=person.sign_in_id)
        await accounts.write_audit(
            tx.connection, person.tenant_id, person.actor, "password.changed", person.actor, {"sign_ins_ended": ended}
        )


async def ask_password_again(gate: Gate, person: Principal, password: SecretStr, field: str = "password") -> User:
    """Give the signed-in user if the password is theirs; raises 403, or 429 after five that were not."""
    assert person.user_id is not None  # noqa: S101  # only people have passwords
    tries = await try_own_password(gate, person.user_id)
    async with gate.work.begin(person.tenant_id) as tx:
        user = await accounts.user_by_id(tx.connection, person.user_id)
    if user is None:
        raise unauthorised()
    if not await gate.passwords.verify(password.get_secret_value(), user.password_hash):
        fields = [FieldError(field=field, message="is not your password")]
        raise ProblemError(HTTPStatus.FORBIDDEN, "The password is wrong.", errors=fields)
    await tries.succeeded(gate)
    return user
