"""The broker of a service: acknowledgement policy, idempotent producer, sanitising batch parser."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import structlog
from aiokafka import ConsumerRecord
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

MAX_REQUEST_BYTES = 2 * 1024 * 1024
"""The largest message a relay sends: a dead letter is a stranger's message, of 1 MiB at most, and more headers."""


class KafkaSettings(BaseSettings):
    """Where Kafka is and how it is read."""

    model_config = SettingsConfigDict(env_prefix="DOSO_KAFKA_", extra="ignore")

    bootstrap_servers: str = Field(description="host:port, comma separated")
    fetch_max_wait_ms: int = 250
    """How long the broker may hold a fetch that has nothing; a broker that does not wake needs it short."""
    kept_bytes: int | None = None
    """What a partition keeps at least, for a broker that forgets early; relays then wait for readers."""
    share_decoded: bool = False
    """Whether services in one process read each event's bytes once, together; events are immutable."""
    batch_records: int = 500
    batch_wait_ms: int = 20
    session_timeout_ms: int = 45_000
    metadata_max_age_ms: int = 30_000
    """How soon partitions that were added are seen; until then what lies in them waits."""
    attempts: int = 5
    """Tries of a batch that failed for a passing reason, before it is handed back to the broker."""


def make_broker(service: str, settings: KafkaSettings) -> KafkaBroker:
    """Build the broker of ``service``; nothing is connected until it starts."""
    # The policy matters: the library's default acknowledges before handling, so a crash would lose messages.
    return KafkaBroker(
        settings.bootstrap_servers.split(","),
        client_id=f"doso-{service}",
        enable_idempotence=True,
        acks="all",
        metadata_max_age_ms=settings.metadata_max_age_ms,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        graceful_timeout=8.0,
        logger=structlog.stdlib.get_logger("doso.broker", service=service),
        log_level=logging.DEBUG,  # a line a batch is for debugging
        parser=sanitising_parser,
        decoder=_leave_undecoded,
        apply_types=True,
    )


async def sanitising_parser(
    batch: tuple["ConsumerRecord[Any, Any]", ...],
    original: Callable[[Any], Awaitable[KafkaMessage]],
) -> KafkaMessage:
    """Wrap a polled batch without looking into its records.

    The library's own parser decodes every header as UTF-8 and raises outside the acknowledgement scope, which
    loses the message; here each record is decoded later, on its own, and can be parked on its own.
    """
    message = await original((replace(batch[0], headers=(), value=b""),))
    message.raw_message = batch
    return message


async def _leave_undecoded(_: KafkaMessage) -> None:
    return None
