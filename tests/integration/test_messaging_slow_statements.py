"""Statements that take too long: a batch is tried in halves, and an event too slow alone is parked with the reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

LIMIT = 2.0
"""Long enough that a busy machine does not take an innocent statement for a slow one."""


@pytest.fixture
def impatient(probe, monkeypatch):
    """Give a service whose database ends a statement after two seconds."""
    monkeypatch.setattr("shared.messaging.consumer.BACKOFF_SECONDS", 0.01)
    return replace(probe, postgres=probe.postgres.model_copy(update={"command_timeout": LIMIT}))


async def take(probe, events, tx, seconds: float) -> None:
    await probe.note(events, tx)
    await tx.connection.execute("SELECT pg_sleep($1)", seconds)


async def test_a_batch_that_takes_too_long_as_a_whole_is_taken_in_by_halves(impatient) -> None:
    sizes = []

    async def take_a_while_each(events, tx) -> None:
        sizes.append(len(events))
        await take(impatient, events, tx, 3 * LIMIT if len(events) > 3 else 0.0)

    await impatient.send(*(impatient.event(n) for n in range(20)))
    async with impatient.running(take_a_while_each):
        await impatient.caught_up(20)
    assert await impatient.effects() == list(range(20))
    assert max(sizes) > 3, "nothing was ever too long, so nothing was shown"
    assert await impatient.value("SELECT count(*) FROM dead_letter") == 0


async def test_an_event_that_is_too_slow_alone_is_parked_with_the_reason_and_its_neighbours_go_on(impatient) -> None:
    alone = 0

    async def hang_on_7(events, tx) -> None:
        nonlocal alone
        alone += [event.n for event in events] == [7]
        await take(impatient, events, tx, 3 * LIMIT if any(event.n == 7 for event in events) else 0.0)

    await impatient.send(*(impatient.event(n) for n in range(12)))
    async with impatient.running(hang_on_7):
        await impatient.caught_up(12)
        [letter] = await impatient.dead_letters()
    assert await impatient.effects() == [n for n in range(12) if n != 7]
    headers = {name: value.decode() for name, value in letter.headers}
    assert headers["x-error-class"] == "TookTooLongError"
    assert "DOSO_POSTGRES_COMMAND_TIMEOUT" in headers["x-error"]
    assert int(headers["x-attempts"]) == alone == impatient.kafka.attempts


async def test_a_batch_that_comes_again_is_not_halved_from_the_beginning(impatient) -> None:
    """As when the halving outlasted the broker's patience: one try as a whole tells that nothing is left."""
    tries = []

    async def hang_on_7(events, tx) -> None:
        tries.append([event.n for event in events])
        await take(impatient, events, tx, 3 * LIMIT if any(event.n == 7 for event in events) else 0.0)

    await impatient.send(*(impatient.event(n) for n in range(12)))
    async with impatient.running(hang_on_7):
        await impatient.caught_up(12)
    tries.clear()
    await impatient.rewind()
    async with impatient.running(hang_on_7):
        await impatient.caught_up(12)
        assert len(await impatient.dead_letters()) == 1
    slow = [numbers for numbers in tries if 7 in numbers]
    assert 1 <= len(slow) <= impatient.kafka.attempts, "polled alone it gets its tries; in a batch it is tried once"
    assert await impatient.value("SELECT count(*) FROM effect") == 11


async def test_who_waits_for_a_lock_is_not_taken_for_slow(impatient) -> None:
    waited = 0

    async def write_what_is_locked(events, tx) -> None:
        nonlocal waited
        if waited > impatient.kafka.attempts:
            await transaction.rollback()
        waited += 1
        await impatient.note(events, tx)

    await impatient.send(impatient.event(1), impatient.event(2))
    transaction = impatient.owner.transaction()
    await transaction.start()
    await impatient.owner.execute("LOCK TABLE effect")
    async with impatient.running(write_what_is_locked):
        await impatient.caught_up(2)
    assert waited > impatient.kafka.attempts
    assert await impatient.effects() == [1, 2]
    assert await impatient.value("SELECT count(*) FROM dead_letter") == 0
