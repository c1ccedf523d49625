"""HTTP in: every route of ``/api/v1``."""

from fastapi import APIRouter

from services.gateway.api import (
    accounts,
    auth,
    dms,
    feedback,
    forecasts,
    imports,
    inventory,
    market,
    policies,
    recommendations,
    sources,
    webhooks,
)


def api_router() -> APIRouter:
    """Gather every route under ``/api/v1``."""
    router = APIRouter(prefix="/api/v1")
    router.include_router(webhooks.signed_router)  # before the others: it takes only what names its source
    for room in (
        auth,
        accounts,
        dms,
        imports,
        inventory,
        market,
        forecasts,
        recommendations,
        policies,
        feedback,
        sources,
        webhooks,
    ):
        router.include_router(room.router)
    return router
