"""Tries of passwords and codes: counted before they are judged, refused with 429 when there were too many."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from uuid import UUID

from fastapi import Request

from services.gateway.api.principal import Gate
from services.gateway.api.problems import ProblemError
from services.gateway.domain import sign_in_throttle
from services.gateway.domain.sign_in_throttle import Limit
from services.gateway.limits.addresses import Addresses
from services.gateway.store.accounts import sign_in_failures


@dataclass(frozen=True, slots=True)
class Tries:
    """One try under way: its own key, and the keys it shares with strangers."""

    own: bytes
    limit: Limit
    shared: Mapping[bytes, Limit]
    place: bytes | None = None

    async def succeeded(self, gate: Gate) -> None:
        """Take the try back, and forget the failures before it."""
        async with gate.work.begin() as tx:
            await sign_in_failures.succeed(tx.connection, self.own, self.shared)

    async def signed_in(self, gate: Gate) -> None:
        """Remember that this user signs in from this address: strangers cannot lock them out from here on."""
        async with gate.work.begin() as tx:
            await sign_in_failures.succeed(tx.connection, self.own, self.shared)
            if self.place is not None:
                await sign_in_failures.remember_place(tx.connection, self.place, datetime.now(UTC))


async def try_sign_in(gate: Gate, username: str, address: str) -> Tries:
    """Count a try to sign in; raises 429 with the seconds to wait.

    Where the user has signed in from before, only what failed there counts.
    """
    now, place = datetime.now(UTC), _key("place", username, address)
    own = _key("pair", username, address)
    async with gate.work.begin() as tx:
        shared: dict[bytes, Limit] = {}
        if not await sign_in_failures.known_place(tx.connection, place, now):
            shared = {
                _key("username", username): sign_in_throttle.USERNAME,
                _key("address", address): sign_in_throttle.ADDRESS,
            }
        tries = Tries(own, sign_in_throttle.PAIR, shared, place)
        wait = await sign_in_failures.try_once(tx.connection, {own: tries.limit, **shared}, now)
    _refuse(wait)
    return tries


async def try_second_factor(gate: Gate, user_id: UUID) -> Tries:
    """Count a try of a one-time password or a recovery code; raises 429 with the seconds to wait."""
    return await _try(gate, _key("second factor", str(user_id)), sign_in_throttle.SECOND_FACTOR)


async def try_own_password(gate: Gate, user_id: UUID) -> Tries:
    """Count a try of a signed-in person's password; raises 429 with the seconds to wait."""
    return await _try(gate, _key("own password", str(user_id)), sign_in_throttle.OWN_PASSWORD)


async def try_reset(gate: Gate, address: str) -> Tries:
    """Count a try of a token that resets a password; raises 429 with the seconds to wait."""
    own, shared = _key("reset", address), {_key("address", address): sign_in_throttle.ADDRESS}
    async with gate.work.begin() as tx:
        wait = await sign_in_failures.try_once(
            tx.connection, {own: sign_in_throttle.PAIR, **shared}, datetime.now(UTC)
        )
    _refuse(wait)
    return Tries(own, sign_in_throttle.PAIR, shared)


def client_address(request: Request, gate: Gate) -> str:
    """Give the address that a request is counted under: see ``Addresses``."""
    return Addresses(gate.settings.limits.trusted_proxies).of(request.scope)


async def _try(gate: Gate, own: bytes, limit: Limit) -> Tries:
    async with gate.work.begin() as tx:
        wait = await sign_in_failures.try_once(tx.connection, {own: limit}, datetime.now(UTC))
    _refuse(wait)
    return Tries(own, limit, {})


def _refuse(wait: float) -> None:
    if wait > 0:
        seconds = math.ceil(wait)
        message = f"Too many tries that failed: try again in {seconds} s."
        raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, message, headers={"Retry-After": str(seconds)})


def _key(kind: str, *names: str) -> bytes:
    """Name a counter; hashed, since people type passwords where user names belong."""
    return hashlib.sha256("\0".join((kind, *names)).encode()).digest()
