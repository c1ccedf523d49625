"""Failed tries in PostgreSQL: counted under load, bounded, and no way to lock somebody else out."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from services.gateway.api.auth import tries as sign_in_tries
from services.gateway.api.auth.tries import try_sign_in
from services.gateway.api.problems import ProblemError
from services.gateway.domain.sign_in_throttle import ADDRESS, PAIR, USERNAME
from services.gateway.store.accounts import sign_in_failures
from shared.messaging import UnitOfWork
from shared.postgres import PostgresSettings, create_pool, tenant_transaction
from tests.integration.lock_waits import WAITING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

START = datetime(2026, 3, 1, tzinfo=UTC)
HOME, OFFICE = "192.0.2.1", "198.51.100.7"


class Clock:
    """Stands in for the module's ``datetime``: time goes on when it is told to."""

    def __init__(self) -> None:
        self.time = START

    def now(self, _zone: object) -> datetime:
        return self.time


class Gateway:
    """As much of the gate as tries need."""

    def __init__(self, work: UnitOfWork, clock: Clock) -> None:
        self.work, self.clock = work, clock

    async def fail(self, username: str, address: str, times: int = 1) -> None:
        """Fail as fast as one is let."""
        for _ in range(times):
            try:
                await try_sign_in(self, username, address)  # type: ignore[arg-type]
            except ProblemError as refused:
                self.clock.time += timedelta(seconds=int((refused.headers or {})["Retry-After"]))
                await try_sign_in(self, username, address)  # type: ignore[arg-type]

    async def succeed(self, username: str, address: str) -> None:
        tries = await try_sign_in(self, username, address)  # type: ignore[arg-type]
        await tries.signed_in(self)  # type: ignore[arg-type]

    async def refused(self, username: str, address: str) -> int:
        """Try, which must be refused; gives the seconds to wait."""
        with pytest.raises(ProblemError) as caught:
            await try_sign_in(self, username, address)  # type: ignore[arg-type]
        assert caught.value.status == 429
        return int((caught.value.headers or {})["Retry-After"])


@pytest.fixture
async def gateway(migrated: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gateway]:
    clock = Clock()
    monkeypatch.setattr(sign_in_tries, "datetime", clock)
    pool = await create_pool("gateway", PostgresSettings(dsn=migrated, pool_max=6))
    yield Gateway(UnitOfWork(pool, "gateway"), clock)
    await pool.close()


@asynccontextmanager
async def rows(gateway: Gateway, table: str = "sign_in_failure") -> AsyncIterator[int]:
    async with tenant_transaction(gateway.work.pool, []) as connection:
        yield await connection.fetchval(f"SELECT count(*) FROM {table}")


async def test_tries_at_the_same_time_cannot_all_slip_through(gateway: Gateway) -> None:
    outcomes = await asyncio.gather(
        *(try_sign_in(gateway, "pat", HOME) for _ in range(60)),
        return_exceptions=True,
    )
    refused = [one for one in outcomes if isinstance(one, ProblemError)]
    assert len(refused) == 60 - PAIR.free
    assert len(refused) + sum(isinstance(one, sign_in_tries.Tries) for one in outcomes) == 60


async def test_success_between_failures_and_at_the_same_time_never_waits(gateway: Gateway) -> None:
    for _ in range(5):
        await asyncio.gather(*(gateway.succeed("pat", HOME) for _ in range(8)))
    await gateway.fail("pat", HOME, PAIR.free - 1)
    await gateway.succeed("pat", HOME)
    await gateway.fail("pat", HOME, PAIR.free - 1)


async def test_tries_that_find_their_rows_gone_do_not_wait_for_each_other(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A success deletes its own row just before one try would hold it, and the next try puts that row back."""
    own, shared = bytes(31) + b"\2", {bytes(31) + b"\1": USERNAME}
    look, steps = sign_in_failures._locked, [asyncio.Event() for _ in range(4)]
    about_to_look, look_now, looked, go_on = steps

    async def step_by_step(*of: object) -> object:
        if about_to_look.is_set():
            return await look(*of)
        about_to_look.set()
        await look_now.wait()
        found = await look(*of)
        looked.set()
        await go_on.wait()
        return found

    async def once() -> float:
        async with gateway.work.begin() as tx:
            return await sign_in_failures.try_once(tx.connection, {own: PAIR, **shared}, START)

    async def succeed() -> None:
        async with gateway.work.begin() as tx:
            await sign_in_failures.succeed(tx.connection, own, shared)

    async def done_or_waiting(*tasks: asyncio.Task[object]) -> None:
        async with asyncio.timeout(30):
            while await gateway.work.pool.fetchval(WAITING) < sum(not task.done() for task in tasks):
                await asyncio.sleep(0.01)

    assert await once() == 0
    monkeypatch.setattr(sign_in_failures, "_locked", step_by_step)
    first = asyncio.create_task(once())
    await asyncio.wait_for(about_to_look.wait(), 30)
    success = asyncio.create_task(succeed())
    await done_or_waiting(success)
    look_now.set()
    await asyncio.wait_for(looked.wait(), 30)
    second = asyncio.create_task(once())
    await done_or_waiting(success, second)
    go_on.set()
    assert await asyncio.gather(first, success, second) == [0, None, 0]


async def test_attacker_elsewhere_does_not_lock_out_who_has_signed_in_before(gateway: Gateway) -> None:
    await gateway.succeed("pat", OFFICE)
    for number in range(USERNAME.free):  # as many addresses as it takes
        await gateway.fail("pat", f"203.0.113.{number}")
    assert await gateway.refused("pat", HOME) >= 1, "somewhere new is refused: it cannot be told from the attacker"
    await gateway.succeed("pat", OFFICE)
    assert await gateway.refused("pat", HOME) >= 1, "and who is in does not open the door for the attacker"
    assert await gateway.refused("pat", "203.0.113.250") >= 1


async def test_address_full_of_failures_lets_in_those_it_knows(gateway: Gateway) -> None:
    await gateway.succeed("pat", HOME)
    for number in range(ADDRESS.free):
        await gateway.fail(f"guess-{number}", HOME)
    assert await gateway.refused("kim", HOME) >= 1
    await gateway.succeed("pat", HOME)


async def test_unknown_place_waits_at_most_minutes_under_attack(gateway: Gateway) -> None:
    for number in range(USERNAME.free + 12):
        await gateway.fail("pat", f"203.0.113.{number}")
    assert await gateway.refused("pat", HOME) <= USERNAME.most_seconds
    gateway.clock.time += timedelta(seconds=USERNAME.most_seconds)
    await gateway.succeed("pat", HOME)


async def test_failures_are_kept_for_about_an_hour_and_hold_no_name(gateway: Gateway) -> None:
    for number in range(50):
        await gateway.fail(f"secret-{number}", HOME)
    async with rows(gateway) as before:
        assert before == 101  # a pair and a name each, and the address
    gateway.clock.time += timedelta(hours=1, seconds=1)
    await gateway.fail("pat", OFFICE)
    async with rows(gateway) as after:
        assert after <= 4
    async with tenant_transaction(gateway.work.pool, []) as connection:
        assert "secret" not in str(await connection.fetch("SELECT * FROM sign_in_failure"))


async def test_place_is_remembered_for_three_months(gateway: Gateway) -> None:
    await gateway.succeed("pat", HOME)
    gateway.clock.time += sign_in_failures.PLACE_REMEMBERED + timedelta(days=1)
    await gateway.succeed("kim", OFFICE)
    async with rows(gateway, "sign_in_place") as kept:
        assert kept == 1
