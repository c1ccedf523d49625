"""Parameters that a route does not know are refused: a filter misspelt must not silently show everything."""

from collections.abc import Iterator
from http import HTTPStatus

from fastapi.dependencies.models import Dependant
from starlette.requests import HTTPConnection

from services.gateway.api.problems import FieldError, ProblemError


async def known_parameters(connection: HTTPConnection) -> None:
    """Refuse a request whose query names what the route does not take; raises 422 with what it does take."""
    given = connection.query_params.keys()
    if not given:
        return
    known = sorted(set(_names(connection.scope["route"].dependant)))
    errors = [FieldError(field=f"query.{name}", message=_takes(known)) for name in sorted(set(given) - set(known))]
    if errors:
        detail = "The query names a parameter that is not known here."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors)


def _names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        yield field.alias
    for inner in dependant.dependencies:
        yield from _names(inner)


def _takes(known: list[str]) -> str:
    return f"not known; must be one of {', '.join(known)}" if known else "not known; this takes no parameters"
