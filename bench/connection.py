"""A bare HTTP/1.1 connection: a full client would cost more than the gateway it measures."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

REQUEST_SECONDS = 60.0
_MOST_HEADER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """What to send; ``units`` is how many things it holds, such as the events of a batch."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    units: int = 1

    def head(self, host: str) -> bytes:
        """Write the request line and the headers."""
        lines = [f"{self.method} {self.path} HTTP/1.1", f"host: {host}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body:
            lines.append(f"content-length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


class RefusedError(Exception):
    """An answer that was no success, in its own words."""


class Connection:
    """One kept-alive connection to a server on this machine; opened with the first request."""

    def __init__(self, url: str) -> None:
        """Prepare a connection to ``http://host:port``; raises ValueError for another machine."""
        parts = urlsplit(url)
        if parts.hostname != "127.0.0.1" or parts.port is None:
            message = f"benchmarks load 127.0.0.1 only, not {url}"
            raise ValueError(message)
        self._host, self._port = parts.hostname, parts.port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: Request) -> bytes:
        """Send a request and give the body of its answer.

        Raises ``RefusedError`` for an answer that is no success, TimeoutError after a minute.
        """
        async with asyncio.timeout(REQUEST_SECONDS):
            if self._streams is None or self._streams[0].at_eof():
                await self.close()
                self._streams = await asyncio.open_connection(self._host, self._port, limit=_MOST_HEADER_BYTES)
            reader, writer = self._streams
            writer.write(request.head(f"{self._host}:{self._port}") + request.body)
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(_length(head))
        status = int(head[9:12])
        if not 200 <= status < 300:
            message = f"{request.method} {request.path}: {status} {body[:500].decode(errors='replace')}"
            raise RefusedError(message)
        return body

    async def close(self) -> None:
        """Close the connection, if it is open."""
        if self._streams is not None:
            writer = self._streams[1]
            self._streams = None
            writer.close()
            try:
                await writer.wait_closed()
            except ConnectionError:
                return  # the other side was quicker

    async def __aenter__(self) -> Self:
        """Give the connection; nothing is opened yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.close()


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return int(value)
    message = f"an answer without content-length cannot be read: {head[:200].decode('latin-1')!r}"
    raise RefusedError(message)
