"""What the gateway refused, and why."""

from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from services.gateway.limits.routes import RouteClass

_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Few, since there is a series of each for every status."""


@dataclass(frozen=True, slots=True)
class LimitMetrics:
    """Counters of refusals; labels are few and fixed, so that nobody can fill them."""

    limited: Counter
    refused: Counter
    uncounted: Counter
    responses: Histogram

    def over(self, route_class: RouteClass, partition: str) -> None:
        """Count a request over its rate, by whose rate it was: address, sender or tenant."""
        self.limited.labels("gateway", route_class, partition).inc()

    def turned_away(self, route_class: RouteClass, reason: str) -> None:
        """Count a request that was refused, or cut off, for its body, its host or its slowness."""
        self.refused.labels("gateway", route_class, reason).inc()

    def answered(self, route_class: RouteClass, status: int, seconds: float) -> None:
        """Count an answer by its status, and time it up to its first byte."""
        self.responses.labels("gateway", route_class, str(status)).observe(seconds)

    def not_counted(self, route_class: RouteClass, outcome: str) -> None:
        """Count a request that the shared counters could not judge: counted locally, or refused."""
        self.uncounted.labels("gateway", route_class, outcome).inc()


def make_limit_metrics(registry: CollectorRegistry) -> LimitMetrics:
    """Register the counters; once a registry."""
    return LimitMetrics(
        limited=Counter(
            "doso_requests_limited_total",
            "Requests over a rate, by route class and by whose rate it was.",
            ("service", "route_class", "partition"),
            registry=registry,
        ),
        refused=Counter(
            "doso_requests_refused_total",
            "Requests refused for what they are: size, shape, encoding, host, slowness.",
            ("service", "route_class", "reason"),
            registry=registry,
        ),
        uncounted=Counter(
            "doso_requests_uncounted_total",
            "Requests that came while the shared counters were away, by what was done: local or refused.",
            ("service", "route_class", "outcome"),
            registry=registry,
        ),
        responses=Histogram(
            "doso_response_seconds",
            "Time from a request being let in to the first byte of its answer, by status.",
            ("service", "route_class", "status"),
            buckets=_SECONDS,
            registry=registry,
        ),
    )
