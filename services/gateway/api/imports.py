"""Imports of inventory, sales and market: hand a file in, watch it, fetch what was refused."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict

from services.gateway.api.cursor import PageOut, page
from services.gateway.api.principal import FileSender, Gate, GateDep, Principal
from services.gateway.api.problems import PROBLEM_RESPONSES, FieldError, ProblemError, documented, not_found
from services.gateway.api.upload import UPLOAD_BODY, Upload
from services.gateway.importing import IMPORT_QUEUE
from services.gateway.imports import RejectedCsv, Rejection
from services.gateway.store import accounts
from services.gateway.store import imports as store
from services.gateway.store.imports import Import
from services.gateway.store.listings import IMPORTS

router = APIRouter(tags=["imports"], responses=PROBLEM_RESPONSES)
Kind = Annotated[Literal["inventory", "sales", "market"], Path()]
_ERRORS_SHOWN = 200
_ROWS_AT_ONCE = 200
_BEFORE_ALL = -1


class ImportAccepted(BaseModel):
    """An import that will be worked off; the file is stored."""

    id: UUID


class RowError(BaseModel):
    """Why a row was refused."""

    line: int
    field: str
    reason: str


class ImportStatus(BaseModel):
    """How an import stands."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "6f0d7a5e-8f53-4a5a-9f0b-52c1f2a1b0aa",
                    "status": "done",
                    "kind": "inventory",
                    "rows": 120,
                    "accepted": 118,
                    "rejected": 2,
                    "mapping": {"VIN": "vin", "Stock": "stock_number", "Internet_Price": "list_price"},
                    "errors": [{"line": 17, "field": "vin", "reason": "vin: the check digit does not fit"}],
                }
            ]
        }
    )

    id: UUID
    dealer_id: UUID
    kind: str
    mode: str
    filename: str
    bytes: int
    as_of: date
    status: Literal["running", "done", "failed"]
    rows: int
    accepted: int
    rejected: int
    warnings: list[dict[str, Any]] = []
    mapping: dict[str, str | None] = {}
    file: dict[str, Any] = {}
    events: dict[str, int] = {}
    notes: list[str] = []
    stale_adverts: list[str] = []
    errors: list[RowError] = []
    error: str | None = None
    created_at: datetime
    finished_at: datetime | None = None


@router.post("/{kind}/imports", status_code=202, openapi_extra=UPLOAD_BODY, responses=documented(408))
async def create_import(kind: Kind, machine: FileSender, upload: Upload, gate: GateDep) -> ImportAccepted:
    """Take in a file (CSV, TSV, XLSX, JSON, Parquet). It is stored before this answers, then worked off."""
    form = upload.form
    dealer = await gate.dealer(machine, form.dealer_id)
    if form.by_store and machine.dealer_ids is not None:
        raise ProblemError(HTTPStatus.FORBIDDEN, "by_store needs credentials for every rooftop of the group.")
    today = datetime.now(UTC).astimezone(ZoneInfo(dealer.timezone)).date()
    if form.as_of is not None and form.as_of > today:
        fields = [FieldError(field="as_of", message=f"{form.as_of} is in the future")]
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "The file cannot speak of a day to come.", errors=fields)
    new = Import(
        tenant_id=machine.tenant_id,
        import_id=uuid4(),
        dealer_id=form.dealer_id,
        kind=kind,
        mode=form.mode,
        filename=upload.filename,
        as_of=form.as_of or today,
        override=_override(form.mapping),
        confirm=form.confirm,
        by_store=form.by_store,
    )
    async with gate.work.begin(machine.tenant_id) as tx:
        await store.store_file(tx.connection, new, upload.pieces(gate.settings.max_import_bytes))
        await IMPORT_QUEUE.mark(tx.connection, [(new.tenant_id, new.dealer_id, str(new.import_id))])
        await accounts.write_audit(
            tx.connection, machine.tenant_id, machine.actor, "import.created", str(new.import_id),
            {"kind": kind, "dealer_id": str(form.dealer_id), "filename": new.filename},
        )  # fmt: skip
    return ImportAccepted(id=new.import_id)


@router.get("/imports")
async def list_imports(
    person: FileSender,
    gate: GateDep,
    *,
    dealer_id: UUID | None = None,
    kind: Literal["inventory", "sales", "market"] | None = None,
    status: Literal["running", "done", "failed"] | None = None,
    sort: str = "-created_at",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: str | None = None,
) -> PageOut:
    """List imports, newest first; an import's own page has its mapping, warnings and refused rows."""
    filters = {"dealer_ids": await gate.scope(person, dealer_id), "kind": kind, "status": status}
    found, after = await page(gate, person, IMPORTS, filters=filters, sort=sort, cursor=cursor, limit=limit)
    return PageOut(items=found.rows, next_cursor=after)


@router.get("/{kind}/imports/{import_id}")
async def read_import_status(kind: Kind, import_id: UUID, person: FileSender, gate: GateDep) -> ImportStatus:
    """Tell how an import stands: counts, the mapping that was chosen, warnings, the first refused rows."""
    row = await _load(gate, person, kind, import_id)
    async with gate.work.begin(person.tenant_id) as tx:
        errors = await store.first_rejections(tx.connection, import_id, _ERRORS_SHOWN)
    shown = row.pop("report")
    # JSON in the database keeps no order of keys; people expect the file's.
    mapping = {column: shown["mapping"].get(column) for column in shown.pop("header", ())}
    shown["mapping"] = mapping
    return ImportStatus(
        id=row.pop("import_id"),
        errors=[RowError(**error) for error in errors],
        **row,
        **{name: value for name, value in shown.items() if name in ImportStatus.model_fields},
    )


@router.get(
    "/{kind}/imports/{import_id}/rejected.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}, **documented(410)},
)
async def download_rejected(kind: Kind, import_id: UUID, person: FileSender, gate: GateDep) -> Response:
    """Download the refused rows with their reasons; mended, the file can be sent as it is, with mode=delta.

    Refused rows are kept for a while after the import ended; then the answer is 410.
    """
    row = await _load(gate, person, kind, import_id)
    async with gate.work.begin(person.tenant_id) as tx:
        first = await store.rejections_after(tx.connection, import_id, _BEFORE_ALL, _ROWS_AT_ONCE)
    if row["rejected"] and not first:
        message = "The rows that this import refused are no longer kept: send the file again to see them."
        raise ProblemError(HTTPStatus.GONE, message)
    return StreamingResponse(
        _rejected(gate, person.tenant_id, import_id, row["report"].get("header", ()), first),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="rejected-{import_id}.csv"'},
    )


async def _rejected(
    gate: Gate, tenant_id: UUID, import_id: UUID, header: Sequence[str], rows: list[Rejection]
) -> AsyncIterator[bytes]:
    """Write refused rows as they are read; no transaction waits for a client that reads slowly."""
    file = RejectedCsv(header)
    yield file.header()
    while rows:
        yield await asyncio.to_thread(file.lines, rows)
        async with gate.work.begin(tenant_id) as tx:
            rows = await store.rejections_after(tx.connection, import_id, rows[-1].line, _ROWS_AT_ONCE)


async def _load(gate: GateDep, person: Principal, kind: str, import_id: UUID) -> dict[str, Any]:
    async with gate.work.begin(person.tenant_id) as tx:
        row = await store.status(tx.connection, import_id)
    out_of_scope = row is not None and person.dealer_ids is not None and row["dealer_id"] not in person.dealer_ids
    if row is None or row["kind"] != kind or out_of_scope:
        raise not_found(f"{kind} import", import_id)
    return row


def _override(mapping: str | None) -> dict[str, str | None] | None:
    if not mapping:
        return None
    try:
        told = json.loads(mapping)
    except json.JSONDecodeError as error:
        fields = [FieldError(field="mapping", message=f"no JSON: {error}")]
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "The mapping cannot be read.", errors=fields) from error
    if not isinstance(told, dict) or not all(isinstance(value, str | None) for value in told.values()):
        fields = [FieldError(field="mapping", message='must be an object such as {"My Price": "list_price"}')]
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "The mapping cannot be read.", errors=fields)
    return told
