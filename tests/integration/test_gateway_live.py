"""Live events over real sockets and a real database: nothing skipped, nothing twice, each hears what is theirs."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.gateway.live import Purge
from services.gateway.store import live as store
from services.gateway.store.policies import TENANT_DEFAULT
from tests.integration.live_office import PATIENCE, any_text, numbers, office, take


async def test_numbers_follow_commits_and_have_no_gaps(migrated: str) -> None:
    async with office(migrated) as at:
        writers, each = 8, 25
        seen: list[int] = []
        done = asyncio.Event()

        async def write(writer: int) -> None:
            for number in range(each):
                try:
                    async with at.work.begin(at.tenant) as tx:
                        row = (at.tenant, at.here, "vehicle.changed", {"n": writer * each + number})
                        await store.tell(tx.connection, [row, (at.tenant, at.there, "market.changed", {})])
                        await tx.connection.execute("SELECT pg_sleep(random() / 200)")
                        if number % 5 == 0:
                            raise InterruptedError
                except InterruptedError:
                    continue

        async def read() -> None:
            position = 0
            while True:
                ending = done.is_set()
                async with at.work.begin(at.tenant) as tx:
                    found = await store.told_after(tx.connection, at.tenant, position, 7)
                seen.extend(told.seq for told in found)
                position = found[-1].seq if found else position
                if ending and not found:
                    return

        reading = asyncio.create_task(read())
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(write(writer) for writer in range(writers)))
            done.set()
            await reading
        assert seen == list(range(1, writers * each * 4 // 5 * 2 + 1)), (
            "a reader that never looks back misses nothing"
        )


async def test_a_later_teller_waits_for_an_earlier_ones_commit(migrated: str) -> None:
    async with office(migrated) as at:
        async with at.work.begin(at.tenant) as first:
            await store.tell(first.connection, [(at.tenant, at.here, "vehicle.changed", {"n": 1})])
            second = asyncio.create_task(at.tell(2))
            finished, _ = await asyncio.wait([second], timeout=0.3)
            assert not finished
        await second
        async with at.work.begin(at.tenant) as tx:
            told = await store.told_after(tx.connection, at.tenant, 0, 10)
        assert [(each.seq, json.loads(each.items)) for each in told] == [(1, [{"n": 1}]), (2, [{"n": 2}])]


async def test_what_was_missed_is_told_once_and_in_order_before_what_happens(migrated: str) -> None:
    async with office(migrated) as at:
        token = await at.person()
        async with at.follow(token) as stream:
            assert await take(stream, 1) == [("0", "ready", {"resumed": False})]
            await at.tell(1, 2, 3)
            (_, _, (third, _, _)) = first = await take(stream, 3)
            assert numbers(first) == [1, 2, 3]
        await at.tell(*range(4, 130))
        async with at.follow(token, last=third) as stream:
            assert await take(stream, 1) == [(third, "ready", {"resumed": True})]
            telling = asyncio.create_task(at.tell(*range(130, 150)))
            assert numbers(await take(stream, 146)) == list(range(4, 150))
            await telling


@pytest.mark.parametrize("last", ["1", "999999"])
async def test_an_id_that_is_not_kept_resets(migrated: str, last: str) -> None:
    async with office(migrated) as at:
        await at.tell(*range(1, 11))
        purge = Purge(at.work, hours=24, rows=4)
        assert await purge.once(datetime.now(UTC)) == 6
        token = await at.person()
        async with at.follow(token, last=last) as stream:
            ((place, event, data),) = await take(stream, 1)
            assert (place, event) == ("10", "reset")
            assert "load again" in data["detail"]
            await at.tell(11)
            assert numbers(await take(stream, 1)) == [11]
        async with at.follow(token, last="6") as stream:
            assert numbers(await take(stream, 6)) == [7, 8, 9, 10, 11]
        assert await purge.once(datetime.now(UTC) + timedelta(hours=25)) == 5, "by age, all of them"


async def test_each_hears_of_the_rooftops_in_scope_and_of_the_whole_group(migrated: str) -> None:
    async with office(migrated) as at:
        limited, free = await at.person(at.here), await at.person()
        async with at.follow(limited) as mine, at.follow(free, dealer_id=at.there) as theirs:
            await take(mine, 1)
            await take(theirs, 1)
            await at.tell(1)
            await at.tell(2, dealer=at.there)
            await at.tell(3, dealer=TENANT_DEFAULT)
            assert numbers(await take(mine, 2)) == [1, 3]
            assert numbers(await take(theirs, 2)) == [2, 3]
        for path, token, dealer in (("there", limited, at.there), ("nowhere", free, uuid4())):
            answer = await at.http.get(
                "/stream", params={"dealer_id": dealer}, headers={"Authorization": f"Bearer {token}"}
            )
            assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json"), path


async def test_another_tenants_events_are_not_heard(migrated: str) -> None:
    async with office(migrated) as at:
        stranger = uuid4()
        async with at.follow(await at.person()) as stream:
            await take(stream, 1)
            async with at.work.begin(stranger) as tx:
                await store.tell(tx.connection, [(stranger, at.here, "vehicle.changed", {"n": 666})])
            await at.tell(1)
            assert await take(stream, 1) == [
                ("1", "vehicle.changed", {"dealer_id": str(at.here), "at": any_text(), "items": [{"n": 1}]})
            ]


async def test_a_heartbeat_carries_the_place_past_what_is_not_for_ones_ears(migrated: str) -> None:
    async with (
        office(migrated, stream_heartbeat_seconds=0.2) as at,
        at.follow(await at.person(at.here)) as stream,
        asyncio.timeout(PATIENCE),
    ):
        await take(stream, 1)
        await at.tell(1, 2, dealer=at.there)
        async for place, event, _ in stream:
            assert event == "heartbeat"
            if place == "2":
                break
