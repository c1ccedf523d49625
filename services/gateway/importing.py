"""Running an import: file to rows to events, a few hundred at a time, each chunk one transaction."""

import asyncio
import tempfile
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from services.gateway.domain.snapshot import GRACE_DAYS, Known, step, too_many_missing
from services.gateway.import_attempts import GIVEN_UP, MAX_STARTS, NO_ROOM, NoRoomError, held, of_the_disk
from services.gateway.import_progress import Progress
from services.gateway.imports import (
    ImportedRow,
    ImportFileError,
    ImportReading,
    InventoryRow,
    ListingRow,
    RejectedRow,
    SaleRow,
    read_import,
)
from services.gateway.row_events import inventory_facts, listing_of, market_chunk, vehicle_event
from services.gateway.store import accounts
from services.gateway.store import imports as store
from services.gateway.store.accounts import Dealer
from services.gateway.store.imports import Import
from shared.messaging import Transaction, UnitOfWork
from shared.messaging.failures import passing
from shared.postgres import WorkItem, WorkTable

CHUNK = 400
LISTINGS_PER_EVENT = 100
IMPORT_QUEUE = WorkTable("import")
_MILES = {"USD", "GBP"}
_log = structlog.stdlib.get_logger("doso.import", service="gateway")


class ImportRefusedError(Exception):
    """Why a whole file was refused, for the person who sent it."""


class Importer:
    """Works off imports; an import that is interrupted starts again and repeats no event.

    One that has ended the process, or found no room, ``MAX_STARTS`` times is given up with the reason.
    """

    def __init__(self, work: UnitOfWork, most_rows: int = 2_000_000) -> None:
        self._work = work
        self._most_rows = most_rows

    async def compute(self, items: Sequence[WorkItem]) -> None:
        """Run claimed imports, one after the other."""
        for item in items:
            async with held(IMPORT_QUEUE, self._work.pool, item):
                await self._run(item)

    async def _run(self, item: WorkItem) -> None:
        import_id = UUID(item.key)
        async with self._work.begin(item.tenant_id) as tx:
            work = await store.load(tx.connection, import_id)
        if work is None:
            message = f"import {import_id} is marked as work but not stored"
            raise LookupError(message)
        async with self._work.begin(item.tenant_id) as tx:
            starts = await store.start(tx.connection, import_id)
        error = GIVEN_UP if starts > MAX_STARTS else await self._attempt(work, starts)
        async with self._work.begin(work.tenant_id) as tx:
            await store.finish(tx.connection, import_id, error=error)
            await IMPORT_QUEUE.finish(tx.connection, [item])
        _log.info("import ended", import_id=str(import_id), kind=work.kind, error=error)

    async def _attempt(self, work: Import, starts: int) -> str | None:
        """Try once; gives why the file failed, and raises what may be over at the next try."""
        try:
            with tempfile.TemporaryDirectory(prefix="doso-import-") as folder:
                path = Path(folder) / "file"
                async with self._work.begin(work.tenant_id) as tx:
                    await store.write_file(tx.connection, work.import_id, path)
                await self._import(work, path)
        except (ImportFileError, ImportRefusedError) as refusal:
            return str(refusal)
        except Exception as defect:
            if of_the_disk(defect):
                if starts >= MAX_STARTS:
                    return NO_ROOM
                raise NoRoomError(str(defect)) from defect
            if passing(defect):
                async with self._work.begin(work.tenant_id) as tx:
                    await store.forgive_start(tx.connection, work.import_id)
                raise
            _log.exception("import failed", import_id=str(work.import_id))
            return (
                f"This is our fault ({type(defect).__name__}) and has been logged. Rows counted as accepted "
                f"were taken in; sending the file again repeats none of them."
            )
        return None

    async def _import(self, work: Import, path: Path) -> None:
        dealers = await self._dealers(work.tenant_id)
        unit = "mi" if dealers[work.dealer_id].currency in _MILES else "km"
        reading = await asyncio.to_thread(
            read_import,
            path,
            work.filename,
            work.kind,  # type: ignore[arg-type]  # checked by the table's constraint
            as_of=work.as_of,
            default_odometer_unit=unit,  # type: ignore[arg-type]
            override=work.override,
        )
        async with self._work.begin(work.tenant_id) as tx:
            opened = await store.known_dealers(tx.connection)
        progress = Progress(work, dealers, opened, reading)
        gone = await self._departures(progress) if work.kind == "inventory" and work.mode == "snapshot" else {}
        chunk_number = 0
        async for rows in _chunks(reading, self._most_rows):
            async with self._work.begin(work.tenant_id) as tx:
                await self._emit(progress, tx, rows, chunk_number)
                await _keep_rejected(tx, work, rows)
                counts = reading.counts
                await store.report(
                    tx.connection, work.import_id, rows=counts.rows, accepted=counts.accepted,
                    rejected=counts.rejected, report=progress.report(),
                )  # fmt: skip
            chunk_number += 1
        await self._depart(progress, gone)
        if reading.counts.rows == 0:
            message = "The file has a header but no rows below it: send the rows with it."
            raise ImportRefusedError(message)
        if reading.counts.accepted == 0:
            message = f"None of the {reading.counts.rows} rows could be accepted: see errors for each."
            raise ImportRefusedError(message)

    async def _dealers(self, tenant_id: UUID) -> dict[UUID, Dealer]:
        async with self._work.begin(tenant_id) as tx:
            return {dealer.dealer_id: dealer for dealer in await accounts.dealers(tx.connection)}

    async def _departures(self, progress: Progress) -> dict[UUID, set[str]]:
        """Read the file once for its VINs; refuse it, before anything is emitted, if too many are missing."""
        present: dict[UUID, set[str]] = defaultdict(set)
        unreadable: Counter[UUID] = Counter()
        async for rows in _chunks(progress.reading, self._most_rows):
            for row in rows:
                dealer_id, vin = progress.listed(row)
                if vin is None:
                    unreadable[dealer_id] += 1
                else:
                    present[dealer_id].add(vin)
        if not present:
            return {}
        gone: dict[UUID, set[str]] = {}
        async with self._work.begin(progress.work.tenant_id) as tx:
            for dealer_id, vins in present.items():
                known = await store.in_stock(tx.connection, dealer_id)
                missing = {key for key in known - vins if not key.startswith("order:")}
                if too_many_missing(len(known), len(missing)) and not progress.work.confirm:
                    message = (
                        f"The snapshot lacks {len(missing)} of the {len(known)} vehicles known at "
                        f"{progress.dealers[dealer_id].name}: more than 30 %, which looks like a broken feed. "
                        f"Nothing was changed. If they really left, send it again with confirm=true."
                    )
                    raise ImportRefusedError(message)
                if 0 < len(missing) <= unreadable[dealer_id]:
                    progress.notes.append(
                        f"{len(missing)} vehicles known at {progress.dealers[dealer_id].name} are missing, but "
                        f"{unreadable[dealer_id]} rows have a VIN that cannot be read and may be them: none departs"
                    )
                    continue
                grace = 1 if progress.work.confirm else GRACE_DAYS
                left = await store.missing_again(
                    tx.connection, progress.work, dealer_id, missing=missing, present=vins, grace=grace
                )
                gone[dealer_id] = left
                if waiting := len(missing) - len(left):
                    progress.notes.append(
                        f"{waiting} vehicles known at {progress.dealers[dealer_id].name} are missing from this "
                        f"snapshot; they count as departed if that of a later day lacks them too"
                    )
        return gone

    async def _emit(
        self, progress: Progress, tx: Transaction, rows: Sequence[ImportedRow | RejectedRow], chunk: int
    ) -> None:
        listings = []
        inventory = [row for row in rows if isinstance(row, InventoryRow)]
        known = await store.known_vehicles(tx.connection, [row.vin for row in inventory])
        for row in rows:
            if isinstance(row, InventoryRow):
                self._emit_inventory(progress, tx, row, known.get(row.vin))
            elif isinstance(row, SaleRow):
                wholesale = row.purchase_type == "wholesale"
                kind = "vehicle.wholesaled" if wholesale else "vehicle.sold"
                at = datetime(row.sale_date.year, row.sale_date.month, row.sale_date.day, 23, 59, tzinfo=UTC)
                tx.emit(vehicle_event(progress.work, progress.dealer_of(row), row, kind, at))
                progress.events[kind] += 1
            elif isinstance(row, ListingRow):
                listings.append(listing_of(row, progress.work.as_of))
        for start in range(0, len(listings), LISTINGS_PER_EVENT):
            number = chunk * (CHUNK // LISTINGS_PER_EVENT) + start // LISTINGS_PER_EVENT
            part = listings[start : start + LISTINGS_PER_EVENT]
            tx.emit(market_chunk(progress.work, progress.dealer, part, number))
            progress.events["listing"] += len(part)

    def _emit_inventory(
        self, progress: Progress, tx: Transaction, row: InventoryRow, seen: store.KnownVehicle | None
    ) -> None:
        work, dealer = progress.work, progress.dealer_of(row)
        here = seen is not None and seen.dealer_id == dealer.dealer_id
        known = Known(seen.status, here, seen.exit_date, seen.document) if seen else None
        opening = dealer.dealer_id not in progress.opened
        told = step(known, inventory_facts(row), work.as_of, opening=opening)
        if told.stale:
            progress.stale.append(row.vin)
        if told.kind is None:
            return
        progress.events[told.kind] += 1
        at = moment(work.as_of, dealer.timezone, datetime.now(UTC))
        since = told.facts.get("stock_date")
        # Only what was never heard of is told from its first day on: what left before and is back, is back now.
        if seen is None and told.kind == "vehicle.stocked" and isinstance(since, date):
            at = min(at, datetime(since.year, since.month, since.day, tzinfo=UTC))
        if told.kind == "vehicle.transferred" and seen is not None:
            leaving = progress.dealers[seen.dealer_id]
            facts = {**told.facts, "destination_dealer_id": dealer.dealer_id}
            tx.emit(vehicle_event(work, leaving, row, told.kind, at, facts))
            return
        tx.emit(vehicle_event(work, dealer, row, told.kind, at, told.facts))

    async def _depart(self, progress: Progress, gone: dict[UUID, set[str]]) -> None:
        async with self._work.begin(progress.work.tenant_id) as tx:
            for dealer_id, keys in gone.items():
                dealer = progress.dealers[dealer_id]
                at = moment(progress.work.as_of, dealer.timezone, datetime.now(UTC))
                await store.forget_missing(tx.connection, dealer_id, keys)
                for key in sorted(keys):
                    tx.emit(vehicle_event(progress.work, dealer, None, "vehicle.departed", at, {"vin": key}))
                    progress.events["vehicle.departed"] += 1
            counts = progress.reading.counts
            await store.report(
                tx.connection, progress.work.import_id, rows=counts.rows, accepted=counts.accepted,
                rejected=counts.rejected, report=progress.report(),
            )  # fmt: skip


async def _chunks(reading: ImportReading, most: int) -> AsyncIterator[list[ImportedRow | RejectedRow]]:
    """Read rows in a thread, a chunk at a time, so that parsing never holds the event loop."""
    rows = iter(reading)
    while chunk := await asyncio.to_thread(lambda: list(islice(rows, CHUNK))):
        if reading.counts.rows > most:
            message = f"The file has more than {most} rows, the most in one file: split it. Rows up to there count."
            raise ImportRefusedError(message)
        yield chunk


async def _keep_rejected(tx: Transaction, work: Import, rows: Sequence[ImportedRow | RejectedRow]) -> None:
    rejected = [
        (row.line, row.problems[0].field or "row", row.reason, row.cells)
        for row in rows
        if isinstance(row, RejectedRow)
    ]
    if rejected:
        await store.add_rejections(tx.connection, work, rejected)


def moment(as_of: date, timezone: str, now: datetime) -> datetime:
    """Place a snapshot in time: now when it is today's in the rooftop's time zone, else noon of its day, UTC."""
    today = now.astimezone(ZoneInfo(timezone)).date()
    return now if as_of >= today else datetime(as_of.year, as_of.month, as_of.day, 12, tzinfo=UTC)
