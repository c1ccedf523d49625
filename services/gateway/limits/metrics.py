"""What the gateway refused, and why."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter

from services.gateway.limits.routes import RouteClass


@dataclass(frozen=True, slots=True)
class LimitMetrics:
    """Counters of refusals; labels are few and fixed, so that nobody can fill them."""

    limited: Counter
    refused: Counter
    uncounted: Counter

    def over(self, route_class: RouteClass, partition: str) -> None:
        """Count a request over its rate, by whose rate it was: address, sender or tenant."""
        self.limited.labels("gateway", route_class, partition).inc()

    def turned_away(self, route_class: RouteClass, reason: str) -> None:
        """Count a request that was refused, or cut off, for its body, its host or its slowness."""
        self.refused.labels("gateway", route_class, reason).inc()

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
    )
