"""Cursors: where a page ended, signed and bound to the tenant and the query it belongs to."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from services.gateway.api.principal import Gate, Principal
from services.gateway.api.problems import FieldError, ProblemError
from services.gateway.store.pages import Listing, Page, read_page


class PageOut(BaseModel):
    """A page of a list; pass ``next_cursor`` back as ``cursor`` for the next one."""

    items: list[Any]
    next_cursor: str | None


async def page(
    gate: Gate,
    principal: Principal,
    listing: Listing,
    *,
    filters: Mapping[str, object],
    sort: str,
    cursor: str | None,
    limit: int,
) -> tuple[Page, str | None]:
    """Read one page by names such as ``-value,dealer_id``; raises 422 for unknown names and foreign cursors."""
    order = order_of(listing, sort)
    types = [listing.sorts[name].type for name, _ in order]  # a position of another type cannot be gone on from
    mark = seal(gate, principal, listing.table, sort, types, filters)
    after = open_cursor(mark, cursor) if cursor else None
    async with gate.work.begin(principal.tenant_id) as tx:
        found = await read_page(tx.connection, listing, filters=filters, order=order, after=after, limit=limit)
    return found, close_cursor(mark, found.after) if found.after else None


def order_of(listing: Listing, sort: str) -> tuple[tuple[str, bool], ...]:
    """Read the names to sort by; raises 422 with those that may be."""
    try:
        return listing.order(sort)
    except ValueError as error:
        fields = [FieldError(field="sort", message=str(error))]
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "Cannot sort by that.", errors=fields) from error


def seal(gate: Gate, principal: Principal, *query: object) -> bytes:
    """Give the key that cursors of this tenant's query are signed with."""
    secret = gate.settings.signing_key.get_secret_value().encode()
    return hmac.digest(secret, repr((str(principal.tenant_id), *query)).encode(), hashlib.sha256)


def close_cursor(seal: bytes, after: tuple[str | None, ...]) -> str:
    """Write a position down, signed."""
    body = json.dumps(after).encode()
    return base64.urlsafe_b64encode(hmac.digest(seal, body, hashlib.sha256)[:16] + body).decode()


def open_cursor(seal: bytes, cursor: str) -> tuple[Any, ...]:
    """Read a position; raises 422 for a cursor that was not signed for this tenant's query."""
    try:
        raw = base64.urlsafe_b64decode(cursor.encode())
        mark, body = raw[:16], raw[16:]
        if hmac.compare_digest(mark, hmac.digest(seal, body, hashlib.sha256)[:16]):
            return tuple(json.loads(body))
    except ValueError:
        pass  # answered below like any other cursor that is not ours
    fields = [FieldError(field="cursor", message="not a cursor of this list with these filters; start without one")]
    raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "The cursor does not fit.", errors=fields)
