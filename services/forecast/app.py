"""Composition root of forecast. Run with ``uvicorn services.forecast.app:create_app --factory``."""

from faststream.asgi import AsgiFastStream

from services.forecast.forecasting import Forecaster
from services.forecast.handlers import SERIES, router
from services.forecast.settings import Settings
from shared.messaging import ComputePool, Service, create_service
from shared.observability import observe


def create_app(settings: Settings | None = None) -> AsgiFastStream:
    """Put forecast together."""
    settings = settings or Settings()

    async def build(service: Service) -> None:
        pool = ComputePool()
        service.stack.push_async_callback(pool.close)
        forecaster = Forecaster(service.work, pool)
        service.drain(SERIES, forecaster.compute, batch=200)
        service.run(forecaster.refresh)

    return create_service(
        "forecast",
        router,
        postgres=settings.postgres,
        kafka=settings.kafka,
        telemetry=observe("forecast", settings.telemetry),
        build=build,
    )
