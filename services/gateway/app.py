"""Composition root of the gateway. Run with ``uvicorn services.gateway.app:create_app --factory``."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

from services.gateway.api import api_router
from services.gateway.api.health import health_router
from services.gateway.api.principal import Gate
from services.gateway.api.problems import install
from services.gateway.handlers import router
from services.gateway.importing import IMPORT_QUEUE, Importer
from services.gateway.openapi import complete, describe
from services.gateway.sealing import Sealer
from services.gateway.security import Tokens
from services.gateway.settings import Settings
from shared.messaging import Worker, make_broker, running
from shared.observability import Health, observe


def create_app(settings: Settings | None = None) -> FastAPI:
    """Put the gateway together: HTTP in front, the read model behind, its own consumer beside."""
    settings = settings or Settings()
    telemetry = observe("gateway", settings.telemetry)
    health = Health("gateway", metrics=telemetry.metrics)
    broker = make_broker("gateway", settings.kafka)

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
            context=broker.context,
        ) as service:
            app.state.gate = Gate(service.work, settings, Tokens(json.loads(settings.signing_key.get_secret_value())))
            app.state.sealer = Sealer(settings.encryption_key.get_secret_value())
            importer = Worker(
                "gateway", IMPORT_QUEUE, service.work, Importer(service.work).compute, batch=1, lease=900.0
            )
            service.run(importer.run)
            async with broker:
                await broker.start()
                yield

    app = FastAPI(**describe(), lifespan=lifespan)
    install(app)
    app.include_router(api_router())
    app.include_router(health_router(health, telemetry))
    complete(app)
    FastAPIInstrumentor.instrument_app(
        app, tracer_provider=telemetry.tracer_provider, excluded_urls="health,ready,metrics"
    )
    return app
