"""Composition root of recommend. Run with ``uvicorn services.recommend.app:create_app --factory``."""

from faststream.asgi import AsgiFastStream

from services.recommend.handlers import REVIEWS, router
from services.recommend.pacing import Pacing
from services.recommend.reviewing import Reviewer
from services.recommend.settings import Settings
from services.recommend.similar import CASES, SimilarCases
from shared.messaging import ComputePool, Service, create_service
from shared.observability import observe
from shared.vectors import choose_embedder, open_vectors


def create_app(settings: Settings | None = None) -> AsgiFastStream:
    """Put recommend together."""
    settings = settings or Settings()

    async def build(service: Service) -> None:
        pool = ComputePool()
        service.stack.push_async_callback(pool.close)
        embedder = choose_embedder(settings.vectors)
        vectors = await open_vectors(settings.vectors, embedder)
        service.stack.push_async_callback(vectors.close)
        # Without similar cases advice still goes out, and says so: not required.
        service.health.add_check("vectors", vectors.health, required=False)
        similar = SimilarCases(service.work, vectors, embedder)
        reviewer = Reviewer(service.work, pool, similar, Pacing(service.work, pool))
        service.drain(REVIEWS, reviewer.compute, batch=4)
        service.drain(CASES, similar.remember)
        service.run(reviewer.follow_calendar)

    return create_service(
        "recommend",
        router,
        postgres=settings.postgres,
        kafka=settings.kafka,
        telemetry=observe("recommend", settings.telemetry),
        build=build,
    )
