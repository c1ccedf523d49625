"""What is told of the pipeline is of one moment: an event that work emits meanwhile is not missed in between."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg

from deploy.local.pipeline import SERVICES, read_pipeline
from deploy.local.servers import PostgresServer
from shared.events.topics import RECOMMENDATION_ISSUED
from shared.migration import migrate

if TYPE_CHECKING:
    from pathlib import Path

    from asyncpg import Connection


async def _mark(connection: Connection[Any]) -> None:
    await connection.execute(
        "INSERT INTO recommend.work (queue, key, tenant_id, dealer_id, due_at, latest_at)"
        " VALUES ('advice', '', $1, $2, now(), now())",
        uuid4(),
        uuid4(),
    )


async def _work_off(connection: Connection[Any]) -> None:
    """Do as a worker does: what was marked is finished as what it emits is left to be published."""
    async with connection.transaction():
        await connection.execute("DELETE FROM recommend.work")
        await connection.execute(
            "INSERT INTO recommend.outbox (id, topic, key, payload, headers, created_at)"
            " VALUES ($1, $2, 'key', '', '{}', $3)",
            uuid4(),
            RECOMMENDATION_ISSUED.name,
            datetime.now(UTC),
        )


async def test_work_done_during_the_look_leaves_it_busy(tmp_path: Path) -> None:
    with PostgresServer(tmp_path) as server:
        for service in SERVICES:
            await migrate(service, server.dsn())
        worker = await asyncpg.connect(server.dsn())

        class Interrupted(asyncpg.Connection):  # type: ignore[type-arg]  # it takes no type at run time
            """A look that is overtaken by a worker before it comes to what work is left."""

            async def fetch(self, query: str, *arguments: Any, **options: Any) -> Any:
                if "recommend.work" in query:
                    await _work_off(worker)
                return await super().fetch(query, *arguments, **options)

        looking = await asyncpg.connect(server.dsn(), connection_class=Interrupted)
        try:
            assert (await read_pipeline(looking)).idle
            await worker.execute("DELETE FROM recommend.outbox")
            await _mark(worker)
            assert not (await read_pipeline(looking)).idle
            after = await read_pipeline(worker)
        finally:
            await looking.close()
            await worker.close()
    assert not after.idle, "now the event is under way"
    assert sum(stage.missing for stage in after.stages) == len(RECOMMENDATION_ISSUED.consumers)
