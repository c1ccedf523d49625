"""Services of one process that read each event's bytes together: the same effects, poison included."""

from __future__ import annotations

from dataclasses import replace


async def test_events_are_handled_and_poison_is_parked_as_ever(probe) -> None:
    probe = replace(probe, kafka=probe.kafka.model_copy(update={"share_decoded": True}))
    good = [probe.event(n) for n in range(3)]
    await probe.send(good[0], {"value": b"no json", "key": b"dealer", "headers": []}, good[1], good[2])
    async with probe.running():
        await probe.caught_up(4)
        [letter] = await probe.dead_letters()
    assert letter.value == b"no json"
    assert await probe.effects() == [0, 1, 2]
