"""Who sends a body is known before any of it is read: strangers are not listened to."""

from collections.abc import Callable
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.api.principal import Gate, identify
from services.gateway.api.problems import ProblemError
from services.gateway.limits.admission import admit
from services.gateway.limits.problem_answers import send_problem
from services.gateway.limits.routes import RouteClass, classify, is_delivery

_CLASSES: Final = frozenset({RouteClass.WRITES, RouteClass.IMPORTS, RouteClass.EVENTS})
_TELLING: Final = frozenset({b"transfer-encoding", b"idempotency-key"})


class CredentialsFirst:
    """Identifies the sender of every body, and of every Idempotency-Key, by the headers alone.

    Not where credentials are what is sent (signing in, accepting an invitation), which is short, and not where the
    body's signature is the credential (deliveries of sources), which have limits of their own.
    """

    def __init__(self, app: ASGIApp, gate: Callable[[], Gate]) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass whose sender is known, or that brings nothing."""
        if not _brings_something(scope):
            await self._app(scope, receive, send)
            return
        given = {name: value.decode("latin-1") for name, value in scope["headers"]}
        scheme, _, token = given.get(b"authorization", "").partition(" ")
        bearer = token if scheme.lower() == "bearer" else None
        try:
            await admit(scope, await identify(self._gate(), bearer, given.get(b"x-api-key")))
        except (ProblemError, HTTPException) as refusal:
            status = refusal.status if isinstance(refusal, ProblemError) else refusal.status_code
            headers = [(name.lower().encode(), value.encode()) for name, value in (refusal.headers or {}).items()]
            await send_problem(send, status, refusal.detail, headers)
            return
        await self._app(scope, receive, send)


def _brings_something(scope: Scope) -> bool:
    if scope["type"] != "http" or classify(scope["method"], scope["path"]) not in _CLASSES:
        return False
    if is_delivery(scope["path"], scope["headers"]):
        return False
    return any(name in _TELLING or (name == b"content-length" and value != b"0") for name, value in scope["headers"])
