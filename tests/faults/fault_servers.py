"""Servers that die, freeze or cut everybody off, while events are reported."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from typing import TYPE_CHECKING

import asyncpg
import httpx
import pytest
from typer.testing import CliRunner

from doso.main import app
from shared.messaging import KafkaSettings, ensure_topics
from tests.faults.fleet import until

if TYPE_CHECKING:
    from tests.faults.row import Row

DOWN_SECONDS = 6.0
WAITED_SECONDS = 240.0


async def test_broker_killed_and_restarted(row: Row) -> None:
    fleet = row.fleet
    async with row.reporting(people=True):
        await _advised(row)
        await fleet.kill_kafka()
        before, adverts = len(row.driver.ledger), len(row.driver.ledger.adverts)
        await asyncio.sleep(DOWN_SECONDS)
        await _acknowledged(row, before + 1, "events to be taken in while the broker is away")
        await until(
            lambda: len(row.driver.ledger.adverts) > adverts, WAITED_SECONDS, "adverts to be taken in as well"
        )
        hung = row.driver.hung
        await asyncio.to_thread(fleet.kafka.start)
        row.lifted()
        await asyncio.sleep(2)
    await row.prove()
    assert hung == 0, "nobody waited for the broker"
    assert await _starts(row) == 6, "no service had to be restarted"


async def test_broker_frozen(row: Row, short: bool) -> None:
    fleet = row.fleet
    async with row.reporting(pause=0.3):
        await asyncio.sleep(1)
        fleet.freeze_kafka()
        before = len(row.driver.ledger)
        await asyncio.sleep(15 if short else 60)
        await _acknowledged(row, before + 1, "events to be taken in while the broker is frozen")
        for service in fleet.services.values():
            assert await _alive(service.url), f"{service.name} is not to be restarted for its broker's sake"
        hung = row.driver.hung
        fleet.thaw_kafka()
        row.lifted()
        await asyncio.sleep(2)
    await row.prove()
    assert hung == 0, "nobody waited for the broker"
    assert await _starts(row) == 6, "no service had to be restarted"


async def test_postgres_stopped_at_once_and_restarted(row: Row) -> None:
    fleet = row.fleet
    async with row.reporting(people=True):
        await _advised(row)
        await fleet.kill_postgres()
        before = len(row.driver.ledger.adverts)
        busy = row.driver.statuses[503]
        await asyncio.sleep(DOWN_SECONDS)
        await until(lambda: row.driver.statuses[503] > busy, WAITED_SECONDS, "503 to be answered")
        await asyncio.to_thread(fleet.postgres.start)
        row.lifted()
        await until(lambda: len(row.driver.ledger.adverts) > before, WAITED_SECONDS, "adverts to be taken in again")
        await asyncio.sleep(2)
    await row.prove()
    assert set(row.driver.statuses) <= {200, 202, 409, 429, 503}, row.driver.statuses
    assert await _starts(row) == 6, "no service had to be restarted"


async def test_postgres_connections_terminated(row: Row) -> None:
    cut = 0
    async with row.reporting():
        for _ in range(15):
            with contextlib.suppress(OSError, asyncpg.PostgresError):
                async with row.fleet.owner() as connection:
                    cut += await connection.fetchval(
                        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                        " WHERE application_name LIKE 'doso-%'"
                    )
            await asyncio.sleep(0.5)
        row.lifted()
    assert cut > 15
    await row.prove()
    assert await _starts(row) == 6, "no service had to be restarted"


@pytest.mark.parametrize("first", ["broker", "database"])
async def test_both_servers_killed(row: Row, first: str) -> None:
    fleet = row.fleet
    async with row.reporting():
        await asyncio.sleep(1)
        kills = [fleet.kill_kafka, fleet.kill_postgres]
        for kill in kills if first == "broker" else reversed(kills):
            await kill()
        await asyncio.sleep(DOWN_SECONDS)
        starts = [fleet.kafka.start, fleet.postgres.start]
        for start in starts if first == "broker" else reversed(starts):
            await asyncio.to_thread(start)
        row.lifted()
        await asyncio.sleep(1)
    await row.prove()


async def _starts(row: Row) -> int:
    """Count the processes that are as old as the row."""
    return sum(service.pid in row.counted for service in row.fleet.services.values())


async def _acknowledged(row: Row, count: int, what: str) -> None:
    """Wait until as many events were acknowledged in all."""
    await until(lambda: len(row.driver.ledger) >= count, WAITED_SECONDS, what)


async def _advised(row: Row) -> None:
    """Wait until people have advice, and have answered some."""
    await until(lambda: row.driver.ledger.answers, WAITED_SECONDS, "advice to be answered")


async def _alive(url: str) -> bool:
    async with httpx.AsyncClient(timeout=60) as client:
        return (await client.get(f"{url}/health")).status_code == 200


async def test_broker_lost_with_all_it_held(row: Row) -> None:
    """As docs/operations.md has it: services stopped, a new Kafka, topics made, what was not taken in offered again."""
    fleet = row.fleet
    async with row.reporting(pause=0.3):
        await asyncio.sleep(1)
        fleet.services["inventory"].kill()
        await _acknowledged(row, len(row.driver.ledger) + 10, "events that inventory cannot take in")
        await asyncio.sleep(3)  # published, and now not taken in
        await asyncio.gather(*(asyncio.to_thread(one.stop) for one in fleet.services.values()))
        await asyncio.to_thread(fleet.kafka.stop)
        await asyncio.to_thread(shutil.rmtree, fleet.directory / "kafka")
        await asyncio.to_thread(fleet.kafka.start)
        await ensure_topics(KafkaSettings(bootstrap_servers=fleet.kafka.bootstrap_servers))
        done = await asyncio.to_thread(CliRunner().invoke, app, ["rebuild", "events", "--dsn", fleet.dsn])
        assert done.exit_code == 0, done.output
        assert int(done.stdout.split()[0]) > 0
        await fleet.heal()
        row.lifted()
    await row.prove()
