"""A Kafka cluster in this process's memory: librdkafka's mock cluster, inside the `confluent-kafka` wheel.

Real TCP and the real protocol, but no admin API and no disk, and a partition keeps only its newest 5 MiB.
Topics appear on first use with 4 partitions.
"""

from __future__ import annotations

from typing import Self

from confluent_kafka import KafkaException, Producer

from deploy.local.servers.process import ServerError

KEPT_BYTES = 5 * 1024 * 1024
"""What a partition keeps of its newest."""
ADDRESS_TIMEOUT_SECONDS = 10.0
SILENT = 0  # syslog's "emergency": its own producer never sends, so what it has to say about itself is noise.


class MemoryBroker:
    """One broker in memory, gone with all its messages at `stop`; a context manager."""

    def __init__(self) -> None:
        """Prepare a broker; nothing is opened until `start`."""
        self._owner: Producer | None = None
        self._bootstrap_servers: str | None = None

    @property
    def bootstrap_servers(self) -> str:
        """Its address, `host:port`; raises ServerError when it is not running."""
        if self._bootstrap_servers is None:
            message = "the memory broker is not running; call start() first"
            raise ServerError(message)
        return self._bootstrap_servers

    def start(self) -> None:
        """Open the broker on a free local port; raises ServerError if it does not answer."""
        if self._owner is not None:
            return
        # The cluster lives inside this producer, whose own bootstrap address is required and replaced.
        owner = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "memory", "log_level": SILENT})
        try:
            brokers = owner.list_topics(timeout=ADDRESS_TIMEOUT_SECONDS).brokers.values()
        except KafkaException as error:
            message = f"the memory broker did not answer within {ADDRESS_TIMEOUT_SECONDS:.0f} s: {error}"
            raise ServerError(message) from error
        self._bootstrap_servers = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
        self._owner = owner

    def stop(self) -> None:
        """Close the broker and forget its messages; may be called again."""
        self._owner = None
        self._bootstrap_servers = None

    def __enter__(self) -> Self:
        """Open the broker."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the broker."""
        self.stop()
