"""One service as a process of its own, as in its container, that a test may end, freeze and start again."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from deploy.local.servers.apache_kafka.configuration import free_ports
from deploy.local.servers.process import Command, ServerProcess
from deploy.local.service_command import service_command

ROOT = Path(__file__).parent.parent.parent
START_SECONDS = 300.0
STOP_STEPS = ((signal.SIGTERM, 45.0),)
"""As long as the containers get."""
_given: set[int] = set()


def _own_port() -> int:
    """Draw a port that no other service was given: nobody listens on it until that one has started."""
    while (port := free_ports((), 1)[0]) in _given:
        pass
    _given.add(port)
    return port


@dataclass
class ServiceProcess:
    """A service, run by the very command of its image; it keeps its port over every start."""

    name: str
    environment: dict[str, str]
    log: Path
    port: int = field(default_factory=_own_port)
    process: ServerProcess | None = None
    starts: int = 0
    wanted: bool = False
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        """Whether its process is there, frozen or not."""
        return self.process is not None and self.process.exit_code is None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.process is not None, f"{self.name} was never started"
        return self.process.pid

    def start(self, **extra: str) -> None:
        """Start it with more environment than usual; it is not ready when this returns."""
        assert not self.running, f"{self.name} runs already"
        command = Command(service_command(self.name, self.port), ROOT, {**self.environment, **extra})
        self.process = ServerProcess(command, log=self.log, death_signal=signal.SIGKILL)
        self.extra = extra
        self.starts += 1
        self.wanted = True

    def stop(self) -> None:
        """Stop it as its container is stopped; blocks until it is gone."""
        self.wanted = False
        if self.process is not None:
            self.thaw()
            self.process.stop(STOP_STEPS)

    def kill(self) -> None:
        """End it at once, by SIGKILL."""
        os.kill(self.pid, signal.SIGKILL)

    def freeze(self) -> None:
        """Stop the clock for it, as a paused machine does."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen one go on; without effect on any other."""
        if self.running:
            os.kill(self.pid, signal.SIGCONT)

    async def ended(self, within: float) -> int:
        """Wait for its process to end by itself, ``within`` so many seconds; gives the exit code."""
        deadline = time.monotonic() + within
        while self.running:
            assert time.monotonic() < deadline, f"{self.name} has not ended after {within:.0f} s"
            await asyncio.sleep(0.05)
        assert self.process is not None
        code = self.process.exit_code
        assert code is not None
        return code

    async def ready(self, *, supervised: bool = False) -> None:
        """Wait until it says that it can do its work; a supervised one may end and be started again before it does."""
        deadline = time.monotonic() + START_SECONDS
        last = "no answer"
        async with httpx.AsyncClient(base_url=self.url, timeout=5) as client:
            while True:
                try:
                    answer = await client.get("/ready")
                    if answer.status_code == 200:
                        return
                    last = answer.text
                except httpx.HTTPError as error:
                    last = repr(error)
                assert supervised or self.running, f"{self.name} ended while starting; see {self.log}:\n{self.tail()}"
                assert time.monotonic() < deadline, f"{self.name} is not ready: {last}\n{self.tail()}"
                await asyncio.sleep(0.2)

    async def duplicates(self) -> float:
        """Count the events that came again and were let pass, since this process began."""
        try:
            async with httpx.AsyncClient(base_url=self.url, timeout=60) as client:
                text = (await client.get("/metrics")).text
        except httpx.HTTPError:
            return 0.0
        lines = (line for line in text.splitlines() if line.startswith("doso_events_consumed_total"))
        return sum(float(line.rpartition(" ")[2]) for line in lines if 'outcome="duplicate"' in line)

    def tail(self) -> str:
        """Give the end of its log."""
        return self.process.tail() if self.process else ""
