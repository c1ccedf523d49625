"""Composition root of feedback. Run with ``uvicorn services.feedback.app:create_app --factory``."""

from faststream.asgi import AsgiFastStream

from services.feedback.handlers import OUTCOMES, router
from services.feedback.judging import Judge
from services.feedback.learning import LESSONS, Learner
from services.feedback.settings import Settings
from shared.messaging import ComputePool, Service, create_service
from shared.observability import observe


def create_app(settings: Settings | None = None) -> AsgiFastStream:
    """Put feedback together."""
    settings = settings or Settings()

    async def build(service: Service) -> None:
        pool = ComputePool()
        service.stack.push_async_callback(pool.close)
        judge = Judge(service.work, pool)
        service.drain(OUTCOMES, judge.compute)
        service.drain(LESSONS, Learner(service.work).compute)

    return create_service(
        "feedback",
        router,
        postgres=settings.postgres,
        kafka=settings.kafka,
        telemetry=observe("feedback", settings.telemetry),
        build=build,
    )
