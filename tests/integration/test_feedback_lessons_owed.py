"""Learning is owed from the page on that stores an outcome: whatever ends before the turn does, the lesson comes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID, uuid4

import pytest

from services.feedback import judging, store
from services.feedback.handlers import OUTCOMES
from services.feedback.judging import Judge
from services.feedback.learning import LESSONS, Learner
from shared.messaging.ending import end
from shared.postgres.claims import ClaimLostError
from tests.integration import judged_rooftop
from tests.integration.held_work import hold
from tests.integration.judged_rooftop import NORTH, AtOnce, advice, judge, sold
from tests.integration.lock_waits import WAITING

if TYPE_CHECKING:
    from shared.messaging import UnitOfWork

PAGE = 4
CARS = 2 * PAGE
"""Two full pages: that there is no third is only seen after both were stored."""

work, tenant = judged_rooftop.work, judged_rooftop.tenant


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "PAGE", PAGE)


async def sell(work: UnitOfWork, tenant: UUID, cars: range) -> None:
    """Have some of the cars sold that advice was given on, twice as fast as was expected."""
    async with work.begin(tenant) as tx:
        await store.save_advice(tx.connection, [advice(tenant, 20, f"V{n}") for n in cars])
        await store.save_states(tx.connection, [row for n in cars for row in sold(tenant, f"V{n}", 10)])


async def still_unsold(work: UnitOfWork, tenant: UUID, cars: range) -> None:
    """Have advice on some cars stay open, of which sales were expected in the meantime."""
    async with work.begin(tenant) as tx:
        await store.save_advice(tx.connection, [advice(tenant, 5, f"V{n}") for n in cars])
        await store.save_states(tx.connection, [sold(tenant, f"V{n}", 10)[0] for n in cars])


class Interrupted:
    """A turn of judging that stands between the last of its pages and its end, until it is told or ended."""

    def __init__(self, work: UnitOfWork, tenant: UUID, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
        self._work, self._tenant, self._monkeypatch, self._left = work, tenant, monkeypatch, after
        self._there, self._go_on = asyncio.Event(), asyncio.Event()

    async def __aenter__(self) -> Self:
        read = store.open_advice

        async def waiting(*arguments: Any) -> Any:
            if self._left == 0:
                self._there.set()
                await self._go_on.wait()
            self._left -= 1
            return await read(*arguments)

        self._monkeypatch.setattr(store, "open_advice", waiting)
        item = await hold(self._work, OUTCOMES, self._tenant, NORTH, "")
        self._turn = asyncio.create_task(Judge(self._work, AtOnce()).compute([item]))  # type: ignore[arg-type]
        async with asyncio.timeout(60):
            await self._there.wait()
        self._monkeypatch.setattr(store, "open_advice", read)
        return self

    async def finish(self) -> None:
        self._go_on.set()
        await self._turn

    async def __aexit__(self, *_: object) -> None:
        await end(self._turn)


async def learn(work: UnitOfWork) -> int:
    """Work off what is marked to be learned; gives how many rooftops that were."""
    items = await LESSONS.claim(work.pool, limit=10)
    await Learner(work).compute(items)
    return len(items)


async def judge_again(work: UnitOfWork) -> None:
    """Work off rooftops whose turn was cut off, once their lease has run out."""
    await work.pool.execute("UPDATE work SET leased_until = now() - interval '1 second'")
    await Judge(work, AtOnce()).compute(await OUTCOMES.claim(work.pool, limit=10))  # type: ignore[arg-type]


async def open_exposure(work: UnitOfWork, tenant: UUID) -> float:
    async with work.begin(tenant) as tx:
        return await store.open_exposure(tx.connection, tenant, NORTH) or 0.0


async def learned(work: UnitOfWork, tenant: UUID) -> list[dict[str, Any]]:
    async with work.begin(tenant) as tx:
        rows = await tx.connection.fetch("SELECT document FROM policy ORDER BY version")
        told = await tx.connection.fetchval(
            "SELECT count(*) FROM outbox WHERE topic = 'policy-updated'"
            " AND convert_from(payload, 'utf8')::jsonb->>'tenant_id' = $1",
            str(tenant),
        )
    assert told == len(rows)
    return [{name: row["document"][name] for name in ("parameters", "evidence_count", "reason")} for row in rows]


async def test_a_turn_that_ends_between_its_pages_and_its_end_is_learned_of_as_if_it_had_not(
    work: UnitOfWork, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = uuid4()
    for each in (tenant, undisturbed):
        await sell(work, each, range(CARS - 2))
        await still_unsold(work, each, range(CARS - 2, CARS))
    async with Interrupted(work, tenant, monkeypatch, after=2):
        pass
    assert await learn(work) == 0, "what is open is not known yet"
    await judge_again(work)
    await judge(work, undisturbed)
    assert await learn(work) == 2
    [found] = await learned(work, tenant)
    assert found["evidence_count"] == CARS - 2
    assert [found] == await learned(work, undisturbed)
    assert 0 < await open_exposure(work, tenant) == await open_exposure(work, undisturbed)
    assert await work.pool.fetchval("SELECT count(*) FROM work") == 0


async def test_what_is_learned_while_pages_are_stored_waits_for_the_last_of_them(
    work: UnitOfWork, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sell(work, tenant, range(3))
    await judge(work, tenant)
    await sell(work, tenant, range(3, 3 + CARS))
    async with Interrupted(work, tenant, monkeypatch, after=1) as turn:
        assert await learn(work) == 1
        assert await learned(work, tenant) == []
        await turn.finish()
    assert await learn(work) == 1
    assert [each["evidence_count"] for each in await learned(work, tenant)] == [3 + CARS]


async def test_a_turn_that_stores_no_outcome_has_nothing_learned(work: UnitOfWork, tenant: UUID) -> None:
    await sell(work, tenant, range(CARS))
    await judge(work, tenant)
    assert await learn(work) == 1
    await still_unsold(work, tenant, range(CARS, CARS + 2))
    await judge(work, tenant)
    assert await learn(work) == 0


async def test_what_one_learned_whose_work_another_took_over_is_not_kept(work: UnitOfWork, tenant: UUID) -> None:
    await sell(work, tenant, range(CARS))
    await judge(work, tenant)
    late = await LESSONS.claim(work.pool, limit=10)
    await work.pool.execute("UPDATE work SET leased_until = now() - interval '1 second'")
    items = await LESSONS.claim(work.pool, limit=10)
    with pytest.raises(ClaimLostError):
        await Learner(work).compute(late)
    assert await learned(work, tenant) == []
    await Learner(work).compute(items)
    assert len(await learned(work, tenant)) == 1


async def test_what_a_day_that_has_its_step_teaches_is_learned_on_the_next(work: UnitOfWork, tenant: UUID) -> None:
    await sell(work, tenant, range(CARS))
    await judge(work, tenant)
    assert await learn(work) == 1
    await sell(work, tenant, range(CARS, 2 * CARS))
    await judge(work, tenant)
    assert await learn(work) == 1
    assert len(await learned(work, tenant)) == 1, "one step a day"
    async with work.begin(tenant) as tx:
        await tx.connection.execute("UPDATE policy SET learned_on = learned_on - 1")
    await judge(work, tenant)
    assert await learn(work) == 1, "though no outcome is new"
    assert [each["evidence_count"] for each in await learned(work, tenant)] == [CARS, 2 * CARS]
    await judge(work, tenant)
    assert await learn(work) == 0


async def test_a_page_waits_for_learning_that_has_begun(work: UnitOfWork, tenant: UUID) -> None:
    await sell(work, tenant, range(3))
    await judge(work, tenant)
    await sell(work, tenant, range(3, 6))
    async with asyncio.TaskGroup() as tasks, work.begin(tenant) as tx:
        assert await store.open_exposure(tx.connection, tenant, NORTH) is not None
        judging_on = tasks.create_task(judge(work, tenant))
        async with asyncio.timeout(60):
            while not await work.pool.fetchval(WAITING):
                assert not judging_on.done()
                await asyncio.sleep(0.02)
        assert await tx.connection.fetchval("SELECT count(*) FROM outcome") == 3
