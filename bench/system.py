"""The whole system as a process of its own, the way ``doso up`` runs it for people."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections import defaultdict
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg
import psutil

from deploy.local.pipeline import read_pipeline
from deploy.local.servers import PostgresServer
from deploy.local.servers.process import bound_to_owner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bench.progress import Steps
    from deploy.local.settings import BrokerChoice

READY_SECONDS = 120.0
STOP_SECONDS = 30.0
IDLE_SECONDS = 600.0
_LOOK_SECONDS = 0.5
_TAIL_CHARACTERS = 2000
_LOOK_BACK = timedelta(hours=1)
"""A benchmark is over sooner. Counting the past that some of them enter would take as much as what they measure."""
_COMMAND = "from doso.main import main; main()"
_PARTS = {"postgres": "PostgreSQL", "java": "Apache Kafka"}


@dataclass(frozen=True, slots=True)
class System:
    """A running system: where its API and its database are, who may enter, and how long it took to start."""

    url: str
    data_dir: Path
    pid: int
    ready_seconds: float
    dsn: str
    api_key: str
    username: str
    password: str

    @property
    def credentials(self) -> Path:
        """Where the first admin's credentials are."""
        return self.data_dir / "credentials.json"

    def megabytes(self) -> dict[str, float]:
        """Measure proportional memory (shared pages counted once) by part, in MB of a million bytes."""
        root = psutil.Process(self.pid)
        sizes: defaultdict[str, float] = defaultdict(float, services=_proportional(root))
        for child in root.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):  # it ended while we were looking
                sizes[_PARTS.get(child.name(), "compute workers")] += _proportional(child)
        return dict(sizes)

    def processor_seconds(self) -> dict[str, float]:
        """Tell how much processor time each part has used, user and system; all services share one process."""
        root = psutil.Process(self.pid)
        used = root.cpu_times()
        seconds = defaultdict(float, services=used.user + used.system)
        for child in root.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):  # it is in the account of the postmaster, its parent
                used = child.cpu_times()
                ended = used.children_user + used.children_system if child.name() in _PARTS else 0.0
                seconds[_PARTS.get(child.name(), "compute workers")] += used.user + used.system + ended
        return dict(seconds)

    async def idle(self, steps: Steps, *, quiet: float = 1.0) -> None:
        """Wait until every event was processed and nothing was left to compute for ``quiet`` seconds.

        Raises TimeoutError after ten minutes, saying what is pending.
        """
        connection = await asyncpg.connect(self.dsn)
        try:
            deadline = time.monotonic() + IDLE_SECONDS
            since: float | None = None
            with steps.step("waiting until the system is idle"):
                while True:
                    state, now = await read_pipeline(connection, datetime.now(UTC) - _LOOK_BACK), time.monotonic()
                    since = (since or now) if state.idle else None
                    if since is not None and now - since >= quiet:
                        return
                    if now > deadline:
                        message = f"the system is not idle after {IDLE_SECONDS:.0f} s: {state.pending} pending"
                        raise TimeoutError(message)
                    await asyncio.sleep(_LOOK_SECONDS)
        finally:
            await connection.close()


@asynccontextmanager
async def running_system(data_dir: Path, broker: BrokerChoice, steps: Steps) -> AsyncIterator[System]:
    """Run ``doso up`` over ``data_dir`` until the block ends; raises RuntimeError with its log's end if it fails."""
    await asyncio.to_thread(data_dir.mkdir, parents=True, exist_ok=True)
    log = data_dir / "up.log"
    arguments = ["up", "--port", "0", "--data-dir", str(data_dir), "--broker", broker]
    began = time.perf_counter()
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *bound_to_owner([sys.executable, "-c", _COMMAND, *arguments], signal.SIGTERM),
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is ours; the system is stopped below
        )
    try:
        with steps.step(f"starting the system ({broker} broker)"):
            url = await _address(process, log)
        known = json.loads((data_dir / "credentials.json").read_text(encoding="utf-8"))
        yield System(
            url=url,
            data_dir=data_dir,
            pid=process.pid,
            ready_seconds=time.perf_counter() - began,
            dsn=PostgresServer(data_dir).dsn(),
            api_key=known["dms_api_key"],
            username=known["username"],
            password=known["password"],
        )
    finally:
        with steps.step("stopping the system"):
            await _stop(process)


async def _address(process: asyncio.subprocess.Process, log: Path) -> str:
    if process.stdout is None:
        message = "the system was started without a pipe to read its address from"
        raise RuntimeError(message)
    try:
        async with asyncio.timeout(READY_SECONDS):
            async for line in process.stdout:
                words = line.decode().split()
                if words[:1] == ["ready"]:
                    return words[1]
    except TimeoutError:
        what = f"did not say ready within {READY_SECONDS:.0f} s"
    else:
        what = f"ended while starting, with exit code {await process.wait()}"
    told = await asyncio.to_thread(log.read_text, encoding="utf-8", errors="replace")
    message = f"the system {what}; the end of its log:\n{told[-_TAIL_CHARACTERS:]}"
    raise RuntimeError(message)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _proportional(process: psutil.Process) -> float:
    info = process.memory_full_info()
    return float(getattr(info, "pss", info.rss)) / 1e6
