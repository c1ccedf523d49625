"""Shared counters on a real Redis, where one can be started: counted together, and what happens while it is away."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from deploy.local.servers.apache_kafka.configuration import free_ports
from services.gateway.limits.limiter import CountersAway, Limiter
from services.gateway.limits.metrics import make_limit_metrics
from services.gateway.limits.routes import RouteClass
from services.gateway.limits.settings import LimitSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVER = shutil.which("redis-server")
pytestmark = pytest.mark.skipif(SERVER is None, reason="no redis-server on PATH")
PASSWORD = "of the tests"


class Redis:
    """A server of the test's own, that keeps nothing and can be stopped and started."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (self.port,) = free_ports((), 1)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [SERVER or "", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--requirepass", PASSWORD],
            cwd=self._folder, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        pytest.fail("redis-server did not come up")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def limiter(self, password: str = PASSWORD) -> Limiter:
        url = SecretStr(f"redis://:{password.replace(' ', '%20')}@127.0.0.1:{self.port}/0")
        settings = LimitSettings(redis_url=url, redis_seconds=30.0, reads_per_sender="5/day")
        return Limiter(settings, make_limit_metrics(CollectorRegistry()))


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path)
    server.start()
    yield server
    server.stop()


async def reads(limiter: Limiter, times: int, who: str = "a") -> list[bool]:
    found = []
    for _ in range(times):
        verdict = await limiter.hit(RouteClass.READS, "sender", who)
        assert verdict is not None
        found.append(verdict.allowed)
    return found


async def test_replicas_count_together_and_senders_apart(redis: Redis) -> None:
    one, other = redis.limiter(), redis.limiter()
    assert await reads(one, 3) == [True] * 3
    assert await reads(other, 3) == [True, True, False]
    assert await reads(one, 1) == [False]
    assert await reads(one, 1, "b") == [True]
    last = await other.hit(RouteClass.READS, "sender", "a")
    assert last is not None
    assert (last.window.remaining, last.wait > 0) == (0, True)


async def test_many_at_once_are_let_in_as_often_as_the_rate_says(redis: Redis) -> None:
    limiters = [redis.limiter() for _ in range(3)]
    answers = await asyncio.gather(*(reads(limiters[n % 3], 1) for n in range(30)))
    assert sum(allowed for (allowed,) in answers) == 5


async def test_while_it_is_away_reads_are_counted_here_and_nobody_signs_in(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.gateway.limits.limiter._AWAY_SECONDS", 0.0)
    limiter = redis.limiter()
    assert await reads(limiter, 5) == [True] * 5
    redis.stop()
    assert await reads(limiter, 6) == [True] * 5 + [False], "as if each replica were alone"
    with pytest.raises(CountersAway):
        await limiter.hit(RouteClass.SIGN_IN, "address", "192.0.2.1")
    redis.start()
    assert await reads(limiter, 1) == [True], "counted there again"
    assert await limiter.hit(RouteClass.SIGN_IN, "address", "192.0.2.1") is not None


async def test_a_wrong_password_is_no_server(redis: Redis) -> None:
    with pytest.raises(CountersAway):
        await redis.limiter("another").hit(RouteClass.SIGN_IN, "address", "192.0.2.1")
