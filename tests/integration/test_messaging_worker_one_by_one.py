"""The worker whose work is finished item by item: what is done, or another's, is neither tried again nor given back."""

from __future__ import annotations

import asyncio

from shared.messaging.compute import WorkerDied
from tests.integration import worked_queue
from tests.integration.worked_queue import failed_tries, mark, results, store, working

quick_turns = worked_queue.quick_turns


async def take_over(probe, *numbers: int) -> None:
    """Do as another does that claims work whose lease ran out."""
    keys = [str(number) for number in numbers]
    await probe.owner.execute("UPDATE work SET claim = gen_random_uuid() WHERE key = ANY($1)", keys)


async def test_what_a_batch_finished_before_it_failed_is_not_computed_again(probe) -> None:
    tried = []

    async def compute(items) -> None:
        for item in sorted(items, key=lambda item: item.key):
            tried.append(item.key)
            if item.key == "3":
                message = "3 has no price"
                raise ValueError(message)
            await store(probe, [item])

    async def failed() -> bool:
        return failed_tries(probe)["retried"] >= 1

    await mark(probe, 1, 2, 3, 4)
    async with working(probe, compute):
        assert await results(probe, 3) == [1, 2, 4]
        await probe.eventually(failed)
    assert tried[:5] == ["1", "2", "3", "4", "3"], "what ended the batch comes last"
    assert failed_tries(probe)["taken_over"] == 0


async def test_one_that_takes_all_the_time_there_is_leaves_the_others_theirs(probe) -> None:
    tried = []

    async def compute(items) -> None:
        for item in sorted(items, key=lambda item: item.key):
            tried.append(item.key)
            if item.key == "1":
                await asyncio.sleep(6.0)  # past all that a turn has
                message = "1 was ended"
                raise WorkerDied(message)
            await store(probe, [item])

    await mark(probe, 1, 2, 3)
    async with working(probe, compute, tries=5.0):
        assert await results(probe, 2) == [2, 3]
    assert tried[:3] in (["1", "3", "2"], ["1", "2", "3"])


async def test_what_another_took_over_is_neither_stored_nor_counted_as_a_failed_try(probe) -> None:
    async def compute(items) -> None:
        await take_over(probe, 1, 2)
        await store(probe, items)

    async def told() -> bool:
        return failed_tries(probe)["taken_over"] == 1

    await mark(probe, 1, 2)
    async with working(probe, compute):
        await probe.eventually(told)
    assert list(await probe.effects()) == []
    untouched = "SELECT count(*) FROM work WHERE attempts = 0 AND error IS NULL AND leased_until > now()"
    assert await probe.value(untouched) == 2


async def test_one_that_another_took_over_costs_the_others_of_its_batch_no_wait(probe) -> None:
    async def compute(items) -> None:
        if len(items) > 1:
            await take_over(probe, 1)
        await store(probe, items)

    await mark(probe, 1, 2, 3)
    async with working(probe, compute):
        assert await results(probe, 2) == [2, 3]
    assert await probe.value("SELECT array_agg(key) FROM work") == ["1"]
    assert await probe.value("SELECT error IS NULL AND attempts = 0 FROM work")


async def test_given_up_work_that_another_took_over_is_neither_stored_nor_given_back(probe) -> None:
    async def compute(items) -> None:
        await take_over(probe, 1)
        await store(probe, items)

    async def told() -> bool:
        return failed_tries(probe)["taken_over"] == 1

    await worked_queue.give_up(probe, 1)
    async with working(probe, compute):
        await probe.eventually(told)
    assert list(await probe.effects()) == []
    assert failed_tries(probe) == {"retried": 0, "given_up": 0, "postponed": 0, "taken_over": 1}
    assert await probe.value("SELECT error = 'no price' AND leased_until > now() FROM work")
