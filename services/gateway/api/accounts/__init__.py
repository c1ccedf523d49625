"""Tenants, dealers, users, invitations and API keys; for admins."""

from fastapi import APIRouter

from services.gateway.api.accounts import api_keys, dealers, invitations, password_resets, tenants, users
from services.gateway.api.problems import PROBLEM_RESPONSES

router = APIRouter(tags=["accounts"], responses=PROBLEM_RESPONSES)
for room in (tenants, dealers, users, password_resets, invitations, api_keys):
    router.include_router(room.router)
