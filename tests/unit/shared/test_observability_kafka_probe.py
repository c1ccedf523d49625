"""The probe held against FastStream, aiokafka and librdkafka's in-memory cluster over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from faststream.kafka import KafkaBroker

from shared.observability import ConsumerPatience, ConsumerSnapshot, KafkaSubscriberProbe
from shared.observability.consumers import ConsumerWatch


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    producer = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "unused"})
    broker = next(iter(producer.list_topics(timeout=30).brokers.values()))
    yield f"{broker.host}:{broker.port}"
    producer.flush(5)


class Consumer:
    def __init__(self, servers: str) -> None:
        self.topic = f"inventory-updated-{uuid4().hex}"
        self.broker = KafkaBroker(servers, allow_auto_create_topics=False, linger_ms=200, logger=None)
        self.handled: asyncio.Queue[str] = asyncio.Queue()
        self.gate = asyncio.Event()
        self.gate.set()
        self.group = f"forecast-{uuid4().hex}"
        self.subscriber = self.broker.subscriber(self.topic, group_id=self.group, auto_offset_reset="earliest")
        self.probe = KafkaSubscriberProbe(self.subscriber)
        self.subscriber(self.on_event)

    async def on_event(self, body: str) -> None:
        self.handled.put_nowait(body)
        await self.gate.wait()

    async def publish(self, *bodies: str) -> None:
        """Publish all of them as one batch, so that whoever fetches the first has fetched the others."""
        await asyncio.gather(*(self.broker.publish(body, self.topic, key=b"dealer") for body in bodies))

    async def until(self, condition: Callable[[ConsumerSnapshot], bool]) -> ConsumerSnapshot:
        async with asyncio.timeout(60):
            while not condition(snapshot := self.probe.observe()):
                await asyncio.sleep(0.01)
        return snapshot


@asynccontextmanager
async def consuming(servers: str) -> AsyncIterator[Consumer]:
    consumer = Consumer(servers)
    async with consumer.broker:
        await consumer.publish("first")
        await consumer.broker.start()
        async with asyncio.timeout(60):
            assert await consumer.handled.get() == "first"
        yield consumer
        consumer.gate.set()


def at_work(one: ConsumerSnapshot) -> bool:
    """Tell whether it has joined, read everything, and heard of all that it was assigned."""
    known = len(one.partitions) == len(one.assigned) == len(one.heard) > 0
    return known and one.joined and one.lag == 0 and None not in one.heard.values()


async def test_a_subscriber_that_was_not_started_is_not_running(cluster: str) -> None:
    consumer = Consumer(cluster)
    assert consumer.probe.observe() == ConsumerSnapshot(running=False, joined=False)
    assert consumer.probe.name == f"{consumer.group}: {consumer.topic}"


async def test_a_consumer_at_work_tells_its_partitions_position_and_last_poll(cluster: str) -> None:
    async with consuming(cluster) as consumer:
        snapshot = await consumer.until(at_work)
        assert (snapshot.running, snapshot.joined, snapshot.failure) == (True, True, None)
        assert snapshot.unknown_topics == ()
        assert set(snapshot.partitions) == set(snapshot.assigned)
        assert sum(partition.position for partition in snapshot.partitions.values()) == 1
        assert set(snapshot.heard) == set(snapshot.assigned)
        assert snapshot.heard_seconds_ago is not None
        assert ConsumerWatch(ConsumerPatience()).judge(snapshot, 0.0)[0] == "ok"
    assert not consumer.probe.observe().running


async def test_a_handler_that_never_returns_is_seen_as_standing_still(cluster: str) -> None:
    async with consuming(cluster) as consumer:
        consumer.gate.clear()
        await consumer.publish(*(str(number) for number in range(20)))
        snapshot = await consumer.until(lambda one: one.lag > 0)
        watch = ConsumerWatch(ConsumerPatience(stuck_seconds=60))
        assert [watch.judge(snapshot, now)[0] for now in (0.0, 1.0, 61.0)] == ["ok", "ok", "dead"]


@pytest.mark.parametrize(
    ("owner", "task"),
    [("_coordinator", "_coordination_task"), ("_fetcher", "_fetch_task"), ("_client", "_sync_task")],
)
async def test_a_dead_background_task_is_found_while_the_broker_is_well(cluster: str, owner: str, task: str) -> None:
    async with consuming(cluster) as consumer:
        client = consumer.subscriber.consumer
        assert client is not None
        getattr(getattr(client, owner), task).cancel()
        snapshot = await consumer.until(lambda one: one.failure is not None)
        assert await consumer.broker.ping(timeout=60)
        assert snapshot.running
        assert ConsumerWatch(ConsumerPatience()).judge(snapshot, 0.0)[0] == "dead"


async def test_a_consumer_that_must_rejoin_is_not_joined(cluster: str) -> None:
    async with consuming(cluster) as consumer:
        client = consumer.subscriber.consumer
        assert client is not None
        client._coordinator.request_rejoin()
        assert not consumer.probe.observe().joined


async def test_a_member_that_the_group_gives_nothing_is_a_spare(cluster: str) -> None:
    async with consuming(cluster) as consumer:
        client = consumer.subscriber.consumer
        assert client is not None
        client._subscription.assign_from_subscribed([])
        snapshot = consumer.probe.observe()
        assert (snapshot.joined, snapshot.assigned, snapshot.unknown_topics) == (True, (), ())
        verdict, detail = ConsumerWatch(ConsumerPatience()).judge(snapshot, 0.0)
        assert verdict == "ok"
        assert detail.startswith("spare")


async def test_the_age_of_the_brokers_answer_is_told_of_each_partition_that_is_not_paused(cluster: str) -> None:
    async with consuming(cluster) as consumer:
        client = consumer.subscriber.consumer
        assert client is not None
        await consumer.until(lambda one: len(one.heard) > 1 and None not in one.heard.values())
        first, second, *_ = sorted(client.assignment())
        client.pause(second)
        client._subscription.subscription.assignment.state_value(first).timestamp = 0
        snapshot = consumer.probe.observe()
        assert set(snapshot.assigned) - set(snapshot.heard) == {f"{second.topic}-{second.partition}"}
        assert snapshot.heard[f"{first.topic}-{first.partition}"] == snapshot.heard_seconds_ago
        assert snapshot.heard_seconds_ago is not None
        assert snapshot.heard_seconds_ago > 3600, "it is the one that was heard of longest ago"
