"""Composition root of inventory. Run with ``uvicorn services.inventory.app:create_app --factory``."""

from faststream.asgi import AsgiFastStream

from services.inventory.handlers import router
from services.inventory.settings import Settings
from shared.messaging import create_service
from shared.observability import observe


def create_app(settings: Settings | None = None) -> AsgiFastStream:
    """Put inventory together."""
    settings = settings or Settings()
    return create_service(
        "inventory",
        router,
        postgres=settings.postgres,
        kafka=settings.kafka,
        telemetry=observe("inventory", settings.telemetry),
    )
