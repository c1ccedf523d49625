"""Running an import: file to rows to events, a few hundred at a time, each chunk one transaction."""

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import structlog

from services.gateway.domain.snapshot import Known, step
from services.gateway.importing.attempts import GIVEN_UP, IMPORT_QUEUE, MAX_STARTS, NO_ROOM, NoRoomError, of_the_disk
from services.gateway.importing.chunks import CHUNK, ImportRefusedError, chunks
from services.gateway.importing.departures import Departures
from services.gateway.importing.progress import Progress
from services.gateway.importing.row_events import (
    first_moment,
    inventory_facts,
    listing_of,
    market_chunk,
    moment,
    moment_of_sale,
    vehicle_event,
)
from services.gateway.imports import (
    ImportedRow,
    ImportFileError,
    InventoryRow,
    ListingRow,
    RejectedRow,
    SaleRow,
    read_import,
)
from services.gateway.store import accounts
from services.gateway.store import imports as store
from services.gateway.store.accounts import Dealer
from services.gateway.store.imports import Import
from shared.events import usual_odometer_unit
from shared.messaging import Transaction, UnitOfWork
from shared.messaging.failures import passing
from shared.postgres import WorkItem

LISTINGS_PER_EVENT = 100
_log = structlog.stdlib.get_logger("doso.import", service="gateway")


class Importer:
    """Works off imports; an import that is interrupted starts again and repeats no event.

    One that has ended the process, or found no room, ``MAX_STARTS`` times is given up with the reason.
    """

    def __init__(self, work: UnitOfWork, most_rows: int = 2_000_000) -> None:
        self._work = work
        self._most_rows = most_rows
        self._unforgiven: set[UUID] = set()

    async def compute(self, items: Sequence[WorkItem]) -> None:
        """Run claimed imports, one after the other."""
        for item in items:
            await self._run(item)

    async def _run(self, item: WorkItem) -> None:
        import_id = UUID(item.key)
        async with self._work.begin(item.tenant_id) as tx:
            work = await store.load(tx.connection, import_id)
        if work is None:
            message = f"import {import_id} is marked as work but not stored"
            raise LookupError(message)
        async with self._work.begin(item.tenant_id) as tx:
            if import_id in self._unforgiven:
                await store.forgive_start(tx.connection, import_id)
            starts = await store.start(tx.connection, import_id)
            if starts is None:  # claimed long ago, and brought to its end by another since
                await IMPORT_QUEUE.finish(tx.connection, [item])
                return
        self._unforgiven.discard(import_id)
        try:
            error = GIVEN_UP if starts > MAX_STARTS else await self._attempt(work, item, starts)
            async with self._work.begin(work.tenant_id) as tx:
                await store.finish(tx.connection, import_id, error=error)
                await IMPORT_QUEUE.finish(tx.connection, [item])
        except Exception as failure:
            if passing(failure):
                await self._forgive(work)
            raise
        _log.info("import ended", import_id=str(import_id), kind=work.kind, error=error)

    async def _forgive(self, work: Import) -> None:
        """Take a start back; at the next one, where the database is what is away."""
        try:
            async with self._work.begin(work.tenant_id) as tx:
                await store.forgive_start(tx.connection, work.import_id)
        except Exception as error:
            if not passing(error):
                raise
            self._unforgiven.add(work.import_id)

    async def _attempt(self, work: Import, item: WorkItem, starts: int) -> str | None:
        """Try once; gives why the file failed, and raises what may be over at the next try."""
        try:
            with tempfile.TemporaryDirectory(prefix="doso-import-") as folder:
                path = Path(folder) / "file"
                async with self._work.begin(work.tenant_id) as tx:
                    await store.write_file(tx.connection, work.import_id, path)
                await self._import(work, item, path)
        except (ImportFileError, ImportRefusedError) as refusal:
            return str(refusal)
        except Exception as defect:
            if of_the_disk(defect):
                if starts >= MAX_STARTS:
                    return NO_ROOM
                raise NoRoomError(str(defect)) from defect
            if passing(defect):
                raise
            _log.exception("import failed", import_id=str(work.import_id))
            return (
                f"This is our fault ({type(defect).__name__}) and has been logged. Rows counted as accepted "
                f"were taken in; sending the file again repeats none of them."
            )
        return None

    async def _import(self, work: Import, item: WorkItem, path: Path) -> None:
        dealers = await self._dealers(work.tenant_id)
        reading = await asyncio.to_thread(
            read_import,
            path,
            work.filename,
            work.kind,  # type: ignore[arg-type]  # checked by the table's constraint
            as_of=work.as_of,
            default_odometer_unit=usual_odometer_unit(dealers[work.dealer_id].currency),
            override=work.override,
            stores=sorted(dealer.name for dealer in dealers.values()) if work.by_store else None,
        )
        async with self._work.begin(work.tenant_id) as tx:
            opened = await store.known_dealers(tx.connection)
        progress = Progress(work, dealers, opened, reading)
        departures = Departures(self._work, progress, item)
        if work.kind == "inventory" and work.mode == "snapshot":
            await departures.judge(self._most_rows)
        chunk_number = 0
        async for rows in chunks(reading, self._most_rows):
            async with self._work.begin(work.tenant_id) as tx:
                await self._emit(progress, tx, rows, chunk_number)
                progress.count_refused(rows)
                await _keep_rejected(tx, work, rows)
                counts = reading.counts
                await store.report(
                    tx.connection, work.import_id, rows=counts.rows, accepted=counts.accepted,
                    rejected=counts.rejected, report=progress.report(),
                )  # fmt: skip
                await IMPORT_QUEUE.hold(tx.connection, [item])
            chunk_number += 1
        await departures.tell()
        if reading.counts.rows == 0:
            message = "The file has a header but no rows below it: send the rows with it."
            raise ImportRefusedError(message)
        if reading.counts.accepted == 0:
            raise ImportRefusedError(progress.why_none())

    async def _dealers(self, tenant_id: UUID) -> dict[UUID, Dealer]:
        async with self._work.begin(tenant_id) as tx:
            return {dealer.dealer_id: dealer for dealer in await accounts.dealers(tx.connection)}

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
                dealer = progress.dealer_of(row)
                at = moment_of_sale(row.sale_date, dealer.timezone, datetime.now(UTC))
                tx.emit(vehicle_event(progress.work, dealer, row, kind, at))
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
        facts = told.facts
        if seen is None and told.kind == "vehicle.stocked" and isinstance(since, date):
            at = min(at, first_moment(since, dealer.timezone))
            facts = {**facts, "priced_on": work.as_of}  # what it was asked for until now is not known
        if told.kind == "vehicle.transferred" and seen is not None:
            leaving = progress.dealers[seen.dealer_id]
            facts = {**facts, "destination_dealer_id": dealer.dealer_id}
            tx.emit(vehicle_event(work, leaving, row, told.kind, at, facts))
            return
        tx.emit(vehicle_event(work, dealer, row, told.kind, at, facts))


async def _keep_rejected(tx: Transaction, work: Import, rows: Sequence[ImportedRow | RejectedRow]) -> None:
    rejected = [
        (row.line, row.problems[0].field or "row", row.reason, row.cells)
        for row in rows
        if isinstance(row, RejectedRow)
    ]
    if rejected:
        await store.add_rejections(tx.connection, work, rejected)
