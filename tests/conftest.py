"""What the tests share: real servers, and the whole system as a process of its own."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from deploy.local.servers import ApacheKafka, MemoryBroker, PostgresServer, unavailable_reason

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
CACHE = Path(os.environ.get("DOSO_CACHE_DIR", str(Path.home() / ".cache" / "doso")))
READY_SECONDS = 300
START_SECONDS = 300.0

# How long an example takes, or is drawn, says how busy the machine is, and no more.
settings.register_profile("no clock", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no clock")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--broker",
        choices=("auto", "apache", "memory"),
        default="auto",
        help="Kafka for integration and end-to-end tests; auto is Apache Kafka where it can run",
    )


def chosen_broker(config: pytest.Config) -> tuple[str, str]:
    """Give the broker the tests run on, and why."""
    wanted = config.getoption("--broker")
    if wanted == "memory":
        return "memory", "asked for"
    reason = unavailable_reason(CACHE)
    if reason is None:
        return "apache", "Java 17 and Maven are here"
    if wanted == "apache" or os.environ.get("CI"):
        pytest.exit(f"Apache Kafka is required here but cannot run: {reason}", returncode=1)
    return "memory", reason


def pytest_report_header(config: pytest.Config) -> list[str]:
    broker, why = chosen_broker(config)
    kafka = "real Apache Kafka 4.1 (embedded)" if broker == "apache" else "in-memory broker (librdkafka mock)"
    return [
        f"kafka: {kafka}: {why}",
        "postgresql: real PostgreSQL 18 (embedded)",
        "qdrant: edge engine in-process; qdrant-client local mode in unit tests; no Qdrant server",
    ]


@pytest.fixture(scope="session")
def broker_kind(pytestconfig: pytest.Config) -> str:
    """Name the broker that integration tests run on: apache or memory."""
    return chosen_broker(pytestconfig)[0]


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """Run a real PostgreSQL for the session; tests isolate themselves by database or tenant."""
    with PostgresServer(tmp_path_factory.mktemp("postgres"), start_timeout=START_SECONDS) as server:
        yield server


@pytest.fixture(scope="session")
def kafka_servers(broker_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a broker for the session and give its bootstrap servers."""
    if broker_kind == "apache":
        directory = tmp_path_factory.mktemp("kafka")
        with ApacheKafka(directory, CACHE, heap="256m", start_timeout=START_SECONDS) as kafka:
            yield kafka.bootstrap_servers
    else:
        with MemoryBroker() as memory:
            yield memory.bootstrap_servers


@dataclass(frozen=True, slots=True)
class System:
    """A whole system under test, as a user runs it."""

    process: subprocess.Popen[str]
    data_dir: Path
    url: str

    @property
    def credentials(self) -> dict[str, str]:
        """Read the first admin's credentials."""
        found: dict[str, str] = json.loads((self.data_dir / "credentials.json").read_text())
        return found

    def stop(self) -> int:
        """Press Ctrl-C and wait for the end; gives the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=120)


def start_system(data_dir: Path, broker: str) -> System:
    """Run ``doso up`` and wait for its ready line."""
    log = (data_dir.parent / f"{data_dir.name}.log").open("a")
    process = subprocess.Popen(
        [sys.executable, "-c", "from doso.main import main; main()", "up", "--port", "0",
         "--data-dir", str(data_dir), "--broker", broker, "--log-level", "WARNING"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True,
        env={**os.environ, "DOSO_CACHE_DIR": str(CACHE)},
    )  # fmt: skip
    assert process.stdout is not None
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        readable, _, _ = select.select([process.stdout], [], [], 1.0)
        if readable:
            line = process.stdout.readline()
            if line.startswith("ready "):
                return System(process, data_dir, line.split()[1])
    process.kill()
    pytest.fail(f"doso up did not become ready; its log ends with:\n{Path(log.name).read_text()[-3000:]}")


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory, broker_kind: str) -> Iterator[System]:
    """Run the whole system for the session; tests isolate themselves by dealer."""
    running = start_system(tmp_path_factory.mktemp("system") / "data", broker_kind)
    yield running
    assert running.stop() == 0
