"""Flow control: a broker that keeps little is given no more than its readers can come to read."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from shared.messaging.ending import end
from shared.messaging.flow_control import FlowControl

KEPT = 20_000
EVENTS = 200
PUBLISHED = "SELECT count(*) FROM outbox WHERE seq NOT IN (SELECT seq FROM outbox_waiting)"
PUBLISHED_BYTES = "SELECT sum(length(payload)) FROM outbox WHERE seq NOT IN (SELECT seq FROM outbox_waiting)"


@pytest.fixture
def holding(monkeypatch) -> asyncio.Event:
    """Tell when a relay has looked for readers and found that it must wait."""
    seen = asyncio.Event()
    look = FlowControl._look

    async def watched(self, topic) -> None:
        before = self._bytes[topic]
        await look(self, topic)
        if self._bytes[topic] == before:
            seen.set()

    monkeypatch.setattr(FlowControl, "_look", watched)
    return seen


async def emit(probe, count: int, **fields) -> None:
    async with probe.work.begin(probe.tenant) as tx:
        for n in range(count):
            tx.emit(probe.event(n, **fields))


async def test_a_relay_waits_for_its_readers_and_goes_on_with_them(probe, holding) -> None:
    probe = replace(probe, kafka=probe.kafka.model_copy(update={"kept_bytes": KEPT}))
    gate = asyncio.Event()

    async def slow(events, tx) -> None:
        await gate.wait()
        await probe.note(events, tx)

    await emit(probe, EVENTS)
    async with probe.running(slow):
        async with asyncio.timeout(60):
            await holding.wait()
        assert 0 < await probe.value(PUBLISHED) < EVENTS
        assert await probe.value(PUBLISHED_BYTES) <= KEPT
        gate.set()
        await probe.eventually(lambda: all_effects(probe))
    assert await probe.effects() == list(range(EVENTS))


async def all_effects(probe) -> bool:
    return len(await probe.effects()) == EVENTS


async def test_an_event_larger_than_what_is_kept_still_goes(probe) -> None:
    probe = replace(probe, kafka=probe.kafka.model_copy(update={"kept_bytes": 1_000}))
    await emit(probe, 2, text="x" * 5_000)
    async with probe.running():
        await probe.eventually(lambda: probe.value("SELECT count(*) = 2 FROM effect"))


async def test_readers_that_stand_still_hold_nobody_up_for_ever(probe, monkeypatch) -> None:
    monkeypatch.setattr("shared.messaging.flow_control.GIVE_UP_SECONDS", 0.0)
    probe = replace(probe, kafka=probe.kafka.model_copy(update={"kept_bytes": KEPT}))
    await emit(probe, EVENTS)
    relay = asyncio.create_task(probe.relay().run())
    await probe.eventually(lambda: probe.value(f"SELECT ({PUBLISHED}) = {EVENTS}"))
    await end(relay)


async def test_without_a_bound_nothing_waits(probe, holding) -> None:
    await emit(probe, EVENTS)
    relay = asyncio.create_task(probe.relay().run())
    await probe.eventually(lambda: probe.value(f"SELECT ({PUBLISHED}) = {EVENTS}"))
    await end(relay)
    assert not holding.is_set()
