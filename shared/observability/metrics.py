"""What every service counts and times, in Prometheus's units: seconds, and plain counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_STALL_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_RECORDS: Final = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000)


@dataclass(frozen=True, slots=True)
class Metrics:
    """The metrics of one service. `service` is the first label of each; the others are named here.

    events_consumed: topic, outcome; event_processing: topic, seconds of one event or one batch;
    batch_size: topic, records of one poll; outbox_oldest: seconds; outbox_unpublished: rows;
    dead_letters: topic, reason; dead_letters_held: topic, letters;
    event_loop_stall: seconds by which a tick of the loop came late;
    consumer_lag: consumer, records; consumer_dead: consumer, 1 or 0; consumer_restarts: consumer;
    relay_leading: 1 or 0; purged_rows: table; work_failed: queue, outcome, tries; work_given_up: queue, items.
    """

    service: str
    events_consumed: Counter
    event_processing: Histogram
    batch_size: Histogram
    outbox_oldest: Gauge
    outbox_unpublished: Gauge
    dead_letters: Counter
    dead_letters_held: Gauge
    event_loop_stall: Histogram
    consumer_lag: Gauge
    consumer_dead: Gauge
    consumer_restarts: Counter
    relay_leading: Gauge
    purged_rows: Counter
    work_failed: Counter
    work_given_up: Gauge

    def consumed(self, topic: str, outcome: str, events: int = 1) -> None:
        """Count events of a topic by what became of them: handled, duplicate, retried, dead_lettered."""
        self.events_consumed.labels(self.service, topic, outcome).inc(events)

    def processed(self, topic: str, seconds: float, batch_size: int = 1) -> None:
        """Record how long one event, or one batch, took, and how many events it held."""
        self.event_processing.labels(self.service, topic).observe(seconds)
        self.batch_size.labels(self.service, topic).observe(batch_size)

    def dead_lettered(self, topic: str, reason: str) -> None:
        """Count an event that was parked; the reason is the error's class."""
        self.dead_letters.labels(self.service, topic, reason).inc()

    def holding(self, letters: Mapping[str, int]) -> None:
        """Record how many dead letters that were not sent again there are, by topic; topics left out have none."""
        self.dead_letters_held.clear()
        for topic, count in letters.items():
            self.dead_letters_held.labels(self.service, topic).set(count)

    def outbox(self, *, unpublished: int, oldest_seconds: float) -> None:
        """Record how many rows wait in the outbox, and for how long the oldest has."""
        self.outbox_unpublished.labels(self.service).set(unpublished)
        self.outbox_oldest.labels(self.service).set(oldest_seconds)

    def stalled(self, seconds: float) -> None:
        """Record by how much a tick of the event loop came late."""
        self.event_loop_stall.labels(self.service).observe(seconds)

    def lagging(self, consumer: str, records: int) -> None:
        """Record how many records a consumer is behind, over its partitions."""
        self.consumer_lag.labels(self.service, consumer).set(records)

    def dead(self, consumer: str, *, dead: bool) -> None:
        """Record whether a consumer is dead: its process is to be restarted."""
        self.consumer_dead.labels(self.service, consumer).set(dead)

    def restarted(self, consumer: str) -> None:
        """Count a consumer that stood still and was started anew within its process."""
        self.consumer_restarts.labels(self.service, consumer).inc()

    def leading(self, *, leading: bool) -> None:
        """Record whether this process's relay is the one that publishes."""
        self.relay_leading.labels(self.service).set(leading)

    def purged(self, table: str, rows: int) -> None:
        """Count rows that were deleted because their time was over."""
        self.purged_rows.labels(self.service, table).inc(rows)

    def failed_work(self, queue: str, outcome: str, items: int = 1) -> None:
        """Count tries of work that failed by what becomes of it: retried, given_up, postponed, taken_over."""
        self.work_failed.labels(self.service, queue, outcome).inc(items)

    def given_up_work(self, queue: str, items: int) -> None:
        """Record how many items of a queue failed so often that they are tried once an hour only."""
        self.work_given_up.labels(self.service, queue).set(items)


def make_metrics(service: str, registry: CollectorRegistry) -> Metrics:
    """Register the metrics of a service, and those of its process; once a registry."""
    ProcessCollector(registry=registry)
    return Metrics(
        service=service,
        events_consumed=Counter(
            "doso_events_consumed_total",
            "Events taken from a topic, by what became of them.",
            ("service", "topic", "outcome"),
            registry=registry,
        ),
        event_processing=Histogram(
            "doso_event_processing_seconds",
            "Time from an event, or a batch, being handed over to its transaction being committed.",
            ("service", "topic"),
            buckets=_SECONDS,
            registry=registry,
        ),
        batch_size=Histogram(
            "doso_consumer_batch_size",
            "Events handled in one transaction.",
            ("service", "topic"),
            buckets=_RECORDS,
            registry=registry,
        ),
        outbox_oldest=Gauge(
            "doso_outbox_oldest_seconds",
            "Age of the oldest unpublished event.",
            ("service",),
            registry=registry,
        ),
        outbox_unpublished=Gauge(
            "doso_outbox_unpublished", "Events waiting to be published.", ("service",), registry=registry
        ),
        dead_letters=Counter(
            "doso_dead_letters_total",
            "Events parked on a dead-letter topic.",
            ("service", "topic", "reason"),
            registry=registry,
        ),
        dead_letters_held=Gauge(
            "doso_dead_letters_held",
            "Dead letters that are kept and were not sent again, as the table has it.",
            ("service", "topic"),
            registry=registry,
        ),
        event_loop_stall=Histogram(
            "doso_event_loop_stall_seconds",
            "How late the event loop came to its regular tick.",
            ("service",),
            buckets=_STALL_SECONDS,
            registry=registry,
        ),
        consumer_lag=Gauge(
            "doso_consumer_lag", "Records a consumer is behind.", ("service", "consumer"), registry=registry
        ),
        consumer_dead=Gauge(
            "doso_consumer_dead",
            "1 while a consumer is dead: apart from its group, or standing still, for too long.",
            ("service", "consumer"),
            registry=registry,
        ),
        consumer_restarts=Counter(
            "doso_consumer_restarts_total",
            "Consumers that stood still while the broker answered, and were started anew.",
            ("service", "consumer"),
            registry=registry,
        ),
        relay_leading=Gauge(
            "doso_relay_leading",
            "1 in the process whose relay publishes the service's outbox.",
            ("service",),
            registry=registry,
        ),
        purged_rows=Counter(
            "doso_purged_rows_total",
            "Rows deleted because their retention period was over.",
            ("service", "table"),
            registry=registry,
        ),
        work_failed=Counter(
            "doso_work_failed_total",
            "Tries of work that failed: retried soon, given_up for an hour, postponed while something else is away,"
            " taken_over by another whose result counts.",
            ("service", "queue", "outcome"),
            registry=registry,
        ),
        work_given_up=Gauge(
            "doso_work_given_up",
            "Work that failed so often that it is tried once an hour only.",
            ("service", "queue"),
            registry=registry,
        ),
    )
