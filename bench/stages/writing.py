"""Effectively-once writing: inventory's own handler and transaction, by batches, by single events, and from Kafka."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bench.stages.consuming import BATCH, Counted, Counting, consuming
from bench.stages.materials import records
from services.inventory.handlers import on_dms_event_received
from shared.messaging import KafkaSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.events import DmsEventReceived
    from shared.messaging import UnitOfWork
    from shared.observability import Telemetry


async def writing(
    events: Sequence[DmsEventReceived], work: UnitOfWork, telemetry: Telemetry, *, batch: int = BATCH
) -> float:
    """Handle events that are in memory, so many a transaction: inbox, vehicles, outbox. Gives events a second."""
    counting = Counting(len(events))
    consumer = _consumer(counting, work, telemetry, KafkaSettings(bootstrap_servers="none"))
    made = records(events)
    began = time.perf_counter()
    for start in range(0, len(made), batch):
        await consumer.consume(made[start : start + batch])
    return len(made) / (time.perf_counter() - began)


async def through(servers: str, count: int, work: UnitOfWork, telemetry: Telemetry) -> float:
    """Do the same with the ``count`` records that were not read so yet; gives events a second."""
    kafka = KafkaSettings(bootstrap_servers=servers)
    counting = Counting(count)
    async with consuming(kafka, _consumer(counting, work, telemetry, kafka), "writing"):
        return await counting.per_second()


def _consumer(counting: Counting, work: UnitOfWork, telemetry: Telemetry, kafka: KafkaSettings) -> Counted:
    return Counted(counting, on_dms_event_received, work, telemetry=telemetry, kafka=kafka)
