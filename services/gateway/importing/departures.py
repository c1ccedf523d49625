"""What a snapshot lacks: read from the file before anything of it is told, and told once all of it was."""

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

from services.gateway.domain.snapshot import GRACE_DAYS, too_many_missing
from services.gateway.importing.attempts import IMPORT_QUEUE
from services.gateway.importing.chunks import ImportRefusedError, chunks
from services.gateway.importing.progress import Progress, may_hold_a_vehicle
from services.gateway.importing.row_events import moment, vehicle_event
from services.gateway.imports import RejectedRow
from services.gateway.store import imports as store
from shared.messaging import Transaction, UnitOfWork
from shared.postgres import WorkItem


class Departures:
    """The vehicles that depart by one snapshot; none for files of other kinds, which are not judged."""

    def __init__(self, work: UnitOfWork, progress: Progress, item: WorkItem) -> None:
        self._work = work
        self._progress = progress
        self._item = item
        self._gone: dict[UUID, set[str]] = {}

    async def judge(self, most_rows: int) -> None:
        """Read the file once for its VINs; raises ``ImportRefusedError`` if it lacks too many vehicles.

        Memory holds what is known of each rooftop, however many vehicles the file lists.
        """
        progress = self._progress
        async with self._work.begin(progress.work.tenant_id) as tx:
            awaited = await store.awaited(tx.connection)
        expected = set[str]().union(*awaited.values())
        listed: set[str] = set()  # at whichever rooftop: what the file has elsewhere has moved, not departed
        judged: set[UUID] = set()
        unreadable: Counter[UUID | None] = Counter()
        async for rows in chunks(progress.reading, most_rows):
            for row in rows:
                dealer_id, vin = progress.listed(row)
                if vin is not None:
                    listed.update({vin} & expected)
                elif may_hold_a_vehicle(row):
                    unreadable[dealer_id] += 1
                if dealer_id is not None and not isinstance(row, RejectedRow):
                    judged.add(dealer_id)
        async with self._work.begin(progress.work.tenant_id) as tx:
            for dealer_id in sorted(judged):
                here = awaited.get(dealer_id, set())
                known = await store.in_stock(tx.connection, dealer_id) & here
                doubtful = unreadable[dealer_id] + unreadable[None]
                await self._judge_rooftop(tx, dealer_id, known, listed & here, doubtful)
            await IMPORT_QUEUE.hold(tx.connection, [self._item])

    async def _judge_rooftop(
        self, tx: Transaction, dealer_id: UUID, known: set[str], present: set[str], unreadable: int
    ) -> None:
        progress = self._progress
        name = progress.dealers[dealer_id].name
        missing = {key for key in known - present if not key.startswith("order:")}
        if too_many_missing(len(known), len(missing)) and not progress.work.confirm:
            message = (
                f"The snapshot lacks {len(missing)} of the {len(known)} vehicles known at {name}: more than 30 %,"
                f" which looks like a broken feed. Nothing was changed. If they really left, send it again with"
                f" confirm=true."
            )
            raise ImportRefusedError(message)
        if 0 < len(missing) <= unreadable:
            progress.notes.append(
                f"{len(missing)} vehicles known at {name} are missing, but {unreadable} rows have a VIN that cannot"
                f" be read and may be them: none departs"
            )
            return
        left = await store.missing_again(
            tx.connection,
            progress.work,
            dealer_id,
            missing=missing,
            present=present,
            grace=1 if progress.work.confirm else GRACE_DAYS,
        )
        self._gone[dealer_id] = left
        if waiting := len(missing) - len(left):
            progress.notes.append(
                f"{waiting} vehicles known at {name} are missing from this snapshot; they count as departed if that"
                f" of a later day lacks them too"
            )

    async def tell(self) -> None:
        """Let the vehicles depart that were judged gone, and report the import as it stands at its end."""
        progress = self._progress
        async with self._work.begin(progress.work.tenant_id) as tx:
            for dealer_id, keys in self._gone.items():
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
            await IMPORT_QUEUE.hold(tx.connection, [self._item])
