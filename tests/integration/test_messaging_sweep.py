"""The sweep: what the in-memory broker lost is offered again, and nothing else is."""

from __future__ import annotations

import asyncpg
import pytest

from deploy.local.sweep import Sweep
from shared.events import new_event_id
from shared.events.topics import INVENTORY_UPDATED

TOPIC = INVENTORY_UPDATED


@pytest.fixture
async def owner(migrated: str):
    connection = await asyncpg.connect(migrated)
    yield connection
    await connection.close()


async def publish(owner, count: int = 1) -> list:
    """Enter events as published."""
    ids = [new_event_id() for _ in range(count)]
    await owner.executemany(
        f"INSERT INTO {TOPIC.producer}.outbox (id, topic, key, payload, headers)"
        " VALUES ($1, $2, 'dealer', '', '{}')",
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
    rows = await owner.fetch(f"SELECT id FROM {TOPIC.producer}.outbox_waiting ORDER BY seq")
    return [row["id"] for row in rows]


async def relay(owner) -> None:
    """Publish what waits."""
    await owner.execute(f"DELETE FROM {TOPIC.producer}.outbox_waiting")


async def test_what_nobody_has_seen_is_offered_again_in_order(migrated: str, owner) -> None:
    lost = await publish(owner, 5)
    assert await Sweep(migrated).once() == 5
    assert await waiting(owner) == lost


async def test_what_was_published_behind_a_row_that_waits_is_offered_again_at_the_first_look(
    migrated: str, owner
) -> None:
    """A dead letter replayed, or a transaction that was late, waits with a low number."""
    first, *lost = await publish(owner, 10)
    await owner.execute(
        f"INSERT INTO {TOPIC.producer}.outbox_waiting SELECT seq, id FROM {TOPIC.producer}.outbox WHERE id = $1",
        first,
    )
    assert await Sweep(migrated).once() == 9
    assert await waiting(owner) == [first, *lost]


async def test_what_one_consumer_has_not_seen_is_offered_again(migrated: str, owner) -> None:
    [lost] = await publish(owner)
    await see(owner, [lost], TOPIC.consumers[0])
    assert await Sweep(migrated).once() == 1
    assert await waiting(owner) == [lost]


async def test_what_all_have_seen_is_left_alone(migrated: str, owner) -> None:
    await see(owner, await publish(owner, 5))
    assert await Sweep(migrated).once() == 0
    assert await waiting(owner) == []


async def test_what_was_parked_is_left_alone(migrated: str, owner) -> None:
    parked = await publish(owner, 2)
    await park(owner, parked, TOPIC.consumers[0])
    await see(owner, parked, *TOPIC.consumers[1:])
    assert await Sweep(migrated).once() == 0
    assert await waiting(owner) == []


async def test_what_one_consumer_parked_and_another_never_saw_is_offered_again(migrated: str, owner) -> None:
    [lost] = await publish(owner)
    await park(owner, [lost], TOPIC.consumers[0])
    assert await Sweep(migrated).once() == 1


async def test_what_was_published_since_the_last_look_is_given_time(migrated: str, owner) -> None:
    sweep = Sweep(migrated)
    assert await sweep.once() == 0
    await publish(owner, 3)
    assert [await sweep.once() for _ in range(2)] == [0, 3]


async def test_what_waited_at_the_last_look_is_given_time_once_it_is_published(migrated: str, owner) -> None:
    sweep = Sweep(migrated)
    await publish(owner)
    assert await sweep.once() == 1
    assert [await sweep.once() for _ in range(2)] == [0, 0]
    await relay(owner)
    assert [await sweep.once() for _ in range(2)] == [0, 1]


async def test_what_is_lost_again_is_offered_again(migrated: str, owner) -> None:
    sweep = Sweep(migrated)
    seen, lost = await publish(owner), await publish(owner)
    await see(owner, seen)
    for looks in ([1], [0, 1], [0, 1]):
        assert [await sweep.once() for _ in looks] == looks, "given time once it is published again"
        assert await waiting(owner) == lost
        await relay(owner)
    await see(owner, lost)
    assert [await sweep.once() for _ in range(2)] == [0, 0]


async def test_what_the_relay_publishes_during_the_sweep_is_still_watched(migrated: str, owner) -> None:
    """A relay as quick as one can be: whatever is unpublished is published before anybody can look."""
    await owner.execute(
        f"""
        CREATE FUNCTION publish_at_once() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            DELETE FROM {TOPIC.producer}.outbox_waiting;
            RETURN NULL;
        END $$;
        CREATE TRIGGER quick_relay AFTER INSERT ON {TOPIC.producer}.outbox_waiting FOR EACH STATEMENT
            EXECUTE FUNCTION publish_at_once();
        """
    )
    await publish(owner)
    sweep = Sweep(migrated)
    assert [await sweep.once() for _ in range(3)] == [1, 1, 1]


async def test_a_row_not_yet_published_keeps_later_sweeps_looking(migrated: str, owner) -> None:
    sweep = Sweep(migrated)
    [late] = await publish(owner)
    await owner.execute(f"INSERT INTO {TOPIC.producer}.outbox_waiting SELECT seq, id FROM {TOPIC.producer}.outbox")
    await see(owner, await publish(owner))
    assert [await sweep.once() for _ in range(2)] == [0, 0]
    await relay(owner)
    assert [await sweep.once() for _ in range(2)] == [0, 1]
    assert await waiting(owner) == [late]


async def test_offering_again_wakes_the_relay(migrated: str, owner) -> None:
    woken = []
    await owner.add_listener(f"outbox_{TOPIC.producer}", lambda *_: woken.append(True))
    await publish(owner)
    await owner.execute("SELECT 1")
    woken.clear()
    await Sweep(migrated).once()
    await owner.execute("SELECT 1")  # What was notified before is heard by now.
    assert woken
