"""Composition root of market. Run with ``uvicorn services.market.app:create_app --factory``."""

from faststream.asgi import AsgiFastStream

from services.market.handlers import SURVEYS, router
from services.market.settings import Settings
from services.market.surveying import Surveyor
from shared.messaging import ComputePool, Service, create_service
from shared.observability import observe


def create_app(settings: Settings | None = None) -> AsgiFastStream:
    """Put market together."""
    settings = settings or Settings()

    async def build(service: Service) -> None:
        pool = ComputePool()
        service.stack.push_async_callback(pool.close)
        surveyor = Surveyor(service.work, pool)
        service.drain(SURVEYS, surveyor.compute)

    return create_service(
        "market",
        router,
        postgres=settings.postgres,
        kafka=settings.kafka,
        telemetry=observe("market", settings.telemetry),
        build=build,
    )
