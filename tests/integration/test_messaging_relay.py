"""The relay: in order, marked only when acknowledged, woken when there is something, one at a time."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import asynccontextmanager

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from shared.events import new_event_id
from shared.messaging import UnitOfWork
from shared.messaging.ending import end
from shared.messaging.failures import passing
from shared.messaging.publisher import Publisher
from shared.postgres import create_pool


@asynccontextmanager
async def relaying(*relays):
    """Run relays until the block ends."""
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    try:
        yield
        assert not any(task.done() for task in tasks)
    finally:
        await end(*tasks)


async def emit(probe, *events) -> None:
    async with probe.work.begin(probe.tenant) as tx:
        for event in events:
            tx.emit(event)


async def kill_leader(probe) -> None:
    """End the connection that holds the relay's lock, and wait until it is gone."""
    await probe.value(
        "SELECT pg_terminate_backend(l.pid, 30000) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE l.locktype = 'advisory' AND l.granted AND a.application_name = $1",
        f"doso-{probe.service}-relay",
    )


class HeldBack:
    """Acknowledgements of the real broker, passed on only once ``gate`` is set."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.acknowledged = asyncio.Event()

    def producer(self, **options):
        made = AIOKafkaProducer(**options)
        send = made.send_batch

        async def passed_on(sent):
            acknowledgement = await sent
            self.acknowledged.set()
            await self.gate.wait()
            return acknowledgement

        async def held(*arguments, **named):
            return asyncio.ensure_future(passed_on(await send(*arguments, **named)))

        made.send_batch = held
        return made


@pytest.fixture
def held_back(monkeypatch) -> HeldBack:
    held = HeldBack()
    monkeypatch.setattr("shared.messaging.publisher.AIOKafkaProducer", held.producer)
    return held


async def test_each_key_is_published_in_the_order_of_the_outbox(probe, monkeypatch) -> None:
    monkeypatch.setattr("shared.messaging.relay.BATCH", 100)
    dealers = [new_event_id() for _ in range(5)]
    events = [probe.event(n, dealer_id=dealers[n % 5]) for n in range(1030)]
    await emit(probe, *events)
    async with relaying(probe.relay()):
        await probe.published()
    wanted, got = defaultdict(list), defaultdict(list)
    for event in events:
        wanted[str(event.dealer_id).encode()].append(event.model_dump_json(exclude_none=True).encode())
    for record in await probe.records():
        got[record.key].append(record.value)
    assert got == wanted


async def test_a_record_carries_its_event_as_cloudevent_headers(probe) -> None:
    event = probe.event(1)
    await emit(probe, event)
    async with relaying(probe.relay()):
        await probe.published()
    [record] = await probe.records()
    headers = dict(record.headers)
    assert headers["ce_id"] == str(event.event_id).encode()
    assert headers["ce_time"] == event.occurred_at.isoformat().encode()
    assert headers["content-type"] == b"application/json"


async def test_a_row_is_marked_only_after_the_broker_acknowledged_it(probe, held_back) -> None:
    await emit(probe, probe.event(1))
    async with relaying(probe.relay()):
        await asyncio.wait_for(held_back.acknowledged.wait(), 60)
        assert len(await probe.records()) == 1
        assert await probe.value("SELECT count(*) FROM outbox_waiting") == 1
        held_back.gate.set()
        await probe.published()
    assert len(await probe.records()) == 1


async def test_what_waited_long_is_kept_from_when_it_was_published(probe) -> None:
    late, fresh = probe.event(1), probe.event(2)
    await emit(probe, late, fresh)
    await probe.owner.execute(
        "UPDATE outbox SET created_at = now() - CASE WHEN id = $1 THEN interval '8 days' ELSE interval '1 minute' END",
        late.event_id,
    )
    async with relaying(probe.relay()):
        await probe.published()
    ages = await probe.owner.fetch("SELECT id, now() - created_at < interval '30 seconds' AS anew FROM outbox")
    assert {row["id"]: row["anew"] for row in ages} == {late.event_id: True, fresh.event_id: False}


async def test_what_was_sent_but_not_marked_is_sent_again_under_the_same_id(probe, held_back, monkeypatch) -> None:
    monkeypatch.setattr("shared.messaging.relay.RETRY_SECONDS", 0.05)
    event = probe.event(1)
    await emit(probe, event)
    async with relaying(probe.relay()):
        await asyncio.wait_for(held_back.acknowledged.wait(), 60)
        await kill_leader(probe)
        held_back.gate.set()
        await probe.published()
    copies = await probe.records()
    assert [dict(copy.headers)["ce_id"] for copy in copies] == [str(event.event_id).encode()] * 2


async def test_a_commit_wakes_the_relay_without_a_poll(probe, monkeypatch) -> None:
    monkeypatch.setattr("shared.messaging.relay.POLL_SECONDS", 3600.0)
    relay = probe.relay()
    async with relaying(relay):
        await emit(probe, probe.event(1))
        await probe.published()  # It listens now, with nothing left to do, and will not look again by itself.
        for n in (2, 3):
            await emit(probe, probe.event(n))
            await probe.published()
    assert len(await probe.records()) == 3


async def test_of_two_relays_one_leads_and_the_other_takes_over_when_its_connection_dies(probe, monkeypatch) -> None:
    monkeypatch.setattr("shared.messaging.relay.POLL_SECONDS", 0.05)
    monkeypatch.setattr("shared.messaging.relay.RETRY_SECONDS", 3600.0)  # The first stays away.
    first, second = probe.relay(), probe.relay()

    async def leads(relay) -> bool:
        return relay.leading

    async with relaying(first):
        await probe.eventually(lambda: leads(first))
        async with relaying(second):
            await emit(probe, *(probe.event(n) for n in range(50)))
            await probe.published()
            assert (first.leading, second.leading) == (True, False)
            await kill_leader(probe)
            await probe.eventually(lambda: leads(second))
            await emit(probe, *(probe.event(n) for n in range(50, 100)))
            await probe.published()
            assert (first.leading, second.leading) == (False, True)
    labels = {"service": probe.service}
    assert probe.telemetry.registry.get_sample_value("doso_relay_leading", labels) == 0, "both have ended"
    published = [probe.topic.model.model_validate_json(record.value).n for record in await probe.records()]
    assert published == list(range(100))


async def test_what_follows_from_an_event_is_published_in_the_trace_of_that_event(probe) -> None:
    def trace(n: int) -> str:
        return f"00-{n:032x}-{n:016x}-01"

    async def follow(events, tx) -> None:
        for event in events:
            if event.n < 100:
                tx.emit(probe.event(event.n + 100), caused_by=event.event_id)

    await probe.send(*(probe.as_record(probe.event(n), {"traceparent": trace(n)}) for n in (7, 8)))
    async with probe.running(follow):
        await probe.eventually(lambda: probe.value("SELECT count(*) = 2 FROM outbox"))
        await probe.published()
    found = {
        probe.topic.model.model_validate_json(record.value).n: dict(record.headers)["traceparent"].decode()
        for record in await probe.records()
    }
    assert found == {7: trace(7), 8: trace(8), 107: trace(7), 108: trace(8)}


async def test_what_follows_from_an_untraced_event_starts_a_trace_with_its_batch(probe) -> None:
    async def follow(events, tx) -> None:
        for event in events:
            if event.n < 100:
                tx.emit(probe.event(event.n + 100), caused_by=event.event_id)

    await probe.send(probe.event(1), probe.event(2))
    async with probe.running(follow):
        await probe.caught_up(2)
        await probe.published()
    made = [dict(record.headers).get("traceparent") for record in await probe.records()]
    assert sum(one is not None for one in made) == 2


async def test_rows_that_fill_several_record_batches_lie_where_the_publisher_says(probe) -> None:
    rows = [
        {"topic": probe.topic.name, "key": f"dealer {n % 3}", "payload": b"%d " % n * 40_000, "headers": '{"n": "é"}'}
        for n in range(20)
    ]
    publisher = Publisher(probe.service, probe.kafka)
    await publisher.start()
    try:
        places = await publisher.send(rows)
    finally:
        await publisher.stop()
    found = {(record.partition, record.offset): record for record in await probe.records()}
    assert [found[place].value for place in places] == [row["payload"] for row in rows]
    assert [found[place].key.decode() for place in places] == [row["key"] for row in rows]
    assert {record.headers for record in found.values()} == {(("n", "é".encode()),)}
    by_key = defaultdict(list)
    for row, place in zip(rows, places, strict=True):
        by_key[row["key"]].append(place)
    assert all(mine == sorted(mine) for mine in by_key.values())


async def test_a_relay_that_fell_silent_loses_the_lead(probe, held_back) -> None:
    probe.postgres.silence_timeout = 1.0
    frozen, other = probe.relay(), probe.relay()
    await emit(probe, probe.event(1))
    async with relaying(frozen):
        await asyncio.wait_for(held_back.acknowledged.wait(), 60)
        # It now waits for what does not come, and says nothing to the server.
        assert frozen.leading
        async with relaying(other):
            await probe.eventually(lambda: asyncio.sleep(0, other.leading))
        held_back.gate.set()


async def test_what_a_silent_transaction_had_locked_is_let_go(probe) -> None:
    pool = await create_pool(probe.service, probe.postgres.model_copy(update={"silence_timeout": 1.0}))

    async def lock_and_fall_silent() -> None:
        async with UnitOfWork(pool, probe.service).begin() as tx:
            await tx.connection.execute("LOCK TABLE inbox")
            # Another member waits for the lock no longer than the silence lasts.
            await asyncio.wait_for(probe.owner.execute("BEGIN; LOCK TABLE inbox; COMMIT"), 30)
            await tx.connection.execute("SELECT 1")

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)) as ended:
        await lock_and_fall_silent()
    assert passing(ended.value), "the frozen member's events are tried again, not parked"
    await pool.close()


async def test_a_relay_ends_at_once_whatever_it_is_doing(probe) -> None:
    """It once lost a cancellation that met the end of a wait, and went on for ever."""
    for moment in range(60):
        await emit(probe, probe.event(moment))
        relay = asyncio.create_task(probe.relay().run())
        await asyncio.sleep(moment / 1000)
        relay.cancel()
        done, _ = await asyncio.wait([relay], timeout=20)
        assert done, f"cancelled after {moment} ms, it went on"


async def test_letters_that_are_held_are_told_from_the_table_by_whoever_leads(probe, monkeypatch) -> None:
    """A process that dies between parking and counting has told nobody."""
    monkeypatch.setattr("shared.messaging.relay.POLL_SECONDS", 0.05)
    monkeypatch.setattr("shared.messaging.relay.MEASURE_SECONDS", 0.05)
    monkeypatch.setattr("shared.messaging.relay.LETTERS_SECONDS", 0.1)
    await probe.owner.executemany(
        "INSERT INTO dead_letter (topic, position, digest, error_class, error) VALUES ($1, $2, '', '', '')",
        [("a", "0/1"), ("a", "0/2"), ("b", "0/1")],
    )

    async def told(**wanted: float | None) -> bool:
        value = probe.telemetry.registry.get_sample_value
        labels = ({"service": probe.service, "topic": topic} for topic in wanted)
        return [value("doso_dead_letters_held", each) for each in labels] == list(wanted.values())

    async with relaying(probe.relay()):
        await probe.eventually(lambda: told(a=2, b=1))
        await probe.owner.execute("UPDATE dead_letter SET replayed_at = now() WHERE position = '0/1'")
        await probe.eventually(lambda: told(a=1, b=None))
    assert await told(a=None, b=None), "it does not lead any more"
