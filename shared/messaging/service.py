"""What every service has in common when it runs: pool, relay, consumer, workers, health, metrics."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from faststream.asgi import AsgiFastStream

from shared.messaging.arrivals import Arrivals
from shared.messaging.broker import Broker, make_broker
from shared.messaging.consumer import BatchConsumer
from shared.messaging.ending import end
from shared.messaging.kafka_settings import KafkaSettings
from shared.messaging.relay import Relay
from shared.messaging.retention import Retention, RetentionSettings
from shared.messaging.router import EventRouter
from shared.messaging.turns import Compute
from shared.messaging.unit_of_work import UnitOfWork
from shared.messaging.watch import SubscriberWatch
from shared.messaging.worker import Worker
from shared.observability import (
    ConsumerPatience,
    Health,
    Telemetry,
    health_asgi,
    instrument_asyncpg,
    metrics_asgi,
    ready_asgi,
)
from shared.postgres import PostgresSettings, WorkTable, create_pool

Background = Callable[[], Coroutine[Any, Any, None]]
STOP_SECONDS = 5.0
RESTART_SECONDS = 1.0
_COLLECT_AFTER = (100_000, 20, 50)


@dataclass(slots=True)
class Service:
    """The running parts of a service, as its composition root receives them."""

    name: str
    telemetry: Telemetry
    work: UnitOfWork
    health: Health
    stack: AsyncExitStack
    arrivals: Arrivals
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def run(self, background: Background) -> None:
        """Run a loop for as long as the service does."""
        self.tasks.append(asyncio.create_task(_supervised(background, self.telemetry)))

    def drain(self, queue: WorkTable, compute: Compute, *, batch: int = 32) -> None:
        """Compute what handlers mark in ``queue``, ``batch`` items at a time, stepping back for the events."""
        metrics = self.telemetry.metrics
        worker = Worker(self.name, queue, self.work, compute, metrics=metrics, batch=batch, arrivals=self.arrivals)
        self.run(worker.run)


def spare_the_collector() -> None:
    """Keep what is loaded by now out of garbage collection, and collect less often.

    A full collection walks everything imported, which holds the event loop for tenths of a second while events
    stream through.
    """
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


@asynccontextmanager
async def running(
    name: str,
    *,
    postgres: PostgresSettings,
    kafka: KafkaSettings,
    telemetry: Telemetry,
    health: Health,
    broker: Broker,
    router: EventRouter,
    build: Callable[[Service], Awaitable[None]] | None = None,
) -> AsyncIterator[Service]:
    """Open what a service needs, and close it in the reverse order, each step with a deadline."""
    async with AsyncExitStack() as stack:
        if telemetry.exported:
            instrument_asyncpg(telemetry)  # a span a statement costs five per cent; nobody would see it
        stack.push_async_callback(telemetry.shutdown)
        await health.start()
        stack.push_async_callback(health.stop)
        pool = await create_pool(name, postgres)
        stack.push_async_callback(_close_pool, telemetry, pool)
        work = UnitOfWork(pool, name)
        arrivals = Arrivals(stream_per_second=kafka.stream_per_second)
        service = Service(name=name, telemetry=telemetry, work=work, health=health, stack=stack, arrivals=arrivals)
        stack.push_async_callback(_cancel, service.tasks)
        health.add_check("postgres", lambda: pool.fetchval("SELECT 'answers'"))
        relay = Relay(name, postgres, kafka, metrics=telemetry.metrics)
        service.run(relay.run)
        service.run(Retention(name, pool, RetentionSettings(), metrics=telemetry.metrics).run)
        if router.handlers:
            budget = kafka.batch_budget(postgres.command_timeout, topics=len(router.handlers), gathers=router.gathers)
            consumer = BatchConsumer(
                name,
                router.handlers,
                work,
                metrics=telemetry.metrics,
                tracer=telemetry.tracer,
                settings=kafka,
                budget=budget,
                arrivals=service.arrivals,
                gathers=router.gathers,
            )
            subscriber = router.subscribe(broker, kafka, consumer)
            watch = SubscriberWatch(subscriber, broker, consumer, kafka=kafka, metrics=telemetry.metrics)
            deadline = budget.health_seconds
            health.add_consumer(watch, ConsumerPatience(rejoin_seconds=deadline, stuck_seconds=deadline))
            service.run(watch.run)
        try:
            if build:
                await build(service)
        finally:
            # What works ends before what it works with: half a computation would count as a failed try.
            stack.push_async_callback(_cancel, service.tasks)
        spare_the_collector()
        yield service


def create_service(
    name: str,
    router: EventRouter,
    *,
    postgres: PostgresSettings,
    kafka: KafkaSettings,
    telemetry: Telemetry,
    build: Callable[[Service], Awaitable[None]] | None = None,
) -> AsgiFastStream:
    """Compose a service without HTTP of its own but health, readiness and metrics.

    ``build`` receives the open parts and adds what is particular: workers, pools, vector stores.
    """
    broker = make_broker(name, kafka)
    health = Health(name, metrics=telemetry.metrics)

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        async with running(
            name,
            postgres=postgres,
            kafka=kafka,
            telemetry=telemetry,
            health=health,
            broker=broker,
            router=router,
            build=build,
        ):
            yield

    return AsgiFastStream(
        broker,
        lifespan=lifespan,
        logger=telemetry.logger,
        asgi_routes=[
            ("/health", health_asgi(health)),
            ("/ready", ready_asgi(health)),
            ("/metrics", metrics_asgi(telemetry.registry)),
        ],
    )


async def _close_pool(telemetry: Telemetry, pool: Any) -> None:
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await pool.close()
    except TimeoutError:
        telemetry.logger.warning("connections were still busy at the deadline; cut")
        pool.terminate()


async def _supervised(start: Background, telemetry: Telemetry) -> None:
    """Keep a background loop going: one that died of a defect is logged and started again, with a pause."""
    while True:
        try:
            await start()
        except Exception:  # any error here would otherwise stop this loop, unseen, for good
            telemetry.logger.exception("background loop died; starting it again", loop=start.__qualname__)
            await asyncio.sleep(RESTART_SECONDS)


async def _cancel(tasks: list["asyncio.Task[None]"]) -> None:
    await end(*tasks, patience=STOP_SECONDS)
