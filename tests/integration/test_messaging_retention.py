"""Retention: what is past its period goes, what is still needed stays."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

import asyncpg

from shared.messaging.retention import Retention, RetentionSettings

OLD, YOUNG = "now() - interval '8 days'", "now() - interval '6 days'"


async def outbox_row(probe, *, topic: str, created: str, waiting: bool = False) -> None:
    await probe.owner.execute(
        f"""
        WITH added AS (
            INSERT INTO outbox (id, topic, key, payload, headers, created_at)
            VALUES ($1, $2, '', '', '{{}}', {created}) RETURNING seq, id)
        INSERT INTO outbox_waiting SELECT seq, id FROM added WHERE $3
        """,
        uuid4(),
        topic,
        waiting,
    )


async def test_only_what_was_published_long_ago_leaves_the_outbox(probe, monkeypatch) -> None:
    monkeypatch.setattr("shared.messaging.retention.BATCH", 2)
    monkeypatch.setattr("shared.messaging.retention.PAUSE_SECONDS", 0.0)
    for _ in range(5):
        await outbox_row(probe, topic="old", created=OLD)
    await outbox_row(probe, topic="unpublished", created=OLD, waiting=True)
    await outbox_row(probe, topic="young", created=YOUNG)
    await outbox_row(probe, topic="old.dlq.someone", created=OLD)
    retention = Retention(probe.service, probe.work.pool, RetentionSettings(), metrics=probe.telemetry.metrics)
    assert (await retention.once())["outbox"] == 5
    kept = {row["topic"] for row in await probe.owner.fetch("SELECT topic FROM outbox")}
    assert kept == {"unpublished", "young", "old.dlq.someone"}
    assert (await retention.once())["outbox"] == 0


async def test_the_inbox_remembers_longer_than_the_outbox_and_letters_longest(probe) -> None:
    for days in (44, 46):
        await probe.owner.execute(
            "INSERT INTO inbox (event_id, topic, seen_at) VALUES ($1, 't', now() - make_interval(days => $2))",
            uuid4(),
            days,
        )
    for days in (13, 15):
        await probe.owner.execute(
            "INSERT INTO dead_letter (topic, position, digest, error_class, error, parked_at)"
            " VALUES ('t', $1, '', '', '', now() - make_interval(days => $2))",
            f"0/{days}",
            days,
        )
    retention = Retention(probe.service, probe.work.pool, RetentionSettings(), metrics=probe.telemetry.metrics)
    assert await retention.once() == {"outbox": 0, "inbox": 1, "dead_letter": 1}
    assert await probe.value("SELECT position FROM dead_letter") == "0/13"


@dataclass(slots=True)
class Pages:
    """A pool that explains what it is told to do, and counts the pages touched."""

    owner: asyncpg.Connection[asyncpg.Record]
    touched: int = 0

    async def execute(self, sql: str, *arguments: object) -> str:
        [row] = await self.owner.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", *arguments)
        [explained] = json.loads(row[0])
        self.touched += explained["Plan"]["Shared Hit Blocks"] + explained["Plan"]["Shared Read Blocks"]
        return f"DELETE {explained['Plan']['Actual Rows']:.0f}"


async def test_looking_for_what_is_past_does_not_read_what_is_not_also_where_rows_stand_in_old_ones_place(
    probe,
) -> None:
    series = "now() - make_interval(days => $1) FROM generate_series(1, 20000)"
    columns = "INSERT INTO outbox (id, topic, key, payload, headers, created_at)"

    async def fill(days: int) -> None:
        await probe.owner.execute(f"INSERT INTO inbox SELECT gen_random_uuid(), 't', {series}", days)
        await probe.owner.execute(f"{columns} SELECT gen_random_uuid(), 't', '', '', '{{}}', {series}", days)

    async def clear(condition: str) -> None:
        for table, age in (("inbox", "seen_at"), ("outbox", "created_at")):
            await probe.owner.execute(f"DELETE FROM {table} WHERE {condition.format(age=age)}")
            await probe.owner.execute(f"VACUUM ANALYZE {table}")

    await fill(days=40)
    await clear("ctid < '(100,0)'")
    await fill(days=1)
    await clear("{age} < now() - interval '2 days'")
    pages = Pages(probe.owner)
    found = await Retention(
        probe.service, cast("Any", pages), RetentionSettings(), metrics=probe.telemetry.metrics
    ).once()
    assert found == {"outbox": 0, "inbox": 0, "dead_letter": 0}
    assert pages.touched < 50
