"""Asking for what is not there, or not allowed, is answered and noted; what others have is never looked at."""

from collections.abc import Iterable
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from services.gateway.api.principal import Gate, Principal, gate_of
from services.gateway.api.problems import ProblemError, problem_answer
from services.gateway.store.misses import note_miss

_LONGEST = 100


def install_misses(app: FastAPI) -> None:
    """Answer problems as ever, having noted those that tell of somebody trying doors."""

    @app.exception_handler(ProblemError)
    async def problem(request: Request, error: ProblemError) -> JSONResponse:
        principal: Principal | None = getattr(request.state, "principal", None)
        if principal is not None:
            if error.missing is not None:
                await note_missing(request, principal, [error.missing])
            elif error.status == HTTPStatus.FORBIDDEN:
                await _note(
                    await gate_of(request), principal, "access.denied", _route(request), {"role": principal.role}
                )
        return problem_answer(error)


async def note_missing(request: Request, principal: Principal, missing: Iterable[tuple[str, str]]) -> None:
    """Note that somebody named things (kind, name) that are not there for them; one entry a kind."""
    for kind, name in dict(missing).items():
        details = {"name": name[:_LONGEST], "route": _route(request)}
        await _note(await gate_of(request), principal, "access.not_found", kind, details)


async def _note(gate: Gate, principal: Principal, action: str, kind: str, details: dict[str, str]) -> None:
    async with gate.work.begin(principal.tenant_id) as tx:
        await note_miss(tx.connection, principal.tenant_id, principal.actor, action, kind, details)


def _route(request: Request) -> str:
    route = request.scope.get("route")
    return f"{request.method} {getattr(route, 'path', request.url.path)[:_LONGEST]}"
