"""What was published to one broker is offered again to the next, whatever was cut off in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from deploy.local import published_to
from deploy.local.published_to import Found, forget, look, settle
from deploy.local.sweep import Sweep
from shared.events import TOPICS, new_event_id
from shared.events.topics import INVENTORY_UPDATED
from shared.messaging import KafkaSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

TOPIC = INVENTORY_UPDATED
NOWHERE = KafkaSettings(bootstrap_servers="nowhere:9")


class Brokers:
    """Clusters by their identity, each with the topics it has; one of them runs."""

    def __init__(self) -> None:
        self.topics: dict[str | None, set[str]] = {}
        self.running: str | None = None

    async def look(self, _kafka: KafkaSettings, *, embedded: bool) -> Found:
        assert embedded
        return Found(self.running, frozenset(self.topics.setdefault(self.running, set())))

    async def ensure_topics(self, _kafka: KafkaSettings) -> list[str]:
        self.topics[self.running] |= TOPICS.keys()
        return []


class Outbox:
    """Events of one topic that are published, and that nobody takes in unless told."""

    def __init__(self, dsn: str, owner: asyncpg.Connection) -> None:
        self.dsn, self.owner = dsn, owner
        self.brokers = Brokers()

    async def publish(self, count: int) -> list[UUID]:
        ids = [new_event_id() for _ in range(count)]
        await self.owner.executemany(
            f"INSERT INTO {TOPIC.producer}.outbox (id, topic, key, payload, headers)"
            " VALUES ($1, $2, 'dealer', '', '{}')",
            [(one, TOPIC.name) for one in ids],
        )
        return ids

    async def waiting(self) -> list[UUID]:
        rows = await self.owner.fetch(f"SELECT id FROM {TOPIC.producer}.outbox_waiting ORDER BY seq")
        return [row["id"] for row in rows]

    async def start(self, cluster: str | None) -> list[UUID]:
        """Start on a broker; give what is offered again, which its relay then publishes."""
        self.brokers.running = cluster
        offered = await settle(self.dsn, NOWHERE, embedded=True)
        waiting = await self.waiting()
        assert len(waiting) == offered
        await self.owner.execute(f"DELETE FROM {TOPIC.producer}.outbox_waiting")
        return waiting


@pytest.fixture
async def outbox(migrated: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Outbox]:
    owner = await asyncpg.connect(migrated)
    made = Outbox(migrated, owner)
    monkeypatch.setattr(published_to, "look", made.brokers.look)
    monkeypatch.setattr(published_to, "ensure_topics", made.brokers.ensure_topics)
    yield made
    await owner.close()


async def test_a_first_start_has_nothing_to_offer_and_the_same_broker_holds_what_follows(outbox: Outbox) -> None:
    assert await outbox.start("a") == []
    await outbox.publish(3)
    assert await outbox.start("a") == []


async def test_another_cluster_is_offered_what_was_not_taken_in_once(outbox: Outbox) -> None:
    await outbox.start("a")
    lost = await outbox.publish(3)
    assert await outbox.start("b") == lost
    assert await outbox.start("b") == []
    assert await outbox.start("a") == lost, "it may have been taken in from neither"


async def test_after_a_broker_that_forgets_any_is_offered_it(outbox: Outbox) -> None:
    await outbox.start("a")
    await forget(outbox.dsn)
    lost = await outbox.publish(3)
    assert await outbox.start("a") == lost


async def test_a_broker_that_does_not_tell_who_it_is_is_offered_it_each_time(outbox: Outbox) -> None:
    lost = await outbox.publish(3)
    assert [await outbox.start(None) for _ in range(2)] == [lost, lost]


async def test_a_topic_that_is_gone_is_made_anew_and_its_events_are_offered_again(outbox: Outbox) -> None:
    await outbox.start("a")
    lost = await outbox.publish(3)
    outbox.brokers.topics["a"].remove(TOPIC.name)
    assert await outbox.start("a") == lost
    assert await outbox.start("a") == []


@pytest.mark.parametrize("step", ["the topics are made", "the sweep is done"])
async def test_what_is_cut_off_before_the_broker_is_noted_is_done_again(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    await outbox.start("a")
    lost = await outbox.publish(3)
    outbox.brokers.topics["a"].clear()

    async def cut_off(sweep: Sweep) -> int:
        if step == "the sweep is done":
            await swept(sweep)
        raise KeyboardInterrupt

    swept = Sweep.once
    with monkeypatch.context() as patched:
        patched.setattr(Sweep, "once", cut_off)
        with pytest.raises(KeyboardInterrupt):
            await settle(outbox.dsn, NOWHERE, embedded=True)
    await outbox.owner.execute(f"DELETE FROM {TOPIC.producer}.outbox_waiting")  # as if it had been published
    assert await outbox.start("a") == lost


async def test_a_broker_is_known_by_its_cluster_and_an_embedded_one_by_the_machines_start_too(
    kafka_servers: str,
) -> None:
    kafka = KafkaSettings(bootstrap_servers=kafka_servers)
    named, again, embedded = [await look(kafka, embedded=one) for one in (False, False, True)]
    assert named.identity
    assert named.identity == again.identity
    assert embedded.identity is not None
    assert embedded.identity.startswith(f"{named.identity} boot ")
