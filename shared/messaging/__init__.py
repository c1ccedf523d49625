"""Kafka: at-least-once delivery, effectively-once effect.

One batch of one topic is one transaction: inbox rows, effects and outbox rows commit together, and the
outbox's relay is the only thing that publishes. What can never work is parked through the same outbox.
"""

from shared.messaging.broker import make_broker
from shared.messaging.compute import ComputePool
from shared.messaging.connections import mend_connections
from shared.messaging.kafka_settings import KafkaSettings
from shared.messaging.router import EventRouter
from shared.messaging.schema import MESSAGING_TABLES_V1
from shared.messaging.service import Service, create_service, running
from shared.messaging.topics import ensure_topics
from shared.messaging.unit_of_work import Transaction, UnitOfWork
from shared.messaging.worker import Worker

mend_connections()  # before any client is made, whoever makes it

__all__ = [
    "MESSAGING_TABLES_V1",
    "ComputePool",
    "EventRouter",
    "KafkaSettings",
    "Service",
    "Transaction",
    "UnitOfWork",
    "Worker",
    "create_service",
    "ensure_topics",
    "make_broker",
    "running",
]
