"""The whole system in one process: servers, migrations, six services, the API."""

import asyncio
import contextlib
import gc
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from faststream.asgi import AsgiFastStream
from pydantic import SecretStr

from deploy.local.credentials import Credentials, encryption_key, signing_key
from deploy.local.limits import LocalLimits
from deploy.local.pipeline import SERVICES, release_leases
from deploy.local.published_to import forget, settle
from deploy.local.servers import KEPT_BYTES, ServerError
from deploy.local.servers_running import Servers, running_servers
from deploy.local.settings import LocalSettings
from deploy.local.sweep import Sweep
from services.feedback import app as feedback
from services.feedback.settings import Settings as FeedbackSettings
from services.forecast import app as forecast
from services.forecast.settings import Settings as ForecastSettings
from services.gateway import app as gateway
from services.gateway.bootstrap import bootstrap
from services.gateway.limits.protocol import BoundedHttpProtocol
from services.gateway.settings import Settings as GatewaySettings
from services.inventory import app as inventory
from services.inventory.settings import Settings as InventorySettings
from services.market import app as market
from services.market.settings import Settings as MarketSettings
from services.recommend import app as recommend
from services.recommend.settings import Settings as RecommendSettings
from shared.messaging import KafkaSettings, UnitOfWork
from shared.messaging.ending import end
from shared.messaging.service import spare_the_collector
from shared.migration import UnknownSchemaError, migrate
from shared.observability import TelemetrySettings
from shared.postgres import PostgresSettings, create_pool
from shared.vectors import VectorSettings

Progress = Callable[[str], None]
_START_SECONDS = 60.0
SESSION_TIMEOUT_MS = 12_000


@dataclass(frozen=True, slots=True)
class RunningStack:
    """The system as it runs."""

    url: str
    credentials: Path
    servers: Servers


@asynccontextmanager
async def running_stack(settings: LocalSettings, on_progress: Progress) -> AsyncIterator[RunningStack]:
    """Run the system until the block ends; state stays in ``data_dir``."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(running_servers(settings, on_progress))
        on_progress("migrating the database")
        try:
            for service in SERVICES:
                await migrate(service, servers.postgres_dsn)
        except UnknownSchemaError as error:
            raise ServerError(f"{error} (another --data-dir, or move {settings.data_dir} away)") from error
        if settings.real.postgres_dsn is None:
            await release_leases(servers.postgres_dsn)  # the data directory is ours alone
        kafka = KafkaSettings(
            bootstrap_servers=servers.kafka_bootstrap_servers,
            fetch_max_wait_ms=servers.kafka_fetch_max_wait_ms,
            # After a crash nothing is consumed until the dead members' sessions end.
            session_timeout_ms=SESSION_TIMEOUT_MS,
            share_decoded=True,
            kept_bytes=KEPT_BYTES * 3 // 5 if servers.kafka_in_memory else None,  # the rest for what batching adds
        )
        if servers.kafka_in_memory:
            await forget(servers.postgres_dsn)
            sweep = Sweep(servers.postgres_dsn)
            await sweep.once()  # the broker is empty: what was under way when we stopped is offered again
            await _background(stack, sweep.run())
        else:
            on_progress("creating topics")
            embedded = settings.real.kafka_bootstrap_servers is None
            if offered := await settle(servers.postgres_dsn, kafka, embedded=embedded):
                on_progress(f"offering again {offered} events that this broker may not hold")
        on_progress("starting the services")
        postgres = PostgresSettings(dsn=servers.postgres_dsn)
        telemetry = TelemetrySettings(log_level=settings.log_level)
        vectors = VectorSettings(vectors_path=settings.data_dir / "vectors")
        apps = [
            inventory.create_app(InventorySettings(postgres=postgres, kafka=kafka, telemetry=telemetry)),
            market.create_app(MarketSettings(postgres=postgres, kafka=kafka, telemetry=telemetry)),
            forecast.create_app(ForecastSettings(postgres=postgres, kafka=kafka, telemetry=telemetry)),
            recommend.create_app(
                RecommendSettings(postgres=postgres, kafka=kafka, telemetry=telemetry, vectors=vectors)
            ),
            feedback.create_app(FeedbackSettings(postgres=postgres, kafka=kafka, telemetry=telemetry)),
        ]
        await stack.enter_async_context(_running_together(apps))
        pool = await create_pool("gateway", postgres)
        listener = stack.enter_context(_listen(settings))
        url = f"http://{settings.host}:{listener.getsockname()[1]}"
        credentials = Credentials(settings.data_dir, url)
        await bootstrap(UnitOfWork(pool, "gateway"), tenant_name=settings.tenant_name, keep=credentials.write)
        await pool.close()
        if not credentials.refresh():
            on_progress(f"{credentials.path} is gone; sign in as the admin you know")
        api = gateway.create_app(
            GatewaySettings(
                signing_key=SecretStr(signing_key(settings.data_dir)),
                encryption_key=SecretStr(encryption_key(settings.data_dir)),
                # The first admin's password stands in a file that only its owner reads, and the API listens on
                # this machine: a second factor kept beside it would add a step and no safety.
                second_factor_for="nobody",
                postgres=postgres,
                kafka=kafka,
                telemetry=telemetry,
                limits=LocalLimits(),
            )
        )
        await _serve(stack, api, listener)
        gc.collect()
        spare_the_collector()  # of all six, in one process
        yield RunningStack(url, credentials.path, servers)


class _Server(uvicorn.Server):
    """A server whose signals are the runner's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


async def _serve(stack: AsyncExitStack, app: FastAPI, listener: socket.socket) -> None:
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=3,
        timeout_keep_alive=30,
        http=BoundedHttpProtocol,
        server_header=False,
        ws_max_size=16 * 1024,  # a client says its token, and nothing else
        ws_per_message_deflate=False,
        proxy_headers=False,  # whom to believe is the gateway's own setting
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))

    async def stop() -> None:
        app.state.live.leave()  # open streams would otherwise hold the server up to its deadline
        server.should_exit = True
        await task

    stack.push_async_callback(stop)
    async with asyncio.timeout(_START_SECONDS):
        while not server.started:
            if task.done():
                await task
                message = "the API ended while starting; see the log above"
                raise RuntimeError(message)
            await asyncio.sleep(0.02)


@asynccontextmanager
async def _running_together(apps: Sequence[AsgiFastStream]) -> AsyncIterator[None]:
    """Start services at once, since joining a consumer group takes seconds; stop them at once, too."""
    stopping = asyncio.Event()
    started = [asyncio.Event() for _ in apps]

    async def run(app: AsgiFastStream, ready: asyncio.Event) -> None:
        async with app.start_lifespan_context():
            ready.set()
            await stopping.wait()

    async with asyncio.timeout(_START_SECONDS) as patience, asyncio.TaskGroup() as group:
        for app, ready in zip(apps, started, strict=True):
            group.create_task(run(app, ready))
        await asyncio.gather(*(ready.wait() for ready in started))
        patience.reschedule(None)
        try:
            yield
        finally:
            stopping.set()


async def _background(stack: AsyncExitStack, coroutine: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(coroutine)
    stack.push_async_callback(end, task)


def _listen(settings: LocalSettings) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        message = f"port {settings.port} on {settings.host} is taken: choose another with --port"
        raise OSError(message) from error
    return listener
