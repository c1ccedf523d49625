"""Each stage of the pipeline by itself, beside what its parts can do at best in the same run."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bench.database_limits import database_limits
from bench.servers import running_servers
from bench.stages import consuming, relaying, searching, writing
from bench.stages.materials import payload, reports
from bench.statistics import percentile, spread
from bench.tables import Limit, Mark, Row, Table, shown
from shared.messaging import UnitOfWork
from shared.messaging.service import spare_the_collector
from shared.observability import TelemetrySettings, observe
from shared.postgres import PostgresSettings, create_pool

if TYPE_CHECKING:
    from bench.options import Options
    from bench.progress import Steps
    from bench.servers import Servers
    from shared.observability import Telemetry

BACKLOG = 100_000
EVENTS, BY_THE_EVENT, INSERTS, WARM_UP = 10_000, 300, 1_000, 2_000
POINTS = ((10_000, 0.12), (100_000, 0.2))
"""Vectors in the store, and the share of numpy's searches that is aimed at."""


async def measure(options: Options, steps: Steps) -> Table:
    """Measure reading, writing, relaying and searching on real servers, without the system around them."""
    table = Table("stages", "Stages, each beside its limit")
    spare_the_collector()  # as every service does
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(running_servers(options.folder / "stages", steps))
        telemetry = observe("bench", TelemetrySettings(log_level="ERROR"))
        works = {}
        for service in ("inventory", "gateway"):
            pool = await create_pool(service, PostgresSettings(dsn=servers.dsn))
            stack.push_async_callback(pool.close)
            works[service] = UnitOfWork(pool, service)
        stages = _Stages(servers, telemetry, works["inventory"], works["gateway"], options.repeats, steps)
        table.rows += [*await stages.write(), *await stages.read(), *await stages.relay()]
    for points, share in POINTS:
        with steps.step(f"searching {points:,} vectors"):
            runs = [
                await searching.searching(options.folder / f"vectors-{points}-{run}", points)
                for run in range(options.repeats)
            ]
        figure, limit = (
            spread([run[0] for run in runs]),
            Limit("numpy, the group's own", spread([r[1] for r in runs])),
        )
        name = f"search within a group, {points:,} vectors of {searching.TENANTS} groups"
        table.rows.append(Row(name, "searches/s", figure, (limit,), _share(share, limit)))
    table.notes += [
        f"real Apache Kafka and PostgreSQL on the same cores; began {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "reading: the consumer of every service with its batches, but no transaction; offsets committed by batch",
        "writing: inventory's handler as it runs, which folds vehicles and keeps their history too",
        "POST beside the empty application and NDJSON beside the outbox's statement are in the table requests",
    ]
    return table


class _Stages:
    """The stages that need servers."""

    def __init__(
        self,
        servers: Servers,
        telemetry: Telemetry,
        inventory: UnitOfWork,
        gateway: UnitOfWork,
        repeats: int,
        steps: Steps,
    ) -> None:
        self._servers = servers
        self._telemetry = telemetry
        self._inventory = inventory
        self._gateway = gateway
        self._repeats = repeats
        self._steps = steps

    async def write(self) -> list[Row]:
        """Write batches and single events, beside COPY."""
        batches, singles, throughs = [], [], []
        payloads = [payload(event) for event in reports(EVENTS, "limit")]
        copy, _ = await database_limits(
            self._servers.dsn, payloads, self._repeats, self._steps, batch=consuming.BATCH
        )
        await writing.writing(reports(WARM_UP, "warm-up"), self._inventory, self._telemetry)
        for run in range(self._repeats):
            with self._steps.step("writing"):
                batches.append(await writing.writing(reports(EVENTS, f"b{run}"), self._inventory, self._telemetry))
                few = reports(BY_THE_EVENT, f"s{run}")
                singles.append(await writing.writing(few, self._inventory, self._telemetry, batch=1))
            with self._steps.step("from Kafka to the outbox"):
                await asyncio.to_thread(
                    consuming.produce, self._servers.bootstrap_servers, reports(EVENTS, f"t{run}"), EVENTS
                )
                throughs.append(
                    await writing.through(self._servers.bootstrap_servers, EVENTS, self._inventory, self._telemetry)
                )
        by_batch, by_event = spread(batches), Limit("an event a transaction", spread(singles))
        stage = Limit("the same from memory", by_batch)
        return [
            Row(
                f"effectively-once write, {consuming.BATCH:,} a transaction",
                "events/s",
                by_batch,
                (copy,),
                _share(0.15, copy),
            ),
            Row(
                "the same, beside an event a transaction",
                "events/s",
                by_batch,
                (by_event,),
                Mark("at least", 30 * by_event.value.median, "≥ 30×"),
            ),
            Row("Kafka → write → outbox", "events/s", spread(throughs), (stage,), _share(0.7, stage)),
        ]

    async def read(self) -> list[Row]:
        """Work off a backlog, beside the bare client."""
        with self._steps.step(f"producing {BACKLOG:,} records"):
            events = reports(2_000, "backlog")
            await asyncio.to_thread(consuming.produce, self._servers.bootstrap_servers, events, BACKLOG)
        bare, mine = [], []
        for _ in range(self._repeats):
            with self._steps.step("reading"):
                bare.append(await consuming.raw(self._servers.bootstrap_servers, BACKLOG))
                mine.append(
                    await consuming.reading(
                        self._servers.bootstrap_servers, BACKLOG, self._telemetry, self._inventory
                    )
                )
        limit = Limit("aiokafka and pydantic", spread([each.per_second for each in bare]))
        stall = Limit("aiokafka and pydantic", spread([1e3 * each.longest_stall for each in bare]))
        return [
            Row("read and validate", "events/s", spread([e.per_second for e in mine]), (limit,), _share(0.6, limit)),
            Row(
                f"longest stall under {BACKLOG:,} records",
                "ms",
                spread([1e3 * each.longest_stall for each in mine]),
                (stall,),
                Mark("below", 100.001, "≤ 100"),
            ),
        ]

    async def relay(self) -> list[Row]:
        """Relay an outbox, beside the quickest producer; then time single rows."""
        events, rates, limits, took = reports(EVENTS, "relay"), [], [], []
        for _ in range(self._repeats):
            with self._steps.step("relaying"):
                limits.append(
                    await asyncio.to_thread(
                        consuming.produce, self._servers.bootstrap_servers, events, 5 * len(events)
                    )
                )
                rates.append(await relaying.relaying(self._servers, self._gateway, self._telemetry, events))
            with self._steps.step(f"relay at {relaying.PER_SECOND:g} rows a second"):
                took.append(await relaying.latencies(self._servers, self._gateway, self._telemetry, events[:INSERTS]))
        limit = Limit("confluent-kafka, idempotent", spread(limits))
        every = [seconds for run in took for seconds in run]
        rows = [Row("outbox relay", "rows/s", spread(rates), (limit,), _share(0.35, limit))]
        for share, words, most in ((0.5, "p50", 10.0), (0.99, "p99", 30.0)):
            figure = spread([1e3 * percentile(run, share) for run in took])
            mark = Mark("below", most, f"≤ {most:g}")
            detail = f"longest {shown(1e3 * max(every))} ms, n={len(every):,}"
            rows.append(Row(f"insert → consumer at 100/s, {words}", "ms", figure, (), mark, detail))
        return rows


def _share(share: float, limit: Limit) -> Mark:
    return Mark("at least", share * limit.value.median, f"≥ {share:g}×")
