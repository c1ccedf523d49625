"""Stopping and starting again: nothing is lost, nothing is left running, whichever way it stopped."""

from __future__ import annotations

import asyncio
import json
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
import psutil
import pytest

from deploy.local.servers import PostgresServer
from tests.conftest import System, start_system
from tests.e2e.conftest import group_of, new_vin, poll, stock_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def family(system: System) -> list[psutil.Process]:
    main = psutil.Process(system.process.pid)
    return [main, *main.children(recursive=True)]


def ended(process: psutil.Process) -> bool:
    """Tell whether it runs no more; the dead may stay in the table where nobody reaps them."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize("way", ["Ctrl-C", "SIGKILL"])
def test_state_and_events_survive_a_stop(
    tmp_path: Path, broker_kind: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a killed consumer held is handed to its successor when its session ends: 45 s where nothing is set.
    monkeypatch.setenv("DOSO_KAFKA_SESSION_TIMEOUT_MS", "10000")
    system = start_system(tmp_path / "data", broker_kind)
    started = [system]
    try:
        group = group_of(system)
        dealer = group.dealer("Northside")
        known = new_vin()
        group.stock(dealer, [stock_row(known, 20_000)])
        group.until(dealer, known, status="in_stock")
        before = system.credentials
        vins = [new_vin() for _ in range(300)]
        facts = {"make": "Toyota", "model": "RAV4", "list_price": "19000.00"}
        events = [group.event(dealer, "vehicle.stocked", vin, **facts) for vin in vins]
        processes = family(system)
        assert (
            group.send(*events, group.event(dealer, "vehicle.priced", known, list_price="18500.00"))["accepted"]
            == 301
        )
        _stop(system, way)
        if way != "SIGKILL":
            poll(lambda: all(map(ended, processes)), "every process of the system to be gone")

        system = start_system(tmp_path / "data", broker_kind)
        started.append(system)
        after = system.credentials
        assert {**after, "url": before["url"]} == before
        again = group_of(system)
        assert [item["id"] for item in again.get("/dealers")["items"]] == [dealer]
        again.until(dealer, known, list_price="18500.00")

        def shown() -> Any:
            return {item["vin"] for item in again.items("/inventory", dealer_id=dealer)} == {known, *vins}

        poll(shown, "all events that were answered with 202 before the stop")
        duplicates = again.send(*events)
        assert (duplicates["accepted"], duplicates["duplicates"]) == (0, 300)
        poll(lambda: again.http.get("/ready").json()["status"] == "ok", "the system to be ready again")
        if way == "SIGKILL":
            poll(lambda: all(ended(p) for p in processes), "what the killed system left running to be ended")
        processes = family(system)
        assert system.stop() == 0
        poll(lambda: all(map(ended, processes)), "every process of the system to be gone")
    finally:
        for each in started:
            if each.process.poll() is None:
                each.process.kill()


@pytest.mark.parametrize(
    "brokers",
    [("memory",), ("apache", "memory"), ("apache",)],
    ids=["Java comes", "Java goes and comes", "Kafka's folder goes"],
)
def test_what_only_the_broker_before_held_is_taken_in_from_the_next(
    tmp_path: Path, broker_kind: str, brokers: tuple[str, ...]
) -> None:
    if broker_kind != "apache":
        pytest.skip("the in-memory broker holds nothing whichever was before it")
    data_dir = tmp_path / "data"
    started: list[System] = []
    try:
        for earlier in brokers[:-1]:
            started.append(start_system(data_dir, earlier))
            assert started[-1].stop() == 0
        system = start_system(data_dir, brokers[-1])
        started.append(system)
        group = group_of(system)
        dealer = group.dealer("Northside")
        known = new_vin()
        group.stock(dealer, [stock_row(known)])
        group.until(dealer, known, status="in_stock")
        vins = [new_vin() for _ in range(50)]
        facts = {"make": "Toyota", "model": "RAV4", "list_price": "19000.00"}
        processes = family(system)
        with inventory_taking_nothing_in(data_dir) as ask:
            sent = group.send(*(group.event(dealer, "vehicle.stocked", vin, **facts) for vin in vins))
            assert sent["accepted"] == len(vins)
            poll(lambda: ask("SELECT count(*) = 0 FROM gateway.outbox_waiting"), "all of it to be published")
            _stop(system, "SIGKILL")
        poll(lambda: all(map(ended, processes)), "every process of the system to be gone")
        if brokers == ("apache",):
            shutil.rmtree(data_dir / "kafka")

        system = start_system(data_dir, "apache")
        started.append(system)
        again = group_of(system)
        poll(
            lambda: {item["vin"] for item in again.items("/inventory", dealer_id=dealer)} == {known, *vins},
            "what the broker before was given to be taken in from this one",
        )
        assert system.stop() == 0
    finally:
        for each in started:
            if each.process.poll() is None:
                each.process.kill()


@contextmanager
def inventory_taking_nothing_in(data_dir: Path) -> Iterator[Callable[[str], Any]]:
    """Keep inventory from entering any event in its inbox; gives what answers one question to the database."""
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(PostgresServer(data_dir).dsn()))
        runner.run(connection.execute("BEGIN; LOCK TABLE inventory.inbox IN SHARE ROW EXCLUSIVE MODE"))
        try:
            yield lambda question: runner.run(connection.fetchval(question))
        finally:
            connection.terminate()


def _stop(system: System, way: str) -> None:
    if way == "Ctrl-C":
        assert system.stop() == 0
    else:
        system.process.kill()
        system.process.wait(timeout=30)


def test_credentials_are_only_for_their_owner(system: System) -> None:
    path = system.data_dir / "credentials.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert set(json.loads(path.read_text())) == {"url", "username", "password", "tenant_id", "dms_api_key"}
    assert (system.data_dir / "signing-key.json").stat().st_mode & 0o777 == 0o600
