"""HTTP in: every route of ``/api/v1``."""

from fastapi import APIRouter, Depends

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
    reports,
    sources,
    stream,
    webhooks,
    websocket,
)
from services.gateway.api.parameters import known_parameters


def api_router() -> APIRouter:
    """Gather every route under ``/api/v1``."""
    router = APIRouter(prefix="/api/v1", dependencies=[Depends(known_parameters)])
    router.include_router(webhooks.signed_router)  # before the others: it takes only what names its source
    for room in (
        auth, accounts, audit, dms, imports, inventory, market, forecasts, recommendations, policies, feedback,
        sources, webhooks, stream, websocket, reports,
    ):  # fmt: skip
        router.include_router(room.router)
    return router
