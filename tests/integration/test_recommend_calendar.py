"""The calendar of reviews: a day that has passed is work for every tenant, once."""

from __future__ import annotations

import asyncio
from typing import Any, cast
from uuid import uuid4

from services.recommend.handlers import REVIEWS, WHOLE_TENANT
from services.recommend.reviewing import Reviewer
from shared.messaging import UnitOfWork
from shared.messaging.ending import end
from shared.postgres import PostgresSettings, create_pool
from shared.postgres.work import MAX_ATTEMPTS

NOT_ASKED = cast("Any", None)


async def test_a_new_day_leaves_what_is_given_up_to_its_hour(migrated: str) -> None:
    sound, broken, done = uuid4(), uuid4(), uuid4()
    pool = await create_pool("recommend", PostgresSettings(dsn=migrated))
    work = UnitOfWork(pool, "recommend")
    for tenant, day in ((sound, "yesterday"), (broken, "yesterday"), (done, "tomorrow")):
        async with work.begin(tenant) as tx:
            await tx.connection.execute(f"INSERT INTO review VALUES ($1, '{day}'::date)", tenant)
            if tenant == broken:
                await REVIEWS.mark(tx.connection, [(broken, WHOLE_TENANT, "")])
    await pool.execute("UPDATE work SET attempts = $1, due_at = now() + interval '1 hour'", MAX_ATTEMPTS)
    before = await pool.fetch("SELECT * FROM work")

    async def is_marked() -> bool:
        return bool(await pool.fetchval("SELECT count(*) FROM work WHERE tenant_id = $1", sound))

    calendar = asyncio.create_task(Reviewer(work, NOT_ASKED, NOT_ASKED, NOT_ASKED).follow_calendar())
    try:
        async with asyncio.timeout(60):
            while not await is_marked():
                await asyncio.sleep(0.02)
        assert await pool.fetch("SELECT * FROM work WHERE tenant_id <> $1", sound) == before
        assert [item.tenant_id for item in await REVIEWS.claim(pool, limit=10)] == [sound]
    finally:
        await end(calendar)
        await pool.close()
