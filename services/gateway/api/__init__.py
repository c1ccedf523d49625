"""HTTP in: every route of ``/api/v1``."""

from fastapi import APIRouter

from services.gateway.api import (
    accounts,
    audit,
    auth,
    dms,
    feedback,
    forecasts,
    imports,
    inventory,
    market,
    policies,
    recommendations,
)


def api_router() -> APIRouter:
    """Gather every route under ``/api/v1``."""
    router = APIRouter(prefix="/api/v1")
    for room in (
        auth,
        accounts,
        audit,
        dms,
        imports,
        inventory,
        market,
        forecasts,
        recommendations,
        policies,
        feedback,
    ):
        router.include_router(room.router)
    return router
