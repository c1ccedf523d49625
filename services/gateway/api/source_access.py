"""Who a pushed delivery comes from. Whatever is wrong with it, the answer is the same.

An id that is no source's is refused before its body is read: strangers cannot fill the memory. For one that is, the
work is the same whatever is wrong.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import Depends

from services.gateway.adapters import ADAPTERS
from services.gateway.api.principal import Gate, GateDep
from services.gateway.api.problems import ProblemError
from services.gateway.security import CannotOpenError, Sealer
from services.gateway.signing import Signed, genuine, key_of, new_secret, shown
from services.gateway.store import sources
from services.gateway.store.sources import Source
from shared.postgres.tenancy import lookup_transaction

_NOBODY = UUID(int=0)
_log = structlog.stdlib.get_logger("doso.http", service="gateway")


@dataclass(frozen=True, slots=True)
class Pushed:
    """A delivery whose sender is known: from which source, named how, and from when."""

    source: Source
    delivery_id: str
    at: datetime


def row_name(tenant_id: UUID, source_id: str) -> str:
    """Name the row that a source's secrets are sealed for."""
    return f"dms_source:{tenant_id}:{source_id}"


async def sealer_of(gate: GateDep) -> Sealer:
    """Find what seals the application's stored secrets."""
    return gate.sealer


SealerDep = Annotated[Sealer, Depends(sealer_of)]


async def whose(gate: Gate, source_id: str) -> UUID | None:
    """Give the group of a source from which anything is to be expected; its signature is still to be checked."""
    if not (source_id.isascii() and source_id.isalnum()):
        return None
    async with lookup_transaction(gate.work.pool, source_id) as connection:
        found = await sources.one(connection, source_id)
    return found.tenant_id if found is not None and found.status == "active" else None


async def identify(
    gate: Gate, sealer: Sealer, source_id: str, headers: Mapping[str, str], body: bytes, now: datetime
) -> Pushed:
    """Find the source that sent this; raises one and the same 401 for all that can be wrong."""
    wanted = source_id if source_id.isascii() and source_id.isalnum() else "nobody"
    async with lookup_transaction(gate.work.pool, wanted) as connection:
        found = await sources.one(connection, wanted)
    decoy = _decoy(sealer)
    source = found or decoy
    keys = keys_of(source, sealer, now)
    signed = Signed.of(headers)
    by_signature = genuine(signed, body, keys, now)
    by_password = _password_fits(headers.get("authorization", ""), source.source_id, keys)
    basic = source.authentication == "basic"
    fits = (by_password if basic else by_signature) and source.status == "active" and found is not None
    if not fits:
        _log.warning("delivery refused", source=wanted[:40], known=found is not None)
        raise refused()
    adapter = ADAPTERS.get(source.adapter)
    if adapter is None:
        _log.error("delivery not read: its adapter is not in this program", source=wanted, adapter=source.adapter)
        raise _nobody_reads(source.adapter)
    named = headers.get(adapter.id_header or "", "") if basic else signed.delivery_id
    if not (0 < len(named) <= 180 and named.isascii() and named.isprintable()):  # noqa: PLR2004  # as for signed ones
        message = f"The header {adapter.id_header} must name the event, in at most 180 characters."
        raise ProblemError(HTTPStatus.BAD_REQUEST, message)
    return Pushed(source, named, now if basic else signed.at)


def refused() -> ProblemError:
    """Refuse a delivery without saying why."""
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "Not a delivery of a source known here: see docs/dms.md for how deliveries are signed.",
        headers={"WWW-Authenticate": "Signature"},
    )


def _nobody_reads(adapter: str) -> ProblemError:
    """Ask the sender to come again: what reads its documents may be back, and nothing of them may be lost."""
    message = (
        f"This source was made for the adapter {adapter!r}, which this version of DOSO does not have. Nothing was"
        f" taken in. Tell whoever runs the installation; send it again later."
    )
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, message, headers={"Retry-After": "600"})


def keys_of(source: Source, sealer: Sealer, now: datetime) -> list[bytes]:
    """Give two keys, always: the current, and the previous one or, where none still works, one that fits nothing.

    Raises ``CannotOpenError`` where the encryption key that sealed the current one is gone; a previous one whose
    key is gone fits nothing any more.
    """
    name = row_name(source.tenant_id, source.source_id)
    previous = source.previous_secret
    if source.previous_until is None or now >= source.previous_until:
        previous = None  # and is not opened: the key it was sealed under may be gone
    current, other = key_of(sealer.open(source.secret, name)), new_secret()
    try:
        opened = key_of(sealer.open(previous or source.secret, name))
    except CannotOpenError as error:
        _log.warning("the previous secret of a source does not open", source=source.source_id, error=str(error))
    else:
        other = other if previous is None else opened
    return [current, other]


def _password_fits(authorization: str, source_id: str, keys: list[bytes]) -> bool:
    """Tell whether HTTP Basic credentials name the source and one of its secrets as shown."""
    scheme, _, text = authorization.partition(" ")
    try:
        given = base64.b64decode(text.strip(), validate=True) if scheme.lower() == "basic" else b""
    except (binascii.Error, ValueError):
        given = b""
    fits = False
    for key in keys:
        fits |= hmac.compare_digest(f"{source_id}:{shown(key)}".encode(), given)
    return fits


def _decoy(sealer: Sealer) -> Source:
    source_id = "nobody"
    secret = sealer.seal(shown(new_secret()), row_name(_NOBODY, source_id))
    return Source(_NOBODY, source_id, "", "canonical", "signature", "disabled", None, secret, datetime.now(UTC))
