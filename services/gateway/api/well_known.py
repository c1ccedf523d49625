"""The public keys that access tokens are verified with, for whoever has to verify them too."""

from typing import Any

from fastapi import APIRouter, Response

from services.gateway.security import SigningKeys


def well_known_router(keys: SigningKeys) -> APIRouter:
    """Make the route of the key set."""
    router = APIRouter(tags=["auth"])

    @router.get("/.well-known/jwks.json")
    async def jwks(response: Response) -> dict[str, Any]:
        """Give the public keys as a JWK set; a key is here before the first token is signed with it."""
        response.headers["Cache-Control"] = "public, max-age=300"
        return keys.jwks()

    return router
