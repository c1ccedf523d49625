"""The whole system as it is deployed: Apache Kafka, PostgreSQL and each service as a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from bench.servers import Servers, running_servers
from deploy.local.credentials import encryption_key, signing_key
from deploy.local.limits import LocalLimits
from deploy.local.pipeline import SERVICES
from deploy.local.servers.apache_kafka.configuration import free_ports
from deploy.local.servers.process import Command, ServerProcess
from deploy.local.service_command import service_command

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bench.progress import Steps

ROOT = Path(__file__).parent.parent.parent
READY_SECONDS = 120.0
_STOP_STEPS = ((signal.SIGTERM, 30.0),)
_OF_OTHERS = ("DOSO_", "OPENAI_", "PG")
"""Environment that is meant for other servers."""


@dataclass(frozen=True, slots=True)
class RunningSystem:
    """A running system: its API, its database as the owner, its broker, and the process of each part by name."""

    url: str
    dsn: str
    bootstrap_servers: str
    processes: dict[str, int]


@asynccontextmanager
async def running_processes(directory: Path, steps: Steps) -> AsyncIterator[RunningSystem]:
    """Run everything over a directory until the block ends; raises RuntimeError for a service that does not start."""
    async with running_servers(directory, steps) as servers, AsyncExitStack() as stack:
        ports = dict(zip(SERVICES, free_ports((), len(SERVICES)), strict=True))
        services: dict[str, ServerProcess] = {}
        stack.push_async_callback(_stop, services)
        with steps.step("starting six services"):
            for name, port in ports.items():
                environment = _environment(name, directory, servers)
                command = Command(service_command(name, port), ROOT, environment)
                log = directory / "logs" / f"{name}.log"
                services[name] = ServerProcess(command, log=log, death_signal=signal.SIGKILL)
            await asyncio.gather(*(_ready(name, port, services[name]) for name, port in ports.items()))
        pids = {name: process.pid for name, process in services.items()}
        pids |= {"Apache Kafka": servers.kafka_pid, "PostgreSQL": servers.postgres_pid}
        url = f"http://127.0.0.1:{ports['gateway']}"
        yield RunningSystem(url, servers.dsn, servers.bootstrap_servers, pids)


def _environment(name: str, directory: Path, servers: Servers) -> dict[str, str]:
    values = {key: text for key, text in os.environ.items() if not key.startswith(_OF_OTHERS)}
    values |= {
        "DOSO_KAFKA_BOOTSTRAP_SERVERS": servers.bootstrap_servers,
        "DOSO_POSTGRES_DSN": servers.dsn,
        "DOSO_LOG_LEVEL": "WARNING",
        "OMP_NUM_THREADS": "1",
    }
    if name == "recommend":
        values |= {"DOSO_VECTORS_PATH": str(directory / "vectors"), "DOSO_EMBEDDER": "hashing"}
    if name == "gateway":
        values |= {
            "DOSO_GATEWAY_SIGNING_KEY": signing_key(directory),
            "DOSO_GATEWAY_ENCRYPTION_KEY": encryption_key(directory),
            "DOSO_GATEWAY_SECOND_FACTOR_FOR": "nobody",  # as on the local stack: the first admin makes rooftops
            # Rates that one machine does not reach; the counting itself is part of what is measured.
            **{f"DOSO_GATEWAY_{field.upper()}": "10000000/minute" for field in LocalLimits.__annotations__},
        }
    return values


async def _ready(name: str, port: int, process: ServerProcess) -> None:
    deadline = time.monotonic() + READY_SECONDS
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
        while True:
            try:
                if (await client.get("/ready")).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass  # it does not listen yet; what ended is told below
            if process.exit_code is not None or time.monotonic() > deadline:
                message = f"{name} did not become ready; the end of its log:\n{process.tail()}"
                raise RuntimeError(message)
            await asyncio.sleep(0.2)


async def _stop(services: dict[str, ServerProcess]) -> None:
    await asyncio.gather(*(asyncio.to_thread(process.stop, _STOP_STEPS) for process in services.values()))
