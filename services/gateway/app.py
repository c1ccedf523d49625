"""Composition root of the gateway. Run with ``uvicorn services.gateway.app:create_app --factory``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

from services.gateway.api import api_router
from services.gateway.api.health import health_router
from services.gateway.api.misses import install_misses
from services.gateway.api.principal import Gate
from services.gateway.api.problems import install
from services.gateway.api.well_known import well_known_router
from services.gateway.handlers import router
from services.gateway.importing import IMPORT_LEASE, IMPORT_QUEUE, Importer, RejectionRetention, RejectionSettings
from services.gateway.limits.claimed_work import ClaimedWork
from services.gateway.limits.installing import install_limits
from services.gateway.live import Hub, Limits, Purge
from services.gateway.openapi import complete, describe
from services.gateway.reports import Desk
from services.gateway.security import SigningKeys, Tokens
from services.gateway.settings import Settings
from shared.messaging import Worker, make_broker, running
from shared.observability import Health, observe


def create_app(settings: Settings | None = None) -> FastAPI:
    """Put the gateway together: HTTP in front, the read model behind, its own consumer beside."""
    settings = settings or Settings()
    telemetry = observe("gateway", settings.telemetry)
    health = Health("gateway", metrics=telemetry.metrics)
    broker = make_broker("gateway", settings.kafka)
    tokens = Tokens(SigningKeys(settings.signing_key.get_secret_value()))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running(
            "gateway",
            postgres=settings.postgres,
            kafka=settings.kafka,
            telemetry=telemetry,
            health=health,
            broker=broker,
            router=router,
        ) as service:
            work = ClaimedWork(service.work.pool, "gateway")
            app.state.gate = Gate(work, settings, tokens)
            importing = Importer(service.work, settings.limits.max_import_rows)
            importer = Worker(
                "gateway", IMPORT_QUEUE, service.work, importing.compute,
                metrics=telemetry.metrics, batch=1, lease=IMPORT_LEASE,
            )  # fmt: skip
            service.run(importer.run)
            service.run(RejectionRetention(service.work, RejectionSettings(), metrics=telemetry.metrics).run)
            app.state.desk = Desk()
            app.state.live = Hub(service.work, settings.postgres, Limits.of(settings))
            service.run(app.state.live.run)
            service.run(Purge(service.work, hours=settings.live_kept_hours, rows=settings.live_kept_rows).run)
            async with broker:
                await broker.start()
                yield

    app = FastAPI(**describe(), lifespan=lifespan)
    install(app)
    install_misses(app)
    app.include_router(api_router())
    app.include_router(health_router(health, telemetry))
    app.include_router(well_known_router(tokens.keys))
    complete(app)
    FastAPIInstrumentor.instrument_app(
        app, tracer_provider=telemetry.tracer_provider, excluded_urls="health,ready,metrics"
    )
    install_limits(app, settings, telemetry.registry)
    return app
