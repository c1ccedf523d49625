"""The outbox: what a transaction did and what it tells the world are committed together, or not at all."""

from __future__ import annotations

import json

import pytest

from shared.messaging.unit_of_work import MAX_PAYLOAD_BYTES


async def note(tx, n: int) -> None:
    await tx.connection.execute("INSERT INTO effect (n, event_id) VALUES ($1, gen_random_uuid())", n)


async def test_an_event_commits_with_the_effects_that_caused_it(probe) -> None:
    event = probe.event(1, text="sold")
    async with probe.work.begin(probe.tenant) as tx:
        await note(tx, 1)
        tx.emit(event)
        assert await probe.value("SELECT count(*) FROM outbox") == 0
    assert await probe.effects() == [1]
    row = await probe.owner.fetchrow("SELECT * FROM outbox")
    assert (row["id"], row["topic"], row["key"]) == (event.event_id, probe.topic.name, str(probe.dealer))
    assert await probe.value("SELECT id FROM outbox_waiting") == event.event_id
    assert type(event).model_validate_json(row["payload"]) == event
    headers = json.loads(row["headers"])
    assert headers["ce_id"] == str(event.event_id)
    assert headers["ce_type"] == f"doso.{probe.topic.name}.v1"
    assert headers["ce_source"] == f"/doso/{probe.service}"


async def test_a_rollback_leaves_neither_effect_nor_event(probe) -> None:
    async def change_my_mind() -> None:
        async with probe.work.begin(probe.tenant) as tx:
            await note(tx, 1)
            tx.emit(probe.event(1))
            assert await tx.flush() == 1
            message = "changed my mind"
            raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="changed my mind"):
        await change_my_mind()
    assert await probe.effects() == []
    assert await probe.value("SELECT count(*) FROM outbox") == 0


async def test_flush_tells_new_rows_from_known_ones(probe) -> None:
    known, new = probe.event(1), probe.event(2)
    async with probe.work.begin(probe.tenant) as tx:
        tx.emit(known)
        assert await tx.flush() == 1
        assert await tx.flush() == 0
    async with probe.work.begin(probe.tenant) as tx:
        tx.emit(known)
        tx.emit(new)
        assert await tx.flush() == 1
    assert await probe.value("SELECT array_agg(id ORDER BY seq) FROM outbox") == [known.event_id, new.event_id]


async def test_the_same_id_twice_is_one_row_even_within_a_transaction(probe) -> None:
    event = probe.event(1)
    for _ in range(2):
        async with probe.work.begin(probe.tenant) as tx:
            tx.emit(event)
            tx.emit(event)
    assert await probe.value("SELECT count(*) FROM outbox") == 1


async def test_events_keep_the_order_in_which_they_were_emitted(probe) -> None:
    events = [probe.event(n) for n in range(200)]
    async with probe.work.begin(probe.tenant) as tx:
        for event in events:
            tx.emit(event)
    stored = await probe.value("SELECT array_agg(id ORDER BY seq) FROM outbox")
    assert stored == [event.event_id for event in events]


async def test_a_payload_over_the_limit_is_refused_and_nothing_is_committed(probe) -> None:
    event = probe.event(1, text="x" * MAX_PAYLOAD_BYTES)

    async def emit_it() -> None:
        async with probe.work.begin(probe.tenant) as tx:
            await note(tx, 1)
            tx.emit(event)

    with pytest.raises(ValueError, match=r"is 262\d{3} bytes; the limit is 262144: send it in chunks") as refused:
        await emit_it()
    assert str(event.event_id) in str(refused.value)
    assert probe.topic.name in str(refused.value)
    assert await probe.effects() == []
    assert await probe.value("SELECT count(*) FROM outbox") == 0


async def test_a_payload_at_the_limit_is_accepted(probe) -> None:
    overhead = len(probe.event(1).model_dump_json(exclude_none=True))
    async with probe.work.begin(probe.tenant) as tx:
        tx.emit(probe.event(1, text="x" * (MAX_PAYLOAD_BYTES - overhead)))
    assert await probe.value("SELECT length(payload) FROM outbox") == MAX_PAYLOAD_BYTES
