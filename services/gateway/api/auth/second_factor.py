"""One's own second factor: enrolled, confirmed, its recovery codes renewed, taken off."""

from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr

from services.gateway.api.auth.codes import fits_second_factor, sealed_for
from services.gateway.api.auth.password import ask_password_again
from services.gateway.api.auth.tries import try_second_factor
from services.gateway.api.principal import GateDep, Principal, SignedIn, unauthorised
from services.gateway.api.problems import FieldError, ProblemError, documented
from services.gateway.security import digest
from services.gateway.security.second_factor import enrolment_uri, new_recovery_codes, new_totp_secret, plain
from services.gateway.store import accounts
from services.gateway.store.accounts import second_factors, sign_ins
from shared.messaging.unit_of_work import Transaction

router = APIRouter(prefix="/mfa", responses=documented(409))


class Password(BaseModel):
    """One's own password, once more."""

    password: SecretStr


class Code(BaseModel):
    """A one-time password of six digits, or a recovery code."""

    otp: str = Field(min_length=1, max_length=64)


class PasswordAndCode(Password, Code):
    """Both factors, once more."""


class Enrolment(BaseModel):
    """What an authenticator application takes; shown this once."""

    secret: str
    uri: str


class RecoveryCodes(BaseModel):
    """Codes for when the authenticator is gone, each good for once; shown this once."""

    recovery_codes: list[str]


@router.post("/enroll")
async def enrol(body: Password, person: SignedIn, gate: GateDep) -> Enrolment:
    """Begin to enrol a second factor; it counts once ``/auth/mfa/confirm`` has seen a code of it."""
    user = await ask_password_again(gate, person, body.password)
    secret = new_totp_secret()
    sealed = gate.sealer.seal(secret, sealed_for(user))
    async with gate.work.begin(person.tenant_id) as tx:
        if not await second_factors.enrol_second_factor(tx.connection, user.tenant_id, user.user_id, sealed):
            message = "A second factor is enrolled already: disable it before you enrol another."
            raise ProblemError(HTTPStatus.CONFLICT, message)
        group = await accounts.tenant_name(tx.connection, person.tenant_id)
        await _audit(tx, person, "mfa.enrolment_begun")
    return Enrolment(secret=secret, uri=enrolment_uri(secret, user.username, group))


@router.post("/confirm")
async def confirm(body: Code, person: SignedIn, gate: GateDep) -> RecoveryCodes:
    """Confirm the enrolment by a code; from here on signing in takes one, and every other sign-in ends."""
    await _spend_code(gate, person, body.otp, confirmed=False)
    assert person.user_id is not None  # noqa: S101  # only people reach this route
    async with gate.work.begin(person.tenant_id) as tx:
        # Held, so that nobody signs in without the code between this and the end of the other sign-ins.
        await accounts.user_by_id(tx.connection, person.user_id, lock=True)
        if not await second_factors.confirm_second_factor(tx.connection, person.user_id, datetime.now(UTC)):
            message = "The enrolment was begun again meanwhile: confirm it with a code of the newest secret."
            raise ProblemError(HTTPStatus.CONFLICT, message)
        codes = await _new_codes(tx, person)
        await sign_ins.end_sign_ins_of(tx.connection, person.user_id, but=person.sign_in_id)
        await _audit(tx, person, "mfa.enabled")
    return codes


@router.post("/recovery-codes")
async def renew_recovery_codes(body: Code, person: SignedIn, gate: GateDep) -> RecoveryCodes:
    """Make new recovery codes; those before end."""
    await _spend_code(gate, person, body.otp)
    async with gate.work.begin(person.tenant_id) as tx:
        codes = await _new_codes(tx, person)
        await _audit(tx, person, "mfa.recovery_codes_renewed")
    return codes


@router.post("/disable", status_code=204)
async def disable(body: PasswordAndCode, person: SignedIn, gate: GateDep) -> None:
    """Take one's second factor off; an admin can do nothing then but enrol another, where admins need one."""
    user = await ask_password_again(gate, person, body.password)
    await _spend_code(gate, person, body.otp)
    async with gate.work.begin(person.tenant_id) as tx:
        await second_factors.remove_second_factor(tx.connection, user.user_id)
        await sign_ins.end_sign_ins_of(tx.connection, user.user_id, but=person.sign_in_id)
        await _audit(tx, person, "mfa.disabled")


async def _spend_code(gate: GateDep, person: Principal, code: str, *, confirmed: bool = True) -> None:
    """Use a code up, in a transaction of its own: it stays used whatever happens next. Raises 403 or 429."""
    assert person.user_id is not None  # noqa: S101  # only people have codes
    tries = await try_second_factor(gate, person.user_id)
    async with gate.work.begin(person.tenant_id) as tx:
        user = await accounts.user_by_id(tx.connection, person.user_id)
        if user is None:
            raise unauthorised()
        fits = await fits_second_factor(gate, tx, user, code, confirmed=confirmed)
    if fits is None:
        fields = [FieldError(field="otp", message="is not a code of your second factor, or was used before")]
        raise ProblemError(HTTPStatus.FORBIDDEN, "The code does not fit: wait for the next one.", errors=fields)
    await tries.succeeded(gate)


async def _new_codes(tx: Transaction, person: Principal) -> RecoveryCodes:
    assert person.user_id is not None  # noqa: S101  # only people have codes
    codes = new_recovery_codes()
    hashes = [digest(plain(code)) for code in codes]
    await second_factors.replace_recovery_codes(tx.connection, person.tenant_id, person.user_id, hashes)
    return RecoveryCodes(recovery_codes=codes)


async def _audit(tx: Transaction, person: Principal, action: str) -> None:
    await accounts.write_audit(tx.connection, person.tenant_id, person.actor, action, person.actor, {})
