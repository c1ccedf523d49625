"""A TCP proxy that a test can make slow, silent or deaf."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Behaviour = Literal["open", "slow", "silent", "cut"]


class Proxy:
    """Passes bytes on to a port of this machine, as its behaviour allows.

    ``slow`` holds every piece of an answer back for ``delay`` seconds, ``silent`` takes requests and answers
    nothing, ``cut`` ends every connection.
    """

    def __init__(self, target: int) -> None:
        self.behaviour: Behaviour = "open"
        self.delay = 0.0
        self.port = 0
        self.connections = 0
        self._target = target
        self._open: set[asyncio.StreamWriter] = set()

    def become(self, behaviour: Behaviour, delay: float = 0.0) -> None:
        """Behave like this from now on; what is open is cut, so that nobody goes on as before."""
        self.behaviour, self.delay = behaviour, delay
        for writer in self._open:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        self._open.add(writer)
        try:
            if self.behaviour == "cut":
                return
            if self.behaviour == "silent":
                await reader.read()
                return
            there_reader, there = await asyncio.open_connection("127.0.0.1", self._target)
            self._open.add(there)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(_pass_on(reader, there, 0.0))
                    group.create_task(_pass_on(there_reader, writer, self.delay))
            finally:
                self._open.discard(there)
                there.close()
        except (OSError, ExceptionGroup):
            pass  # either side hung up
        finally:
            self._open.discard(writer)
            writer.close()


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter, delay: float) -> None:
    while data := await source.read(65_536):
        if delay:
            await asyncio.sleep(delay)
        target.write(data)
        await target.drain()
    with contextlib.suppress(OSError):
        target.write_eof()


@asynccontextmanager
async def proxied(target: int) -> AsyncIterator[Proxy]:
    """Run a proxy in front of a port of this machine."""
    proxy = Proxy(target)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.become("cut")
