"""The sweep: what the in-memory broker lost is offered again, and nothing else is."""

from __future__ import annotations

import asyncpg
import pytest

from deploy.local.sweep import Sweep
from shared.events import new_event_id
from shared.events.topics import INVENTORY_UPDATED

TOPIC = INVENTORY_UPDATED
PATIENT, AT_ONCE = 3600.0, 0.0


@pytest.fixture
async def owner(migrated: str):
    connection = await asyncpg.connect(migrated)
    yield connection
    await connection.close()


async def publish(owner, count: int = 1, *, ago: str = "1 day") -> list:
    """Enter events as published some time ago."""
    ids = [new_event_id() for _ in range(count)]
    await owner.executemany(
        f"INSERT INTO {TOPIC.producer}.outbox (id, topic, key, payload, headers, published_at)"
        f" VALUES ($1, $2, 'dealer', '', '{{}}', clock_timestamp() - interval '{ago}')",
        [(one, TOPIC.name) for one in ids],
    )
    return ids


async def see(owner, ids, *consumers: str) -> None:
    for consumer in consumers or TOPIC.consumers:
        await owner.executemany(
            f"INSERT INTO {consumer}.inbox (event_id, topic) VALUES ($1, $2)", [(one, TOPIC.name) for one in ids]
        )


async def park(owner, ids, consumer: str) -> None:
    await owner.executemany(
        f"INSERT INTO {consumer}.dead_letter (topic, position, digest, event_id, error_class, error)"
        " VALUES ($1, $2, '', $3, 'ValueError', 'impossible')",
        [(TOPIC.name, f"0/{n}", one) for n, one in enumerate(ids)],
    )


async def waiting(owner) -> list:
    """Give what the relay would publish next, in its order."""
    rows = await owner.fetch(f"SELECT id FROM {TOPIC.producer}.outbox WHERE published_at IS NULL ORDER BY seq")
    return [row["id"] for row in rows]


async def test_what_nobody_has_seen_is_offered_again_in_order(migrated: str, owner) -> None:
    lost = await publish(owner, 5)
    assert await Sweep(migrated).once(PATIENT) == 5
    assert await waiting(owner) == lost


async def test_what_one_consumer_has_not_seen_is_offered_again(migrated: str, owner) -> None:
    [lost] = await publish(owner)
    await see(owner, [lost], TOPIC.consumers[0])
    assert await Sweep(migrated).once(PATIENT) == 1
    assert await waiting(owner) == [lost]


async def test_what_all_have_seen_is_left_alone(migrated: str, owner) -> None:
    await see(owner, await publish(owner, 5))
    assert await Sweep(migrated).once(PATIENT) == 0
    assert await waiting(owner) == []


async def test_what_was_parked_is_left_alone(migrated: str, owner) -> None:
    parked = await publish(owner, 2)
    await park(owner, parked, TOPIC.consumers[0])
    await see(owner, parked, *TOPIC.consumers[1:])
    assert await Sweep(migrated).once(PATIENT) == 0
    assert await waiting(owner) == []


async def test_what_one_consumer_parked_and_another_never_saw_is_offered_again(migrated: str, owner) -> None:
    [lost] = await publish(owner)
    await park(owner, [lost], TOPIC.consumers[0])
    assert await Sweep(migrated).once(PATIENT) == 1


async def test_what_was_published_just_now_is_given_time(migrated: str, owner) -> None:
    await publish(owner, 3, ago="0 s")
    assert await Sweep(migrated).once(PATIENT) == 0
    assert await Sweep(migrated).once(AT_ONCE) == 3


async def test_what_is_lost_again_is_offered_again(migrated: str, owner) -> None:
    sweep = Sweep(migrated)
    seen, lost = await publish(owner), await publish(owner)
    await see(owner, seen)
    for _ in range(3):
        assert await sweep.once(PATIENT) == 1
        assert await waiting(owner) == lost
        await owner.execute(f"UPDATE {TOPIC.producer}.outbox SET published_at = now() - interval '1 day'")
    await see(owner, lost)
    assert await sweep.once(PATIENT) == 0


async def test_what_the_relay_publishes_during_the_sweep_is_still_watched(migrated: str, owner) -> None:
    """A relay as quick as one can be: whatever is unpublished is published before anybody can look."""
    await owner.execute(
        f"""
        CREATE FUNCTION publish_at_once() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE {TOPIC.producer}.outbox SET published_at = now() - interval '1 day' WHERE published_at IS NULL;
            RETURN NULL;
        END $$;
        CREATE TRIGGER quick_relay AFTER UPDATE ON {TOPIC.producer}.outbox FOR EACH STATEMENT
            WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION publish_at_once();
        """
    )
    await publish(owner)
    sweep = Sweep(migrated)
    assert [await sweep.once(PATIENT) for _ in range(3)] == [1, 1, 1]


async def test_a_row_not_yet_published_keeps_later_sweeps_looking(migrated: str, owner) -> None:
    sweep = Sweep(migrated)
    [late] = await publish(owner)
    await owner.execute(f"UPDATE {TOPIC.producer}.outbox SET published_at = NULL")
    await see(owner, await publish(owner))
    assert await sweep.once(PATIENT) == 0
    await owner.execute(
        f"UPDATE {TOPIC.producer}.outbox SET published_at = now() - interval '1 day' WHERE published_at IS NULL"
    )
    assert await sweep.once(PATIENT) == 1
    assert await waiting(owner) == [late]


async def test_offering_again_wakes_the_relay(migrated: str, owner) -> None:
    woken = []
    await owner.add_listener(f"outbox_{TOPIC.producer}", lambda *_: woken.append(True))
    await publish(owner)
    await owner.execute("SELECT 1")
    woken.clear()
    await Sweep(migrated).once(PATIENT)
    await owner.execute("SELECT 1")  # What was notified before is heard by now.
    assert woken
