"""Passwords that people choose: judged, then hashed."""

from http import HTTPStatus
from uuid import UUID

from pydantic import SecretStr

from services.gateway.api.principal import Gate
from services.gateway.api.problems import FieldError, ProblemError
from services.gateway.store import accounts


async def hash_chosen(
    gate: Gate, tenant_id: UUID, username: str, password: SecretStr, field: str = "password"
) -> str:
    """Hash a password that was chosen for a user; raises 422 saying why it is refused, at ``field``."""
    async with gate.work.begin(tenant_id) as tx:
        group = await accounts.tenant_name(tx.connection, tenant_id)
    objection = await gate.password_policy.objection(password.get_secret_value(), (username, group))
    if objection is not None:
        fields = [FieldError(field=field, message=objection)]
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, f"The password {objection}.", errors=fields)
    return await gate.passwords.hash(password.get_secret_value())
