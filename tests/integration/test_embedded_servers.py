"""The servers DOSO runs on without containers start, keep what they were given and survive a kill."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from deploy.local.servers import ApacheKafka, MemoryBroker, PostgresServer, ServerError, unavailable_reason

CACHE = Path(os.environ.get("DOSO_CACHE_DIR") or Path.home() / ".cache" / "doso")
REPOSITORY = Path(__file__).parents[2]
TOPIC = "vehicle-sold"
DEADLINE_SECONDS = 30

OWNER_OF_A_POSTGRES = """
import pathlib, sys, threading
from deploy.local.servers import PostgresServer
server = PostgresServer(pathlib.Path(sys.argv[1]))
server.start()
sys.stdout.write(f"{server.pid}\\n")
sys.stdout.flush()
threading.Event().wait()
"""


async def query(server: PostgresServer, *statements: str) -> object:
    """Run the statements on one connection and give the first value of the last."""
    connection = await asyncpg.connect(server.dsn(), timeout=60)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


def wait_until(condition: Callable[[], bool]) -> None:
    """Look again and again until the condition holds; fails after `DEADLINE_SECONDS`."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def kill(server: PostgresServer | ApacheKafka) -> None:
    """Kill the server with SIGKILL and wait until it is gone."""
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: not server.running)


def is_gone(process: psutil.Process) -> bool:
    """Tell whether the process has ended; one that nobody reaped counts as ended."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@contextmanager
def postgres_of_another_process(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a process that owns a running PostgreSQL over `data_dir`, and the postmaster's process id."""
    command = [sys.executable, "-c", OWNER_OF_A_POSTGRES, str(data_dir)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as owner:
        try:
            assert owner.stdout is not None
            yield owner, int(owner.stdout.readline())
        finally:
            owner.kill()


async def test_postgres_keeps_its_data_over_a_restart_in_a_directory_with_a_long_name(tmp_path: Path) -> None:
    data_dir = tmp_path / ("a-directory-of-a-dealer-group-" * 6)
    server = PostgresServer(data_dir)
    await asyncio.to_thread(server.start)
    address = server.dsn()
    await query(server, "CREATE TABLE vehicle (vin text)", "INSERT INTO vehicle VALUES ('1') RETURNING vin")
    await asyncio.to_thread(server.stop)
    assert not server.running

    with PostgresServer(data_dir) as again:
        assert again.dsn() == address
        assert await query(again, "SELECT count(*) FROM vehicle") == 1


async def test_postgres_is_durable_open_to_no_network_and_serves_every_role(tmp_path: Path) -> None:
    with PostgresServer(tmp_path) as server:
        names = "fsync", "synchronous_commit", "listen_addresses", "jit", "max_connections", "TimeZone"
        settings = [await query(server, f"SHOW {name}") for name in names]
        assert settings == ["on", "on", "", "off", "120", "UTC"]
        await query(server, "CREATE ROLE doso_app LOGIN")
        connection = await asyncpg.connect(server.dsn("doso_app", "postgres"), timeout=60)
        assert await connection.fetchval("SELECT current_user || '@' || current_database()") == "doso_app@postgres"
        await connection.close()


async def test_postgres_recovers_when_the_postmaster_is_killed(tmp_path: Path) -> None:
    with PostgresServer(tmp_path) as server:
        await query(server, "CREATE TABLE vehicle (vin text)", "INSERT INTO vehicle VALUES ('1') RETURNING vin")
        kill(server)
        await asyncio.to_thread(server.start)
        assert await query(server, "SELECT count(*) FROM vehicle") == 1


async def test_postgres_starts_over_a_stale_lock_file_that_names_a_living_process(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path)
    server.start()
    data = tmp_path / "postgres"
    lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    kill(server)
    server.stop()
    # Of the same account, since PostgreSQL itself sees through a process of another.
    with subprocess.Popen(["sleep", "600"], user=data.stat().st_uid) as stranger:  # noqa: ASYNC220
        try:
            (data / "postmaster.pid").write_text("\n".join([str(stranger.pid), *lines[1:], ""]), encoding="utf-8")
            with server:
                assert await query(server, "SELECT 1") == 1
            assert stranger.poll() is None
        finally:
            stranger.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
async def test_postgres_ends_with_its_owner_and_serves_the_next(tmp_path: Path) -> None:
    with postgres_of_another_process(tmp_path) as (owner, postmaster):
        process = psutil.Process(postmaster)
        owner.kill()
        wait_until(lambda: is_gone(process))
    with PostgresServer(tmp_path) as server:
        assert await query(server, "SELECT 1") == 1


async def test_postgres_left_hanging_by_a_dead_owner_is_replaced(tmp_path: Path) -> None:
    with postgres_of_another_process(tmp_path) as (owner, postmaster):
        left_over = psutil.Process(postmaster)
        left_over.suspend()  # It cannot follow its owner.
        owner.kill()
        owner.wait()
        with PostgresServer(tmp_path) as server:
            assert is_gone(left_over)
            assert server.pid != postmaster
            assert await query(server, "SELECT 1") == 1


async def test_postgres_refuses_data_that_a_living_process_owns(tmp_path: Path) -> None:
    with postgres_of_another_process(tmp_path) as (owner, postmaster):
        with pytest.raises(ServerError, match=f"in use by process {owner.pid}"):
            PostgresServer(tmp_path).start()
        assert psutil.Process(postmaster).is_running()
    with PostgresServer(tmp_path) as server:
        with pytest.raises(ServerError, match=f"in use by process {os.getpid()}"):
            PostgresServer(tmp_path).start()
        assert await query(server, "SELECT 1") == 1


async def test_postgres_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path)
    starter = threading.Thread(target=server.start)
    starter.start()
    await asyncio.to_thread(starter.join)
    try:
        assert await query(server, "SELECT 1") == 1
        assert server.running
    finally:
        server.stop()


def test_postgres_refuses_data_of_another_version(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("16\n", encoding="ascii")
    if os.geteuid() == 0:
        os.chown(tmp_path / "postgres", 65534, -1)
    with pytest.raises(ServerError, match="written by PostgreSQL 16"):
        PostgresServer(tmp_path).start()


async def produce(bootstrap_servers: str, *values: bytes) -> None:
    """Send the values to `TOPIC`, each acknowledged."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers, enable_idempotence=True) as producer:
        for value in values:
            await asyncio.wait_for(producer.send_and_wait(TOPIC, value, key=b"dealer"), 30)


def consumer_of(bootstrap_servers: str) -> AIOKafkaConsumer:
    """Make a member of the consumer group `forecast` that commits only when told to."""
    return AIOKafkaConsumer(
        TOPIC,
        bootstrap_servers=bootstrap_servers,
        group_id="forecast",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )


async def consume(consumer: AIOKafkaConsumer, count: int) -> list[bytes | None]:
    """Take `count` values in order."""
    return [(await asyncio.wait_for(consumer.getone(), 30)).value for _ in range(count)]


async def test_memory_broker_delivers_to_a_consumer_group_in_silence(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with MemoryBroker() as broker:
        await produce(broker.bootstrap_servers, b"one", b"two")
        async with consumer_of(broker.bootstrap_servers) as consumer:
            assert await consume(consumer, 2) == [b"one", b"two"]
            assert consumer.partitions_for_topic(TOPIC) == {0, 1, 2, 3}
    with pytest.raises(ServerError, match="not running"):
        _ = broker.bootstrap_servers
    assert capfd.readouterr().err == ""


@pytest.fixture(scope="module")
def kafka_cache() -> Path:
    """Give the directory with Apache Kafka's jars, or where they will be fetched to."""
    reason = unavailable_reason(CACHE)
    if reason is not None:
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return CACHE


def create_topic(bootstrap_servers: str) -> None:
    """Create `TOPIC` with three partitions, after a look that must not have created it."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    assert admin.list_topics(TOPIC, timeout=30).topics[TOPIC].error is not None
    assert TOPIC not in admin.list_topics(timeout=30).topics
    admin.create_topics([NewTopic(TOPIC, num_partitions=3, replication_factor=1)])[TOPIC].result(30)


async def test_apache_kafka_keeps_messages_and_offsets_over_a_restart(tmp_path: Path, kafka_cache: Path) -> None:
    steps: list[str] = []
    kafka = ApacheKafka(tmp_path, kafka_cache, on_progress=steps.append)
    await asyncio.to_thread(kafka.start)
    first_address = kafka.bootstrap_servers
    await asyncio.to_thread(create_topic, first_address)
    await produce(first_address, b"one", b"two", b"three")
    async with consumer_of(first_address) as consumer:
        assert await consume(consumer, 1) == [b"one"]
        await consumer.commit()
    await asyncio.to_thread(kafka.stop)
    assert [step.split()[0] for step in steps][-2:] == ["formatting", "starting"]

    with ApacheKafka(tmp_path, kafka_cache) as again:
        assert again.bootstrap_servers != first_address
        async with consumer_of(again.bootstrap_servers) as consumer:
            assert await consume(consumer, 2) == [b"two", b"three"]


async def test_apache_kafka_recovers_from_a_kill_at_the_same_address(tmp_path: Path, kafka_cache: Path) -> None:
    with ApacheKafka(tmp_path, kafka_cache) as kafka:
        address = kafka.bootstrap_servers
        await asyncio.to_thread(create_topic, address)
        await produce(address, b"one")
        kill(kafka)
        await asyncio.to_thread(kafka.start)
        assert kafka.bootstrap_servers == address
        await produce(address, b"two")
        async with consumer_of(address) as consumer:
            assert await consume(consumer, 2) == [b"one", b"two"]


def test_apache_kafka_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert "there is none on PATH" in (unavailable_reason(tmp_path) or "")

    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n", encoding="ascii")
    java.chmod(0o755)
    assert "needs Java 17" in (unavailable_reason(tmp_path) or "")

    java.write_text("#!/bin/sh\necho 'openjdk version \"21.0.2\" 2024-01-16' >&2\n", encoding="ascii")
    assert "no mvn on PATH" in (unavailable_reason(tmp_path) or "")
