"""Whether a service lives, and whether it can do its work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from shared.observability.consumers import ConsumerPatience, ConsumerProbe, ConsumerSnapshot, ConsumerWatch
from shared.observability.heartbeat import Heartbeat

if TYPE_CHECKING:
    from shared.observability.metrics import Metrics

CheckStatus = Literal["ok", "waiting", "failing"]
ReportStatus = Literal["ok", "degraded", "failing"]
Check = Callable[[], Awaitable[str | None]]
"""A dependency check: gives a few words, or None, when all is well, and raises when it is not."""

_WATCH_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How one check went, and how long it took."""

    status: CheckStatus
    detail: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class HealthReport:
    """How a service is: failing when something it cannot do without is, degraded when something else is."""

    service: str
    status: ReportStatus
    checks: Mapping[str, CheckResult]

    @property
    def passed(self) -> bool:
        """Whether the service may be left in place, or given work."""
        return self.status != "failing"

    def as_json(self) -> dict[str, Any]:
        """Give the report as plain values."""
        checks = {name: asdict(check) for name, check in self.checks.items()}
        return {"service": self.service, "status": self.status, "checks": checks}


@dataclass(frozen=True, slots=True)
class _Dependency:
    check: Check
    timeout_seconds: float
    required: bool


@dataclass(frozen=True, slots=True)
class _Consumer:
    probe: ConsumerProbe
    watch: ConsumerWatch


class Health:
    """Named checks of one service.

    Live: its event loop ticks and no consumer is dead; a broker or database that is away does not make it
    dead, for a restart would not bring them back. Ready: live, every consumer in its group, and every
    required dependency answers in time.
    """

    def __init__(
        self,
        service: str,
        *,
        metrics: Metrics | None = None,
        patience: ConsumerPatience | None = None,
        stale_seconds: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Watch a service; `stale_seconds` is how old the last tick of its loop may be."""
        self._service = service
        self._metrics = metrics
        self._patience = patience or ConsumerPatience()
        self._stale = stale_seconds
        self._clock = clock
        self._heartbeat = Heartbeat(metrics=metrics, on_tick=self._on_tick, clock=clock)
        self._dependencies: dict[str, _Dependency] = {}
        self._consumers: dict[str, _Consumer] = {}
        self._watched_at = clock()

    def add_check(self, name: str, check: Check, *, timeout_seconds: float = 2.0, required: bool = True) -> None:
        """Add a dependency; without one that is not required the service is degraded but ready."""
        self._dependencies[name] = _Dependency(check, timeout_seconds, required)

    def add_consumer(self, probe: ConsumerProbe, patience: ConsumerPatience | None = None) -> None:
        """Add a consumer to follow, under its probe's name, with patience of its own where it needs another."""
        self._consumers[probe.name] = _Consumer(probe, ConsumerWatch(patience or self._patience))

    async def start(self) -> None:
        """Start the heartbeat on the running loop."""
        self._heartbeat.start()

    async def stop(self) -> None:
        """Stop the heartbeat."""
        await self._heartbeat.stop()

    def live(self) -> HealthReport:
        """Tell whether the service lives; if not, it should be restarted."""
        checks = {"event loop": self._loop(), **self._judged_consumers()}
        return self._report(checks, failing={name for name, one in checks.items() if one.status == "failing"})

    async def ready(self) -> HealthReport:
        """Tell whether the service can do its work; checks run at once, each within its own timeout."""
        checks = {"event loop": self._loop(), **self._judged_consumers()}
        failing = {name for name, one in checks.items() if one.status != "ok"}
        results = await asyncio.gather(*map(self._checked, self._dependencies.values()))
        for (name, dependency), result in zip(self._dependencies.items(), results, strict=True):
            checks[name] = result
            if result.status != "ok" and dependency.required:
                failing.add(name)
        return self._report(checks, failing=failing)

    def _report(self, checks: Mapping[str, CheckResult], *, failing: set[str]) -> HealthReport:
        unwell = any(check.status != "ok" for check in checks.values())
        status: ReportStatus = "failing" if failing else "degraded" if unwell else "ok"
        return HealthReport(self._service, status, checks)

    def _loop(self) -> CheckResult:
        age = self._heartbeat.age_seconds
        if age is None:
            return CheckResult("failing", "the heartbeat is not running")
        detail = f"tick {age:.2f} s ago, longest stall {self._heartbeat.longest_stall_seconds:.3f} s"
        return CheckResult("ok" if age <= self._stale else "failing", detail)

    def _on_tick(self, now: float) -> None:
        if now - self._watched_at >= _WATCH_SECONDS:
            self._judged_consumers()

    def _judged_consumers(self) -> dict[str, CheckResult]:
        self._watched_at = self._clock()
        return {f"consumer {name}": self._judged(one) for name, one in self._consumers.items()}

    def _judged(self, consumer: _Consumer) -> CheckResult:
        began = self._clock()
        snapshot = _observed(consumer.probe)
        if self._metrics is not None:
            self._metrics.lagging(consumer.probe.name, snapshot.lag)
        verdict, detail = consumer.watch.judge(snapshot, began)
        status: CheckStatus = "failing" if verdict == "dead" else verdict
        if self._metrics is not None:
            self._metrics.dead(consumer.probe.name, dead=verdict == "dead")
        return CheckResult(status, detail, round(self._clock() - began, 6))

    async def _checked(self, dependency: _Dependency) -> CheckResult:
        began = self._clock()
        status: CheckStatus = "failing"
        try:
            async with asyncio.timeout(dependency.timeout_seconds):
                detail = await dependency.check() or "answers"
            status = "ok"
        except TimeoutError:
            detail = f"no answer within {dependency.timeout_seconds} s"
        except Exception as error:  # noqa: BLE001 whatever a check raises is its answer
            detail = f"{type(error).__name__}: {error}"
        return CheckResult(status, detail, round(self._clock() - began, 6))


def _observed(probe: ConsumerProbe) -> ConsumerSnapshot:
    try:
        return probe.observe()
    except Exception as error:  # noqa: BLE001 a probe that breaks must show in the report, not end the heartbeat
        return ConsumerSnapshot(running=True, joined=False, failure=f"cannot be observed: {error!r}")
