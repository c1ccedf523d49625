"""What every answer carries: a request id, the headers that browsers obey, and a problem where it is an error."""

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Final
from uuid import uuid4

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.limits.addresses import Addresses
from services.gateway.limits.problem_answers import problem_body, send_body
from services.gateway.limits.settings import LimitSettings
from services.gateway.store.audit import ORIGIN, Origin

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_API_POLICY: Final = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_PAGES: Final = frozenset({"/docs", "/docs/oauth2-redirect", "/redoc"})
_PAGE_POLICY: Final = (
    "default-src 'none'; script-src https://cdn.jsdelivr.net {scripts}; worker-src blob:; connect-src 'self';"
    " style-src 'unsafe-inline' https://cdn.jsdelivr.net https://fonts.googleapis.com;"
    " font-src https://fonts.gstatic.com; img-src 'self' data: https://fastapi.tiangolo.com https://cdn.redoc.ly;"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_INLINE_SCRIPT: Final = re.compile(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_TRANSPORT: Final = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")
_BARE: Final = (b"", b"text/plain", b"text/html")
_ERROR: Final = 400
_MOST_TOLD: Final = 500


class Envelope:
    """Wraps the whole application, so that no answer leaves without it."""

    def __init__(
        self, app: ASGIApp, settings: LimitSettings, *, new_id: Callable[[], str] = lambda: uuid4().hex
    ) -> None:
        self._app = app
        self._addresses = Addresses(settings.trusted_proxies)
        self._new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Name the request, and dress its answer."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        request_id = self._id_of(scope["headers"])
        origin = ORIGIN.set(Origin(self._addresses.of(scope), request_id))
        try:
            await self._dressed(scope, receive, send, request_id)
        finally:
            ORIGIN.reset(origin)

    async def _dressed(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        always = [*_ALWAYS, (b"x-request-id", request_id.encode())]
        if self._secure(scope):
            always.append(_TRANSPORT)
        answer = _Answer(send, always, page=scope["path"] in _PAGES)
        tokens = structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self._app(scope, receive, answer.send)
        finally:
            structlog.contextvars.reset_contextvars(**tokens)

    def _id_of(self, headers: list[tuple[bytes, bytes]]) -> str:
        for name, value in headers:
            if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
                return value.decode()
        return self._new_id()

    def _secure(self, scope: Scope) -> bool:
        if scope.get("scheme") == "https":
            return True
        if not self._addresses.trusts(scope["client"][0] if scope.get("client") else None):
            return False
        return any(name == b"x-forwarded-proto" and value == b"https" for name, value in scope["headers"])


class _Answer:
    """One answer on its way out."""

    __slots__ = ("_always", "_bare", "_page", "_send", "_start", "_told")

    def __init__(self, send: Send, always: list[tuple[bytes, bytes]], *, page: bool) -> None:
        self._send = send
        self._always = always
        self._page = page
        self._bare = False
        self._start: Message | None = None
        self._told = b""

    async def send(self, message: Message) -> None:
        """Add the headers; hold back an error that is no problem document, and a page whose scripts are named."""
        if message["type"] == "http.response.start":
            content_type, cached = b"", False
            for name, value in message.get("headers", ()):
                if name == b"content-type":
                    content_type = value.partition(b";")[0]
                elif name == b"cache-control":
                    cached = True
            if not cached:
                self._always.append((b"cache-control", b"no-store"))
            self._bare = message["status"] >= _ERROR and content_type in _BARE
            if self._bare or self._page:
                self._start = message
                return
            self._always.append((b"content-security-policy", _API_POLICY))
            await self._send({**message, "headers": [*message.get("headers", ()), *self._always]})
        elif self._bare:
            await self._as_problem(message)
        elif self._start is not None:
            policy = _page_policy(message.get("body", b""))
            headers = [*self._start.get("headers", ()), *self._always, (b"content-security-policy", policy)]
            await self._send({**self._start, "headers": headers})
            self._start = None
            await self._send(message)
        else:
            await self._send(message)

    async def _as_problem(self, message: Message) -> None:
        if len(self._told) < _MOST_TOLD:
            self._told += message.get("body", b"")[:_MOST_TOLD]
        if message.get("more_body") or self._start is None:
            return
        start, self._start = self._start, None
        kept = [
            (name, value)
            for name, value in start.get("headers", ())
            if name not in {b"content-type", b"content-length", b"transfer-encoding"}
        ]
        told = self._told.decode("utf-8", errors="replace") or "The request was refused."
        body = problem_body(start["status"], told)
        await send_body(
            self._send, start["status"], body, [*kept, *self._always, (b"content-security-policy", _API_POLICY)]
        )


def _page_policy(page: bytes) -> bytes:
    """Allow the documentation pages exactly the scripts written into them, and the files they load."""
    hashes = (base64.b64encode(hashlib.sha256(script).digest()).decode() for script in _INLINE_SCRIPT.findall(page))
    return _PAGE_POLICY.format(scripts=" ".join(f"'sha256-{one}'" for one in hashes)).encode()
