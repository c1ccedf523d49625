"""What the API's own description promises."""

from __future__ import annotations

from fastapi import FastAPI

from services.gateway.api import api_router

SECRET = ("token", "password", "secret", "otp", "code", "api_key", "api-key", "authorization")


def test_nothing_secret_travels_in_an_address() -> None:
    """Addresses end in logs of proxies, in histories and in Referer headers; bodies and headers do not."""
    app = FastAPI()
    app.include_router(api_router())
    found = [
        f"{verb} {path}: {parameter['name']}"
        for path, operations in app.openapi()["paths"].items()
        for verb, operation in operations.items()
        for parameter in operation.get("parameters", [])
        if parameter["in"] in {"query", "path"} and any(word in parameter["name"].lower() for word in SECRET)
    ]
    assert found == []
