"""How given-up work heals: more of it each turn while it goes well, beside what is sound, and alone after a failure."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from tests.integration import worked_queue
from tests.integration.worked_queue import failed_tries, give_up, mark, results, store, three_fails, working

quick_turns = worked_queue.quick_turns


@pytest.fixture
def unhurried(monkeypatch) -> None:
    """Have a turn take as long as it takes on a busy machine."""
    monkeypatch.setattr("shared.messaging.given_up.TURN_SECONDS", 600.0)
    monkeypatch.setattr("shared.messaging.turns.TURN_SECONDS", 600.0)


@pytest.mark.usefixtures("unhurried")
async def test_what_is_given_up_heals_twice_as_much_each_turn_and_no_more_than_a_batch(probe) -> None:
    tried = []

    async def compute(items) -> None:
        tried.append(len(items))
        await store(probe, items)

    await give_up(probe, *range(60))
    async with working(probe, compute):
        assert await results(probe, 60) == list(range(60))
    assert tried == [1, 2, 4, 8, 16, 29]
    tried.clear()
    await give_up(probe, *range(100, 140))
    async with working(probe, compute, batch=4):
        assert len(await results(probe, 100)) == 100
    assert tried == [1, 2, *[4] * 9, 1]


@pytest.mark.usefixtures("unhurried")
async def test_a_failure_has_one_tried_again_and_leaves_the_others_of_its_turn_as_they_were(probe) -> None:
    tried: list[list[int]] = []
    for n in range(8):
        await give_up(probe, n, minutes=60 - n)
    async with working(probe, three_fails(probe, tried)):
        assert await results(probe, 7) == [0, 1, 2, 4, 5, 6, 7]
        await probe.eventually(lambda: asyncio.sleep(0, failed_tries(probe)["given_up"] == 1))
    assert tried == [[0], [1, 2], [3, 4, 5, 6], [3], [4], [5, 6], [7]]
    assert failed_tries(probe) == {"retried": 0, "given_up": 1, "postponed": 0, "taken_over": 0}


@pytest.mark.usefixtures("unhurried")
async def test_a_turn_of_what_is_given_up_ends_with_its_first_failure(probe, monkeypatch) -> None:
    monkeypatch.setattr("shared.messaging.given_up.RESTS", 1e9)
    tried = []

    async def compute(items) -> None:
        tried.append(sorted(int(item.key) for item in items))
        if len(tried) > 2:  # the turns of one and of two went well
            message = "no room"
            raise ValueError(message)
        await store(probe, items)

    await give_up(probe, 1, 2, 3, minutes=60)
    for n in range(4, 8):
        await give_up(probe, n, tenant=uuid4())
    async with working(probe, compute):
        await probe.eventually(lambda: asyncio.sleep(0, failed_tries(probe)["given_up"] == 1))
        await probe.eventually(lambda: probe.value("SELECT count(*) = 0 FROM work WHERE leased_until > now()"))
    assert [len(keys) for keys in tried] == [1, 2, 1]
    assert await probe.value("SELECT count(*) FROM work WHERE error = 'no price' AND due_at <= now()") == 3


async def test_what_is_sound_waits_for_one_rooftop_of_what_is_given_up(probe, monkeypatch) -> None:
    monkeypatch.setattr("shared.messaging.turns.GivenUpShare.size", 4)
    monkeypatch.setattr("shared.messaging.turns.TURN_SECONDS", 0.0)
    tried, trying, fresh_is_marked = [], asyncio.Event(), asyncio.Event()

    async def compute(items) -> None:
        tried.append(sorted(int(item.key) for item in items))
        trying.set()
        await fresh_is_marked.wait()
        await store(probe, items)

    for n in range(4):
        await give_up(probe, n, tenant=uuid4())
    async with working(probe, compute):
        await trying.wait()
        await mark(probe, 1000)
        fresh_is_marked.set()
        assert await results(probe, 5) == [0, 1, 2, 3, 1000]
    assert [len(keys) for keys in tried] == [1] * 5
    assert tried[1] == [1000]


async def test_after_a_failure_what_is_given_up_is_left_alone_and_what_is_sound_is_not(probe, monkeypatch) -> None:
    monkeypatch.setattr("shared.messaging.given_up.RESTS", 1e9)
    tried: list[list[int]] = []
    await give_up(probe, 3, minutes=60)
    await give_up(probe, 1, 2)
    async with working(probe, three_fails(probe, tried)):
        await probe.eventually(lambda: asyncio.sleep(0, tried == [[3]]))
        for turn in range(10, 15):
            await mark(probe, turn)
            await probe.eventually(lambda number=turn: asyncio.sleep(0, [number] in tried))
        assert await results(probe, 5) == [10, 11, 12, 13, 14]
    assert tried == [[3], [10], [11], [12], [13], [14]]
    monkeypatch.setattr("shared.messaging.given_up.RESTS", 0.0)
    async with working(probe, three_fails(probe, tried)):
        assert len(await results(probe, 7)) == 7


async def test_what_fails_together_is_told(probe, monkeypatch) -> None:
    monkeypatch.setattr("shared.messaging.turns.GivenUpShare.size", 2)

    async def compute(items) -> None:
        message = "too long for two at once"
        raise ValueError(message)

    await give_up(probe, 1, 2)
    with capture_logs() as logs:
        async with working(probe, compute):
            await probe.eventually(lambda: asyncio.sleep(0, logs))
    assert (logs[0]["event"], logs[0]["items"], logs[0]["first"]) == ("given-up work failed together", 2, "1")
    assert failed_tries(probe) == {"retried": 0, "given_up": 0, "postponed": 0, "taken_over": 0}
