"""The first admin: made once, when an installation has none, and let in again when locked out."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from services.gateway.security import Passwords, new_api_key
from services.gateway.store import accounts
from services.gateway.store.accounts import ApiKey, User, password_resets, second_factors, sign_ins
from shared.messaging import UnitOfWork
from shared.postgres.tenancy import lookup_transaction


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """The credentials of a fresh installation; shown once."""

    username: str
    password: str
    tenant_id: UUID
    dms_api_key: str


@dataclass(frozen=True, slots=True)
class NewAdmin:
    """The first admin of a tenant, and the password, which is stored nowhere."""

    user: User
    password: str


async def first_admin(passwords: Passwords, tenant_id: UUID, username: str, *, platform: bool = False) -> NewAdmin:
    """Make, without storing it, the first admin of a tenant with a password of its own."""
    password = secrets.token_urlsafe(18)
    hashed = await passwords.hash(password)
    return NewAdmin(
        User(tenant_id, uuid4(), username, hashed, "admin", None, active=True, platform=platform), password
    )


async def bootstrap(
    work: UnitOfWork,
    *,
    tenant_name: str,
    username: str = "admin",
    keep: Callable[[FirstAdmin], None] | None = None,
) -> FirstAdmin | None:
    """Make the first tenant, its admin and a DMS key; None when that admin exists already.

    ``keep`` is given the secrets before they are committed: a crash in between must not lose the only copy.
    """
    async with lookup_transaction(work.pool, username) as connection:
        if await accounts.user_by_name(connection, username):
            return None
    tenant_id = uuid4()
    new = await first_admin(Passwords(), tenant_id, username, platform=True)
    key = new_api_key()
    admin = FirstAdmin(username, new.password, tenant_id, key.text)
    if keep:
        keep(admin)
    async with work.begin(tenant_id) as tx:
        await accounts.add_tenant(tx.connection, tenant_id, tenant_name)
        await accounts.add_user(tx.connection, new.user)
        await accounts.add_api_key(
            tx.connection, ApiKey.fresh(tenant_id, key.key_id, "first DMS key", key.secret_hash)
        )
        await accounts.write_audit(tx.connection, tenant_id, "installation", "tenant.created", str(tenant_id), {})
    return admin


@dataclass(frozen=True, slots=True)
class LetInAgain:
    """The new password of somebody who was locked out; shown once."""

    username: str
    password: str
    sign_ins_ended: int
    second_factor_removed: bool


async def let_in_again(work: UnitOfWork, username: str, *, remove_second_factor: bool) -> LetInAgain | None:
    """Give a user a new password, end every sign-in and say so in the audit trail; None where there is no such user.

    For whoever runs the installation, when no admin is left who could issue a reset. Deactivated users become active.
    """
    async with lookup_transaction(work.pool, username) as connection:
        known = await accounts.user_by_name(connection, username)
    if known is None:
        return None
    password = secrets.token_urlsafe(18)
    hashed = await Passwords().hash(password)
    async with work.begin(known.tenant_id) as tx:
        user = await accounts.user_by_id(tx.connection, known.user_id, lock=True)
        if user is None:
            return None
        await accounts.set_password_hash(tx.connection, user.user_id, hashed)
        await accounts.change_user(tx.connection, replace(user, active=True))
        await password_resets.withdraw_password_resets(tx.connection, user.user_id)
        removed = remove_second_factor and await second_factors.remove_second_factor(tx.connection, user.user_id)
        ended = await sign_ins.end_sign_ins_of(tx.connection, user.user_id)
        details = {"sign_ins_ended": ended, "second_factor_removed": removed, "reactivated": not user.active}
        await accounts.write_audit(
            tx.connection, user.tenant_id, "installation", "password.reset_by_command", username, details
        )
    return LetInAgain(username, password, ended, removed)
