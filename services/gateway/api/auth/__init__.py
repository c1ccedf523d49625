"""Signing in and staying signed in: tokens, sign-ins, second factors, one's own password."""

from fastapi import APIRouter

from services.gateway.api.auth import password, reset, second_factor, sessions, sign_in
from services.gateway.api.problems import PROBLEM_RESPONSES, documented

router = APIRouter(prefix="/auth", tags=["auth"], responses=PROBLEM_RESPONSES | documented(429))
for room in (sign_in, sessions, password, reset, second_factor):
    router.include_router(room.router)
