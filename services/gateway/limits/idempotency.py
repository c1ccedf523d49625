"""``Idempotency-Key``: a request that is sent again is answered again, and carried out once."""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.api.principal import Gate, Principal
from services.gateway.limits.admission import identified
from services.gateway.limits.claimed_work import HELD
from services.gateway.limits.fingerprint import Fingerprint
from services.gateway.limits.problem_answers import send_problem
from services.gateway.limits.refusals import BodyRefusedError
from services.gateway.limits.routes import RouteClass, classify
from services.gateway.limits.sealed import KeptAnswer, Seal
from services.gateway.store import idempotency as store
from services.gateway.store.idempotency import Claim, Earlier

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_CLASSES: Final = (RouteClass.WRITES, RouteClass.IMPORTS)
_METHODS: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_KEPT_HEADERS: Final = frozenset({b"content-type", b"etag", b"location"})
_MOST_KEPT: Final = 256 * 1024
_LEASE_SECONDS: Final = 120.0
_REDIRECT: Final = 300
_SERVER_ERROR: Final = 500
_REPLAYED: Final = (b"idempotent-replayed", b"true")
_BUSY = "A request with this Idempotency-Key is under way: wait for its answer, then send it again."
_OTHER = "This Idempotency-Key was used for another request: every request needs a key of its own."
_LOST = "The request with this Idempotency-Key was carried out, but its answer is not kept: look what came of it."
_log = structlog.stdlib.get_logger("doso.idempotency", service="gateway")


class Idempotency:
    """Keeps the answers to requests that bring a key, for as long as the settings say."""

    def __init__(self, app: ASGIApp, gate: Callable[[], Gate], seal: Seal, *, keep_seconds: float) -> None:
        self._app = app
        self._gate = gate
        self._seal = seal
        self._keep_seconds = keep_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer again what was answered before; else pass it on and keep the answer."""
        key = _key_of(scope)
        if key is None:
            await self._app(scope, receive, send)
            return
        if not _KEY.fullmatch(key):
            await send_problem(
                send, HTTPStatus.BAD_REQUEST, "An Idempotency-Key has 1 to 255 visible ASCII characters."
            )
            return
        principal: Principal = identified(scope)  # ``CredentialsFirst`` lets no key pass without
        route = f"{scope['method']} {scope['path']}"
        async with self._gate().work.begin(principal.tenant_id) as tx:
            found = await store.claim(
                tx.connection, principal.tenant_id, key, route,
                keep_seconds=self._keep_seconds, lease_seconds=_LEASE_SECONDS,
            )  # fmt: skip
        query = scope.get("query_string", b"").decode("latin-1")
        content_type = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
        print_ = Fingerprint(content_type, (route, query, principal.actor, principal.role))
        if isinstance(found, Earlier):
            await self._again(found, print_, receive, send)
        else:
            await _First(self, found, print_, receive, send).run(scope)

    async def _again(self, earlier: Earlier, print_: Fingerprint, receive: Receive, send: Send) -> None:
        if earlier.fingerprint is None:
            retry = [(b"retry-after", b"2")] if earlier.recent else []
            await send_problem(send, HTTPStatus.CONFLICT, _BUSY if earlier.recent else _LOST, retry)
            return
        try:
            while True:
                message = await receive()
                print_.update(message.get("body", b""))
                if not message.get("more_body"):
                    break
        except BodyRefusedError as refusal:
            await send_problem(send, refusal.status_code, refusal.detail)
            return
        if print_.hexdigest() != earlier.fingerprint:
            await send_problem(send, HTTPStatus.UNPROCESSABLE_ENTITY, _OTHER)
            return
        kept = self._seal.open(earlier.answer) if earlier.answer else None
        if kept is None:
            await send_problem(send, HTTPStatus.CONFLICT, _LOST)
            return
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept.headers]
        headers += [(b"content-length", str(len(kept.body)).encode()), _REPLAYED]
        await send({"type": "http.response.start", "status": kept.status, "headers": headers})
        await send({"type": "http.response.body", "body": kept.body, "more_body": False})

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on to the application."""
        await self._app(scope, receive, send)

    async def settle(self, claim: Claim, status: int | None, print_: Fingerprint, kept: KeptAnswer | None) -> None:
        """Keep a success; give the key back after anything else, unless an effect was committed all the same."""
        async with self._gate().work.begin(claim.tenant_id) as tx:
            if status is not None and status < _REDIRECT:
                sealed = self._seal.close(kept) if kept is not None else None
                await store.keep(tx.connection, claim, print_.hexdigest(), sealed)
            else:
                failed = status is None or status >= _SERVER_ERROR
                await store.release(tx.connection, claim, unless_effective=failed)


class _First:
    """The first request with its key: listens to what comes in and what goes out."""

    def __init__(self, owner: Idempotency, claim: Claim, print_: Fingerprint, receive: Receive, send: Send) -> None:
        self._owner, self._claim, self._print = owner, claim, print_
        self._receive, self._send = receive, send
        self._start: Message | None = None
        self._body = bytearray()
        self._settled = False

    async def run(self, scope: Scope) -> None:
        token = HELD.set(self._claim)
        try:
            await self._owner.run(scope, self.receive, self.send)
        finally:
            HELD.reset(token)
            if not self._settled:
                await self._settle(None)

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._print.update(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif len(self._body) <= _MOST_KEPT:
            self._body += message.get("body", b"")
        if self._start is not None and message["type"] == "http.response.body" and not message.get("more_body"):
            # Before the last byte is out: who has the answer may repeat the request at once.
            await self._settle(self._start["status"])
        await self._send(message)

    async def _settle(self, status: int | None) -> None:
        self._settled = True
        kept = None
        if status is not None and self._start is not None and len(self._body) <= _MOST_KEPT:
            headers = tuple(
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in self._start.get("headers", ())
                if name.lower() in _KEPT_HEADERS
            )
            kept = KeptAnswer(status, headers, bytes(self._body))
        token = HELD.set(None)
        try:
            await self._owner.settle(self._claim, status, self._print, kept)
        except Exception as error:  # noqa: BLE001  # the request itself is over; its key stays as it is
            _log.warning("answer not kept", error_class=type(error).__name__)
        finally:
            HELD.reset(token)


def _key_of(scope: Scope) -> str | None:
    if scope["type"] != "http" or scope["method"] not in _METHODS:
        return None
    for name, value in scope["headers"]:
        if name == b"idempotency-key":
            return value.decode("latin-1") if classify(scope["method"], scope["path"]) in _CLASSES else None
    return None
