"""Counting requests against their rates: in Redis where one is named, else in this process."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import structlog
from limits import RateLimitItem
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from services.gateway.limits.metrics import LimitMetrics
from services.gateway.limits.routes import RouteClass
from services.gateway.limits.settings import LimitSettings
from services.gateway.limits.windows import BoundedMemory, Window

Partition = Literal["address", "sender", "tenant"]
_AWAY_SECONDS = 1.0
_CLOSED = frozenset({RouteClass.SIGN_IN})
"""Refused while the counters are away: guessing passwords must not become free by harming Redis."""
_log = structlog.stdlib.get_logger("doso.limits", service="gateway")


class CountersAway(Exception):
    """The shared counters cannot be reached, and this request must not go uncounted."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One rate for one class of routes and one kind of client."""

    name: str
    route_class: RouteClass
    partition: Partition
    item: RateLimitItem

    @property
    def header(self) -> str:
        """The policy as a member of RateLimit-Policy."""
        return f'"{self.name}";q={self.item.amount};w={self.item.get_expiry()}'


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a request at one policy."""

    policy: Policy
    allowed: bool
    window: Window

    @property
    def header(self) -> str:
        """How the policy stands, as a member of RateLimit."""
        return f'"{self.policy.name}";r={self.window.remaining};t={self.wait or round(self.window.left)}'

    @property
    def wait(self) -> int:
        """Whole seconds until another request makes sense; 0 when it was let in."""
        return 0 if self.allowed else max(1, self.window.wait)


class Limiter:
    """Counts requests; one a gateway."""

    def __init__(
        self,
        settings: LimitSettings,
        metrics: LimitMetrics,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._policies = policies(settings)
        self._metrics = metrics
        self._clock = clock
        self._local = SlidingWindowCounterRateLimiter(BoundedMemory(settings.most_counters, clock))
        self._shared: SlidingWindowCounterRateLimiter | None = None
        self._patience = settings.redis_seconds
        self._away_until = 0.0
        if settings.redis_url is not None:
            self._shared = SlidingWindowCounterRateLimiter(
                RedisStorage(
                    f"async+{settings.redis_url.get_secret_value()}",
                    implementation="redispy",
                    key_prefix="doso",
                    socket_timeout=settings.redis_seconds,
                    socket_connect_timeout=settings.redis_seconds,
                )
            )

    def headers(self, route_class: RouteClass) -> str:
        """Give RateLimit-Policy of a class of routes."""
        return ", ".join(policy.header for policy in self._policies[route_class].values())

    async def hit(self, route_class: RouteClass, partition: Partition, identity: str) -> Verdict | None:
        """Count a request; None where no rate is set. Raises ``CountersAway`` where it must not go uncounted."""
        policy = self._policies[route_class].get(partition)
        if policy is None:
            return None
        verdict = await self._judge(policy, identity)
        if not verdict.allowed:
            self._metrics.over(route_class, partition)
        return verdict

    async def _judge(self, policy: Policy, identity: str) -> Verdict:
        if self._shared is None:
            return await _hit(self._local, policy, identity)
        if self._clock() >= self._away_until:
            try:
                async with asyncio.timeout(self._patience):
                    return await _hit(self._shared, policy, identity)
            except Exception as error:  # noqa: BLE001  # whatever ails the counters, requests are judged below
                self._away_until = self._clock() + _AWAY_SECONDS
                _log.warning("shared counters away", error_class=type(error).__name__)
        if policy.route_class in _CLOSED:
            self._metrics.not_counted(policy.route_class, "refused")
            raise CountersAway
        self._metrics.not_counted(policy.route_class, "local")
        return await _hit(self._local, policy, identity)


async def _hit(strategy: SlidingWindowCounterRateLimiter, policy: Policy, identity: str) -> Verdict:
    item, key = policy.item, policy.item.key_for(policy.name, identity)
    seconds = item.get_expiry()
    storage = strategy.storage
    allowed = await strategy.hit(item, policy.name, identity)
    previous, _, current, ends = await storage.get_sliding_window(key, seconds)  # type: ignore[attr-defined]
    left = min(max(ends - seconds, 0.0), float(seconds))
    return Verdict(policy, allowed, Window(item.amount, float(seconds), previous, current, left))


def policies(settings: LimitSettings) -> dict[RouteClass, dict[Partition, Policy]]:
    """Give every policy that has a rate, by class of routes and by whose rate it is."""
    partitions: tuple[Partition, ...] = ("address", "sender", "tenant")
    found: dict[RouteClass, dict[Partition, Policy]] = {}
    for route_class in RouteClass:
        found[route_class] = {
            partition: Policy(f"{route_class}-{partition}".replace("_", "-"), route_class, partition, item)
            for partition in partitions
            if (item := getattr(settings, f"{route_class}_per_{partition}", None)) is not None
        }
    return found
