"""Pages as files: the same rows, filters and order, as CSV, XLSX or PDF."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import IO, Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from services.gateway.api import report_rows
from services.gateway.api.cursor import order_of
from services.gateway.api.feedback import check_advice, outcome_filters
from services.gateway.api.inventory import summarise, vehicle_filters
from services.gateway.api.market import gap_filters
from services.gateway.api.principal import Gate, GateDep, Person, Principal
from services.gateway.api.problems import PROBLEM_RESPONSES, FieldError, ProblemError
from services.gateway.api.recommendations import advice_filters
from services.gateway.api.report_rows import Chunk, Filters
from services.gateway.reports import (
    ADVICE,
    GAPS,
    INVENTORY,
    OUTCOMES,
    SUMMARY,
    Busy,
    Desk,
    Heading,
    Kind,
    Places,
    Workbook,
    csv_header,
    csv_lines,
    pdf,
)
from services.gateway.store import accounts
from services.gateway.store.listings import MARKET, RECOMMENDATIONS, VEHICLES
from services.gateway.store.listings import OUTCOMES as OUTCOME_LIST

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file",
        "content": {
            kind.split(";")[0]: {"schema": {"type": "string", "format": "binary"}} for kind in _TYPES.values()
        },
    }
}
router = APIRouter(prefix="/reports", tags=["reports"], responses={**PROBLEM_RESPONSES, **_FILES})
Form = Annotated[Literal["csv", "xlsx", "pdf"], Path(alias="format")]
Bom = Annotated[bool, Query(description="begin a CSV with a byte order mark, which older Excel needs")]
_PIECE = 64 * 1024


class Printer:
    """What every report needs: who asks, in which form, with which name."""

    def __init__(self, request: Request, person: Person, gate: GateDep, form: Form, bom: Bom = False) -> None:
        self.desk: Desk = request.app.state.desk
        self.person: Principal = person
        self.gate: Gate = gate
        self.form = form
        self.bom = bom

    async def answer(self, kind: Kind, filters: Filters, rows: AsyncIterator[Chunk]) -> Response:
        """Make the file; raises 422 where it would be longer than its form may be, 503 when others wait too."""
        places, heading = await self._heading(kind, filters)
        name = f"{kind.name}-{heading.as_of:%Y-%m-%d}.{self.form}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        if self.form == "csv":
            body = _csv(kind, rows, places, bom=self.bom)
            return StreamingResponse(body, media_type=_TYPES["csv"], headers=headers)
        try:
            async with self.desk.turn():
                if self.form == "xlsx":
                    file = await self._workbook(kind, heading, rows, places)
                    return StreamingResponse(_pieces(file), media_type=_TYPES["xlsx"], headers=headers)
                found = [
                    row async for chunk in self._bounded(rows, self.gate.settings.report_pdf_rows) for row in chunk
                ]
                content = await asyncio.to_thread(pdf, kind, heading, found, places)
                return Response(content, media_type=_TYPES["pdf"], headers=headers)
        except Busy as error:
            detail = "Other reports are being made: try again in a moment."
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": "10"}) from error

    async def _workbook(self, kind: Kind, heading: Heading, rows: AsyncIterator[Chunk], places: Places) -> IO[bytes]:
        with Workbook(heading, kind.columns, places) as book:
            async for chunk in self._bounded(rows, self.gate.settings.report_xlsx_rows):
                await asyncio.to_thread(book.add, chunk)
            await asyncio.to_thread(book.finish)
            return book.file

    async def _bounded(self, rows: AsyncIterator[Chunk], most: int) -> AsyncIterator[Chunk]:
        count = 0
        async for chunk in rows:
            count += len(chunk)
            if count > most:
                detail = f"This report has more than the {most:,} rows that a {self.form.upper()} may have."
                message = "narrow the filters, or take it as CSV, which may be of any length"
                fields = [FieldError(field="path.format", message=message)]
                raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=fields)
            yield chunk

    async def _heading(self, kind: Kind, filters: Filters) -> tuple[Places, Heading]:
        dealers = await self.gate.dealers(self.person.tenant_id)
        wanted = filters.get("dealer_ids")
        shown = [dealer for dealer in dealers.values() if wanted is None or dealer.dealer_id in wanted]  # type: ignore[operator]
        async with self.gate.work.begin(self.person.tenant_id) as tx:
            groups = [str(tenant["name"]) for tenant in await accounts.tenants(tx.connection)]
        zones = {dealer.timezone for dealer in shown}
        zone = ZoneInfo(zones.pop()) if len(zones) == 1 else UTC
        places = Places(
            names={str(dealer.dealer_id): dealer.name for dealer in dealers.values()},
            currencies={str(dealer.dealer_id): dealer.currency for dealer in dealers.values()},
            zones={str(dealer.dealer_id): ZoneInfo(dealer.timezone) for dealer in dealers.values()},
        )
        hidden = {"dealer_ids", "has_gap"}
        told = [(k.replace("_", " "), str(v)) for k, v in filters.items() if k not in hidden and v is not None]
        few = [dealer.name for dealer in shown]
        rooftops = ", ".join(few) if 0 < len(few) <= 3 else f"{len(few)} rooftops"  # noqa: PLR2004  # as fits a line
        return places, Heading(
            title=kind.title,
            group=", ".join(groups),
            rooftops=rooftops,
            as_of=datetime.now(zone),
            filters=told,
            letter={dealer.currency for dealer in shown} <= {"USD", "CAD"},
        )


Printing = Annotated[Printer, Depends(Printer)]


@router.get("/inventory.{format}", response_class=Response)
async def inventory_report(
    printer: Printing, filters: Annotated[dict[str, object], Depends(vehicle_filters)], sort: str = "-days"
) -> Response:
    """Take the inventory as a file: the vehicles of `GET /inventory` with the same filters and order."""
    rows = report_rows.vehicles(printer.gate, printer.person, filters, order_of(VEHICLES, sort))
    return await printer.answer(INVENTORY, filters, rows)


@router.get("/recommendations.{format}", response_class=Response)
async def advice_report(
    printer: Printing, filters: Annotated[dict[str, object], Depends(advice_filters)], sort: str = "-value"
) -> Response:
    """Take the advice as a file: that of `GET /recommendations` with the same filters and order."""
    rows = report_rows.advice(printer.gate, printer.person, filters, order_of(RECOMMENDATIONS, sort))
    return await printer.answer(ADVICE, filters, rows)


@router.get("/gaps.{format}", response_class=Response)
async def gaps_report(
    printer: Printing, filters: Annotated[dict[str, object], Depends(gap_filters)], sort: str = "-gap"
) -> Response:
    """Take the mix gaps as a file: those of `GET /market/gaps` with the same filters and order."""
    rows = report_rows.gaps(printer.gate, printer.person, filters, order_of(MARKET, sort))
    return await printer.answer(GAPS, filters, rows)


@router.get("/feedback.{format}", response_class=Response)
async def outcomes_report(
    printer: Printing, filters: Annotated[dict[str, object], Depends(outcome_filters)], sort: str = "-recorded_at"
) -> Response:
    """Take the outcomes as a file: those of `GET /feedback` with the same filters and order."""
    await check_advice(printer.gate, printer.person, filters)
    rows = report_rows.outcomes(printer.gate, printer.person, filters, order_of(OUTCOME_LIST, sort))
    return await printer.answer(OUTCOMES, filters, rows)


@router.get("/summary.{format}", response_class=Response)  # noqa: FAST003  # the printer takes it
async def summary_report(printer: Printing, dealer_id: UUID | None = None) -> Response:
    """Take the stock figures of each rooftop as a file: those of `GET /inventory/summary`."""
    summaries = await summarise(printer.person, printer.gate, dealer_id)
    filters: dict[str, object] = {"dealer_ids": printer.person.scope(dealer_id)}
    return await printer.answer(SUMMARY, filters, report_rows.summary_lines(summaries))


async def _csv(kind: Kind, rows: AsyncIterator[Chunk], places: Places, *, bom: bool) -> AsyncIterator[bytes]:
    yield csv_header(kind.columns, bom=bom)
    async for chunk in rows:
        yield await asyncio.to_thread(csv_lines, kind.columns, chunk, places)


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece
