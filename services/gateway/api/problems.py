"""Errors as ``application/problem+json`` (RFC 9457): what was wrong, where, and what to do."""

from http import HTTPStatus
from typing import Any

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from shared.messaging.failures import passing

_log = structlog.stdlib.get_logger("doso.http", service="gateway")


class FieldError(BaseModel):
    """One thing wrong with one field."""

    field: str
    message: str


class Problem(BaseModel):
    """The body of every error."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldError] | None = None


class ProblemError(Exception):
    """Ends a request with a problem."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        errors: list[FieldError] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, detail, errors, headers
        self.missing: tuple[str, str] | None = None
        """The kind and the name of what was asked for and is not there."""


def not_found(what: str, name: object) -> ProblemError:
    """Say that something does not exist here, which is also the answer for what belongs to others."""
    error = ProblemError(HTTPStatus.NOT_FOUND, f"No {what} {name} here.")
    error.missing = (what, str(name))
    return error


def problem_answer(error: ProblemError) -> JSONResponse:
    """Write a problem as an answer."""
    return _answer(error.status, error.detail, error.errors, error.headers)


def install(app: FastAPI) -> None:
    """Answer every other error of the application as a problem; ``misses`` answers those that routes raise."""

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        fields = [
            FieldError(field=".".join(str(part) for part in item["loc"]), message=item["msg"])
            for item in error.errors()
        ]
        detail = "The request does not fit: see errors for each field."
        return _answer(HTTPStatus.UNPROCESSABLE_ENTITY, detail, fields)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        return _answer(HTTPStatus(error.status_code), str(error.detail), headers=dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> JSONResponse:
        if passing(error):
            _log.warning("dependency unavailable", path=request.url.path, error_class=type(error).__name__)
            return _answer(HTTPStatus.SERVICE_UNAVAILABLE, UNREACHABLE, headers={"Retry-After": "2"})
        _log.exception("request failed", path=request.url.path)
        return _answer(HTTPStatus.INTERNAL_SERVER_ERROR, "This is our fault and has been logged.")

    @app.exception_handler(asyncpg.DataError)
    async def unstorable(request: Request, error: asyncpg.DataError) -> JSONResponse:
        _log.warning("value refused by the database", path=request.url.path, error=str(error))
        detail = "A value in the request holds a NUL character or is out of range: correct it and send it again."
        return _answer(HTTPStatus.UNPROCESSABLE_ENTITY, detail)

    # Registered by class too: only these reach the handler above without being logged as a crash first.
    for passing_error in (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError):
        app.exception_handler(passing_error)(failed)


def _answer(
    status: HTTPStatus,
    detail: str,
    errors: list[FieldError] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    body = Problem(title=status.phrase, status=status.value, detail=detail, errors=errors)
    return JSONResponse(
        body.model_dump(exclude_none=True),
        status_code=status.value,
        media_type=PROBLEM_TYPE,
        headers=headers,
    )


PROBLEM_TYPE = "application/problem+json"
UNREACHABLE = "A part this needs is not reachable right now. Nothing was accepted; try again."
_MEANINGS = {
    400: "Cannot be read",
    401: "No valid credentials",
    403: "Not allowed for this role",
    404: "Not here",
    409: "Contradicts what is here",
    410: "No longer kept",
    408: "Came too slowly",
    413: "Too large",
    415: "Compressed, or of a kind that is not taken",
    422: "Does not fit",
    429: "Too many requests: Retry-After says when to come back",
    503: "Try again",
    504: "Took too long",
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe, for the OpenAPI document, the problems that a route may answer with."""
    return {
        status: {"model": Problem, "content": {PROBLEM_TYPE: {}}, "description": _MEANINGS[status]}
        for status in statuses
    }


PROBLEM_RESPONSES = documented(400, 401, 403, 404, 413, 415, 422, 429, 503, 504)
