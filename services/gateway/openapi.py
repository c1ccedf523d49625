"""What the OpenAPI document says of the whole API."""

from typing import Any

from fastapi import FastAPI

from services.gateway.api.problems import PROBLEM_TYPE
from services.gateway.ingest import CloudEvent

_TAGS = {
    "auth": "Signing in and staying signed in.",
    "accounts": "Tenants (dealer groups), dealers (rooftops), users, API keys, audit.",
    "dms": "Events pushed by dealer management systems.",
    "imports": "Files of inventory, sales and market listings.",
    "inventory": "Vehicles and stock figures.",
    "market": "Segment statistics and mix gaps.",
    "forecasts": "Weekly demand.",
    "recommendations": "Advice in dollars, with its arithmetic, and answers to it.",
    "policies": "Rules that advice has to keep: the group's default, a rooftop's own, their history.",
    "feedback": "Outcomes, and what was learned from them.",
    "live": "Events as they happen.",
    "reports": "Pages as files: CSV, XLSX, PDF.",
    "operations": "Health and metrics.",
}


def describe() -> dict[str, Any]:
    """Give the constructor arguments that describe the API."""
    return {
        "title": "DOSO",
        "version": "1.0.0",
        "summary": "What to stock, order, transfer, reprice and wholesale, in dollars, with the arithmetic.",
        "description": (
            "Money is a decimal string in the dealer's currency; times are RFC 3339 in UTC. Errors are"
            " `application/problem+json`. Lists are keyset pages: pass `next_cursor` back as `cursor`."
            " What creates or answers takes an `Idempotency-Key`: sent again with it, a request is carried out once."
            " `RateLimit` and `RateLimit-Policy` tell what is left of your rate."
        ),
        "openapi_tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
    }


def complete(app: FastAPI) -> None:
    """Add to the document what the framework cannot know: the type of problems, and the raw bodies' schemas."""
    generate = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(generate())
        return generate()

    app.openapi = document  # type: ignore[method-assign]  # the framework's documented way


def _complete(document: dict[str, Any]) -> None:
    schema = CloudEvent.model_json_schema(ref_template="#/components/schemas/{model}")
    document["components"]["schemas"] |= {**schema.pop("$defs"), "CloudEvent": schema}
    for operations in document["paths"].values():
        for operation in operations.values():
            for response in operation["responses"].values():
                content = response.get("content", {})
                if PROBLEM_TYPE in content:
                    content[PROBLEM_TYPE] = content.pop("application/json")
