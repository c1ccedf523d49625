"""The relay: the one place from which events reach Kafka.

One relay per service is active, held by an advisory lock, because two would break the order of a key. It is
woken by NOTIFY, with a poll as fallback. It takes rows off what waits only after the broker acknowledged them: a
crash in between publishes them again, which every inbox absorbs. A row that the broker refuses for good is found by
sending one at a time, and set aside: what is behind it is published all the same.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import Sequence
from datetime import timedelta

import asyncpg
import structlog

from shared.messaging.failpoints import reach
from shared.messaging.flow_control import FlowControl
from shared.messaging.kafka_settings import KafkaSettings
from shared.messaging.publisher import KAFKA_AWAY, SEND_TIMEOUT, STOP_TIMEOUT, Publisher
from shared.messaging.refused import REFUSED, set_aside
from shared.observability import Metrics
from shared.postgres.pool import PostgresSettings, milliseconds, role_of

BATCH = 500
POLL_SECONDS = 1.0
RETRY_SECONDS = 1.0
REST_SECONDS = 0.03
MEASURE_SECONDS = 5.0
LETTERS_SECONDS = 30.0
"""How often dead letters are counted: the table is read whole, and holds many just when much is amiss."""
COUNT_SECONDS = 2.0
LATE_AFTER = timedelta(hours=1)
"""What waited for longer is kept in the outbox from when it was published on, not from when it was entered."""
LEAD_SECONDS = 30.0
"""How long it leads without reaching Kafka; after that another replica may try, which may reach it."""

_POSTGRES_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that was cut in mid-protocol
)


class Relay:
    """Publishes a service's outbox in order, for as long as it runs."""

    def __init__(self, service: str, postgres: PostgresSettings, kafka: KafkaSettings, *, metrics: Metrics) -> None:
        self._service = service
        self._postgres = postgres
        self._kafka = kafka
        self._metrics = metrics
        self._woken = asyncio.Event()
        self._measured_at = self._letters_at = -math.inf
        self._reached_at = -math.inf
        self._singly = 0
        """How many rows are still to be sent one at a time, because one among them is refused."""
        self._log = structlog.stdlib.get_logger("doso.relay", service=service)
        self._lead_is(leading=False)

    async def run(self) -> None:
        """Relay until cancelled; connection failures are survived, with a pause."""
        while True:
            try:
                await self._session()
            except (*_POSTGRES_AWAY, *KAFKA_AWAY) as error:
                self._lead_is(leading=False)
                self._log.warning("relay interrupted", error=str(error), error_class=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    async def _session(self) -> None:
        # A connection of its own: LISTEN and the advisory lock live and die with it.
        connection = await asyncpg.connect(
            self._postgres.dsn,
            user=role_of(self._service),
            password=self._postgres.password,
            timeout=self._postgres.connect_timeout,
            command_timeout=self._postgres.command_timeout,
            server_settings={
                "search_path": self._service,
                # A plan kept from when nothing waited would read the whole outbox.
                "plan_cache_mode": "force_custom_plan",
                "application_name": f"doso-{self._service}-relay",
                # A relay asks every second. One that froze must lose its lock, or nobody publishes any more.
                "idle_session_timeout": milliseconds(self._postgres.silence_timeout),
            },
        )
        try:
            await self._lead(connection)
            self._reached_at = time.monotonic()
            await connection.add_listener(f"outbox_{self._service}", self._wake)
            while True:
                try:
                    await self._relay(connection)
                except KAFKA_AWAY as error:
                    if connection.is_closed() or time.monotonic() - self._reached_at > LEAD_SECONDS:
                        raise
                    # Whoever leads is who tells how much waits; a moment without Kafka is no reason to stop.
                    self._log.warning("relay interrupted", error=str(error), error_class=type(error).__name__)
                    await asyncio.sleep(RETRY_SECONDS)
        finally:
            self._lead_is(leading=False)
            await self._disconnect(connection)

    async def _relay(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        publisher: Publisher | None = None
        flow = FlowControl(self._kafka, self._kafka.kept_bytes) if self._kafka.kept_bytes else None
        try:
            self._measured_at = -math.inf
            await self._measure(connection)  # Here too: while the broker is away, we come no further.
            publisher = Publisher(self._service, self._kafka)
            await publisher.start()
            if flow:
                async with asyncio.timeout(SEND_TIMEOUT):
                    await flow.start()
            while True:
                self._reached_at = time.monotonic()
                self._woken.clear()
                more = await self._publish_batch(connection, publisher, flow)
                await self._measure(connection)
                await self._count_letters(connection)
                if not more:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(POLL_SECONDS):
                            await self._woken.wait()
        finally:
            # Nothing is lost by cutting either short: the rows are still unpublished.
            if flow is not None:
                with contextlib.suppress(*KAFKA_AWAY):
                    async with asyncio.timeout(STOP_TIMEOUT):
                        await flow.close()
            if publisher is not None:
                await publisher.stop()

    async def _lead(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        lock = "SELECT pg_try_advisory_lock(hashtext($1))"
        while not await connection.fetchval(lock, f"relay {self._service}"):  # noqa: ASYNC110  # another process holds it
            await asyncio.sleep(POLL_SECONDS)
        self._lead_is(leading=True)

    def _lead_is(self, *, leading: bool) -> None:
        self.leading = leading
        self._metrics.leading(leading=leading)
        if not leading:
            # Whoever leads next tells it; what we last saw would stay for ever.
            self._metrics.holding({})
            self._letters_at = -math.inf

    async def _publish_batch(
        self, connection: "asyncpg.Connection[asyncpg.Record]", publisher: Publisher, flow: FlowControl | None
    ) -> bool:
        """Publish the oldest rows; returns whether there may be more."""
        began = time.monotonic()
        most = 1 if self._singly else BATCH
        waiting: Sequence[asyncpg.Record] = await connection.fetch(
            """
            SELECT w.seq, id, topic, key, payload, headers, created_at < clock_timestamp() - $2::interval AS late
            FROM (SELECT seq, id FROM outbox_waiting ORDER BY seq LIMIT $1) AS w JOIN outbox USING (id) ORDER BY w.seq
            LIMIT $3
            """,
            BATCH,
            LATE_AFTER,
            most,
        )
        if not waiting:
            return False
        rows = await flow.admit(waiting) if flow else waiting
        try:
            places = await publisher.send(rows)
        except REFUSED as error:
            await self._refused(connection, rows, error)
            raise  # the client has counted what was refused: only a new one's numbers are without a gap
        self._singly = max(0, self._singly - 1)
        reach("relay.after_send")
        if late := [row["id"] for row in rows if row["late"]]:
            await connection.execute(
                "UPDATE outbox SET created_at = clock_timestamp() WHERE id = ANY($1::uuid[])", late
            )
        await connection.execute(
            "DELETE FROM outbox_waiting WHERE seq = ANY($1::bigint[])", [row["seq"] for row in rows]
        )
        if flow:
            for row, (partition, offset) in zip(rows, places, strict=True):
                flow.published(row, partition, offset)
        if not self._singly and len(waiting) < BATCH // 2:
            # Every reader pays for each batch: resting as long as this one took lets more rows gather for the next.
            await asyncio.sleep(min(time.monotonic() - began, REST_SECONDS))
        return len(rows) < len(waiting) or len(waiting) == most

    async def _refused(
        self, connection: "asyncpg.Connection[asyncpg.Record]", rows: Sequence[asyncpg.Record], error: Exception
    ) -> None:
        """Send what was refused together one at a time from now on; set aside what was refused alone."""
        if len(rows) > 1:
            self._singly = len(rows)
            return
        [row] = rows
        self._singly = max(0, self._singly - 1)
        await set_aside(connection, row, error)
        self._metrics.dead_lettered(row["topic"], type(error).__name__)
        self._log.error(
            "refused and set aside", topic=row["topic"], id=str(row["id"]), seq=row["seq"], error=str(error)
        )

    async def _measure(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        if time.monotonic() - self._measured_at < MEASURE_SECONDS:
            return  # a backlog takes time to count, which it then lacks to shrink
        self._measured_at = time.monotonic()
        [row] = await connection.fetch(
            """
            SELECT count(*) AS waiting, (
                SELECT extract(epoch FROM clock_timestamp() - created_at) FROM outbox
                WHERE id = (SELECT id FROM outbox_waiting ORDER BY seq LIMIT 1)) AS age
            FROM outbox_waiting
            """
        )
        self._metrics.outbox(unpublished=row["waiting"], oldest_seconds=float(row["age"] or 0.0))

    async def _count_letters(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        """Tell what the table holds, which is no reason to publish nothing where it cannot be read."""
        if time.monotonic() - self._letters_at < LETTERS_SECONDS:
            return
        self._letters_at = time.monotonic()
        try:
            rows = await connection.fetch(
                "SELECT topic, count(*) FROM dead_letter WHERE replayed_at IS NULL GROUP BY topic",
                timeout=COUNT_SECONDS,
            )
        except (TimeoutError, asyncpg.QueryCanceledError) as error:
            self._log.warning("dead letters not counted", error=str(error), error_class=type(error).__name__)
        else:
            self._metrics.holding({row["topic"]: row["count"] for row in rows})

    async def _disconnect(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await connection.close()
        except _POSTGRES_AWAY as error:
            self._log.warning("relay closed late", error=str(error), error_class=type(error).__name__)
            connection.terminate()  # and with it ends the lock

    def _wake(self, *_: object) -> None:
        self._woken.set()
