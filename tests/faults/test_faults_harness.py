"""The harness itself: an instrument that cannot show a fault proves nothing. Part of the ordinary tests."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.gateway.settings import Settings as GatewaySettings
from shared.messaging import failpoints
from tests.faults.fleet import gateway_environment
from tests.faults.ledger import Entry, Ledger
from tests.faults.persistence import Persistence
from tests.faults.proxy import proxied
from tests.faults.results import Result, table

ROOT = Path(__file__).parent.parent.parent
PASS = "from shared.messaging.failpoints import reach\nfor n in range(5): reach('relay.after_send'); print(n)"


def passing_by(**environment: str) -> subprocess.CompletedProcess[str]:
    """Pass a failpoint five times in a process of its own."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("DOSO_")}
    return subprocess.run(
        [sys.executable, "-c", PASS],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**inherited, **environment},
    )


def test_a_failpoint_ends_the_process_at_the_pass_it_was_told() -> None:
    armed = passing_by(DOSO_FAILPOINT="relay.after_send:3", DOSO_FAILPOINTS_ALLOWED=failpoints.ALLOWED)
    assert armed.returncode == failpoints.EXIT_CODE
    assert "kill itself" in armed.stdout + armed.stderr
    elsewhere = passing_by(DOSO_FAILPOINT="consumer.before_commit", DOSO_FAILPOINTS_ALLOWED=failpoints.ALLOWED)
    assert (elsewhere.returncode, elsewhere.stdout.split()[-5:]) == (0, list("01234"))


@pytest.mark.parametrize("text", ["relay.after_send:3", "nowhere", "relay.after_send:0", "relay.after_send:x"])
def test_a_failpoint_is_refused_where_it_is_not_meant(text: str) -> None:
    with pytest.raises(ValueError, match="DOSO_FAILPOINT"):
        failpoints.read({"DOSO_FAILPOINT": text})
    if text != "relay.after_send:3":
        with pytest.raises(ValueError, match="PLACE"):
            failpoints.read({"DOSO_FAILPOINT": text, "DOSO_FAILPOINTS_ALLOWED": failpoints.ALLOWED})
    assert passing_by(DOSO_FAILPOINT=text).returncode == 1


def test_without_its_variable_there_is_no_failpoint() -> None:
    assert failpoints.read({}) is None
    assert failpoints.read({"DOSO_FAILPOINTS_ALLOWED": failpoints.ALLOWED}) is None


def test_every_failpoint_is_somewhere_and_is_injected() -> None:
    placed = [
        name
        for folder in (ROOT / "shared" / "messaging", ROOT / "doso" / "rebuild")
        for file in folder.glob("*.py")
        for name in re.findall(r'\breach\("([a-z_.]+)"\)', file.read_text())
    ]
    assert sorted(placed) == sorted(failpoints.POINTS)
    rows = (Path(__file__).parent / "fault_crashes.py").read_text()
    rebuilds = (ROOT / "tests" / "e2e" / "test_e2e_rebuild.py").read_text()
    for name in failpoints.POINTS:
        assert f'"{name}' in (rebuilds if name.startswith("rebuild.") else rows), f"nothing stops at {name}"


def test_the_ledger_knows_what_must_be_true_in_the_end(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    now = datetime.now(UTC)
    for minutes, price in ((0, "1.00"), (5, "3.00"), (-5, "2.00")):
        ledger.acknowledged(Entry(uuid4(), "vehicle.priced", "VIN", now + timedelta(minutes=minutes), price))
    ledger.acknowledged(Entry(uuid4(), "order.received", "OTHER", now, "9.00", effects=2))
    ledger.acknowledged(Entry(uuid4(), "vehicle.sold", "OTHER", now + timedelta(minutes=1)))
    ledger.acknowledged(Entry(uuid4(), "vehicle.priced", "OTHER", now + timedelta(minutes=9), "8.00"))
    for minutes, kind in ((4, "vehicle.stocked"), (2, "vehicle.sold")):
        ledger.acknowledged(Entry(uuid4(), kind, "BACK", now + timedelta(minutes=minutes), "4.00"))
    assert ledger.prices() == {"VIN": "3.00", "OTHER": "9.00", "BACK": "4.00"}
    assert (ledger.sold(), ledger.received(), sum(ledger.effects.values())) == ({"OTHER"}, 1, 9)
    ledger.advertised({"AD": "5.00"})
    ledger.answered(uuid4(), "why")
    ledger.close()
    assert len((tmp_path / "ledger.jsonl").read_text().splitlines()) == 10


async def test_the_proxy_passes_holds_back_keeps_silent_and_cuts() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    async def ask(port: int, patience: float) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(b"hello")
            return await asyncio.wait_for(reader.read(5), patience)
        except ConnectionResetError:
            return b""
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with proxied(server.sockets[0].getsockname()[1]) as proxy:
        assert await ask(proxy.port, 30) == b"hello"
        proxy.become("slow", delay=0.2)
        began = time.monotonic()
        assert await ask(proxy.port, 30) == b"hello"
        assert time.monotonic() - began >= 0.2
        proxy.become("silent")
        with pytest.raises(TimeoutError):
            await ask(proxy.port, 0.2)
        proxy.become("cut")
        assert await ask(proxy.port, 30) == b""
    server.close()


async def test_who_insists_counts_every_answer_and_owns_up_to_what_no_outage_excuses() -> None:
    answers: list[Any] = [httpx.ReadTimeout(""), httpx.ConnectError(""), 503, 500, 202]

    async def ask() -> httpx.Response:
        if isinstance(answer := answers.pop(0), Exception):
            raise answer
        return httpx.Response(answer, text="why")

    sender = Persistence()
    assert (await sender.insist(ask, 202)).status_code == 202
    assert (sender.statuses, sender.hung, sender.resent) == ({503: 1, 500: 1, 202: 1}, 1, 4)
    assert sender.faults_of_ours == ["500: why"]


def test_the_table_sums_runs_and_names_what_failed() -> None:
    runs = [Result("broker killed", 10, 10, 0, 2, 3.0), Result("broker killed", 20, 20, 1, 0, 8.5, "why")]
    _, broken, killed = table(runs, {"all broken": 2})
    assert re.split(r" {2,}", killed) == ["broker killed", "2 of 2", "30", "30", "1", "2", "8.5", "why"]
    assert re.split(r" {2,}", broken)[:2] == ["all broken", "0 of 2"]


def test_the_environment_satisfies_the_gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSO_POSTGRES_DSN", "postgresql://nowhere")
    monkeypatch.setenv("DOSO_KAFKA_BOOTSTRAP_SERVERS", "nowhere:1")
    for name, text in gateway_environment(tmp_path).items():
        monkeypatch.setenv(name, text)
    assert GatewaySettings().model_fields_set >= {"signing_key", "encryption_key"}
