"""How long a batch with slow events takes, how often each is tried, and what condemns one, on a clock of the test's."""

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiokafka import ConsumerRecord

from shared.events import Event, Topic
from shared.messaging import KafkaSettings
from shared.messaging.arrivals import STREAM_SECONDS, Arrivals
from shared.messaging.broker import make_broker
from shared.messaging.consumer import BatchConsumer
from shared.messaging.failures import HandedBackError, TookTooLongError
from shared.messaging.router import EventRouter
from shared.observability import TelemetrySettings, observe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from shared.messaging.batch_budget import BatchBudget

TENANT, DEALER = uuid4(), uuid4()
KAFKA = KafkaSettings(bootstrap_servers="none")
SLOW = asyncpg.QueryCanceledError("canceling statement due to statement timeout")
REFUSED = ConnectionRefusedError("connection refused")
LOCKED = asyncpg.LockNotAvailableError("canceling statement due to lock timeout")


class Numbered(Event):
    event_type: ClassVar[str] = "numbered"
    schema_version: Literal[1] = 1
    n: int


def topic(name: str) -> Topic[Any]:
    return Topic(name, Numbered, "slow", ("slow",), 1)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Database:
    """What is kept: the ids taken in and the records parked; nothing of a transaction that fails."""

    def __init__(self) -> None:
        self.connection: list[UUID] = []
        self.inbox: set[UUID] = set()
        self.parked: dict[tuple[str, int], tuple[BaseException, int]] = {}

    @asynccontextmanager
    async def begin(self, *_tenants: UUID, **_: Any) -> AsyncIterator[SimpleNamespace]:
        new: list[UUID] = []
        yield SimpleNamespace(connection=new)
        self.inbox.update(new)

    async def enter(self, new: list[UUID], ids: Iterable[UUID], _topic: str) -> set[UUID]:
        given = set(ids)
        new.extend(given - self.inbox)
        return given & self.inbox

    async def seen(self, _connection: Any, ids: Iterable[UUID]) -> set[UUID]:
        return self.inbox.intersection(ids)

    async def park(self, _connection: Any, *, record: Any, error: BaseException, attempts: int, **_: Any) -> bool:
        new = self.place(record) not in self.parked
        self.parked.setdefault(self.place(record), (error, attempts))
        return new

    async def parked_of(self, _connection: Any, _topic: Any, records: Sequence[Any]) -> set[tuple[str, int]]:
        return self.parked.keys() & set(map(self.place, records))

    @staticmethod
    def place(record: Any) -> tuple[str, int]:
        return record.topic, record.offset


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    kept, consumer = Database(), "shared.messaging.consumer"
    monkeypatch.setattr(f"{consumer}.BACKOFF_SECONDS", 0.0)
    for name in ("enter", "seen", "park"):
        monkeypatch.setattr(f"{consumer}.{name}", getattr(kept, name))
    monkeypatch.setattr(f"{consumer}.parked", kept.parked_of)
    monkeypatch.setattr(f"{consumer}.place_of", kept.place)
    return kept


class Service:
    """A consumer whose handler fails as the test says, in as much time as that takes."""

    def __init__(
        self, database: Database, fails: Callable[[list[int]], BaseException | None],
        *, statement_seconds: float = 30.0, gathers: bool = False, topics: Sequence[str] = ("numbered",),
    ) -> None:  # fmt: skip
        self.clock, self.fails, self.tries = Clock(), fails, list[list[int]]()
        self.arrivals, self.pressures = Arrivals(stream_per_second=1.0, clock=self.clock), list[float]()
        self.statement_seconds = statement_seconds
        self.budget: BatchBudget = KAFKA.batch_budget(statement_seconds, topics=len(topics), gathers=gathers)
        telemetry = observe("slow", TelemetrySettings(log_level="CRITICAL"))
        self.consumer = BatchConsumer(
            "slow", {name: (topic(name), self.handle) for name in topics}, database,  # type: ignore[arg-type]
            metrics=telemetry.metrics, tracer=telemetry.tracer, settings=KAFKA, budget=self.budget,
            arrivals=self.arrivals, gathers=gathers, clock=self.clock,
        )  # fmt: skip

    async def handle(self, events: Sequence[Numbered], _tx: Any) -> None:
        numbers = [event.n for event in events]
        self.tries.append(numbers)
        self.pressures.append(self.arrivals.pressure)
        self.clock.now += 0.01
        error = self.fails(numbers)
        if error is SLOW:
            self.clock.now += self.statement_seconds
        if error is not None:
            raise error

    async def seconds(self, batch: Sequence[Any]) -> float:
        """Give how long the consumer held a batch, whether it was done with it or handed it back."""
        began = self.clock.now
        try:
            await self.consumer.consume(batch)
        except HandedBackError:
            assert self.clock.now > began
        return self.clock.now - began


def records(count: int, *topics: str) -> list[ConsumerRecord[Any, Any]]:
    places = itertools.product(topics or ("numbered",), range(count))
    return [ConsumerRecord(name, 0, n, 0, 0, b"key", body_of(n), None, 0, 0, []) for name, n in places]


def body_of(n: int) -> bytes:
    event = Numbered(event_id=uuid4(), occurred_at=datetime.now(UTC), tenant_id=TENANT, dealer_id=DEALER, n=n)
    return event.model_dump_json().encode()


def slow_with(*guilty: int) -> Callable[[list[int]], BaseException | None]:
    return lambda numbers: SLOW if set(guilty).intersection(numbers) else None


@pytest.mark.parametrize("others", [[REFUSED] * 4, [LOCKED] * 4, [REFUSED, LOCKED, SLOW, SLOW]])
async def test_an_event_is_not_parked_for_a_slow_try_after_others_that_were_not(
    database: Database, others: list[BaseException]
) -> None:
    errors = [*others, SLOW]
    service = Service(database, lambda _: errors.pop(0) if errors else None)
    batch = records(1)
    with pytest.raises(asyncpg.QueryCanceledError):
        await service.consumer.consume(batch)
    assert len(service.tries) == KAFKA.attempts
    assert database.parked == {}
    await service.consumer.consume(batch)
    assert len(database.inbox) == 1


async def test_a_stream_goes_on_while_one_of_its_batches_takes_long(database: Database) -> None:
    errors = [None, SLOW, SLOW]
    service = Service(database, lambda _: errors.pop(0) if errors else None)
    await service.consumer.consume(records(10))
    await service.consumer.consume(records(1))
    assert service.pressures == [0, 5, 5, 5], "the second batch took more than a minute"
    service.clock.now += STREAM_SECONDS
    assert service.arrivals.pressure == 0


async def test_an_event_is_parked_when_every_try_was_slow(database: Database) -> None:
    service = Service(database, slow_with(0))
    await service.consumer.consume(records(1))
    [(error, attempts)] = database.parked.values()
    assert isinstance(error, TookTooLongError)
    assert len(service.tries) == attempts == KAFKA.attempts


@pytest.mark.parametrize("gathers", [False, True])
@pytest.mark.parametrize("statement_seconds", [30.0, 60.0])
@pytest.mark.parametrize("where", [0.0, 0.99])
async def test_the_slowest_event_is_parked_before_the_broker_and_health_lose_patience(
    database: Database, statement_seconds: float, where: float, *, gathers: bool
) -> None:
    service = Service(database, lambda _: None, statement_seconds=statement_seconds, gathers=gathers)
    count = service.budget.records
    guilty = int(where * count)
    service.fails = slow_with(guilty)
    held = await service.seconds(records(count))
    assert database.parked.keys() == {("numbered", guilty)}
    taken_in = len(database.inbox)
    assert taken_in == count - 1, "one slow event is no reason to hand the others back"
    assert service.tries.count([guilty]) == KAFKA.attempts
    assert held <= service.budget.longest_seconds < service.budget.poll_interval_seconds
    assert service.budget.poll_interval_seconds < service.budget.health_seconds


@pytest.mark.parametrize("topics", [("numbered",), ("a", "b", "c")])
async def test_a_batch_of_many_slow_events_is_handed_back_in_time_and_done_in_the_end(
    database: Database, topics: tuple[str, ...]
) -> None:
    guilty = (0, 21, 190, 192, 900)
    service = Service(database, slow_with(*guilty), topics=topics)
    each = service.budget.records // len(topics)
    batch = records(each, *topics)
    expected = {(name, n) for name in topics for n in guilty if n < each}
    deliveries = 0
    while database.parked.keys() != expected or len(database.inbox) + len(expected) < len(batch):
        before, deliveries = service.consumer.salvaged, deliveries + 1
        assert await service.seconds(batch) <= service.budget.longest_seconds
        assert service.consumer.salvaged > before, "each delivery keeps something, and tells health so"
    assert 1 < deliveries <= len(expected) + 1
    for error, attempts in database.parked.values():
        assert isinstance(error, TookTooLongError), "none is parked for want of time"
        assert attempts == 5


async def test_a_database_that_goes_away_while_a_batch_is_divided_does_not_hold_it_for_longer(
    database: Database,
) -> None:
    service = Service(database, slow_with(0))

    def slow_and_then_away(_numbers: list[int]) -> BaseException:
        if service.clock.now < 1_000.0 + 3 * service.statement_seconds:
            return SLOW
        service.clock.now += service.budget.longest_seconds
        return TimeoutError()

    service.fails = slow_and_then_away
    with pytest.raises(TimeoutError):
        await service.consumer.consume(records(500))
    assert len(service.tries) == 4
    assert database.parked == {}


async def test_what_fails_for_good_is_no_progress_when_it_comes_again(database: Database) -> None:
    service = Service(database, lambda numbers: LookupError() if 3 in numbers else None)
    batch = records(20)
    await service.consumer.consume(batch)
    salvaged = service.consumer.salvaged
    assert salvaged == 20
    await service.consumer.consume(batch)
    assert service.consumer.salvaged == salvaged


@pytest.mark.parametrize("gathers", [False, True])
def test_the_client_waits_for_as_long_as_the_budget_says(database: Database, *, gathers: bool) -> None:
    service = Service(database, lambda _: None, statement_seconds=120.0, gathers=gathers)
    router = EventRouter("slow", gathers=gathers)
    router.handlers["numbered"] = (topic("numbered"), service.handle)
    subscriber = router.subscribe(make_broker("slow", KAFKA), KAFKA, service.consumer)
    options = subscriber._connection_args
    assert options["max_poll_interval_ms"] == 1000 * service.budget.poll_interval_seconds
    assert subscriber.max_records == service.budget.records


@pytest.mark.parametrize(
    ("gathers", "taken", "waiting", "rests"),
    [
        (False, 1, 49, True),
        (False, 1, 50, False),
        (False, 249, 248, True),
        (False, 249, 249, False),
        (False, 250, 0, False),
        (True, 250, 0, True),
        (True, 1_499, 1_498, True),
        (True, 1_499, 1_499, False),
        (True, 1_500, 0, False),
        (True, 36, 5_000, False),
    ],
)
async def test_who_keeps_up_rests_and_who_is_behind_does_not(
    database: Database, monkeypatch: pytest.MonkeyPatch, taken: int, waiting: int, *, gathers: bool, rests: bool
) -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    service = Service(database, lambda _: None, gathers=gathers)
    batch = records(taken)
    monkeypatch.setattr("shared.messaging.consumer.asyncio.sleep", pause)
    await service.consumer.consume(batch, waiting=lambda: waiting)
    assert len(database.inbox) == taken
    assert any(pauses) is rests
    assert max(pauses, default=0) <= (0.5 if gathers else 0.05)
