"""A rebuild waits for a service's work for as long as that moves, and no longer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from doso.rebuild.connections import connected
from doso.rebuild.step import RebuildError
from doso.rebuild.working_off import STILL_GIVEN_UP_SECONDS, STILL_SECONDS, WorkedOff
from services.recommend.similar import CASES
from shared.postgres.work import MAX_ATTEMPTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from doso.rebuild.connections import Connections
    from shared.postgres.pool import Connection

TENANT, OTHER, DEALER = uuid4(), uuid4(), uuid4()
LOOKS = 60
"""So often does a test let the rebuild look: what still waits then does so without end."""


class Wait:
    """A rebuild's wait in which ``seconds`` pass between two looks, and what ``meanwhile`` does happens."""

    def __init__(self, connections: Connections, recommend: Connection) -> None:
        self.recommend = recommend
        self.seconds = STILL_SECONDS - 1
        self.looks = 0
        self._connections = connections
        self._meanwhile: Callable[[], Awaitable[object]]

    def monotonic(self) -> float:
        return self.looks * self.seconds

    async def sleep(self, _seconds: float) -> None:
        self.looks += 1
        assert self.looks < LOOKS, "it waits without end"
        await self._meanwhile()

    async def until_done(self, meanwhile: Callable[[], Awaitable[object]]) -> None:
        async def note(_connection: object, _piece: object) -> None:
            """There is no journal here."""

        self._meanwhile = meanwhile
        await WorkedOff("recommend", CASES.queue).piece(self._connections, TENANT, None, note)

    async def mark(self, tenant: UUID, *keys: str) -> None:
        await CASES.mark(self.recommend, [(tenant, DEALER, key) for key in keys])

    async def give_up(self) -> None:
        """Have all there is given up, and marked a moment ago."""
        await self.recommend.execute("UPDATE work SET attempts = $1, error = 'no room'", MAX_ATTEMPTS)

    async def nothing(self) -> None:
        """Let the time pass."""

    async def finish_oldest(self) -> None:
        """Do what a worker does that has one item a turn."""
        await self.recommend.execute(
            "DELETE FROM work WHERE key = (SELECT key FROM work ORDER BY tenant_id = $1, due_at LIMIT 1)", TENANT
        )

    async def fail(self, item: str) -> None:
        """Have the try of an item fail that is marked during it, as is what goes back untried."""
        claimed = await CASES.claim(self.recommend, limit=9, given_up=9)
        await self.mark(TENANT, *(each.key for each in claimed))
        await CASES.fail(self.recommend, [each for each in claimed if each.key == item], "no room")
        await CASES.release(self.recommend, claimed)


@pytest.fixture
async def wait(migrated: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Wait]:
    async with connected(migrated) as connections:
        waiting = Wait(connections, await connections.of("recommend"))
        monkeypatch.setattr("doso.rebuild.working_off.time", SimpleNamespace(monotonic=waiting.monotonic))
        monkeypatch.setattr("doso.rebuild.working_off.asyncio", SimpleNamespace(sleep=waiting.sleep))
        yield waiting


@pytest.mark.parametrize("given_up", [False, True])
async def test_it_waits_while_what_stands_before_it_in_the_line_is_done(wait: Wait, given_up: bool) -> None:
    await wait.mark(OTHER, *map(str, range(20)))
    await wait.mark(TENANT, "ours")
    if given_up:
        await wait.give_up()
        wait.seconds = STILL_GIVEN_UP_SECONDS - 1
    await wait.until_done(wait.finish_oldest)
    assert wait.looks == 21


async def test_marks_alone_are_no_movement(wait: Wait) -> None:
    async def mark_one_more() -> None:
        await wait.mark(TENANT, f"later {wait.looks}")

    await wait.mark(TENANT, "ours")
    with pytest.raises(RebuildError, match="pieces of work wait for the service recommend, and nothing moved"):
        await wait.until_done(mark_one_more)


async def test_what_was_given_up_may_have_to_wait_for_longer_and_not_for_ever(wait: Wait) -> None:
    await wait.mark(TENANT, "ours")
    await wait.give_up()
    with pytest.raises(RebuildError, match=f"1 pieces of work wait .* for {STILL_GIVEN_UP_SECONDS:.0f} s"):
        await wait.until_done(wait.nothing)
    assert wait.looks * wait.seconds > STILL_GIVEN_UP_SECONDS


async def test_what_is_sound_has_a_wait_of_its_own_beside_what_was_given_up(wait: Wait) -> None:
    async def mark_then_do_it() -> None:
        if wait.looks == 2:
            await wait.mark(TENANT, "later")
        if wait.looks == 3:
            await wait.recommend.execute("DELETE FROM work")

    await wait.mark(TENANT, "ours")
    await wait.give_up()
    wait.seconds = (STILL_SECONDS + STILL_GIVEN_UP_SECONDS) / 4
    await wait.until_done(mark_then_do_it)
    assert wait.looks == 3


async def test_what_could_not_be_tried_again_did_not_fail(wait: Wait) -> None:
    async def postpone_then_do_it() -> None:
        claimed = await CASES.claim(wait.recommend, limit=9)
        await CASES.fail(wait.recommend, claimed, "the vectors are away", counts=False, delay=600)
        if wait.looks == 2:
            await wait.recommend.execute("DELETE FROM work")

    await wait.mark(TENANT, "ours")
    await wait.give_up()
    await wait.until_done(postpone_then_do_it)
    assert wait.looks == 2


async def test_what_fails_again_has_failed_though_it_is_marked_again_and_again(wait: Wait) -> None:
    async def try_one() -> None:
        await wait.fail("first" if wait.looks == 1 else "second")
        await wait.mark(TENANT, "first")

    await wait.mark(TENANT, "first", "second")
    await wait.give_up()
    with pytest.raises(RebuildError, match=r"gave up 2 pieces of work \(no room\)"):
        await wait.until_done(try_one)
    assert wait.looks == 2
