"""An application that does nothing, served as the gateway is: what is left is the server and the client."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import uvicorn
import uvloop

from bench.system import READY_SECONDS, STOP_SECONDS
from deploy.local.servers.process import bound_to_owner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Message = dict[str, Any]

_BODY = b'{"accepted":0}'


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Read a request's body and answer the same for each."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(_BODY)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _BODY})


@asynccontextmanager
async def running_noop() -> AsyncIterator[str]:
    """Serve the application from a process of its own until the block ends; gives its address."""
    process = await asyncio.create_subprocess_exec(
        *bound_to_owner([sys.executable, "-m", "bench.noop"], signal.SIGTERM),
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        if process.stdout is None:
            message = "the application was started without a pipe to read its address from"
            raise RuntimeError(message)
        async with asyncio.timeout(READY_SECONDS):
            line = await process.stdout.readline()
        if not line:
            message = f"the application that does nothing ended with exit code {await process.wait()}"
            raise RuntimeError(message)
        yield line.decode().strip()
    finally:
        if process.returncode is None:
            process.terminate()
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()


async def _serve() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("127.0.0.1", 0))
        # The settings of the gateway in the embedded stack.
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=3,
            timeout_keep_alive=30,
            h11_max_incomplete_event_size=64 * 1024,
        )
        sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        await uvicorn.Server(config).serve(sockets=[listener])


if __name__ == "__main__":
    uvloop.run(_serve())
