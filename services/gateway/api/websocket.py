"""The live events over a WebSocket, for those who prefer one.

A browser cannot set headers here, and a token in an address ends up in logs. So the token comes in the
``Authorization`` header, or as the subprotocol ``bearer.<token>`` beside ``doso.v1``, or in the first message.
"""

import asyncio
import contextlib
import json
from typing import Annotated, Final
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, WebSocket
from starlette.websockets import WebSocketDisconnect, WebSocketState

from services.gateway.api.principal import PEOPLE, Gate, Principal, unauthorised
from services.gateway.api.problems import ProblemError
from services.gateway.api.stream import admitted, hub_of, look_again, session_of, since_of
from services.gateway.live import Hub, Reason, Session
from services.gateway.live.message import Scope

router = APIRouter()
PROTOCOL = "doso.v1"
FIRST_MESSAGE_SECONDS = 10.0
MESSAGE_CHARACTERS = 8_192
_PAUSE_SECONDS: Final = 1.0
_CODES = {Reason.CREDENTIALS: 1008, Reason.SCOPE: 1008, Reason.RESTART: 1012, Reason.FAULT: 1011, Reason.SLOW: 1013}
_log = structlog.stdlib.get_logger("doso.live", service="gateway")


class Listener:
    """Who listens on a socket, by the newest token it sent."""

    def __init__(self, gate: Gate, person: Principal, token: str, dealer_id: UUID | None) -> None:
        self.token = token
        self._gate, self._person, self._dealer_id = gate, person, dealer_id

    async def look_again(self) -> Scope:
        """Check the newest token; raises ``Ended``."""
        return await look_again(self._gate, self._person, self.token, self._dealer_id)


@router.websocket("/ws")
async def follow(
    websocket: WebSocket,
    hub: Annotated[Hub, Depends(hub_of)],
    dealer_id: UUID | None = None,
    last_event_id: str | None = None,
) -> None:
    """Follow a rooftop, or all in scope; frames are ``{id, event, data}``."""
    gate: Gate = websocket.app.state.gate
    offered = websocket.scope.get("subprotocols", [])
    token = _token_of(websocket.headers.get("authorization"), offered)
    since = since_of(last_event_id, "query.last_event_id")  # what is raised before we accept answers the request
    person = await _person(gate, token) if token else None
    await websocket.accept(subprotocol=PROTOCOL if PROTOCOL in offered else None)
    try:
        if person is None:
            token = await _first_message(websocket)
            person = await _person(gate, token)
        subscription = await admitted(hub, gate, person, dealer_id)
    except ProblemError as problem:
        await websocket.close(1013 if problem.status == 429 else 1008, _short(problem.detail))  # noqa: PLR2004
        return
    except WebSocketDisconnect:
        return
    listener = Listener(gate, person, token or "", dealer_id)
    try:
        session = session_of(hub, gate, subscription, listener.look_again, since)
        await _run(websocket, session, listener, gate.settings.stream_send_seconds)
    finally:
        hub.dismiss(subscription)


async def _run(websocket: WebSocket, session: Session, listener: Listener, send_seconds: float) -> None:
    reading = asyncio.create_task(_read(websocket, session, listener))
    try:
        async for message in session.messages():
            if session.subscription.ended is Reason.GONE:
                return
            async with asyncio.timeout(send_seconds):
                await websocket.send_text(message.text)
    except TimeoutError:
        session.subscription.end(Reason.SLOW)
        _log.info("slow client cut", tenant_id=str(session.subscription.tenant_id))
    except (WebSocketDisconnect, RuntimeError):
        session.subscription.end(Reason.GONE)  # it left while we were speaking
    finally:
        reading.cancel()
    reason = session.subscription.ended or Reason.FAULT
    if reason is not Reason.GONE and websocket.application_state is WebSocketState.CONNECTED:
        with contextlib.suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
            async with asyncio.timeout(1.0):
                await websocket.close(_CODES[reason], reason.value)


async def _read(websocket: WebSocket, session: Session, listener: Listener) -> None:
    """Take newer tokens in, one a second at most, and notice when the client leaves."""
    try:
        while True:
            listener.token = _token_in(await websocket.receive_text())
            await asyncio.sleep(_PAUSE_SECONDS)
    except (WebSocketDisconnect, RuntimeError, KeyError):  # a frame of bytes has no text
        session.subscription.end(Reason.GONE)
    except ProblemError:
        session.subscription.end(Reason.CREDENTIALS)


async def _first_message(websocket: WebSocket) -> str:
    try:
        async with asyncio.timeout(FIRST_MESSAGE_SECONDS):
            return _token_in(await websocket.receive_text())
    except (TimeoutError, KeyError) as error:
        raise unauthorised() from error


def _token_in(text: str) -> str:
    """Read a message ``{"token": "…"}``, the only one a client sends; raises 401."""
    try:
        found = json.loads(text) if len(text) <= MESSAGE_CHARACTERS else None
    except ValueError as error:
        raise unauthorised() from error
    token = found.get("token") if isinstance(found, dict) else None
    if not isinstance(token, str) or not token:
        raise unauthorised()
    return token


async def _person(gate: Gate, token: str | None) -> Principal:
    found = await gate.by_token(token or "")
    if found.role not in PEOPLE:
        raise unauthorised()
    return found


def _token_of(authorization: str | None, offered: list[str]) -> str | None:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return next((name.removeprefix("bearer.") for name in offered if name.startswith("bearer.")), None)


def _short(text: str) -> str:
    return text.encode()[:120].decode(errors="ignore")
