"""The broker of a service: acknowledgement policy, idempotent producer, sanitising batch parser, an end in time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from types import TracebackType
from typing import Any

import structlog
from aiokafka import ConsumerRecord
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.subscriber.usecase import LogicSubscriber

from shared.messaging.closing import CUT_SECONDS, stop_subscriber, within
from shared.messaging.kafka_settings import KafkaSettings
from shared.messaging.lenient_records import read_leniently

MAX_REQUEST_BYTES = 2 * 1024 * 1024
"""The largest message a relay sends: a dead letter is a stranger's message, of 1 MiB at most, and more headers."""


class Broker(KafkaBroker):
    """A broker that stops within seconds, whatever has become of its consumers' clients."""

    stopping = False
    """Whether its consumers are to stay stopped."""

    async def stop(
        self,
        exc_type: type[BaseException] | None = None,
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,
    ) -> None:
        """Stop consuming and disconnect; what was not acknowledged is handed out again."""
        self.stopping = True
        subscribers = [one for one in self.subscribers if isinstance(one, LogicSubscriber)]
        await asyncio.gather(*map(stop_subscriber, subscribers))
        await within(CUT_SECONDS, super().stop(exc_type, exc_val, exc_tb), "broker")

    async def start(self) -> None:
        """Connect and start consuming."""
        self.stopping = False
        await super().start()


def make_broker(service: str, settings: KafkaSettings) -> Broker:
    """Build the broker of ``service``; nothing is connected until it starts."""
    read_leniently()
    # The policy matters: the library's default acknowledges before handling, so a crash would lose messages.
    return Broker(
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
