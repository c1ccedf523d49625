"""The HTTP protocol of the server, with what uvicorn leaves open: how large a head may be, and how slow.

Run uvicorn with ``--http services.gateway.limits.protocol:BoundedHttpProtocol``.
"""

import asyncio
from http import HTTPStatus
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.gateway.api.problems import PROBLEM_TYPE
from services.gateway.limits.problem_answers import problem_body

MOST_HEAD_BYTES: Final = 64 * 1024
MOST_URL_BYTES: Final = 8 * 1024
MOST_HEADERS: Final = 100
HEAD_SECONDS: Final = 15.0


class BoundedHttpProtocol(HttpToolsProtocol):
    """Reads heads of bounded size in bounded time; what it refuses itself, it refuses with a problem."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_bytes = 0
        self._in_head = False
        self._head_timer: asyncio.TimerHandle | None = None
        self._upgraded = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its parent
        """Start waiting for the first head."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; a head that goes on and on is refused, and one that does not come is not waited for."""
        super().data_received(data)
        if self._upgraded:
            return  # what comes from here on is no HTTP, and another protocol's
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > 2 * MOST_HEAD_BYTES:  # what came with the end of the last request counts too
                told = f"The head is over {MOST_HEAD_BYTES} bytes."
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, told)
                return
        if self._in_head or self.cycle is None or self.cycle.response_complete:
            self._await_head()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over: no head is waited for any more."""
        self._upgraded = True
        self._stop_waiting()
        super().handle_websocket_upgrade()

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """End a head: hand the request on unless its URL or its headers are too many."""
        self._in_head, self._head_bytes = False, 0
        self._stop_waiting()
        if len(self.url) > MOST_URL_BYTES:
            self._refuse(HTTPStatus.REQUEST_URI_TOO_LONG, f"The URL is over {MOST_URL_BYTES} bytes.")
        elif len(self.headers) > MOST_HEADERS or _size(self.headers) > MOST_HEAD_BYTES:
            told = f"There are over {MOST_HEADERS} headers, or over {MOST_HEAD_BYTES} bytes of them."
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, told)
        else:
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request, unless its head was refused."""
        if not self.transport.is_closing():
            super().on_message_complete()

    def on_body(self, body: bytes) -> None:
        """Pass the body on, unless its head was refused."""
        if not self.transport.is_closing():
            super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self._refuse(HTTPStatus.BAD_REQUEST, f"{msg} Check the request line, the headers and their lengths.")

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        if not self._head_bytes:
            self.transport.close()  # nothing was asked
            return
        self._refuse(HTTPStatus.REQUEST_TIMEOUT, f"No complete head came within {HEAD_SECONDS:g} s.")

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        self._stop_waiting()
        self._in_head = False
        if self.transport.is_closing():
            return
        body = problem_body(status, detail)
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: {PROBLEM_TYPE}\r\n"
            f"content-length: {len(body)}\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n"
            f"connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


def _size(headers: list[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) for name, value in headers)
