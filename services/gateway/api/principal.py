"""Who is asking, and what they may do. Every route names its roles; what is not named is refused."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, OAuth2PasswordBearer
from starlette.requests import HTTPConnection

from services.gateway.api.problems import ProblemError, not_found
from services.gateway.limits.admission import admit, identified
from services.gateway.limits.places import Places
from services.gateway.security import InvalidTokenError, Passwords, Sealer, Tokens, digest, same, split_api_key
from services.gateway.security.password_policy import PasswordPolicy
from services.gateway.settings import Settings
from services.gateway.store import accounts
from services.gateway.store.accounts import Dealer
from shared.messaging import UnitOfWork
from shared.postgres.tenancy import lookup_transaction

PEOPLE = ("admin", "manager", "buyer", "viewer")
DECIDERS = ("admin", "manager", "buyer")
READ = "read"
_READING = frozenset({"GET", "HEAD"})
_CACHE_SECONDS = 5.0

_log = structlog.stdlib.get_logger("doso.http", service="gateway")
bearer = OAuth2PasswordBearer(tokenUrl="/api/v1/auth/token", auto_error=False)
api_key_header = APIKeyHeader(name="X-API-Key", auto_error=False)


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody whose credentials were good; ``dealer_ids`` None means every rooftop of the tenant."""

    tenant_id: UUID
    actor: str
    role: str
    dealer_ids: frozenset[UUID] | None
    user_id: UUID | None = None
    platform: bool = False
    sign_in_id: UUID | None = None
    scopes: frozenset[str] = frozenset()
    """What an API key may do; people may do what their role may."""

    def scope(self, dealer_id: UUID | None) -> list[UUID] | None:
        """Narrow to a rooftop, or to those in scope; raises 404 for one that is not."""
        if dealer_id is not None:
            if self.dealer_ids is not None and dealer_id not in self.dealer_ids:
                raise not_found("dealer", dealer_id)
            return [dealer_id]
        return None if self.dealer_ids is None else sorted(self.dealer_ids)


class Gate:
    """What the routes share: storage, settings, credentials, and the rooftops of each tenant.

    Credentials and rooftops are kept for five seconds, which bounds how long a revoked key still works.
    """

    def __init__(self, work: UnitOfWork, settings: Settings, tokens: Tokens) -> None:
        self.work = work
        self.settings = settings
        self.tokens = tokens
        self.passwords = Passwords()
        self.password_policy = PasswordPolicy(settings.breached_passwords)
        self.sealer = Sealer(settings.encryption_key.get_secret_value())
        self.uploads = Places(settings.limits.max_uploads)
        self.deliveries = Places(settings.limits.max_deliveries)
        self._later: set[asyncio.Task[None]] = set()
        self._keys: dict[str, tuple[float, Principal]] = {}
        self._dealers: dict[UUID, tuple[float, dict[UUID, Dealer]]] = {}

    async def dealers(self, tenant_id: UUID) -> dict[UUID, Dealer]:
        """Give the rooftops of a tenant by id."""
        kept = self._dealers.get(tenant_id)
        if kept is None or kept[0] < time.monotonic():
            async with self.work.begin(tenant_id) as tx:
                found = {dealer.dealer_id: dealer for dealer in await accounts.dealers(tx.connection)}
            if len(self._dealers) >= 10_000:  # noqa: PLR2004  # a bound, not a tuning knob
                self._dealers.clear()
            kept = self._dealers[tenant_id] = (time.monotonic() + _CACHE_SECONDS, found)
        return kept[1]

    def forget_dealers(self, tenant_id: UUID) -> None:
        """Have the rooftops of a tenant read again."""
        self._dealers.pop(tenant_id, None)

    async def dealer(self, principal: Principal, dealer_id: UUID) -> Dealer:
        """Give one rooftop in scope; raises 404 for any other."""
        principal.scope(dealer_id)
        found = (await self.dealers(principal.tenant_id)).get(dealer_id)
        if found is None:  # it may be new, and made by another replica
            self.forget_dealers(principal.tenant_id)
            found = (await self.dealers(principal.tenant_id)).get(dealer_id)
        if found is None:
            raise not_found("dealer", dealer_id)
        return found

    async def scope(self, principal: Principal, dealer_id: UUID | None) -> list[UUID] | None:
        """Narrow to a rooftop, or to those in scope; raises 404 for one that is not there or not in scope."""
        if dealer_id is not None:
            await self.dealer(principal, dealer_id)
        return principal.scope(dealer_id)

    async def by_token(self, token: str, *, enrolling: bool = False) -> Principal:
        """Identify a person by access token; raises 401, or 403 for who has yet to enrol a second factor.

        ``enrolling`` lets the latter in, for the routes by which one enrols.
        """
        try:
            claims = self.tokens.read(token)
        except InvalidTokenError as error:
            raise unauthorised() from error
        async with self.work.begin(claims.tenant_id) as tx:
            user = await accounts.user_by_sign_in(tx.connection, claims.user_id, claims.sign_in_id)
        if user is None:
            raise unauthorised()
        if not enrolling and not user.second_factor and self._needs_second_factor(user):
            message = "You need a second factor here: enrol one at /api/v1/auth/mfa/enroll, then come back."
            raise ProblemError(HTTPStatus.FORBIDDEN, message)
        scope = None if user.dealer_ids is None else frozenset(user.dealer_ids)
        return Principal(
            user.tenant_id, user.username, user.role, scope, user.user_id, user.platform, claims.sign_in_id
        )

    def _needs_second_factor(self, user: accounts.User) -> bool:
        wanted = self.settings.second_factor_for
        return wanted == "everyone" or (wanted == "admins" and user.role == "admin")

    async def by_key(self, text: str) -> Principal:
        """Identify a machine by API key; raises 401."""
        kept = self._keys.get(digest(text))
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
        parts = split_api_key(text)
        if parts is None:
            raise unauthorised()
        async with lookup_transaction(self.work.pool, parts[0]) as connection:
            key = await accounts.api_key(connection, parts[0])
        if key is None or not same(key.secret_hash, digest(parts[1])) or key.revoked_at is not None:
            raise unauthorised()
        if key.expires_at is not None and key.expires_at <= datetime.now(UTC):
            raise unauthorised()
        async with self.work.begin(key.tenant_id) as tx:
            await accounts.touch_api_key(tx.connection, key.key_id)
        scope = None if key.dealer_ids is None else frozenset(key.dealer_ids)
        principal = Principal(key.tenant_id, f"key:{key.key_id}", "dms", scope, scopes=frozenset(key.scopes))
        if len(self._keys) > 10_000:  # noqa: PLR2004  # a bound, not a tuning knob
            self._keys.clear()
        self._keys[digest(text)] = (time.monotonic() + _CACHE_SECONDS, principal)
        return principal

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that nobody has to wait for; an error of it is logged."""

        def done(task: asyncio.Task[None]) -> None:
            self._later.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None:
                _log.error("work after an answer failed", error_class=type(error).__name__, exc_info=error)

        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(done)

    def forget_keys(self) -> None:
        """Have API keys read again."""
        self._keys.clear()


def unauthorised() -> ProblemError:
    """Refuse without saying which part of the credentials was wrong."""
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "No valid credentials: send a bearer token from /api/v1/auth/token, or an X-API-Key.",
        headers={"WWW-Authenticate": "Bearer"},
    )


async def gate_of(request: Request) -> Gate:
    """Find what the application was put together with; a coroutine, or every request would pass through a thread."""
    gate: Gate = request.app.state.gate
    return gate


GateDep = Annotated[Gate, Depends(gate_of)]


async def identify(gate: Gate, token: str | None, key: str | None, *, enrolling: bool = False) -> Principal:
    """Find who sent these credentials; raises 401, or 403 for an admin who has yet to enrol a second factor."""
    if token:
        return await gate.by_token(token, enrolling=enrolling)
    if key:
        return await gate.by_key(key)
    raise unauthorised()


def allow(
    *roles: str, scope: str | None = None, enrolling: bool = False
) -> Callable[..., Coroutine[Any, Any, Principal]]:
    """Make the dependency that lets only these roles in, and API keys (role ``dms``) only with this scope.

    ``enrolling`` lets in admins who have yet to enrol a second factor.
    """

    async def principal(
        connection: HTTPConnection,
        gate: GateDep,
        token: Annotated[str | None, Depends(bearer)] = None,
        key: Annotated[str | None, Depends(api_key_header)] = None,
    ) -> Principal:
        found: Principal = identified(connection.scope) or await identify(gate, token, key, enrolling=enrolling)
        connection.state.principal = found
        await admit(connection.scope, found)
        if found.role == "dms" and scope is not None:
            # A key that reads can do nothing else, whatever a route that people may use does.
            reading = connection.scope.get("method") in _READING
            if scope not in found.scopes or (scope == READ and not reading):
                message = f"The role dms may not do this without the scope {scope}: make a key that has it."
                raise ProblemError(HTTPStatus.FORBIDDEN, message)
        elif found.role not in roles:
            message = f"The role {found.role} may not do this; it takes one of: {', '.join(roles)}."
            raise ProblemError(HTTPStatus.FORBIDDEN, message)
        return found

    return principal


Admin = Annotated[Principal, Depends(allow("admin"))]
Person = Annotated[Principal, Depends(allow(*PEOPLE, scope=READ))]
"""Who may look: people, and for GET the API keys with the scope ``read``."""
SignedIn = Annotated[Principal, Depends(allow(*PEOPLE, enrolling=True))]
"""People only, on the routes about their own sign-in."""
Decider = Annotated[Principal, Depends(allow(*DECIDERS))]
Machine = Annotated[Principal, Depends(allow("admin", "manager", scope="events:write"))]
FileSender = Annotated[Principal, Depends(allow("admin", "manager", scope="imports:write"))]
"""Who may send data: API keys, and the people who run the place."""
