"""The broker of a service: acknowledgement policy, idempotent producer, sanitising batch parser."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import structlog
from aiokafka import ConsumerRecord
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from shared.messaging.kafka_settings import KafkaSettings

MAX_REQUEST_BYTES = 2 * 1024 * 1024
"""The largest message a relay sends: a dead letter is a stranger's message, of 1 MiB at most, and more headers."""


def make_broker(service: str, settings: KafkaSettings) -> KafkaBroker:
    """Build the broker of ``service``; nothing is connected until it starts."""
    # The policy matters: the library's default acknowledges before handling, so a crash would lose messages.
    return KafkaBroker(
        settings.servers,
        security=settings.broker_security(),
        client_id=f"doso-{service}",
        enable_idempotence=True,
        acks="all",
        metadata_max_age_ms=settings.metadata_max_age_ms,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        graceful_timeout=8.0,
        logger=structlog.stdlib.get_logger("doso.broker", service=service),
        log_level=logging.DEBUG,  # a line a batch is for debugging
        parser=sanitising_parser,
        decoder=_undecoded,
        apply_types=False,  # it would look for what a handler asks for in a thread of its own, batch by batch
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


async def _undecoded(message: KafkaMessage) -> tuple["ConsumerRecord[Any, Any]", ...]:
    raw = message.raw_message
    return raw if isinstance(raw, tuple) else (raw,)
