"""The audit trail: who did what, read page by page, or taken home whole; for admins."""

import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel
from pydantic_core import to_jsonable_python

from services.gateway.api.accounts.granting import require_whole_group
from services.gateway.api.cursor import PageOut, close_cursor, open_cursor, seal
from services.gateway.api.principal import Admin, Gate, GateDep, Principal
from services.gateway.api.problems import PROBLEM_RESPONSES
from services.gateway.domain.audit_chain import GENESIS
from services.gateway.imports.rejected import harmless
from services.gateway.store import audit
from services.gateway.store.audit import Filters, Row

router = APIRouter(prefix="/audit", tags=["accounts"], responses=PROBLEM_RESPONSES)
NDJSON = "application/x-ndjson"
_CSV_COLUMNS = (
    "seq", "at", "actor", "action", "subject", "details", "client", "request_id", "previous", "hash",
)  # fmt: skip


def _rows_as(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {}}, "description": "The rows, oldest first"}}


class AuditRow(BaseModel):
    """One entry; ``previous`` is the hash of the row before, ``hash`` covers this row and ``previous``."""

    tenant_id: UUID
    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: dict[str, Any]
    client: str | None
    request_id: str | None
    previous: str
    hash: str


class AuditPage(PageOut):
    """A page of the trail, newest first."""

    items: list[AuditRow]


class AuditHead(BaseModel):
    """The newest row's number and hash; noted elsewhere, it shows later whether rows were cut off."""

    seq: int
    hash: str
    at: datetime | None


async def _filters(
    actor: Annotated[str | None, Query(max_length=300)] = None,
    action: Annotated[str | None, Query(max_length=100, description="such as policy.set")] = None,
    subject: Annotated[str | None, Query(max_length=300)] = None,
    since: Annotated[AwareDatetime | None, Query(alias="from", description="RFC 3339; from this moment on")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="RFC 3339; up to, not including")] = None,
) -> Filters:
    return Filters(actor=actor, action=action, subject=subject, since=since, until=until)


FiltersDep = Annotated[Filters, Depends(_filters)]


@router.get("")
async def read_audit(
    admin: Admin,
    gate: GateDep,
    filters: FiltersDep,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: str | None = None,
) -> AuditPage:
    """Read who did what, newest first."""
    require_whole_group(admin)
    mark = seal(gate, admin, "audit", filters)
    before = int(open_cursor(mark, cursor)[1]) if cursor else None
    async with gate.work.begin(admin.tenant_id) as tx:
        rows = await audit.newest_first(tx.connection, filters, before=before, limit=limit + 1)
    shown = rows[:limit]
    after = close_cursor(mark, (None, str(shown[-1].entry.seq))) if len(rows) > limit else None
    return AuditPage(items=[AuditRow(**row.as_json()) for row in shown], next_cursor=after)


@router.get("/head")
async def read_head(admin: Admin, gate: GateDep) -> AuditHead:
    """Give the newest row's hash, to be noted where nobody who runs the database can change it."""
    require_whole_group(admin)
    async with gate.work.begin(admin.tenant_id) as tx:
        last = await audit.head(tx.connection)
    if last is None:
        return AuditHead(seq=0, hash=GENESIS, at=None)
    return AuditHead(seq=last.entry.seq, hash=last.hash, at=last.entry.at)


@router.get(
    "/export.ndjson",
    response_class=StreamingResponse,
    responses={200: {"content": {NDJSON: {}}, "description": "Rows"}},
)
async def export_ndjson(admin: Admin, gate: GateDep, filters: FiltersDep) -> StreamingResponse:
    """Export the trail, oldest first, one row a line; unfiltered, ``doso audit verify --file`` can check it."""
    rows = await _exported(gate, admin, filters, "ndjson")
    return _download((_line(row) async for row in rows), NDJSON, "audit.ndjson")


@router.get(
    "/export.csv",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}}, "description": "Rows"}},
)
async def export_csv(admin: Admin, gate: GateDep, filters: FiltersDep) -> StreamingResponse:
    """Export the trail for a spreadsheet, oldest first; what would run as a formula gets an apostrophe in front."""
    rows = await _exported(gate, admin, filters, "csv")
    return _download(_cells(rows), "text/csv; charset=utf-8", "audit.csv")


async def _exported(gate: Gate, admin: Principal, filters: Filters, form: str) -> AsyncIterator[Row]:
    """Note the export, which is its own last row, and give the rows."""
    require_whole_group(admin)
    told = {name: value for name, value in asdict(filters).items() if value is not None}
    async with gate.work.begin(admin.tenant_id) as tx:
        await audit.write_audit(
            tx.connection, admin.tenant_id, admin.actor, "audit.exported", form, to_jsonable_python(told)
        )
        last = await audit.head(tx.connection)
    assert last is not None  # noqa: S101  # it was just written
    return audit.oldest_first(gate.work.pool, admin.tenant_id, filters, last=last.entry.seq)


def _download(content: AsyncIterator[str], media_type: str, name: str) -> StreamingResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(content, media_type=media_type, headers=headers)


def _line(row: Row) -> str:
    return json.dumps(to_jsonable_python(row.as_json()), separators=(",", ":")) + "\n"


async def _cells(rows: AsyncIterator[Row]) -> AsyncIterator[str]:
    yield _written(_CSV_COLUMNS)
    async for row in rows:
        shown = to_jsonable_python(row.as_json())
        shown["details"] = json.dumps(shown["details"], separators=(",", ":"))
        yield _written([harmless(str(shown[name] if shown[name] is not None else "")) for name in _CSV_COLUMNS])


def _written(cells: Any) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()
