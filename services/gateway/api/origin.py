"""Where a request came from: the client's address and the request's id, for the audit trail and for support."""

import re
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.store.audit import ORIGIN, Origin

REQUEST_ID = "X-Request-ID"
_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")


class OriginMiddleware:
    """Notes where each request comes from, and answers with its id: the caller's own, where it is well formed.

    The address is that of the connection; behind a proxy, tell uvicorn which proxies to believe
    (``FORWARDED_ALLOW_IPS``).
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        claimed = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = claimed if _WELL_FORMED.fullmatch(claimed) else uuid4().hex
        client = scope.get("client")

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        token = ORIGIN.set(Origin(client[0] if client else None, request_id))
        try:
            await self.app(scope, receive, answer)
        finally:
            ORIGIN.reset(token)
